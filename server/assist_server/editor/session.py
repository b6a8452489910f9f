"""One editor's session: its documents, its engine's life, and what it was shown.

It works with plain values, which the `lsp` wing translates. Nothing here blocks the event loop: the model is
opened on a thread of its own, and a request that comes before it is ready gets nothing, and a reason.
"""

import asyncio
import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError, MissingModelError
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context, Cursor, gather
from assist_context.retrieval.recent_edits import RecentEdits
from assist_server.config.config import Config
from assist_server.workspace.documents import Edit, OpenDocument
from assist_server.workspace.workspace import Workspace


@dataclass(frozen=True, slots=True)
class PopupSelection:
    """What the editor's own popup has selected: `text` would stand from column `units` to the cursor."""

    text: str
    units: int


@dataclass(frozen=True, slots=True)
class GhostText:
    """A suggestion in the editor's terms: line from 0, columns in its units, its line ends."""

    suggestion: Suggestion
    text: str
    line: int
    start: int
    end: int


if TYPE_CHECKING:
    # They import llama.cpp: 0.4 s that `initialize` must not wait for.
    from assist_completion.engine.answer_stream import Answerer
    from assist_completion.engine.engine import Engine
    from assist_server.local_model.opening import OpenedModels as OpenedModel

log = logging.getLogger(__name__)

OpenEngine = Callable[[Config, Callable[[str], None]], "OpenedModel"]

SHORT = 150  # lines; about what a full head holds
RETRY = 3.0  # seconds between looks for a model that was missing
RESTS = 0.3  # seconds without a request before other files are looked through


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """What the editor's status item shows. `state`: loading, ready, missing, failed or off."""

    model: str = ""
    state: str = "loading"
    latency_ms: float | None = None
    source: str = ""  # of the last text shown: model, cache or typed-through
    tier: str = "local"
    budget_left_usd: float | None = None
    message: str = ""


