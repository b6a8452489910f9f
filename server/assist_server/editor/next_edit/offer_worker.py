"""Looks for what comes next, on a thread of its own that no caller waits for.

Only the newest request counts; an older one that was not begun is dropped. Heavy imports happen on that
thread only, in the searcher that `begin` opens. Without a request the thread sleeps.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assist_completion.settings import Mode
from assist_context.documents import Cursor, Document
from assist_context.next_edit.offer import Change, EditHunk, Offer, Report
from assist_server.editor.feedback.region import text_between

if TYPE_CHECKING:
    from assist_context.next_edit.finder import PastOffers  # and with it tree-sitter


Replaced = tuple[str, str]  # a text, and the one that takes its place


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """A question: what comes next in the document `path`, or from there in another one.

    `opened` are open documents by their paths, that one among them, the one that was edited last at the end.
    `hunks` are all that the history holds. `past` is None before the first offer. `refused` are changes that
    the user rejected, whatever led to them.
    """

    number: int
    path: str
    cursor: Cursor
    opened: Mapping[str, Document]
    hunks: tuple[EditHunk, ...]
    reports: tuple[Report, ...]
    past: "PastOffers | None"
    mode: Mode
    refused: frozenset[Replaced] = frozenset()


@dataclass(frozen=True, slots=True)
class FoundOffer:
    """An offer, and the document that it changes, as it was found there.

    `file` is how people call that document, "" for the one that was asked about.
    """

    offer: Offer
    document: Document
    file: str = ""

    @property
    def replaced(self) -> Replaced:
        return replaced_by(self.offer.changes[0], self.document)


def replaced_by(change: Change, document: Document) -> Replaced:
    """What a change makes of which text of its document, with line ends as they are there."""
    start, end = change.start, change.end
    old = text_between(document.lines, (start.line, start.column), (end.line, end.column))
    return old, change.text


class OfferSearcher(Protocol):
    """Answers requests, on the thread: see `offer_search.OfferSearch`."""

    def find(self, request: OfferRequest) -> FoundOffer | None: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


class OfferWorker:
    """Answers one `OfferRequest` at a time. Owns the thread, which also calls `begin` and `on_result`.

    The thread starts with the first request. If an error ends it, the next request starts it again.
    """

    def __init__(
        self,
        begin: Callable[[], OfferSearcher],
        on_result: Callable[[OfferRequest, FoundOffer | None], None],
    ) -> None:
        self._begin = begin
        self._on_result = on_result
        self._next: OfferRequest | None = None
        self._stale = False
        self._closed = False
        self._wake = threading.Condition()
        self._thread: threading.Thread | None = None

    def request(self, request: OfferRequest) -> OfferRequest | None:
        """Look for an offer; `on_result` gets it. Returns the request that is dropped for it, if any."""
        with self._wake:
            dropped = self._next
            self._next = request
            self._wake.notify()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="assist-next-edit", daemon=True)
            self._thread.start()
        return dropped

    def refresh(self) -> None:
        """Files or rules may have changed: before the next request, rule files are read again."""
        self._stale = True

    def close(self) -> None:
        """End the thread after the request that it is doing; this does not wait for it."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        searcher = self._begin()
        try:
            while (request := self._wait()) is not None:
                if self._stale:
                    self._stale = False
                    searcher.refresh()
                found: FoundOffer | None = None
                try:
                    found = searcher.find(request)
                finally:
                    self._on_result(request, found)
        finally:
            searcher.close()

    def _wait(self) -> OfferRequest | None:
        """The next request; None once the worker is closed."""
        with self._wake:
            self._wake.wait_for(lambda: self._closed or self._next is not None)
            request = None if self._closed else self._next
            self._next = None
            return request
