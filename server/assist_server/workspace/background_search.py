"""Searches in the workspace, on a thread of their own that no caller waits for.

Only the newest search counts. Questions about names come before searches, and each is answered.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assist_context.documents import Cursor, Document, Snippet, TextNames
from assist_server.workspace.latest_request import LatestRequest, Searcher

if TYPE_CHECKING:
    from assist_context.retrieval.retriever import RetrievalResult  # and with it tree-sitter

# Searches for one result, while signals are late and nothing else waits: the first one of a process reads and
# imports what later ones have, and without a second one its document has no definitions until the user types.
TRIES = 3


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the document by its absolute path, the cursor, and all open documents."""

    path: str
    cursor: Cursor
    opened: Mapping[str, Document]
    edits: Sequence[Snippet]
    tokens: int


class SnippetSearcher(Searcher, Protocol):
    """Answers searches, on the thread: see `document_search.DocumentSearch`."""

    def search(self, request: SearchRequest) -> "RetrievalResult": ...
    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> TextNames: ...


class BackgroundSearch(LatestRequest[SearchRequest, SnippetSearcher]):
    """Answers one `SearchRequest` at a time. The thread also calls `begin` and `on_result`."""

    def __init__(
        self,
        begin: Callable[[], SnippetSearcher],
        on_result: "Callable[[SearchRequest, RetrievalResult], None]",
    ) -> None:
        def answer(searcher: SnippetSearcher, request: SearchRequest) -> None:
            result = searcher.search(request)
            for _ in range(TRIES - 1):
                if not result.late or self.is_wanted:
                    break
                result = searcher.search(request)
            on_result(request, result)

        super().__init__("assist-nearby", begin, answer)
        self.start()

    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> Future[TextNames]:
        """The names of a text with which it cannot be right in a document, given by its absolute path."""
        future_names: Future[TextNames] = Future()

        def answer(searcher: SnippetSearcher) -> None:
            if future_names.set_running_or_notify_cancel():
                future_names.set_result(searcher.refute(document, cursor, names))

        self.do_first(answer)
        return future_names
