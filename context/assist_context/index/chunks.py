"""Divides a file into the pieces that search finds: one for each definition, and windows of the rest.

Every line is in one chunk. A line belongs to the innermost definition of more than one line around it, so
that a class is found by its head and fields, and its methods by their own chunks; definitions of one line
stay in the chunk around them. This module ranks nothing and stores nothing.
"""

import re
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple, Protocol

from assist_context.documents import split_lines
from assist_context.languages import Language

DEFINITION_LINES = 60  # more does not fit into a prompt next to other snippets
WINDOW_LINES = 40
LEAST_LINES = 20  # of a piece of a longer definition, so that paragraphs are not separated
CHUNK_CHARACTERS = 20_000  # 60 lines of code have 2,500: anything longer is data
COMMENT_LINES = 30  # that belong to the definition below them
IDLE_CHARACTERS = 80  # a longer line always counts as content

_IDLE = re.compile(r"\s*(?:[^\w\s]*|end|fi|done|esac)[^\w\s]*\s*")  # a blank line, or closing marks


class Chunk(NamedTuple):
    """Some lines of a file, from 1, both ends included; `name` is the definition's, "" outside of
    definitions.

    It is a named tuple because there are 3,000 in a megabyte: a frozen dataclass takes four times as long to
    make.
    """

    start_line: int
    end_line: int
    text: str
    name: str = ""


class Spanned(Protocol):
    """What `chunks` needs from a definition."""

    @property
    def start_line(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def qualified(self) -> str: ...


def chunks(language: Language, text: str, definitions: Sequence[Spanned]) -> tuple[Chunk, ...]:
    """The chunks of a text, in order.

    >>> from assist_context.languages import PLAIN
    >>> chunks(PLAIN, "a\\nb\\n", ())
    (Chunk(start_line=1, end_line=2, text='a\\nb\\n', name=''),)
    """
    # Line ends are put back piece by piece: line by line would take as long as all the rest.
    glue = "" if "\r" in text else "\n"
    lines: Sequence[str] = text.split("\n") if glue else split_lines(text)
    ended = not lines[-1]
    lines = lines[:-1] if ended else lines
    result = []
    for owner, start, end in _runs(lines, _owners(language, lines, definitions), IDLE_CHARACTERS - len(glue)):
        name = definitions[owner].qualified if owner >= 0 else ""
        for first, last in _cut_run(lines, start, end, owner >= 0):
            piece = glue.join(lines[first:last])
            piece = piece + glue if ended or last < len(lines) else piece
            result.append(Chunk(first + 1, last, piece[:CHUNK_CHARACTERS], name))
    return tuple(result)


def _owners(language: Language, lines: Sequence[str], definitions: Sequence[Spanned]) -> list[int]:
    """For every line, the index of the definition it belongs to, or -1. Definitions are in nesting order."""
    owners = [-1] * len(lines)
    marks = tuple(filter(None, (language.comment, "/*", "*", "@", "#["))) if language.comment else ()
    spans = [(each.start_line - 1, min(each.end_line, len(lines))) for each in definitions]
    following = [*spans[1:], (-1, -1)]
    for index, (first, end) in enumerate(spans):
        # If several are in the same lines, as in "const a = 1, b = 2, ...", only the last one owns them.
        start = first
        if end - start < 2 or (start, end) == following[index]:
            continue
        around = owners[start]
        highest = max(0, start - COMMENT_LINES)
        while start > highest and owners[start - 1] == around and lines[start - 1].strip().startswith(marks):
            start -= 1
        owners[start:end] = [index] * (end - start)
    return owners


def _runs(lines: Sequence[str], owners: list[int], idle: int) -> list[tuple[int, int, int]]:
    """(owner, start, end) of lines that belong together; blank lines and closing marks join the run above."""
    runs: list[tuple[int, int, int]] = []
    start = 0
    for owner, group in groupby(owners):
        end = start + len(list(group))
        if runs and (runs[-1][0] == owner or _says_nothing(lines, start, end, idle)):
            runs[-1] = (runs[-1][0], runs[-1][1], end)
        else:
            runs.append((owner, start, end))
        start = end
    return runs


def _says_nothing(lines: Sequence[str], start: int, end: int, most: int) -> bool:
    """Whether no line has content; a line of `most` or more characters always has."""
    for at in range(start, end):
        line = lines[at]
        if line and (len(line) >= most or not _IDLE.fullmatch(line)):
            return False
    return True


def _cut_run(lines: Sequence[str], start: int, end: int, definition: bool) -> list[tuple[int, int]]:
    """Cuts a run into short enough pieces; a definition is cut at a blank line if there is one."""
    most = DEFINITION_LINES if definition else WINDOW_LINES
    pieces = []
    while end - start > most:
        stop = start + most
        if definition:
            blank = (at for at in range(stop, start + LEAST_LINES, -1) if not lines[at - 1].strip())
            stop = next(blank, stop)
        pieces.append((start, stop))
        start = stop
    return [*pieces, (start, end)] if end > start else pieces
