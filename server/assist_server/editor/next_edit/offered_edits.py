"""The offers that an editor knows: what it shows of each, until when it is right, and what became of it.

Positions are in the editor's units. Offers are counted by kind, never with a text. When one is offered is
decided elsewhere.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from assist_context.documents import Cursor
from assist_context.next_edit.offer import Change, Offer, OfferKind
from assist_context.unseen_characters import visible
from assist_server.editor.next_edit.offer_requests import FoundOffer, Replaced
from assist_server.editor.next_edit.watched_edits import path_of_document
from assist_server.editor.usage_port import OfferEvent, UsageRecords
from assist_server.workspace.documents import Encoding, OpenDocument, find_line_end, text_between, to_units

if TYPE_CHECKING:
    from assist_context.next_edit.finder import PastOffers  # and with it tree-sitter

REMEMBERED = 128  # offers that can still be accepted or rejected

_WORD = re.compile(r"\w")
_LINE_END = re.compile(r"\r\n|\r|\n")

At = tuple[int, int]  # a line from 0, and a column in the editor's units
# It is called with a document that has an offer, or, with False, whose offer is void.
Listener = Callable[[OpenDocument, bool], None]


@dataclass(frozen=True, slots=True)
class OfferedChange:
    """A change in the editor's terms.

    `before` and `after` are its whole lines as people are shown them, without the last line end.
    """

    start: At
    end: At
    text: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class NextEdit:
    """The view of an offer in an editor. `version` is None for a file that is not open, `file` is "" for the
    document in which it was asked.

    `remaining` counts the places with this one; `deleted` is the text that the change replaces.
    `inline`: it only inserts at the cursor or after it in its line. `chain`: such an offer was accepted
    before, and there are more places, so that all of them may be offered at once.
    """

    id: int
    kind: OfferKind
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
class OfferPlace:
    """The place of an offer: the document that it changes, by its URI, and as an open one if it is open.

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

    place: OfferPlace
    changes: tuple[Change, ...]
    version: int | None
    key: object  # what it counts for

    @property
    def is_current(self) -> bool:
        """Return whether the document is as it was offered for."""
        document = self.place.opened
        return document is not None and document.version == self.version


@dataclass(slots=True)
class _ShownLines:
    """The lines that the offer for a document would change, and whether an edit touched them."""

    document: OpenDocument
    path: str
    first: int
    last: int
    pattern: str
    touched: bool = False

    def move(self, start: int, end: int, growth: int) -> None:
        """The lines from `start` to `end` become `growth` more."""
        if start <= self.last and end >= self.first:
            self.touched = True
        elif end < self.first:
            self.first += growth
            self.last += growth


