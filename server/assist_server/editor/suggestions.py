"""Suggestions of one editor: requested at a cursor, shown as ghost text, accepted, or why there was none.

The context of a cursor is the text around it, and snippets of other files, for which it is decided here when
to search and when to let the engine read ahead. The search itself is the `Workspace`'s.

It works with plain values, which the `lsp` wing translates. How a suggestion is made is the engine's.
"""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Literal

from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context, Cursor, TextNames, gather
from assist_context.unseen_characters import is_suspect
from assist_server.config.config import Config
from assist_server.editor.auto_trigger import Unasked
from assist_server.editor.editor_knowledge import EditorKnowledge
from assist_server.editor.member_lists import AccessPlace
from assist_server.editor.model_lifetime import ModelLifetime, StatusItem
from assist_server.editor.open_documents import OpenDocuments
from assist_server.editor.power import Power
from assist_server.editor.usage_port import UsageRecords
from assist_server.wording.reasons import AnyReason, why_nothing, why_shown
from assist_server.workspace.documents import OpenDocument, is_data
from assist_server.workspace.workspace import Workspace

SHORT = 150  # lines; about what a full head holds
PAUSE = 0.3  # seconds without a request before other files are searched
DOCUMENTS = 64  # whose last requests are remembered
REQUESTS = 16  # of each document
# What the user's own typing causes: another request follows at once, and that one counts.
PASSING = ("cancelled", "superseded", "document-changed")


@dataclass(frozen=True, slots=True)
class PopupSelection:
    """The selection in the editor's own popup: `text` would replace column `units` to the cursor."""

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


@dataclass(frozen=True, slots=True)
class RequestEnd:
    """The end of a request at (line, units): `reason` says why nothing was shown, "" that something was."""

    at: tuple[int, int]
    reason: AnyReason | Literal[""] = ""
    suggestion: Suggestion = field(default_factory=Suggestion)
    exactly: str = ""  # the reason in words, where those of the kind say less

    @property
    def words(self) -> str:
        """The reason in words, without any text of the model's."""
        if not self.reason:
            return why_shown(self.suggestion)
        return why_nothing(self.reason, self.suggestion, exactly=self.exactly)

    @property
    def text(self) -> str:
        """Return what was shown, or what was held back."""
        return self.suggestion.text or self.suggestion.candidate

    def explain(self, at: tuple[int, int] | None) -> str:
        """The same for the user who asks at a cursor, with what was held back."""
        words = self.words
        if self.suggestion.candidate and self.reason:
            words = why_nothing(self.reason, self.suggestion, with_text=True)
        return words if at in (None, self.at) else f"at line {self.at[0] + 1}: {words}"


@dataclass(frozen=True, slots=True)
class _SuggestionPlace:
    """A suggestion's place: from `begin`, where what the popup selected (`chosen`) begins, to `cursor`."""

    document: OpenDocument
    cursor: Cursor
    begin: Cursor
    chosen: str

    def ghost_text(self, suggestion: Suggestion) -> GhostText:
        text = self.chosen + suggestion.text.replace("\n", self.document.end_of_line())
        end = replace(self.cursor, column=self.cursor.column + suggestion.replace)
        units = self.document.units
        return GhostText(suggestion, text, self.cursor.line, units(self.begin), units(end))