class Session:
    """Owns the open documents and, once it is loaded, the engine. Event loop only."""

    def __init__(
        self, config: Config, tell: Callable[[SessionStatus], None], open_engine: OpenEngine
    ) -> None:
        self.config = config
        self.documents: dict[str, OpenDocument] = {}
        self.counts: Counter[str] = Counter()
        self.status = SessionStatus(model=config.completion.model)
        self._tell = tell
        self._open_engine = open_engine
        self._engine: Engine | None = None
        self.local: Answerer[Any] | None = None  # what answers questions, once it is there
        self._recent = RecentEdits()
        self._accepted: str = ""
        self._loads = 0
        self._looked = 0.0
        self._cursors: dict[str, Cursor] = {}
        self._resting: asyncio.TimerHandle | None = None
        self.workspace = Workspace(self._prewarm)

    # The engine's life

    def start(self) -> None:
        """Open the model in the background; a model opened for older settings is closed."""
        self._loads += 1
        self._close_engine()
        self._looked = time.monotonic()
        self._set(SessionStatus(model=self.config.completion.model, message="starting"))
        loop = asyncio.get_running_loop()
        # A daemon thread, not an executor: leaving the process must not wait for it.
        threading.Thread(target=self._open, args=(self._loads, loop), name="assist-open", daemon=True).start()

    def reconfigure(self, config: Config) -> None:
        """Take other settings; the model and the index are opened again only if they concern them."""
        old, self.config = self.config, config
        if (config.completion, config.answers) != (old.completion, old.answers):
            self.start()
        if config.context != old.context:
            self.open_folders([folder.root for folder in self.workspace.folders])

    def open_folders(self, roots: list[str]) -> None:
        """Index these folders from now on, in place of those before."""
        self.workspace.open(roots, self.config)
        for document in self.documents.values():
            document.path = self.workspace.named(document.place or document.path)

    def close(self) -> None:
        """Free the model, and end what indexes."""
        self._loads += 1
        if self._resting is not None:
            self._resting.cancel()
        self.workspace.close()
        self._close_engine()
        self._set(replace(self.status, state="off", message=""))

    def _open(self, load: int, loop: asyncio.AbstractEventLoop) -> None:
        def say(message: str) -> None:
            loop.call_soon_threadsafe(lambda: self._progress(load, message))

        try:
            opened = self._open_engine(self.config, say)
        except CompletionError as error:
            state = "missing" if isinstance(error, MissingModelError) else "failed"
            message = str(error)
            loop.call_soon_threadsafe(lambda: self._failed(load, state, message))
            return
        loop.call_soon_threadsafe(lambda: self._opened(load, opened))

    def _opened(self, load: int, opened: "OpenedModel") -> None:
        if load != self._loads:
            opened.engine.close()
            return
        self._engine, self.local = opened.engine, opened.answers
        self._set(SessionStatus(model=self.config.completion.model, state="ready"))
        for document in list(self.documents.values())[-1:]:
            self._prewarm_whole(document)
            self._look(document)

    def _failed(self, load: int, state: str, message: str) -> None:
        if load == self._loads:
            self._set(replace(self.status, state=state, message=message))

    def _progress(self, load: int, message: str) -> None:
        if load == self._loads and self._engine is None:
            self._set(replace(self.status, message=message))

    def _close_engine(self) -> None:
        if self._engine is not None:
            self.counts.update(self._engine.counts)
            if self.local is not None:
                self.local.close()
            self._engine.close()
            self._engine = None
            self.local = None

    def totals(self) -> Counter[str]:
        """Everything counted since the session began."""
        return self.counts + (self._engine.counts if self._engine is not None else Counter())

    def answers(self) -> list[Suggestion]:
        """The last suggestions without their texts: where they came from, and what they cost."""
        return list(self._engine.recent) if self._engine is not None else []

    def _set(self, status: SessionStatus) -> None:
        if status != self.status:
            self.status = status
            self._tell(status)

    # Questions

    def answering(self, tier: str, budget_left_usd: float | None) -> None:
        """Who answers a question now, and what is left of today's budget, for the status item."""
        left = self.status.budget_left_usd if budget_left_usd is None else budget_left_usd
        self._set(replace(self.status, tier=tier, budget_left_usd=left))

    # Documents

    def opened(self, document: OpenDocument) -> None:
        """The editor opened a document; its beginning is what most of its places share."""
        if os.path.isabs(document.path):
            document.place = os.path.realpath(document.path)
        document.path = self.workspace.named(document.path)
        self.documents[document.uri] = document
        self._prewarm_whole(document)
        self.workspace.first([each.place for each in self.documents.values()])
        self._look(document)

    def changed(self, uri: str, version: int, edits: list[Edit]) -> None:
        """The editor changed a document. Unknown documents and old versions change nothing."""
        document = self.documents.get(uri)
        if document is None:
            self.counts["change-unknown-document"] += 1
        elif not document.apply(version, edits):
            self.counts["change-out-of-order"] += 1
            log.warning("%s: version %d came after %d and was left out", uri, version, document.version)
        elif edits and edits[-1].start is not None:
            self._recent = self._recent.note(document.path, edits[-1].start[0])

    def closed(self, uri: str) -> None:
        """The editor closed a document."""
        self.documents.pop(uri, None)
        self._cursors.pop(uri, None)
        self.workspace.forget(uri)

    def saved(self, uri: str) -> None:
        """The editor wrote a document to its file."""
        document = self.documents.get(uri)
        if document is not None and document.place:
            self.workspace.changed([document.place])

    def moved(self, uri: str, line: int | None = None, units: int = 0) -> None:
        """The cursor rests somewhere, or a document got the focus: warm that place."""
        document = self.documents.get(uri)
        if document is None:
            return
        cursor = self._cursors.get(uri) if line is None else document.cursor(line, units)
        if cursor is not None:
            self._cursors[uri] = cursor
            self._prewarm(document, cursor)
            self._look(document)

    def _prewarm_whole(self, document: OpenDocument) -> None:
        """Evaluate a short document to its end: every place in it then finds what stands above it."""
        if len(document.lines) <= SHORT:
            self._prewarm(document, Cursor(len(document.lines) - 1, 0), full=True)

    def _prewarm(self, document: OpenDocument, cursor: Cursor, *, full: bool = False) -> None:
        if self._engine is not None:
            self._engine.prewarm(self._context(document, cursor), full=full)

    def _context(self, document: OpenDocument, cursor: Cursor) -> Context:
        return gather(document.frozen(), cursor, self.workspace.snippets(document))

    def _rest(self, document: OpenDocument) -> None:
        """Look through other files once the user pauses."""
        if self._resting is not None:
            self._resting.cancel()
        self._resting = asyncio.get_running_loop().call_later(RESTS, self._look, document)

    def _look(self, document: OpenDocument) -> None:
        """Look for what of other files helps here; it is shown from the next prompt that is laid out."""
        if self._engine is None or self.documents.get(document.uri) is not document:
            return
        others = {d.path: d.frozen() for d in self.documents.values() if d is not document}
        wanted = self.config.completion.recent_files
        edits = self._recent.snippets(document.path, others) if wanted else ()
        cursor = self._cursors.get(document.uri)
        opened = {each.uri: each for each in self.documents.values() if each.place or each is document}
        self.workspace.look(document, cursor, opened, edits, self._engine.snippet_tokens)

    # Suggestions

    async def complete(
        self, uri: str, at: tuple[int, int], *, manual: bool, selected: PopupSelection | None = None
    ) -> GhostText | None:
        """One suggestion at (line, units), or None and a counted reason."""
        document = self.documents.get(uri)
        if self._engine is None:
            self._look_again()
            return self._no(self.status.state)
        if document is None:
            return self._no("unknown-document")
        start = time.perf_counter()
        cursor = self._cursors[uri] = document.cursor(*at)
        context = self._context(document, cursor)
        if "\0" in context.before or "\0" in context.after:
            return self._no("binary")
        begin = cursor
        chosen = ""
        if selected is not None:
            begin = document.cursor(at[0], selected.units)
            chosen = selected.text
            taken = max(0, cursor.column - begin.column)
            context = replace(context, before=context.before[: len(context.before) - taken] + chosen)
        self.workspace.busy()
        self._rest(document)
        after_accept, self._accepted = self._accepted == uri, ""
        version = document.version
        gather_ms = 1e3 * (time.perf_counter() - start)
        suggestion = await self._engine.complete(
            CompletionRequest(context, manual, after_accept, gather_ms=gather_ms)
        )
        if not suggestion.shown:
            return None
        if document.version != version or self.documents.get(uri) is not document:
            return self._no("document-changed")
        self._set(replace(self.status, latency_ms=round(suggestion.ms.total, 1), source=suggestion.source))
        text = chosen + suggestion.text.replace("\n", document.end_of_line())
        end = replace(cursor, column=cursor.column + suggestion.replace)
        return GhostText(suggestion, text, cursor.line, document.units(begin), document.units(end))

    def shown(self, suggestion_id: int) -> None:
        """The editor shows a suggestion."""
        if self._engine is not None:
            self._engine.record_shown(suggestion_id)

    def accepted(self, suggestion_id: int, uri: str = "") -> None:
        """The user took a suggestion or a part of it."""
        self._accepted = uri
        if self._engine is not None:
            self._engine.record_accepted(suggestion_id)

    def _no(self, reason: str) -> GhostText | None:
        """Nothing, counted."""
        self.counts[reason] += 1
        return None

    def _look_again(self) -> None:
        """A missing model may have been fetched meanwhile."""
        if self.status.state == "missing" and time.monotonic() - self._looked > RETRY:
            self.start()
