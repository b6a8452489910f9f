"""The workspace of one editor: its folders, the process that indexes them, and the search in other files.

It joins the indexer (`supervisor`), the search thread (`background_search`) and the snippets of other files
that prompts show. A change of these costs the model the reading of a prompt's head, so it must be worth it.
Event loop only: the other two call back on their own threads, and their results are passed to the event loop
here.
"""

import asyncio
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from assist_completion.engine.event_loop import call_on
from assist_completion.prompt.snippet_pack import Pack, offer
from assist_context.documents import Cursor, Snippet, TextNames
from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import IndexerEvent
from assist_server.config.config import Config
from assist_server.workspace.background_search import BackgroundSearch, SearchRequest, SnippetSearcher
from assist_server.workspace.documents import OpenDocument, is_data
from assist_server.workspace.folders import WorkspaceFolder, docs_folders, find_folder, make_folders

if TYPE_CHECKING:
    from assist_context.retrieval.retriever import RetrievalResult


# Seconds without a request before indexing goes on. While it indexes, on two cores, an answer takes 2.3 times
# as long at the median (benchmarks/lsp.py indexing): the model's threads wait for each other.
PAUSED = 0.7


class Workspace:
    """Owns the indexer and the search thread; `open` starts them, `close` ends them.

    `on_pack` gets a document whose snippets changed, with its cursor.
    """

    def __init__(self, on_pack: Callable[[OpenDocument, Cursor], None]) -> None:
        self.folders: tuple[WorkspaceFolder, ...] = ()
        self.events: dict[str, IndexerEvent] = {}  # the last of each kind and folder, for `assist.index`
        self._listeners: list[Callable[[IndexerEvent], None]] = []
        self._packs = SnippetPacks(on_pack)
        self._supervisor: IndexerSupervisor | None = None
        self._search: BackgroundSearch | None = None
        self._indexing: set[str] = set()  # the folders that are not done
        self._stopped = False  # by the user, until they resume
        self._pause: asyncio.TimerHandle | None = None  # while the user types

    def listen(self, listener: Callable[[IndexerEvent], None]) -> None:
        """Add a listener for the indexer's events."""
        self._listeners.append(listener)

    def open(self, roots: Sequence[str], config: Config) -> None:
        """Take these folders in place of the earlier ones."""
        self.close()
        self.folders = make_folders(roots, config.paths.data)
        loop = asyncio.get_running_loop()

        def deliver_result(request: SearchRequest, result: "RetrievalResult") -> None:
            call_on(loop, self._take_result, request, result)

        def deliver_event(event: IndexerEvent) -> None:
            call_on(loop, self._take_event, event)

        folders = self.folders if config.context.index else ()

        def deliver_need() -> None:
            call_on(loop, self.look_at_libraries)

        self._search = BackgroundSearch(lambda: _open_search(folders, config, deliver_need), deliver_result)
        if config.context.index and self.folders:
            _make_private(config.paths.data / "index")
            docs = docs_folders(config.context.docs, self.folders, config.paths.data)
            pairs = [(folder.root, folder.database) for folder in (*self.folders, *docs)]
            cap = config.context.index_mb << 20
            self._supervisor = IndexerSupervisor(pairs, config.programs, deliver_event, cap=cap)
            if config.context.libraries:
                libraries = str(config.paths.data / "libraries")
                self._supervisor.outline_libraries(libraries, config.environments)
            self._supervisor.start()

    def close(self) -> None:
        """End the process and the thread."""
        if self._supervisor is not None:
            # It waits up to a second for the process. Not a daemon, so that no process outlives the server.
            threading.Thread(target=self._supervisor.close, name="assist-close").start()
        if self._search is not None:
            self._search.close()
        if self._pause is not None:
            self._pause.cancel()
        self._supervisor = None
        self._search = None
        self._pause = None
        self._indexing = set()
        self._stopped = False
        self._packs.clear()

    def leave(self, roots: Collection[str]) -> None:
        """These folders, by their paths, are no longer the workspace's; the index follows with `open`."""
        self.folders = tuple(folder for folder in self.folders if not {folder.root, folder.named} & {*roots})

    def prompt_path(self, document: OpenDocument) -> str:
        """The path by which prompts name a document: its path in the workspace, else the path as it is."""
        real = document.real_path
        folder = find_folder(self.folders, real) if real else None
        return folder.prompt_path(real) if folder else document.named or document.path

    def snippets(self, document: OpenDocument) -> tuple[Snippet, ...]:
        """The snippets of other files that prompts in this document show now."""
        return self._packs.snippets(document)

    def search(
        self,
        document: OpenDocument,
        cursor: Cursor | None,
        open_documents: Mapping[str, OpenDocument],
        edits: Sequence[Snippet],
        tokens: int,
    ) -> None:
        """Search for what helps at a cursor; `on_pack` is called if that changes the document's snippets.

        Without a cursor it searches for the top of the document, and the next search may replace the result
        at once.
        """
        if self._search is None:
            return
        documents = {file.real_path: file.to_document() for file in open_documents.values()}
        request = SearchRequest(document.real_path, cursor or Cursor(0, 0), documents, edits, tokens)
        self._packs.expect(request, document, is_reported=cursor is not None)
        self._search.request(request)

    async def refute(self, document: OpenDocument, cursor: Cursor, names: TextNames) -> TextNames:
        """The names of a text with which it cannot be right at a cursor; none during indexing."""
        whole = all(f"ready {folder.root}" in self.events for folder in self.folders)
        if self._search is None or not whole or self._indexing or not (self.folders and document.real_path):
            return TextNames()
        if is_data(document.lines):
            return TextNames()
        document_asked = replace(document.to_document(), path=document.real_path)
        return await asyncio.wrap_future(self._search.refute(document_asked, cursor, names))

    def forget(self, uri: str) -> None:
        """A document was closed."""
        self._packs.forget(uri)

    def change_files(self, paths: Sequence[str]) -> None:
        """Files were saved, created or deleted."""
        if self._supervisor is not None and paths:
            self._supervisor.report_changes(paths)

    def index_first(self, paths: Sequence[str]) -> None:
        """Index these files first, because they are open."""
        if self._supervisor is not None:
            self._supervisor.first([path for path in paths if find_folder(self.folders, path)])

    def stop_indexing(self, is_stopped: bool) -> None:
        """Stop indexing until this is called again with False."""
        self._stopped = is_stopped
        if self._supervisor is not None:
            (self._supervisor.pause if is_stopped else self._supervisor.resume)()

    def pause_indexing(self) -> None:
        """The user types: indexing waits until there is no request for a while."""
        if self._supervisor is None or not self._indexing or self._stopped:
            return
        if self._pause is None:
            self._supervisor.pause()
        else:
            self._pause.cancel()
        self._pause = asyncio.get_running_loop().call_later(PAUSED, self._end_pause)

    def _end_pause(self) -> None:
        self._pause = None
        if self._supervisor is not None and not self._stopped:
            self._supervisor.resume()

    def look_at_libraries(self) -> None:
        """Something that open files import has no outline, or another version is installed."""
        if self._supervisor is not None:
            self._supervisor.look_at_libraries()

    def refresh(self) -> None:
        """Check all files: anything may have changed."""
        if self._supervisor is not None:
            self._supervisor.refresh()

    def _take_event(self, event: IndexerEvent) -> None:
        kind = str(event.get("event"))
        root = str(event.get("root", ""))
        self.events[f"{kind} {root}".strip()] = event
        if kind == "listed":
            self._indexing.add(root)
        elif kind in ("ready", "problem", "reader", "ended"):
            self._indexing.discard(root)
        if kind == "ready" and self._search is not None:
            self._search.refresh()
        for listener in self._listeners:
            listener(event)

    def _take_result(self, request: SearchRequest, result: "RetrievalResult") -> None:
        if self._search is not None:
            self._packs.update(request, result, asyncio.get_running_loop().time())


