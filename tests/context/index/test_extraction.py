"""The rows that the text of a file gives."""

import pickle

import pytest

from assist_context.files.blobs import LARGE, decode
from assist_context.index.encoding import unpack_places
from assist_context.index.extraction import LONGEST_LINE, ParsedFile, parse, version

SOURCE = '''\
import os
from a import (
    b,
)


class Outer:
    """Words of a docstring."""

    def method(
        self,
        value: int,
    ) -> int:
        return helper(value)


def helper(x):
    return Outer().method(x)
'''


def places(parsed: ParsedFile) -> list[tuple[str, int, int]]:
    """(name, line, index of the enclosing definition or -1) of all references."""
    return [(name, *each) for name, packed in parsed.references for each in unpack_places(packed)]


def test_a_file_gives_its_rows() -> None:
    parsed = parse("x.py", SOURCE)
    assert parsed.language == "python"
    assert parsed.chunks[-1].end_line == len(SOURCE.splitlines())
    rows = [(each.name, each.parent, each.start_line, each.head_lines) for each in parsed.definitions]
    assert rows == [("Outer", "", 7, 1), ("method", "Outer", 10, 4), ("helper", "", 17, 1)]
    assert ("helper", 14, 1) in places(parsed)
    assert ("method", 18, 2) in places(parsed)
    assert [(each.module, each.names) for each in parsed.imports] == [("os", ()), ("a", ("b",))]
    assert parsed.problem == ""


def test_every_line_is_in_one_chunk() -> None:
    chunks = parse("x.py", SOURCE).chunks
    lines = [line for each in chunks for line in range(each.start_line, each.end_line + 1)]
    assert lines == list(range(1, len(SOURCE.splitlines()) + 1))
    assert [each.name for each in chunks] == ["", "Outer", "Outer.method", "helper"]


def test_chunks_hold_terms_and_no_text() -> None:
    (method,) = [each for each in parse("x.py", SOURCE).chunks if each.name == "Outer.method"]
    assert method.terms.split()[:4] == ["def", "method", "self", "val"]
    assert method.headed.split() == ["def", "method", "self", "val", "int"]


def test_it_crosses_a_process_border() -> None:
    sent = pickle.dumps(parse("x.py", SOURCE))
    assert pickle.loads(sent) == parse("x.py", SOURCE)  # noqa: S301


@pytest.mark.parametrize(
    ("path", "text", "problem"),
    [
        ("a.txt", "words and words\n", "there is no grammar for plaintext"),
        ("a.py", "xx = 1\n" * (LARGE // 7 + 1), "the file is large"),
        ("a.js", "go(1);" * (LONGEST_LINE // 6 + 1), "the file is minified"),
        ("a.js", ("go(1);" * 100 + "\n") * 9, "the file is minified"),
    ],
    ids=["words", "large", "one line", "long lines"],
)
def test_without_an_outline_there_are_chunks_and_a_reason(path: str, text: str, problem: str) -> None:
    parsed = parse(path, text)
    assert parsed.problem == problem
    assert parsed.definitions == ()
    assert parsed.chunks
    assert parsed.chunks[0].terms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "\r",
        "\0",
        "\ud800",
        "def f(:\n" * 500,
        "(" * 5_000,
        "\x0c\u2028a",
        "class A:\r  x=1\r",
        '"""',
        "\ufeffx = 1",
    ],
)
@pytest.mark.parametrize("path", ["a.py", "a.js", "a.json", "a", "a.md"])
def test_whatever_the_text_is_there_is_an_answer(path: str, text: str) -> None:
    parsed = parse(path, text)
    assert isinstance(parsed, ParsedFile)
    assert all(1 <= each.start_line <= each.end_line for each in parsed.chunks)
    assert all(-1 <= inside < len(parsed.definitions) for _, _, inside in places(parsed))


def test_empty_files_have_no_chunks() -> None:
    assert parse("a.py", "").chunks == ()


def test_the_same_name_twice_is_told_apart_by_lines() -> None:
    text = "def f():\n    g()\n\n\ndef f():\n    h()\n"
    references = {name: inside for name, _, inside in places(parse("a.py", text))}
    assert references == {"g": 0, "h": 1}


def test_a_reference_is_in_the_innermost_of_one_name_on_one_line() -> None:
    text = "int f(int a) { g(); } int f(char a) { h(); }\n"
    assert places(parse("a.cpp", text)) == [("g", 1, 0), ("h", 1, 1)]


def test_many_definitions_of_one_name_have_their_own_references() -> None:
    count = 500
    text = "def f():\n    g()\n" * count
    assert places(parse("a.py", text)) == [("g", 2 * at + 2, at) for at in range(count)]


def test_of_many_in_the_same_lines_the_last_names_their_chunk() -> None:
    text = "/* All. */\nconst a = 1,\n  b = 2,\n  c = 3;\nf();\ng();\n"
    assert [(each.start_line, each.name) for each in parse("a.js", text).chunks] == [(1, "c"), (5, "")]


def test_bytes_become_text_without_an_error() -> None:
    assert decode(b"\xef\xbb\xbfa\xff\r\n") == "a\ufffd\r\n"


def test_the_version_holds_still() -> None:
    assert version() == version()
    assert len(version()) == 16
