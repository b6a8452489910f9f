"""The snippets of other files that prompts show, for each open document, and when they change.

A change costs the model the reading of a prompt's head, so it must be worth it. This module knows no thread
and no index.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from assist_completion.prompt.snippet_pack import Pack, offer
from assist_context.documents import Cursor, Snippet
from assist_server.workspace.background_search import SearchRequest
from assist_server.workspace.documents import OpenDocument

if TYPE_CHECKING:
    from assist_context.retrieval.retriever import RetrievalResult

FAR = 32  # lines; a cursor that moved this far is at another place
SETTLED = 10.0  # seconds between two packs for one place: each costs the reading of a head


class SnippetPacks:
    """Owns the pack of each open document. `on_change` gets a document whose pack changed, and its cursor."""

    def __init__(self, on_change: Callable[[OpenDocument, Cursor], None]) -> None:
        self._on_change = on_change
        self._packs: dict[str, Pack] = {}
        self._chosen_at: dict[str, tuple[int, float]] = {}  # line and time of the last choice
        # The document of the newest search by its path, its cursor, and whether the editor reported that.
        self._pending: dict[str, tuple[OpenDocument, Cursor, bool]] = {}

    def snippets(self, document: OpenDocument) -> tuple[Snippet, ...]:
        """The snippets of other files that prompts in this document show now."""
        return self._packs.get(document.uri, Pack()).snippets

    def expect(self, document: OpenDocument, cursor: Cursor, *, reported: bool) -> None:
        """A search for this document began; results of earlier searches no longer count."""
        self._pending = {document.real_path: (document, cursor, reported)}

    def update(self, request: SearchRequest, result: "RetrievalResult", now: float) -> None:
        """Take the result of a search, at a time in seconds, unless it is too early for a new pack."""
        document, cursor, reported = self._pending.get(request.path, (None, request.cursor, False))
        if document is None:
            return
        line, when = self._chosen_at.get(document.uri, (-FAR, -SETTLED))
        old = self._packs.get(document.uri, Pack())
        if old.snippets and abs(cursor.line - line) < FAR and now - when < SETTLED:
            return
        new = offer(old, result.snippets, request.tokens)
        if reported:
            self._chosen_at[document.uri] = cursor.line, now
        if new != old:
            self._packs[document.uri] = new
            self._on_change(document, cursor)

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._packs.pop(uri, None)
        self._chosen_at.pop(uri, None)

    def clear(self) -> None:
        """Forget all documents."""
        self._packs.clear()
        self._chosen_at.clear()
        self._pending.clear()
