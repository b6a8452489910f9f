"""Guesses of the next tokens of an answer that mostly repeats a known text, such as code with a change in it.

A guess costs little: the model reads several tokens at once, and those that it would have written itself are
kept. Method: prompt lookup decoding, a speculative decoding without a second model. How many tokens are worth
reading at once depends on the library and the model: the speed probe measures it. This module knows tokens
only.
"""

from collections.abc import Mapping, Sequence

# Tokens that may be read at once: one and a guess of the others. Libraries compute 8, 16 or 32 of them at a
# time, so that 33 cost 381 ms where 32 cost 224 (the 1.5B), and 13 nearly as much as 16.
BATCHES = (7, 16, 32, 48)
ALIKE = 3  # tokens that must be the same before the draft is followed again after a difference


def worthwhile(seconds: Mapping[int, float]) -> list[int]:
    """The batches in which a token costs less than in every smaller one, from what each batch costs.

    A batch of 1 is how answers are written without a draft.

    >>> worthwhile({1: 0.064, 7: 0.123, 16: 0.152, 32: 0.224, 48: 0.384}), worthwhile({1: 0.03, 7: 0.3})
    ([7, 16, 32], [])
    """
    sizes: list[int] = []
    best = seconds[1]
    for size in sorted(seconds):
        if seconds[size] / size < best:
            best = seconds[size] / size
            sizes.append(size)
    return sizes


class DraftReader:
    """Follows an answer through a draft, with guesses that fill one of the `batches`.

    >>> reader = DraftReader([1, 2, 3, 4, 5, 6], [7, 16])
    >>> reader.guess([1, 2]), reader.guess([1, 2, 9]), reader.guess([1, 2, 9, 4, 5, 6])
    ([3, 4, 5, 6], [], [])
    """

    def __init__(self, draft: Sequence[int], batches: Sequence[int] = BATCHES) -> None:
        self._draft = list(draft)
        self._batches = batches or (1,)
        self._reached = 0  # the furthest place in the draft
        self._place = 0  # of the draft's next token, as far as the answer has followed it
        self._seen = 0  # tokens of the answer
        self._step = 0  # of the batches

    def guess(self, tokens: Sequence[int]) -> list[int]:
        """The tokens that may come after those that are written; none if the answer left the draft."""
        for at in range(self._seen, len(tokens)):
            self._follow(tokens[: at + 1])
        self._seen = len(tokens)
        if self._place < 0:
            return []
        return self._draft[self._place : self._place + self._batches[self._step] - 1]

    def judge(self, guesses: int, hits: int) -> None:
        """Note how many guessed tokens were right: the next guess is longer, or short again."""
        self._step = min(len(self._batches) - 1, self._step + 1) if hits == guesses else 0

    def _follow(self, tokens: Sequence[int]) -> None:
        if 0 <= self._place < len(self._draft) and self._draft[self._place] == tokens[-1]:
            self._place += 1
            self._reached = max(self._reached, self._place)
        else:
            self._place = self._find(list(tokens[-ALIKE:]))

    def _find(self, last: list[int]) -> int:
        """Find where the draft goes on after the last tokens of the answer, -1 if nowhere."""
        if len(last) < ALIKE:
            return -1
        starts = range(len(self._draft) - ALIKE + 1)
        ends = [start + ALIKE for start in starts if self._draft[start : start + ALIKE] == last]
        return next((end for end in ends if end >= self._reached), ends[-1] if ends else -1)
