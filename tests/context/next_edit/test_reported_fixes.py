"""Fixes that another tool's report names: which messages are understood, and when the document decides."""

from dataclasses import replace

import pytest

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_context.next_edit.kinds.reported_fixes import find_reported_fixes
from assist_context.next_edit.offer import EditHunk, Offer, Report, Situation


class NoFiles:
    def using(self, *_: object) -> list[Document]:
        return []


def offers(path: str, text: str, *reports: Report, hunk: EditHunk | None = None) -> list[Offer]:
    document = Document(path, split_lines(text), language_of(path))
    hunk = hunk or EditHunk(path, 0, ("\n",), document.lines[:1])
    seen = Situation(
        document, replace(document, lines=("",)), Cursor(0, 0), (hunk,), ParsedText, NoFiles(), reports
    )
    return list(find_reported_fixes(seen))


def report(marked: str, message: str, source: str = "") -> tuple[str, Report]:
    """A text whose reported part is between `«` and `»`, and the report."""
    head, _, rest = marked.partition("«")
    covered, _, tail = rest.partition("»")
    line, column = head.count("\n"), len(head.rpartition("\n")[2])
    ends = Cursor(line, column), Cursor(line, column + len(covered))
    return head + covered + tail, Report(*ends, message, source)


def fix(path: str, marked: str, message: str, source: str = "") -> str | None:
    """The text after the first change of the only offer."""
    text, found = report(marked, message, source)
    [offer] = offers(path, text, found) or [None]
    if offer is None:
        return None
    change = offer.changes[0]
    parsed = ParsedText(Document(path, split_lines(text), language_of(path)))
    start, end = parsed.byte(change.start), parsed.byte(change.end)
    data = text.encode()
    return (data[:start] + change.text.encode() + data[end:]).decode()


