"""The expressions of some lines of a text that can be compared with another text's.

They are operations, calls, and what catches an error. This module knows one text.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import tree_sitter

from assist_context.code.calls import CallRules, call_rules
from assist_context.code.statements import statement_rules
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.code.units import LineRange, is_within

Operation = tuple[str, str, str]  # operator, left and right
CallText = tuple[str, tuple[str, ...]]  # what is called, and the arguments


@dataclass(frozen=True, slots=True)
class ErrorHandler:
    """A handler of an error: its text, its line, and the statements that it runs then."""

    head: str
    line: int
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expressions:
    """The expressions, each with the lines where it begins, from 1."""

    operations: Mapping[Operation, Sequence[int]]
    calls: Mapping[CallText, Sequence[int]]
    handlers: Sequence[ErrorHandler]


def find_expressions(
    tree: ParsedText, lines: Sequence[LineRange], around: Sequence[LineRange]
) -> Expressions:
    """The operations and calls that have one of these lines, and the handlers that have one of `around`.

    Both are in order.
    """
    rules = call_rules(tree.document.language)
    catching = statement_rules(tree.document.language)
    operations = defaultdict[Operation, list[int]](list)
    calls = defaultdict[CallText, list[int]](list)
    handlers = list[ErrorHandler]()
    for node in _nodes(tree, around):
        if catching is not None and node.type in catching.handlers:
            handlers.append(_handler(node))
    for node in _nodes(tree, lines):
        if operation := _operation(node):
            operations[operation].append(node.start_point.row + 1)
        if rules is not None and (call := _call(rules, node)):
            calls[call].append(node.start_point.row + 1)
    return Expressions(dict(operations), dict(calls), handlers)


def _nodes(tree: ParsedText, lines: Sequence[LineRange]) -> Iterator[tree_sitter.Node]:
    waiting = [tree.root] if tree.root is not None and lines else []
    while waiting:
        node = waiting.pop()
        if is_within(node, lines):
            waiting += reversed(node.named_children)
            yield node


def _operation(node: tree_sitter.Node) -> Operation | None:
    if node.child_count != 3:
        return None
    first, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if node.type == "comparison_operator":  # Python's has no fields
        first, right = node.children[0], node.children[2]
    return (node_text(node.children[1]), _plain(first), _plain(right)) if first and right else None


def _call(rules: CallRules, node: tree_sitter.Node) -> CallText | None:
    row = rules.calls.get(node.type)
    callee, listing = map(node.child_by_field_name, (row[0] or "name", row[1])) if row else (None, None)
    if callee is None or listing is None:
        return None
    return _plain(callee), tuple(
        _plain(node) for node in listing.named_children if "comment" not in node.type
    )


def _handler(node: tree_sitter.Node) -> ErrorHandler:
    blocks = [child for child in node.named_children if "block" in child.type]
    inner = blocks[-1].named_children if blocks else []
    body = tuple(_plain(child) for child in inner if "comment" not in child.type)
    return ErrorHandler(re.split(r"[:{]", _plain(node))[0].strip(), node.start_point.row + 1, body)


def _plain(node: tree_sitter.Node) -> str:
    return " ".join(node_text(node).split())