class ContextSearch:
    """Owns the workspace, what the editor knows, and the timer of the next search. Event loop only."""

    def __init__(
        self,
        config: Callable[[], Config],
        documents: OpenDocuments,
        model: ModelLifetime,
        trigger: Unasked,
        power: Power,
    ) -> None:
        self.workspace = Workspace(self.prewarm)
        self.unasked = trigger
        self.power = power
        self.knowledge = EditorKnowledge(lambda: config().completion.editor_knowledge)
        self._config = config
        self._documents = documents
        self._model = model
        self._timer: asyncio.TimerHandle | None = None

    def close(self) -> None:
        """Stop the timer, the indexer and the search."""
        if self._timer is not None:
            self._timer.cancel()
        self.knowledge.close()
        self.workspace.close()

    def gather(self, document: OpenDocument, cursor: Cursor) -> Context:
        """The context of a cursor, with the snippets that were found so far."""
        own_context = gather(document.to_document(), cursor, self.workspace.snippets(document))
        return replace(own_context, named=document.named)

    async def refute(
        self, document: OpenDocument, cursor: Cursor, place: AccessPlace | None, names: TextNames
    ) -> TextNames:
        """The names of a text with which it cannot be right, as the workspace and the editor know.

        `place` is the dot before the cursor, if the editor was asked about it.
        """
        own, accesses = await asyncio.gather(
            self.workspace.refute(document, cursor, names), self.knowledge.refute(place, names)
        )
        return replace(own, accesses=own.accesses | accesses)

    def set_permissions(self, request: CompletionRequest, document: OpenDocument) -> CompletionRequest:
        """The request with what the user's settings and the power allow."""
        in_comments = self.unasked.in_comments(document)
        return replace(request, in_comments=in_comments, ahead=not self.power.on_battery)

    def prewarm(self, document: OpenDocument, cursor: Cursor, *, full: bool = False) -> None:
        """Let the engine read the prompt at a cursor before it is requested.

        On battery, only in documents that the user edits. Without it there too, a fourth of the kept
        characters is lost where users jump and type (benchmarks/replay.py --fast: 156 instead of 209).
        """
        self.power.look()
        only_read = self.power.on_battery and not document.applied
        if self._model.engine is not None and not (only_read or self.unasked.why_not(document)):
            self._model.engine.prewarm(self.gather(document, cursor), full=full)

    def prewarm_whole(self, document: OpenDocument) -> None:
        """Let the engine read a short document to its end; any prompt in it then begins with a cache hit."""
        if len(document.lines) <= SHORT:
            self.prewarm(document, Cursor(len(document.lines) - 1, 0), full=True)

    def search_at_pause(self, document: OpenDocument) -> None:
        """Search other files once the user pauses; until then indexing waits too."""
        self.workspace.pause_indexing()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(PAUSE, self.search, document)

    def search(self, document: OpenDocument) -> None:
        """Search other files for what helps in a document; the next prompt that is laid out shows it."""
        engine = self._model.engine
        if engine is None or not self._documents.holds(document) or is_data(document.lines):
            return
        with_edits = self._config().completion.recent_files
        edits = self._documents.edited_elsewhere(document) if with_edits else ()
        cursor = self._documents.cursor(document)
        documents = (*self._documents.latest(), document)
        files = {other.uri: other for other in documents if other.real_path or other is document}
        self.workspace.search(document, cursor, files, edits, engine.snippet_tokens)


