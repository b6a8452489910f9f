"""Searches in the workspace, on a thread of their own that no caller waits for.

Only the newest search counts; an older one that was not begun is dropped. Questions about names come
before searches, and each is answered. Heavy imports happen on that
thread only, in the searcher that `begin` opens.
"""

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assist_context.documents import Cursor, Document, Snippet, TextNames

if TYPE_CHECKING:
    from assist_context.retrieval.retriever import RetrievalResult  # and with it tree-sitter


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """One search: the document by its absolute path, the cursor, and all open documents."""

    path: str
    cursor: Cursor
    opened: Mapping[str, Document]
    edits: Sequence[Snippet]
    tokens: int


class Searcher(Protocol):
    """Answers searches, on the thread: see `document_search.DocumentSearch`."""

    def search(self, request: SearchRequest) -> "RetrievalResult": ...
    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> TextNames: ...
    def refresh(self) -> None: ...
    def close(self) -> None: ...


class BackgroundSearch:
    """Answers one `SearchRequest` at a time. Owns the thread, which also calls `begin` and `on_result`."""

    def __init__(
        self, begin: Callable[[], Searcher], on_result: "Callable[[SearchRequest, RetrievalResult], None]"
    ) -> None:
        self._begin = begin
        self._on_result = on_result
        self._stale = False
        self._next: SearchRequest | None = None
        self._asked: deque[tuple[Document, Cursor, TextNames, Future[TextNames]]] = deque()
        self._closed = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="assist-nearby", daemon=True)
        self._thread.start()

    def request(self, request: SearchRequest) -> None:
        """Search; `on_result` gets the result, unless a newer request comes first."""
        with self._wake:
            self._next = request
            self._wake.notify()

    def refute(self, document: Document, cursor: Cursor, names: TextNames) -> Future[TextNames]:
        """The names of a text with which it cannot be right in a document, given by its absolute path."""
        answer: Future[TextNames] = Future()
        with self._wake:
            self._asked.append((document, cursor, names, answer))
            self._wake.notify()
        return answer

    def refresh(self) -> None:
        """The index was updated: before the next search, rule files are read again."""
        self._stale = True

    def close(self) -> None:
        """End the thread after the search that it is doing; this does not wait for it."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        searcher = self._begin()
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._next is not None or self._asked)
                asked = list(self._asked)
                self._asked.clear()
                request = None if asked else self._next
                self._next = self._next if asked else None
                if self._closed:
                    break
            for document, cursor, names, answer in asked:
                if answer.set_running_or_notify_cancel():
                    answer.set_result(searcher.refute(document, cursor, names))
            if request is None:
                continue
            if self._stale:
                self._stale = False
                searcher.refresh()
            self._on_result(request, searcher.search(request))
        searcher.close()
