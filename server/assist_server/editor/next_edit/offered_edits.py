"""The edits that an editor got as offers, by their ids: what it shows of each, and what became of it.

Positions are in the editor's units. Offers are counted by kind, never with a text. When one is offered is
decided elsewhere.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assist_context.documents import Cursor
from assist_context.next_edit.offer import Change, Kind, Offer
from assist_server.editor.feedback.region import text_between
from assist_server.editor.feedback.usage_table import UsageTable
from assist_server.editor.next_edit.offer_worker import FoundOffer, Replaced
from assist_server.records.usage_rows import NEXT_EDIT, UsageKey
from assist_server.workspace.documents import OpenDocument, line_end_of
from assist_server.workspace.positions import Encoding, to_units

if TYPE_CHECKING:
    from assist_context.next_edit.finder import PastOffers  # and with it tree-sitter

REMEMBERED = 128  # offers that can still be accepted or rejected

_WORD = re.compile(r"\w")
_LINE_END = re.compile(r"\r\n|\r|\n")

At = tuple[int, int]  # a line from 0, and a column in the editor's units


@dataclass(frozen=True, slots=True)
class OfferedChange:
    """A change in the editor's terms. `before` and `after` are its whole lines, without the last line end."""

    start: At
    end: At
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NextEdit:
    """What an editor shows of an offer. `version` is None for a file that is not open, `file` is "" for the
    document in which it was asked.

    `remaining` counts the places with this one; `deleted` is the text in place of which the change is made.
    `inline`: it only inserts at the cursor or after it in its line. `chain`: such an offer was accepted
    before, and there are more places, so that all of them may be offered at once.
    """

    id: int
    kind: Kind
    uri: str
    version: int | None
    change: OfferedChange
    words: str
    remaining: int
    file: str
    deleted: str
    inline: bool
    chain: bool


