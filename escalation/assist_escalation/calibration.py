"""From the router's score to the share of right answers that was seen at such scores: a rising line.

A calibration is data: `assist calibrate` writes it, and it changes `p_local` alone, no rule and no bound.
It knows no request, and it fits nothing; `calibrating` does.
"""

import tomllib
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from assist_escalation.errors import EscalationError
from assist_escalation.weights import WEIGHTS

FILE = "calibration.toml"  # in the data directory

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Points (score, share) from 0 to 1, both strictly rising, with straight lines between them.

    Strictly, so that two scores that differ stay apart: the escalation rate is kept by order.
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
        (left, low), (right, high) = self.points[at - 1], self.points[at]
        return round(low + (high - low) * (score - left) / (right - left), 6)


def _rises(values: Sequence[float]) -> bool:
    return all(first < second for first, second in pairwise(values)) and values[0] >= 0 and values[-1] <= 1


NONE = Calibration()


def read(text: str) -> Calibration:
    """What `patch` wrote. `EscalationError` where it is damaged, or made for other weights than these."""
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
    """The text of `calibration.toml`: the points, and what they are made of.

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
