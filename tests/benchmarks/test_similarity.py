"""Laws of the similarity of texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.similarity import edit_similarity


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("", "", 1.0),
        ("abc", "", 0.0),
        ("abc", "abc", 1.0),
        ("abc", "abd", 2 / 3),
        ("return a", "return b + a", 8 / 12),
        ("ab", "ba", 0.0),
    ],
)
def test_edit_similarity(a: str, b: str, expected: float) -> None:
    assert edit_similarity(a, b) == pytest.approx(expected)


@given(st.text(alphabet="ab\n ", max_size=12), st.text(alphabet="ab\n ", max_size=12))
def test_edit_similarity_is_what_its_definition_says(a: str, b: str) -> None:
    expected = 1 - _distance(a, b) / max(len(a), len(b)) if a or b else 1.0
    assert edit_similarity(a, b) == pytest.approx(expected)
    assert edit_similarity(a, b) == edit_similarity(b, a)


def _distance(a: str, b: str) -> int:
    """The Levenshtein distance, by its recurrence."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        above, row = row, [i]
        for j, right in enumerate(b, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (left != right)))
    return row[-1]
