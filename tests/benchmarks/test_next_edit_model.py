"""What the benchmark of a model for next edits takes from a play, and what it computes of the model's answers."""

from collections.abc import Sequence

import pytest

from assist_completion.prompt.next_edit_layout import EditWindow
from assist_context.documents import Document
from bench.next_edit.commits import EditedFile, Piece
from bench.rewriting.candidates import REACH, CandidateSession, goal_of, judge, line_after
from next_edit_model import JudgedOffer, RewrittenPlace, report

OLD, NEW = "    print(load_user({n}), {n})\n", "    print(fetch_user({n}), {n})\n"
WINDOW = EditWindow("a.py", 0, ("a = 1\n", "b = 2\n", "c = 3\n"))


class NoOtherFiles:
    """Nothing is outside of the file."""

    seconds = 0.0

    def at(self, *_: object) -> "NoOtherFiles":
        return self

    def using(self, *_: object) -> Sequence[Document]:
        return ()

    def importing(self, *_: object) -> Sequence[str]:
        return ()


def file_of(*hunks: tuple[str, str]) -> EditedFile:
    """Hunks of one line with three lines around each."""
    same = tuple(f"x{n} = {n}\n" for n in range(3))
    pieces = [Piece(list(same), same)]
    for index, (old, new) in enumerate(hunks):
        pieces += [Piece([old], (new,), index), Piece(list(same), same)]
    return EditedFile("a.py", pieces)


def test_a_play_gives_offers_with_their_outcome_and_the_edits_so_far() -> None:
    hunks = [(OLD.format(n=n), NEW.format(n=n)) for n in range(4)]
    session = CandidateSession([file_of(*hunks)], NoOtherFiles())
    session.play()
    assert session.candidates
    for each in session.candidates:
        assert each.right
        assert "fetch_user" in each.text
        assert "load_user" in each.window.lines[each.line - each.window.line]
        assert len(each.window.lines) <= 2 * REACH + 1
        assert "fetch_user" in each.window.edits[0].new[0]


def test_a_place_without_an_offer_has_the_window_as_the_commit_leaves_it() -> None:
    hunks = [("one = 1\n", "uno = [1]\n"), ("two = 2\n", "if two: pass\n"), ("three = 3\n", "del z\n")]
    session = CandidateSession([file_of(*hunks)], NoOtherFiles())
    session.play()
    first = session.silent[0]
    assert "two = 2\n" in first.window.lines
    assert "if two: pass\n" in first.goal
    assert judge(first.window, first.goal, first.goal) == "right"


def test_a_hunk_that_reaches_out_of_the_window_stays_as_it_is() -> None:
    file = file_of(("a\nb\n", "c\n"))
    file.pieces[1].now[:] = ["a\n", "b\n"]
    lines = file.lines()
    assert goal_of(file, EditWindow("a.py", 2, lines[2:6])) == "x2 = 2\nc\nx0 = 0\n"
    assert goal_of(file, EditWindow("a.py", 2, lines[2:4])) == "x2 = 2\na\n"
    assert goal_of(file, EditWindow("a.py", 4, lines[4:6])) == "b\nx0 = 0\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = 2\nc = 3\n", "same"),
        ("a = 1\nb = 5\nc = 3\n", "right"),
        ("a = 1\nb = 5\nc = 4\n", "right"),
        ("a = 1\nb = 5\nc = 9\n", "wrong"),
        ("a = 1\n", "wrong"),
    ],
)
def test_a_rewritten_window_is_right_if_all_of_it_leads_to_the_commit(text: str, expected: str) -> None:
    assert judge(WINDOW, text, "a = 1\nb = 5\nc = 4\n") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1\nb = 5\nc = 3\n", "b = 5\n"),
        ("new\na = 1\nb = 5\nc = 3\n", "b = 5\n"),
        ("a = 1\nb = 5\nd\nc = 3\n", "b = 5\nd\n"),
        ("a = 1\nc = 3\n", ""),
    ],
)
def test_a_line_is_found_in_the_rewritten_window(text: str, expected: str) -> None:
    assert line_after(WINDOW, text, 1) == expected


def test_the_report_says_what_the_model_adds() -> None:
    offers = [
        JudgedOffer("r", "repeat", right, 0.9 if n % 2 else 0.1, 5.0 if right else -5.0, right, 100)
        for n in range(20)
        for right in (True, False)
    ]
    places = [RewrittenPlace("r", became, 200) for became in ("right", "wrong", "same", "none")]
    found = report(offers, places)
    assert found["auroc"] == {"likelihood": 0.5, "score": 1.0, "both": 1.0}
    assert found["precision"]["shown"][:3] == [10, 20, 0.5]
    assert found["precision"]["shown, written by the model"][:3] == [10, 10, 1.0]
    assert found["precision"]["as many by both"][:3] == [20, 20, 1.0]
    assert found["places rewritten"][:2] == [1, 3]