FIXES = [
    # A name that the message names replaces the reported one.
    ("a.ts", "ts", "«totl»()", "Cannot find name 'totl'. Did you mean 'total'?", "total()"),
    (
        "a.ts",
        "typescript",
        "cart.«totl»()",
        "Property 'totl' does not exist on type 'Cart<\"a\", 'b'>'. Did you mean 'total'?",
        "cart.total()",
    ),
    (
        "a.ts",
        "ts",
        "f({ «widht»: 1 })",
        "Object literal may only specify known properties, but 'widht' does not exist in type 'Size'."
        " Did you mean to write 'width'?",
        "f({ width: 1 })",
    ),
    (
        "a.ts",
        "ts",
        'import { «prase» } from "./m"',
        "'\"./m\"' has no exported member named 'prase'. Did you mean 'parse'?",
        'import { parse } from "./m"',
    ),
    (
        "a.rs",
        "rustc",
        "f(«totl»);",
        "cannot find value `totl` in this scope\nhelp: a local variable with a similar name exists: `total`",
        "f(total);",
    ),
    ("a.rs", "rust-analyzer", "«totl»();", "a function with a similar name exists: `total`", "total();"),
    (
        "a.rs",
        "rustc",
        "x.«pus»(1);",
        "no method named `pus` found for struct `Vec<_>`\nhelp: there is a method `push` with a similar name",
        "x.push(1);",
    ),
    ("a.py", "mypy", "«self.totl»()", '"Cart" has no attribute "totl"; maybe "total"?  [attr-defined]', "self.total()"),
    ("a.py", "mypy", "import m\n«m.prase»\n", 'Module has no attribute "prase"; maybe "parse"?', "import m\nm.parse\n"),
    (
        "a.py",
        "mypy",
        "f(«siez»=1)",
        'Unexpected keyword argument "siez" for "f"; did you mean "size"?  [call-arg]',
        "f(size=1)",
    ),
    ("a.py", "Pyright", "«totl»", '"totl" is not defined. Did you mean "total"?', "total"),
    ("a.py", "Ruff", "x: «List»[int]", "Use `list` instead of `List` for type annotation", "x: list[int]"),
    ("a.py", "pylint", "«m.prase»()", "Module 'm' has no 'prase' member; maybe 'parse'?", "m.parse()"),
    (
        "a.go",
        "compiler",
        "package a\nfunc f() { x.«close»() }",
        "x.close undefined (type T has no field or method close, but does have method Close)",
        "package a\nfunc f() { x.Close() }",
    ),
    ("a.cpp", "clang", "«pirntf»(1);", "use of undeclared identifier 'pirntf'; did you mean 'printf'?", "printf(1);"),
    ("a.c", "gcc", "«pirntf»(1);", "‘pirntf’ undeclared (first use in this function); did you mean ‘printf’?", "printf(1);"),
    ("a.cpp", "", "x.«siez»;", "no member named 'siez' in 'std::vector<int>'; did you mean 'size'?", "x.size;"),
    # An import that is not used goes.
    ("a.py", "Ruff", "import «os»\n\nx = 1\n", "`os` imported but unused", "x = 1\n"),
    ("a.py", "ruff", "from a import b, «c»\n\nb\n", "`a.c` imported but unused\nhelp: Remove unused import: `a.c`", "from a import b\n\nb\n"),
    ("a.py", "Pylance", "import «os»\nx = 1\n", 'Import "os" is not accessed', "x = 1\n"),
    ("a.py", "pylint", "from a import b, «c»\n", "Unused c imported from a", "from a import b\n"),
    ("a.ts", "ts", 'import { a, «b» } from "c";\na();\n', "'b' is declared but its value is never read.", 'import { a } from "c";\na();\n'),
    ("a.ts", "eslint", 'import { «b» } from "c";\na();\n', "'b' is defined but never used.", "a();\n"),
    ("a.go", "compiler", 'package a\n\nimport (\n\t"fmt"\n\t«"os"»\n)\n', '"os" imported and not used', 'package a\n\nimport (\n\t"fmt"\n)\n'),
    ("a.rs", "rustc", "use std::fmt;\nuse «a::B»;\n", "unused import: `a::B`", "use std::fmt;\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "source", "marked", "message", "result"), FIXES)
def test_what_a_message_says_is_done(path: str, source: str, marked: str, message: str, result: str) -> None:
    assert fix(path, marked, message, source) == result


QUIET = [
    ("a.ts", "ts", "«total»()", "Cannot find name 'totl'. Did you mean 'total'?"),  # it was fixed already
    ("a.ts", "ts", "«tot»l()", "Cannot find name 'totl'. Did you mean 'total'?"),
    ("a.ts", "ts", "«totl»()", "Cannot find name 'totl'."),
    ("a.ts", "ts", "«totl»()", "Cannot find name 'totl'. Did you mean the instance member 'this.total'?"),
    ("a.ts", "ts", "«totl»()", "Cannot find name 'totl'. Did you mean '\"total\"'?"),
    ("a.ts", "spelling", "«totl»()", "Cannot find name 'totl'. Did you mean 'total'?"),  # another tool
    ("a.rs", "rustc", "f(«a.b»);", "help: a local variable with a similar name exists: `total`"),
    ("a.py", "mypy", "«x.totl().y»", '"Cart" has no attribute "totl"; maybe "total"?'),
    ("a.ts", "ts", "const «b» = 1;\n", "'b' is declared but its value is never read."),  # no import
    ("a.py", "ruff", "try:\n    import «os»\nexcept E:\n    pass\n", "`os` imported but unused"),
]


@pytest.mark.parametrize(("path", "source", "marked", "message"), QUIET)
def test_no_fix_is_offered(path: str, source: str, marked: str, message: str) -> None:
    assert fix(path, marked, message, source) is None


def test_a_report_outside_of_the_document_is_ignored() -> None:
    lost = Report(Cursor(9, 0), Cursor(9, 4), "Cannot find name 'totl'. Did you mean 'total'?", "ts")
    several = replace(lost, start=Cursor(0, 0))
    assert offers("a.ts", "totl\n", lost, several) == []


def test_the_places_of_one_name_are_one_chain_that_begins_below_the_edit() -> None:
    text = "totl()\n" * 3
    message = "Cannot find name 'totl'. Did you mean 'total'?"
    reports = [Report(Cursor(line, 0), Cursor(line, 4), message, "ts") for line in (2, 0, 1)]
    hunk = EditHunk("a.ts", 1, ("total()\n",), ("totl()\n",))
    [offer] = offers("a.ts", text, *reports, *reports, hunk=hunk)
    assert [each.start.line for each in offer.changes] == [1, 2, 0]
    assert offer.kind == "report"
    assert offer.features["written"] == 1


def test_the_features_say_whether_the_edit_renamed_the_name() -> None:
    text, found = report(
        "x.«old»()\n", "Property 'old' does not exist on type 'T'. Did you mean 'new'?", "ts"
    )
    renamed = EditHunk("a.ts", 0, ("old() {}\n",), ("new() {}\n",))
    [offer] = offers("a.ts", text, found, hunk=renamed)
    assert offer.features["renamed"] == 1
    assert offer.features["written"] == 0
    assert offer.features["examples"] > 0
