"""Guesses of the next tokens of an answer that mostly repeats a known text, such as code with a change in it.

A guess costs little: the model reads several tokens at once, and those that it would have written itself are
kept. Method: prompt lookup decoding, a speculative decoding without a second model. This module knows tokens
only.
"""

from collections.abc import Sequence

LEAST = 6  # tokens of a guess
MOST = 32  # read at 0.75 of the speed of 512
ALIKE = 3  # tokens that must be the same before the draft is followed again after a difference


class DraftReader:
    """Follows an answer through a draft.

    >>> reader = DraftReader([1, 2, 3, 4, 5, 6])
    >>> reader.guess([1, 2]), reader.guess([1, 2, 9]), reader.guess([1, 2, 9, 4, 5, 6])
    ([3, 4, 5, 6], [], [])
    """

    def __init__(self, draft: Sequence[int]) -> None:
        self._draft = list(draft)
        self._reached = 0  # the furthest place in the draft
        self._place = 0  # of the draft's next token, as far as the answer has followed it
        self._seen = 0  # tokens of the answer
        self._size = LEAST

    def guess(self, written: Sequence[int]) -> list[int]:
        """The tokens that may come after those that are written; none if the answer left the draft."""
        for at in range(self._seen, len(written)):
            self._follow(written[: at + 1])
        self._seen = len(written)
        if self._place < 0:
            return []
        return self._draft[self._place : self._place + self._size]

    def judge(self, guessed: int, kept: int) -> None:
        """Note how many guessed tokens were right: the next guess is longer, or short again."""
        self._size = min(MOST, 2 * self._size) if kept == guessed else LEAST

    def _follow(self, written: Sequence[int]) -> None:
        if 0 <= self._place < len(self._draft) and self._draft[self._place] == written[-1]:
            self._place += 1
            self._reached = max(self._reached, self._place)
        else:
            self._place = self._find(list(written[-ALIKE:]))

    def _find(self, last: list[int]) -> int:
        """Where the draft goes on after the last tokens of the answer, -1 if nowhere."""
        if len(last) < ALIKE:
            return -1
        starts = range(len(self._draft) - ALIKE + 1)
        ends = [start + ALIKE for start in starts if self._draft[start : start + ALIKE] == last]
        return next((end for end in ends if end >= self._reached), ends[-1] if ends else -1)
