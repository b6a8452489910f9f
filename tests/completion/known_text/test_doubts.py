"""Which tokens of a code say that a line is doubtful, and which say nothing."""

import pytest

from assist_completion.known_text.doubts import MARGIN, Doubt, WeighedToken, doubts


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
    ],
)
def test_what_a_token_tells(written: str, expected: str, tells: bool) -> None:
    above = [WeighedToken("total = 1\n", "", 0), WeighedToken("x", "x", 0)]
    found = doubts([*above, WeighedToken(written, expected, MARGIN)])
    assert found == ((Doubt(1, len("total = 1\nx"), written, expected, MARGIN),) if tells else ())


def test_a_little_surprise_is_no_doubt() -> None:
    assert doubts([WeighedToken("2", "1", MARGIN - 0.1)]) == ()


def test_lines_are_in_the_order_of_doubt_each_once() -> None:
    tokens = [WeighedToken("1", "0", 6), WeighedToken("\n2", "3", 9), WeighedToken(" <", " >", 7)]
    assert [(each.line, each.written) for each in doubts(tokens)] == [(1, "\n2"), (0, "1")]
