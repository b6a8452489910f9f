"""What import statements bring in, by language, and how one name is written as a statement."""

import pytest

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_context.syntax.scopes.imports.statements import (
    ImportStatement,
    import_statements,
    read_import,
    write_import,
)
from assist_context.syntax.scopes.parsed_text import ParsedText


def statements(path: str, text: str) -> tuple[ImportStatement, ...]:
    return import_statements(ParsedText(Document(path, split_lines(text), language_of(path))))


CASES = [
    # path, text, name -> the statement that brings in only that one
    (
        "a.py",
        "from .a.b import (c as d, e,)\nimport x.y, z as w\nfrom m import *\nfrom __future__ import annotations\n",
        {
            "d": "from .a.b import c as d",
            "e": "from .a.b import e",
            "x": "import x.y",
            "w": "import z as w",
            "*": "from m import *",
            "annotations": "from __future__ import annotations",
        },
    ),
    ("a.py", "if TYPE_CHECKING:\n    from a import b\ntry:\n    import c\nexcept E:\n    import d as c2\n",
     {"b": "from a import b", "c": "import c", "c2": "import d as c2"}),
    ("a.py", "def f():\n    import a\n\nclass A:\n    import b\n", {}),
    (
        "a.tsx",
        'import type { A } from "./x";\nimport D, { type B, C as E } from "y"\nimport * as ns from "z"\nimport "./s.css"\n',
        {
            "A": 'import type { A } from "./x";',
            "D": 'import D from "y";',
            "B": 'import type { B } from "y";',
            "E": 'import { C as E } from "y";',
            "ns": 'import * as ns from "z";',
        },
    ),
    (
        "a.go",
        'package a\nimport "fmt"\nimport (\n  x "net/http"\n  "gopkg.in/yaml.v3"\n  _ "embed"\n)\n',
        {"fmt": 'import "fmt"', "x": 'import x "net/http"', "yaml": 'import "gopkg.in/yaml.v3"', "_": 'import _ "embed"'},
    ),
    (
        "a.rs",
        "pub use a::b;\nuse std::{fmt, io::{self, Read as R}, x::*};\nuse c;\n",
        {
            "b": "use a::b;",
            "fmt": "use std::fmt;",
            "io": "use std::io;",
            "R": "use std::io::Read as R;",
            "*": "use std::x::*;",
            "c": "use c;",
        },
    ),
    (
        "A.java",
        "package p;\nimport a.b.C;\nimport static a.B.c;\nimport a.*;\n",
        {"C": "import a.b.C;", "c": "import static a.B.c;", "*": "import a.*;"},
    ),
    ("a.py", "from a import (\n", {}),
    ("a.md", "import a\n", {}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "names"), CASES)
def test_each_name_is_found_with_its_module(path: str, text: str, names: dict[str, str]) -> None:
    language = language_of(path)
    found = [each for statement in statements(path, text) for each in statement.names]
    assert {each.name: write_import(each, language) for each in found} == names


@pytest.mark.parametrize(
    ("path", "statement"),
    [(path, statement) for path, _, names in CASES for name, statement in names.items() if name not in "*_"],
)
def test_what_is_written_reads_the_same(path: str, statement: str) -> None:
    language = language_of(path)
    name = read_import(statement, language)
    assert name is not None
    assert write_import(name, language) == statement


def test_a_statement_knows_where_it_is_and_what_it_is_for() -> None:
    first, second = statements("a.ts", 'import { a, b } from "m";\nimport "./s.css";\n')
    assert first.module == "m"
    assert first.listing == (7, 15)
    assert [each.span for each in first.names] == [(9, 10), (12, 13)]
    assert second.shared
    assert second.module == ""
    nested, top = statements("a.py", "try:\n    import a\nexcept E: ...\nimport b\n")
    assert (nested.nested, top.nested) == (True, False)
    assert [each.shared for each in statements("a.rs", "pub use a::b;\nuse c::d;\n")] == [True, False]


def test_several_names_are_not_one() -> None:
    assert read_import("from a import b, c", language_of("a.py")) is None
    assert read_import("x = 1", language_of("a.py")) is None
