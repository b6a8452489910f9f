"""Names that may be meant by another one: those of the same function, of the same object, of the same file.

Where they are is said by a language's table. Types are only compared where both are written.
"""

import difflib
from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees import grammars
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_runner.computed_fixes.change_tables import ChangeTable, NameKind

ALIKE = 0.7  # difflib's likeness of a function that may be meant
MOST = 12  # names for one: they are the last changes of a line, and 6 leave out some that are meant


class Neighbours:
    """The names of a text, found once."""

    def __init__(self, table: ChangeTable, parsed: ParsedText) -> None:
        self._parsed = parsed
        self._functions = [nodes["function"] for nodes in self._matches(table.functions)]
        self._names = [
            (nodes["name"].start_byte, node_text(nodes["name"]), node_text(nodes.get("type")))
            for nodes in self._matches(table.names)
        ]
        called = (node_text(nodes["name"]) for nodes in self._matches(table.called))
        self._called = sorted(set(called))
        self._members: dict[tuple[str, bool], list[tuple[int, str]]] = {}
        for nodes in self._matches(table.members):
            key = node_text(nodes["object"]), _is_called(nodes["name"])
            self._members.setdefault(key, []).append((nodes["name"].start_byte, node_text(nodes["name"])))

    def _matches(self, query: tree_sitter.Query) -> Iterator[dict[str, tree_sitter.Node]]:
        if self._parsed.root is not None:
            found, _ = grammars.run_query(query, self._parsed.root)
            for _, captures in found:
                yield {name: nodes[0] for name, nodes in captures.items()}

    def heading(self, node: tree_sitter.Node) -> str:
        """The text of the innermost function around a node up to its body, "" for none."""
        around = self._around(node)
        if not around:
            return ""
        body = around[0].child_by_field_name("body")
        end = body.start_byte if body else around[0].end_byte
        return self._parsed.source.data[around[0].start_byte : end].decode("utf-8", "replace")

    def _around(self, node: tree_sitter.Node) -> list[tree_sitter.Node]:
        """The functions around a node, the innermost first."""
        found = [
            function
            for function in self._functions
            if function.start_byte <= node.start_byte and node.end_byte <= function.end_byte
        ]
        return sorted(found, key=lambda function: function.end_byte - function.start_byte)

    def names(
        self, kind: NameKind, node: tree_sitter.Node, of: tree_sitter.Node | None = None
    ) -> Iterator[str]:
        """The names of a kind that may be meant by a node, the likeliest first."""
        name = node_text(node)
        if kind == "local":
            found = self._local(node, name)
        elif kind == "member":
            known = self._members.get((node_text(of), _is_called(node)), [])
            found = [other for _, other in sorted(known, key=lambda row: abs(row[0] - node.start_byte))]
            if _is_called(node):
                found = [other for other in found if _likeness(name, other) >= ALIKE]
        else:
            found = [other for other in self._called if _likeness(name, other) >= ALIKE]
        others = [other for other in dict.fromkeys(found) if other != name]
        yield from sorted(others, key=lambda other: -round(_likeness(name, other), 1))[:MOST]

    def _local(self, node: tree_sitter.Node, name: str) -> list[str]:
        """What the functions around a node name, without another type, the nearest first."""
        around = self._around(node)
        if not around:
            return []
        whole = around[-1]
        inside = [row for row in self._names if whole.start_byte <= row[0] < whole.end_byte]
        types = {text: kind for _, text, kind in inside}
        own = types.get(name, "")
        fitting = [
            (abs(start - node.start_byte), text)
            for start, text, kind in inside
            if not own or not kind or kind == own
        ]
        return [text for _, text in sorted(fitting) if text not in ("self", "cls", "_", "this")]


def _is_called(name: tree_sitter.Node) -> bool:
    """Whether a member is what a call calls."""
    member = name.parent
    call = member.parent if member is not None else None
    return call is not None and call.child_by_field_name("function") == member


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()
