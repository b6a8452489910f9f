"""The router's score, and what it is worth: weights give the score, a calibration its share of right answers.

Weights in `route.toml` are written by hand, and those from labels in `route_fitted.toml` by
`benchmarks/route.py`. A calibration maps the router's score to the share of right answers that was observed
at such scores: a rising line.

A calibration is data. `assist calibrate` writes it, and it changes only `p_local`, but no rule and no limit.
It is fitted to local answers that are known to be good or bad, by isotonic regression if there are enough
labels, and by Platt scaling if there are few. This module knows only numbers, and no request.
"""

import hashlib
import json
import math
import tomllib
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.resources import files
from itertools import pairwise
from typing import Any

import numpy as np

from assist_escalation.errors import EscalationError

ANSWERED = "mean_margin"  # a feature that only an answered request has


@dataclass(frozen=True, slots=True)
class Weights:
    """The log-odds of a right local answer, by features: before there is an answer, and with one.

    `after_before` is the share of the earlier log-odds in the later ones. `scores` are typical first scores.
    """

    before_bias: float
    before: Mapping[str, float]
    after_bias: float
    after_before: float
    after: Mapping[str, float]
    scores: tuple[float, ...]

    def fingerprint(self) -> str:
        """A hash of the weights: a calibration is valid only for the weights that it was made with."""
        numbers = [self.before_bias, dict(self.before), self.after_bias, self.after_before, dict(self.after)]
        return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Worth:
    """What outcomes are worth, in micro-dollars. `frontier` is the share of right frontier answers."""

    right_answer_micro: int
    frontier: float
    wait_micro: int
    classified_micro: int


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads((files(__package__) / name).read_text(encoding="utf-8"))


def _judged_weights(table: Mapping[str, Any]) -> Weights:
    before, after = table["before"], table["after"]
    return Weights(
        before["bias"],
        before["weights"],
        after["bias"],
        after["before"],
        after["weights"],
        tuple(table["history"]["scores"]),
    )


def with_fit(judged: Weights, table: Mapping[str, Any]) -> Weights:
    """`judged` with the numbers of a fit in place of its own."""
    before, after = table.get("before", {}), table.get("after", {})
    return replace(
        judged,
        before_bias=before.get("bias", judged.before_bias),
        before={**judged.before, **before.get("weights", {})},
        after_bias=after.get("bias", judged.after_bias),
        after_before=after.get("before", judged.after_before),
        after={**judged.after, **after.get("weights", {})},
        scores=tuple(table.get("history", {}).get("scores", judged.scores)),
    )


JUDGED = _judged_weights(_table("route.toml"))
WEIGHTS = with_fit(JUDGED, _table("route_fitted.toml"))
WORTH = Worth(**_table("route.toml")["worth"])


def score(features: Mapping[str, float], weights: Weights = WEIGHTS) -> float:
    """How likely a local answer is right, from 0 to 1, before calibration. Unknown features count nothing.

    >>> score({"fix": 1.0, "files": 2.0}) < score({"explain": 1.0})
    True
    """
    odds = weights.before_bias + _sum(weights.before, features)
    if ANSWERED in features:
        odds = weights.after_bias + weights.after_before * odds + _sum(weights.after, features)
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, odds))))


def _sum(weights: Mapping[str, float], features: Mapping[str, float]) -> float:
    return math.fsum(weight * features.get(name, 0.0) for name, weight in weights.items())


