"""What of a user's edits is remembered as a hunk."""

from collections.abc import Iterator

from assist_context.documents import Cursor, split_lines
from assist_context.next_edit.edit_history import GROWS, MAX_HUNKS, EditHistory
from assist_context.next_edit.offer import Change, EditHunk


class Desk:
    """One document and its history; `clock` is set by hand."""

    def __init__(self, text: str, path: str = "a.py") -> None:
        self.path = path
        self.lines = split_lines(text)
        self.now = 0.0
        self.history = EditHistory(lambda: self.now)

    def edit(self, line: int, start: int, end: int, text: str, last: int | None = None) -> None:
        """Replace columns of a line, or up to a column of a later line."""
        first = Cursor(line, start)
        stop = Cursor(line if last is None else last, end)
        self.history.foresee(self.path, self.lines, first, stop, text)
        head = "".join(self.lines[:line]) + self.lines[line][:start]
        tail = self.lines[stop.line][end:] + "".join(self.lines[stop.line + 1 :])
        self.lines = split_lines(head + text + tail)

    def write(self, line: int, column: int, text: str) -> None:
        """Type a text key by key."""
        for at, each in enumerate(text):
            self.edit(line, column + at, column + at, each)

    def hunks(self) -> list[tuple[int, str, str]]:
        return [(each.line, "".join(each.old), "".join(each.new)) for each in self.history.hunks()]


def test_typing_in_a_line_is_one_hunk() -> None:
    desk = Desk("one\nload(x)\n")
    desk.edit(1, 0, 4, "")
    desk.write(1, 0, "fetch")
    assert desk.hunks() == [(1, "load(x)\n", "fetch(x)\n")]


def test_what_is_taken_back_is_no_hunk() -> None:
    desk = Desk("load(x)\n")
    desk.edit(0, 0, 4, "fetch")
    desk.edit(0, 0, 5, "load")
    assert desk.hunks() == []


def test_a_hunk_that_is_taken_back_after_another_one_goes_alone() -> None:
    desk = Desk("aa\nbb\ncc\n")
    desk.edit(0, 0, 2, "xx")
    desk.edit(2, 0, 2, "yy")
    desk.now = GROWS + 1
    desk.edit(0, 0, 2, "aa")
    assert desk.hunks() == [(2, "cc\n", "yy\n")]


def test_a_line_that_is_deleted_and_put_back_leaves_nothing() -> None:
    desk = Desk("aa\nbb\ncc\n")
    desk.edit(1, 0, 0, "", last=2)
    assert desk.hunks() == [(1, "bb\n", "")]
    desk.edit(1, 0, 0, "bb\n")
    assert desk.hunks() == []


def test_hunks_move_with_the_lines_above_them() -> None:
    desk = Desk("aa\nbb\ncc\n")
    desk.edit(2, 0, 2, "yy")
    desk.edit(0, 2, 2, "\nnew\nlines")
    assert desk.hunks() == [(4, "cc\n", "yy\n"), (1, "", "new\nlines\n")]


def test_an_edit_of_several_hunks_joins_them() -> None:
    desk = Desk("aa\nbb\ncc\n")
    desk.edit(0, 0, 2, "xx")
    desk.edit(2, 0, 2, "yy")
    desk.edit(0, 0, 2, "zz", last=2)
    assert desk.hunks() == [(0, "aa\nbb\ncc\n", "zz\n")]


def test_keys_of_several_cursors_are_one_hunk_a_line() -> None:
    desk = Desk("aa\nbb\ncc\ndd\n")
    for key in "xyz":
        for line in (0, 2):
            desk.edit(line, len(desk.lines[line]) - 1, len(desk.lines[line]) - 1, key)
    assert desk.hunks() == [(0, "aa\n", "aaxyz\n"), (2, "cc\n", "ccxyz\n")]


def test_a_paste_and_a_formatter_are_no_examples() -> None:
    desk = Desk("aa\n" * 30)
    desk.edit(0, 0, 0, "x" * 201)
    desk.edit(3, 0, 0, "", last=13)
    desk.history.compare("a.py", desk.lines, ["    " + line for line in desk.lines])
    assert [each.is_example for each in desk.history.hunks()] == [False, False, False]


def test_hunks_outside_the_lines_that_a_formatter_changed_stay_where_they_are() -> None:
    desk = Desk("aa\nbb\ncc\ndd\n")
    desk.edit(0, 0, 2, "first")
    desk.edit(3, 0, 2, "last")
    desk.edit(0, 0, 0, "first\nb b\nbb\ncc\nlast\n", last=4)
    assert desk.hunks() == [(0, "aa\n", "first\n"), (4, "dd\n", "last\n"), (1, "", "b b\n")]


def test_an_accepted_offer_is_an_example_however_long_it_is() -> None:
    desk = Desk("aa\nbb\n")
    change = Change("a.py", Cursor(0, 0), Cursor(0, 2), "x" * 300)
    desk.history.expect_offer(change)
    desk.edit(0, 0, 2, change.text)
    assert [each.origin for each in desk.history.hunks()] == ["offer"]


def test_after_a_while_an_edit_of_the_same_line_is_another_hunk() -> None:
    desk = Desk("aa\n")
    desk.edit(0, 0, 2, "bb")
    desk.now = GROWS + 1
    desk.edit(0, 0, 2, "cc")
    assert desk.hunks() == [(0, "aa\n", "bb\n"), (0, "bb\n", "cc\n")]


def test_line_ends_and_the_end_of_the_text() -> None:
    desk = Desk("aa\r\nbb")
    desk.edit(1, 2, 2, "\r\ncc")
    assert desk.hunks() == [(1, "bb", "bb\r\ncc")]
    empty = Desk("")
    empty.edit(0, 0, 0, "a")
    assert empty.hunks() == [(0, "", "a")]


def test_the_history_is_bounded() -> None:
    desk = Desk("a\n" * 4 * MAX_HUNKS)
    for line in range(0, 4 * MAX_HUNKS, 2):
        desk.edit(line, 0, 1, "b")
    desk.edit(0, 0, 0, "c" * 9_000)
    assert len(desk.history.hunks()) == MAX_HUNKS
    assert all(_sizes(desk.history.hunks()))


def _sizes(hunks: tuple[EditHunk, ...]) -> Iterator[bool]:
    return (sum(map(len, (*each.old, *each.new))) <= 8_000 for each in hunks)
