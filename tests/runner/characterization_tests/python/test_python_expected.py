"""What the user expects, in Python: how the result of a call is got that has none today."""

import pytest

from assist_runner.characterization_tests.calls import CallObservation, CallSubject
from assist_runner.characterization_tests.expected_values import ExpectedValue
from assist_runner.characterization_tests.language import RecordingContext
from assist_runner.characterization_tests.python.language import PYTHON

CODE = "async def f(x):\n    return x\n\n\ndef g(x):\n    yield x\n"
RAISES = CallObservation("raised", error=("builtins", "TypeError"))


@pytest.mark.parametrize(
    ("name", "call", "outcome"),
    [
        ("f", "f(1)", CallObservation("value", "None", how="await")),
        ("f", "f(1)[0]", CallObservation("value", "None")),
        ("g", "g(1)", CallObservation("value", "None", how="list")),
    ],
)
def test_a_result_is_got_as_the_code_gives_it(name: str, call: str, outcome: CallObservation) -> None:
    lines = (1, 2) if name == "f" else (5, 6)
    material = RecordingContext(CallSubject("shop/a.py", CODE, name, *lines), "pytest")
    assert PYTHON.expected(material, ExpectedValue(call, "None"), RAISES) == outcome
