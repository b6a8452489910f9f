"""Guesses of the next tokens from a known text: where they are followed, left, and found again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.inference.drafts import BATCHES, DraftReader

DRAFT = list(range(100, 160))
LEAST = BATCHES[0] - 1  # the last token that was written is read with a guess


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ([], DRAFT[:LEAST]),
        (DRAFT[:2], DRAFT[2 : 2 + LEAST]),
        ([*DRAFT[:2], 9], []),
        ([*DRAFT[:2], 9, *DRAFT[3:5]], []),
        ([*DRAFT[:2], 9, *DRAFT[3:6]], DRAFT[6 : 6 + LEAST]),
        (DRAFT, []),
    ],
)
def test_a_guess_is_what_follows_in_the_draft(written: list[int], expected: list[int]) -> None:
    assert DraftReader(DRAFT).guess(written) == expected


def test_what_repeats_is_found_after_the_place_that_was_reached() -> None:
    draft = [1, 2, 3, 4, 1, 2, 3, 5]
    reader = DraftReader(draft)
    assert reader.guess([1, 2, 3, 4]) == [1, 2, 3, 5]
    assert reader.guess([1, 2, 3, 4, 9, 1, 2, 3]) == [5]


def test_a_right_guess_makes_the_next_one_longer_and_a_wrong_one_shorter() -> None:
    reader = DraftReader(DRAFT, (7, 16, 32))
    sizes = []
    for _ in range(4):
        sizes.append(1 + len(reader.guess([])))
        reader.judge(4, 4)
    assert sizes == [7, 16, 32, 32]
    reader.judge(4, 3)
    assert 1 + len(reader.guess([])) == 7


def test_where_no_batch_is_worth_it_nothing_is_guessed() -> None:
    reader = DraftReader(DRAFT, ())
    assert reader.guess([]) == []
    assert reader.guess(DRAFT[:3]) == []


@given(st.lists(st.integers(0, 3), max_size=40), st.lists(st.integers(0, 3), max_size=40))
def test_a_guess_is_always_a_part_of_the_draft(draft: list[int], written: list[int]) -> None:
    reader = DraftReader(draft)
    for size in range(len(written) + 1):
        guess = reader.guess(written[:size])
        assert not guess or any(draft[at : at + len(guess)] == guess for at in range(len(draft)))
