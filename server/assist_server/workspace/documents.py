"""The documents that the editor has open, kept as lists of lines so that a keystroke changes one line.

It applies edits and nothing else. Parsing and completing work on an immutable `Document` of it. An editor
counts columns in UTF-8, UTF-16 or UTF-32 units, Python in characters.
"""

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from assist_context.documents import Cursor, Document, split_lines
from assist_context.files.path_names import native_path, real_path
from assist_context.languages import language_of

Place = tuple[int, int]  # a line from 0, and a column in characters
Encoding = Literal["utf-8", "utf-16", "utf-32"]

_FIRST, _FIRST_LINES = 1_000_000, 100_000  # characters and lines of a document's beginning
_WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


def to_column(line: str, units: int, encoding: Encoding) -> int:
    """The character index for a count of units.

    A count that ends inside a character gives its start; one beyond the line gives the line's end.

    >>> to_column("a😀b", 3, "utf-16"), to_column("a😀b", 2, "utf-16"), to_column("ab", 9, "utf-8")
    (2, 1, 2)
    """
    if units <= 0:
        return 0
    if len(line) > units + 2:
        line = line[:units]  # each character has a unit at least; most lines are short, and some are 20 MB
    line = line.rstrip("\r\n")
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    try:
        data = line.encode(_codec(encoding))[: units * _WIDTH[encoding]]
    except UnicodeEncodeError:  # a lone surrogate, which JSON can contain
        return _count(line, units, encoding)
    return len(data.decode(_codec(encoding), "ignore"))


def to_units(line: str, column: int, encoding: Encoding) -> int:
    """The count of units before a character index.

    >>> to_units("a😀b", 2, "utf-16"), to_units("a😀b", 2, "utf-8")
    (3, 5)
    """
    head = line[:column]
    if encoding == "utf-32" or head.isascii():
        return len(head)
    return len(head.encode(_codec(encoding), "surrogatepass")) // _WIDTH[encoding]


def _count(line: str, units: int, encoding: Encoding) -> int:
    for column in range(len(line)):
        units -= to_units(line[column], 1, encoding)
        if units < 0:
            return column
    return len(line)


def _codec(encoding: Encoding) -> str:
    return encoding if encoding == "utf-8" else f"{encoding}-le"


# It is called with an edit before that is made: the text between two cursors becomes another one.
Foresee = Callable[[Cursor, Cursor, str], None]


@dataclass(frozen=True, slots=True)
class Edit:
    """One change: lines from 0, columns in the editor's units. Without a `start` it replaces everything."""

    text: str
    start: tuple[int, int] | None = None
    end: tuple[int, int] = (0, 0)


# What edits may cost on an event loop: about 5 ms. The unit is the move of one line to another place in the
# list. To delete a line costs as much as 500 moves, and each character of a line that is edited as 25.
MAX_WORK = 25_000_000
LINE_WORK = 500
CHARACTER_WORK = 25


@dataclass(slots=True)
class OpenDocument:
    """One open document, at the version that the editor last sent."""

    uri: str
    path: str
    language_id: str
    version: int
    lines: list[str]
    encoding: Encoding = "utf-16"
    real_path: str = ""  # the absolute path, resolved, if the document is a file
    named: str = ""  # the same as the editor named it, with links
    applied: float = 0.0  # when the last edit was applied, on the monotonic clock
    _document: Document | None = field(default=None, repr=False)

    def to_document(self) -> Document:
        """The document as a value, made once for each version."""
        if self._document is None:
            self._document = Document(self.path, tuple(self.lines), language_of(self.path, self.language_id))
        return self._document

    def rename(self, path: str) -> None:
        """Change the path by which prompts name the document."""
        if path != self.path:
            self.path = path
            self._document = None

    def cursor(self, line: int, units: int) -> Cursor:
        """A position in characters; one outside of the document becomes its nearest end."""
        if line >= len(self.lines):
            line = len(self.lines) - 1
            units = len(self.lines[-1]) * 4
        line = max(0, line)
        return Cursor(line, to_column(self.lines[line], units, self.encoding))

    def units(self, cursor: Cursor) -> int:
        """The column of a cursor as the editor counts it."""
        return to_units(self.lines[cursor.line], cursor.column, self.encoding)

    def beginning(self) -> str:
        """The first 1,000,000 characters, less if there are many short lines. It takes a few ms."""
        return "".join(self.lines[:_FIRST_LINES])[:_FIRST]

    def sha256(self) -> str:
        """The hash of the text as UTF-8. Lone surrogates, which JSON allows, are encoded as they are."""
        return hashlib.sha256("".join(self.lines).encode("utf-8", "surrogatepass")).hexdigest()

    def end_of_line(self) -> str:
        """The line end that this document uses."""
        return find_line_end(self.lines)

    def apply(
        self,
        version: int,
        edits: list[Edit],
        foresee: Foresee = lambda *_: None,
        lines: list[str] | None = None,
    ) -> bool:
        """Apply edits in order. For a version that is not newer, change nothing and return False.

        `foresee` is called with each edit before it is made, while `lines` are still the old ones. Lines that
        `lines_after` returned are taken as they are, without it.
        """
        if version <= self.version:
            return False
        if lines is not None:
            self.lines = lines
        for edit in edits if lines is None else ():
            start, end = self._span(edit)
            foresee(start, end, edit.text)
            if edit.start is None:
                self.lines = list(split_lines(edit.text))
            else:
                self._splice(start, end, edit.text)
        self.version = version
        self.applied = time.monotonic()
        self._document = None
        return True

    def is_slow(self, edits: Sequence[Edit]) -> bool:
        """Say if edits take long: many in many lines, some in very long lines, or of very many lines."""
        work = len(edits) * len(self.lines)
        for edit in edits:
            if edit.start is not None:
                places = [min(max(0, at[0]), len(self.lines) - 1) for at in (edit.start, edit.end)]
                work += LINE_WORK * abs(places[1] - places[0])
                work += CHARACTER_WORK * sum(len(self.lines[line]) for line in {*places})
        return work > MAX_WORK

    def lines_after(self, edits: list[Edit]) -> list[str]:
        """The lines after edits that are not applied yet."""
        copy = replace(self, lines=list(self.lines))
        copy.apply(self.version + 1, edits)
        return copy.lines

    def _span(self, edit: Edit) -> tuple[Cursor, Cursor]:
        """The text that an edit replaces, from the first cursor to the second one."""
        if edit.start is None:
            return Cursor(0, 0), Cursor(len(self.lines) - 1, len(self.lines[-1]))
        start = self.cursor(*edit.start)
        end = self.cursor(*edit.end)
        return (end, start) if (end.line, end.column) < (start.line, start.column) else (start, end)

    def _splice(self, start: Cursor, end: Cursor, text: str) -> None:
        head = self.lines[start.line][: start.column]
        tail = self.lines[end.line][end.column :]
        first = start.line
        last = end.line + 1
        # A lone "\r" may meet a "\n" at a border of the edit, so the lines next to it are split again.
        if first > 0 and not head and self.lines[first - 1].endswith("\r"):
            first -= 1
            head = self.lines[first]
        new_lines = split_lines(head + text + tail)
        if last < len(self.lines) and new_lines[-1] == "":
            new_lines = new_lines[:-1]
        self.lines[first:last] = new_lines


