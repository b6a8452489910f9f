"""Fits a calibration to local answers of known worth, and shows how reliable the scores are.

Isotonic regression where there are enough labels, Platt's scaling where there are few. It knows numbers only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assist_escalation.calibration import NONE, Calibration, Point
from assist_escalation.errors import EscalationError

LEAST = 20  # labels: below, Platt's two numbers are not much better than chance
ISOTONIC_FROM = 300  # labels: below, isotonic regression follows noise
BINS = 10
# Isotonic regression is flat in places. This share of the score itself keeps the order of requests.
SLANT = 0.02
APART = 1e-4  # scores nearer than this are one: points of the line have to differ when they are written down
_PLATT_POINTS = 21
_STEPS = 100  # of Newton's method; it takes about 6

Numbers = Any  # of NumPy


@dataclass(frozen=True, slots=True)
class Label:
    """The router's score of a request before calibration, and whether the local answer was good."""

    score: float
    good: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One bin of a reliability table: labels in it, the share expected of them, and the share seen."""

    low: float
    high: float
    count: int
    predicted: float
    observed: float


def reliability(labels: Sequence[Label], calibration: Calibration = NONE) -> tuple[Row, ...]:
    """Expected beside observed shares in ten equal bins; empty bins are left out.

    >>> reliability([Label(0.31, True), Label(0.33, False)])
    (Row(low=0.3, high=0.4, count=2, predicted=0.32, observed=0.5),)
    """
    bins: dict[int, list[tuple[float, bool]]] = {}
    for label in labels:
        share = calibration.apply(label.score)
        bins.setdefault(min(BINS - 1, int(share * BINS)), []).append((share, label.good))
    return tuple(
        Row(
            low=number / BINS,
            high=(number + 1) / BINS,
            count=len(own),
            predicted=round(sum(share for share, _ in own) / len(own), 4),
            observed=round(sum(good for _, good in own) / len(own), 4),
        )
        for number, own in sorted(bins.items())
    )


def expected_error(rows: Sequence[Row]) -> float:
    """The mean distance between expected and observed, weighted by the labels of each bin (ECE)."""
    count = sum(row.count for row in rows)
    return sum(row.count * abs(row.predicted - row.observed) for row in rows) / max(1, count)


def fit(labels: Sequence[Label]) -> Calibration:
    """The calibration of these labels. `EscalationError` where they are too few to say anything."""
    if len(labels) < LEAST:
        raise EscalationError(
            f"{len(labels)} local answers with known worth are too few to calibrate: {LEAST} are needed. "
            "Accepting, undoing and rating answers makes them."
        )
    scores = np.array([label.score for label in labels], dtype=np.float64)
    good = np.array([label.good for label in labels], dtype=np.float64)
    isotonic = len(labels) >= ISOTONIC_FROM
    points = _isotonic(scores, good) if isotonic else _platt(scores, good)
    return Calibration(_slanted(points), "isotonic" if isotonic else "platt", len(labels))


def _isotonic(scores: Numbers, good: Numbers) -> list[Point]:
    """The rising step function nearest to the labels (pool adjacent violators), a point for each step."""
    xs, which = np.unique(np.round(scores / APART) * APART, return_inverse=True)
    weights = np.bincount(which)
    blocks: list[tuple[float, float, float]] = []  # labels, sum of scores, sum of good
    for count, at, hits in zip(weights, xs, np.bincount(which, weights=good), strict=True):
        block = (float(count), float(count * at), float(hits))
        while blocks and blocks[-1][2] * block[0] >= block[2] * blocks[-1][0]:
            block = tuple(map(sum, zip(blocks.pop(), block, strict=True)))  # type: ignore[assignment]
        blocks.append(block)
    return [(total / count, hits / count) for count, total, hits in blocks]


def _platt(scores: Numbers, good: Numbers) -> list[Point]:
    """A logistic curve over the score's log-odds, with Platt's targets: few labels make nothing sure."""
    hits, misses = good.sum(), len(good) - good.sum()
    wanted = np.where(good == 1, (hits + 1) / (hits + 2), 1 / (misses + 2))
    columns = np.column_stack([np.ones(len(scores)), _odds(scores)])
    line = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(columns @ line, -40, 40)))
        slope = columns.T @ (wanted - share) - [0.0, line[1] - 1]  # drawn to leaving the score as it is
        bend = (columns.T * (share * (1 - share))) @ columns + np.diag([1e-9, 1.0])
        step = np.clip(np.linalg.solve(bend, slope), -2, 2)
        line = line + step
        if np.abs(step).max() < 1e-9:
            break
    bias, slant = float(line[0]), max(0.0, float(line[1]))  # never turned around: see `SLANT`
    at = np.linspace(0, 1, _PLATT_POINTS)
    return [
        (float(x), float(1 / (1 + np.exp(-np.clip(bias + slant * odds, -40, 40)))))
        for x, odds in zip(at, _odds(at), strict=True)
    ]


def _odds(scores: Numbers) -> Numbers:
    inside = np.clip(scores, 1e-3, 1 - 1e-3)
    return np.log(inside / (1 - inside))


def _slanted(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points with both ends of the scale, strictly rising."""
    inner = [point for point in points if APART <= point[0] <= 1 - APART]
    whole = [(0.0, points[0][1]), *inner, (1.0, points[-1][1])]
    return tuple((round(x, 6), round((1 - SLANT) * y + SLANT * x, 6)) for x, y in whole)
