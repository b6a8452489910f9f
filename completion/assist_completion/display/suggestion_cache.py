"""Earlier texts of the model: finds an earlier answer while the user types along it, deletes or reindents.

A lookup costs microseconds and no inference. Every entry remembers the text before and below its cursor, so
an answer is never given at a place that only looks similar.
This module compares text. Whether an answer is good enough to show is decided in `show_gate`.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from assist_completion.display.cursor_site import CursorSite

REACH = 400  # characters before the cursor that must agree; about ten lines
BACK = 24  # characters that a user may delete and still get the earlier answer
ENTRIES = 512
Spans = Sequence[tuple[int, float]]
"""For each token where it ends in a text, and its log-probability."""


@dataclass(frozen=True, slots=True)
class CachedAnswer:
    """One answer: `text` was written after `before` (its last `REACH` characters) and above `below`.

    `spans` holds (end offset in text, log-probability) for each token. `ended` says that the model itself
    stopped there. `origin` is the number of the generation that wrote the text. `guess`: it was written from
    a small prompt.
    """

    path: str
    before: str
    below: str
    text: str
    spans: tuple[tuple[int, float], ...] = ()
    ended: bool = False
    origin: int = 0
    guess: bool = False


@dataclass(frozen=True, slots=True)
class KnownText:
    """The rest of an answer at a cursor: `text`, after `skipped` characters that are typed already.

    `passed` tokens of the generation `origin` end within the skipped characters.
    """

    text: str
    spans: tuple[tuple[int, float], ...]
    skipped: int
    ended: bool
    origin: int = 0
    passed: int = 0
    guess: bool = False

    def reach(self, characters: int) -> int:
        """Count the tokens that begin within the first `characters` of `text`, or before it."""
        starts = (0, *(end for end, _ in self.spans))
        return self.passed + sum(start < characters for start in starts[: len(self.spans)])


class SuggestionCache:
    """Answers by path, text around the cursor, and their own text. The least recently used go first."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[str, str, str], CachedAnswer] = OrderedDict()

    def put(self, site: CursorSite, text: KnownText) -> None:
        """Remember the answer at a cursor, in place of an older one for the same cursor.

        A text that is not a guess takes the place of all guesses there.
        """
        if not text.guess:
            self.forget_guesses(site)
        if text.text:
            before = site.before[-REACH:]
            key = (site.path, before, site.below)
            self._entries[key] = CachedAnswer(
                *key, text.text, text.spans, text.ended, text.origin, text.guess
            )
            self._entries.move_to_end(key)
            if len(self._entries) > ENTRIES:
                self._entries.popitem(last=False)

    def forget_guesses(self, site: CursorSite) -> None:
        """Forget what was written from small prompts above the same lines: more has been read there."""
        stale = [
            key
            for key, entry in self._entries.items()
            if entry.guess and (entry.path, entry.below) == (site.path, site.below)
        ]
        for key in stale:
            del self._entries[key]

    def find(self, site: CursorSite) -> KnownText | None:
        """The newest answer that still holds at this cursor, or None."""
        for key in reversed(self._entries):
            entry = self._entries[key]
            if entry.path != site.path or entry.below != site.below:
                continue
            texts = (
                follow_typing(entry, site.before)
                or follow_indent(entry, site.before)
                or follow_deletion(entry, site.before)
            )
            if texts is not None:
                return texts
        return None


def follow_typing(entry: CachedAnswer, before: str) -> KnownText | None:
    """The rest of an answer whose first part the user typed.

    >>> follow_typing(CachedAnswer("a", "x = ", "", "foo(1)"), "x = fo").text
    'o(1)'
    """
    size = len(entry.before)
    at = before.rfind(entry.before, max(0, len(before) - size - len(entry.text)))
    if at < 0 or (size < REACH and at > 0):
        return None
    addition = before[at + size :]
    if not entry.text.startswith(addition) or len(addition) == len(entry.text):
        return None
    return _skip(entry, len(addition))


def follow_deletion(entry: CachedAnswer, before: str) -> KnownText | None:
    """An answer whose user deleted a few characters before it. They are offered again, then the answer."""
    for count in range(1, min(BACK, len(entry.before)) + 1):
        gone = entry.before[-count:]
        if gone[0] == "\n":
            return None
        if before.endswith(entry.before[:-count]) and (
            len(entry.before) == REACH or len(before) == len(entry.before) - count
        ):
            spans = tuple((end + count, chance) for end, chance in entry.spans)
            return KnownText(gone + entry.text, spans, 0, entry.ended, entry.origin, guess=entry.guess)
    return None


def follow_indent(entry: CachedAnswer, before: str) -> KnownText | None:
    """A one-line answer on a line whose indentation alone changed."""
    bare = before.rstrip(" \t")
    old = entry.before.rstrip(" \t")
    if not (bare.endswith("\n") and old.endswith("\n")) or before == entry.before:
        return None
    if not bare.endswith(old) or (len(entry.before) < REACH and len(bare) != len(old)):
        return None
    text = entry.text.lstrip(" \t")
    return _skip(entry, len(entry.text) - len(text)) if text.strip() and "\n" not in text.strip() else None


def _skip(entry: CachedAnswer, characters: int) -> KnownText:
    spans = tuple((end - characters, chance) for end, chance in entry.spans if end > characters)
    count = len(entry.spans) - len(spans)
    text = entry.text[characters:]
    return KnownText(text, spans, characters, entry.ended, entry.origin, count, entry.guess)
