"""The workspace of one editor: its folders, the process that indexes them, and what helps each document.

It joins the indexer (`keeping`), the thread that finds help (`nearby`) and the packs that prompts are
given (`packing`). Event loop only: both others call back on threads of their own, and are brought here.
"""

import asyncio
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from assist_completion.prompt.snippet_pack import Pack, offer
from assist_context.documents import Cursor, Snippet
from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import Event
from assist_server.config.config import Config
from assist_server.workspace.background_search import BackgroundSearch, Searcher, SearchRequest
from assist_server.workspace.documents import OpenDocument
from assist_server.workspace.folders import WorkspaceFolder, folder_of, folders_of

if TYPE_CHECKING:
    from assist_context.retrieval.retriever import RetrievalResult

FAR = 32  # lines: a cursor that jumped so far is somewhere else
# Seconds without a request before indexing goes on. Beside it, on two cores, an answer takes 2.3 times as
# long at the median (benchmarks/lsp.py indexing): the model's threads wait for each other.
PAUSED = 0.7
SETTLED = 10.0  # seconds between two packs of one place: each costs the reading of a head


class Workspace:
    """Owns the indexer and the thread; `open` starts them, `close` ends them.

    `on_pack` hears of a document whose snippets changed, with its cursor.
    """

    def __init__(self, on_pack: Callable[[OpenDocument, Cursor], None]) -> None:
        self.folders: tuple[WorkspaceFolder, ...] = ()
        self.events: dict[str, Event] = {}  # the last of each folder and kind, for who asks
        self._on_event: Callable[[Event], None] = lambda _: None
        self._on_pack = on_pack
        self._keeper: IndexerSupervisor | None = None
        self._nearby: BackgroundSearch | None = None
        self._indexing: set[str] = set()  # the folders that are not done
        self._stopped = False  # by the user, until he resumes
        self._waiting: asyncio.TimerHandle | None = None
        self._packs: dict[str, Pack] = {}
        self._decided: dict[str, tuple[int, float]] = {}  # where and when a pack was last decided on
        self._asked: dict[str, tuple[OpenDocument, Cursor, bool]] = {}

    def listen(self, on_event: Callable[[Event], None]) -> None:
        """Who hears the indexer's events."""
        self._on_event = on_event

    def open(self, roots: Sequence[str], config: Config) -> None:
        """Take these folders in place of those before."""
        self.close()
        self.folders = folders_of(roots, config.paths.data)
        loop = asyncio.get_running_loop()

        def found(look: SearchRequest, near: "RetrievalResult") -> None:
            with suppress(RuntimeError):  # the loop is closed: the server has left
                loop.call_soon_threadsafe(self._found, look, near)

        def heard(event: Event) -> None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._heard, event)

        indexed = self.folders if config.context.index else ()
        self._nearby = BackgroundSearch(lambda: _finder(indexed), found)
        if config.context.index and self.folders:
            _private(config.paths.data / "index")
            pairs = [(folder.root, folder.database) for folder in self.folders]
            cap = config.context.index_mb << 20
            self._keeper = IndexerSupervisor(pairs, config.programs, heard, cap=cap)
            self._keeper.start()

    def close(self) -> None:
        """End the process and the thread."""
        if self._keeper is not None:
            # It waits for the process, a second at most; no daemon, so that none outlives the server.
            threading.Thread(target=self._keeper.close, name="assist-close").start()
        if self._nearby is not None:
            self._nearby.close()
        if self._waiting is not None:
            self._waiting.cancel()
        self._keeper = None
        self._nearby = None
        self._waiting = None
        self._indexing = set()
        self._stopped = False
        self._packs, self._decided, self._asked = {}, {}, {}

    def named(self, path: str) -> str:
        """How prompts call a file: by its path in the workspace, else as it is."""
        real = os.path.realpath(path) if os.path.isabs(path) else path
        folder = folder_of(self.folders, real)
        return folder.named(real) if folder else path

    def snippets(self, document: OpenDocument) -> tuple[Snippet, ...]:
        """What of other files is shown beside this one, for now."""
        return self._packs.get(document.uri, Pack()).snippets

    def look(
        self,
        document: OpenDocument,
        cursor: Cursor | None,
        opened: Mapping[str, OpenDocument],
        edits: Sequence[Snippet],
        tokens: int,
    ) -> None:
        """Look for what helps at a cursor, or where it is not known, at the top; it settles nothing then.

        `on_pack` hears of it if that changes the pack.
        """
        if self._nearby is None:
            return
        frozen = {each.place: each.frozen() for each in opened.values()}
        at = cursor or Cursor(0, 0)
        self._asked = {document.place: (document, at, cursor is not None)}
        self._nearby.look(SearchRequest(document.place, at, frozen, edits, tokens))

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._packs.pop(uri, None)
        self._decided.pop(uri, None)

    def changed(self, paths: Sequence[str]) -> None:
        """Files were saved, created or deleted."""
        if self._keeper is not None and paths:
            self._keeper.changed(paths)

    def first(self, paths: Sequence[str]) -> None:
        """What is open: it is indexed first."""
        if self._keeper is not None:
            self._keeper.first([path for path in paths if folder_of(self.folders, path)])

    def pause(self, paused: bool) -> None:
        """Stop indexing until told otherwise, or go on."""
        self._stopped = paused
        if self._keeper is not None:
            (self._keeper.pause if paused else self._keeper.resume)()

    def busy(self) -> None:
        """The user types: what is left to index waits for a pause."""
        if self._keeper is None or not self._indexing or self._stopped:
            return
        if self._waiting is None:
            self._keeper.pause()
        else:
            self._waiting.cancel()
        self._waiting = asyncio.get_running_loop().call_later(PAUSED, self._rested)

    def _rested(self) -> None:
        self._waiting = None
        if self._keeper is not None and not self._stopped:
            self._keeper.resume()

    def refresh(self) -> None:
        """Anything may have changed."""
        if self._keeper is not None:
            self._keeper.refresh()

    def _heard(self, event: Event) -> None:
        kind = str(event.get("event"))
        root = str(event.get("root", ""))
        self.events[f"{kind} {root}".strip()] = event
        if kind == "listed":
            self._indexing.add(root)
        elif kind in ("ready", "problem", "reader", "ended"):
            self._indexing.discard(root)
        if kind == "ready" and self._nearby is not None:
            self._nearby.refreshed()
        self._on_event(event)

    def _found(self, look: SearchRequest, near: "RetrievalResult") -> None:
        document, cursor, known = self._asked.get(look.path, (None, look.cursor, False))
        if document is None or self._nearby is None:
            return
        now = asyncio.get_running_loop().time()
        line, when = self._decided.get(document.uri, (-FAR, -SETTLED))
        old = self._packs.get(document.uri, Pack())
        if old.snippets and abs(cursor.line - line) < FAR and now - when < SETTLED:
            return
        new = offer(old, near.snippets, look.tokens)
        if known:
            self._decided[document.uri] = cursor.line, now
        if new != old:
            self._packs[document.uri] = new
            self._on_pack(document, cursor)


def _finder(folders: tuple[WorkspaceFolder, ...]) -> Searcher:
    """Only here, on the thread, are tree-sitter and SQLite imported: `initialize` must not wait for them."""
    from assist_server.workspace.document_search import DocumentSearch  # noqa: PLC0415

    return DocumentSearch(folders)


def _private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
