"""How well scores predict which requests a local model answers rightly: ranking, recovered gap, calibration.

A high score means that the local answer is likely right. Requests with the lowest scores are escalated first.
Intervals resample problems, because the tasks of a problem are not independent. It knows no task, no model
and no file.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assist_escalation.routing.calibration import JUDGED, Weights, score

RESAMPLES = 2_000  # with so many, an end of an interval moves by half a point between seeds
FOLDS = 5
# Weights are pulled towards the judged ones as if those were right within about 0.3 (a normal prior with that
# standard deviation): about the size of the judged weights themselves.
STRENGTH = 10.0

Numbers = Any  # a NumPy array


@dataclass(frozen=True, slots=True)
class LabelledRequest:
    """A request with its features before and after a local answer, and whether that answer was right."""

    id: str
    group: str
    good: bool
    context_tokens: int
    before: dict[str, float]
    after: dict[str, float]

    @property
    def features(self) -> dict[str, float]:
        return {**self.before, **self.after}


def fold(group: str) -> int:
    """Return the part of the data that a problem belongs to. The answer never changes."""
    return hashlib.sha256(group.encode()).digest()[0] % FOLDS


def fit_weights(rows: Sequence[LabelledRequest], judged: Weights = JUDGED) -> Weights:
    """Return logistic weights of both scores, close to the judged ones."""
    good = np.array([row.good for row in rows], dtype=np.float64)
    names = list(judged.before)
    columns = np.array([[1.0, *(row.before.get(name, 0.0) for name in names)] for row in rows])
    found = _logistic(columns, good, np.array([judged.before_bias, *judged.before.values()]))
    first = replace(
        judged, before_bias=float(found[0]), before=dict(zip(names, map(float, found[1:]), strict=True))
    )
    names = list(judged.after)
    columns = np.array(
        [
            [1.0, _odds(score(row.before, first)), *(row.after.get(name, 0.0) for name in names)]
            for row in rows
        ]
    )
    centre = np.array([judged.after_bias, judged.after_before, *judged.after.values()])
    found = _logistic(columns, good, centre)
    return replace(
        first,
        after_bias=float(found[0]),
        after_before=float(found[1]),
        after=dict(zip(names, map(float, found[2:]), strict=True)),
    )


def _odds(share: float) -> float:
    return float(np.log(share / (1 - share)))


def _logistic(columns: Numbers, good: Numbers, centre: Numbers) -> Numbers:
    """Return the most likely weights under a normal prior around `centre`, by Newton's method."""
    weights = centre.copy()
    for _ in range(100):
        share = 1 / (1 + np.exp(-np.clip(columns @ weights, -40, 40)))
        slope = columns.T @ (good - share) - STRENGTH * (weights - centre)
        bend = (columns.T * (share * (1 - share))) @ columns + STRENGTH * np.eye(len(weights))
        step = np.clip(np.linalg.solve(bend, slope), -1, 1)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    return weights


def held_out_scores(rows: Sequence[LabelledRequest]) -> tuple[Numbers, Numbers]:
    """Return both scores of each row, from weights that were fitted without the tasks of its problem."""
    by_fold = {
        number: fit_weights([row for row in rows if fold(row.group) != number])
        for number in sorted({fold(row.group) for row in rows})
    }
    return (
        np.array([score(row.before, by_fold[fold(row.group)]) for row in rows]),
        np.array([score(row.features, by_fold[fold(row.group)]) for row in rows]),
    )


def auroc(scores: Numbers, good: Numbers) -> float:
    """Return the chance that a right answer has a higher score than a wrong one; ties count half.

    >>> auroc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])
    0.875
    """
    scores, good = np.asarray(scores, dtype=np.float64), np.asarray(good, dtype=bool)
    right = scores[good][:, None]
    wrong = scores[~good][None, :]
    if not right.size or not wrong.size:
        return 0.5
    return float(((right > wrong) + 0.5 * (right == wrong)).mean())


def recovered_gap(scores: Numbers, good: Numbers, frontier: float = 1.0) -> Numbers:
    """Return the closed share of the gap to the frontier, for each number of escalations from none to all.

    Requests with the same score count as escalated in random order.
    """
    scores, good = np.asarray(scores, dtype=np.float64), np.asarray(good, dtype=np.float64)
    gains = frontier - good
    _, which = np.unique(scores, return_inverse=True)
    mean = np.bincount(which, weights=gains) / np.bincount(which)
    ordered = mean[which][np.argsort(scores, kind="stable")]
    if gains.sum() <= 0:
        return np.linspace(0, 1, len(scores) + 1)  # no gap to close: no router closes more of it than random
    return np.concatenate([[0.0], np.cumsum(ordered)]) / gains.sum()


def apgr(scores: Numbers, good: Numbers, frontier: float = 1.0) -> float:
    """Return the average performance gap recovered, over all escalation rates from 0 to 1. Random has 0.5.

    >>> apgr([0.1, 0.2, 0.8, 0.9], [0, 0, 1, 1])
    0.75
    """
    curve = recovered_gap(scores, good, frontier)
    return float((curve[1:] + curve[:-1]).mean() / 2)


def share_right(scores: Numbers, good: Numbers, rate: float, frontier: float = 1.0) -> float:
    """Return the share of right answers if `rate` of the requests are escalated, the lowest scores first."""
    local = float(np.mean(good))
    curve = recovered_gap(scores, good, frontier)
    return local + (frontier - local) * float(np.interp(rate * len(scores), np.arange(len(curve)), curve))


def interval(
    figure: Callable[[Numbers], float], groups: Sequence[str], seed: int = 1, resamples: int = RESAMPLES
) -> tuple[float, float, float]:
    """Return a figure of rows and its 95 % percentile interval over resampled problems.

    `figure` gets the numbers of the drawn rows, some of them more than once.
    """
    members: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        members.setdefault(group, []).append(row)
    own = [np.array(each) for each in members.values()]
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, len(own), len(own)) for _ in range(resamples))
    found = [figure(np.concatenate([own[at] for at in chosen])) for chosen in drawn]
    low, high = np.percentile(found, [2.5, 97.5])
    return figure(np.arange(len(groups))), float(low), float(high)
