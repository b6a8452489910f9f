"""A text as the grammars see it: UTF-8 with the starts of its lines, where every line ends in "\\n".

An editor's lines may end in a lone "\\r", which is not a line end for a grammar. Here each lone "\\r" becomes
"\\n", byte for byte: offsets stay the same, and rows match the editor's lines. This module knows no language.
"""

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate

from assist_context.code.trees.grammars import ByteSpan

_LONE = re.compile(rb"\r(?!\n)")
_BLANK = re.compile(rb"\s*")
_SPACE = 32  # no byte above it is white space


def encode(text: str) -> bytes:
    r"""Encodes a text for the grammars; a lone surrogate is not worth an error and becomes "?".

    >>> encode("a\r\nb\rc")
    b'a\r\nb\nc'
    """
    return normalize_line_ends(text.encode("utf-8", "replace"))


def normalize_line_ends(data: bytes) -> bytes:
    r"""Replaces each lone "\r" by "\n"."""
    return _LONE.sub(b"\n", data) if b"\r" in data else data


def equal_ends(old: bytes, new: bytes) -> tuple[int, int]:
    r"""Return how many bytes two texts share at their beginning and at their end, in whole lines.

    >>> equal_ends(b"a\nb\nc\n", b"a\nbb\nc\n")
    (2, 2)
    """
    most = min(len(old), len(new))
    same = bisect_left(range(most), True, key=lambda size: old[: size + 1] != new[: size + 1])
    head = old.rfind(b"\n", 0, same) + 1
    same = bisect_left(
        range(most - head),
        True,
        key=lambda size: old[len(old) - size - 1 :] != new[len(new) - size - 1 :],
    )
    line = old.find(b"\n", len(old) - same)
    return head, len(old) - line - 1 if line >= 0 else 0


class Source:
    """A text in UTF-8, as `encode` returns it, and where its lines start."""

    __slots__ = ("_ascii", "data", "starts")

    def __init__(self, data: bytes, starts: list[int] | None = None) -> None:
        self.data = data
        self.starts = starts or _line_starts(data)
        self._ascii: str | None = None  # the text, if every byte is a character

    def line(self, byte: int) -> int:
        """The line of a byte, from 1."""
        return bisect_right(self.starts, byte)

    def point(self, byte: int) -> tuple[int, int]:
        """The row of a byte and its column in bytes, both from 0, as grammars count them."""
        row = self.line(byte) - 1
        return row, byte - self.starts[row]

    def leads(self, byte: int, line: int) -> bool:
        """Return whether there is only white space before a byte on its line."""
        match = _BLANK.match(
            self.data, self.starts[line - 1], byte
        )  # does not copy the line, which may be long
        return match is not None and match.end() == byte

    @property
    def ascii(self) -> str:
        """The text if each byte is a character, else ""."""
        if self._ascii is None:
            self._ascii = self.data.decode("ascii") if self.data.isascii() else ""
        return self._ascii

    def text(self, start: int, end: int) -> str:
        return self.ascii[start:end] or self.data[start:end].decode("utf-8", "replace")

    def trim(self, span: ByteSpan) -> ByteSpan:
        """A span without the white space at its end: some nodes include the line end or blank lines."""
        start, end = span
        if start < end <= len(self.data) and self.data[end - 1] > _SPACE:
            return span  # nearly always; a long class is not copied
        return start, max(start, start + len(self.data[start:end].rstrip()))

    def splice(self, start: int, end: int, piece: bytes) -> "Source":
        """The text with `piece` in place of the bytes from `start` to `end`.

        It copies, but does not search.
        """
        before = self.starts[: self.line(start)]
        inside = [start + match.end() for match in re.finditer(rb"\n", piece)]
        growth = len(piece) - (end - start)
        starts = [*before, *inside, *(start + growth for start in self.starts[self.line(end) :])]
        return Source(self.data[:start] + piece + self.data[end:], starts)


def _line_starts(data: bytes) -> list[int]:
    """Find where lines start; the end of the last line end counts too."""
    if b"\r" in data:
        return [0, *(match.end() for match in re.finditer(rb"\n", data))]
    starts = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
    if len(starts) > 1 and not data.endswith(b"\n"):
        starts.pop()
    return starts
