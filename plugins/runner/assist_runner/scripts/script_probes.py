"""A script that says which of its statements run: calls of ours before each one of one function.

No line moves, so that lines mean the same as before. What a probe calls is looked up when it runs: without
it, the script does what it did.
"""

import json
import re
from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_runner.scripts.script_functions import find_definition
from assist_runner.scripts.script_tree import (
    CLASSES,
    FUNCTIONS,
    field,
    first_line,
    root_of,
    statements_in,
    walk,
)

PROBE = "__assistProbe"
PLACES = 10_000  # columns of a line that have a number of their own: its line comes before that
_HEADS = frozenset(
    {"if_statement", "for_statement", "for_in_statement", "while_statement", "do_statement", "else_clause"}
)
_BLOCKS = frozenset({"statement_block", "switch_case", "switch_default"})
_NO_STATEMENT = frozenset(
    {"comment", "function_declaration", "generator_function_declaration", "class_declaration",
     "empty_statement", "interface_declaration", "type_alias_declaration", "function_signature"}
)  # fmt: skip


def with_probes(text: str, path: str, name: str, first: int, last: int) -> str:
    """The script with probes in the function on some lines; as it is where that cannot be found.

    >>> print(with_probes("const f = (a) => a\\n  && 1;", "a.js", "f", 1, 2))
    const f = (a) => (globalThis.__assistProbe?.(10017), (a
      && 1));
    """
    root = root_of(text, path)
    node = find_definition(root, name, first, last) if root is not None else None
    if node is None:
        return text
    return _with_insertions(text, path, node)


def with_line_probes(text: str, path: str, told: str) -> str:
    """The script with probes in all of its functions, which add a row with the path and the line to a file.

    The file is at the absolute path `told`. Each probe tells its line once a process.
    """
    root = root_of(text, path)
    if root is None:
        return text
    whole = _global_of(path)
    fs = 'process.getBuiltinModule ? process.getBuiltinModule("fs") : require("fs")'
    row = f"{json.dumps(path)} + ' ' + Math.floor(place / {PLACES}) + '\\n'"
    tell = f"({fs}).appendFileSync({json.dumps(told)}, {row})"
    place = "place: any" if whole != "globalThis" else "place"
    known = f"(seen => ({place}) => seen.has(place) || (seen.add(place), {tell}))(new Set())"
    text = _with_insertions(text, path, root).replace(f"{whole}.{PROBE}?.(", f"{PROBE}_(")
    return f"var {PROBE}_ = {known}; {text}"


def _global_of(path: str) -> str:
    """A checker of types knows no such name of the global object."""
    return "globalThis" if path.endswith(("js", "jsx")) else "(globalThis as any)"


def _with_insertions(text: str, path: str, node: tree_sitter.Node) -> str:
    data = text.encode("utf-8", "replace")
    # Where two things begin or end, what is outside comes first and ends last.
    inserted = sorted(_insertions(node), key=lambda row: (row[0], row[1]))
    whole = _global_of(path)
    parts = []
    at = 0
    for place, _, words in inserted:
        parts += [data[at:place], words.replace("globalThis", whole).encode()]
        at = place
    return b"".join([*parts, data[at:]]).decode("utf-8", "replace")


def _place(node: tree_sitter.Node) -> int:
    """A number for a place: two branches may be on one line."""
    return first_line(node) * PLACES + min(node.start_point[1], PLACES - 1)


def _hit(node: tree_sitter.Node) -> str:
    return f"globalThis.{PROBE}?.({_place(node)})"


def _insertions(node: tree_sitter.Node) -> Iterator[tuple[int, int, str]]:
    """What is put where: an offset in bytes, an order among those of one offset, and the text."""
    for part in walk(node):
        if part.type in _BLOCKS:
            yield from _in_block(part)
        elif part.type == "ternary_expression":
            yield from _around_value(field(part, "consequence"))
            yield from _around_value(field(part, "alternative"))
        elif part.type == "arrow_function":
            body = field(part, "body")
            yield from _around_value(body) if body is not None and body.type != "statement_block" else ()
        elif part.type in _HEADS:
            yield from _after_head(part)


def _after_head(part: tree_sitter.Node) -> Iterator[tuple[int, int, str]]:
    """A block around a statement that has none."""
    own = [value for name in ("consequence", "body") if (value := field(part, name)) is not None]
    own += part.named_children[-1:] if part.type == "else_clause" else []
    for statement in own:
        if statement.type not in _BLOCKS and statement.type not in ("empty_statement", "if_statement"):
            size = statement.end_byte - statement.start_byte
            yield statement.start_byte, -size, f"{{ {_hit(statement)}; "
            yield statement.end_byte, size, " }"


def _around_value(value: tree_sitter.Node | None) -> Iterator[tuple[int, int, str]]:
    if value is not None:
        size = value.end_byte - value.start_byte
        yield value.start_byte, -size, f"({_hit(value)}, ("
        yield value.end_byte, size, "))"


def _in_block(block: tree_sitter.Node) -> Iterator[tuple[int, int, str]]:
    owner = block.parent
    for at, statement in enumerate(_own_statements(block)):
        if statement.type in _NO_STATEMENT or _is_directive(statement):
            continue
        after_super = owner is not None and at == 0 and "super(" in node_text(statement)
        if not after_super:
            yield (
                statement.start_byte,
                -(statement.end_byte - statement.start_byte) - 1,
                f";{_hit(statement)}; ",
            )


def _own_statements(block: tree_sitter.Node) -> list[tree_sitter.Node]:
    value = field(block, "value") if block.type == "switch_case" else None
    return [part for part in statements_in(block) if value is None or part.start_byte != value.start_byte]


def _is_directive(statement: tree_sitter.Node) -> bool:
    return (
        statement.type == "expression_statement" and re.match(r"['\"]use ", node_text(statement)) is not None
    )


def branch_starts(text: str, path: str, name: str, first: int, last: int) -> tuple[int, ...]:
    """Where each branch of a function or of a class's methods begins, as a probe there says it."""
    root = root_of(text, path)
    node = find_definition(root, name, first, last) if root is not None else None
    if node is None:
        return ()
    if node.type in CLASSES:
        body = field(node, "body")
        members = [part for part in statements_in(body) if part.type == "method_definition"] if body else []
    else:
        members = [node]
    return tuple(sorted({line for member in members for line in _arms(member)}))


def _arms(member: tree_sitter.Node) -> Iterator[int]:
    body = field(member, "body")
    if body is None:
        return
    if body.type != "statement_block":
        yield _place(body)
    waiting = [body]
    while waiting:
        part = waiting.pop()
        if part.type in _BLOCKS:
            found = [row for row in _own_statements(part) if row.type not in _NO_STATEMENT]
            found = found[1:] if found and node_text(found[0]).startswith("super(") else found
            yield from (_place(row) for row in found[:1])
        elif part.type == "if_statement":
            own = field(part, "consequence")
            if own is not None and own.type != "statement_block":
                yield _place(own)
        elif part.type == "ternary_expression":
            yield from (
                _place(value) for key in ("consequence", "alternative") if (value := field(part, key))
            )
        waiting += [
            child
            for child in part.named_children
            if child.type not in FUNCTIONS and child.type not in CLASSES
        ]
