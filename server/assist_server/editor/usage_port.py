"""The port to what counts the use of a session: the plugin `evaluation`, where it is installed.

It is told what was shown and what became of it. Without the plugin nothing is counted.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

from assist_completion.suggestion import Suggestion
from assist_context.documents import Cursor
from assist_context.next_edit.offer import OfferKind
from assist_context.plugins import plugin
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import WorkspaceFolder

SessionFolders = Callable[[], Sequence[WorkspaceFolder]]
OfferEvent = Literal["next-offered", "next-accepted", "next-rejected"]


class UsageRecords:
    """Is told what happens in a session, and makes nothing of it. Event loop only."""

    def learn_repositories(self, roots: Sequence[str]) -> None:
        """The workspace has these resolved folders."""

    def count_answer(
        self,
        document: OpenDocument,
        answer: Suggestion,
        texts: Mapping[int, str],
        begin: Cursor,
        *,
        by_server: bool,
    ) -> None:
        """A request got this answer, the best one; the editor gets these texts from `begin` on, by their ids.

        `by_server`: a team's server wrote it.
        """

    def count_cancelled(self, document: OpenDocument, model: str) -> None:
        """The editor called a request off that this model was to answer."""

    def accept(self, suggestion_id: int, units: int | None = None) -> None:
        """The user accepted a text, or the first `units` of it, as the editor counts them."""

    def offer_key(self, document: OpenDocument, kind: OfferKind) -> object:  # noqa: ARG002  (no one counts)
        """Return what a next edit counts for that was asked for in a document, now."""
        return None

    def count_offer(self, key: object, event: OfferEvent) -> None:
        """This happened to a next edit, by its key."""

    def foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        """The text between two cursors of a document becomes `text`; its lines are still the old ones."""

    def compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        """The lines of a document were `old`, and much of it changed at once."""

    def judge_saved(self, document: OpenDocument) -> None:
        """The document was saved."""

    def judge_closed(self, document: OpenDocument) -> None:
        """The document is closed, and nothing is known of it later."""

    def write_if_due(self) -> None:
        """It is a good moment to begin to write."""

    def end(self) -> None:
        """The session is about to end: begin to write what there is."""

    def wait(self) -> None:
        """Wait until it is written. Blocks."""

    def record_session(self, totals: Counter[str]) -> None:
        """The session has ended, with these counts of its engine. Blocks."""


OpenUsage = Callable[[Path, SessionFolders], UsageRecords]


def open_usage(data: Path, folders: SessionFolders) -> UsageRecords:
    """Return what counts, from the plugin if that is installed. `data` is the data directory."""
    opener: OpenUsage | None = plugin("assist.usage")
    return opener(data, folders) if opener else UsageRecords()
