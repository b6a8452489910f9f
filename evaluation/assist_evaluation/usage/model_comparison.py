"""Whether the ghost text of one model is kept more often than that of another, beyond chance.

It knows counts only: neither where they are stored nor what a model is.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from assist_evaluation.proportions import wilson

KEPT = "kept-30s"
SHOWN = "shown"
# Of what was shown, each text once. A text that the user types through is shown with each key, and would
# count against its model each time.
OFFERED = "offered"
LEAST_SHOWN = 50  # of each model; of fewer, one accepted text more or less moves the share by over 2 %
MOST = 10_000_000  # suggestions; a difference that needs more is none

ModelVerdict = Literal["better", "worse", "cannot be told apart"]


@dataclass(frozen=True, slots=True)
class KeptShare:
    """Of `shown` texts, each counted once, `kept` were accepted and still there after 30 s."""

    kept: int
    shown: int

    @property
    def share(self) -> float:
        """From 0 to 1; 0 if nothing was shown."""
        return self.kept / self.shown if self.shown else 0.0


@dataclass(frozen=True, slots=True)
class ModelComparison:
    """How the first model compares with the second one.

    `low` and `high` bound the difference of the shares (the first less the second one), with a chance of
    95 %. `more` is how many suggestions both together would still have to show,
    as often as so far, until this difference is beyond chance: 0 if it is, None if that cannot be said.
    """

    ours: KeptShare
    theirs: KeptShare
    low: float
    high: float
    verdict: ModelVerdict
    more: int | None

    @property
    def difference(self) -> float:
        """Our share less theirs, from -1 to 1."""
        return self.ours.share - self.theirs.share


def compare_models(ours: Mapping[str, int], theirs: Mapping[str, int]) -> ModelComparison:
    """Compare the counts of two models, as `usage_rows` has them. With too few, they cannot be told apart.

    Counts without "offered" are older ones: what was shown takes its place. Rows that are
    summed first need `with_offered`.

    >>> compare_models({"shown": 400, "kept-30s": 20}, {"shown": 400, "kept-30s": 60}).verdict
    'worse'
    """
    mine = _kept_share(ours)
    other = _kept_share(theirs)
    low, high = newcombe(mine.kept, mine.shown, other.kept, other.shown)
    verdict: ModelVerdict = "cannot be told apart"
    if min(mine.shown, other.shown) >= LEAST_SHOWN and not low <= 0 <= high:
        verdict = "worse" if high < 0 else "better"
    more = 0 if verdict != "cannot be told apart" else _more_needed(mine, other)
    return ModelComparison(mine, other, low, high, verdict, more)


def with_offered(counts: Mapping[str, int]) -> Mapping[str, int]:
    """The counts of one row; an older one, without "offered", gets what was shown in its place.

    >>> with_offered({"shown": 3}), with_offered({"shown": 3, "offered": 1})
    ({'shown': 3, 'offered': 3}, {'shown': 3, 'offered': 1})
    """
    return counts if OFFERED in counts or SHOWN not in counts else {**counts, OFFERED: counts[SHOWN]}


def newcombe(kept: float, shown: float, other_kept: float, other_shown: float) -> tuple[float, float]:
    """The 95 % interval of a difference of two shares, from the Wilson interval of each.

    Newcombe, Statistics in Medicine 17 (1998), method 10. Without anything shown it is from -1 to 1.

    >>> [round(bound, 4) for bound in newcombe(56, 70, 48, 80)]
    [0.0524, 0.3339]
    """
    if not shown or not other_shown:
        return (-1.0, 1.0)
    low, high = wilson(kept, shown)
    other_low, other_high = wilson(other_kept, other_shown)
    share, other = kept / shown, other_kept / other_shown
    down = math.hypot(share - low, other_high - other)
    up = math.hypot(high - share, other - other_low)
    return (max(-1.0, share - other - down), min(1.0, share - other + up))


def _kept_share(counts: Mapping[str, int]) -> KeptShare:
    """More kept than shown is possible, since lines of the counts' file may be lost."""
    shown = max(0, with_offered(counts).get(OFFERED, 0))
    return KeptShare(min(max(0, counts.get(KEPT, 0)), shown), shown)


def _more_needed(ours: KeptShare, theirs: KeptShare) -> int | None:
    """How many more both together have to show: the least for which the interval leaves out 0."""
    total = ours.shown + theirs.shown
    fewest = min(ours.shown, theirs.shown)
    if not fewest or ours.share == theirs.share:
        return None

    def is_enough(more: int) -> bool:
        times = 1 + more / total
        numbers = [times * number for number in (ours.kept, ours.shown, theirs.kept, theirs.shown)]
        low, high = newcombe(numbers[0], numbers[1], numbers[2], numbers[3])
        return min(numbers[1], numbers[3]) >= LEAST_SHOWN and not low <= 0 <= high

    if not is_enough(MOST):
        return None
    least = 0
    most = MOST
    while most - least > 1:
        middle = (least + most) // 2
        if is_enough(middle):
            most = middle
        else:
            least = middle
    return most
