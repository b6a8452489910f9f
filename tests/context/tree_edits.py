"""Edits of an open document's tree by offsets of its text."""

from assist_context.documents import Cursor, split_lines
from assist_context.syntax.incremental import OpenTree


def cursor(text: str, offset: int) -> Cursor:
    """A place in a text as its lines count, which end between "\\r" and "\\n" too if the edit does."""
    lines = split_lines(text)
    for number, line in enumerate(lines[:-1]):
        if offset < len(line):
            return Cursor(number, offset)
        offset -= len(line)
    return Cursor(len(lines) - 1, offset)


def edited(tree: OpenTree, text: str, start: int, end: int, piece: str) -> str:
    """The text with a piece in place of what stood between two offsets, which the tree is told."""
    tree.edit(cursor(text, start), cursor(text, end), piece)
    return text[:start] + piece + text[end:]
