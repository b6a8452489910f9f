"""Places in a file: PATH:LINE:COL, the lines that a target names, the file as a document, and cursors in it.

Lines and columns count from 1, columns in Unicode characters. It reads the file. It imports no index, because
the whole command line loads it before it knows its command.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from assist_context.documents import Cursor, Document, split_lines
from assist_context.languages import language_of
from assist_server.errors import WRONG_USAGE, UserError

_NAMED = re.compile(r"(?P<path>.+?)::?(?P<symbol>[^\W\d]\w*(?:(?:\.|::|\#)\w+)*)")
_LINES = re.compile(r"(?P<path>.+?):(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Location:
    """A path as the user wrote it, a line and a column."""

    path: str
    line: int
    column: int


def parse_location(text: str) -> Location:
    """A location from its text; `UserError` (wrong usage) if it is not one.

    >>> parse_location("src/app.py:10:5")
    Location(path='src/app.py', line=10, column=5)
    """
    path, line, column = (["", "", *text.rsplit(":", 2)])[-3:]
    if not path or not _is_count(line) or not _is_count(column):
        raise UserError(
            f"{text!r} is not a position: write PATH:LINE:COL, both counted from 1, as in src/app.py:10:5.",
            WRONG_USAGE,
        )
    return Location(path, int(line), int(column))


@dataclass(frozen=True, slots=True)
class TargetSpec:
    """The parts of a target as it is written. No lines are (0, 0), one line is (n, 0).

    `symbol` is the name of a definition in the file, where one is given with its path.
    """

    path: str
    first: int = 0
    last: int = 0
    symbol: str = ""


def parse_target(text: str) -> TargetSpec:
    """The parts of a target; `UserError` (wrong usage) for lines that cannot be.

    >>> parse_target("src/app.py:10-20")
    TargetSpec(path='src/app.py', first=10, last=20, symbol='')
    >>> parse_target("Cart.total").path, parse_target("src/app.py:10").first
    ('Cart.total', 10)
    >>> parse_target("src/app.py:Cart.total")
    TargetSpec(path='src/app.py', first=0, last=0, symbol='Cart.total')
    """
    match = _LINES.fullmatch(text)
    if match is None:
        name_match = _NAMED.fullmatch(text)
        if name_match and re.search(r"[./]", name_match["path"]) and not os.path.exists(text):
            return TargetSpec(name_match["path"], symbol=name_match["symbol"])
        path, colon, lines = text.rpartition(":")
        if colon and os.path.isfile(path) and not os.path.exists(text):
            raise UserError(
                f"{lines!r} is not a line range: write numbers, as in {path}:10 or {path}:10-20.",
                WRONG_USAGE,
            )
        return TargetSpec(text)
    first = int(match["first"])
    last = int(match["last"] or 0)
    if first == 0 or (match["last"] and last < first):
        raise UserError(
            f"{text!r} has no line range: write PATH:START-END, both counted from 1, as in src/app.py:10-20.",
            WRONG_USAGE,
        )
    return TargetSpec(match["path"], first, last)


def read_document(path: Path) -> Document:
    """The file at `path`. Bytes that are not UTF-8 become U+FFFD; `UserError` if it is not a text file."""
    if path.is_dir():
        raise UserError(f"{path} is a directory: name a file in it, as in {path / 'app.py'}:10:5.")
    try:
        if path.exists() and not path.is_file():
            raise UserError(f"{path} is not a regular file: name a file with code.")
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(
            f"There is no file {path}: check the path, or name its workspace with --workspace."
        ) from None
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    return open_document(str(path), data.decode("utf-8-sig", errors="replace"))


def open_document(path: str, text: str) -> Document:
    """A document from its text; `UserError` if the text is binary."""
    if "\0" in text:
        raise UserError(f"{path} is a binary file: only UTF-8 text can be read.")
    return Document(path, split_lines(text), language_of(path))


def convert_offset(document: Document, line: int, column: int) -> Cursor:
    """The cursor at a line and a column, both from 1; `UserError` outside the document."""
    count = len(document.lines)
    if not 1 <= line <= count:
        lines = f"has {count} lines: use 1 to {count}" if count > 1 else "has one line: use 1"
        raise UserError(f"There is no line {line} in {document.path}, which {lines}.")
    length = len(document.lines[line - 1].rstrip("\r\n"))
    if not 1 <= column <= length + 1:
        raise UserError(
            f"There is no column {column} in line {line} of {document.path}, which has {length} "
            f"characters: use 1 to {length + 1}."
        )
    return Cursor(line - 1, column - 1)


def cursor_at_offset(document: Document, offset: int) -> Cursor:
    """The cursor after `offset` characters of the text; `UserError` outside the document."""
    rest = offset
    for number, line in enumerate(document.lines):
        if 0 <= rest < len(line) or (rest == len(line) and number == len(document.lines) - 1):
            return Cursor(number, min(rest, len(line.rstrip("\r\n"))))
        rest -= len(line)
    total = sum(map(len, document.lines))
    raise UserError(
        f"There is no offset {offset} in {document.path}, which has {total} characters: use 0 to {total}."
    )


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) < 10**9
