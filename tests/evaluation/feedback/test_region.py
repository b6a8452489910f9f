"""The place of a text is followed through the edits of its document."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_evaluation.feedback.region import (
    Region,
    Replacement,
    follow,
    region_at,
    shorten,
)
from assist_server.workspace.documents import Edit, OpenDocument, Place, after, text_between

LETTERS = "ab \n\r"


def marked(source: str) -> tuple[str, Place, Place]:
    """The text, and the two places that are marked with | in it."""
    first, middle, last = source.split("|")
    begin = after((0, 0), first)
    return first + middle + last, begin, after(begin, middle)


def followed(source: str, edit: str, new: str) -> tuple[str, str]:
    """Both are the same text: the first with the region marked, the second with what becomes `new`.

    It gives the region's text after the edit, and the whole text.
    """
    text, begin, end = marked(source)
    same, start, stop = marked(edit)
    assert text == same
    document = OpenDocument("u", "a.py", "python", 1, text.splitlines(keepends=True) or [""], "utf-32")
    wanted = text_between(document.lines, begin, end)
    regions = [Region(begin, end)]

    def foresee(first: object, last: object, put: str) -> None:
        old = text_between(document.lines, start, stop)
        regions.append(follow(regions[-1], shorten(Replacement(start, stop, old, put)), wanted))

    document.apply(2, [Edit(new, start, stop)], foresee)
    return text_between(document.lines, regions[-1].begin, regions[-1].end), "".join(document.lines)


@pytest.mark.parametrize(
    ("source", "edit", "new", "left"),
    [
        # elsewhere
        ("x = |f(a)|\ny\n", "||x = f(a)\ny\n", "import b\n\n", "f(a)"),
        ("x = |f(a)|\ny\n", "|x = |f(a)\ny\n", "", "f(a)"),
        ("a\nb\nx = |f(a)|\n", "a\n|b\n|x = f(a)\n", "", "f(a)"),
        ("x = |f(a)|\ny\n", "x = f(a)\n|y|\n", "zzz", "f(a)"),
        # at its borders
        ("x = |f(a)|\n", "x = ||f(a)\n", "not ", "f(a)"),
        ("x = |f(a)|\n", "x = f(a)||\n", " + 1", "f(a)"),
        ("x = |f(a)|\n", "x = f(a)||\n", "\ny = 2", "f(a)"),
        # inside of it
        ("x = |f(a)|\n", "x = f(|a|)\n", "b, c", "f(b, c)"),
        ("x = |f(\n  a)|\n", "x = f(\n||  a)\n", "# all\n", "f(\n# all\n  a)"),
        ("x = |f(a)|\n", "x = f(|a)|\n", "", "f("),
        ("x = |f(a)|\n", "x =| f(|a)\n", "", "a)"),
        # all of it
        ("x = |f(a)|\n", "x = |f(a)|\n", "", ""),
        ("x = |f(a)|\ny = f(a)\n", "|x = f(a)\n|y = f(a)\n", "", ""),
        ("x = |f(a)|\n", "|x = f(a)\n|", "x = f( a )\n", "f( a )"),
        ("x = |f(a)|; y\n", "|x = f(a)|; y\n", "import b\nx = f(\n    a\n);", "f(\n    a\n)"),
        ("x = |f(a)|\n", "x = |f(a)|\n", "g(b)", "g(b)"),
        ("x = |f(a)|\n", "x = |f(a)|\n", "y" * 300, ""),
        # its beginning, with what is before it: an editor that compares only whole texts sends that
        ("x = |f(a)|\n", "|x = f(a)\n|", "import b\nx = f(\n    a\n)\n", "import b\nx = f(\n    a\n)"),
        ("x = |f(a)|\n", "|x = f(a)\n|", "y" * 300 + "\nx = f( a)\n", "y" * 196 + "\nx = f( a)"),
    ],
)
def test_what_is_left_of_a_text_after_an_edit(source: str, edit: str, new: str, left: str) -> None:
    found, whole = followed(source, edit, new)
    assert found == left, whole


def test_a_text_that_was_taken_back_is_nowhere_until_it_is_put_back() -> None:
    gone = follow(Region((0, 4), (0, 8)), Replacement((0, 4), (0, 8), "f(a)", ""), "f(a)")
    assert gone == Region((0, 4), (0, 4))
    other = follow(gone, Replacement((0, 4), (0, 4), "", "g"), "f(a)")
    assert other.begin == other.end
    assert follow(gone, Replacement((0, 4), (0, 4), "", "f(a)"), "f(a)") == Region((0, 4), (0, 8))


def test_of_a_text_that_was_changed_what_is_left_is_found_in_a_new_document() -> None:
    edit = Replacement((0, 0), (1, 0), "x = f(b); y\n", "import c\nx = f( b ); z\n")
    assert follow(Region((0, 4), (0, 8)), shorten(edit), "f(a)") == Region((1, 4), (1, 10))


def test_a_text_is_taken_only_where_it_should_begin() -> None:
    lines = ["f(a)\n", "x = f(a)\n"]
    assert region_at(lines, (1, 4), "f(a)") == Region((1, 4), (1, 8))
    assert region_at(lines, (1, 0), "f(a)") is None
    assert region_at(lines, (7, 0), "f(a)") is None
    assert region_at(["x = f(\r\n", "  a)"], (0, 4), "f(\n  a)") == Region((0, 4), (1, 4))


texts = st.text(LETTERS, max_size=12)


@given(texts, texts, texts, texts)
def test_a_shortened_edit_changes_the_same(head: str, old: str, new: str, tail: str) -> None:
    before = head + old + tail
    edit = Replacement(after((0, 0), head), after((0, 0), head + old), old, new)
    short = shorten(edit)
    assert len(short.old) <= len(edit.old)
    at = len(head) + old.find(short.old, 0) if short.old else None
    if at is None:
        assert len(short.new) == len(new) - len(old)
    else:
        assert before[: len(head)] + new + tail in {
            head + old[:cut] + short.new + old[cut + len(short.old) :] + tail
            for cut in range(len(old) - len(short.old) + 1)
        }


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 8), st.text("ab\n", max_size=6)), max_size=12))
def test_edits_elsewhere_never_change_the_text_of_a_region(edits: list[tuple[int, int, str]]) -> None:
    wanted = "<kept\nhere>"
    document = OpenDocument("u", "a.py", "", 1, ["one\n", "two <kept\n", "here> three\n", "four"], "utf-32")
    region = Region((1, 4), (2, 5))

    def foresee(start: object, end: object, new: str) -> None:
        nonlocal region
        first = (start.line, start.column)  # type: ignore[attr-defined]
        last = (end.line, end.column)  # type: ignore[attr-defined]
        edit = Replacement(first, last, text_between(document.lines, first, last), new)
        region = follow(region, shorten(edit), wanted)

    for version, (at, length, new) in enumerate(edits, 2):
        text = "".join(document.lines)
        begin = text.index(wanted)
        spot = at % (len(text) + 1)
        stop = min(spot + length, len(text))
        if stop > begin and spot < begin + len(wanted):
            continue
        document.apply(version, [Edit(new, after((0, 0), text[:spot]), after((0, 0), text[:stop]))], foresee)
        assert text_between(document.lines, region.begin, region.end) == wanted


# Without "\r": one that meets a "\n" later is a line less, and no editor edits like that.
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20), st.text("ab \n", max_size=12)), max_size=12)
)
def test_a_region_stays_in_its_document_whatever_is_edited(edits: list[tuple[int, int, str]]) -> None:
    document = OpenDocument("u", "a.py", "", 1, ["a b\n", "ab ab\n", "b"], "utf-32")
    region = Region((1, 0), (1, 5))

    def foresee(start: object, end: object, new: str) -> None:
        nonlocal region
        first = (start.line, start.column)  # type: ignore[attr-defined]
        last = (end.line, end.column)  # type: ignore[attr-defined]
        edit = Replacement(first, last, text_between(document.lines, first, last), new)
        region = follow(region, shorten(edit), "ab ab")

    for version, (at, length, new) in enumerate(edits, 2):
        text = "".join(document.lines)
        spot = at % (len(text) + 1)
        document.apply(
            version,
            [Edit(new, after((0, 0), text[:spot]), after((0, 0), text[: spot + length]))],
            foresee,
        )
        assert region.begin <= region.end
        assert region.end[0] < len(document.lines)
        assert region.end[1] <= len(document.lines[region.end[0]])
