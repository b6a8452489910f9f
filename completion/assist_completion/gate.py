"""Whether a finished suggestion is worth the user's attention: a score, and a threshold a mode.

The score estimates the chance that the user keeps the text, from the model's own probabilities.
This module knows no text and no model, only numbers.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

# Logistic weights fitted on 400 random-cut HumanEval lines (exact match) with qwen2.5-coder-0.5b.
BIAS = 1.6
MEAN = 2.2  # per nat of mean log-probability
LOWEST = 0.45  # per nat of the least likely token
FIRST = 0.3  # per nat of the first token

THRESHOLDS = {"eager": 0.15, "balanced": 0.35, "quiet": 0.6, "manual": 0.0}


@dataclass(frozen=True, slots=True)
class Verdict:
    """`score` in 0..1; `reason` is "" where the suggestion is shown."""

    score: float
    reason: str


def score(chances: Sequence[float]) -> float:
    """The estimated chance that a text with these token log-probabilities (nats) is right.

    >>> round(score([-0.01, -0.02]), 2), round(score([-2.0, -3.0]), 2)
    (0.83, 0.0)
    """
    if not chances:
        return 0.0
    z = BIAS + MEAN * sum(chances) / len(chances) + LOWEST * min(chances) + FIRST * chances[0]
    return 1 / (1 + math.exp(-z))


def judge(chances: Sequence[float], mode: str, *, manual: bool) -> Verdict:
    """Show it or not. What the user asked for by hand is always shown."""
    value = score(chances)
    shown = manual or value >= THRESHOLDS[mode]
    return Verdict(value, "" if shown else "low-confidence")
