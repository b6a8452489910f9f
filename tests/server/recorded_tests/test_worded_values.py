"""What words demand of code is read by rules, and only where it can be read in one way."""

import pytest

from assist_server.recorded_tests.worded_values import ANY_ERROR, WordedValue, worded_values


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("f(3) should be 4", WordedValue("f(3)", "4")),
        ("`f(3)` must return `[1, 2]`, not None", WordedValue("f(3)", "[1, 2]", today="None")),
        ("f(3) returns 5 instead of 4", WordedValue("f(3)", "4", today="5")),
        ("f(3) gives 5; expected 4", WordedValue("f(3)", "4", today="5")),
        ("f(3): expected 4, got 5", WordedValue("f(3)", "4", today="5")),
        ("f(3) is 5, but it should be 4.", WordedValue("f(3)", "4", today="5")),
        ("f('') is None but '' is expected", WordedValue("f('')", "''", today="None")),
        ("expected f(3) to be 4", WordedValue("f(3)", "4")),
        ("expect 4 from f(3)", WordedValue("f(3)", "4")),
        ("make f(3) return 4", WordedValue("f(3)", "4")),
        ("returns 5 instead of 4 for f(3)", WordedValue("f(3)", "4", today="5")),
        ("f([]) should return an empty list", WordedValue("f([])", "[]")),
        ("returns 1 instead of 0 for an empty string", WordedValue("f('')", "0", today="1")),
        ("it should raise ValueError for -1", WordedValue("f(-1)", error="ValueError")),
        ("should raise a KeyError for f(1)", WordedValue("f(1)", error="KeyError")),
        ("f(2) returns None instead of raising TooLong.Error", WordedValue("f(2)", "", "TooLong.Error", "None")),
        ("f(2) should raise TooLong", WordedValue("f(2)", error="TooLong")),
        ("f('') raises ValueError", WordedValue("f('')", raises="ValueError")),
        ("f(a={'b': 1}) raises KeyError, should be None", WordedValue("f(a={'b': 1})", "None", raises="KeyError")),
        ("f(x=1) crashes", WordedValue("f(x=1)", raises=ANY_ERROR)),
        ("f(3) shouldn't raise KeyError", WordedValue("f(3)", raises="KeyError")),
        ("Cart([1, 2]).f() should be Decimal('1.10')", WordedValue("Cart([1, 2]).f()", "Decimal('1.10')")),
        ("len(f('(')) should be 2", WordedValue("len(f('('))", "2")),
        ("f(3)[0].name is Color.RED instead of Color.BLUE", WordedValue("f(3)[0].name", "Color.BLUE", today="Color.RED")),
    ],
)  # fmt: skip
def test_a_call_and_its_value_are_read(words: str, wanted: WordedValue) -> None:
    assert worded_values(words, "f") == (wanted,)


@pytest.mark.parametrize(
    "words",
    [
        "f(3) is wrong", "f(3) should be 4 if strict", "f(3) should be 0 or 1", "f(3) should be less than 4",
        "f(3) should not be 4", "f(3) returns 5, not 4", "f(3) should be 4 - 1", "f(3) should be 4 as a string",
        "f(10) gives 10% off", "f(3) fails when called twice", "f(2) should be 4, f(2) should be 5",
        "f() raises TypeError if x is missing", "f(3) should be about 4", "f(3 should be 4", "f(3) returns 4",
        "off(3) should be 4", "IndexError on an empty cart", "f(3) fails with strict on", "f(3) should be faster",
    ],
)  # fmt: skip
def test_what_can_be_read_in_two_ways_is_not_read(words: str) -> None:
    assert worded_values(words, "f") == ()


def test_several_calls_are_read() -> None:
    found = worded_values("f(1) should be 2, f(2) returns 2 instead of 3", "f")
    assert found == (WordedValue("f(1)", "2"), WordedValue("f(2)", "3", today="2"))
