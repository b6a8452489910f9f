"""What the user expects of a call is read by the grammar of its language; of words, one sentence is read."""

import pytest

from assist_context.languages import language_of
from assist_runner.characterization_tests.expected_values import (
    ExpectedValue,
    expected_in_sentence,
    expected_value,
)

PYTHON = language_of("a.py")


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a.py", "f(3) == 4", ExpectedValue("f(3)", "4")),
        ("a.py", " f(a={'b': 1}) == None ", ExpectedValue("f(a={'b': 1})", "None")),
        ("a.py", "len(f(')')) == -1.5", ExpectedValue("len(f(')'))", "-1.5")),
        ("a.py", "await Cart([1]).f()[0].name == ['a', (1,)]", ExpectedValue("await Cart([1]).f()[0].name", "['a', (1,)]")),
        ("a.ts", "new Cart().f(1) === {a: [true, null]}", ExpectedValue("new Cart().f(1)", "{a: [true, null]}")),
        ("a.js", "f() == undefined", ExpectedValue("f()", "undefined")),
        ("a.rs", 'f("a") == Some(1)', ExpectedValue('f("a")', "Some(1)")),
        ("a.rs", "Cart::new(1).f()? == &[1, 2]", ExpectedValue("Cart::new(1).f()?", "&[1, 2]")),
    ],
)  # fmt: skip
def test_a_call_and_its_value_are_read(path: str, text: str, wanted: ExpectedValue) -> None:
    assert expected_value(text, language_of(path), "f") == wanted


@pytest.mark.parametrize(
    "text",
    [
        "f(3)", "f(3) = 4", "f(3) == g(4)", "f(3) == 4 - 1", "f(3) == 4 == 4", "f(3) == 4 and g()",
        "f(3) == f'{a}'", "f == 4", "4 == f(3)", "g(3) == 4", "off(3) == 4", "f(3 == 4", "f(3) == 4; g()",
        "f(3) != 4", "f(3) should be 4", "", "f(3) == " + "[" * 3_000,
    ],
)  # fmt: skip
def test_what_is_no_call_with_a_literal_is_not_read(text: str) -> None:
    assert expected_value(text, PYTHON, "f") is None


def test_code_of_other_languages_is_not_read() -> None:
    assert expected_value("f(3) == 4", language_of("a.go"), "f") is None


def test_one_sentence_is_read() -> None:
    wanted = ExpectedValue("f(3)", "4", "5")
    for words in ("f(3) returns 5 instead of 4", "`f(3)` returns `5` instead of\n`4`."):
        assert expected_in_sentence(words, PYTHON, "f") == wanted


@pytest.mark.parametrize(
    "words",
    [
        "f(3) should be 4", "f(3) gives 5 instead of 4", "f(3) returns 5", "returns 5 instead of 4 for 3",
        "f(3) returns 5 instead of 4 if strict", "f(3) returns 5 instead of nothing", "f(3) crashes",
        "g(3) returns 5 instead of 4", "IndexError on an empty cart",
    ],
)  # fmt: skip
def test_other_words_are_not_read(words: str) -> None:
    assert expected_in_sentence(words, PYTHON, "f") is None
