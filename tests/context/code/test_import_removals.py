"""What goes with an import that is taken out of a text."""

import pytest

from assist_context.code.import_removals import remove_import
from assist_context.code.import_statements import import_statements
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of


def parse(path: str, text: str) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)))


REMOVED = [
    ("a.py", "import os\nimport re\n", "os", "import re\n"),
    ("a.py", "import a, b\n", "a", "import b\n"),
    ("a.py", '"""Doc."""\n\nimport os\n\n\ndef f(): ...\n', "os", '"""Doc."""\n\n\ndef f(): ...\n'),
    ("a.py", "import a\n\nimport b\n\nimport c\n", "b", "import a\n\nimport c\n"),
    ("a.py", "import a\n\nimport b\n\n\ndef f(): ...\n", "b", "import a\n\n\ndef f(): ...\n"),
    ("a.py", "from m import (\n    a,\n    b\n)\n", "b", "from m import (\n    a,\n)\n"),
    ("a.py", "from m import (a, b,\n    c)\n", "b", "from m import (a, c)\n"),
    ("a.py", "from m import (\n    a,  # why\n    b,\n)\n", "b", "from m import (\n    a,  # why\n)\n"),
    ("a.py", "import a; import b\n", "b", None),
    ("a.ts", 'import d, { a } from "m";\n', "a", 'import d from "m";\n'),
    ("a.ts", 'import d, { a } from "m";\n', "d", 'import { a } from "m";\n'),
    ("a.ts", 'import { a, type B } from "m";\n', "B", 'import { a } from "m";\n'),
    ("a.ts", 'import * as a from "m";\nf();\n', "a", "f();\n"),
    ("a.go", 'package a\n\nimport (\n\t"fmt"\n)\n\nfunc f() {}\n', "fmt", "package a\n\nfunc f() {}\n"),
    ("a.go", 'package a\n\nimport "fmt"\n\nfunc f() {}\n', "fmt", "package a\n\nfunc f() {}\n"),
    ("a.rs", "use a::{B, C, D};\n", "C", "use a::{B, D};\n"),
    ("a.rs", "use a::{B, c::{D, E}};\n", "D", None),
    ("A.java", "package p;\n\nimport a.B;\nimport a.C;\n", "B", "package p;\n\nimport a.C;\n"),
]


@pytest.mark.parametrize(("path", "text", "name", "result"), REMOVED)
def test_an_import_goes_with_what_is_left_over(path: str, text: str, name: str, result: str | None) -> None:
    parsed = parse(path, text)
    [(statement, found)] = [
        (statement, each)
        for statement in import_statements(parsed)
        for each in statement.names
        if each.name == name
    ]
    change = remove_import(parsed, statement, found)
    if change is None:
        assert result is None
        return
    start, end, new = change
    assert (parsed.source.data[:start] + new.encode() + parsed.source.data[end:]).decode() == result
