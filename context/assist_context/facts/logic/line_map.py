"""Which line of a new text an old one became."""

from bisect import bisect_left
from difflib import SequenceMatcher

from assist_context.documents import split_lines
from assist_context.facts.turned_tokens import ReplacedRun


class LineMap:
    """Which line of a new text an old one became; `runs` are the replaced lines."""

    def __init__(self, before: str, after: str) -> None:
        old = split_lines(before)
        new = split_lines(after)
        least = min(len(old), len(new))
        self._head = next((at for at in range(least) if old[at] != new[at]), least)
        tail = next((at for at in range(least - self._head) if old[-1 - at] != new[-1 - at]), 0)
        inner = old[self._head : len(old) - tail], new[self._head : len(new) - tail]
        self._steps = SequenceMatcher(None, *inner, autojunk=len(inner[0]) > 1_000).get_opcodes()
        self._starts = [self._head + first for _, first, _, _, _ in self._steps]
        self._last = max(1, len(new) - (new[-1] == ""))
        self.runs: list[ReplacedRun] = [
            (self._head + first + 1, self._head + last, self._head + start + 1, self._head + end)
            for kind, first, last, start, end in self._steps
            if kind != "equal"
        ]

    def now(self, line: int) -> int:
        """The line, or the nearest one if it is gone."""
        at = bisect_left(self._starts, line) - 1
        if at < 0:
            return line
        kind, first, _, start, end = self._steps[at]
        moved = self._head + start + line - self._head - first
        return max(
            1, min(self._last, moved if kind == "equal" else min(moved, self._head + max(end, start + 1)))
        )
