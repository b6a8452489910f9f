"""The steps of a match: one place or none, and unchanged bytes around it."""

import pytest

from assist_escalation.edits.matcher import Match, Wanted, find, splice
from assist_escalation.edits.plan import EditError

TWO = "def f():\n    return 1\n\n\ndef g():\n    return 1\n"


def edited(text: str, search: str, replace: str, symbol: str = "") -> str:
    wanted = Wanted("block 1", "a.py", symbol, tuple(search.split("\n")), tuple(replace.split("\n")))
    return splice(text, [find(wanted, text)])


@pytest.mark.parametrize(
    ("text", "search", "replace", "result"),
    [
        ("a\nb\nc\n", "b", "B\nB", "a\nB\nB\nc\n"),
        ("a\r\nb\r\n", "b", "b\nc", "a\r\nb\r\nc\r\n"),
        ("a\rb\r", "b", "c", "a\rc\r"),
        ("a\r\nb\nc\r\n", "b\nc", "b\nC", "a\r\nb\nC\r\n"),
        ("\ufeffa\nb", "a", "A", "\ufeffA\nb"),
        ("a\nb", "b", "b\nc", "a\nb\nc"),
        ("a\nb", "b", "c\nb", "a\nc\nb"),
        ("a\nb  \nc\n", "b\nc", "b\nC", "a\nb  \nC\n"),
        ("a\n    b\n\n        c\n", "b\n\n    c", "b\n\n    C", "a\n    b\n\n        C\n"),
        ("\tb\n\t\tc\n", "b\n\tc", "b\n\tC", "\tb\n\t\tC\n"),
        ("b\n  c\n", "    b\n      c", "    b\n      C", "b\n  C\n"),
        ("x = '🙂\u2028\x0c'\ny\n", "y", "é", "x = '🙂\u2028\x0c'\né\n"),
        ("a\n  \nb\n", "a\n\nb", "a\n\nB", "a\n  \nB\n"),
    ],
)
def test_found_and_replaced(text: str, search: str, replace: str, result: str) -> None:
    assert edited(text, search, replace) == result


@pytest.mark.parametrize(
    ("text", "search", "says"),
    [
        (TWO, "    return 1", "2 times in a.py, at lines 2, 6"),
        ("a\nb\n", "A", "0 times"),
        ("a\nb\n", "a\nc", "0 times"),
        ("max = 1\n", "ax = 1", "0 times"),
        ("\tif x:\n\t\ty\n", "    if x:\n        y", "0 times"),  # tabs are not spaces
        ("  a\n   b\n", "a\nb", "0 times"),  # not the same shift
        ("  a\n    a\n", "a", "2 times"),
        ("é\n", "e\u0301", "0 times"),
        ("a\n\nb\n", "", "empty"),
        ("a\n", "\ufeffa", "0 times"),
    ],
)
def test_refused(text: str, search: str, says: str) -> None:
    with pytest.raises(EditError, match=says):
        edited(text, search, "new")


def test_the_named_symbol_decides_between_equal_lines() -> None:
    assert edited(TWO, "    return 1", "    return 2", "g") == TWO[:-2] + "2\n"
    with pytest.raises(EditError, match="2 times"):
        edited(TWO, "    return 1", "    return 2", "h")
    with pytest.raises(EditError, match="names f, lines 1 to 2"):
        edited(TWO, "def g():", "def h():", "f")


def test_a_symbol_that_is_there_twice_decides_nothing() -> None:
    with pytest.raises(EditError, match="2 definitions of that name"):
        edited(TWO.replace("g", "f"), "    return 1", "    return 2", "f")


def test_a_miss_shows_what_comes_closest_apart_from_the_message() -> None:
    with pytest.raises(EditError, match="line 6 comes closest") as caught:
        edited("a\nb\nc\nd\ne\ntotal = count + 1\n", "total = counts + 1", "x")
    assert caught.value.excerpt == "    6  total = count + 1"
    assert "total" not in str(caught.value)


def test_blocks_that_share_a_line_are_refused() -> None:
    text = "a\nb\nc\n"
    wanted = [Wanted("block", "a", "", each, ("x",)) for each in (("a", "b"), ("b", "c"), ("c",))]
    matches = [find(each, text) for each in wanted]
    with pytest.raises(EditError, match="line 2"):
        splice(text, matches[:2])
    assert splice(text, [matches[2], matches[0]]) == "x\nx\n"


def test_deleting_keeps_the_bytes_around() -> None:
    def without(text: str, line: str) -> str:
        found = find(Wanted("block", "a", "", (line,), ()), text)
        return splice(text, [Match(found.hunk, found.search, ())])

    assert without("a\r\nb", "b") == "a\r\n"
    assert without("\ufeffa\nb", "a") == "\ufeffb"
    assert without("a", "a") == ""
