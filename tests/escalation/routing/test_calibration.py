"""Calibrations that cannot be are refused, with what to do."""

import pytest

from assist_escalation.errors import EscalationError
from assist_escalation.routing.calibration import Calibration, read


@pytest.mark.parametrize(
    "points",
    [
        (),
        ((0.0, 0.5),),
        ((0.0, 0.5), (1.0, 0.5)),
        ((0.0, 0.5), (0.5, 0.4), (1.0, 0.9)),
        ((0.1, 0.0), (1.0, 1.0)),
        ((0.0, -0.1), (1.0, 1.0)),
        ((0.0, 0.0), (1.0, 1.1)),
        ((0.0, 0.0), (1.0, float("nan"))),
    ],
)
def test_a_line_that_does_not_rise_is_refused(points: tuple[tuple[float, float], ...]) -> None:
    with pytest.raises(EscalationError, match="assist calibrate"):
        Calibration(points)


@pytest.mark.parametrize(
    "text", ["", "points = 3", "nonsense", 'points = [["a", 1]]\nmethod = ""\nlabels = 1\nweights = ""']
)
def test_a_damaged_file_says_what_to_do(text: str) -> None:
    with pytest.raises(EscalationError, match=r"calibration\.toml.*assist calibrate"):
        read(text)


def test_a_calibration_of_other_weights_is_refused() -> None:
    text = 'points = [[0.0, 0.0], [1.0, 1.0]]\nmethod = "none"\nlabels = 0\nweights = "0123456789abcdef"'
    with pytest.raises(EscalationError, match="another version"):
        read(text)
