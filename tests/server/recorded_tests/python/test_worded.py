"""What words demand, in Python: values and exceptions by the names of the module, and their tests."""

import pytest

from assist_server.recorded_tests.calls import CallObservation, CallSubject, ProposedCall, RecordedCall
from assist_server.recorded_tests.language import RecordingMaterial
from assist_server.recorded_tests.python.text import python_tests
from assist_server.recorded_tests.python.worded import worded_outcome
from assist_server.recorded_tests.worded_values import WordedValue

CODE = """\
from decimal import Decimal
import shop.errors


class Bad(Exception):
    pass


async def f(x):
    return x
"""
MATERIAL = RecordingMaterial(CallSubject("shop/a.py", CODE, "f", 9, 10), "pytest", frozenset({"shop"}))
RAISES = CallObservation("raised", error=("builtins", "TypeError"))


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [
        (WordedValue("f(1)", "null"), CallObservation("value", "None", how="await")),
        (
            WordedValue("f(1)", "Decimal('1.1')"),
            CallObservation("value", "Decimal('1.1')", (("decimal", "Decimal"),), "await"),
        ),
        (WordedValue("f(1)[0]", "4"), CallObservation("value", "4")),
        (WordedValue("f(1)", error="Bad"), CallObservation("raised", error=("shop.a", "Bad"), how="await")),
        (
            WordedValue("f(1)", error="KeyError"),
            CallObservation("raised", error=("builtins", "KeyError"), how="await"),
        ),
        (WordedValue("f(1)", raises="Bad"), CallObservation("value", how="await")),
        (WordedValue("f(1)", "Nowhere.RED"), None),
        (WordedValue("f(1)", error="TooLong"), None),
    ],
)
def test_a_value_is_what_the_module_knows(wanted: WordedValue, outcome: CallObservation | None) -> None:
    assert worded_outcome(MATERIAL, wanted, RAISES) == outcome


def test_a_call_that_only_has_to_end_is_made() -> None:
    call = RecordedCall(ProposedCall("f('')", ("from a import f",)), CallObservation("value"), "test_f")
    assert python_tests([call], "pytest", "f").endswith("def test_f():\n    f('')\n")
    assert python_tests([call], "unittest", "f").endswith("    def test_f(self):\n        f('')\n")
