"""Counts the use of an editor's session: the other side of the server's `editor/usage_port`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from assist_completion.suggestion import Suggestion
from assist_context.documents import Cursor
from assist_context.next_edit.offer import OfferKind
from assist_evaluation.feedback.accepted_texts import KEPT_AFTER, AcceptedTexts
from assist_evaluation.feedback.shown_texts import ShownText
from assist_evaluation.feedback.usage_counts import WRITE_AFTER, UsageTable, UsageWriter
from assist_evaluation.usage.usage_rows import NEXT_EDIT, UsageKey, record_session
from assist_server.editor.usage_port import OfferEvent, SessionFolders, UsageRecords
from assist_server.workspace.documents import OpenDocument


class SessionUsage(UsageRecords):
    """Owns the counts of one session, and the accepted texts that it follows. Event loop only.

    An accepted text is judged after `kept_after` seconds. Counts are written when a document is saved or
    closed, if the last time is more than `write_after` seconds ago.
    """

    def __init__(
        self,
        data: Path,
        folders: SessionFolders,
        kept_after: float = KEPT_AFTER,
        write_after: float = WRITE_AFTER,
    ) -> None:
        self._data = data
        self.table = UsageTable(folders)
        self.accepted = AcceptedTexts(self.table, kept_after)
        self.writer = UsageWriter(self.table, data, write_after)

    def learn_repositories(self, roots: Sequence[str]) -> None:
        self.table.learn_repositories(roots)

    def count_answer(
        self,
        document: OpenDocument,
        answer: Suggestion,
        texts: Mapping[int, str],
        begin: Cursor,
        *,
        by_server: bool,
    ) -> None:
        key = self.table.key(document, answer.model)
        self.table.count_answer(key, answer, shown=bool(texts), by_server=by_server)
        place = (begin.line, begin.column)
        self.accepted.remember(
            {number: ShownText(key, document, text, place) for number, text in texts.items()}
        )

    def count_cancelled(self, document: OpenDocument, model: str) -> None:
        self.table.count(self.table.key(document, model), "cancelled")

    def accept(self, suggestion_id: int, units: int | None = None) -> None:
        self.accepted.accept(suggestion_id, units)

    def offer_key(self, document: OpenDocument, kind: OfferKind) -> UsageKey:
        return self.table.key(document, NEXT_EDIT + kind)

    def count_offer(self, key: object, event: OfferEvent) -> None:
        if isinstance(key, UsageKey):
            self.table.count(key, event)

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        self.accepted.foresee(document, start, end, text)

    def compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        self.accepted.compare(document, old)

    def judge_saved(self, document: OpenDocument) -> None:
        self.accepted.judge_saved(document)

    def judge_closed(self, document: OpenDocument) -> None:
        self.accepted.judge_closed(document)

    def write_if_due(self) -> None:
        self.writer.write_if_due()

    def end(self) -> None:
        self.accepted.close()
        self.writer.write()

    def wait(self) -> None:
        self.writer.wait()

    def record_session(self, totals: Counter[str]) -> None:
        record_session(self._data, totals)
