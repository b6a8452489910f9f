"""The next edits of one editor: this joins what is watched, asked for, and shown.

Nothing here blocks the event loop: an offer is looked for on a thread, at a pause, when the cursor leaves the
line, or when the editor asks.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from assist_context.documents import Cursor, Document
from assist_context.next_edit.offer import Report
from assist_server.editor.auto_trigger import Unasked
from assist_server.editor.next_edit.offer_requests import (
    Answer,
    FoundOffer,
    OfferRequest,
    OfferRequests,
    OfferSearcher,
)
from assist_server.editor.next_edit.offered_edits import NextEdit, OfferedEdits, OfferPlace, get_uri
from assist_server.editor.next_edit.silence import Moment, OfferAsker, Silence, silence
from assist_server.editor.next_edit.watched_edits import PAUSE, WatchedEdits, path_of_document
from assist_server.editor.open_documents import OpenDocuments
from assist_server.editor.usage_port import UsageRecords
from assist_server.workspace.documents import OpenDocument, is_data

MAX_OPEN = 16  # open documents in which an offer is looked for; others are found by the index, as saved


class NextEdits:
    """Owns what is watched, asked for and shown in a session. Event loop only.

    `unasked` has the current settings, and says where nothing may come. `begin` opens what searches, on the
    thread. `shows_ghost` says whether ghost text is shown at a cursor now. An edit is over after `pause`
    seconds.
    """

    def __init__(
        self,
        trigger: Unasked,
        documents: OpenDocuments,
        usage: Callable[[], UsageRecords],
        begin: Callable[[], OfferSearcher],
        shows_ghost: Callable[[OpenDocument, Cursor], bool] = lambda *_: False,
        pause: float = PAUSE,
    ) -> None:
        self._unasked = trigger
        self._documents = documents
        self._shows_ghost = shows_ghost
        self._pause = pause
        self._requests = OfferRequests(begin, self._push)
        self.offered = OfferedEdits(usage)
        self._forget()

    def _forget(self) -> None:
        self._watched = WatchedEdits(self._ask_after_edit, self._pause)
        self._held: Answer | None = None  # an offer that came at a bad moment

    @property
    def is_on(self) -> bool:
        return self._unasked.settings.next_edit == "on"

    def configure(self) -> None:
        """The settings may have changed."""
        if not self.is_on:
            self._end()
            self._forget()

    def reopen(self) -> None:
        """The workspace has other folders."""
        self._requests.close()

    def refresh(self) -> None:
        """Files or rules may have changed."""
        self._requests.refresh()

    def close(self) -> None:
        """End the timer and the thread."""
        self.offered.listen(lambda *_: None)
        self._end()

    def open_document(self) -> None:
        """A document was opened: what was found without it is too old."""
        self._requests.void()

    def close_document(self, document: OpenDocument) -> None:
        """The editor closed a document."""
        self._requests.void()
        self._watched.forget(document)
        self.offered.forget(document)
        self.offered.tell_void()

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        """The text between two cursors of a document becomes `text`; its lines are still the old ones."""
        if self.is_on and not _is_same(document, start, end, text):
            stop = self._watched.foresee(document, start, end, text)
            self.offered.move(path_of_document(document), start.line, end.line, stop.line - end.line)

    def compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        """The lines of a document were `old`, and very much of it changed at once."""
        if self.is_on:
            # In data nothing is offered, and to compare it takes long.
            if not is_data(document.lines) and not is_data(old):
                self._watched.compare(document, old)
            self.offered.touch(path_of_document(document))

    def follow_change(self, document: OpenDocument) -> None:
        """The editor changed a document, and each edit was foreseen: plan what comes after it."""
        if not self.is_on:
            self._watched.drop_change()
            return
        self._requests.void()
        hunk = self._watched.end_change(document)
        self.offered.tell_void(None if hunk else document)
        if self._watched.makes_offer(document) and not is_data(document.lines):
            self._ask(document, "chain")
        elif hunk:
            self._watched.wait(document)

    def move_cursor(self, document: OpenDocument, cursor: Cursor) -> None:
        """The cursor rests somewhere; on another line, an edit is over at once."""
        if not self.is_on or self._watched.move_cursor(document, cursor):
            return
        offer_held = self._held
        if offer_held is not None and offer_held.document is document:
            self._held = None
            if offer_held.news == self._requests.news:
                self._push(offer_held)

    def report(self, document: OpenDocument, version: int | None, reports: Iterable[Report]) -> None:
        """The editor's other tools report these problems for a document, and none but these."""
        is_outdated = version not in (None, document.version)
        if not self.is_on or is_outdated or not self._watched.take_reports(document, tuple(reports)):
            return
        self._requests.hear_news()
        if self._watched.is_settled(document):
            self._ask(document, "pause")

    async def request(
        self, uri: str, version: int | None, at: tuple[int, int], *, automatic: bool = False
    ) -> NextEdit | None:
        """The offer for a document of this version with the cursor at (line, units).

        An `automatic` request, which no user made, gets none at a bad moment.
        """
        document = self._documents.get(uri)
        if document is None or version not in (None, document.version):
            return None
        self._watched.put_cursor(document, document.cursor(*at))
        asker: OfferAsker = "pause" if automatic else "user"
        if self._silence(document, asker) is not None:
            return None
        changes = self._requests.changes
        offer = await self._find(document, asker)
        current = changes == self._requests.changes
        return self._show(document, offer) if offer is not None and current else None

    def accept(self, number: int) -> None:
        """The user accepts an offer; its edit comes next, and after that the next offer."""
        changes = self.offered.accept(number)
        if changes:
            self._requests.hear_news()
            self._watched.expect_offer(changes[0])

    def reject(self, number: int) -> None:
        """The user rejects an offer: its pattern does not come again in this session."""
        if self.offered.reject(number):
            self._requests.hear_news()

    def drop_offers(self) -> None:
        """Tell the editor that its offers are void. More may come."""
        self.offered.touch()
        self.offered.tell_void()

    def _end(self) -> None:
        """Stop everything, and tell the editor that its offers are void."""
        self._watched.stop_waiting()
        self._requests.close()
        self.drop_offers()

    async def _find(self, document: OpenDocument, asker: OfferAsker) -> FoundOffer | None:
        """The offer for a document as it is now; None if that takes too long: then it is pushed."""
        last_answer = self._requests.last_answer(document)
        if last_answer is not None:
            return last_answer.found
        if not self._requests.is_asked(document):
            self._ask(document, asker, pushes=False)
        offer = await self._requests.wait(document, asker)
        return None if offer is not None and self.offered.is_refused(offer) else offer

    def _ask_after_edit(self, document: OpenDocument) -> None:
        if self._documents.holds(document):
            self._ask(document, "pause")

    def _ask(self, document: OpenDocument, asker: OfferAsker, *, pushes: bool = True) -> None:
        """Look for an offer for a document, among those that were edited last."""
        self._watched.stop_waiting(document)
        latest = self._documents.latest()[-MAX_OPEN:]
        others = (other for other in latest if other is not document)
        request = OfferRequest(
            path_of_document(document),
            self._watched.cursor(document) or Cursor(0, 0),
            {path_of_document(other): _rate_value(other) for other in (*others, document)},
            self._watched.hunks,
            self._watched.reports(document),
            self.offered.past,
            self._unasked.settings.mode,
            self.offered.refused,
        )
        self._requests.ask(request, document, asker, pushes=pushes)

    def _push(self, answer: Answer) -> None:
        """Tell the editor of an offer, or that the one it knows is void."""
        offer = answer.found
        if offer is not None and self.offered.is_refused(offer):
            offer = None
        silent = self._silence(answer.document, answer.asker) is not None
        self._held = answer if offer is not None and silent else None
        self.offered.push(answer.document, None if silent else offer)

    def _show(self, document: OpenDocument, offer: FoundOffer) -> NextEdit | None:
        """The offer as the editor gets it; None if its document is not as it was found."""
        path = offer.offer.path
        other = document if path == path_of_document(document) else self._find_open(path)
        if other is not None and other.to_document().lines != offer.document.lines:
            return None
        uri = other.uri if other is not None else get_uri(path)
        cursor = self._watched.cursor(document) if other is document else None
        return self.offered.add(OfferPlace(offer, uri, document.encoding, other, cursor), document)

    def _silence(self, document: OpenDocument, asker: OfferAsker) -> Silence | None:
        """Return why nothing is offered in a document now."""
        cursor = self._watched.cursor(document)
        moment = Moment(
            asker=asker,
            on=self.is_on,
            mode=self._unasked.settings.mode,
            quiet=bool(self._unasked.why_not(document)),
            lines=document.lines,
            edited=bool(self._watched.hunks),
            edited_here=self._watched.has_example(document),
            shows_ghost=cursor is not None and self._shows_ghost(document, cursor),
            cursor=cursor,
            typed_at=self._watched.typed_at,
        )
        return silence(moment)

    def _find_open(self, path: str) -> OpenDocument | None:
        return next((other for other in self._documents if path_of_document(other) == path), None)


def _is_same(document: OpenDocument, start: Cursor, end: Cursor, text: str) -> bool:
    """Return whether an edit within a line leaves it as it is."""
    return start.line == end.line and document.lines[start.line][start.column : end.column] == text


def _rate_value(document: OpenDocument) -> Document:
    return replace(document.to_document(), path=path_of_document(document))
