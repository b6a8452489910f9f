"""Where recorded tests go in a file of Rust's: into its module of tests, or after the tests at its top.

This module reads texts, and runs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_runner.characterization_tests.calls import RecordedCall
from assist_runner.characterization_tests.language import PlacedTests, RecordingContext
from assist_runner.characterization_tests.rust.rust_items import attributes_of
from assist_runner.characterization_tests.rust.text import (
    module_name,
    rust_tests,
    test_functions,
    test_imports,
)

ALL = "*"  # in place of names of tests: all of the crate's own, of which many are made by macros


@dataclass(frozen=True, slots=True)
class _TestModule:
    """A block with tests: its path from the file, its node, its tests, and those of them about a name."""

    path: tuple[str, ...]
    node: tree_sitter.Node
    tests: tuple[tree_sitter.Node, ...]
    own: tuple[tree_sitter.Node, ...]


def placed_tests(text: str, calls: Sequence[RecordedCall], material: RecordingContext) -> PlacedTests:
    """The file with the tests in it: in the module with most tests of the same code, else in a new one."""
    parsed = ParsedText(Document("a.rs", split_lines(text), language_of("a.rs")))
    name = re.escape(material.subject.short)
    modules = list(_modules(parsed.root, (), re.compile(rf"\b{name}\b"))) if parsed.root is not None else []
    home = max(modules, key=lambda row: (len(row.own), len(row.tests)), default=None)
    wanted = test_imports(calls)
    if home is None or (wanted and not home.path):  # what tests need alone does not belong to the top
        module = module_name(material.head)
        names = tuple(f"{module}::{call.test}" for call in calls)
        after = f"{text.rstrip()}\n\n{rust_tests(calls, material.head)}"
        return PlacedTests(material.place, after, names, (ALL,))
    last = (home.own or home.tests)[-1]
    indent = " " * last.start_point[1]
    data = text.encode()
    functions = "".join(
        "\n\n" + "\n".join(f"{indent}{line}" if line else "" for line in function.split("\n"))
        for function in test_functions(calls)
    )
    data = data[: last.end_byte] + functions.encode() + data[last.end_byte :]
    inner = node_text(home.node)
    if home.path and not _reaches_all(inner):
        wanted.insert(0, "use super::*;")
    missing = [line for line in wanted if " ".join(line.split()) not in " ".join(inner.split())]
    if missing:
        at, before = _place_of_imports(home)
        lines = "".join(f"{indent}{line}\n" for part in missing for line in part.split("\n"))
        data = data[:at] + before.encode() + lines.encode() + data[at:]
    path = home.path or ("self",)
    names = tuple("::".join((*path, call.test)) for call in calls)
    return PlacedTests(material.place, data.decode(), names, (ALL,))


def _modules(node: tree_sitter.Node, path: tuple[str, ...], name: re.Pattern[str]) -> Iterator[_TestModule]:
    tests = [
        child
        for child in node.named_children
        if child.type == "function_item" and "test" in attributes_of(child)
    ]
    if tests:
        yield _TestModule(
            path, node, tuple(tests), tuple(test for test in tests if name.search(node_text(test)))
        )
    for child in node.named_children:
        body = child.child_by_field_name("body")
        if child.type == "mod_item" and body is not None:
            yield from _modules(body, (*path, node_text(child.child_by_field_name("name"))), name)


def _reaches_all(module: str) -> bool:
    """Whether a module takes all names of the one above it."""
    return re.search(r"\buse\s+super::\*\s*;|\buse\s+super::\{[^}]*\*", module) is not None


def _place_of_imports(home: _TestModule) -> tuple[int, str]:
    """The byte of the line after the last import of a block, and what has to come before a new one."""
    uses = [
        child
        for child in home.node.named_children
        if child.type in ("use_declaration", "extern_crate_declaration")
    ]
    before = [child for child in uses if child.start_byte < home.tests[0].start_byte]
    if before:
        return before[-1].end_byte + 1, ""
    return (home.node.start_byte + 1, "\n") if home.path else (0, "")
