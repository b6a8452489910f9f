"""A model that writes ghost text, on this machine or on a team's server, asked as an editor asks it."""

import asyncio
import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.suggestion import CompletionRequest, LookUp, Suggestion
from assist_context.documents import Context, Cursor, Document, Snippet, TextNames, gather, split_lines
from assist_context.languages import language_of
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.candidates.typist import KeySuggestion, type_block
from assist_evaluation.tasks import EvalTask, TaskTexts
from assist_server.config.config import Config
from assist_server.config.permissions import named_server
from assist_server.errors import UserError
from assist_server.local_model.opening import open_engine
from assist_server.team.team_server_opening import open_team_engine
from assist_server.workspace.folder_search import FolderSearch
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer
    from assist_completion.suggestion import GhostTextEngine
    from assist_server.local_model.opening import OpenedModels

BODY_LINES = 24  # as many as the longest body of a task has


class GhostTextCandidate:
    """Owns an engine and a search in the folder's index, as one editor does."""

    def __init__(self, config: Config, spec: CandidateSpec, folder: WorkspaceFolder) -> None:
        completion = config.completion
        completion = replace(completion, mode=spec.mode or completion.mode)  # type: ignore[arg-type]
        if spec.source == "local":
            completion = replace(completion, model=spec.name)
            config = replace(config, answers=replace(config.answers, model=""))  # it answers too
        server = spec.name if spec.source == "server" else ""
        egress = replace(config.escalation, ghost_server=server)
        self._config = replace(config, completion=completion, escalation=egress)
        self._spec = spec
        self._folder = folder
        self._engine: GhostTextEngine | None = None
        self._models: OpenedModels | None = None
        self._search: FolderSearch | None = None
        self._server_model = ""

    async def open(self) -> None:
        """Load the model. The index is read as it is."""
        if self._spec.source == "server":
            named = named_server(self._config)
            if self._config.offline:
                raise UserError(f"{self._spec.label} cannot be asked: you are offline by choice.")
            if named is None or named[0] != self._spec.name:
                raise UserError(f"{self._spec.label} cannot be asked: the rules name another server.")
            self._server_model = named[1].model
            # Without a local model: that one would answer in its place.
            self._engine = open_team_engine(lambda: self._config, named, lambda: [self._folder], None)
        else:
            self._models = await asyncio.to_thread(open_engine, self._config)
            self._engine = self._models.engine
        if self._spec.context:
            self._search = await asyncio.to_thread(_search_of, self._folder)

    @property
    def answerer(self) -> "Answerer[Any] | None":
        """The loaded model as one that answers questions."""
        return self._models.answers if self._models is not None else None

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The ghost text at the task's cursor, or what it saves while the block is typed."""
        if task.kind == "typing":
            return await self._type(task, texts)
        place = self._place(task, texts)
        if task.kind == "bodies":
            given = await self._complete(place, manual=True, max_lines=BODY_LINES)
            return self._answer(given, given.candidate or given.text)
        given = await self._complete(place)
        if given.shown or self._absence(given):
            return self._answer(given, given.text)
        whole = await self._complete(place, manual=True, max_lines=1)  # what it held back
        held = self._answer(given, whole.text or whole.candidate)
        return replace(held, shown="", reason="" if held.text.strip() else given.reason)

    async def close(self) -> None:
        """Free the model."""
        if self._search is not None:
            self._search.close()
        if self._models is not None:
            self._models.answers.close()
        if self._engine is not None:
            self._engine.close()
        self._engine = None
        self._models = None
        self._search = None

    async def _type(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        place = self._place(task, texts)
        base = place.context

        async def suggest(typed: str, after_accept: bool) -> KeySuggestion:
            context = replace(base, before=base.before + typed)
            given = await self._complete(replace(place, context=context), after_accept=after_accept)
            shown = given.text if given.shown else ""
            tokens = given.tokens
            return KeySuggestion(shown, given.ms.total, tokens.evaluated, tokens.generated, given.id)

        engine = self._engine
        accept = engine.record_accepted if engine else lambda _: None
        log = await type_block(texts.truth, suggest, accept, texts.after)
        counts = log.counts(len(texts.truth))
        return EvalAnswer(
            shown="", ms=counts["ms_p50"], tokens_read=log.tokens_read, tokens_written=log.tokens_written,
            counts=counts,
        )  # fmt: skip

    def _place(self, task: EvalTask, texts: TaskTexts) -> "_GhostPlace":
        path = os.path.join(self._folder.root, task.path)
        document = Document(path, split_lines(texts.asked), language_of(task.path))
        line = texts.before.count("\n")
        cursor = Cursor(line, len(texts.before) - texts.before.rfind("\n") - 1)
        named = self._search.set_prompt_path(document) if self._search else None
        shown = replace(document, path=self._folder.relative(path))
        if self._search is None or named is None or self._engine is None:
            return _GhostPlace(replace(gather(shown, cursor), named=path), None)
        search = self._search
        snippets: tuple[Snippet, ...] = search.snippets(named, cursor, self._engine.snippet_tokens)

        async def refute(names: TextNames) -> TextNames:
            return search.refute(named, cursor, names)

        return _GhostPlace(replace(gather(named, cursor, snippets), named=path), refute)

    async def _complete(
        self, place: "_GhostPlace", *, manual: bool = False, max_lines: int = 0, after_accept: bool = False
    ) -> Suggestion:
        if self._engine is None:
            raise RuntimeError("the candidate is not open")
        request = CompletionRequest(
            place.context, manual, after_accept, max_lines, immediate=True, refute=place.refute
        )
        return await self._engine.complete(request)

    def _answer(self, given: Suggestion, text: str) -> EvalAnswer:
        """A suggestion as an answer. A server that did not answer itself has failed."""
        absence = self._absence(given)
        return EvalAnswer(
            text="" if absence else text,
            shown=given.text if given.shown and not absence else "",
            reason=absence or ("" if text.strip() else given.reason or "empty"),
            confidence=None if self._server_model else given.score,
            ms=given.ms.total,
            tokens_read=given.tokens.evaluated,
            tokens_written=given.tokens.generated,
            failed=bool(absence),
        )

    def _absence(self, given: Suggestion) -> str:
        """Why a team's server did not answer itself, "" if it did."""
        if not self._server_model or given.model == self._server_model:
            return ""
        return given.reason or "server-away"


@dataclass(frozen=True, slots=True)
class _GhostPlace:
    """A cursor with its context, and what tells which names cannot be there."""

    context: Context
    refute: LookUp | None


def _search_of(folder: WorkspaceFolder) -> FolderSearch | None:
    """The search in a folder's index, None if there is none."""
    return FolderSearch(folder) if os.path.isfile(folder.database) else None
