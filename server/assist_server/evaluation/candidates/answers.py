"""A model that answers questions, on this machine or at a provider, asked as the terminal asks it.

A provider is asked through the gate: policy, redaction, the user's budget, the run's budget, audit.
"""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Span
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.evaluation.answers import EvalAnswer
from assist_server.evaluation.candidates.run_budget import RunBudget
from assist_server.evaluation.candidates.spec import CandidateSpec
from assist_server.evaluation.tasks import EvalTask, TaskTexts
from assist_server.questions.answering import AnswerSources, FinalAnswer, answer
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import (
    DecidedQuestion,
    DecisionInputs,
    Question,
    decide,
    refusal_of,
)
from assist_server.questions.prompt_spans import QuestionFolders
from assist_server.questions.targets import lines_in_document, overlay
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer
    from assist_context.retrieval.corpus import Corpus

    MakeQuestion = Callable[[Corpus], Question]

BODY_WISH = (
    "Write the body of {}, which is missing: do what its name, its signature, its comment and the code "
    "around it say. Keep the signature."
)
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
        self._corpus = corpus_of(self._folder)

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The file with the edit that the model makes, or why there is none."""
        return await self._ask(lambda corpus: self._task_question(corpus, task, texts))

    async def reply(self, words: str, material: tuple[Span, ...]) -> EvalAnswer:
        """The answer in words to a question about pieces of code that it brings along."""
        return await self._ask(lambda _: self._with_wish(Question("ask", words, material=material)))

    async def close(self) -> None:
        """Free the model."""
        if self._corpus is not None:
            self._corpus.reader.close()
        if self._local is not None and not self._lent:
            self._local.close()
        self._corpus = None
        self._local = None

    def question(self, task: EvalTask, texts: TaskTexts) -> DecidedQuestion:
        """What would be asked, with its price: for a dry run. It sends nothing."""
        return self._decide(lambda corpus: self._task_question(corpus, task, texts))[0]

    async def _ask(self, make: "MakeQuestion") -> EvalAnswer:
        start = time.perf_counter()
        try:
            decided, inputs = await asyncio.to_thread(self._decide, make)
        except (UserError, EscalationError) as error:
            return EvalAnswer(reason=str(error))
        if self._spec.source == "provider":
            return await self._ask_provider(decided, inputs, start)
        return await self._answer(decided, inputs, start)

    def _decide(self, make: "MakeQuestion") -> tuple[DecidedQuestion, DecisionInputs]:
        """A question, decided by today's rules."""
        corpus = self._corpus or corpus_of(self._folder)
        question = make(corpus)
        inputs, _ = decision_inputs(self._config, [corpus.root], [corpus.root])
        return decide(question, QuestionFolders(corpus), inputs), inputs

    def _task_question(self, corpus: "Corpus", task: EvalTask, texts: TaskTexts) -> Question:
        """The question of a task. The file is laid over the index as it is asked about."""
        path = os.path.join(corpus.root, task.path)
        document = Document(path, split_lines(texts.asked), language_of(task.path))
        target = lines_in_document(corpus, overlay(corpus, task.path, document), task.first, 0)
        if task.kind == "bodies":
            return self._with_wish(Question("refactor", BODY_WISH.format(task.name), target))
        return self._with_wish(Question(task.name, texts.words, target))

    def _with_wish(self, question: Question) -> Question:
        if self._spec.source == "provider":
            return replace(question, wish="frontier", provider=self._spec.name)
        return replace(question, wish="local")

    async def _ask_provider(
        self, decided: DecidedQuestion, inputs: DecisionInputs, start: float
    ) -> EvalAnswer:
        prepared = decided.prepared
        if decided.decision.target != "frontier" or prepared is None:
            return EvalAnswer(reason=str(refusal_of(decided.decision)))
        try:
            await asyncio.to_thread(self._budget.reserve, prepared)
        except EscalationError as error:
            return EvalAnswer(reason=str(error), counts={"unpaid": 1.0})
        found = EvalAnswer(reason="interrupted")
        try:
            found = await self._answer(decided, inputs, start)
        finally:
            await asyncio.to_thread(self._budget.settle, prepared, found.cost_micro, found.reason)
        sent = len(f"{prepared.messages.system}{prepared.messages.user}".encode("utf-8", "surrogatepass"))
        return replace(found, bytes_sent=sent, host=prepared.host)

    async def _answer(self, decided: DecidedQuestion, inputs: DecisionInputs, start: float) -> EvalAnswer:
        async def load() -> "Answerer[Any]":
            if self._local is None:
                raise UserError(f"{self._spec.label} asks no local model.")
            return self._local

        async def agree(_: DecidedQuestion) -> bool:
            return True  # whoever started the run has seen the price and agreed

        sources = AnswerSources(load, lambda *_: None)
        final: FinalAnswer | None = None
        try:
            async with aclosing(answer(decided, inputs, sources, agree)) as stream:
                async for event in stream:
                    final = event if isinstance(event, FinalAnswer) else final
        except (EscalationError, UserError) as error:
            return EvalAnswer(reason=str(error), ms=1e3 * (time.perf_counter() - start))
        if final is None:
            return EvalAnswer(reason="there was no answer", ms=1e3 * (time.perf_counter() - start))
        change = final.plan.changes[0] if final.plan else None
        decision = decided.decision
        edits = bool(decided.local.form.kind)
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