class Suggestions:
    """Requests suggestions, and remembers how requests ended and which text was accepted. Event loop only.

    A request that gets none is counted in `counts`, by its reason. `usage` gives what counts the others.
    """

    def __init__(
        self,
        documents: OpenDocuments,
        context: ContextSearch,
        model: ModelLifetime,
        item: StatusItem,
        counts: Counter[str],
        usage: Callable[[], UsageRecords],
    ) -> None:
        self._documents = documents
        self._context = context
        self._model = model
        self._item = item
        self._counts = counts
        self._usage = usage
        self._accepted_in = ""  # the URI of the document where the last suggestion was accepted
        self._on_screen: tuple[str, int, Cursor] | None = (
            None  # URI, version and cursor of what was shown last
        )
        self._ends: OrderedDict[str, deque[RequestEnd]] = OrderedDict()  # by URI, the newest last

    async def complete(
        self,
        uri: str,
        at: tuple[int, int],
        *,
        manual: bool,
        several: bool = False,
        popup: PopupSelection | None = None,
    ) -> tuple[GhostText, ...]:
        """The suggestion at (line, units), or nothing, and `get_end` says why.

        With `several`, a manual request gets others that begin in another way, after the first one.
        """
        self._context.power.look()
        document = self._documents.get(uri)
        engine = self._model.engine
        quiet = self._is_quiet(document) and not manual
        if engine is None or document is None or quiet:
            return self._refuse(uri, at, document, quiet=quiet)
        start = time.perf_counter()
        place, context = self._gather(document, at, popup)
        if "\0" in context.before or "\0" in context.after:
            return self._nothing(uri, at, "binary")
        if is_suspect(place.chosen):
            return self._nothing(uri, at, "unseen")
        self._context.search_at_pause(document)
        after_accept = self._accepted_in == uri
        self._accepted_in = ""
        version = document.version
        gather_ms = 1e3 * (time.perf_counter() - start)
        # What the editor's popup selected is one of its items already, and ends where it chooses.
        knowledge = self._context.knowledge
        dot = knowledge.begin(document, place.cursor, context) if popup is None else None
        refute = partial(self._context.refute, document, place.cursor, dot)
        request = CompletionRequest(context, manual, after_accept, gather_ms=gather_ms, refute=refute)
        request = self._context.set_permissions(request, document)
        try:
            if manual and several:
                answers = await engine.complete_several(request)
            else:
                answers = (await engine.complete(request),)
        except asyncio.CancelledError:
            knowledge.cancel(dot)
            self._record_cancelled(document, at)
            raise
        is_stale = document.version != version or not self._documents.holds(document)
        if is_stale and any(answer.shown for answer in answers):
            self._count(place, answers[0])
            return self._nothing(uri, at, "document-changed")
        return self._show(at, place, answers)

    async def wait_for_model(self, uri: str, at: tuple[int, int]) -> bool:
        """Wait while the model is loading; False if the document is not the same any more then.

        An editor whose request gets nothing asks again only at the next key.
        """
        document = self._documents.get(uri)
        if self._model.engine is not None or document is None:
            return True
        version = document.version
        self._end(uri, RequestEnd(at, "loading"))
        await self._model.wait_until_loaded()
        if document.version == version and self._documents.holds(document):
            return True
        self._nothing(uri, at, "document-changed")
        return False

    def _is_quiet(self, document: OpenDocument | None) -> bool:
        """Return whether nothing may come unasked in this document, in which the user is now."""
        if document is None:
            return False
        self._context.unasked.visit(document)
        return self._context.unasked.why_not(document) is not None

    def _refuse(
        self, uri: str, at: tuple[int, int], document: OpenDocument | None, *, quiet: bool
    ) -> tuple[GhostText, ...]:
        """Nothing, since nothing may come or can; the more lasting reason counts."""
        trigger = self._context.unasked
        why = trigger.why_not(document) if document is not None and quiet else None
        if why is not None:
            return self._nothing(uri, at, why, trigger.words)
        if self._model.engine is None:
            self._model.retry_missing()
            return self._nothing(uri, at, self._model.absence)
        return self._nothing(uri, at, "unknown-document")

    def _record_cancelled(self, document: OpenDocument, at: tuple[int, int]) -> None:
        self._end(document.uri, RequestEnd(at, "cancelled"))
        self._usage().count_cancelled(document, self._writer)

    def record_failure(self, uri: str, at: tuple[int, int]) -> None:
        """A request ended with an error of our own, which the caller reports."""
        self._nothing(uri, at, "internal-error")

    def get_end(self, uri: str, at: tuple[int, int] | None = None) -> RequestEnd:
        """Return how the last request at a cursor ended; if there was none, the last one of the document."""
        ends = self._ends.get(uri, ())
        here = [end for end in ends if end.at == at]
        for end in (*reversed(here), *reversed(ends)):
            return end
        return RequestEnd(at or (0, 0), "not-requested")

    @staticmethod
    def end_while_paused(at: tuple[int, int] | None) -> RequestEnd:
        """Return the end of a request that the editor does not send, because suggestions are paused."""
        return RequestEnd(at or (0, 0), "paused")

    def is_on_screen(self, document: OpenDocument, cursor: Cursor) -> bool:
        """Say if the last request was for a document as it is now, at this cursor, and got ghost text.

        What was accepted or typed over since is not there any more.
        """
        return self._on_screen == (document.uri, document.version, cursor)

    def record_shown(self, suggestion_id: int) -> None:
        """The editor shows a suggestion."""
        if self._model.engine is not None:
            self._model.engine.record_shown(suggestion_id)

    def record_accepted(self, suggestion_id: int, uri: str = "", units: int | None = None) -> None:
        """The user accepted a suggestion, or of its text what is before `units`, as the editor counts."""
        self._accepted_in = uri
        self._on_screen = None
        self._usage().accept(suggestion_id, units)
        if self._model.engine is not None:
            ahead = not self._context.power.on_battery
            self._model.engine.record_accepted(suggestion_id, ahead=ahead)

    def recent(self) -> list[Suggestion]:
        """The last suggestions without their texts: where they came from, and what they cost."""
        return list(self._model.engine.recent) if self._model.engine is not None else []

    def _show(
        self, at: tuple[int, int], place: _SuggestionPlace, answers: tuple[Suggestion, ...]
    ) -> tuple[GhostText, ...]:
        """Choose the answers to show; they are remembered for when the editor reports an acceptance."""
        document = place.document
        visible = [answer for answer in answers if answer.shown]
        best = visible[0] if visible else answers[0]
        self._end(document.uri, RequestEnd(at, best.reason, best))
        self._on_screen = (document.uri, document.version, place.cursor) if visible else None
        ghosts = tuple(map(place.ghost_text, visible))
        self._count(place, best, ghosts)
        return ghosts

    @property
    def _writer(self) -> str:
        """The model that writes ghost text now, as suggestions name it."""
        status = self._item.status
        return status.model if status.host else self._model.name

    def _count(self, place: _SuggestionPlace, answer: Suggestion, ghosts: tuple[GhostText, ...] = ()) -> None:
        """Count a request that was answered, and what of it is shown."""
        status = self._item.status
        by_server = bool(status.host) and answer.model == status.model
        texts = {ghost.suggestion.id: ghost.text for ghost in ghosts}
        self._usage().count_answer(place.document, answer, texts, place.begin, by_server=by_server)

    def _gather(
        self, document: OpenDocument, at: tuple[int, int], popup: PopupSelection | None
    ) -> tuple[_SuggestionPlace, Context]:
        """The place of a suggestion, and its context as if what the popup selected was accepted."""
        cursor = self._documents.move_cursor(document, *at)
        context = self._context.gather(document, cursor)
        if popup is None:
            return _SuggestionPlace(document, cursor, cursor, ""), context
        begin = document.cursor(at[0], popup.units)
        size = len(context.before) - max(0, cursor.column - begin.column)
        place = _SuggestionPlace(document, cursor, begin, popup.text)
        return place, replace(context, before=context.before[:size] + popup.text)

    def _nothing(
        self, uri: str, at: tuple[int, int], reason: AnyReason, exactly: str = ""
    ) -> tuple[GhostText, ...]:
        """No suggestion, counted."""
        self._on_screen = None
        self._counts[reason] += 1
        self._end(uri, RequestEnd(at, reason, exactly=exactly))
        return ()

    def _end(self, uri: str, end: RequestEnd) -> None:
        """Remember how a request ended, and show it in the status."""
        ends = self._ends.setdefault(uri, deque(maxlen=REQUESTS))
        ends.append(end)
        self._ends.move_to_end(uri)
        if len(self._ends) > DOCUMENTS:
            self._ends.popitem(last=False)
        documents = end.suggestion
        if not end.reason:
            self._item.update(latency_ms=round(documents.ms.total, 1), source=documents.source, why="")
        elif end.reason not in PASSING:
            self._item.update(why=end.words)
