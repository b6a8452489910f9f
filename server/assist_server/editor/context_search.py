"""The context of a cursor for the engine: the text around it, and snippets of other files.

It decides when to prewarm the engine and when to search. The search itself is the `Workspace`'s.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from assist_context.documents import Context, Cursor, gather
from assist_server.config.config import Config
from assist_server.editor.model_lifetime import ModelLifetime
from assist_server.editor.open_documents import OpenDocuments
from assist_server.workspace.workspace import Workspace

if TYPE_CHECKING:
    from assist_server.workspace.documents import OpenDocument

SHORT = 150  # lines; about what a full head holds
PAUSE = 0.3  # seconds without a request before other files are searched


class ContextSearch:
    """Owns the workspace and the timer of the next search. Event loop only."""

    def __init__(self, config: Callable[[], Config], documents: OpenDocuments, model: ModelLifetime) -> None:
        self.workspace = Workspace(self.prewarm)
        self._config = config
        self._documents = documents
        self._model = model
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Stop the timer, the indexer and the search."""
        if self._timer is not None:
            self._timer.cancel()
        self.workspace.close()

    def gather(self, document: "OpenDocument", cursor: Cursor) -> Context:
        """The context of a cursor, with the snippets that were found so far."""
        found = gather(document.to_document(), cursor, self.workspace.snippets(document))
        return replace(found, named=document.named)

    def prewarm(self, document: "OpenDocument", cursor: Cursor, *, full: bool = False) -> None:
        """Let the engine read the prompt at a cursor before it is requested."""
        if self._model.engine is not None:
            self._model.engine.prewarm(self.gather(document, cursor), full=full)

    def prewarm_whole(self, document: "OpenDocument") -> None:
        """Let the engine read a short document to its end; any prompt in it then begins with a cache hit."""
        if len(document.lines) <= SHORT:
            self.prewarm(document, Cursor(len(document.lines) - 1, 0), full=True)

    def search_at_pause(self, document: "OpenDocument") -> None:
        """Search other files once the user pauses; until then indexing waits too."""
        self.workspace.pause_indexing()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self.search, document)

    def search(self, document: "OpenDocument") -> None:
        """Search other files for what helps in a document; the next prompt that is laid out shows it."""
        engine = self._model.engine
        if engine is None or not self._documents.holds(document):
            return
        with_edits = self._config().completion.recent_files
        edits = self._documents.edited_elsewhere(document) if with_edits else ()
        cursor = self._documents.cursor(document)
        shown = (*self._documents.latest(), document)
        opened = {each.uri: each for each in shown if each.real_path or each is document}
        self.workspace.search(document, cursor, opened, edits, engine.snippet_tokens)
