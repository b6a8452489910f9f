"""Which tokens of a code say that a line is doubtful, and which say nothing."""

import pytest

from assist_completion.inference.doubts import MARGIN, Doubt, WeighedToken, doubts


@pytest.mark.parametrize(
    ("written", "expected", "tells"),
    [
        (" >=", " >", True),
        ("2", "1", True),
        (" and", " or", True),
        (" True", " False", True),
        (" total", " count", True),  # both are names that the code has above
        (" fresh", " count", False),  # a new name may be any
        (" total", "(", False),
        (" ", "\n", False),
        (" x", " # why", False),
        ("# why", " x", False),
        ("((", "(", False),
        (":", "0", True),  # a longer number was expected
        ("=", "_total", False),  # a longer name was expected
        ("(total", "(count", True),
        ("(total", " count", False),
    ],
)
def test_what_a_token_tells(written: str, expected: str, tells: bool) -> None:
    above = [WeighedToken("total = count\n", "", 0), WeighedToken("x", "x", 0)]
    found = doubts([*above, WeighedToken(written, expected, MARGIN)])
    assert found == ((Doubt(1, len("total = count\nx"), written, expected, MARGIN),) if tells else ())


def test_a_little_surprise_is_no_doubt() -> None:
    assert doubts([WeighedToken("2", "1", MARGIN - 0.1)]) == ()


def test_lines_are_in_the_order_of_doubt_each_once() -> None:
    tokens = [WeighedToken("1", "0", 6), WeighedToken("\n2", "3", 9), WeighedToken(" <", " >", 7)]
    assert [(each.line, each.written) for each in doubts(tokens)] == [(1, "\n2"), (0, "1")]


@pytest.mark.parametrize("above", ["# It is ", '''    """Adds ''', "x = 1  \n  // so "])
def test_prose_has_no_doubts(above: str) -> None:
    assert doubts([WeighedToken(above, "", 0), WeighedToken("2", "1", 9)]) == ()
