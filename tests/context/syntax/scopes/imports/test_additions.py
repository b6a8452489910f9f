"""Where one more import goes: by the statement, the block, the order and the style of the text."""

import pytest

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_context.syntax.scopes.imports.additions import place_import
from assist_context.syntax.scopes.imports.removals import remove_import
from assist_context.syntax.scopes.imports.statements import import_statements, read_import
from assist_context.syntax.scopes.parsed_text import ParsedText


def parse(path: str, text: str) -> ParsedText:
    return ParsedText(Document(path, split_lines(text), language_of(path)))


def add(path: str, text: str, statement: str) -> str | None:
    parsed = parse(path, text)
    wanted = read_import(statement, parsed.document.language)
    assert wanted is not None
    change = place_import(parsed, wanted)
    if change is None:
        return None
    start, end, new = change
    return (parsed.source.data[:start] + new.encode() + parsed.source.data[end:]).decode()


TABLE = [
    # path, text, the import, the text with it
    # In a statement that is there.
    ("a.py", "from m import b, d\n", "from m import c", "from m import b, c, d\n"),
    ("a.py", "from m import b\n", "from m import c as x", "from m import b, c as x\n"),
    ("a.py", "from m import B, a\n", "from m import C", "from m import B, C, a\n"),
    ("a.py", "from m import a, B\n", "from m import C", "from m import a, B, C\n"),
    ("a.py", "from m import z, a\n", "from m import b", "from m import z, a, b\n"),
    ("a.py", "from m import (\n    a,\n    c,\n)\n", "from m import b", "from m import (\n    a,\n    b,\n    c,\n)\n"),
    ("a.py", "from m import (\n    a,\n    b\n)\n", "from m import c", "from m import (\n    a,\n    b,\n    c\n)\n"),
    ("a.py", "from m import a\nfrom m import b\n", "from m import c", "from m import a\nfrom m import b\nfrom m import c\n"),
    (
        "a.py",
        f"from m import {'a' * 40}, {'b' * 30}\n",
        "from m import c",
        f"from m import (\n    {'a' * 40},\n    {'b' * 30},\n    c,\n)\n",
    ),
    ("a.ts", 'import { a, c } from "m";\n', 'import { b } from "m";', 'import { a, b, c } from "m";\n'),
    ("a.ts", 'import d from "m";\n', 'import { b } from "m";', 'import d, { b } from "m";\n'),
    ("a.ts", 'import { b } from "m";\n', 'import d from "m";', 'import d, { b } from "m";\n'),
    ("a.ts", 'import { b } from "m";\n', 'import type { T } from "m";', 'import { b, type T } from "m";\n'),
    ("a.ts", 'import type { B } from "m";\n', 'import type { T } from "m";', 'import type { B, T } from "m";\n'),
    (
        "a.ts",
        'import type { B } from "m";\n',
        'import { f } from "m";',
        'import type { B } from "m";\nimport { f } from "m";\n',
    ),
    ("a.rs", "use a::{B, D};\n", "use a::C;", "use a::{B, C, D};\n"),
    ("a.rs", "use a::B;\n", "use a::A;", "use a::{A, B};\n"),
    # In a block.
    ("a.py", "import a\nimport c\n", "import b", "import a\nimport b\nimport c\n"),
    ("a.py", "import b\nfrom a import x\n", "import c", "import b\nimport c\nfrom a import x\n"),
    ("a.py", "from a import x\nimport b\nfrom c import y\n", "import d", "from a import x\nimport b\nfrom c import y\nimport d\n"),
    ("a.py", "import os\n\nimport x\n", "import re", "import os\nimport re\n\nimport x\n"),
    ("a.py", "import os\n\nimport x\n\nfrom . import y\n", "from .z import z", "import os\n\nimport x\n\nfrom . import y\nfrom .z import z\n"),
    ("a.py", "from .. import a\nfrom .b import c\n", "from ..d import e", "from .. import a\nfrom ..d import e\nfrom .b import c\n"),
    ("a.py", "import x\n\nx()\n", "import os", "import os\n\nimport x\n\nx()\n"),
    ("a.py", "import os\n\nos()\n", "from .a import b", "import os\n\nfrom .a import b\n\nos()\n"),
    ("a.py", "import shop.a\n\nimport x\n", "from shop.b import c", "import shop.a\nfrom shop.b import c\n\nimport x\n"),
    ("a.py", "from __future__ import annotations\n\nx = 1\n", "import os", "from __future__ import annotations\n\nimport os\n\nx = 1\n"),
    ("a.py", "import z\nimport a\nimport m\n", "import b", "import z\nimport a\nimport m\nimport b\n"),
    ("a.ts", "import a from 'a'\nimport b from './b'\n", 'import { c } from "c";', "import a from 'a'\nimport { c } from 'c'\nimport b from './b'\n"),
    ("a.ts", "import a from 'a'\nimport b from './b'\n", 'import { c } from "./c";', "import a from 'a'\nimport b from './b'\nimport { c } from './c'\n"),
    ("a.ts", "import {a} from 'a';\n", 'import { c } from "./c";', "import {a} from 'a';\nimport {c} from './c';\n"),
    ("a.go", 'package a\n\nimport "fmt"\n', 'import "os"', 'package a\n\nimport (\n\t"fmt"\n\t"os"\n)\n'),
    ("a.go", 'package a\n\nimport (\n\t"fmt"\n)\n', 'import "x.org/y"', 'package a\n\nimport (\n\t"fmt"\n\n\t"x.org/y"\n)\n'),
    ("a.go", 'package a\n\nimport (\n\t"x.org/y"\n)\n', 'import "fmt"', 'package a\n\nimport (\n\t"fmt"\n\n\t"x.org/y"\n)\n'),
    ("a.rs", "use std::fmt;\n\nuse crate::x::Y;\n", "use crate::a::B;", "use std::fmt;\n\nuse crate::a::B;\nuse crate::x::Y;\n"),
    ("A.java", "package p;\n\nimport a.B;\nimport a.D;\n", "import a.C;", "package p;\n\nimport a.B;\nimport a.C;\nimport a.D;\n"),
    # The first import.
    ("a.py", "x = 1\n", "import os", "import os\n\nx = 1\n"),
    ("a.py", "def f():\n    pass\n", "import os", "import os\n\n\ndef f():\n    pass\n"),
    ("a.py", '#!/bin/x\n"""Doc\nmore.\n"""\n\n\ndef f(): ...\n', "import os", '#!/bin/x\n"""Doc\nmore.\n"""\n\nimport os\n\n\ndef f(): ...\n'),
    ("a.ts", "'use client';\n\nf();\n", 'import { a } from "./a";', "'use client';\n\nimport { a } from './a';\n\nf();\n"),
    ("a.go", "package a\n\nfunc f() {}\n", 'import "fmt"', 'package a\n\nimport "fmt"\n\nfunc f() {}\n'),
    ("A.java", "package p;\n\nclass A {}\n", "import a.B;", "package p;\n\nimport a.B;\n\nclass A {}\n"),
    # Odd texts.
    ("a.py", "import a\r\nimport c\r\n", "import b", "import a\r\nimport b\r\nimport c\r\n"),
    ("a.py", "# é😀\nimport a", "import b", "# é😀\nimport a\nimport b"),
    ("a.py", "", "import b", "import b\n"),
    ("a.py", "try:\n    import a\nexcept E:\n    pass\n", "import b", "import b\n\ntry:\n    import a\nexcept E:\n    pass\n"),
    ("a.py", "import a\n\n" + "x = 1\n" * 9 + "import z\n", "import y", "import a\nimport y\n\n" + "x = 1\n" * 9 + "import z\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "statement", "result"), TABLE)
def test_an_import_goes_where_the_text_would_have_it(
    path: str, text: str, statement: str, result: str
) -> None:
    assert add(path, text, statement) == result


@pytest.mark.parametrize(("path", "text", "statement", "result"), TABLE)
def test_the_text_then_imports_the_name(path: str, text: str, statement: str, result: str) -> None:
    wanted = read_import(statement, language_of(path))
    assert wanted is not None
    names = [each for found in import_statements(parse(path, result)) for each in found.names]
    assert [(each.module, each.original) for each in names if each.name == wanted.name] == [
        (wanted.module, wanted.original)
    ]


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
