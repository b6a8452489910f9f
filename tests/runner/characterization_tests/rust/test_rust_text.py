"""Recorded calls of Rust become a module of tests."""

from typing import Any

import pytest

from assist_runner.characterization_tests.calls import CallObservation, ProposedCall, RecordedCall, ValueCheck
from assist_runner.characterization_tests.rust.text import rust_tests


def body(call: str, **seen: Any) -> list[str]:
    kind = seen.pop("kind", "value")
    proposed = ProposedCall(call, (), seen.pop("setup", ()))
    text = rust_tests([RecordedCall(proposed, CallObservation(kind, **seen), "works")], "mod tests {")
    assert text.startswith("#[cfg(test)]\nmod tests {\n    use super::*;\n\n    #[test]\n")
    return [line.strip() for line in text.splitlines()[5:-1]]


@pytest.mark.parametrize(
    ("call", "seen", "line"),
    [
        ("f(1)", {"value": "2"}, "assert_eq!(f(1), 2);"),
        ("f(1)", {"value": "true"}, "assert!(f(1));"),
        ("a == b", {"value": "false"}, "assert!(!(a == b));"),
        ("f(1)", {"value": "vec![]", "how": "is_empty"}, "assert!(f(1).is_empty());"),
        ("f(1)", {"value": "0.30000000000000004", "how": "about"}, "assert!((f(1) - 0.3).abs() < 1e-6);"),
        ("f(1)", {"value": "Cart { n: 1 }", "how": "debug"}, 'assert_eq!(format!("{:?}", f(1)), "Cart { n: 1 }");'),
        ("f(1)", {"value": '"no"', "how": ".unwrap_err().to_string()"}, 'assert_eq!(f(1).unwrap_err().to_string(), "no");'),
        ("f(1)", {"value": "Mood::Calm", "how": "matches"}, "assert!(matches!(f(1), Mood::Calm));"),
        ("f(1)", {"value": 'say "a"', "how": "debug"}, 'assert_eq!(format!("{:?}", f(1)), r#"say "a""#);'),
    ],
)  # fmt: skip
def test_a_value_is_checked_in_the_shortest_way(call: str, seen: dict[str, Any], line: str) -> None:
    assert body(call, **seen) == ["fn works() {", line, "}"]


def test_changes_are_checked_after_the_call() -> None:
    lines = body(
        "cart.add(1)",
        value="()",
        setup=("let mut cart = Cart::new();",),
        changes=(ValueCheck("cart.items", "vec![1]"),),
    )
    assert lines == [
        "fn works() {", "let mut cart = Cart::new();", "cart.add(1);", "assert_eq!(cart.items, vec![1]);", "}",
    ]  # fmt: skip


def test_a_panic_is_expected() -> None:
    assert body("f(-1)", kind="raised", message="below zero") == [
        '#[should_panic(expected = "below zero")]', "fn works() {", "f(-1);", "}",
    ]  # fmt: skip


def test_a_crate_without_std_brings_what_its_tests_need() -> None:
    seen = CallObservation("value", "vec![1]", needs=(("std", ""),))
    text = rust_tests([RecordedCall(ProposedCall("f()"), seen, "works")], "mod more {")
    assert "mod more {\n    extern crate std;\n    use super::*;\n    use self::std::vec;\n" in text
