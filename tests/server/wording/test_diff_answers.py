"""What a model's answer says of a diff."""

import os
from pathlib import Path

import pytest
from repositories import change, make_repository

from assist_context.files.git_repository import Git
from assist_server.wording.diff_answers import Remark, Remarks, clean_message, drop_refuted, read_remarks
from assist_server.workspace.folder_diff import split_pieces, staged_diff


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("```\nAdd a till\n\nWhy.\n```", "Add a till\n\nWhy."),
        ('Commit message: "Add a till"', "Add a till"),
        ('"Add a till"', "Add a till"),
        ("`a` became `b`", "`a` became `b`"),
        ("\x1b[2JAdd\u202e a\x1b]52;c;QUJD\x07 till\n\nWhy.\U000e0041", "Add a till\n\nWhy."),
    ],
)
def test_a_message_is_taken_out_of_its_wrapping(answer: str, message: str) -> None:
    assert clean_message(answer) == message


def test_remarks_about_lines_that_are_not_in_the_diff_are_dropped(tmp_path: Path) -> None:
    repo = make_repository(tmp_path / "repo")
    change(repo)
    diff = staged_diff(Git(dict(os.environ)), str(repo))
    answer = (
        "Here are my remarks:\n"
        "- `cart.py:5`: fails \x1b[2Jfor an empty\u202e list\n"
        "1. **cart.py:5-6** - it divides by zero\n"
        "cart.py:5: wrong results\n"
        "cart.py:5: return sum(prices) / len(prices)\n"
        "cart.py:900: is too long\n"
        "other.py:1: is wrong\n"
    )
    found = read_remarks(answer, split_pieces(diff, 1000, with_numbers=True).spans)
    assert found.kept == (
        Remark("cart.py", 5, "fails for an empty list"),
        Remark("cart.py", 5, "it divides by zero"),
    )
    assert (found.dropped, found.empty) == (2, 2)


def test_a_remark_that_calls_a_defined_name_undefined_is_refuted() -> None:
    kept = Remark("cart.py", 3, "`rate` is never checked")
    found = Remarks(
        (Remark("cart.py", 2, "`_FALSE` is not defined"), kept, Remark("cart.py", 4, "zap isn't imported")), 1
    )
    left = drop_refuted(found, lambda path, name: (path, name) == ("cart.py", "_FALSE"))
    assert left == Remarks((kept, found.kept[2]), 1, refuted=1)
