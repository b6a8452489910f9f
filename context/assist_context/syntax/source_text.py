"""A text as the grammars see it: UTF-8 with line starts, in which every line ends in "\\n".

An editor's lines may end in a lone "\\r", which is no line end for a grammar; it is made one here, byte
for byte, so that offsets stay and rows are an editor's lines. It knows no language.
"""

import re
from bisect import bisect_right
from itertools import accumulate

from assist_context.syntax.grammars import Span

_LONE = re.compile(rb"\r(?!\n)")
_BLANK = re.compile(rb"\s*")
_SPACE = 32  # above it no byte is white space


def encoded(text: str) -> bytes:
    r"""A text as the grammars get it; a lone surrogate, which is not worth an error, becomes "?".

    >>> encoded("a\r\nb\rc")
    b'a\r\nb\nc'
    """
    return normal(text.encode("utf-8", "replace"))


def normal(data: bytes) -> bytes:
    r"""The same bytes with each lone "\r" as "\n"."""
    return _LONE.sub(b"\n", data) if b"\r" in data else data


class Source:
    """A text in UTF-8, as `encoded` gives it, and where its lines start."""

    __slots__ = ("_ascii", "data", "starts")

    def __init__(self, data: bytes, starts: list[int] | None = None) -> None:
        self.data = data
        self.starts = starts or _starts(data)
        self._ascii: str | None = None  # the text, where a byte is a character: then pieces are cut from it

    def line(self, byte: int) -> int:
        """The line of a byte, from 1."""
        return bisect_right(self.starts, byte)

    def leads(self, byte: int, line: int) -> bool:
        """Whether nothing but white space stands before a byte on its line."""
        found = _BLANK.match(self.data, self.starts[line - 1], byte)  # no copy of what may be a long line
        return found is not None and found.end() == byte

    @property
    def ascii(self) -> str:
        """The text, where each byte is a character; "" where not."""
        if self._ascii is None:
            self._ascii = self.data.decode("ascii") if self.data.isascii() else ""
        return self._ascii

    def text(self, start: int, end: int) -> str:
        return self.ascii[start:end] or self.data[start:end].decode("utf-8", "replace")

    def trimmed(self, span: Span) -> Span:
        """A span without the white space at its end: some nodes take in the line end or blank lines."""
        start, end = span
        if start < end <= len(self.data) and self.data[end - 1] > _SPACE:
            return span  # nearly always; no copy of what may be a long class
        return start, max(start, start + len(self.data[start:end].rstrip()))

    def spliced(self, start: int, end: int, piece: bytes) -> "Source":
        """The text with `piece` for the bytes from `start` to `end`; costs a copy, not a search."""
        first, last = self.line(start), self.line(end)
        fresh = [start + found.end() for found in re.finditer(rb"\n", piece)]
        longer = len(piece) - (end - start)
        starts = [*self.starts[:first], *fresh, *(each + longer for each in self.starts[last:])]
        return Source(self.data[:start] + piece + self.data[end:], starts)


def _starts(data: bytes) -> list[int]:
    """Where lines start, one behind the last line end among them."""
    if b"\r" in data:
        return [0, *(found.end() for found in re.finditer(rb"\n", data))]
    starts = [0, *accumulate(map(len, data.splitlines(keepends=True)))]
    if len(starts) > 1 and not data.endswith(b"\n"):
        starts.pop()
    return starts
