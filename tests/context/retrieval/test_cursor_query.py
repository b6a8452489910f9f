"""What the text around a cursor is about."""

import pytest

from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.retrieval.cursor_query import CursorQuery, make_query


def spot(source: str, path: str = "a.py") -> CursorQuery:
    """The query for the cursor at `█`."""
    before, _, after = source.partition("█")
    lines = split_lines(before + after)
    cursor = Cursor(before.count("\n"), len(before.rpartition("\n")[2]))
    return make_query(Document(path, lines, language_of(path)), cursor, path)


@pytest.mark.parametrize(
    ("source", "first"),
    [
        ("x = Client█\n", ("", "Client")),
        ("x = httpx.Client█\n", ("httpx", "Client")),
        ("x = open_it(a, b█\n", ("", "b")),
        ("x = Client  # Server█\n", ("", "Client")),
        ('x = Client("Server█\n', ("", "Server")),
        ("use a::b::Thing█\n", ("b", "Thing")),
    ],
)
def test_the_name_at_the_cursor_comes_first(source: str, first: tuple[str, str]) -> None:
    found = spot(source).names[0]
    assert (found.owner, found.text) == first


def test_the_call_that_is_open_counts_and_so_do_the_headers_around() -> None:
    source = "class A(Base):\n    def f(self, x: Thing):\n\n\n\n\n        make(\n\n\n\n\n            █"
    names = [each.text for each in spot(source).names]
    assert {"make", "Thing", "Base"} <= set(names)


def test_data_has_no_names() -> None:
    assert spot("x = '" + "ab " * 500 + "'\ny█\n").names[0].text == "y"


def test_aliases_are_known_by_their_true_names() -> None:
    assert spot("from a import b as c\nimport d.e as f\n█").aliases == {"c": "b", "f": "e"}


@pytest.mark.parametrize("source", ["█", "\n\n█\n", "((((█", "\x00\ud800█", "'" * 99 + "█"])
def test_anything_is_a_spot(source: str) -> None:
    spot(source)
