"""No edit adds a character that no one sees; what is there already may stay and move."""

import pytest

from assist_escalation.edits.plan import Base, EditError, hash_text
from assist_escalation.edits.planner import plan


def edit(before: str, search: str, replace: str) -> str:
    answer = f"a.txt\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"
    return plan(answer, {"a.txt": Base("a.txt", before, hash_text(before))}).changes[0].after


@pytest.mark.parametrize(
    "added", [*"\x00\x08\x1b\x7f\x9b\u202e\u2066\u200b\u00ad\u3164\u2028\U000e0041\u200c"]
)
def test_no_edit_adds_an_unseen_character(added: str) -> None:
    with pytest.raises(EditError, match=f"invisible characters .*U\\+{ord(added):04X}"):
        edit("x\n", "x", f"y{added}z")


@pytest.mark.parametrize("added", ["\t", "\f", "می\u200cشود", "❤\ufe0f", "\u00a0", "\u3000"])
def test_an_edit_may_add_what_belongs_into_a_text(added: str) -> None:
    assert edit("x\n", "x", f"y{added}z") == f"y{added}z\n"


def test_what_is_there_already_may_stay_and_move_but_not_multiply() -> None:
    assert edit("x\u200by\n", "x\u200by", "z\u200by") == "z\u200by\n"
    with pytest.raises(EditError, match=r"1 invisible characters .*U\+200B"):
        edit("x\u200by\n", "x\u200by", "z\u200by\u200b")