class OfferedEdits:
    """Owns the offers that an editor got, and the outcome of each in the session. Event loop only.

    An editor knows at most one offer for each document in which it asks.
    """

    def __init__(self, usage: Callable[[], UsageRecords]) -> None:
        self.past: PastOffers | None = None  # None before the first accept or reject
        self._usage = usage
        self._numbers = count(1)
        self._offered: OrderedDict[int, _Offered] = OrderedDict()
        # An offer of another kind may make the same change, and for the user that is the same one.
        self.refused: frozenset[Replaced] = frozenset()
        self._accepted: set[Replaced | str] = set()  # changes, and patterns whose changes differ
        self._counted: tuple[str, str] = ("", "")  # the document and the pattern that were counted last
        self._shown: dict[str, _ShownLines] = {}  # by the URI of the document for which it is
        self._listener: Listener = lambda *_: None

    def listen(self, listener: Listener) -> None:
        """Tell this listener of offers."""
        self._listener = listener

    def push(self, document: OpenDocument, offer: FoundOffer | None) -> None:
        """Tell the editor that there is an offer for a document, or that the one it knows is void."""
        if offer is not None:
            self._note(document, offer)
            self._listener(document, True)
        elif self._shown.pop(document.uri, None) is not None:
            self._listener(document, False)

    def move(self, path: str, start: int, end: int, growth: int) -> None:
        """The lines from `start` to `end` of a document become `growth` more."""
        for entry in self._shown.values():
            if entry.path == path:
                entry.move(start, end, growth)

    def touch(self, path: str | None = None) -> None:
        """A document was changed all over, or closed, or, without one, all offers are void."""
        for entry in self._shown.values():
            entry.touched = entry.touched or path in (None, entry.path)

    def forget(self, document: OpenDocument) -> None:
        """A document was closed: the editor knows no offer for it, and none in it is right."""
        self._shown.pop(document.uri, None)
        self.touch(path_of_document(document))

    def tell_void(self, document: OpenDocument | None = None) -> None:
        """Tell the editor of offers whose lines were touched, and of all that have to do with a document."""
        path = path_of_document(document) if document is not None else None
        for entry in list(self._shown.values()):
            if entry.touched or path in (entry.path, path_of_document(entry.document)):
                del self._shown[entry.document.uri]
                self._listener(entry.document, False)

    def add(self, place: OfferPlace, document: OpenDocument) -> NextEdit:
        """An editor gets this offer for this document; what it shows."""
        offer = place.offer
        self._note(document, place.found)
        lines = place.found.document.lines
        changes = tuple(_set_line_ends(change, lines) for change in offer.changes)
        version = place.opened.version if place.opened is not None else None
        key = self._usage().offer_key(document, offer.kind)
        if self._counted != (place.uri, offer.pattern):
            self._counted = (place.uri, offer.pattern)
            self._usage().count_offer(key, "next-offered")
        number = next(self._numbers)
        self._offered[number] = _Offered(place, changes, version, key)
        if len(self._offered) > REMEMBERED:
            self._offered.popitem(last=False)
        first = changes[0]
        return NextEdit(
            number,
            offer.kind,
            place.uri,
            version,
            _to_editor(first, place),
            offer.words,
            len(changes),
            place.found.file,
            _text_between(lines, first.start, first.end),
            _is_inline(first, place),
            len(changes) > 1 and not self._accepted.isdisjoint((place.found.replaced, offer.pattern)),
        )

    def chain(self, number: int) -> OfferedChain | None:
        """All places of an offer; None if they are not current."""
        place = self._offered.get(number)
        if place is None or place.version is None or not place.is_current:
            return None
        changes = tuple(_to_editor(change, place.place) for change in place.changes)
        return OfferedChain(place.place.uri, place.version, changes, place.place.offer.words)

    def accept(self, number: int) -> tuple[Change, ...]:
        """The user accepted an offer, and its changes are about to be made; nothing for an unknown one."""
        offer_place = self._end(number, "next-accepted")
        if offer_place is None:
            return ()
        offer = offer_place.place.found
        self._accepted |= {offer.replaced, offer.offer.pattern}
        self.past = self._known_past().accept(offer.offer)
        path = offer_place.changes[0].path
        self._shown = {uri: entry for uri, entry in self._shown.items() if entry.path != path}
        return offer_place.changes

    def reject(self, number: int) -> bool:
        """The user rejected an offer: its pattern is not offered again. Returns whether it was known."""
        offer_place = self._end(number, "next-rejected")
        if offer_place is None:
            return False
        offer = offer_place.place.found
        if _WORD.search("".join(offer.replaced)):  # a comma says too little
            self.refused |= {offer.replaced}
        self.past = self._known_past().reject(offer.offer)
        pattern = offer.offer.pattern
        self._shown = {uri: entry for uri, entry in self._shown.items() if entry.pattern != pattern}
        return True

    def is_refused(self, offer: FoundOffer) -> bool:
        """Return whether the user rejected the offer meanwhile."""
        past = self.past
        return past is not None and (offer.offer.pattern in past.rejected or offer.replaced in self.refused)

    def _note(self, document: OpenDocument, offer: FoundOffer) -> None:
        first = offer.offer.changes[0]
        self._shown[document.uri] = _ShownLines(
            document, first.path, first.start.line, first.end.line, offer.offer.pattern
        )

    def _end(self, number: int, event: OfferEvent) -> _Offered | None:
        """Count what became of an offer, once."""
        offer_place = self._offered.pop(number, None)
        if offer_place is not None:
            self._counted = ("", "")
            self._usage().count_offer(offer_place.key, event)
        return offer_place

    def _known_past(self) -> "PastOffers":
        from assist_context.next_edit.finder import PastOffers  # noqa: PLC0415  (was loaded on the thread)

        return self.past or PastOffers()


def get_uri(path: str) -> str:
    """The URI of a file that is not open."""
    return Path(path).as_uri()


def _set_line_ends(change: Change, lines: tuple[str, ...]) -> Change:
    """The change with the line ends of its document."""
    return Change(change.path, change.start, change.end, _LINE_END.sub(find_line_end(lines), change.text))


def _to_editor(change: Change, place: OfferPlace) -> OfferedChange:
    lines = place.found.document.lines
    start, end = change.start, change.end
    # Whole lines that come or go are shown without the line after them.
    whole = start.column == end.column == 0 and (not change.text or change.text[-1] in "\r\n")
    last = Cursor(end.line, 0) if whole else Cursor(end.line + 1, 0)
    head = lines[start.line][: start.column] if start.line < len(lines) else ""
    tail = "" if whole or end.line >= len(lines) else lines[end.line][end.column :]
    return OfferedChange(
        _position(start, place),
        _position(end, place),
        change.text,
        _preview(_text_between(lines, Cursor(start.line, 0), last)),
        _preview(head + change.text + tail),
    )


def _position(cursor: Cursor, place: OfferPlace) -> At:
    lines = place.found.document.lines
    if cursor.line >= len(lines):
        cursor = Cursor(len(lines) - 1, len(lines[-1]))
    return cursor.line, to_units(lines[cursor.line], cursor.column, place.encoding)


def _is_inline(change: Change, place: OfferPlace) -> bool:
    """Say if a change only inserts in the line of the cursor, there or later, and lines only at its end."""
    cursor = place.cursor
    start = change.start
    if cursor is None or start != change.end or start.line != cursor.line or start.column < cursor.column:
        return False
    line = place.found.document.lines[start.line].rstrip("\r\n")
    return start.column == len(line) or not _LINE_END.search(change.text)


def _text_between(lines: tuple[str, ...], start: Cursor, end: Cursor) -> str:
    return text_between(lines, (start.line, start.column), (end.line, end.column))


def _preview(text: str) -> str:
    r"""Lines without the last line end, as a preview shows them.

    >>> _preview("a\u202e\r\nb\r\n"), _preview("\n\n")
    ('a<U+202E>\nb', '\n')
    """
    lines = _LINE_END.split(text)
    return "\n".join(map(visible, lines[:-1] if lines[-1] == "" else lines))
