"""The router's score, and what it is worth: weights give the score, a calibration its share of right answers.

Weights in `route.toml` are written by hand, and those from labels in `route_fitted.toml` by
`benchmarks/route.py`. A calibration maps the router's score to the share of right answers that was observed
at such scores: a rising line.

A calibration is data. `assist calibrate` writes it, and it changes only `p_local`, but no rule and no limit.
This module knows only numbers, and no request; what fits a calibration is a plugin.
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
    """The worth of outcomes, in micro-dollars. `frontier` is the share of right frontier answers."""

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


def apply_fit(weights: Weights, table: Mapping[str, Any]) -> Weights:
    """`weights` with the numbers of a fit in place of its own."""
    before, after = table.get("before", {}), table.get("after", {})
    return replace(
        weights,
        before_bias=before.get("bias", weights.before_bias),
        before={**weights.before, **before.get("weights", {})},
        after_bias=after.get("bias", weights.after_bias),
        after_before=after.get("before", weights.after_before),
        after={**weights.after, **after.get("weights", {})},
        scores=tuple(table.get("history", {}).get("scores", weights.scores)),
    )


JUDGED = _judged_weights(_table("route.toml"))
WEIGHTS = apply_fit(JUDGED, _table("route_fitted.toml"))
WORTH = Worth(**_table("route.toml")["worth"])


def score(features: Mapping[str, float], weights: Weights = WEIGHTS) -> float:
    """Rate how likely a local answer is right, 0 to 1, before calibration. Unknown features count nothing.

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
        (left_score, low) = self.points[at - 1]
        (right, high) = self.points[at]
        return round(low + (high - low) * (score - left_score) / (right - left_score), 6)


def _rises(values: Sequence[float]) -> bool:
    return all(first < second for first, second in pairwise(values)) and values[0] >= 0 and values[-1] <= 1


NONE = Calibration()


def read(text: str) -> Calibration:
    """Read a calibration's file. `EscalationError` if it is damaged, or was made for other weights."""
    try:
        table: dict[str, Any] = tomllib.loads(text)
        fitted = Calibration(
            tuple((float(score), float(share)) for score, share in table["points"]),
            str(table["method"]),
            int(table["labels"]),
            str(table["weights"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EscalationError(f"{FILE} cannot be read ({error}): run `assist calibrate` again") from error
    if fitted.weights != WEIGHTS.fingerprint():
        raise EscalationError(f"{FILE} was made for another version's router: run `assist calibrate` again")
    return fitted
