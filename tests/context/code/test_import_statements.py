"""What import statements bring in, by language."""

import pytest

from assist_context.code.import_statements import ImportedName, ImportStatement, import_statements
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of


def statements(path: str, text: str) -> tuple[ImportStatement, ...]:
    return import_statements(ParsedText(Document(path, split_lines(text), language_of(path))))


def in_words(name: ImportedName) -> str:
    return " ".join(filter(None, (name.original, "of", name.module)))


CASES = [
    # path, text, name -> what it is, and of which module
    (
        "a.py",
        "from .a.b import (c as d, e,)\nimport x.y, z as w\nfrom m import *\nfrom __future__ import annotations\n",
        {
            "d": "c of .a.b",
            "e": "e of .a.b",
            "x": "of x.y",
            "w": "of z",
            "*": "* of m",
            "annotations": "annotations of __future__",
        },
    ),
    ("a.py", "if TYPE_CHECKING:\n    from a import b\ntry:\n    import c\nexcept E:\n    import d as c2\n",
     {"b": "b of a", "c": "of c", "c2": "of d"}),
    ("a.py", "def f():\n    import a\n\nclass A:\n    import b\n", {}),
    (
        "a.tsx",
        'import type { A } from "./x";\nimport D, { type B, C as E } from "y"\nimport * as ns from "z"\nimport "./s.css"\n',
        {
            "A": "A of ./x",
            "D": "default of y",
            "B": "B of y",
            "E": "C of y",
            "ns": "* of z",
        },
    ),
    (
        "a.go",
        'package a\nimport "fmt"\nimport (\n  x "net/http"\n  "gopkg.in/yaml.v3"\n  _ "embed"\n)\n',
        {"fmt": "of fmt", "x": "of net/http", "yaml": "of gopkg.in/yaml.v3", "_": "of embed"},
    ),
    (
        "a.rs",
        "pub use a::b;\nuse std::{fmt, io::{self, Read as R}, x::*};\nuse c;\n",
        {
            "b": "b of a",
            "fmt": "fmt of std",
            "io": "io of std",
            "R": "Read of std::io",
            "*": "* of std::x",
            "c": "c of",
        },
    ),
    (
        "A.java",
        "package p;\nimport a.b.C;\nimport static a.B.c;\nimport a.*;\n",
        {"C": "C of a.b", "c": "c of a.B", "*": "* of a"},
    ),
    ("a.py", "from a import (\n", {}),
    ("a.md", "import a\n", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "names"), CASES)
def test_each_name_is_found_with_its_module(path: str, text: str, names: dict[str, str]) -> None:
    found = [each for statement in statements(path, text) for each in statement.names]
    assert {each.name: in_words(each) for each in found} == names


def test_a_statement_knows_where_it_is() -> None:
    [first, second] = statements("a.ts", 'import { a, b } from "m";\nimport "./s.css";\n')
    assert first.listing == (7, 15)
    assert [each.span for each in first.names] == [(9, 10), (12, 13)]
    assert (second.names, second.span) == ((), (26, 43))
    nested, top = statements("a.py", "try:\n    import a\nexcept E: ...\nimport b\n")
    assert (nested.nested, top.nested) == (True, False)
