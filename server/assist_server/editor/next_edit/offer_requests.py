"""Pending requests for an offer: one search for an offer at a time, on a thread of its own.

The newest request counts. An answer is for one state of the documents, and is kept while nothing happens that
could lead to another one. Whether an offer is shown is decided elsewhere.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from assist_completion.engine.event_loop import call_on
from assist_completion.settings import Mode
from assist_context.documents import Cursor, Document
from assist_context.next_edit.offer import Change, EditHunk, Offer, Report
from assist_server.editor.next_edit.silence import OfferAsker
from assist_server.workspace.documents import OpenDocument, text_between
from assist_server.workspace.latest_request import LatestRequest, Searcher

if TYPE_CHECKING:
    from assist_context.next_edit.finder import PastOffers  # and with it tree-sitter

PATIENCE = 0.3  # seconds that a request waits for the thread; a later answer is pushed

Replaced = tuple[str, str]  # a text, and the one that takes its place


@dataclass(frozen=True, slots=True)
class OfferRequest:
    """A question: what comes next in the document `path`, or from there in another one.

    `opened` are open documents by their paths, that one among them, the last edited at the end.
    `hunks` are all that the history holds. `past` is None before the first offer. `refused` are changes that
    the user rejected, whatever led to them.
    """

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

    `file` is how people call that document, "" for the document in question.
    """

    offer: Offer
    document: Document
    file: str = ""

    @property
    def replaced(self) -> Replaced:
        return replaced_by(self.offer.changes[0], self.document)


def replaced_by(change: Change, document: Document) -> Replaced:
    """Return what a change makes in its document, with line ends as they are there."""
    start, end = change.start, change.end
    old = text_between(document.lines, (start.line, start.column), (end.line, end.column))
    return old, change.text


class OfferSearcher(Searcher, Protocol):
    """Answers requests, on the thread: see `offer_search.OfferSearch`."""

    def find(self, request: OfferRequest) -> FoundOffer | None: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """The offer for a document, and who asked."""

    document: OpenDocument
    asker: OfferAsker
    news: int
    found: FoundOffer | None


@dataclass(eq=False, slots=True)
class _Pending:
    """A request that the thread has. `pushes`: its answer is pushed, unless someone waits for it."""

    request: OfferRequest
    document: OpenDocument
    asker: OfferAsker
    news: int
    pushes: bool
    waiting: int = 0
    found: "asyncio.Future[FoundOffer | None]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class OfferRequests:
    """Owns the thread that looks for offers, and what it was asked. Event loop only.

    `begin` opens what searches, on the thread. `push` gets the answers for which no request waits.
    """

    def __init__(self, begin: Callable[[], OfferSearcher], push: Callable[[Answer], None]) -> None:
        self._begin = begin
        self._push = push
        self._latest: LatestRequest[_Pending, OfferSearcher] | None = None
        # A change of a document voids what is pending; any news, a change included, voids the last answer.
        self.changes = 0
        self.news = 0
        self._pending: list[_Pending] = []
        self._answer: Answer | None = None

    def void(self) -> None:
        """A document is not as it was: what is pending gets no answer."""
        self.changes += 1
        self.news += 1
        for pending in list(self._pending):
            self._drop(pending)

    def hear_news(self) -> None:
        """Something happened that can lead to another offer in the same documents."""
        self.news += 1

    def refresh(self) -> None:
        """Files or rules may have changed."""
        if self._latest is not None:
            self._latest.refresh()

    def close(self) -> None:
        """End the thread, without an answer to what is pending; the next request starts another one."""
        if self._latest is not None:
            self._latest.close()
            self._latest = None
        for pending in list(self._pending):
            self._drop(pending)

    def last_answer(self, document: OpenDocument) -> Answer | None:
        """The last answer, if it is for this document and nothing has happened since."""
        answer = self._answer
        current = answer is not None and (answer.document, answer.news) == (document, self.news)
        return answer if current else None

    def ask(self, request: OfferRequest, document: OpenDocument, asker: OfferAsker, *, pushes: bool) -> None:
        """Look for an offer for a document. `pushes`: no request waits for it."""
        pending = _Pending(request, document, asker, self.news, pushes)
        self._pending.append(pending)
        old_request = self._running().request(pending)
        if old_request is not None:
            self._drop(old_request)

    def is_asked(self, document: OpenDocument) -> bool:
        """Return whether the same question is pending."""
        return self._pending_for(document) is not None

    async def wait(self, document: OpenDocument, asker: OfferAsker) -> FoundOffer | None:
        """The answer for a document that was asked about; None if it takes too long: then it is pushed."""
        pending = self._pending_for(document)
        if pending is None:
            return None
        pending.waiting += 1
        try:
            await asyncio.wait({pending.found}, timeout=PATIENCE)
        finally:
            pending.waiting -= 1
        if pending.found.done():
            return pending.found.result()
        pending.pushes = True
        if asker == "user":
            pending.asker = "chain"  # they wanted it a moment ago, and go on
        return None

    def _pending_for(self, document: OpenDocument) -> _Pending | None:
        now = (document, self.news)
        same = (pending for pending in self._pending if (pending.document, pending.news) == now)
        return next(same, None)

    def _drop(self, pending: _Pending) -> None:
        if pending in self._pending:
            self._pending.remove(pending)
        if not pending.found.done():
            pending.found.set_result(None)

    def _running(self) -> "LatestRequest[_Pending, OfferSearcher]":
        if self._latest is None:
            loop = asyncio.get_running_loop()

            def answer(searcher: OfferSearcher, pending: _Pending) -> None:
                offer = None
                try:
                    offer = searcher.find(pending.request)
                finally:
                    call_on(loop, self._take, pending, offer)

            self._latest = LatestRequest("assist-next-edit", self._begin, answer)
        return self._latest

    def _take(self, pending: _Pending, offer: FoundOffer | None) -> None:
        """The thread has answered, unless the documents are others by now."""
        if pending not in self._pending:
            return
        self._pending.remove(pending)
        answer = Answer(pending.document, pending.asker, pending.news, offer)
        if pending.news == self.news:
            self._answer = answer
        pending.found.set_result(offer)
        if pending.pushes and not pending.waiting:
            self._push(answer)
