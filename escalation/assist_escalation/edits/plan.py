"""An edit as a value: the files as the model saw them, their new texts, and a diff for people.

This module knows no format of answers, no disk and no editor. Texts keep their line ends and their byte
order mark, so `text.encode()` is the file. Lines are as from `split_lines`, from 1, both ends included.
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
    """An edit that cannot be made. Nothing was changed.

    The message names files and lines but quotes none, so it may be logged. `excerpt` holds the most similar
    lines of the user's own file, numbered. Show it only to the user.
    """

    def __init__(self, message: str, excerpt: str = "") -> None:
        super().__init__(message)
        self.excerpt = excerpt


class UnchangedError(EditError):
    """The edit changes nothing: all files would stay as they are."""


class OtherCodeError(EditError):
    """The answer is other code than what was to be changed."""


@dataclass(frozen=True, slots=True)
class Base:
    """A file of the request as the model saw it. `version` is the editor's, if the file is open there."""

    path: str
    text: str
    sha256: str
    version: int | None = None


@dataclass(frozen=True, slots=True)
class EditTarget:
    """The lines that a model was asked to return in full.

    `name` is the name of the definition in them, or "" for a whole file or any other range. With `tests`,
    they are new tests below line `last`; `given` are imports that exist, since we gave them.
    """

    path: str
    first: int
    last: int
    name: str = ""
    tests: bool = False
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hunk:
    """The old lines that a block replaces, and how they were found. `last` < `first`: no lines."""

    first: int
    last: int
    how: How


@dataclass(frozen=True, slots=True)
class FileChange:
    """The change of one file.

    `base_sha256` is the hash of the file's bytes before, or "" for a new file. `removes`: the file is
    deleted, which happens only when its creation is undone.
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
    """A change of some files, all or none. The user must always confirm the paths in `protected`.

    `removals` says in words what would lose most of its statements, and `unsure` why the edit may be wrong;
    the user must confirm both.
    """

    changes: tuple[FileChange, ...]
    notes: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    removals: tuple[str, ...] = ()
    unsure: tuple[str, ...] = ()

    @property
    def asks(self) -> bool:
        """Return whether the user must confirm the change, whatever the settings say."""
        return bool(self.protected or self.removals or self.unsure)


def hash_text(text: str) -> str:
    """The hash of the text's bytes."""
    return hashlib.sha256(encode("the text", text)).hexdigest()


def encode(path: str, text: str) -> bytes:
    """The bytes of a text. `EditError` if it has half a surrogate pair, which no file can hold."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise EditError(
            f"{path}: character {error.start} is half a surrogate pair, which UTF-8 cannot encode: ask again"
        ) from None


def split_text(text: str) -> list[str]:
    """The lines with their ends, without the empty line after the last end.

    >>> split_text("a\\r\\nb"), split_text("")
    (['a\\r\\n', 'b'], [])
    """
    lines = list(split_lines(text))
    return lines if lines[-1] else lines[:-1]


def diff(plan: EditPlan) -> str:
    """A unified diff as git writes it. `git apply` accepts it unless names have unusual characters.

    Control characters of the files are in it unchanged. It is for programs; people get a preview that shows
    them.
    """
    return "".join(piece for change in plan.changes for piece in _unified_lines(change))


def _unified_lines(change: FileChange) -> Iterator[str]:
    new = change.base_sha256 == ""
    old = change.removes
    source = "/dev/null" if new else f"a/{change.path}"
    target = "/dev/null" if old else f"b/{change.path}"
    before, after = (split_pieces(text) for text in (change.before, change.after))
    if new or old or change.before != change.after:
        yield f"diff --git a/{change.path} b/{change.path}\n"
    if new or old:
        yield f"{'new' if new else 'deleted'} file mode 100644\n"
    for line in difflib.unified_diff(before, after, source, target):
        yield line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"


def split_pieces(text: str) -> list[str]:
    """Lines as a diff has them: only "\\n" ends one, so a lone "\\r" stays inside."""
    *complete_lines, last = text.split("\n")
    return [line + "\n" for line in complete_lines] + ([last] if last else [])
