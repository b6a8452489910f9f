"""Suggestions of one editor: requested at a cursor, shown as ghost text, accepted.

It works with plain values, which the `lsp` wing translates. How a suggestion is made is the engine's.
"""

import time
from collections import Counter
from dataclasses import dataclass, replace

from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_server.editor.context_search import ContextSearch
from assist_server.editor.model_lifetime import ModelLifetime, StatusItem
from assist_server.editor.open_documents import OpenDocuments


@dataclass(frozen=True, slots=True)
class PopupSelection:
    """What is selected in the editor's own popup: `text` would replace column `units` to the cursor."""

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


class Suggestions:
    """Requests suggestions and remembers which was accepted last. Event loop only.

    A request that gets none is counted in `counts`, by its reason.
    """

    def __init__(
        self,
        documents: OpenDocuments,
        context: ContextSearch,
        model: ModelLifetime,
        item: StatusItem,
        counts: Counter[str],
    ) -> None:
        self._documents = documents
        self._context = context
        self._model = model
        self._item = item
        self._counts = counts
        self._accepted_in = ""  # the URI of the document where the last suggestion was accepted

    async def complete(
        self, uri: str, at: tuple[int, int], *, manual: bool, selected: PopupSelection | None = None
    ) -> GhostText | None:
        """One suggestion at (line, units), or None and a counted reason."""
        document = self._documents.get(uri)
        engine = self._model.engine
        if engine is None:
            self._model.retry_missing()
            return self._nothing(self._item.status.state)
        if document is None:
            return self._nothing("unknown-document")
        start = time.perf_counter()
        cursor = self._documents.move_cursor(document, *at)
        context = self._context.gather(document, cursor)
        if "\0" in context.before or "\0" in context.after:
            return self._nothing("binary")
        begin = cursor
        chosen = ""
        if selected is not None:
            begin = document.cursor(at[0], selected.units)
            chosen = selected.text
            replaced = max(0, cursor.column - begin.column)
            context = replace(context, before=context.before[: len(context.before) - replaced] + chosen)
        self._context.search_at_pause(document)
        after_accept = self._accepted_in == uri
        self._accepted_in = ""
        version = document.version
        gather_ms = 1e3 * (time.perf_counter() - start)
        suggestion = await engine.complete(
            CompletionRequest(context, manual, after_accept, gather_ms=gather_ms)
        )
        if not suggestion.shown:
            return None
        if document.version != version or not self._documents.holds(document):
            return self._nothing("document-changed")
        self._item.update(latency_ms=round(suggestion.ms.total, 1), source=suggestion.source)
        text = chosen + suggestion.text.replace("\n", document.end_of_line())
        end = replace(cursor, column=cursor.column + suggestion.replace)
        return GhostText(suggestion, text, cursor.line, document.units(begin), document.units(end))

    def record_shown(self, suggestion_id: int) -> None:
        """The editor shows a suggestion."""
        if self._model.engine is not None:
            self._model.engine.record_shown(suggestion_id)

    def record_accepted(self, suggestion_id: int, uri: str = "") -> None:
        """The user accepted a suggestion or a part of it."""
        self._accepted_in = uri
        if self._model.engine is not None:
            self._model.engine.record_accepted(suggestion_id)

    def recent(self) -> list[Suggestion]:
        """The last suggestions without their texts: where they came from, and what they cost."""
        return list(self._model.engine.recent) if self._model.engine is not None else []

    def _nothing(self, reason: str) -> GhostText | None:
        """No suggestion, counted."""
        self._counts[reason] += 1
        return None
