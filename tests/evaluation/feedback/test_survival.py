"""How much of a text is left in another one, and where it is."""

import time

import pytest

from assist_evaluation.feedback.survival import REACH, find_text, longest_remains, share_left

CALL = "return total(items, start=0)"


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        (CALL, True),
        ("return total(\n    items,\n    start = 0\n)", True),
        ("# return total(items, start=0)", True),
        ("return total(items, start=1)", True),
        ("return total(items, start=0)  # all of them", True),
        ("return totals(items, begin=0)", True),
        ("return self.totals(item, start=0)", True),
        ("return average(cart, first=0)", False),
        ("return total()", False),
        ("return None", False),
        ("", False),
        ("start(items, total=return)", False),
    ],
)
def test_three_quarters_of_the_characters_have_to_be_left_in_order(now: str, kept: bool) -> None:
    assert (share_left(CALL, now) >= 0.75) is kept


@pytest.mark.parametrize(
    ("accepted", "now", "kept"),
    [
        ("return total / count", "return totals / count", True),
        ("total(items)", "total(item)", True),
        ("user_name", "user_names", True),
        ("total", "start", False),
        ("items", "stem", False),
        ("a", "b", False),
    ],
)
def test_a_letter_more_or_less_leaves_a_word_and_another_word_does_not(
    accepted: str, now: str, kept: bool
) -> None:
    assert (share_left(accepted, now) >= 0.75) is kept


def test_words_of_code_far_after_the_text_do_not_count_as_what_is_left() -> None:
    far = "x" * longest_remains(CALL)
    assert share_left(CALL, far + CALL) == 0


def test_white_space_alone_leaves_nothing_that_could_be_kept() -> None:
    assert share_left("\n    ", "\n    ") == 0


@pytest.mark.parametrize(
    ("wanted", "text", "near", "found"),
    [
        ("a(b)", "a(b); a(b); a(b)", 7, "a(b)"),
        ("a(b)", "a( b )", 0, "a( b )"),
        ("a (b)", "x\n\ta(b)\n", 0, "a(b)"),
        ("a(b)", "a[b]", 0, None),
        ("", "a", 0, None),
        (" \n", "a b", 0, None),
    ],
)
def test_a_text_is_found_whatever_its_white_space_is(
    wanted: str, text: str, near: int, found: str | None
) -> None:
    place = find_text(wanted, text, near)
    assert (text[place[0] : place[1]] if place else None) == found


def test_the_nearest_place_is_taken() -> None:
    text = "a(b); a(b); a(b)"
    assert [find_text("a(b)", text, near) for near in (0, 7, 99)] == [(0, 4), (6, 10), (12, 16)]


def test_a_text_that_is_too_far_away_is_not_found_and_a_whole_file_costs_little() -> None:
    text = "word " * 2_000_000
    start = time.process_time()
    assert find_text("needle", text + "needle", 0) is None
    assert find_text("needle", text + "needle", len(text)) == (len(text), len(text) + 6)
    assert time.process_time() - start < 1, f"only {2 * REACH:,} characters are read"
