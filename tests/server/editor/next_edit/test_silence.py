"""When an offer would come at a bad moment."""

import pytest

from assist_context.documents import Cursor
from assist_server.editor.next_edit.silence import is_in_word


@pytest.mark.parametrize(
    ("column", "inside"), [(0, False), (1, True), (3, True), (4, False), (5, False), (6, True), (10, False)]
)
def test_a_word_is_being_typed_where_letters_are_on_both_sides(column: int, inside: bool) -> None:
    assert is_in_word(["load us_r9\n"], Cursor(0, column)) is inside


def test_a_cursor_outside_of_the_text_is_in_no_word() -> None:
    assert not is_in_word(["ab"], Cursor(7, 1))
    assert not is_in_word(["ab", ""], Cursor(1, 0))
