"""From what people write to a candidate that can be asked."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import cast

from assist_completion.errors import CompletionError
from assist_completion.model_store.store import resolve
from assist_completion.settings import Mode
from assist_evaluation.answers import EvalAnswer, EvalCandidate
from assist_evaluation.candidates.answering_model import AnswerCandidate
from assist_evaluation.candidates.ghost_text import GhostTextCandidate
from assist_evaluation.candidates.known import KnownCandidate
from assist_evaluation.candidates.next_edit import NextEditCandidate
from assist_evaluation.candidates.run_budget import RunBudget
from assist_evaluation.candidates.search import SearchCandidate
from assist_evaluation.candidates.spec import CandidateSpec, KnownAnswer
from assist_evaluation.tasks import EvalTask, TaskTexts
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.local_model.opening import open_store
from assist_server.workspace.folders import WorkspaceFolder


@dataclass(frozen=True, slots=True)
class CandidateParts:
    """What candidates are made with. `copy` is a copy of the files, and `masked` the texts that differ in it.

    `data` is the evaluation's own directory, where the copy's index goes.
    """

    config: Config
    folder: WorkspaceFolder
    budget: RunBudget
    tasks: Sequence[EvalTask]
    texts: Mapping[str, TaskTexts]
    copy: Path
    masked: Mapping[str, str]
    search_config: Config


class LocalCandidate:
    """One model on this machine for ghost text and for answers, loaded once."""

    def __init__(self, ghost: GhostTextCandidate, answers: AnswerCandidate) -> None:
        self._ghost = ghost
        self._answers = answers

    async def open(self) -> None:
        """Load the model."""
        await self._ghost.open()
        self._answers.lend(self._ghost.answerer)
        await self._answers.open()

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """Ghost text, or for an edit the answer to a question."""
        asked = self._answers if task.kind == "edits" else self._ghost
        return await asked.answer(task, texts)

    async def close(self) -> None:
        """Free the model."""
        await self._answers.close()
        await self._ghost.close()


def make_candidate(spec: CandidateSpec, parts: CandidateParts) -> EvalCandidate:
    """The candidate; it opens nothing yet."""
    match spec.source:
        case "known":
            return KnownCandidate(cast("KnownAnswer", spec.name), parts.tasks, parts.texts)
        case "search":
            return SearchCandidate(parts.search_config, parts.copy, parts.masked)
        case "next-edit":
            return NextEditCandidate(cast("Mode", spec.mode or parts.config.completion.mode))
        case "server":
            return GhostTextCandidate(parts.config, spec, parts.folder)
    answers = AnswerCandidate(parts.config, spec, parts.folder, parts.budget)
    if spec.source == "provider" or spec.answers:
        return answers
    return LocalCandidate(GhostTextCandidate(parts.config, spec, parts.folder), answers)


def version_of(spec: CandidateSpec, config: Config, root: str) -> str:
    """What an answer depends on next to the task and the options: the program and the model.

    Raises `UserError` for a model, server or provider that is not there.
    """
    parts = [version("assist-lsp"), _settings_mark(config)]
    if spec.source == "local":
        parts += [_file_mark(spec, config), spec.mode or config.completion.mode]
    elif spec.source == "next-edit":
        parts.append(spec.mode or config.completion.mode)
    elif spec.source in ("server", "provider"):
        found = permissions_for(config, [root])[0]
        known = found.servers if spec.source == "server" else found.providers
        if spec.name not in known:
            names = ", ".join(known) or "none"
            raise UserError(
                f"{spec.label} may not be asked here, or is not in config.toml; choose from {names}."
            )
        parts += [known[spec.name].base_url, known[spec.name].model]
    return " ".join(parts)


def _settings_mark(config: Config) -> str:
    """A hash of the settings that an answer may depend on, but for those that a candidate's options set."""
    completion = replace(config.completion, model="x.gguf", mode="balanced", threads=0)
    routes = (config.escalation.default_class, config.escalation.deny, dict(config.escalation.data_class))
    text = repr((completion, config.context, config.answers.threads_days, routes))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def _file_mark(spec: CandidateSpec, config: Config) -> str:
    """The model's file by name and size: another quantisation has another size."""
    try:
        file = resolve(open_store(config), spec.name)
    except CompletionError as error:
        raise UserError(f"{spec.label}: {error}") from error
    return f"{file.name} {file.stat().st_size}"
