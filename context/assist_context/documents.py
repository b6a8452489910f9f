"""The values that all packages share: a document, a cursor in it, and the context around the cursor.

`gather` makes the context. A completion gets text of a document only through it.
"""

import re
from dataclasses import dataclass, field

from assist_context.languages import PLAIN, Language

CHARS_PER_TOKEN = 3.2  # Qwen2.5-Coder has 3.4 on the standard library; a lower number leaves room

# The line ends of the Language Server Protocol. str.splitlines knows ten more (form feed,
# U+2028 ...), each of which would shift all later line numbers.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+\Z")
_PIECE = 1 << 18  # characters that are split at once: 40 MB would keep all other threads waiting for 0.1 s


def split_lines(text: str) -> tuple[str, ...]:
    r"""Lines with their line ends; there is always at least one, and the last has no line end.

    >>> split_lines("a\r\nb\x0cc\n")
    ('a\r\n', 'b\x0cc\n', '')
    """
    lines: list[str] = []
    at = 0
    while len(text) - at > _PIECE and (end := text.find("\n", at + _PIECE) + 1):
        lines += _split(text[at:end])[:-1]
        at = end
    lines += _split(text[at:])
    return tuple(lines)


def _split(text: str) -> list[str]:
    if "\r" not in text:  # takes less than half of the time
        *complete_lines, last = text.split("\n")
        return [*[line + "\n" for line in complete_lines], last]
    lines = _LINE.findall(text)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    return lines


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """A position in a document: line and column from 0, the column in Unicode characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """One text at one moment. `lines` are as `split_lines` returns them; `path` is for people and prompts."""

    path: str
    lines: tuple[str, ...] = ("",)
    language: Language = PLAIN

    @property
    def text(self) -> str:
        return "".join(self.lines)


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of another file that may help. Lines count from 1, both ends included.

    `signal` says why it was chosen; `blob` is git's id of the file it was read from, "" if that file is open
    in the editor. `text` may leave lines out. `root` is the folder it belongs to, "" if that is not known.
    `name` is the symbol, or the path of headings of a section, whose text then begins with it; "" for none.
    """

    path: str
    start_line: int
    end_line: int
    text: str
    signal: str
    score: float = 1.0
    blob: str = ""
    root: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Context:
    """The text that a completion may use.

    `before` and `after` are the text around the cursor with line ends as "\\n", cut at line borders;
    `start_line` is the document line (from 0) on which `before` starts. `named` is the absolute path by which
    the file was opened, "" for a text that is not a file.
    """

    path: str
    language: Language
    before: str
    after: str
    start_line: int = 0
    snippets: tuple[Snippet, ...] = field(default=())
    named: str = ""


@dataclass(frozen=True, slots=True)
class MemberAccess:
    """A member after a dot, and the expression before it as written: "self", "cart.items", "Cart()".

    Of a refuted member, `owner` is the type that has no such member, "" if it has no name, and
    `by_editor` tells that the editor's own language servers know it.
    """

    receiver: str
    member: str
    owner: str = field(default="", compare=False)
    by_editor: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A call as it is written: what is called, how many arguments have no name, and the names of the others.

    `spread`: one argument may be several. `compared`: nothing is called, but the function itself is
    compared with nothing or a number. Of a refuted call, `signature` is what it does not fit.
    """

    callee: str
    places: int = 0
    names: tuple[str, ...] = ()
    spread: bool = False
    compared: bool = False
    signature: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class TextNames:
    """The names of a text that a workspace can refute: names of the language and the text are left out.

    `bare` names have to be visible at the cursor, `members` to exist in the file or the workspace; `defined`
    are new at the top level of the file; `imports` are whole import statements. Of `accesses` the type of
    the receiver has to have the member, as far as that type is known. `calls` have to fit a signature.
    """

    bare: frozenset[str] = frozenset()
    members: frozenset[str] = frozenset()
    defined: frozenset[str] = frozenset()
    imports: frozenset[str] = frozenset()
    accesses: frozenset[MemberAccess] = frozenset()
    calls: frozenset[WrittenCall] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.bare or self.members or self.defined or self.imports or self.accesses or self.calls)


BEFORE_LINES, BEFORE_CHARS = 600, 40_000  # more than any prompt uses, so that anchors are found again
AFTER_LINES, AFTER_CHARS = 80, 8_000


def gather(document: Document, cursor: Cursor, snippets: tuple[Snippet, ...] = ()) -> Context:
    """The context of a completion at `cursor`.

    A cursor outside the document counts as the nearest end of it.
    """
    line = max(0, min(cursor.line, len(document.lines) - 1))
    current = document.lines[line]
    bare = current.rstrip("\r\n")
    column = max(0, min(cursor.column, len(bare))) if cursor.line == line else len(bare)
    start = line
    room = BEFORE_CHARS - column
    while start > 0 and line - start < BEFORE_LINES and room >= len(document.lines[start - 1]):
        start -= 1
        room -= len(document.lines[start])
    end = line + 1
    room = AFTER_CHARS
    while end < len(document.lines) and end - line <= AFTER_LINES and room >= len(document.lines[end]):
        room -= len(document.lines[end])
        end += 1
    before = "".join(document.lines[start:line]) + current[:column]
    after = current[column:] + "".join(document.lines[line + 1 : end])
    return Context(document.path, document.language, _plain(before), _plain(after), start, snippets)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
