"""Types a block of code key by key, as people do in an editor, and counts what ghost text would have saved.

After each key it asks for a suggestion and waits for it. It accepts one that is right to its end.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from assist_evaluation.judging.texts import common_length
from assist_evaluation.statistics import percentile

WORTH = 4  # characters: no one presses Tab for less


@dataclass(frozen=True, slots=True)
class KeySuggestion:
    """What is shown after a key, "" for nothing, and what it took. `id` names it to `accept`."""

    text: str = ""
    ms: float = 0.0
    tokens_read: int = 0
    tokens_written: int = 0
    id: int = 0


@dataclass(slots=True)
class TypingLog:
    """What happened while a block was typed."""

    keys: int = 0
    saved: int = 0
    shown: int = 0
    wrong: int = 0
    accepted: int = 0
    tokens_read: int = 0
    tokens_written: int = 0
    ms: list[float] = field(default_factory=list)

    def counts(self, characters: int) -> dict[str, float]:
        """The numbers that are reported: shares of all characters, and counts for 1,000 keys."""
        keys = max(1, self.keys)
        return {
            "kept": self.saved / max(1, characters),
            "requests": float(len(self.ms)),
            "shown_per_1000_keys": 1e3 * self.shown / keys,
            "wrong_per_1000_keys": 1e3 * self.wrong / keys,
            "accepted_per_1000_keys": 1e3 * self.accepted / keys,
            "tokens_per_key": self.tokens_read / keys,
            "ms_p50": percentile(self.ms, 0.5),
            "ms_p95": percentile(self.ms, 0.95),
        }


async def type_block(
    text: str,
    suggest: Callable[[str, bool], Awaitable[KeySuggestion]],
    accept: Callable[[int], None] = lambda _: None,
    below: str = "",
) -> TypingLog:
    """Type a text. `suggest` gets what is typed so far, and whether a suggestion was just accepted.

    A suggestion that goes on with what is `below` is right too.
    """
    log = TypingLog()
    at = 0
    ghost = ""  # what is still shown of the last suggestion
    accepted = False
    while at < len(text):
        size = key_size(text, at)
        key = text[at : at + size]
        at += size
        log.keys += 1
        expected = ghost[size:] if ghost.startswith(key) else ""
        while at < len(text):
            found = await suggest(text[:at], accepted)
            log.ms.append(found.ms)
            log.tokens_read += found.tokens_read
            log.tokens_written += found.tokens_written
            ghost = found.text
            rest = text[at:] + below
            right = common_length(ghost, rest) if ghost else 0
            if ghost and ghost != expected:
                log.shown += 1
                log.wrong += right < len(ghost)
            accepted = bool(ghost) and right == len(ghost) >= WORTH
            if not accepted:
                break
            accept(found.id)
            log.accepted += 1
            log.keys += 1
            log.saved += min(len(ghost), len(text) - at)
            at += len(ghost)
            expected = ""
            ghost = ""
    return log


def key_size(text: str, at: int) -> int:
    r"""How many characters the next key brings: a new line comes with its indentation.

    >>> key_size("a\n    b", 1)
    5
    """
    if text[at] != "\n":
        return 1
    end = at + 1
    while end < len(text) and text[end] in " \t":
        end += 1
    return end - at