@dataclass(frozen=True, slots=True)
class OfferedChain:
    """All places of an offer's pattern in a document of this version."""

    uri: str
    version: int
    changes: tuple[OfferedChange, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where an offer is: the document that it changes, by its URI, and as an open one if it is open.

    `cursor` is where the user is in that document, None if they are in another one.
    """

    found: FoundOffer
    uri: str
    encoding: Encoding
    opened: OpenDocument | None = None
    cursor: Cursor | None = None

    @property
    def offer(self) -> Offer:
        return self.found.offer


@dataclass(frozen=True, slots=True)
class _Offered:
    """An offer that an editor got, with its changes as the editor gets them."""

    target: Target
    changes: tuple[Change, ...]
    version: int | None
    key: UsageKey

    @property
    def is_current(self) -> bool:
        """Whether the document is as it was offered for."""
        opened = self.target.opened
        return opened is not None and opened.version == self.version


class OfferedEdits:
    """Owns the offers that an editor got, and what became of those of the session. Event loop only."""

    def __init__(self, usage: UsageTable) -> None:
        self.past: PastOffers | None = None  # None before the first accept or reject
        self._usage = usage
        self._numbers = count(1)
        self._offered: OrderedDict[int, _Offered] = OrderedDict()
        # An offer of another kind may make the same change, and for the user that is the same one.
        self.refused: frozenset[Replaced] = frozenset()
        self._accepted: set[Replaced | str] = set()  # changes, and patterns whose changes differ
        self._counted: tuple[str, str] = ("", "")  # the document and the pattern that were counted last

    def add(self, target: Target, asked: OpenDocument) -> NextEdit:
        """An editor gets this offer for the document `asked`; what it shows."""
        offer = target.offer
        lines = target.found.document.lines
        changes = tuple(_with_line_ends(each, lines) for each in offer.changes)
        version = target.opened.version if target.opened is not None else None
        key = self._usage.key(asked, NEXT_EDIT + offer.kind)
        if self._counted != (target.uri, offer.pattern):
            self._counted = (target.uri, offer.pattern)
            self._usage.count(key, "next-offered")
        number = next(self._numbers)
        self._offered[number] = _Offered(target, changes, version, key)
        if len(self._offered) > REMEMBERED:
            self._offered.popitem(last=False)
        first = changes[0]
        return NextEdit(
            number,
            offer.kind,
            target.uri,
            version,
            _to_editor(first, target),
            offer.words,
            len(changes),
            target.found.file,
            _text_between(lines, first.start, first.end),
            _is_inline(first, target),
            len(changes) > 1 and not self._accepted.isdisjoint((target.found.replaced, offer.pattern)),
        )

    def chain(self, number: int) -> OfferedChain | None:
        """All places of an offer; None if they are not current."""
        offered = self._offered.get(number)
        if offered is None or offered.version is None or not offered.is_current:
            return None
        changes = tuple(_to_editor(each, offered.target) for each in offered.changes)
        return OfferedChain(offered.target.uri, offered.version, changes, offered.target.offer.words)

    def accept(self, number: int) -> tuple[Change, ...]:
        """The user accepted an offer, and its changes are about to be made; nothing for an unknown one."""
        offered = self._end(number, "next-accepted")
        if offered is None:
            return ()
        found = offered.target.found
        self._accepted |= {found.replaced, found.offer.pattern}
        self.past = self._known_past().accept(found.offer)
        return offered.changes

    def reject(self, number: int) -> Offer | None:
        """The user rejected an offer, which is returned: its pattern is not offered again."""
        offered = self._end(number, "next-rejected")
        if offered is None:
            return None
        found = offered.target.found
        if _WORD.search("".join(found.replaced)):  # a comma says too little
            self.refused |= {found.replaced}
        self.past = self._known_past().reject(found.offer)
        return found.offer

    def is_refused(self, found: FoundOffer) -> bool:
        """Whether the user rejected the offer meanwhile."""
        past = self.past
        return past is not None and (found.offer.pattern in past.rejected or found.replaced in self.refused)

    def _end(self, number: int, name: Literal["next-accepted", "next-rejected"]) -> _Offered | None:
        """Count what became of an offer, once."""
        offered = self._offered.pop(number, None)
        if offered is not None:
            self._counted = ("", "")
            self._usage.count(offered.key, name)
        return offered

    def _known_past(self) -> "PastOffers":
        from assist_context.next_edit.finder import PastOffers  # noqa: PLC0415  (was loaded on the thread)

        return self.past or PastOffers()


def uri_of(path: str) -> str:
    """The URI of a file that is not open."""
    return Path(path).as_uri()


def _with_line_ends(change: Change, lines: tuple[str, ...]) -> Change:
    """The change with the line ends of its document."""
    return Change(change.path, change.start, change.end, _LINE_END.sub(line_end_of(lines), change.text))


def _to_editor(change: Change, target: Target) -> OfferedChange:
    lines = target.found.document.lines
    start, end = change.start, change.end
    # Whole lines that come or go are shown without the line after them.
    whole = start.column == end.column == 0 and (not change.text or change.text[-1] in "\r\n")
    last = Cursor(end.line, 0) if whole else Cursor(end.line + 1, 0)
    head = lines[start.line][: start.column] if start.line < len(lines) else ""
    tail = "" if whole or end.line >= len(lines) else lines[end.line][end.column :]
    return OfferedChange(
        _at(start, target),
        _at(end, target),
        change.text,
        _without_end(_text_between(lines, Cursor(start.line, 0), last)),
        _without_end(head + change.text + tail),
    )


def _at(cursor: Cursor, target: Target) -> At:
    lines = target.found.document.lines
    if cursor.line >= len(lines):
        cursor = Cursor(len(lines) - 1, len(lines[-1]))
    return cursor.line, to_units(lines[cursor.line], cursor.column, target.encoding)


def _is_inline(change: Change, target: Target) -> bool:
    """Whether a change only inserts in the line of the cursor, there or later, and lines only at its end."""
    cursor = target.cursor
    start = change.start
    if cursor is None or start != change.end or start.line != cursor.line or start.column < cursor.column:
        return False
    line = target.found.document.lines[start.line].rstrip("\r\n")
    return start.column == len(line) or not _LINE_END.search(change.text)


def _text_between(lines: tuple[str, ...], start: Cursor, end: Cursor) -> str:
    return text_between(lines, (start.line, start.column), (end.line, end.column))


def _without_end(text: str) -> str:
    r"""A text without its last line end.

    >>> _without_end("a\r\n"), _without_end("\n\n")
    ('a', '\n')
    """
    for end in ("\r\n", "\n", "\r"):
        if text.endswith(end):
            return text.removesuffix(end)
    return text
