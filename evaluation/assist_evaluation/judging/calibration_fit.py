"""A calibration of the router's scores, fitted to local answers that are known to be good or bad.

By isotonic regression if there are enough labels, and by Platt scaling if there are few. The escalation
package reads it (`routing/calibration`), and says what it changes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assist_escalation.errors import EscalationError
from assist_escalation.routing.calibration import FILE, NONE, Calibration, Point, score
from assist_escalation.routing.feedback import events
from assist_server.config.config import Config
from assist_server.config.toml_file import replace_file
from assist_server.questions.composition import read_calibration
from assist_server.record_files import gate_files

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
            f"{len(labels)} judged local answers are too few to calibrate: {LEAST} are needed. "
            "An answer is judged once you have accepted, undone or rated it."
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


_GOOD = frozenset({"accepted", "up"})
_BAD = frozenset({"undone", "down", "escalated_after", "unusable"})


def labels(path: Path, rate: Callable[[Mapping[str, float]], float] = score) -> tuple[Label, ...]:
    """Local answers that are known to be good or bad, each with its score by today's weights.

    One bad sign outweighs all good ones: an answer that was accepted and then undone was not good.
    """
    features: dict[str, Mapping[str, float]] = {}
    signs: dict[str, set[str]] = {}
    for event in events(path):
        if event.target == "local":
            features[event.request_id] = event.features
        # A frontier answer says nothing about the local one, except that the user asked for it afterwards.
        if event.target == "local" or event.event == "escalated_after":
            signs.setdefault(event.request_id, set()).add(event.event)
    return tuple(
        Label(rate(numbers), not signs[request_id] & _BAD)
        for request_id, numbers in features.items()
        if signs[request_id] & (_GOOD | _BAD)
    )


def patch(calibration: Calibration) -> str:
    """The text of `calibration.toml`: the points, and what they were made from.

    >>> patch(NONE).splitlines()[-1]
    ']'
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


@dataclass(frozen=True, slots=True)
class Fit:
    """Rated answers, the calibration in force, what is wrong with it, and the one that fits the answers.

    `fitted` is None if there are too few answers.
    """

    labels: tuple[Label, ...]
    before: Calibration
    problem: str
    fitted: Calibration | None


def fit_calibration(config: Config) -> Fit:
    """The calibration that fits what became of local answers, next to the one in force."""
    before, problem = read_calibration(config)
    labelled = labels(gate_files(config).feedback)
    enough = len(labelled) >= LEAST
    return Fit(labelled, before, problem, fit(labelled) if enough else None)


def apply_calibration(config: Config, fitted: Calibration) -> Path:
    """Put a calibration in force, in one step, and return its file. Raises `OSError`."""
    path = gate_files(config).calibration
    replace_file(path, patch(fitted))
    return path


def fit_document(report: Fit, applied: str) -> dict[str, Any]:
    """A calibration as JSON: the tables before and after it, and the patch. `applied` is its file, or ""."""
    fitted = report.fitted
    return {
        "labels": len(report.labels),
        "least": LEAST,
        "before": _reliability(report, report.before),
        "after": _reliability(report, fitted) if fitted else None,
        "patch": patch(fitted) if fitted else None,
        "applied": applied or None,
    }


def reliability_rows(rows: Sequence[ReliabilityBin]) -> list[list[str]]:
    """A reliability table: the bin, its number of answers, the expected and the real share of good ones."""
    return [
        [
            f"{row.low:.1f} to {row.high:.1f}",
            f"{row.count:,}",
            f"{row.predicted:.2f}",
            f"{row.observed:.2f}",
        ]
        for row in rows
    ]


def fit_words(fitted: Calibration) -> str:
    """How a calibration was made, and what its own table does not show."""
    how = "isotonic regression" if fitted.method == "isotonic" else "Platt's scaling"
    return f"After, by {how}; measured on the answers it was fitted to, so new ones will do a little worse:"


def before_words(before: Calibration) -> str:
    """What the first table shows."""
    if before == NONE:
        return "Before, with no calibration:"
    return f"Before, with the calibration in force, of {before.labels:,} answers:"


def _reliability(report: Fit, using: Calibration) -> dict[str, Any]:
    rows = reliability(report.labels, using)
    return {"error": round(expected_error(rows), 4), "rows": [asdict(row) for row in rows]}
