"""What one editor is offered as its next edit: it follows the edits, asks the worker, and tells the editor.

It joins the history, the worker and the offered edits. Nothing here blocks the event loop: an offer is looked
for on the worker's thread, at a pause, when the cursor leaves the line, or when the editor asks.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

from assist_completion.settings import CompletionSettings
from assist_context.documents import Cursor, Document
from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.offer import Report
from assist_server.editor.feedback.region import after
from assist_server.editor.feedback.usage_table import UsageTable
from assist_server.editor.next_edit.offer_worker import FoundOffer, OfferRequest, OfferSearcher, OfferWorker
from assist_server.editor.next_edit.offered_edits import NextEdit, OfferedEdits, Target, uri_of
from assist_server.editor.next_edit.silence import is_in_word
from assist_server.editor.open_documents import OpenDocuments
from assist_server.workspace.documents import OpenDocument

PAUSE = 0.4  # seconds without a change after which an edit is over
PATIENCE = 0.3  # seconds that a request waits for the worker; a later answer is pushed
# Open documents in which an offer is looked for; others are found by the index, as they were saved. To take
# 64 of 3,000 lines for the first time takes 16 ms of the event loop.
MOST_OPEN = 16
MOST_LINES = 30_000  # of a document; more is data, and to copy 500,000 of them takes 3 ms of the event loop

# It is called with a document that has an offer, or, with False, whose offer is void.
Listener = Callable[[OpenDocument, bool], None]


@dataclass(frozen=True, slots=True)
class _Question:
    """A request that the worker has, and the state that it is about.

    `pushes`: no one waits for it. `follows`: an offer was accepted, and its edit is made, or the user asked.
    """

    document: OpenDocument
    changes: int
    news: int
    pushes: bool
    follows: bool = False


@dataclass(slots=True)
class _ShownOffer:
    """The lines that an offer of which the editor knows would change, and whether an edit touched them."""

    path: str
    first: int
    last: int
    pattern: str
    touched: bool = False

    def follow(self, start: int, end: int, growth: int) -> None:
        """The lines from `start` to `end` become `growth` more."""
        if start <= self.last and end >= self.first:
            self.touched = True
        elif end < self.first:
            self.first += growth
            self.last += growth


class NextEdits:
    """Owns the history of a session's edits, the worker, and the offers. Event loop only.

    `settings` gives the current ones. `begin` opens what searches, on the worker's thread. `shows_ghost` says
    whether ghost text is shown at a cursor now. An edit is over after `pause` seconds.
    """

    def __init__(
        self,
        settings: Callable[[], CompletionSettings],
        documents: OpenDocuments,
        usage: UsageTable,
        begin: Callable[[], OfferSearcher],
        shows_ghost: Callable[[OpenDocument, Cursor], bool] = lambda *_: False,
        pause: float = PAUSE,
    ) -> None:
        self._settings = settings
        self._documents = documents
        self._begin = begin
        self._shows_ghost = shows_ghost
        self._pause = pause
        self._offered = OfferedEdits(usage)
        self._listener: Listener = lambda *_: None
        self._worker: OfferWorker | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._numbers = count(1)
        self._changes = 0  # of documents: an offer is for one state of all of them
        self._clear()

    def _clear(self) -> None:
        self._history = EditHistory()
        self._news = 0  # everything that can lead to another offer, changes included
        self._begun: float | None = None  # when the change that is being made began
        self._due: OpenDocument | None = None  # with an edit that is not over
        self._made_in = ""  # the path of the document of the last change, if that is an example
        self._follow = ""  # the path of the document where an offer was accepted, until its edit comes
        self._answer: tuple[OpenDocument, int, FoundOffer | None] | None = None
        self._asked: dict[int, _Question] = {}
        self._waiting: dict[int, list[asyncio.Future[FoundOffer | None]]] = {}
        self._held: tuple[_Question, FoundOffer] | None = None  # an offer that came at a bad moment
        self._typed_at: Cursor | None = None  # where the last edit ended
        self._cursors: dict[str, Cursor] = {}  # by URI, as are these
        self._reports: dict[str, tuple[Report, ...]] = {}
        self._shown: dict[str, _ShownOffer] = {}

    @property
    def is_on(self) -> bool:
        return self._settings().next_edit == "on"

    def listen(self, listener: Listener) -> None:
        """Tell this listener of offers."""
        self._listener = listener

    def configure(self) -> None:
        """The settings may have changed."""
        if not self.is_on:
            self._end()
            self._clear()

    def reopen(self) -> None:
        """The workspace has other folders."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None
        for number in list(self._asked):
            self._drop(number)

    def refresh(self) -> None:
        """Files or rules may have changed."""
        if self._worker is not None:
            self._worker.refresh()

    def close(self) -> None:
        """End the timer and the thread."""
        self._listener = lambda *_: None
        self._end()

    def open_document(self) -> None:
        """A document was opened: what was found without it is too old."""
        self._changes += 1
        self._news += 1

    def close_document(self, document: OpenDocument) -> None:
        """The editor closed a document."""
        self.open_document()
        path = path_of_document(document)
        self._history.forget(path)
        if self._due is document:
            self._stop_timer()
        for each in (self._cursors, self._reports, self._shown):
            each.pop(document.uri, None)
        for shown in self._shown.values():
            shown.touched = shown.touched or shown.path == path
        self._forget_touched(None)

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        """The text between two cursors of a document becomes `text`; its lines are still the old ones."""
        if not self.is_on or _is_same(document, start, end, text):
            return
        self._begun = time.monotonic() if self._begun is None else self._begun
        path = path_of_document(document)
        self._history.foresee(path, document.lines, start, end, text)
        stop = Cursor(*after((start.line, start.column), text))
        self._cursors[document.uri] = stop
        self._typed_at = stop
        for shown in self._shown.values():
            if shown.path == path:
                shown.follow(start.line, end.line, stop.line - end.line)

    def compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        """The lines of a document were `old`, and very much of it changed at once."""
        if not self.is_on:
            return
        path = path_of_document(document)
        self._made_in = ""
        self._history.compare(path, old, document.lines)
        for shown in self._shown.values():
            shown.touched = shown.touched or shown.path == path

    def follow_change(self, document: OpenDocument) -> None:
        """The editor changed a document, and each edit was foreseen: plan what comes after it."""
        begun = self._begun
        self._begun = None
        if not self.is_on:
            return
        self.open_document()
        self._reports.pop(document.uri, None)
        self._stop_timer()
        hunks = self._history.hunks()
        # What was taken back, or is too much, leaves no example of this moment.
        made = begun is not None and bool(hunks) and hunks[-1].time >= begun and hunks[-1].is_example
        path = path_of_document(document)
        # A key that changes nothing, as over a bracket that the editor closed, belongs to the edit before it.
        made = (made or (begun is None and self._made_in == path)) and _is_small(document)
        self._forget_touched(None if made else document)
        follows = self._follow == path
        self._follow = ""
        self._made_in = path if made else ""
        if follows and _is_small(document):
            self._ask(document, pushes=True, follows=True)
        elif made:
            self._due = document
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._end_edit)

    def move_cursor(self, document: OpenDocument, cursor: Cursor) -> None:
        """The cursor rests somewhere; on another line, an edit is over at once."""
        if not self.is_on:
            return
        before = self._cursors.get(document.uri)
        self._cursors[document.uri] = cursor
        if self._due is document and before is not None and before.line != cursor.line:
            self._end_edit()
        elif self._held is not None and self._held[0].document is document:
            question, found = self._held
            self._held = None
            if question.news == self._news:
                self._push(question, found)

    def report(self, document: OpenDocument, version: int | None, reports: Iterable[Report]) -> None:
        """The editor's other tools report these problems for a document, and none but these."""
        found = tuple(reports)
        outdated = version not in (None, document.version)
        if not self.is_on or outdated or found == self._reports.get(document.uri, ()):
            return
        self._reports[document.uri] = found
        self._news += 1
        if self._due is None and self._made_in == path_of_document(document):
            self._ask(document, pushes=True)

    async def request(
        self, uri: str, version: int | None, at: tuple[int, int], *, automatic: bool = False
    ) -> NextEdit | None:
        """The offer for a document of this version with the cursor at (line, units).

        An `automatic` request, which no user made, gets none at a bad moment.
        """
        document = self._documents.get(uri)
        if document is None or not self.is_on or version not in (None, document.version):
            return None
        self._cursors[uri] = document.cursor(*at)
        if not self._history.hunks() or not _is_small(document):
            return None
        if automatic and (self._settings().mode == "manual" or self._is_silent(document)):
            return None
        changes = self._changes
        found = await self._find(document, wanted=not automatic)
        return self._show(document, found) if found is not None and changes == self._changes else None

    def accept(self, number: int) -> None:
        """The user accepts an offer; its edit comes next, and after that the next offer."""
        changes = self._offered.accept(number)
        if changes:
            self._news += 1
            self._follow = changes[0].path
            self._history.expect_offer(changes[0])
            self._shown = {uri: each for uri, each in self._shown.items() if each.path != self._follow}

    def reject(self, number: int) -> None:
        """The user rejects an offer: its pattern does not come again in this session."""
        offer = self._offered.reject(number)
        if offer is not None:
            self._news += 1
            self._shown = {uri: each for uri, each in self._shown.items() if each.pattern != offer.pattern}

    @property
    def offered(self) -> OfferedEdits:
        """The offers that the editor got."""
        return self._offered

    async def _find(self, document: OpenDocument, *, wanted: bool) -> FoundOffer | None:
        """The worker's answer for a document as it is now; None if that takes too long: then it is pushed.

        `wanted`: at any moment, since the user asks.
        """
        if self._answer is not None and self._answer[:2] == (document, self._news):
            return self._answer[2]
        same = (
            number
            for number, each in self._asked.items()
            if each.document is document and each.news == self._news
        )
        number = next(same, None) or self._ask(document, pushes=False)
        future: asyncio.Future[FoundOffer | None] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(number, [])
        waiting.append(future)
        try:
            await asyncio.wait({future}, timeout=PATIENCE)
        finally:
            if not future.done():
                waiting.remove(future)
        if future.done():
            return future.result()
        if number in self._asked:
            question = self._asked[number]
            self._asked[number] = replace(question, pushes=True, follows=question.follows or wanted)
        return None

    def _ask(self, document: OpenDocument, *, pushes: bool, follows: bool = False) -> int:
        """Ask the worker; the number of the request."""
        if self._due is document:
            self._stop_timer()
        for old in [number for number, each in self._asked.items() if each.changes != self._changes]:
            self._drop(old)
        number = next(self._numbers)
        self._asked[number] = _Question(document, self._changes, self._news, pushes, follows)
        path = path_of_document(document)
        latest = self._documents.latest()[-MOST_OPEN:]
        others = (each for each in latest if each is not document and _is_small(each))
        request = OfferRequest(
            number,
            path,
            self._cursors.get(document.uri, Cursor(0, 0)),
            {path_of_document(each): _value_of(each) for each in (*others, document)},
            self._history.hunks(),
            self._reports.get(document.uri, ()),
            self._offered.past,
            self._settings().mode,
            self._offered.refused,
        )
        dropped = self._running_worker().request(request)
        if dropped is not None:
            self._drop(dropped.number)
        return number

    def _drop(self, number: int) -> None:
        """No answer to a request will come, or it will be for an older text."""
        self._asked.pop(number, None)
        for each in self._waiting.pop(number, []):
            if not each.done():
                each.set_result(None)

    def _running_worker(self) -> OfferWorker:
        if self._worker is None:
            loop = asyncio.get_running_loop()

            def deliver(request: OfferRequest, found: FoundOffer | None) -> None:
                with suppress(RuntimeError):  # the loop is closed: the server has ended
                    loop.call_soon_threadsafe(self._take, request, found)

            self._worker = OfferWorker(self._begin, deliver)
        return self._worker

    def _take(self, request: OfferRequest, found: FoundOffer | None) -> None:
        """The worker has answered."""
        question = self._asked.pop(request.number, None)
        waiting = self._waiting.pop(request.number, [])
        if found is not None and self._offered.is_refused(found):
            found = None
        current = question is not None and question.changes == self._changes
        for each in waiting:
            if not each.done():
                each.set_result(found if current else None)
        if question is None or not current:
            return
        if question.news == self._news:
            self._answer = (question.document, question.news, found)
        if question.pushes and not waiting:
            self._push(question, found)

    def _push(self, question: _Question, found: FoundOffer | None) -> None:
        """Tell the editor of an offer, or that the one it knows is void."""
        document = question.document
        asked = found is not None and (question.follows or self._settings().mode != "manual")
        silent = asked and self._is_silent(document, follows=question.follows)
        self._held = (question, found) if found is not None and silent else None
        if found is not None and asked and not silent:
            self._note_shown(document, found)
            self._listener(document, True)
        elif self._shown.pop(document.uri, None) is not None:
            self._listener(document, False)

    def _show(self, document: OpenDocument, found: FoundOffer) -> NextEdit | None:
        """The offer as the editor gets it; None if its document is not as it was found."""
        path = found.offer.path
        opened = document if path == path_of_document(document) else self._opened_at(path)
        if opened is not None and opened.to_document().lines != found.document.lines:
            return None
        uri = opened.uri if opened is not None else uri_of(path)
        cursor = self._cursors.get(uri) if opened is document else None
        self._note_shown(document, found)
        return self._offered.add(Target(found, uri, document.encoding, opened, cursor), document)

    def _note_shown(self, document: OpenDocument, found: FoundOffer) -> None:
        first = found.offer.changes[0]
        self._shown[document.uri] = _ShownOffer(
            first.path, first.start.line, first.end.line, found.offer.pattern
        )

    def _forget_touched(self, document: OpenDocument | None) -> None:
        """The editor's offers whose lines were touched are void, and all that have to do with `document`."""
        for uri, shown in list(self._shown.items()):
            own = document is not None and document.uri in (uri, self._uri_of(shown.path))
            if shown.touched or own:
                del self._shown[uri]
                known = self._documents.get(uri)
                if known is not None:
                    self._listener(known, False)

    def _is_silent(self, document: OpenDocument, *, follows: bool = False) -> bool:
        """Whether the moment is bad for an offer in a document."""
        path = path_of_document(document)
        edited = any(each.is_example and each.path == path for each in self._history.hunks())
        cursor = self._cursors.get(document.uri)
        if not edited or (cursor is not None and self._shows_ghost(document, cursor)):
            return True
        if follows:  # the user is in a chain
            return False
        return cursor is not None and cursor == self._typed_at and is_in_word(document.lines, cursor)

    def _uri_of(self, path: str) -> str:
        opened = self._opened_at(path)
        return opened.uri if opened is not None else ""

    def _opened_at(self, path: str) -> OpenDocument | None:
        return next((each for each in self._documents if path_of_document(each) == path), None)

    def _end_edit(self) -> None:
        """The edit that was being made is over."""
        document = self._due
        self._stop_timer()
        if document is not None and self._documents.holds(document):
            self._ask(document, pushes=True)

    def _stop_timer(self) -> None:
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        """Stop everything, and tell the editor that its offers are void."""
        self._stop_timer()
        self.reopen()
        for each in self._shown.values():
            each.touched = True
        self._forget_touched(None)


def path_of_document(document: OpenDocument) -> str:
    """What a document is called in hunks and offers: its resolved path, or its URI if it is no file."""
    return document.real_path or document.uri


def _is_same(document: OpenDocument, start: Cursor, end: Cursor, text: str) -> bool:
    """Whether an edit within a line leaves it as it is."""
    return start.line == end.line and document.lines[start.line][start.column : end.column] == text


def _is_small(document: OpenDocument) -> bool:
    return len(document.lines) <= MOST_LINES


def _value_of(document: OpenDocument) -> Document:
    return replace(document.to_document(), path=path_of_document(document))
