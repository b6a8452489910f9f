"""Whether a difference between two ways of answering the same tasks is more than chance.

Differences get a bootstrap that keeps pairs together, and a permutation test. The functions are pure and take
numbers. They know no task, model or file.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

RESAMPLES = 10_000  # with so many, the ends of an interval move by less than 0.1 points between seeds
_AT_ONCE = 500  # resamples drawn together: 4 MB of indices for 1,000 tasks


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference and its interval, in the unit of the values."""

    mean: float
    low: float
    high: float


def paired_bootstrap(
    ours: Sequence[float],
    theirs: Sequence[float],
    groups: Sequence[Hashable] = (),
    seed: int = 1,
    level: float = 0.95,
) -> Difference:
    """The mean of `ours - theirs` and its percentile interval over resampled groups of tasks.

    Both hold one value per task, in the same order. Tasks of the same group (for example holes of the same
    program) are resampled together, because their outcomes are not independent. Without groups each task is
    its own group. `level` is how often the interval holds the true difference.

    >>> paired_bootstrap([1, 1, 1], [0, 0, 0])
    Difference(mean=1.0, low=1.0, high=1.0)
    """
    if len(ours) != len(theirs) or not ours:
        raise ValueError(f"{len(ours)} and {len(theirs)} values: give both the same number, at least one")
    names = {name: row for row, name in enumerate(dict.fromkeys(groups or range(len(ours))))}
    rows = [names[name] for name in groups or range(len(ours))]
    sums = np.bincount(rows, weights=np.subtract(ours, theirs, dtype=np.float64))
    counts = np.bincount(rows)
    rng = np.random.default_rng(seed)
    means = []
    for done in range(0, RESAMPLES, _AT_ONCE):
        drawn = rng.integers(0, len(sums), (min(_AT_ONCE, RESAMPLES - done), len(sums)))
        means.append(sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1))
    outside = 50 * (1 - level)
    low, high = np.percentile(np.concatenate(means), [outside, 100 - outside])
    return Difference(float(sums.sum() / counts.sum()), float(low), float(high))


def sign_flip(differences: Sequence[float], seed: int = 1) -> float:
    """How often differences as large as these come from two equal candidates: the p of a permutation test.

    If both are equal, each difference is as likely with the other sign. With few tasks the bootstrap is too
    sure; this test is not.

    >>> sign_flip([0.0] * 9), sign_flip([1.0] * 20) < 0.001
    (1.0, True)
    """
    values = np.asarray([each for each in differences if each], dtype=np.float64)
    if not len(values):
        return 1.0
    observed = abs(values.sum()) - 1e-9
    rng = np.random.default_rng(seed)
    hits = 0
    for done in range(0, RESAMPLES, _AT_ONCE):
        signs = rng.integers(0, 2, (min(_AT_ONCE, RESAMPLES - done), len(values))) * 2 - 1
        hits += int((np.abs(signs @ values) >= observed).sum())
    return (hits + 1) / (RESAMPLES + 1)


def tasks_needed(differences: Sequence[float], level: float) -> int:
    """About how many tasks would tell a difference of this size from none in four of five runs.

    0 if the values do not differ at all, so that no number would do.
    """
    values = np.asarray(differences, dtype=np.float64)
    mean = float(values.mean()) if len(values) else 0.0
    if not mean:
        return 0
    normal = NormalDist()
    reach = normal.inv_cdf(1 - (1 - level) / 2) + normal.inv_cdf(0.8)
    return math.ceil((reach * float(values.std()) / mean) ** 2)
