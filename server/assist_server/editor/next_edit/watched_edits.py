"""The user's session: their edits, where their cursors are, and when an edit is over.

An edit is over after a pause, or when the cursor leaves its line. It knows no offer, only where an accepted
one is about to be made.
"""

import asyncio
import time
from collections.abc import Callable, Sequence

from assist_context.documents import Cursor
from assist_context.next_edit.edit_history import EditHistory
from assist_context.next_edit.offer import Change, EditHunk, Report
from assist_server.workspace.documents import OpenDocument, after, is_data

PAUSE = 0.4  # seconds without a change after which an edit is over


class WatchedEdits:
    """Owns the history of a session's edits, and the timer of the current edit. Event loop only.

    `end_edit` is called with the document of an edit that is over, after `pause` seconds without a change.
    """

    def __init__(self, end_edit: Callable[[OpenDocument], None], pause: float) -> None:
        self._end_edit = end_edit
        self._pause = pause
        self._history = EditHistory()
        # A change comes in two steps. First each of its edits is foreseen, which sets `_begun`, `_typed_at`.
        # Then the document is changed, and the change leaves an example in it (`_example_in`) or does not.
        # After an example the document is `_due` until the pause is over. `_expected_in` is set when an offer
        # is accepted, and ends with the next change of any document.
        self._begun: float | None = None
        self._typed_at: Cursor | None = None
        self._example_in = ""
        self._expected_in = ""
        self._due: OpenDocument | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._cursors: dict[str, Cursor] = {}  # by URI
        self._reports: dict[str, tuple[Report, ...]] = {}  # of other tools, by URI

    @property
    def hunks(self) -> tuple[EditHunk, ...]:
        """All edits that are remembered, oldest first."""
        return self._history.hunks()

    @property
    def typed_at(self) -> Cursor | None:
        """Find where the last edit ended."""
        return self._typed_at

    def cursor(self, document: OpenDocument) -> Cursor | None:
        """Find where the cursor is in a document, as far as the editor has said so."""
        return self._cursors.get(document.uri)

    def put_cursor(self, document: OpenDocument, cursor: Cursor) -> None:
        """The editor says where the cursor is. An edit goes on."""
        self._cursors[document.uri] = cursor

    def reports(self, document: OpenDocument) -> tuple[Report, ...]:
        """Return what other tools report for a document as it is now."""
        return self._reports.get(document.uri, ())

    def has_example(self, document: OpenDocument) -> bool:
        """Return whether something was edited in a document from which an offer could follow."""
        path = path_of_document(document)
        return any(hunk.is_example and hunk.path == path for hunk in self._history.hunks())

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> Cursor:
        """The text between two cursors becomes `text`; where that will end. The lines are the old ones."""
        self._begun = time.monotonic() if self._begun is None else self._begun
        self._history.foresee(path_of_document(document), document.lines, start, end, text)
        self._typed_at = Cursor(*after((start.line, start.column), text))
        self._cursors[document.uri] = self._typed_at
        return self._typed_at

    def compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        """The lines of a document were `old`, and very much of it changed at once."""
        self._example_in = ""
        self._history.compare(path_of_document(document), old, document.lines)

    def end_change(self, document: OpenDocument) -> bool:
        """All edits of a change are made; whether it leaves an example of this moment.

        What takes an edit back, or is too much at once, leaves none.
        """
        beginning = self._begun
        self._begun = None
        self._reports.pop(document.uri, None)
        self.stop_waiting()
        hunks = self._history.hunks()
        path = path_of_document(document)
        if beginning is None:
            # A key that changes nothing, as over a bracket that the editor closed, goes on with an edit.
            own_offer = self._example_in == path
        else:
            own_offer = bool(hunks) and hunks[-1].time >= beginning and hunks[-1].is_example
        own_offer = own_offer and not is_data(document.lines)
        self._example_in = path if own_offer else ""
        return own_offer

    def drop_change(self) -> None:
        """A change was made that does not count."""
        self._begun = None

    def wait(self, document: OpenDocument) -> None:
        """An edit was made in a document: it is over after the pause."""
        self._due = document
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._finish)

    def stop_waiting(self, document: OpenDocument | None = None) -> None:
        """The edit in a document, or in any, is over, or goes on: nothing follows from the pause."""
        if document in (None, self._due):
            self._due = None
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def is_settled(self, document: OpenDocument) -> bool:
        """Return whether the last change left an example in this document, and no edit is being made."""
        return self._due is None and self._example_in == path_of_document(document)

    def move_cursor(self, document: OpenDocument, cursor: Cursor) -> bool:
        """The cursor rests somewhere; on another line, an edit is over at once. Returns whether it was."""
        before = self._cursors.get(document.uri)
        self._cursors[document.uri] = cursor
        is_over = self._due is document and before is not None and before.line != cursor.line
        if is_over:
            self._finish()
        return is_over

    def take_reports(self, document: OpenDocument, reports: tuple[Report, ...]) -> bool:
        """Other tools report these problems, and none but these; whether they are others than before."""
        if reports == self.reports(document):
            return False
        self._reports[document.uri] = reports
        return True

    def expect_offer(self, change: Change) -> None:
        """An offer was accepted: the next change of its document makes it."""
        self._expected_in = change.path
        self._history.expect_offer(change)

    def makes_offer(self, document: OpenDocument) -> bool:
        """Say if an accepted offer was to be made by this change of a document. Only one change may."""
        path_expected = self._expected_in
        self._expected_in = ""
        return path_expected == path_of_document(document)

    def forget(self, document: OpenDocument) -> None:
        """A document was closed."""
        self._history.forget(path_of_document(document))
        self.stop_waiting(document)
        self._cursors.pop(document.uri, None)
        self._reports.pop(document.uri, None)

    def _finish(self) -> None:
        document = self._due
        self.stop_waiting()
        if document is not None:
            self._end_edit(document)


def path_of_document(document: OpenDocument) -> str:
    """Return the name of a document in hunks and offers: its resolved path, or its URI without a file."""
    return document.real_path or document.uri
