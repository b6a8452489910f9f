"""The statement of a file that is most like the one at the cursor: what is written next is often its twin.

It compares words, in less than a millisecond: broken code is normal here.
"""

import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

CANDIDATES = 20  # lines that are compared, those with the rarest words first: 100 find no more
NEAR = 3  # lines in which the one above another is looked for
ABOVE = 0.5  # what the likeness of the lines above counts; all of it where nothing is typed
LEAST = 4.0  # of a sibling's likeness
SHORTEST = 6  # characters of a sibling
LONGEST = 300  # characters of a line; longer ones are data
_NAME = re.compile(r"[^\W\d]\w*")
_TOKEN = re.compile(r"\w+|[^\w\s]")
_NO_SIBLING = ("#", "//", "*", "/*", "import ", "from ", "use ")


@dataclass(frozen=True, slots=True)
class HiddenLines:
    """The lines of a file around a cursor. Those from `first` to before `last` are shown to the model anyway.

    `own` is the cursor's line up to the cursor.
    """

    lines: Sequence[str]
    own: int
    first: int
    last: int

    def is_hidden(self, at: int) -> bool:
        """Return whether the model does not see a line otherwise."""
        return not self.first <= at < self.last


def nearest_sibling(hidden: HiddenLines) -> int | None:
    """The line that begins the statement most like the cursor's, None if no hidden one is like it.

    What counts is the words that both lines share, the rarer the more, how they begin, and the same of the
    lines above them.
    """
    own = hidden.lines[hidden.own]
    above = _line_above(hidden.lines, hidden.own)
    text = "\n".join((*hidden.lines[: hidden.own], "", *hidden.lines[hidden.own + 1 :]))
    names = dict.fromkeys((*_NAME.findall(own), *_NAME.findall(above)))
    counts = {name: text.count(name) for name in names}
    rare = {name: math.log((len(hidden.lines) + 1) / (1 + count)) for name, count in counts.items() if count}
    best: tuple[float, int] | None = None
    for at in _candidates(hidden, text, sorted(rare, key=lambda name: -rare[name])):
        score = _likeness(above, _line_above(hidden.lines, at), rare)
        if own.strip():
            score = ABOVE * score + _likeness(own, hidden.lines[at], rare)
        if score >= LEAST and (best is None or score > best[0]):
            best = (score, at)
    return best[1] if best else None


def _likeness(one: str, other: str, rare: dict[str, float]) -> float:
    """Return how alike two lines are: shared words by their rarity, and shared first tokens."""
    first, second = _TOKEN.findall(one), _TOKEN.findall(other)
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False)))
    common = set(first) & set(second)
    return alike + sum(rare.get(word, 0.0) for word in common)


def _candidates(hidden: HiddenLines, text: str, words: Sequence[str]) -> Iterator[int]:
    """Hidden lines with one of the words, or below such a line."""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    visited: set[int] = set()
    for word in words:
        at = text.find(word)
        while at >= 0 and len(visited) < CANDIDATES:
            line = bisect_right(starts, at) - 1
            for near in (line, line + 1):
                if near not in visited and _may_be_sibling(hidden, near):
                    visited.add(near)
                    yield near
            at = text.find(word, starts[line + 1])


def _may_be_sibling(hidden: HiddenLines, at: int) -> bool:
    if at >= len(hidden.lines) or not hidden.is_hidden(at):
        return False
    line = hidden.lines[at].strip()
    own = hidden.lines[hidden.own].strip()
    return SHORTEST <= len(line) <= LONGEST and len(line) >= len(own) and not line.startswith(_NO_SIBLING)


def _line_above(lines: Sequence[str], at: int) -> str:
    """The nearest line above another with text, "" if there is none."""
    return next((line for line in reversed(lines[max(0, at - NEAR) : at]) if line.strip()), "")
