"""The statements of a text, each without those that are in it, as words that can be compared.

Commas and brackets are left out, but `(`. A literal is its value, so that it may be written otherwise. What
became of a statement in another text is for others.
"""

import ast
import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import tree_sitter

from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.code.trees.tokens import WHOLE, is_literal, is_name
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

_STATEMENT = re.compile(
    r"""
    (?:statement|declaration|definition|_item|_clause|_arm|_case|decorator|assignment|field_initializer)$
    | ^(?:pair|keyword_argument|(?:if|match|while|for|loop|return|break|continue)_expression)$
    """,
    re.VERBOSE,
)
_NO_WORDS = frozenset(";,){}:")
_NOTHING = frozenset({"(", "pass"})
_QUOTES = re.compile(r"""^[a-zA-Z]*(?=["'])|["'\\]""")

LineRange = tuple[int, int]  # first and last line, from 1
_PlacedWord = tuple[str, str, int]  # with its type and line


@dataclass(frozen=True, slots=True)
class CodeUnit:
    """A statement without those in it: its words, their types and lines, and its place in its file."""

    path: str
    type: str
    words: tuple[str, ...]
    types: tuple[str, ...]
    lines: tuple[int, ...]
    place: int

    @property
    def line(self) -> int:
        """Find where it begins, from 1."""
        return self.lines[0]

    @property
    def key(self) -> tuple[str, ...]:
        """Its words without brackets, which may be left out."""
        return tuple(word for word in self.words if word != "(")

    @property
    def calls(self) -> list[str]:
        """The names that it calls, or defines as functions."""
        rows = zip(self.words, self.words[1:], self.types, strict=False)
        return [word for word, after, kind in rows if after == "(" and is_name(kind)]

    @property
    def target(self) -> tuple[str, ...]:
        """The field that it gives a value, nothing if it gives none."""
        head = self.words[: self.words.index("=")] if "=" in self.words else ()
        return head if "." in head else ()


def list_units(path: str, text: str) -> list[CodeUnit]:
    """The statements of a text in their order; none without a grammar.

    >>> [unit.words for unit in list_units("a.py", "if x:\\n    f(1, 'a')\\n")]
    [('if', 'x'), ('f', '(', '1', '"a"')]
    """
    return code_units(ParsedText(Document(path, split_lines(text), language_of(path))))


def code_units(text: ParsedText, spans: Sequence[LineRange] = ()) -> list[CodeUnit]:
    """The statements of a text that touch some spans of lines, in order; all without spans."""
    root = text.root
    words_by_unit: dict[int, tuple[str, list[_PlacedWord]]] = {}
    for node, around in _tokens(root, spans) if root is not None else ():
        _, words = words_by_unit.setdefault(around.id, (around.type, []))
        word = _plain_word(node_text(node), node.type)
        if words and (words[-1][0], word) in {("not", "in"), ("is", "not")}:
            words[-1] = (f"{words[-1][0]}-{word}", *words[-1][1:])
        else:
            words.append((word, node.type, node.start_point.row + 1))
    rows = [row for row in words_by_unit.values() if not _NOTHING.issuperset(word for word, _, _ in row[1])]
    return [
        CodeUnit(
            text.document.path,
            kind,
            words=tuple(word for word, _, _ in words),
            types=tuple(kind for _, kind, _ in words),
            lines=tuple(line for _, _, line in words),
            place=place,
        )
        for place, (kind, words) in enumerate(rows)
    ]


def _tokens(
    root: tree_sitter.Node, spans: Sequence[LineRange]
) -> Iterator[tuple[tree_sitter.Node, tree_sitter.Node]]:
    """The tokens, each with its innermost statement. A statement outside of the spans has none."""
    waiting = [(root, root)]
    while waiting:
        node, around = waiting.pop()
        if _STATEMENT.search(node.type):
            around = node
            if spans and not is_within(node, spans):
                continue
        if "comment" in node.type or _is_documentation(node, around) or _says_type(node):
            continue
        if node.child_count and not node.type.startswith(WHOLE):
            waiting += [(child, around) for child in reversed(node.children)]
        elif node.end_byte > node.start_byte and node_text(node) not in _NO_WORDS:
            yield node, around


def is_within(node: tree_sitter.Node, spans: Sequence[LineRange]) -> bool:
    """Return whether a node has a line of some spans, which are in order and hold a line each."""
    at = bisect_right(spans, (node.end_point.row + 1, sys.maxsize))
    return at > 0 and spans[at - 1][1] > node.start_point.row


def _says_type(node: tree_sitter.Node) -> bool:
    """Return whether a sign of TypeScript only says that a value is there, and does nothing."""
    return node.type == "!" and node.parent is not None and node.parent.type == "non_null_expression"


def _is_documentation(node: tree_sitter.Node, around: tree_sitter.Node) -> bool:
    """Return whether a text in three quotes is a statement of its own."""
    return around.type == "expression_statement" and node.parent == around and '"""' in node_text(node)[:4]


def _plain_word(text: str, kind: str) -> str:
    if not is_literal(kind) and "string" not in kind:
        return "=" if text == ":=" else text
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return _QUOTES.sub("", text)
    return f'"{value}"' if isinstance(value, str) else repr(value)
