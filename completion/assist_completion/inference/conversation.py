"""Input and output of answering: a conversation, and the answer that continues it.

These are values only. They know no model.
"""

import re
from dataclasses import dataclass, field
from typing import Literal

from assist_completion.errors import CompletionError
from assist_completion.suggestion import Tokens

SpeakerRole = Literal["system", "user", "assistant"]
Ended = Literal["stop", "length", "loop", "cancelled"]

WORST = 8  # the smallest margins of an answer: about a line of code

# When an answer goes on without end although no token run repeats exactly: it counts up, or invents names.
# Lines are compared without their numbers. Of 240 files of Python's library and of ours, with BODIES = 5, two
# hold such a run: a table of operators, and tests of one widget.
BLOCK_LINES = 24  # of the longest repeated block
BLOCK_TIMES = 6
BLOCK_LEAST = 24  # lines that the repeats must fill
BODIES = 6  # paragraphs one after the other that differ in their first line only, such as a test's name
BODY_LEAST = 24  # characters of such a body: a `pass` or a closing bracket is none
RECENT = 12_000  # characters at the end of an answer that are compared
LETTERS = 8  # in a block: rows of numbers are data
_NUMBERS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: SpeakerRole
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A question: `system` says how to answer, `history` is the conversation so far, `user` is the question.

    `max_tokens` bounds the answer, and the window keeps that room free. No text in here can command the
    model: special tokens in it are read as plain characters.

    The answer begins with the text `beginning`, and ends with the first line that is `ending`, if any.
    `draft` is a text that much of the answer repeats: it makes the answer faster, and changes no word.
    `sentences` bounds the answer too: 0 for any number of them.

    >>> Conversation("Be brief.", "What is 2 + 2?", max_tokens=0)
    Traceback (most recent call last):
    assist_completion.errors.CompletionError: max_tokens = 0: use a number of 1 or more
    """

    system: str
    user: str
    max_tokens: int = 512
    history: tuple[Turn, ...] = ()
    beginning: str = ""
    ending: str = ""
    draft: str = ""
    sentences: int = 0

    def __post_init__(self) -> None:
        if self.max_tokens < 1:
            raise CompletionError(f"max_tokens = {self.max_tokens}: use a number of 1 or more")

    def turns(self) -> tuple[Turn, ...]:
        """The whole conversation, oldest first."""
        system = (Turn("system", self.system),) if self.system else ()
        return (*system, *self.history, Turn("user", self.user))


@dataclass(frozen=True, slots=True)
class Margins:
    """By how many logits the best token of each step led the second best: small margins are a sign of doubt.

    `worst8` is the mean of the eight smallest margins. All are 0 for an empty answer.
    """

    mean: float = 0.0
    least: float = 0.0
    worst8: float = 0.0


@dataclass(frozen=True, slots=True)
class AnswerMillis:
    """Time spent on an answer, in milliseconds.

    `first` is the time from the question to the first piece of text. It includes waiting and loading.
    """

    load: float = 0.0
    prefill: float = 0.0
    decode: float = 0.0
    first: float = 0.0


@dataclass(frozen=True, slots=True)
class LocalAnswer:
    """An answer, whole or as far as it came.

    `ended` says why it ended: "stop" if the model itself ended it, "length" at `max_tokens`, "loop" if it had
    begun to repeat itself, or "cancelled".
    """

    text: str
    ended: Ended
    margins: Margins = field(default_factory=Margins)
    tokens: Tokens = field(default_factory=Tokens)
    ms: AnswerMillis = field(default_factory=AnswerMillis)


def count_margins(each: list[float]) -> Margins:
    """The margins of an answer from the margins of its tokens.

    >>> count_margins([4.0, 1.0, 1.0])
    Margins(mean=2.0, least=1.0, worst8=2.0)
    """
    if not each:
        return Margins()
    worst = sorted(each)[:WORST]
    return Margins(sum(each) / len(each), worst[0], sum(worst) / len(worst))


def repeats_lines(text: str) -> bool:
    r"""Say if the last whole lines of a text say the same over and over, apart from numbers and names.

    >>> repeats_lines("".join(f"    assert total([{n}]) == {n}\n" for n in range(30)))
    True
    >>> repeats_lines("".join(f"def test_{n}():\n    assert total([]) == 0, total\n\n" for n in "abcdefg"))
    True
    >>> repeats_lines("".join(f"({n}, {n}),\n" for n in range(90)))
    False
    """
    end = len(text) if text.endswith("\n") else text.rfind("\n") + 1
    recent = text[max(0, end - RECENT) : end]
    lines = [_NUMBERS.sub("0", line.rstrip()) for line in recent.split("\n")[:-1]]
    return _same_blocks([line for line in lines if line]) or _same_bodies(lines)


def _same_blocks(lines: list[str]) -> bool:
    """Return whether the text ends in one block of lines over and over."""
    size = len(lines)
    for period in range(1, min(BLOCK_LINES, size // BLOCK_TIMES) + 1):
        span = max(BLOCK_TIMES * period, BLOCK_LEAST)
        if span > size or sum(map(str.isalpha, "".join(lines[-period:]))) < LETTERS:
            continue
        if all(lines[at] == lines[at - period] for at in range(size - 1, size - span + period - 1, -1)):
            return True
    return False


def _same_bodies(lines: list[str]) -> bool:
    """Return whether the last paragraphs differ in their first line only. The last one may be incomplete."""
    paragraphs: list[list[str]] = [[]]
    for line in lines:
        if line:
            paragraphs[-1].append(line)
        elif paragraphs[-1]:
            paragraphs.append([])
    bodies = ["\n".join(paragraph[1:]) for paragraph in paragraphs[:-1]][-BODIES:]
    return len(bodies) == BODIES and len(set(bodies)) == 1 and len(bodies[0].strip()) >= BODY_LEAST
