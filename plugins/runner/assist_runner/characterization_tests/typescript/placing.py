"""Where recorded tests of scripts go: into the group that holds the other tests of the same code.

New imports are added to those of the file. This module reads texts, and runs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.characterization_tests.calls import RecordedCall
from assist_runner.characterization_tests.language import PlacedTests, RecordingContext
from assist_runner.characterization_tests.typescript.script_tests import (
    ScriptStyle,
    new_imports,
    script_tests,
    test_lines,
)
from assist_runner.scripts.script_module import (
    DEFAULT,
    WHOLE,
    ScriptImport,
    import_lines,
    imports_of,
)
from assist_runner.scripts.script_tree import field, root_of, statements_in, string_value, walk

_GROUP = re.compile(r"(?:describe|suite|context)(?:\.\w+)*")
_TEST = re.compile(r"(?:it|test|specify)(?:\.\w+)*")


@dataclass(frozen=True, slots=True)
class _TestGroup:
    """A group of tests, or the file: the titles around, its tests, and those that are about a name."""

    titles: tuple[str, ...]
    tests: tuple[tuple[str, tree_sitter.Node], ...]
    own: tuple[tuple[str, tree_sitter.Node], ...]
    word: str = ""


def placed_tests(
    text: str, calls: Sequence[RecordedCall], material: RecordingContext, style: ScriptStyle, name: str
) -> PlacedTests:
    """The file with the tests in it; `name` is that by which tests call the code."""
    title = material.subject.name
    whole = script_tests(calls, style, title)
    names = tuple(call.test for call in calls)
    root = root_of(text, material.place) if text.strip() else None
    if root is None:
        return PlacedTests(material.place, whole, names)
    blocks = list(_blocks(root, (), name))
    home = max(blocks, key=lambda block: len(block.own), default=None)
    if home is None or not home.own:
        lines = [
            f"\n{line}" for line in script_tests(calls, replace(style, imported=False), title).splitlines()
        ]
        body = "".join(_without_imports(lines))
        return PlacedTests(
            material.place, _with_imports(f"{text.rstrip()}\n{body}\n", root, calls, style), names
        )
    around = " ".join(home.titles)
    grouped = title.rpartition(".")[2] in around
    moved = [
        replace(call, test=call.test.removeprefix(title).strip() if grouped else call.test) for call in calls
    ]
    taken = {test for test, _ in home.tests}
    moved = [replace(call, test=_free_title(call.test, taken)) for call in moved]
    last = home.own[-1][1]
    indent = " " * last.start_point[1] if "\t" not in style.indent else "\t" * last.start_point[1]
    written = [
        "\n".join(
            f"{indent}{line}" if line else ""
            for line in test_lines(call, replace(style, word=home.word or style.word), "")
        )
        for call in moved
    ]
    end = _end_of(text, last)
    body = f"{text[:end]}\n\n" + "\n\n".join(written) + text[end:]
    full = tuple(" ".join((*home.titles, call.test)).strip() for call in moved)
    return PlacedTests(material.place, _with_imports(body, root, calls, style), full)


def _free_title(title: str, taken: set[str]) -> str:
    numbered = (f"{title} ({number})" for number in range(2, 1000))
    found = next(name for name in (title, *numbered) if name not in taken)
    taken.add(found)
    return found


def _without_imports(lines: Sequence[str]) -> list[str]:
    at = next(
        (at for at, line in enumerate(lines) if not re.match(r"\s*(?:import\b|const .*require\(|$)", line)), 0
    )
    return list(lines[at:])


def _end_of(text: str, node: tree_sitter.Node) -> int:
    """The character after a statement; the tree counts bytes."""
    return len(text.encode()[: node.end_byte].decode(errors="ignore"))


def _blocks(node: tree_sitter.Node, titles: tuple[str, ...], name: str) -> Iterator[_TestGroup]:
    tests: list[tuple[str, tree_sitter.Node]] = []
    word = ""
    for statement in statements_in(node):
        called, title, body = _parts_of(statement)
        if called and _GROUP.fullmatch(called) and body is not None:
            yield from _blocks(body, (*titles, title), name)
        elif called and _TEST.fullmatch(called):
            tests.append((title, statement))
            word = called.partition(".")[0]
    own = tuple(row for row in tests if _mentions(row[1], name))
    yield _TestGroup(titles, tuple(tests), own, word)


def _parts_of(statement: tree_sitter.Node) -> tuple[str, str, tree_sitter.Node | None]:
    """What a statement calls, with which title, and the block of the function that it gives."""
    call = statement.named_children[0] if statement.type == "expression_statement" else None
    arguments = field(call, "arguments")
    called = field(call, "function")
    if call is None or arguments is None or not arguments.named_children:
        return "", "", None
    while called is not None and called.type == "call_expression":  # as in it.each(...)(...)
        called = field(called, "function")
    body = field(arguments.named_children[-1], "body")
    block = body if body is not None and body.type == "statement_block" else None
    return node_text(called), string_value(arguments.named_children[0]), block


def _mentions(node: tree_sitter.Node, name: str) -> bool:
    kinds = ("identifier", "property_identifier")
    return any(part.type in kinds and node_text(part) == name for part in walk(node))


def _with_imports(
    text: str, root: tree_sitter.Node, calls: Sequence[RecordedCall], style: ScriptStyle
) -> str:
    """The file with the imports that it lacks: in a statement for the same module, else below the last.

    `root` is the tree of the file before, whose imports come before all tests.
    """
    missing = new_imports(calls, style)
    data = text.encode()
    left: list[ScriptImport] = []
    inserted: list[tuple[int, str]] = []
    for found in missing:
        at = _place_in(root, found)
        if at is None:
            left.append(found)
        else:
            same = found.name == found.local
            inserted.append((at, found.name if same else f"{found.name} as {found.local}"))
    if left:
        nodes = [
            node for node in root.named_children if any(imports_of(node)) or node.type == "import_statement"
        ]
        at = nodes[-1].end_byte if nodes else 0
        lines = "\n".join(import_lines(tuple(left), style.quote, style.end)).encode()
        data = data[:at] + (b"\n" + lines if nodes else lines + b"\n\n") + data[at:]
    for at, name in sorted(inserted, reverse=True):
        row = data[:at].rpartition(b"\n")[2]
        inner = row[: len(row) - len(row.lstrip())].decode()
        joint = f",\n{inner}" if inner else ", "  # a line for each name, or all in one
        data = data[:at] + f"{joint}{name}".encode() + data[at:]
    return data.decode()


def _place_in(root: tree_sitter.Node, wanted: ScriptImport) -> int | None:
    """The byte after the last name of the import of the same module; None if there is none of its kind."""
    if wanted.name in (DEFAULT, WHOLE) or wanted.required:
        return None
    for node in root.named_children:
        if node.type != "import_statement" or string_value(field(node, "source")) != wanted.module:
            continue
        if any(child.type == "type" for child in node.children) != wanted.typed:
            continue
        for part in walk(node):
            if part.type == "named_imports" and part.named_children:
                return part.named_children[-1].end_byte
    return None
