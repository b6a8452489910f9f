"""Calls of Rust are proposed from types, tests, documentation and answers."""

import pytest

from assist_runner.characterization_tests.calls import CallSubject
from assist_runner.characterization_tests.rust.crate import RustCrate, owner_name
from assist_runner.characterization_tests.rust.proposals import (
    calls_by_types,
    calls_in_docs,
    calls_in_script,
    hints_of,
    variations,
)
from assist_runner.characterization_tests.rust.rust_items import rust_items
from assist_runner.characterization_tests.rust.values import values_of

CODE = """\
/// A grade.
///
/// ```
/// use school::grade;
/// assert_eq!(grade(95, "fair"), 'A');
/// ```
pub fn grade(points: i64, mood: &str) -> char {
    if points > 90 && mood != "angry" { 'A' } else { 'C' }
}

#[derive(Debug, Default)]
pub struct Cart { items: Vec<u32> }

impl Cart {
    pub fn new(limit: u8) -> Self { Cart { items: vec![limit as u32] } }
    pub fn add(&mut self, item: u32) -> usize { self.items.push(item); self.items.len() }
}
"""


def crate() -> RustCrate:
    items = rust_items(CODE)
    types = {row.name: row for row in items.types}
    return RustCrate(items, items.functions, types, {"Cart": "Cart"}, "school")


def subject(name: str) -> CallSubject:
    row = next(row for row in rust_items(CODE).functions if row.name == name)
    return CallSubject("src/lib.rs", CODE, f"{owner_name(row.owner)}.{name}".strip("."), row.first, row.last)


@pytest.mark.parametrize(
    ("kind", "some"),
    [
        ("&str", ['"angry"', '"abc"', '""']),
        ("i64", ["1", "90", "91", "-3"]),
        ("u8", ["1", "90", "0"]),
        ("Option<bool>", ["Some(true)", "None"]),
        ("&[u8]", ['b"abc"']),
        ("Vec<String>", ["vec![]"]),
        ("(u8, bool)", ["(1, true)"]),
        ("impl Fn(char) -> bool", ["|c| c == 'a'", "|_a| true"]),
        ("impl IntoIterator<Item = bool>", ["vec![true, false]"]),
        ("&Path", ['std::path::Path::new("src/lib.rs")']),
        ("Cart", ["Cart::new(1)", "Cart::default()"]),
        ("Unknown", []),
    ],
)
def test_values_fit_a_type(kind: str, some: list[str]) -> None:
    row = next(row for row in crate().own.functions if row.name == "grade")
    hints = hints_of(subject("grade"), crate(), row, ())
    found = [value.text for value in values_of(kind, hints)]
    assert [text for text in some if text not in found] == []
    assert bool(found) == bool(some)


def test_a_changing_method_gets_a_variable() -> None:
    call = calls_by_types(subject("add"), crate(), ())[0]
    assert call.call.startswith("value.add(")
    assert call.setup == ("let mut value = Cart::new(1);",)


def test_calls_in_documentation_are_taken_under_the_crates_own_name() -> None:
    (call,) = calls_in_docs(subject("grade"), crate())
    assert (call.call, call.imports) == ('grade(95, "fair")', ("use crate::grade;",))


@pytest.mark.parametrize(
    ("script", "calls"),
    [
        ('grade(1, "a");\nlet x = grade(2, "b");', [("grade(1, \"a\")", 0), ("grade(2, \"b\")", 0)]),
        ('#[test]\nfn t() { let m = "x"; assert!(grade(3, m) == \'C\'); }', [("grade(3, m)", 1)]),
        ("fn main() {\n    grade(4, \"c\");\n    grade(5,\n", [('grade(4, "c")', 0)]),
        ("let other = 1;", []),
    ],
)  # fmt: skip
def test_calls_in_a_script_come_with_what_they_need(script: str, calls: list[tuple[str, int]]) -> None:
    found = calls_in_script(script, subject("grade"), crate(), "model")
    assert [(call.call, len(call.setup)) for call in found] == calls


def test_helpers_of_tests_come_along() -> None:
    tests = (
        "fn made() -> i64 {\n    7\n}\n\n#[test]\nfn t() {\n    assert_eq!(grade(made(), \"x\"), 'C');\n}\n"
    )
    (call,) = calls_in_script(tests, subject("grade"), crate(), "caller")
    assert call.imports == ("fn made() -> i64 {\n    7\n}",)


def test_variations_change_one_literal() -> None:
    calls = calls_in_script('grade(91, "fair")', subject("grade"), crate(), "model")
    found = {call.call for call in variations(calls, subject("grade"), crate())}
    assert {'grade(92, "fair")', 'grade(90, "fair")', 'grade(91, "angry")', 'grade(91, "")'} <= found
