"""The documents that the editor has open, kept as lines so that a keystroke costs one line.

It applies edits and nothing else; parsing and completing take a frozen `Document` from it.
"""

import hashlib
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_server.workspace.positions import Encoding, to_column, to_units


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: lines from 0 and columns in the editor's units; `start` None replaces everything."""

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class OpenDocument:
    """One open document, at the version that the editor last sent."""

    uri: str
    path: str
    language_id: str
    version: int
    lines: list[str]
    encoding: Encoding = "utf-16"
    place: str = ""  # the absolute path, resolved, of a document that is a file
    applied: float = 0.0  # when the last edit was done, on the machine's monotonic clock
    _frozen: Document | None = field(default=None, repr=False)

    def frozen(self) -> Document:
        """The document of this moment, as a value; made once per version."""
        if self._frozen is None:
            self._frozen = Document(self.path, tuple(self.lines), language_of(self.path, self.language_id))
        return self._frozen

    def cursor(self, line: int, units: int) -> Cursor:
        """A place in characters; outside the document it is the nearest end."""
        if line >= len(self.lines):
            line = len(self.lines) - 1
            units = len(self.lines[-1]) * 4
        line = max(0, line)
        return Cursor(line, to_column(self.lines[line], units, self.encoding))

    def units(self, cursor: Cursor) -> int:
        """The column as the editor counts it."""
        return to_units(self.lines[cursor.line], cursor.column, self.encoding)

    def sha256(self) -> str:
        """The hash of the text as UTF-8; lone surrogates, which JSON allows, count as they are."""
        return hashlib.sha256("".join(self.lines).encode("utf-8", "surrogatepass")).hexdigest()

    def end_of_line(self) -> str:
        """How this document ends its lines."""
        first = self.lines[0]
        return "\r\n" if first.endswith("\r\n") else "\r" if first.endswith("\r") else "\n"

    def apply(self, version: int, edits: list[Edit]) -> bool:
        """Apply edits in order; False, with nothing changed, for a version that is not newer."""
        if version <= self.version:
            return False
        for edit in edits:
            if edit.start is None:
                self.lines = list(split_lines(edit.text))
            else:
                self._splice(edit)
        self.version = version
        self.applied = time.monotonic()
        self._frozen = None
        return True

    def _splice(self, edit: Edit) -> None:
        start = self.cursor(*(edit.start or (0, 0)))
        end = self.cursor(*edit.end)
        if (end.line, end.column) < (start.line, start.column):
            start, end = end, start
        head = self.lines[start.line][: start.column]
        tail = self.lines[end.line][end.column :]
        first = start.line
        last = end.line + 1
        # A lone "\r" may meet a "\n" at a border of the edit; its neighbours are split again with it.
        if first > 0 and not head and self.lines[first - 1].endswith("\r"):
            first -= 1
            head = self.lines[first]
        fresh = split_lines(head + edit.text + tail)
        if last < len(self.lines) and fresh[-1] == "":
            fresh = fresh[:-1]
        self.lines[first:last] = fresh


def path_of(uri: str) -> str:
    """The file path in a URI, for people and prompts; other schemes give what follows them.

    >>> path_of("file:///home/me/a%20b.py"), path_of("untitled:Untitled-1")
    ('/home/me/a b.py', 'Untitled-1')
    """
    parts = urlsplit(uri)
    path = unquote(parts.path)
    if parts.scheme == "file" and len(path) > 2 and path[0] == "/" and path[2] == ":":
        return path[1:]
    return path or uri
