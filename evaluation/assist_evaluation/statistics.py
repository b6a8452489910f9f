"""Numbers about numbers: percentiles, whether a difference is more than chance, one ranking from comparisons.

Differences get a bootstrap that keeps pairs together, and a permutation test; a ranking the strengths of
Bradley and Terry (1952). The functions are pure. They know no task, model or file. The interval of a share is
in the server package (`records/proportions`), which needs it too.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

RESAMPLES = 10_000  # with so many, the ends of an interval move by less than 0.1 points between seeds
_AT_ONCE = 500  # resamples drawn together: 4 MB of indices for 1,000 tasks
RANK_RESAMPLES = 400  # the ends of an interval then move by about 2 points between seeds; it is for a table
STEPS = 200  # of the minorization of Hunter (2004); it takes about 30
PRIOR = 0.5  # wins and losses against an average candidate that everyone is given, so that none is infinite


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which a share of the values is, 0 for none.

    >>> percentile([3.0, 1.0, 2.0], 0.5)
    2.0
    """
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


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
    values = np.asarray([difference for difference in differences if difference], dtype=np.float64)
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


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of candidates `one` and `other` on a task: `won` is 1, 0.5 or 0 for the first."""

    task: Hashable
    one: str
    other: str
    won: float


@dataclass(frozen=True, slots=True)
class WinShare:
    """How often a candidate would win against an average one, from 0 to 1, with its 95 % interval."""

    candidate: str
    share: float
    low: float
    high: float
    comparisons: int


def rank(comparisons: Sequence[Comparison], seed: int = 1) -> tuple[WinShare, ...]:
    """The candidates, the strongest first. Comparisons of one task are resampled together.

    >>> [place.candidate for place in rank([Comparison(task, "a", "b", 1.0) for task in range(5)])]
    ['a', 'b']
    """
    names = sorted({name for comparison in comparisons for name in (comparison.one, comparison.other)})
    if not names:
        return ()
    at = {name: number for number, name in enumerate(names)}
    tasks = list(dict.fromkeys(comparison.task for comparison in comparisons))
    row = {task: number for number, task in enumerate(tasks)}
    wins = np.zeros((len(tasks), len(names), len(names)))
    for comparison in comparisons:
        wins[row[comparison.task], at[comparison.one], at[comparison.other]] += comparison.won
        wins[row[comparison.task], at[comparison.other], at[comparison.one]] += 1 - comparison.won
    found = _strengths(wins.sum(axis=0))
    rng = np.random.default_rng(seed)
    drawn = [
        _strengths(wins[rng.integers(0, len(tasks), len(tasks))].sum(axis=0)) for _ in range(RANK_RESAMPLES)
    ]
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    counts = [sum(name in (comparison.one, comparison.other) for comparison in comparisons) for name in names]
    rows = zip(names, found.tolist(), low.tolist(), high.tolist(), counts, strict=True)
    return tuple(sorted((WinShare(*row) for row in rows), key=lambda each: -each.share))


def _strengths(
    wins: "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
) -> "np.ndarray[tuple[int], np.dtype[np.float64]]":
    """The chance of each candidate to win against one of strength 1, from a matrix of wins."""
    games = wins + wins.T
    won = wins.sum(axis=1) + PRIOR
    strength = np.ones(len(wins))
    for _ in range(STEPS):
        share = games / (strength[:, None] + strength[None, :])
        fresh = won / (share.sum(axis=1) + 2 * PRIOR / (strength + 1))
        fresh /= np.exp(np.log(fresh).mean())
        if np.abs(np.log(fresh / strength)).max() < 1e-6:
            break
        strength = fresh
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = strength / (strength + 1)
    return found
