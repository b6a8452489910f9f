"""An edit as a value: the files as the model saw them, what becomes of each, and a diff for people.

It knows no answer's format, no disk and no editor. Texts carry their own line ends and byte order mark;
`text.encode()` is the file. Lines count from 1, both ends included, and end as `split_lines` ends them.
"""

import difflib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_context.documents import split_lines
from assist_escalation.errors import EscalationError

How = Literal["exact", "space", "indent", "symbol", "whole", "new"]

MARK = "\ufeff"  # a byte order mark, decoded


class EditError(EscalationError):
    """An edit that is not made; nothing was changed.

    The message names files and lines and quotes none of them, so that it may be logged. `excerpt` are
    the lines of the person's own file that come closest, numbered, for the person alone.
    """

    def __init__(self, message: str, excerpt: str = "") -> None:
        super().__init__(message)
        self.excerpt = excerpt


@dataclass(frozen=True, slots=True)
class Base:
    """A file in scope as the model saw it. `version` is the editor's, where it is open there."""

    path: str
    text: str
    sha256: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class EditTarget:
    """The lines that a model was asked to return whole.

    `name` is that of the definition in them, "" for a whole file or a mere range.
    """

    path: str
    first: int
    last: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Hunk:
    """Lines of the old text that a block stood for, and how they were found; `last` < `first`: none."""

    first: int
    last: int
    how: How


@dataclass(frozen=True, slots=True)
class FileChange:
    """What becomes of one file.

    `base_sha256` is that of the file's bytes before, "" where there is to be none yet. `removes`: the
    file goes away, which only the undoing of its creation asks for.
    """

    path: str
    base_sha256: str
    version: int | None
    before: str
    after: str
    hunks: tuple[Hunk, ...] = ()
    removes: bool = False


@dataclass(frozen=True, slots=True)
class EditPlan:
    """A change of some files, all or none. `protected` are the paths that a person is always asked about."""

    changes: tuple[FileChange, ...]
    notes: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()


def sha256_of(text: str) -> str:
    """Of the bytes that the text stands for."""
    return hashlib.sha256(encode("the text", text)).hexdigest()


def encode(path: str, text: str) -> bytes:
    """The bytes of a text; `EditError` where it holds half a character, which no file can."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EditError(
            f"{path}: character {error.start} is half of one, which UTF-8 cannot hold: ask again"
        ) from None


def base_of(path: str, data: bytes, version: int | None = None) -> Base:
    """A file's bytes as a base; `EditError` where they are no UTF-8, since an edit would change the rest.

    >>> base_of("a.py", b"x = 1\\r\\n").text
    'x = 1\\r\\n'
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EditError(
            f"{path} is not UTF-8 at byte {error.start}: convert it, or edit it by hand"
        ) from None
    return Base(path, text, hashlib.sha256(data).hexdigest(), version)


def lines_of(text: str) -> list[str]:
    """Lines with their ends, without the empty one behind the last end.

    >>> lines_of("a\\r\\nb"), lines_of("")
    (['a\\r\\n', 'b'], [])
    """
    lines = list(split_lines(text))
    return lines if lines[-1] else lines[:-1]


def diff(plan: EditPlan) -> str:
    """A unified diff, as git writes it; `git apply` takes it where names hold no odd characters.

    Control characters of the files stand in it as they are: what shows it makes them harmless.
    """
    return "".join(piece for change in plan.changes for piece in _unified_lines(change))


def _unified_lines(change: FileChange) -> Iterator[str]:
    new = change.base_sha256 == ""
    old = change.removes
    source = "/dev/null" if new else f"a/{change.path}"
    target = "/dev/null" if old else f"b/{change.path}"
    before, after = (_pieces(text) for text in (change.before, change.after))
    if new or old or change.before != change.after:
        yield f"diff --git a/{change.path} b/{change.path}\n"
    if new or old:
        yield f"{'new' if new else 'deleted'} file mode 100644\n"
    for line in difflib.unified_diff(before, after, source, target):
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def _pieces(text: str) -> list[str]:
    """Lines as a diff has them: ended by "\\n" alone, so that a lone "\\r" stays inside of one."""
    *ended, last = text.split("\n")
    return [line + "\n" for line in ended] + ([last] if last else [])
