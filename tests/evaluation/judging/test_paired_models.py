"""Two models on the same lines, in a sentence."""

from dataclasses import replace

import pytest

from assist_evaluation.judging.paired_models import paired_models, paired_words
from assist_evaluation.judging.results import ResultRow

ROW = ResultRow(
    "0",
    "lines",
    "python",
    "",
    "",
    "local:a",
    "0",
    0.0,
    {"exact": 0.0},
    {},
    1000.0,
    100,
    5,
    0,
    None,
    True,
    False,
)
LABELS, NAMES = ("local:a", "local:b"), ("a", "b")


def rows_of(candidate: str, right: int, lines: int, ms: float, disturbed: int = 0) -> list[ResultRow]:
    """The first `right` of so many lines are right, and the last `disturbed` were disturbed."""
    return [
        replace(
            ROW,
            task=str(number),
            group=str(number),
            candidate=candidate,
            numbers={"exact": float(number < right)},
            ms=ms,
            disturbed=number >= lines - disturbed,
        )
        for number in range(lines)
    ]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            [*rows_of("local:a", 10, 40, 900), *rows_of("local:b", 30, 40, 2_700)],
            "b is right more often than a: 30 of 40 lines against 10 (+50 points, +35 to +65); "
            "a is faster: 0.9 s against 2.7 s for half of them.",
        ),
        (
            [*rows_of("local:a", 30, 40, 2_700), *rows_of("local:b", 10, 40, 900)],
            "a is right more often than b: 30 of 40 lines against 10 (+50 points, +35 to +65); "
            "b is faster: 0.9 s against 2.7 s for half of them.",
        ),
        (
            [*rows_of("local:a", 10, 40, 900), *rows_of("local:b", 12, 40, 950)],
            "a and b cannot be told apart by 40 lines (10 and 12 right, -12 to +0 points; about 150 lines would "
            "tell); they are equally fast: 0.9 s for half of them.",
        ),
        (
            [*rows_of("local:a", 1, 5, 900, disturbed=5), *rows_of("local:b", 1, 9, 900)],
            "a and b cannot be told apart by 5 lines (1 and 1 right); the machine was too busy to tell which "
            "is faster.",
        ),
        ([], "a and b were asked no lines in common, so they cannot be compared."),
    ],
)
def test_one_sentence_says_which_is_right_more_often_and_which_is_faster(
    rows: list[ResultRow], sentence: str
) -> None:
    assert paired_words(paired_models(rows, LABELS, NAMES)) == sentence
