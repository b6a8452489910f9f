"""The calls in some lines of a text, as they are written: names and members, not long chains of calls."""

from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees.parsed_text import node_text

LONGEST = 120  # characters of a callee as it is written; a longer one is a chain
_CALLS = {"call": "function", "call_expression": "function", "new_expression": "constructor"}


def called_names(root: tree_sitter.Node, first: int, last: int) -> Iterator[tuple[str, int]]:
    """The callees on lines from 1, both ends included, and the byte where each begins."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node.end_point[0] < first - 1 or node.start_point[0] > last - 1:
            continue
        callee = node.child_by_field_name(_CALLS[node.type]) if node.type in _CALLS else None
        if callee is not None and first - 1 <= node.start_point[0] and len(callee.text or b"") <= LONGEST:
            yield "".join(node_text(callee).split()), callee.start_byte
        waiting += reversed(node.named_children)
