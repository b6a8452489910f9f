"""What a line of `assist complete --batch` may say, and which positions it names."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assist_context.documents import Cursor, Document, Snippet
from assist_gateway.cli.batch import LineError, parse_line
from assist_server.errors import UserError
from assist_server.questions.locations import Location, cursor_at_offset, open_document, parse_location


def line(**data: Any) -> bytes:
    return json.dumps(data).encode()


def check(data: dict[str, Any], before: str, after: str) -> None:
    """The line requests a completion at this place of the text."""
    context = parse_line(line(**data), Path("/work")).request.context
    assert (context.before, context.after) == (before, after)


def test_a_cursor_by_line_and_column_or_by_offset() -> None:
    check({"path": "a.py", "text": "ab\ncd", "line": 2, "column": 2}, "ab\nc", "d")
    check({"path": "a.py", "text": "ab\ncd", "offset": 4}, "ab\nc", "d")
    check({"path": "a.py", "text": "😀b", "line": 1, "column": 2}, "😀", "b")
    check({"path": "a.py", "text": "😀b", "offset": 1}, "😀", "b")
    check({"path": "a.py", "text": "", "offset": 0}, "", "")
    check({"path": "a.py", "text": "a\r\nb", "offset": 3}, "a\n", "b")


def test_the_text_is_the_files_where_none_is_given(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"\xef\xbb\xbfx = 1\n")
    item = parse_line(line(id=[1], path="a.py", line=1, column=5), tmp_path)
    assert item.id == [1]
    assert item.request.context.before == "x = "
    assert item.request.context.path == str(tmp_path / "a.py")


def test_what_a_line_may_add() -> None:
    item = parse_line(
        line(path="a.go", text="", offset=0, max_lines=3, manual=True, context=False), Path("/work")
    )
    assert item.id is None
    assert (item.request.max_lines, item.request.manual, item.request.immediate) == (3, True, True)
    assert item.request.context.language.name == "go"


def find_snippets(document: Document, _cursor: Cursor) -> tuple[Document, tuple[Snippet, ...], None]:
    snippet = Snippet("b.py", 1, 1, "def f(): pass\n", "definition")
    return replace(document, path="a.py"), (snippet,), None


@pytest.mark.parametrize(
    ("asked", "shown"), [({}, True), ({"context": True}, True), ({"context": False}, False)]
)
def test_other_files_are_shown_by_default_where_there_is_an_index(
    asked: dict[str, bool], shown: bool
) -> None:
    data = line(path="a.py", text="", offset=0, **asked)
    context = parse_line(data, Path("/work"), find_snippets).request.context
    assert (context.path, len(context.snippets)) == (("a.py", 1) if shown else ("/work/a.py", 0))


@pytest.mark.parametrize(
    ("text", "line_id", "message"),
    [
        (b"{", None, "not JSON"),
        (b"\xff", None, "not JSON"),
        (b"[" * 100_000, None, "not JSON"),
        (b"[1]", None, "not an object"),
        (line(id=1), 1, "path is missing"),
        (line(id=1, path=""), 1, "path is missing"),
        (line(id=1, path=3), 1, "path = 3: use text."),
        (line(id=1, path="a", text="", offset=True), 1, "offset = true: use a whole number."),
        (line(id=1, path="a", text="", offset=1.0), 1, "offset = 1.0"),
        (line(id=1, path="a", text="", offset=1), 1, "use 0 to 0"),
        (line(id=1, path="a", text="ab", offset=-1), 1, "There is no offset -1"),
        (line(id=1, path="a", text="ab", offset=3), 1, "There is no offset 3"),
        (line(id=1, path="a", text="ab"), 1, "The cursor position is missing or ambiguous"),
        (line(id=1, path="a", text="ab", line=1), 1, "The cursor position is missing or ambiguous"),
        (
            line(id=1, path="a", text="ab", line=1, column=1, offset=0),
            1,
            "The cursor position is missing or ambiguous",
        ),
        (line(id=1, path="a", text="ab", line=2, column=1), 1, "which has one line: use 1"),
        (line(id=1, path="a", text="ab", line=0, column=1), 1, "There is no line 0"),
        (line(id=1, path="a", text="ab", offset=0, max_lines=0), 1, "max_lines = 0: use 1 or more"),
        (line(id=1, path="a", text="ab", offset=0, context=1), 1, "context = 1: use true or false."),
        (line(id=1, path="a", text="ab", offset=0, context=True), 1, "has no index: run `assist index`"),
        (line(id=1, path="a", text="a\0b", offset=0), 1, "binary"),
        (line(id=1, path="a\0b", offset=0), 1, "null"),
        (line(id=1, path="absent.py", offset=0), 1, "There is no file /work/absent.py"),
        (line(id={"n": 1}, path="a", lin=1), {"n": 1}, "'lin' is not a key: choose from id, path"),
    ],
)
def test_a_bad_line_is_an_error_with_its_id(text: bytes, line_id: Any, message: str) -> None:
    with pytest.raises(LineError) as caught:
        parse_line(text, Path("/work"))
    assert message in str(caught.value)
    assert caught.value.id == line_id


def test_places_may_hold_colons() -> None:
    assert parse_location(r"C:\src\a.py:3:4") == Location(r"C:\src\a.py", 3, 4)
    with pytest.raises(UserError):
        parse_location("a.py:²:1")  # a digit for Python, but not for people


def test_every_offset_is_a_place() -> None:
    text = "a\r\n\nbc\n"
    document = open_document("a.py", text)
    found = [cursor_at_offset(document, offset) for offset in range(len(text) + 1)]
    assert found[0] == Cursor(0, 0)
    assert found[2] == Cursor(0, 1)  # between "\r" and "\n", which counts as the end of the line
    assert found[3] == Cursor(1, 0)
    assert found[-1] == Cursor(3, 0)
