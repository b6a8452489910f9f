"""A model that answers questions, on this machine or at a provider, asked as the terminal asks it.

A provider is asked through the gate: policy, redaction, the user's budget, the run's budget, audit.
"""

import asyncio
import os
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.prompts import Origin, Span
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.candidates.run_budget import RunBudget
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.mining.small_commits import definition_around
from assist_evaluation.tasks import EvalTask, TaskTexts
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.session import AnswerSession
from assist_server.questions.targets import QuestionFolders, lines_in_document, overlay
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer
    from assist_context.retrieval.corpus import Corpus

    MakeQuestion = Callable[[Corpus], Question]

BODY_WISH = (
    "Write the body of this function, which is missing: do what its name, its signature, its comment and the "
    "code around it say. Keep the signature."
)
EDIT_WISH = "Make the change that this commit message describes, in this code and nowhere else."
NO_INDEX = "none"  # of a candidate that sees no other files


class AnswerCandidate:
    """Owns a model that answers, or the way to a provider, and the folder's index."""

    def __init__(
        self, config: Config, spec: CandidateSpec, folder: WorkspaceFolder, budget: RunBudget
    ) -> None:
        local = spec.source == "local"
        answers = replace(config.answers, model=spec.name) if local else config.answers
        self._config = replace(config, answers=answers)
        self._spec = spec
        self._folder = folder if spec.context else replace(folder, database=f"{folder.database}.{NO_INDEX}")
        self._budget = budget
        self._local: Answerer[Any] | None = None
        self._lent = False
        self._corpus: Corpus | None = None

    def lend(self, local: "Answerer[Any] | None") -> None:
        """Answer with a model that another candidate holds."""
        self._local = local
        self._lent = True

    async def open(self) -> None:
        """Load the model, if it is on this machine. The index is read as it is."""
        if self._spec.source == "provider":
            if self._config.offline:
                raise UserError(f"{self._spec.label} cannot be asked: you are offline by choice.")
        elif not self._lent:
            from assist_server.local_model.opening import open_local  # noqa: PLC0415  (llama.cpp, 0.4 s)

            self._local = await asyncio.to_thread(open_local, self._config)
        self.open_index()

    def open_index(self) -> None:
        """Open the index alone, which is enough for `question`."""
        self._corpus = open_corpus(self._folder)

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The file with the edit that the model makes, or why there is none."""
        return await self._ask(lambda corpus: self._task_question(corpus, task, texts), task.path)

    async def close(self) -> None:
        """Free the model."""
        self.close_index()
        if self._local is not None and not self._lent:
            self._local.close()
        self._local = None

    def close_index(self) -> None:
        """Close the index."""
        if self._corpus is not None:
            self._corpus.reader.close()
        self._corpus = None

    def question(self, task: EvalTask, texts: TaskTexts) -> AnswerContext:
        """What would be asked, with its price: for a dry run. It sends nothing. Raises `EscalationError`."""
        return self._decide(lambda corpus: self._task_question(corpus, task, texts))

    async def _ask(self, make: "MakeQuestion", path: str = "") -> EvalAnswer:
        start = time.perf_counter()
        try:
            decided = await asyncio.to_thread(self._decide, make)
            if decided.question.material and decided.frontier and decided.frontier.left_out:
                raise UserError("A rule keeps a part of it on this machine.")
            if self._spec.source == "provider":
                final = await self._ask_provider(decided)
            else:
                final = await self._answer(decided)
        except (UserError, EscalationError) as error:
            return EvalAnswer(reason=str(error), failed=True, ms=1e3 * (time.perf_counter() - start))
        return self._eval_answer(decided, final, path)

    def _decide(self, make: "MakeQuestion") -> AnswerContext:
        """A question, decided by today's rules."""
        if self._corpus is None:
            raise RuntimeError("the candidate is not open")
        self._corpus.set_open({})  # the file of an earlier task is as it is on the disk
        question = make(self._corpus)
        folders = QuestionFolders(self._corpus)
        inputs = decision_inputs(self._config, folders.roots, folders.roots)
        return decide(question, folders, inputs, by_models=True)

    def _task_question(self, corpus: "Corpus", task: EvalTask, texts: TaskTexts) -> Question:
        """The question of a task. The file is laid over the index as it is asked about.

        The commit's subject is not a word of the user: it is judged as what comes from the file.
        """
        path = os.path.join(corpus.root, task.path)
        document = Document(path, split_lines(texts.asked), language_of(task.path))
        around = definition_around(task, texts.asked)
        lines = (around.start_line, around.end_line) if around else (task.first, 0)
        target = lines_in_document(corpus, overlay(corpus, task.path, document), *lines)
        if task.kind == "bodies":
            return self._with_wish(Question("refactor", BODY_WISH, target))
        note = Span(f"Commit message: {texts.words}", Origin("editor", task.path, corpus.root))
        return self._with_wish(Question(task.name, EDIT_WISH, target, (note,)))

    def _with_wish(self, question: Question) -> Question:
        if self._spec.source == "provider":
            return replace(question, wish="frontier", provider=self._spec.name)
        return replace(question, wish="local")

    async def _ask_provider(self, decided: AnswerContext) -> FinalAnswer:
        """The provider's answer, within the run's money. A refusal is written into the audit log."""
        prepared = decided.prepared
        if prepared is None or decided.decision.target != "frontier":
            return await self._answer(decided)
        await asyncio.to_thread(self._budget.reserve, prepared)
        paid: int | None = None
        try:
            final = await self._answer(decided)
            paid = final.cost.micro
            return final
        except RefusedError:  # a rule or a budget: nothing was sent
            paid = 0
            raise
        finally:
            await asyncio.to_thread(self._budget.settle, prepared, paid)

    async def _answer(self, decided: AnswerContext) -> FinalAnswer:
        async def load() -> "Answerer[Any]":
            if self._local is None:
                raise UserError(f"{self._spec.label} asks no local model.")
            return self._local

        async def agree(_: AnswerContext) -> bool:
            return True  # whoever started the run has seen the price and agreed

        return await AnswerSession(load, agree, records=False, repairs=False).answer(decided)

    def _eval_answer(self, decided: AnswerContext, final: FinalAnswer, path: str) -> EvalAnswer:
        changes = final.plan.changes if final.plan else ()
        change = next((change for change in changes if change.path == path), None)
        edits = bool(decided.local.form.kind)
        decision = decided.decision
        return EvalAnswer(
            text="" if edits else final.text,
            file=change.after if change else "",
            reason="" if change or not edits else str(final.problem or "the answer changes nothing"),
            confidence=decision.p_local if self._spec.source == "local" else None,
            ms=final.cost.ms,
            tokens_read=final.cost.tokens_in,
            tokens_written=final.cost.tokens_out,
            cost_micro=final.cost.micro,
            counts={f"feature.{name}": value for name, value in decision.features.items()},
        )
