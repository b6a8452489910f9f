"""What other ways of following a draft would cost, computed from answers that are known and costs of batches.

The text is the same in any case, so nothing has to be decoded again. This module runs no model.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from assist_completion.inference.drafts import DraftReader
from assist_completion.prompt.layout import common_prefix

ALIKE = (1, 2, 3, 4)
LEAST = (2, 4, 8, 16, 32)
MOST = (15, 31, 63)


@dataclass(frozen=True, slots=True)
class DraftPolicy:
    """How a draft is followed, as `DraftReader` is told."""

    alike: int
    least: int
    most: int


def policies() -> Iterator[DraftPolicy]:
    """Every policy that is compared."""
    for alike, least, most in product(ALIKE, LEAST, MOST):
        if least <= most:
            yield DraftPolicy(alike, least, most)


def seconds(
    policy: DraftPolicy, answer: Sequence[int], draft: Sequence[int], cost: Callable[[int], float]
) -> float:
    """The time to write `answer` with a draft. `cost` is the seconds of a batch of so many tokens.

    >>> seconds(DraftPolicy(1, 4, 8), [1, 2, 3, 4], [1, 2, 3, 4], lambda size: 10 + size)
    14
    """
    reader = DraftReader(draft, alike=policy.alike, least=policy.least, most=policy.most)
    written = [*answer[:1]]
    total = 0.0
    while True:
        guess = reader.guess(written)
        total += cost(1 + len(guess))
        rest = answer[len(written) :]
        right = common_prefix(guess, rest)
        if guess:
            reader.judge(len(guess), right)
        written += rest[:right]
        if len(written) == len(answer):
            return total
        written.append(rest[right])
