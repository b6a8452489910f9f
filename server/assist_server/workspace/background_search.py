"""Questions about the workspace, answered on a thread of their own, for nobody who waits.

The newest question counts; an older one that was not begun is dropped. Nothing heavy is imported but on
that thread, by whoever is given to it.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from assist_context.documents import Cursor, Document, Snippet

if TYPE_CHECKING:
    from assist_context.retrieval.retriever import RetrievalResult  # and with it tree-sitter


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A question: the document with the cursor by its absolute path, and all that are open."""

    path: str
    cursor: Cursor
    opened: Mapping[str, Document]
    edits: Sequence[Snippet]
    tokens: int


class Searcher(Protocol):
    """Who answers, on the thread: see `finding.Finder`."""

    def answer(self, look: SearchRequest) -> "RetrievalResult": ...
    def refreshed(self) -> None: ...
    def close(self) -> None: ...


class BackgroundSearch:
    """Asks one `SearchRequest` at a time. Owns the thread, on which `begin` and `found` are called too."""

    def __init__(
        self, begin: Callable[[], Searcher], found: "Callable[[SearchRequest, RetrievalResult], None]"
    ) -> None:
        self._begin = begin
        self._found = found
        self._stale = False
        self._next: SearchRequest | None = None
        self._closed = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="assist-nearby", daemon=True)
        self._thread.start()

    def look(self, look: SearchRequest) -> None:
        """Ask; the answer comes to `found`, unless a newer question came first."""
        with self._wake:
            self._next = look
            self._wake.notify()

    def refreshed(self) -> None:
        """The index was brought up to date: rule files are read anew."""
        self._stale = True

    def close(self) -> None:
        """End the thread, once it has answered what it is at; nobody waits for that."""
        with self._wake:
            self._closed = True
            self._wake.notify()

    def _run(self) -> None:
        answers = self._begin()
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._closed or self._next is not None)
                look, self._next = self._next, None
                if self._closed or look is None:
                    break
            if self._stale:
                self._stale = False
                answers.refreshed()
            self._found(look, answers.answer(look))
        answers.close()
