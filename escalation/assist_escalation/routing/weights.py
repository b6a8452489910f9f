"""The router's weights, and the score that they give. Weights from labels replace those judged by hand.

`route.toml` is written by hand, and `route_fitted.toml` by `benchmarks/route.py`. This module knows no
request and no rule.
"""

import hashlib
import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

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
