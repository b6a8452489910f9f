"""The values that cross package borders: a document, a place in it, and what surrounds that place."""

import re
from dataclasses import dataclass, field

from assist_context.languages import PLAIN, Language

CHARS_PER_TOKEN = 3.2  # Qwen2.5-Coder on the standard library: 3.4; a little less leaves room

# The line ends of the Language Server Protocol. str.splitlines knows ten more (form feed,
# U+2028 ...), which would shift every line number behind one of them.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")


def split_lines(text: str) -> tuple[str, ...]:
    r"""Lines with their ends; always at least one, and the last has no end.

    >>> split_lines("a\r\nb\x0cc\n")
    ('a\r\n', 'b\x0cc\n', '')
    """
    if "\r" not in text:  # less than half of the time
        *ended, last = text.split("\n")
        return (*[line + "\n" for line in ended], last)
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a document: line and column from 0, column in Unicode characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One text at one moment. `lines` is as `split_lines` gives it; `path` is for people and prompts."""

    path: str
    lines: tuple[str, ...] = ("",)
    language: Language = PLAIN

    @property
    def text(self) -> str:
        return "".join(self.lines)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of another place that may help. Lines count from 1, both ends included.

    `signal` says why it was taken; `blob` is git's id of the file it was read from, "" if that is open
    in the editor. `text` may leave lines out. `root` is the folder that it is of, "" where that is not kept.
    """

    path: str
    start_line: int
    end_line: int
    text: str
    signal: str
    score: float = 1.0
    blob: str = ""
    root: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """What a completion may look at.

    `before` and `after` are the text around the cursor with line ends as "\\n", cut at line
    borders; `start_line` is the document line (from 0) on which `before` starts.
    """

    path: str
    language: Language
    before: str
    after: str
    start_line: int = 0
    snippets: tuple[Snippet, ...] = field(default=())
