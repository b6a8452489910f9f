"""One editor's session: it joins the model, the open documents, the search and the suggestions.

It passes on what the editor reports to the parts that it concerns. Nothing here blocks the event loop: the
model is opened on a thread of its own, and a request that comes before it is ready gets None and a reason.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from assist_context.documents import Cursor
from assist_context.files.denylist import denied_by
from assist_context.files.exclusions import why_excluded
from assist_context.indexer.wire import IndexerEvent
from assist_server.config.config import Config
from assist_server.editor.auto_trigger import Unasked
from assist_server.editor.model_lifetime import ModelLifetime, OpenModels, SessionStatus, StatusItem
from assist_server.editor.next_edit.next_edits import NextEdits
from assist_server.editor.next_edit.offer_requests import OfferSearcher
from assist_server.editor.open_documents import OpenDocuments
from assist_server.editor.power import Power
from assist_server.editor.repository_limits import GhostTextLimits, RepositoryLimits
from assist_server.editor.suggestions import ContextSearch, Suggestions
from assist_server.editor.usage_port import OpenUsage, UsageRecords, open_usage
from assist_server.local_model.machine import SUPPLIES
from assist_server.workspace.debounce import Burst
from assist_server.workspace.documents import Edit, OpenDocument
from assist_server.workspace.folders import find_folder

# Seconds after the last of several changes in which they are acted upon. Opening an index takes 57 ms, and
# 500 changes of folders held the event loop for 28 s; 10,000 documents for 2 s.
REOPEN_AFTER = 0.1
OPENED_AFTER = 0.1
NO_MODEL = (
    "next_edit",
    "editor_knowledge",
    "languages_off",
    "in_comments",
)  # settings of completion that concern no model


class Session:
    """Owns the parts of one editor's session. Event loop only.

    `open_usage` opens what counts its use. `supplies` is where Linux reports the machine's power.
    """

    def __init__(
        self,
        config: Config,
        show: Callable[[SessionStatus], None],
        open_models: OpenModels,
        open_usage: OpenUsage = open_usage,
        supplies: Path = SUPPLIES,
    ) -> None:
        self._config = config
        self._counts: Counter[str] = Counter()
        # The texts of open documents that are secret files. It is replaced, not changed: a thread reads it.
        self._secret_texts: Mapping[str, str] = {}
        self._item = StatusItem(config.completion.model, show)
        self._open_usage = open_usage
        self.documents = OpenDocuments(self._counts, self._foresee, self._compare)
        self.model = ModelLifetime(
            lambda: self._config,
            open_models,
            self._item,
            self._prepare_latest,
            lambda: self.workspace.folders,
            lambda: self.secret_texts,
        )
        self.limits = RepositoryLimits(self._show_quiet)
        self.unasked = Unasked(lambda: self._config.completion, self._show_quiet, limits=self._read_limits)
        self.power = Power(lambda: self._item.update(power=self.power.words), supplies)
        self.context = ContextSearch(
            lambda: self._config, self.documents, self.model, self.unasked, self.power
        )
        self.suggestions = Suggestions(
            self.documents, self.context, self.model, self._item, self._counts, lambda: self.usage
        )
        self.workspace = self.context.workspace
        self.next_edits = NextEdits(
            self.unasked,
            self.documents,
            lambda: self.usage,
            self._open_offer_search,
            self.suggestions.is_on_screen,
        )
        self.workspace.listen(self._hear_indexer)
        self.on_folders: Callable[[], None] = lambda: None  # is called when folders were opened
        self._roots: list[str] = []
        self._reopening = Burst(lambda: self.open_folders(self._roots), REOPEN_AFTER)
        self._opening = Burst(self._prepare_opened, OPENED_AFTER, at_once=True)

    @cached_property
    def usage(self) -> UsageRecords:
        """Return what counts the session's use. It is loaded once `initialize` is answered."""
        return self._open_usage(self._config.paths.data, lambda: self.workspace.folders)

    @property
    def config(self) -> Config:
        """The current settings."""
        return self._config

    @property
    def secret_texts(self) -> Mapping[str, str]:
        """The texts of open documents that are secret files, by URI; of a long one the beginning."""
        return self._secret_texts

    @property
    def status(self) -> SessionStatus:
        """Return what the editor's status item shows now."""
        return self._item.status

    def configure(self, config: Config) -> None:
        """Take other settings. The model and the index are opened again only if the change concerns them."""
        old = self._config
        self._config = config
        self.next_edits.configure()
        self._show_quiet()
        if not self.model.started:
            return
        settings = {name: getattr(old.completion, name) for name in NO_MODEL}
        completion = replace(config.completion, **settings)
        if (completion, config.answers) != (old.completion, old.answers):
            self.model.start()
        if config.context != old.context:
            self.change_folders(self._roots)

    def open_folders(self, roots: list[str]) -> None:
        """Index these folders from now on, in place of the earlier ones."""
        self._roots = roots
        self.workspace.open(roots, self._config)
        self.next_edits.reopen()
        self.usage.learn_repositories([folder.root for folder in self.workspace.folders])
        for document in self.documents:
            document.rename(self.workspace.prompt_path(document))
        self.on_folders()

    def change_folders(self, roots: list[str]) -> None:
        """The same once no other change has come for a moment; folders that are left, are left at once."""
        self.workspace.leave({*self._roots} - {*roots})
        self._roots = roots
        self._reopening.request()

    def end_use(self) -> None:
        """Judge what was accepted, and begin to write the counts: an editor may end us at any moment."""
        self.usage.end()

    def close(self) -> None:
        """The same, end indexing, free the model, and wait until the counts are written."""
        self._reopening.cancel()
        self._opening.cancel()
        self.unasked.close()
        self.end_use()
        self.next_edits.close()
        self.context.close()
        self.model.close()
        self.usage.wait()

    def totals(self) -> Counter[str]:
        """Everything counted since the session began."""
        return self._counts + self.context.knowledge.counts + self.model.totals()

    def show_answering(self, tier: str, budget_left_usd: float | None) -> None:
        """Show who answers a question now, and what is left of today's budget; None keeps that."""
        budget_left = self.status.budget_left_usd if budget_left_usd is None else budget_left_usd
        own = "team" if self.status.host else "local"  # of ghost text, to which it returns
        self._item.update(tier=own if tier == "local" else tier, budget_left_usd=budget_left)

    def open_document(self, document: OpenDocument) -> None:
        """The editor opened a document. Its beginning is what most prompts in it share."""
        if (before := self.documents.get(document.uri)) is not None:
            self.usage.judge_closed(before)
            self.next_edits.close_document(before)
        document.rename(self.workspace.prompt_path(document))
        self.documents.add(document)
        if denied_by(document.path) or denied_by(os.path.basename(document.named)):  # a link has two names
            self._secret_texts = {**self._secret_texts, document.uri: document.beginning()}
        self.next_edits.open_document()
        self._opening.request()
        self.unasked.visit(document)

    def _prepare_opened(self) -> None:
        """Prepare for the document that was opened last."""
        latest = self.documents.latest()
        self.workspace.index_first([opened.real_path for opened in latest])
        for document in latest[-1:]:
            self.context.prewarm_whole(document)
            self.context.search(document)

    def find_exclusion(self, uri: str) -> str:
        """Return why a document may not be shown in other files, or "". It reads rule files: use a thread."""
        document = self.documents.get(uri)
        path = document.real_path if document is not None else ""
        folder = find_folder(self.workspace.folders, path)
        return why_excluded(folder.root, folder.relative(path)) if folder is not None else ""

    def change_document(
        self, uri: str, version: int, edits: list[Edit], lines: list[str] | None = None
    ) -> None:
        """The editor changed a document; `lines` are those after the edits, if they are known already."""
        self.model.touch()
        if self.documents.change(uri, version, edits, lines):
            if uri in self._secret_texts:
                self._secret_texts = {**self._secret_texts, uri: self.documents.by_uri[uri].beginning()}
            self.next_edits.follow_change(self.documents.by_uri[uri])
            self.context.knowledge.forget_others(uri)

    def save_document(self, uri: str) -> None:
        """The editor wrote a document to its file."""
        document = self.documents.get(uri)
        if document is not None:
            self.usage.judge_saved(document)
        self.next_edits.refresh()
        if document is not None and document.real_path:
            self.workspace.change_files([document.real_path])
        self.usage.write_if_due()

    def close_document(self, uri: str) -> None:
        """The editor closed a document."""
        if (document := self.documents.get(uri)) is not None:
            self.usage.judge_closed(document)
            self.next_edits.close_document(document)
        self.documents.remove(uri)
        if uri in self._secret_texts:
            self._secret_texts = {name: text for name, text in self._secret_texts.items() if name != uri}
        self.workspace.forget(uri)
        self.usage.write_if_due()

    def move_cursor(self, uri: str, line: int | None = None, units: int = 0) -> None:
        """The cursor rests somewhere, or, without a line, a document got the focus: prewarm that place."""
        document = self.documents.get(uri)
        if document is None:
            return
        self.unasked.visit(document)
        if line is None:
            cursor = self.documents.cursor(document)
        else:
            cursor = self.documents.move_cursor(document, line, units)
        if cursor is not None:
            self.next_edits.move_cursor(document, cursor)
            self.context.prewarm(document, cursor)
            self.context.search(document)

    def snooze(self, until: float) -> str:
        """Let nothing come unasked until this time, in seconds since the epoch; in words, until when."""
        self.unasked.snooze(until)
        if self.unasked.snoozed:
            self.next_edits.drop_offers()
        return self.unasked.words

    def _read_limits(self, document: OpenDocument) -> GhostTextLimits:
        """Return what the repository of a document turns off."""
        folder = find_folder(self.workspace.folders, document.real_path) if document.real_path else None
        return self.limits.of(folder.root) if folder is not None else GhostTextLimits()

    def _show_quiet(self) -> None:
        self._item.update(quiet=self.unasked.words)

    def _foresee(self, document: OpenDocument, start: Cursor, end: Cursor, text: str) -> None:
        self.usage.foresee(document, start, end, text)
        self.next_edits.foresee(document, start, end, text)

    def _compare(self, document: OpenDocument, old: Sequence[str]) -> None:
        self.usage.compare(document, old)
        self.next_edits.compare(document, old)

    def _hear_indexer(self, event: IndexerEvent) -> None:
        if event.get("event") == "ready":
            self.next_edits.refresh()
        elif event.get("event") == "libraries":
            self._item.update(libraries=int(str(event["packages"])))

    def _open_offer_search(self) -> OfferSearcher:
        """Return what finds next edits, on its thread: only there it imports tree-sitter and SQLite."""
        from assist_server.editor.next_edit.offer_search import OfferSearch  # noqa: PLC0415

        return OfferSearch(self.workspace.folders, with_index=self._config.context.index)

    def _prepare_latest(self) -> None:
        """The model is ready: prewarm and search for the document that was opened last."""
        for document in self.documents.latest()[-1:]:
            self.context.prewarm_whole(document)
            self.context.search(document)
