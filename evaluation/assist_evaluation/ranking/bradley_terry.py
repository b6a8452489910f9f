"""One ranking from comparisons of two: the strengths of Bradley and Terry (1952), with bootstrap intervals.

A comparison says how much the first of two candidates won: 1, 0, or 0.5 for a tie. It knows no task.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 400  # the ends of an interval then move by about 2 points between seeds; it is for a table
STEPS = 200  # of the minorization of Hunter (2004); it takes about 30
PRIOR = 0.5  # wins and losses against an average candidate that everyone is given, so that none is infinite


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison of candidates `one` and `other` on a task: `won` is 1, 0.5 or 0 for the first."""

    task: Hashable
    one: str
    other: str
    won: float


@dataclass(frozen=True, slots=True)
class Strength:
    """How often a candidate would win against an average one, from 0 to 1, with its 95 % interval."""

    candidate: str
    share: float
    low: float
    high: float
    comparisons: int


def rank(comparisons: Sequence[Comparison], seed: int = 1) -> tuple[Strength, ...]:
    """The candidates, the strongest first. Comparisons of one task are resampled together.

    >>> [each.candidate for each in rank([Comparison(task, "a", "b", 1.0) for task in range(5)])]
    ['a', 'b']
    """
    names = sorted({name for each in comparisons for name in (each.one, each.other)})
    if not names:
        return ()
    at = {name: number for number, name in enumerate(names)}
    tasks = list(dict.fromkeys(each.task for each in comparisons))
    row = {task: number for number, task in enumerate(tasks)}
    wins = np.zeros((len(tasks), len(names), len(names)))
    for each in comparisons:
        wins[row[each.task], at[each.one], at[each.other]] += each.won
        wins[row[each.task], at[each.other], at[each.one]] += 1 - each.won
    found = _strengths(wins.sum(axis=0))
    rng = np.random.default_rng(seed)
    drawn = [_strengths(wins[rng.integers(0, len(tasks), len(tasks))].sum(axis=0)) for _ in range(RESAMPLES)]
    low, high = np.percentile(np.array(drawn), [2.5, 97.5], axis=0)
    counts = [sum(name in (each.one, each.other) for each in comparisons) for name in names]
    rows = zip(names, found.tolist(), low.tolist(), high.tolist(), counts, strict=True)
    return tuple(sorted((Strength(*each) for each in rows), key=lambda each: -each.share))


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