def _open_search(
    folders: tuple[WorkspaceFolder, ...], config: Config, on_missing: Callable[[], None]
) -> SnippetSearcher:
    """Import tree-sitter and SQLite only here, on the thread: `initialize` must not wait for them."""
    from assist_server.workspace.document_search import DocumentSearch  # noqa: PLC0415
    from assist_server.workspace.members import make_oracles  # noqa: PLC0415

    return DocumentSearch(folders, make_oracles(config, on_missing))


def _make_private(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


FAR = 32  # lines; a cursor that moved this far is at another place
SETTLED = 10.0  # seconds between two packs for one place: each costs the reading of a head


class SnippetPacks:
    """Owns the pack of each open document. `on_change` gets a document whose pack changed, and its cursor."""

    def __init__(self, on_change: Callable[[OpenDocument, Cursor], None]) -> None:
        self._on_change = on_change
        self._packs: dict[str, Pack] = {}
        self._chosen_at: dict[str, tuple[int, float]] = {}  # line and time of the last choice
        # The newest search, its document, and whether the editor reported its cursor.
        self._pending: tuple[SearchRequest, OpenDocument, bool] | None = None

    def snippets(self, document: OpenDocument) -> tuple[Snippet, ...]:
        """The snippets of other files that prompts in this document show now."""
        return self._packs.get(document.uri, Pack()).snippets

    def expect(self, request: SearchRequest, document: OpenDocument, *, is_reported: bool) -> None:
        """A search for this document began; results of earlier searches no longer count."""
        self._pending = request, document, is_reported

    def update(self, request: SearchRequest, result: "RetrievalResult", now: float) -> None:
        """Take the result of a search, at a time in seconds, unless it is too early for a new pack."""
        if self._pending is None or self._pending[0] is not request:
            return
        _, document, is_reported = self._pending
        cursor = request.cursor
        line, when = self._chosen_at.get(document.uri, (-FAR, -SETTLED))
        old = self._packs.get(document.uri, Pack())
        if old.snippets and abs(cursor.line - line) < FAR and now - when < SETTLED:
            return
        new = offer(old, result.snippets, request.tokens)
        if is_reported:
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
        self._pending = None