# To take 64 of 3,000 lines for the first time takes 16 ms of the event loop; to copy 500,000 of them, 3 ms.
MAX_LINES = 30_000  # of a document; more is data
# Lines of a document; to split 6.7 million holds the event loop for 0.2 s and takes 450 MB.
MAX_KEPT = 1_000_000


def line_count(texts: Iterable[str]) -> int:
    """About how many lines texts have, found in a moment."""
    return sum(max(text.count("\n"), text.count("\r")) for text in texts)


def is_data(lines: Sequence[str]) -> bool:
    """Return whether a document is too large to be source code."""
    return len(lines) > MAX_LINES


def find_line_end(lines: Sequence[str]) -> str:
    r"""The line end that a document of these lines uses.

    >>> find_line_end(["a\r\n", ""]), find_line_end(["a"])
    ('\r\n', '\n')
    """
    first = lines[0]
    return "\r\n" if first.endswith("\r\n") else "\r" if first.endswith("\r") else "\n"


def after(start: Place, text: str) -> Place:
    r"""Find where a text ends that begins at `start`.

    >>> after((3, 4), "ab"), after((3, 4), "ab\nc")
    ((3, 6), (4, 1))
    """
    lines = split_lines(text)
    first = start[1] if len(lines) == 1 else 0
    return (start[0] + len(lines) - 1, first + len(lines[-1]))


def text_between(lines: Sequence[str], begin: Place, end: Place) -> str:
    r"""The text between two places, which may be beyond the last line.

    >>> text_between(["ab\n", "cd"], (0, 1), (1, 1))
    'b\nc'
    """
    if begin[0] == end[0]:
        return "".join(lines[begin[0] : begin[0] + 1])[begin[1] : end[1]]
    rows = list(lines[begin[0] : end[0] + 1])
    if len(rows) == end[0] - begin[0] + 1:
        rows[-1] = rows[-1][: end[1]]
    return "".join(rows)[begin[1] :]


def resolve_path(path: str) -> str:
    """The path with symbolic links resolved; "" for what is not an absolute path, such as `Untitled-1`."""
    return real_path(path) if os.path.isabs(path) else ""


# `urlsplit` deletes these without an error, and another file would be judged than the one that is shown.
_DELETED = re.compile(r"\A[ ]|[\0-\x1f]")


def get_path(uri: str) -> str:
    """The absolute path of the file on this machine that a URI names, saved or not; "" for all others.

    Only such a document is a file of the workspace, by whose rules its text may leave. A path in another URI
    is one of another machine, of an old revision, or of a window of the editor's own. Bytes that are not
    UTF-8 become surrogates, as everywhere in Python, so that the path names the same file.

    >>> get_path("file:///home/me/a%20b.py"), get_path("untitled:/home/me/new.py")
    ('/home/me/a b.py', '/home/me/new.py')
    >>> get_path("git:/home/me/a.py?ref=HEAD"), get_path("file://other/home/me/a.py")
    ('', '')
    >>> get_path("file:///home/me/caf%E9.py"), get_path("file:///home/me/a\\tb.py")
    ('/home/me/caf\\udce9.py', '')
    """
    if _DELETED.search(uri):
        return ""
    try:
        parts = urlsplit(uri)
        path = os.fsdecode(unquote_to_bytes(parts.path))
    except ValueError:  # a host in brackets that is none, or half a character
        return ""
    here = parts.scheme in ("file", "untitled") and parts.netloc.lower() in ("", "localhost")
    if not (here and path.startswith("/")) or parts.query or parts.fragment or "\0" in path:
        return ""
    return native_path(path)


def get_name(uri: str) -> str:
    """Return what people and prompts call a document that is not a file.

    >>> get_name("untitled:Untitled-1"), get_name("git:/home/me/a.py?ref=HEAD"), get_name("output:")
    ('Untitled-1', 'a.py', 'output:')
    """
    path = unquote(uri.partition(":")[2].partition("?")[0].partition("#")[0])
    return path.rpartition("/")[2] or uri
