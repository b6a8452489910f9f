"""The syntax tree of one text, and how its bytes and a document's positions belong together.

The modules of this wing ask it for nodes; to others it says what a place is: code, a string or a comment.
"""

import re
import time
from collections.abc import Iterator
from typing import Literal

import tree_sitter

from assist_context.code.trees import grammars
from assist_context.code.trees.incremental import FRESH
from assist_context.code.trees.source_text import Source, encode, equal_ends
from assist_context.documents import Cursor, Document

PlaceKind = Literal["code", "string", "comment"]
ByteEdit = tuple[int, int, str]  # from a first byte to the one before the last, and the text there
# A parse holds Python's lock, for which the event loop waits. A text of 100 kB takes 14 ms.
SLICE = 1_000  # microseconds after which others may run
MAX_SLICES = 600
MAX_BYTES = 1_000_000  # as for indexed files; more is data

# Bytes that may be a part of a word.
_EDGES = frozenset(byte for byte in range(256) if byte > 127 or chr(byte).isalnum() or chr(byte) in "_$")
_STRING = re.compile(r"string|template|char_literal|character_literal|heredoc|raw_text|jsx_text")
_CODE_IN_STRING = re.compile(r"interpolation|template_substitution|format_expression")


class ParsedText:
    """The tree of a document, which does not change. Without a grammar, or after too long, `root` is None.

    The tree of a text that is nearly the same makes the parse as short as the difference.
    """

    def __init__(self, document: Document, near: "ParsedText | None" = None) -> None:
        self.document = document
        self.source = Source(encode(document.text))
        self._grammar = document.language.grammar or document.language.outline
        self._tree: tree_sitter.Tree | None = None
        if len(self.source.data) <= MAX_BYTES:
            near_tree = near.tree_towards(self) if near is not None else None
            self._tree = _parse(self._grammar, self.source.data, near_tree)
        self.root = self._tree.root_node if self._tree is not None else None

    def tree_towards(self, new: "ParsedText") -> tree_sitter.Tree | None:
        """The tree of this text with the edit that makes it another one; None if that says nothing."""
        if self._tree is None or self._grammar != new._grammar or self._grammar in FRESH:
            return None
        old = self.source
        head, tail = equal_ends(old.data, new.source.data)
        end = len(old.data) - tail
        stop = len(new.source.data) - tail
        tree = self._tree.copy()
        tree.edit(head, end, stop, old.point(head), old.point(end), new.source.point(stop))
        return tree

    def byte(self, cursor: Cursor) -> int:
        """The offset of a position."""
        if cursor.line >= len(self.document.lines):
            return len(self.source.data)
        head = self.document.lines[cursor.line][: cursor.column]
        start = self.source.starts[cursor.line] if cursor.line < len(self.source.starts) else None
        return len(self.source.data) if start is None else start + len(head.encode("utf-8", "replace"))

    def cursor(self, byte: int) -> Cursor:
        """The position of an offset."""
        line = self.source.line(byte) - 1
        return Cursor(line, len(self.source.text(self.source.starts[line], byte)))

    def node(self, start: int, end: int) -> tree_sitter.Node | None:
        """The smallest node around some bytes, `None` without a tree."""
        return self.root.descendant_for_byte_range(start, end) if self.root is not None else None

    def words(self, name: str) -> Iterator[tuple[int, int]]:
        """Find where a name is a whole word, as bytes from a first to the one after the last."""
        data = self.source.data
        name_bytes = name.encode("utf-8", "replace")
        edges = _EDGES - set(self.document.language.sigil.encode())
        # An expression that looks back takes 0.3 ms for 100 kB, this 0.01 ms; kinds ask for many names.
        start = data.find(name_bytes) if name_bytes else -1
        while start >= 0:
            end = start + len(name_bytes)
            if (not start or data[start - 1] not in edges) and (end >= len(data) or data[end] not in edges):
                yield start, end
                start = data.find(name_bytes, end)
            else:
                start = data.find(name_bytes, start + 1)

    def kind(self, start: int, end: int) -> PlaceKind:
        """Say what some bytes are. Code in a string, as in an f-string, is code; without a tree all is code.

        A place between two bytes is what both are.
        """
        if start == end:
            before = self.kind(start - 1, start) if start else "code"
            return before if before == self.kind(start, start + 1) else "code"
        node = self.node(start, end)
        while node is not None:
            if "comment" in node.type:
                return "comment"
            if _CODE_IN_STRING.search(node.type):
                return "code"
            if _STRING.search(node.type):
                return "string"
            node = node.parent
        return "code"


def node_text(node: tree_sitter.Node | None) -> str:
    """The text of a node, "" for none."""
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _parse(grammar: str, data: bytes, near_tree: tree_sitter.Tree | None) -> tree_sitter.Tree | None:
    """The tree of a text. Between slices of the parse other threads run."""
    parser = grammars.new_parser(grammar, SLICE) if grammar else None
    if parser is None:
        return None
    old = () if near_tree is None else (near_tree,)
    for _ in range(MAX_SLICES):
        try:
            return parser.parse(data, *old)
        except ValueError:  # 0.25.2 raises it at the time limit; the next parse goes on
            time.sleep(0)
    return None
