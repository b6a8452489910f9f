"""Why nothing is offered at a moment, for each of those who want an offer."""

from dataclasses import replace
from typing import Any

import pytest

from assist_context.documents import Cursor
from assist_server.editor.next_edit.silence import Moment, is_in_word, silence
from assist_server.workspace.documents import MAX_LINES

WORD = Cursor(0, 3)
GOOD = Moment(
    asker="pause",
    on=True,
    mode="balanced",
    quiet=False,
    lines=["new_name(1)\n"],
    edited=True,
    edited_here=True,
    shows_ghost=False,
    cursor=Cursor(0, 8),
    typed_at=Cursor(0, 8),
)


@pytest.mark.parametrize(
    ("change", "user", "chain", "pause"),
    [
        ({}, None, None, None),
        ({"on": False}, "off", "off", "off"),
        ({"lines": ["x\n"] * (MAX_LINES + 1)}, "data", "data", "data"),
        ({"lines": ["x\n"] * MAX_LINES}, None, None, None),
        ({"edited": False}, "no edit", "no edit", "no edit"),
        ({"edited_here": False}, None, "no edit here", "no edit here"),
        ({"shows_ghost": True}, None, "ghost text", "ghost text"),
        ({"mode": "manual"}, None, None, "manual"),
        ({"quiet": True}, None, None, "quiet"),
        ({"cursor": WORD, "typed_at": WORD}, None, None, "in a word"),
        ({"cursor": WORD}, None, None, None),
        ({"cursor": None, "typed_at": None}, None, None, None),
    ],
)
def test_who_gets_an_offer(change: Any, user: str | None, chain: str | None, pause: str | None) -> None:
    moment = replace(GOOD, **change)
    expected = {"user": user, "chain": chain, "pause": pause}
    assert {asker: silence(replace(moment, asker=asker)) for asker in expected} == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("column", "inside"), [(0, False), (1, True), (3, True), (4, False), (5, False), (6, True), (10, False)]
)
def test_a_word_is_being_typed_where_letters_are_on_both_sides(column: int, inside: bool) -> None:
    assert is_in_word(["load us_r9\n"], Cursor(0, column)) is inside


def test_a_cursor_outside_of_the_text_is_in_no_word() -> None:
    assert not is_in_word(["ab"], Cursor(7, 1))
    assert not is_in_word(["ab", ""], Cursor(1, 0))
