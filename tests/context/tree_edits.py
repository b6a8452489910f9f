"""Edits an open document's tree by offsets of its text."""

from assist_context.code.trees.incremental import OpenTree
from assist_context.documents import Cursor, split_lines


def cursor(text: str, offset: int) -> Cursor:
    """The position of an offset; if an edit cuts "\\r\\n", a line ends between the two."""
    lines = split_lines(text)
    for number, line in enumerate(lines[:-1]):
        if offset < len(line):
            return Cursor(number, offset)
        offset -= len(line)
    return Cursor(len(lines) - 1, offset)


def edited(tree: OpenTree, text: str, start: int, end: int, piece: str) -> str:
    """The text with a piece in place of the text between two offsets; the tree gets the same edit."""
    tree.edit(cursor(text, start), cursor(text, end), piece)
    return text[:start] + piece + text[end:]