FILE = "calibration.toml"  # in the data directory

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Points (score, share) from 0 to 1, both strictly rising, with straight lines between them.

    They rise strictly so that different scores stay different: the escalation rate depends on their order.
    """

    points: tuple[Point, ...] = ((0.0, 0.0), (1.0, 1.0))
    method: str = "none"
    labels: int = 0
    weights: str = field(default_factory=WEIGHTS.fingerprint)

    def __post_init__(self) -> None:
        xs, ys = zip(*self.points, strict=True) if self.points else ((), ())
        if not (len(xs) > 1 and xs[0] == 0.0 and xs[-1] == 1.0 and _rises(xs) and _rises(ys)):
            raise EscalationError(
                "points of the calibration do not rise from score 0 to score 1 with shares between 0 and 1: "
                "run `assist calibrate` again"
            )

    def apply(self, score: float) -> float:
        """The share of right answers at a score.

        >>> Calibration(((0.0, 0.2), (0.5, 0.3), (1.0, 0.9))).apply(0.75)
        0.6
        """
        at = min(max(1, bisect_right(self.points, (score, 2.0))), len(self.points) - 1)
        (left, low) = self.points[at - 1]
        (right, high) = self.points[at]
        return round(low + (high - low) * (score - left) / (right - left), 6)


def _rises(values: Sequence[float]) -> bool:
    return all(first < second for first, second in pairwise(values)) and values[0] >= 0 and values[-1] <= 1


NONE = Calibration()


def read(text: str) -> Calibration:
    """Read what `patch` wrote. `EscalationError` if it is damaged, or was made for other weights."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
        found = Calibration(
            tuple((float(score), float(share)) for score, share in table["points"]),
            str(table["method"]),
            int(table["labels"]),
            str(table["weights"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EscalationError(f"{FILE} cannot be read ({error}): run `assist calibrate` again") from error
    if found.weights != WEIGHTS.fingerprint():
        raise EscalationError(f"{FILE} was made for another version's router: run `assist calibrate` again")
    return found


def patch(calibration: Calibration) -> str:
    """The text of `calibration.toml`: the points, and what they were made from.

    >>> read(patch(NONE)) == NONE
    True
    """
    points = "".join(f"  [{score}, {share}],\n" for score, share in calibration.points)
    return (
        f"# Written by `assist calibrate`; it belongs into the data directory as {FILE}.\n"
        "# The share of right local answers at a score of the router. It moves no bound and no rule.\n"
        f'method = "{calibration.method}"\n'
        f"labels = {calibration.labels}\n"
        f'weights = "{calibration.weights}"\n'
        f"points = [\n{points}]\n"
    )


LEAST = 20  # labels: with fewer, Platt's two numbers are not much better than chance
ISOTONIC_FROM = 300  # labels: with fewer, isotonic regression follows noise
BINS = 10
# Isotonic regression has flat parts. This share of the score itself is added to keep the order of requests.
SLANT = 0.02
APART = 1e-4  # closer scores count as equal: points of the line must still differ after rounding
_PLATT_POINTS = 21
_STEPS = 100  # of Newton's method; it takes about 6

NumberArray = Any  # of NumPy


@dataclass(frozen=True, slots=True)
class Label:
    """The router's score of a request before calibration, and whether the local answer was good."""

    score: float
    good: bool


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """One bin of a reliability table: its labels, the expected share of good ones, and the observed share."""

    low: float
    high: float
    count: int
    predicted: float
    observed: float


def reliability(labels: Sequence[Label], calibration: Calibration = NONE) -> tuple[ReliabilityBin, ...]:
    """The expected and the observed shares in ten equal bins. Empty bins are left out.

    >>> reliability([Label(0.31, True), Label(0.33, False)])
    (ReliabilityBin(low=0.3, high=0.4, count=2, predicted=0.32, observed=0.5),)
    """
    bins: dict[int, list[tuple[float, bool]]] = {}
    for label in labels:
        share = calibration.apply(label.score)
        bins.setdefault(min(BINS - 1, int(share * BINS)), []).append((share, label.good))
    return tuple(
        ReliabilityBin(
            low=number / BINS,
            high=(number + 1) / BINS,
            count=len(own),
            predicted=round(sum(share for share, _ in own) / len(own), 4),
            observed=round(sum(good for _, good in own) / len(own), 4),
        )
        for number, own in sorted(bins.items())
    )


def expected_error(rows: Sequence[ReliabilityBin]) -> float:
    """The mean distance between expected and observed shares, weighted by each bin's labels (ECE)."""
    count = sum(row.count for row in rows)
    return sum(row.count * abs(row.predicted - row.observed) for row in rows) / max(1, count)


def fit(labels: Sequence[Label]) -> Calibration:
    """The calibration for these labels. `EscalationError` if there are too few."""
    if len(labels) < LEAST:
        raise EscalationError(
            f"{len(labels)} local answers with known worth are too few to calibrate: {LEAST} are needed. "
            "Accepting, undoing and rating answers makes them."
        )
    scores = np.array([label.score for label in labels], dtype=np.float64)
    good = np.array([label.good for label in labels], dtype=np.float64)
    isotonic = len(labels) >= ISOTONIC_FROM
    points = _isotonic(scores, good) if isotonic else _platt(scores, good)
    return Calibration(_slant(points), "isotonic" if isotonic else "platt", len(labels))


def _isotonic(scores: NumberArray, good: NumberArray) -> list[Point]:
    """The rising step function closest to the labels (pool adjacent violators), one point for each step."""
    xs, which = np.unique(np.round(scores / APART) * APART, return_inverse=True)
    weights = np.bincount(which)
    blocks: list[tuple[float, float, float]] = []  # labels, sum of scores, sum of good
    for count, at, hits in zip(weights, xs, np.bincount(which, weights=good), strict=True):
        block = (float(count), float(count * at), float(hits))
        while blocks and blocks[-1][2] * block[0] >= block[2] * blocks[-1][0]:
            block = tuple(map(sum, zip(blocks.pop(), block, strict=True)))  # type: ignore[assignment]
        blocks.append(block)
    return [(total / count, hits / count) for count, total, hits in blocks]


def _platt(scores: NumberArray, good: NumberArray) -> list[Point]:
    """A logistic curve over the score's log-odds, with Platt's targets, since few labels prove little."""
    hits = good.sum()
    misses = len(good) - good.sum()
    wanted = np.where(good == 1, (hits + 1) / (hits + 2), 1 / (misses + 2))
    columns = np.column_stack([np.ones(len(scores)), _odds(scores)])
    line = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-np.clip(columns @ line, -40, 40)))
        slope = columns.T @ (wanted - share) - [0.0, line[1] - 1]  # pulled toward leaving the score unchanged
        bend = (columns.T * (share * (1 - share))) @ columns + np.diag([1e-9, 1.0])
        step = np.linalg.solve(bend, slope)
        # A whole step may overshoot, and swing from side to side for ever: it is halved until it helps.
        now = _fitness(columns, wanted, line)
        while np.abs(step).max() > 1e-9 and _fitness(columns, wanted, line + step) < now:
            step = step / 2
        if np.abs(step).max() <= 1e-9:
            break
        line = line + step
    # never falling: see `SLANT`
    bias = float(line[0])
    slant = max(0.0, float(line[1]))
    at = np.linspace(0, 1, _PLATT_POINTS)
    return [
        (float(x), float(1 / (1 + np.exp(-np.clip(bias + slant * odds, -40, 40)))))
        for x, odds in zip(at, _odds(at), strict=True)
    ]


def _fitness(columns: NumberArray, wanted: NumberArray, line: NumberArray) -> float:
    """The log-likelihood of a logistic line, less what its distance from an unchanged score costs."""
    odds = np.clip(columns @ line, -40, 40)
    return float((wanted * odds - np.logaddexp(0, odds)).sum() - (line[1] - 1) ** 2 / 2)


def _odds(scores: NumberArray) -> NumberArray:
    inside = np.clip(scores, 1e-3, 1 - 1e-3)
    return np.log(inside / (1 - inside))


def _slant(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points with both ends of the scale, made strictly rising."""
    inner = [point for point in points if APART <= point[0] <= 1 - APART]
    whole = [(0.0, points[0][1]), *inner, (1.0, points[-1][1])]
    return tuple((round(x, 6), round((1 - SLANT) * y + SLANT * x, 6)) for x, y in whole)
