"""The tokens of some lines of code: the leaves of its tree, without comments, a string as one.

This module knows one text. What a changed token means is for others.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_context.code.trees.parsed_text import ParsedText, node_text

WHOLE = ("string", "template", "char_literal", "regex", "number", "integer", "float")

_LITERAL = re.compile(
    r"integer|float|number|string|true|false|none|null|nil|boolean|template_string|literal", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class CodeToken:
    """A token, its type in the grammar and its line, from 1."""

    text: str
    type: str
    line: int


def find_tokens(text: ParsedText, first: int, last: int) -> Iterator[CodeToken]:
    """The tokens that begin on these lines, from 1, both ends included, in order."""
    waiting = [text.root] if text.root is not None else []
    while waiting:
        node = waiting.pop()
        start, end = node.start_point.row + 1, node.end_point.row + 1
        if start > last or end < first or "comment" in node.type:
            continue
        if node.child_count and not node.type.startswith(WHOLE):
            waiting += reversed(node.children)
        elif first <= start and node.end_byte > node.start_byte:
            yield CodeToken(node_text(node), node.type, start)


def is_literal(kind: str) -> bool:
    """Return whether tokens of a type are literals."""
    return bool(_LITERAL.search(kind))


def is_name(kind: str) -> bool:
    """Return whether tokens of a type are names."""
    return kind.endswith("identifier") or kind == "name"
