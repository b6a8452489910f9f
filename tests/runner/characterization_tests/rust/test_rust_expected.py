"""What the user expects, in Rust: a literal, in a test of a module below the code."""

import pytest

from assist_runner.characterization_tests.calls import CallObservation, CallSubject, RecordedCall
from assist_runner.characterization_tests.expected_values import ExpectedValue
from assist_runner.characterization_tests.language import RecordingContext
from assist_runner.characterization_tests.rust.language import RUST

CODE = "pub fn split(text: &str) -> usize {\n    text.len()\n}\n"
MATERIAL = RecordingContext(CallSubject("src/lib.rs", CODE, "split", 1, 3), "cargo")


@pytest.mark.parametrize(
    ("value", "check"),
    [
        ("0", 'assert_eq!(split("a"), 0);'),
        ('"x y"', 'assert_eq!(split("a"), "x y");'),
        ("Some(1)", 'assert_eq!(split("a"), Some(1));'),
        ("[1, 2]", 'assert_eq!(split("a"), [1, 2]);'),
        ("[]", 'assert!(split("a").is_empty());'),
        ("true", 'assert!(split("a"));'),
    ],
)
def test_a_value_is_a_literal(value: str, check: str) -> None:
    wanted = RUST.expected(MATERIAL, ExpectedValue('split("a")', value), CallObservation("value"))
    (call,) = RUST.in_answer(MATERIAL, 'split("a")\n')
    assert f" {check}\n" in RUST.tests([RecordedCall(call, wanted, "test_split")], MATERIAL)
