"""Open documents follow any sequence of edits, in any encoding, with any kind of line end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_context.documents import Cursor, split_lines
from assist_server.workspace.documents import Edit, OpenDocument, get_name, get_path, to_column, to_units

TEXT = st.lists(
    st.sampled_from(["a", "b", "\n", "\r\n", "\r", "😀", "é", "e\u0301", "\x0c", "\u2028", "\t"])
).map("".join)
PLACE = st.tuples(st.integers(0, 6), st.integers(0, 8))
ENCODING = st.sampled_from(["utf-8", "utf-16", "utf-32"])


def make_document(text: str, encoding: str = "utf-16") -> OpenDocument:
    return OpenDocument("file:///a.py", "/a.py", "python", 1, list(split_lines(text)), encoding)


def offset(document: OpenDocument, place: tuple[int, int]) -> int:
    cursor = document.cursor(*place)
    return sum(map(len, document.lines[: cursor.line])) + cursor.column


@given(TEXT, st.lists(st.tuples(TEXT, PLACE, PLACE), max_size=5), ENCODING)
def test_edits_in_lines_are_edits_in_text(text: str, edits: list, encoding: str) -> None:
    document = make_document(text, encoding)
    for version, (fresh, start, end) in enumerate(edits, 2):
        reference = make_document(text, encoding)
        low, high = sorted((offset(reference, start), offset(reference, end)))
        text = text[:low] + fresh + text[high:]
        assert document.apply(version, [Edit(fresh, start, end)])
        assert tuple(document.lines) == split_lines(text)


@given(TEXT, ENCODING, st.integers(-3, 40))
def test_columns_round_trip(line: str, encoding: str, units: int) -> None:
    column = to_column(line, units, encoding)
    assert 0 <= column <= len(line.rstrip("\r\n"))
    assert to_column(line, to_units(line, column, encoding), encoding) == column


@pytest.mark.parametrize(
    ("encoding", "units", "column"),
    [("utf-16", 3, 2), ("utf-16", 2, 1), ("utf-8", 5, 2), ("utf-8", 3, 1), ("utf-32", 2, 2)],
)
def test_an_emoji_counts_as_the_editor_counts_it(encoding: str, units: int, column: int) -> None:
    assert to_column("a😀b", units, encoding) == column


def test_a_lone_surrogate_is_kept() -> None:
    document = make_document("a\ud800b\n")
    assert document.cursor(0, 2) == Cursor(0, 2)
    assert document.apply(2, [Edit("x", (0, 2), (0, 2))])
    assert document.lines[0] == "a\ud800xb\n"


def test_an_old_version_changes_nothing() -> None:
    document = make_document("a\n")
    assert document.apply(5, [Edit("b", (0, 0), (0, 0))])
    assert not document.apply(5, [Edit("c", (0, 0), (0, 0))])
    assert not document.apply(3, [Edit("c")])
    assert "".join(document.lines) == "ba\n"


def test_a_whole_new_text() -> None:
    document = make_document("a\r\nb")
    assert document.end_of_line() == "\r\n"
    document.apply(2, [Edit("x\ny")])
    assert document.end_of_line() == "\n"
    assert document.to_document().text == "x\ny"


def test_positions_outside_are_the_nearest_end() -> None:
    document = make_document("ab\r\ncd")
    assert document.cursor(0, 99) == Cursor(0, 2)
    assert document.cursor(99, 0) == Cursor(1, 2)
    assert document.cursor(-1, -1) == Cursor(0, 0)


ELSEWHERE = [
    "git:/home/a.py?ref=HEAD",
    "git:/home/a.py",
    "vscode-remote://ssh-remote+prod/home/a.py",
    "vscode-notebook-cell:/home/a.ipynb#W0",
    "vscode-scm:/home/input",
    "http://evil.example/home/a.py",
    "output:/home/a.py",
    "comment:///home/a.py",
    "zipfile:///home/a.zip::x.py",
    "term:///home//12:sh",
]


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/a%20b.py", "/home/a b.py"),
        ("file:///c%3A/x.py", "c:/x.py"),
        ("FILE:///home/a.py", "/home/a.py"),
        ("file:/home/a.py", "/home/a.py"),
        ("file://localhost/home/a.py", "/home/a.py"),
        ("untitled:/home/new.py", "/home/new.py"),
        ("untitled:Untitled-1", ""),
        ("file://other/home/a.py", ""),
        ("file:///home/a.py?ref=HEAD", ""),
        ("file:///home/a.py#1", ""),
        ("file:///home/a%00.py", ""),
        ("file:///home/caf%E9.py", "/home/caf\udce9.py"),
        ("file:///home/caf%C3%A9é.py", "/home/caféé.py"),
        ("file:///home/a%09b.py", "/home/a\tb.py"),
        ("file:///home/a b.py", "/home/a b.py"),
        # What would be deleted: another file would be judged.
        *((f"file:///home/a{character}b.py", "") for character in "\0\t\n\r\x1f\udce9\ud800"),
        *((f"{character}file:///home/a.py", "") for character in " \t\x1b"),
        ("file:home/a.py", ""),
        ("file:", ""),
        ("file://[x/home/a.py", ""),
        ("/home/a.py", ""),
        ("nonsense", ""),
        ("", ""),
        *((uri, "") for uri in ELSEWHERE),
    ],
)
def test_paths(uri: str, path: str) -> None:
    assert get_path(uri) == path


@pytest.mark.parametrize(
    ("uri", "name"),
    [("untitled:Untitled-1", "Untitled-1"), ("file://[x/a.py", "a.py"), ("nonsense", "nonsense"), ("", "")],
)
def test_names(uri: str, name: str) -> None:
    assert get_name(uri) == name
