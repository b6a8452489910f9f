"""The tree of a text: that of a fresh parse, also when it is made from the tree of another text."""

import pytest

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

PYTHON = "def one(a):\n    return f'{a} é'\n\n\ndef two(b):\n    return one(b)\n"
GO = "package a\n\nfunc One(a int) int {\n\treturn a\n}\n"


def parsed(path: str, text: str, near: ParsedText | None = None) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)), near)


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("a.py", PYTHON, PYTHON.replace("one(b)", "one(b, 'ü')")),
        ("a.py", PYTHON, PYTHON.replace("def two(b):\n", "def two(b):\n    '''Wörds'''\n")),
        ("a.py", PYTHON, PYTHON.replace("    return f'{a} é'\n", "    pass\n")),
        ("a.py", PYTHON, ""),
        ("a.py", "", PYTHON),
        ("a.py", PYTHON, PYTHON),
        ("a.py", PYTHON.replace("\n", "\r\n"), PYTHON.replace("two", "three").replace("\n", "\r\n")),
        ("a.py", PYTHON.replace("\n", "\r"), PYTHON.replace("two", "three").replace("\n", "\r")),
        ("a.go", GO, GO.replace("a int)", "a, b int)")),
        ("a.ts", "let a = 1;\n", "let a = `1`;\n"),
    ],
)
def test_a_tree_made_from_another_one_is_that_of_a_fresh_parse(path: str, old: str, new: str) -> None:
    fresh = parsed(path, new)
    before = parsed(path, old)
    kept = str(before.root)
    made = parsed(path, new, before)
    assert (str(made.root), str(before.root)) == (str(fresh.root), kept)
    if fresh.root is not None and made.root is not None:
        assert made.root.end_point == fresh.root.end_point


def test_a_tree_of_another_language_is_no_help() -> None:
    assert str(parsed("a.go", GO, parsed("a.py", PYTHON)).root) == str(parsed("a.go", GO).root)


def test_a_text_without_a_grammar_has_no_tree() -> None:
    assert parsed("a.txt", "words\n", parsed("b.txt", "word\n")).root is None
