"""The text of a Python file with the places of its nodes as offsets of characters."""

import ast
import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PythonCode:
    """A file's text with what turns places of nodes into offsets."""

    text: str
    lines: tuple[bytes, ...]
    starts: tuple[int, ...]

    def offset(self, line: int, column: int) -> int:
        """The character at a line from 1 and a column in bytes."""
        return self.starts[line - 1] + len(self.lines[line - 1][:column].decode("utf-8", "replace"))

    def span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """Where a node begins and ends."""
        end = self.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        return self.offset(node.lineno, node.col_offset), end

    def of(self, node: ast.expr | ast.stmt) -> str:
        """The text of a node."""
        start, end = self.span(node)
        return self.text[start:end]


def python_code(text: str) -> PythonCode:
    """The text of a file, divided as Python's parser counts its lines."""
    lines = re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    return PythonCode(text, tuple(line.encode("utf-8", "replace") for line in lines), tuple(starts))
