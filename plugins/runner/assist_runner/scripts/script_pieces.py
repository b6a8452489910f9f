"""Pieces of a script: the arguments of one call, what uses a name, the statements of some tests."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_calls import KNOWN_NAMES, free_in, own_names
from assist_runner.scripts.script_tree import field, first_line, root_of, walk

_LITERALS = frozenset(
    {"string", "number", "true", "false", "null", "undefined", "regex", "template_string", "array", "object",
     "unary_expression", "new_expression", "arrow_function", "identifier"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class CallArgument:
    """One argument of a call: its offsets in characters, its kind in the grammar, and its text."""

    start: int
    end: int
    kind: str
    text: str


def call_arguments(call: str) -> tuple[list[CallArgument], int] | None:
    """The arguments of the outermost call, and the offset of its closing bracket; None if it is none.

    >>> [row.text for row in call_arguments("f(1, { a: 'b' })")[0]], call_arguments("a + b")
    (['1', "{ a: 'b' }"], None)
    """
    root = root_of(call)
    node = (
        root.named_children[0].named_children[0]
        if root is not None and root.named_children and root.named_children[0].named_children
        else None
    )
    if (
        node is not None and node.type == "array" and len(node.named_children) == 1
    ):  # a list of all that it gives
        spread = node.named_children[0]
        node = spread.named_children[0] if spread.type == "spread_element" else node
    listing = field(node, "arguments")
    if listing is None or not call.isascii():
        return None
    rows = [
        CallArgument(part.start_byte, part.end_byte, part.type, node_text(part))
        for part in listing.named_children
        if part.type != "comment"
    ]
    return rows, listing.end_byte - 1


def literal_calls(text: str, path: str, name: str, line: int) -> list[str]:
    """The arguments of calls of a name on a line that need nothing around them, with their brackets."""
    root = root_of(text, path)
    found = []
    for node in walk(root) if root is not None else ():
        if node.type not in ("call_expression", "new_expression") or first_line(node) != line:
            continue
        called = field(node, "function") or field(node, "constructor")
        arguments = field(node, "arguments")
        if node_text(called).rpartition(".")[2] == name and arguments is not None:
            plain = all(part.type in _LITERALS for part in arguments.named_children)
            if plain and not free_in(arguments) - KNOWN_NAMES:
                found.append(node_text(arguments))
    return found


def is_whole(text: str, path: str = "a.ts") -> bool:
    """Whether a piece of code can be parsed as it is."""
    root = root_of(text, path)
    return root is not None and not root.has_error


def mentions(text: str, path: str, name: str) -> frozenset[str]:
    """The definitions of the top level whose code has a name, but for the name's own."""
    root = root_of(text, path)
    found: set[str] = set()
    for node in root.named_children if root is not None else []:
        words = {node_text(part) for part in walk(node) if part.type in ("identifier", "property_identifier")}
        if name in words:
            inner = field(node, "declaration") or node
            found |= own_names(inner)
    return frozenset(found - {name})


def statements_with(
    text: str, titles: Sequence[str], path: str = "a.ts", name: str = ""
) -> tuple[list[str], list[str]]:
    """What a file of tests imports and defines, and its last statements with all of some titles among them.

    Those that have a `name` are there as well.

    >>> statements_with("import a from 'a';\\nit('x', () => {});\\nit('b', () => {});", ["b"])
    (["import a from 'a';"], ["it('b', () => {});"])
    """
    root = root_of(text, path)
    nodes = root.named_children if root is not None else []
    running = ("expression_statement", "for_in_statement", "for_statement")
    imports = [node_text(node) for node in nodes if node.type not in (*running, "comment")]
    others = [node_text(node) for node in nodes if node.type in running]
    chosen: list[str] = []
    left = set(titles)
    for statement in reversed(others):
        strings = set(re.findall(r"[\"'`]((?:[^\"'`\\]|\\.)*)[\"'`]", statement))
        told = {title for title in left if any(title.endswith(string) and string for string in strings)}
        if told or (name and re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", statement)):
            chosen.insert(0, statement)
            left -= told
    return imports, chosen
