"""What words demand, in Rust: a literal, in a test of a module below the code."""

import pytest

from assist_server.recorded_tests.calls import CallObservation, CallSubject, RecordedCall
from assist_server.recorded_tests.language import RecordingMaterial
from assist_server.recorded_tests.rust.language import RUST
from assist_server.recorded_tests.worded_values import WordedValue

CODE = "pub fn split(text: &str) -> usize {\n    text.len()\n}\n"
MATERIAL = RecordingMaterial(CallSubject("src/lib.rs", CODE, "split", 1, 3), "cargo")


@pytest.mark.parametrize(
    ("value", "check"),
    [
        ("0", 'assert_eq!(split("a"), 0);'),
        ("'x y'", 'assert_eq!(split("a"), "x y");'),
        ("[1, 2]", 'assert_eq!(split("a"), [1, 2]);'),
        ("[]", 'assert!(split("a").is_empty());'),
        ("True", 'assert!(split("a"));'),
        ("", 'let _ = split("a");'),
    ],
)
def test_a_value_is_a_literal(value: str, check: str) -> None:
    assert RUST.worded is not None
    wanted = RUST.worded(MATERIAL, WordedValue('split("a")', value), CallObservation("value"))
    assert wanted is not None
    (call,) = RUST.in_answer(MATERIAL, 'split("a")\n')
    assert f" {check}\n" in RUST.tests([RecordedCall(call, wanted, "test_split")], MATERIAL)


@pytest.mark.parametrize("wanted", [WordedValue("split(1)", "f(1)"), WordedValue("split(1)", error="Bad")])
def test_what_is_no_literal_makes_no_test(wanted: WordedValue) -> None:
    assert RUST.worded is not None
    assert RUST.worded(MATERIAL, wanted, CallObservation("value")) is None
