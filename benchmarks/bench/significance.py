"""Whether a difference between two ways of answering the same tasks is more than chance.

Proportions get Wilson's interval, differences a bootstrap that keeps pairs together, and texts a similarity.
The functions are pure and take numbers and strings. They know no task, model or file.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

Z = 1.959963984540054  # the normal quantile of a 95 % interval
RESAMPLES = 10_000  # with so many, the ends of an interval move by less than 0.1 points between seeds
_AT_ONCE = 500  # resamples drawn together: 4 MB of indices for 1,000 tasks


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference and its 95 % interval, in the unit of the values."""

    mean: float
    low: float
    high: float


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a proportion (Wilson 1927); (0, 1) if nothing was tried.

    >>> [round(end, 3) for end in wilson(163, 200)]
    [0.755, 0.863]
    """
    if count == 0:
        return 0.0, 1.0
    share = hits / count
    square = Z * Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z * math.sqrt(share * (1 - share) / count + square / (4 * count * count)) / (1 + square / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def paired_bootstrap(
    ours: Sequence[float], theirs: Sequence[float], groups: Sequence[Hashable] = (), seed: int = 1
) -> Difference:
    """Return the mean of `ours - theirs` and its percentile interval over resampled groups of tasks.

    Both hold one value per task, in the same order. Tasks of the same group (for example holes of the same
    program) are resampled together, because their outcomes are not independent. Without groups each task is
    its own group.

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
    low, high = np.percentile(np.concatenate(means), [2.5, 97.5])
    return Difference(float(sums.sum() / counts.sum()), float(low), float(high))


def edit_similarity(a: str, b: str) -> float:
    """Return 1 minus the Levenshtein distance divided by the longer length; 1 for two empty texts.

    >>> round(edit_similarity("kitten", "sitting"), 3)
    0.571
    """
    return float(Levenshtein.normalized_similarity(a, b))
