"""The values of next edit: what a user did, what may come next, and what the kinds may look at."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from assist_context.documents import Cursor, Document

if TYPE_CHECKING:  # tree-sitter, which an editor's `initialize` must not wait for
    from assist_context.code.trees.parsed_text import ParsedText

OfferKind = Literal["repeat", "rename", "report"]
EditOrigin = Literal["typed", "offer", "bulk"]

_SLASH = re.compile(r"[\\/]")  # of a path, and of a URI


@dataclass(frozen=True, slots=True)
class EditHunk:
    """Lines of a document that became others. `line` is the first one, from 0, before and after.

    `old` and `new` are whole lines with their line ends. `time` is in seconds, on any clock. Only what is
    "typed", and an "offer" that was accepted, is an example; "bulk" is a formatter, a merge or a paste.
    """

    path: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    origin: EditOrigin = "typed"
    time: float = 0.0

    @property
    def is_example(self) -> bool:
        return self.origin in ("typed", "offer")


@dataclass(frozen=True, slots=True)
class Change:
    """The text between two positions of a document becomes another one."""

    path: str
    start: Cursor
    end: Cursor
    text: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Changes of one document that probably come next; the first one is offered, the rest is its chain.

    `pattern` is what is not offered again once it was rejected, such as `repeat old -> new`. `features` are
    what the likelihood of the kind is computed from, and `words` say why, without any code.
    """

    kind: OfferKind
    pattern: str
    changes: tuple[Change, ...]
    words: str
    features: Mapping[str, float] = field(default_factory=dict)
    probability: float = 0.0

    @property
    def path(self) -> str:
        return self.changes[0].path


@dataclass(frozen=True, slots=True)
class Report:
    """A problem that another tool reports in the document, as the editor shows it."""

    start: Cursor
    end: Cursor
    message: str
    source: str = ""


def line_words(line: int, path: str, text: str) -> str:
    """Name a line, from 0, of the document `path`, for an offer in the document `text`."""
    file = "" if path == text else f" of {re.split(_SLASH, path)[-1]}"
    return f"line {line + 1}{file}"


class OtherFiles(Protocol):
    """The other files of the workspace, open or not. What a rule excludes is not among them."""

    def using(self, name: str, limit: int) -> Sequence[Document]:
        """Documents that hold a name as a word: those edited last come first."""
        ...


@dataclass(frozen=True, slots=True)
class Situation:
    """The situation after an edit of `document`.

    `hunks` are the examples of the session, oldest first, the last one in `document` at its current place.
    `before` is the document without the last hunk. `parse` gives the tree of either, or of another document,
    once for each. `reports` are the problems that came after the last hunk.
    """

    document: Document
    before: Document
    cursor: Cursor
    hunks: tuple[EditHunk, ...]
    parse: "Callable[[Document], ParsedText]"
    others: OtherFiles
    reports: tuple[Report, ...] = ()

    @property
    def hunk(self) -> EditHunk:
        """The edit that was just made."""
        return self.hunks[-1]
