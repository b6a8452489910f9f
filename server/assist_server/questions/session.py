"""The road of a question, from its words to the end of its answer, for everyone who asks.

The terminal, editors, the evaluation and the benchmarks take the same four steps:

1. They find the folders that the question is about (`QuestionFolders`), and what it is about in them
   (`targets`). Here they differ: the terminal has names in its arguments and brings the index up to date, an
   editor has open documents, an evaluation has tasks. A question about a diff brings its material along
   (`diff_material`).
2. `composition.decision_inputs` reads settings, rules and the history of requests.
3. `decision.decide` drafts the prompt, and decides what of it may leave, and which way answers
   (`AnswerStrategy`). `--dry-run` ends here.
4. `AnswerSession.answer` returns the `FinalAnswer`; what is told before goes to its sink. Where models are
   asked, it keeps their order: if a provider fails, or the user refuses to send, the local model answers, and
   a notice says so; if a local answer is doubtful, a provider may be asked after it.

What is done with an edit in the answer is again the business of who asked. This module draws nothing and
knows no protocol.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from assist_completion.settings import model_name
from assist_context.files.repository_top import find_top
from assist_context.plugins import plugins
from assist_escalation.errors import EscalationError, RefusedError
from assist_server.plugins import lacks
from assist_server.questions.events import (
    SILENT,
    AnswerSink,
    DocumentVersions,
    FactsFound,
    FinalAnswer,
    PlacesFound,
    end_without_model,
)
from assist_server.workspace.folders import make_key

if TYPE_CHECKING:
    from assist_completion.engine.answer_stream import Answerer
    from assist_escalation.routing.feedback import Happening
    from assist_escalation.routing.router import Decision
    from assist_server.config.run_consent import RunRequest
    from assist_server.questions.code_facts import CodeFacts
    from assist_server.questions.composition import DecisionInputs
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.draft import Draft, Question
    from assist_server.questions.targets import QuestionFolders

UNSENT = "Nothing was sent."
KEPT = (
    "Nothing was sent, and the local answer is kept. --frontier asks a provider; allow_unasked_retry = "
    "true under [escalation] in config.toml sends doubtful questions to a provider unasked."
)
# The causes of a decision that no model is asked: facts or a search answer, or syntax and the index make the
# edit; or no model's edit is offered, since tests accept a computed one.
BY_FACTS = "facts"
BY_SEARCH = "search"
BY_CONSTRUCTION = "construction"
BY_RUNNING = "running"
BY_TESTS = "tests"
RUNNER = "runner"  # the way that runs code of a workspace, which a plugin brings
MODELS = ("local", "provider")  # the ways that are asked in turn
ROUTED = ("search", *MODELS)  # the ways that are tried once it is decided who may answer
ORDER = ("", "facts", *ROUTED)  # a plugin's way is tried after one of these
# What is said where a provider was to write, and facts are all that there is.
NO_WORDS = {"review": "There are no remarks.", "explain": "Only the facts are certain."}
NOT_RUN = "Nothing was run, so the expected values are guesses: {}."
NO_TEST = "No test was written: {}."

LocalLoader = Callable[[], "Awaitable[Answerer[Any]]"]
Confirm = Callable[["AnswerContext"], Awaitable[bool]]
ConfirmRun = Callable[["RunRequest"], Awaitable[bool]]
SandboxCheck = Callable[[Path], bool]


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question before it is known how it is answered; `draft` is its prompt for the model on this machine.

    A question not to be `answered` is only shown. With `by_models`, models make also what needs none: they
    are measured. `decision` is the router's, for ways that ask models.
    """

    question: "Question"
    folders: "QuestionFolders"
    inputs: "DecisionInputs"
    draft: "Draft"
    answered: bool = True
    by_models: bool = False
    decision: "Decision | None" = None

    @property
    def local_prose(self) -> bool:
        """As `wants_local_prose` says."""
        return wants_local_prose(self.question, self.inputs)


def wants_local_prose(question: "Question", inputs: "DecisionInputs") -> bool:
    """Say if sentences of the model on this machine are wanted, by the question or by the settings."""
    return question.prose or inputs.prose


@dataclass(frozen=True, slots=True)
class Applicability:
    """A strategy's decision to answer a question, and the reason in words.

    `found` is what its answer starts from, and `cause` that of the decision, if no model is asked. `facts`
    and `places` are shown before the answer, whoever gives it.
    """

    applies: bool
    why: str = ""
    found: object | None = None
    cause: str = BY_FACTS
    facts: "CodeFacts | None" = None
    places: PlacesFound | None = None


class AnswerStrategy(Protocol):
    """One way to answer. A module can be one."""

    @property
    def name(self) -> str:
        """A word for it."""

    @property
    def asks_models(self) -> bool:
        """Return whether a model may be asked, so that it is decided first which one may."""

    def applies(self, query: AskedQuestion) -> Applicability:
        """Say if this way answers a question. It reads the index and files, changes nothing, and blocks.

        Raises `UserError` for what the user asked this way for and it cannot read.
        """

    async def answer(self, context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
        """The answer, whose pieces go to the session's sink. Raises as those do who are asked."""


class _PluginStrategy(AnswerStrategy, Protocol):
    """A way of a plugin: its commands, and its place in the order."""

    @property
    def commands(self) -> Collection[str]:
        """The commands that it may answer; for others it is not tried."""

    @property
    def after(self) -> str:
        """The name in `ORDER` of the way that is tried before it."""


def strategies(command: str, *, models: bool) -> Iterator[AnswerStrategy]:
    """The ways that may answer a command, in the order in which they are tried: with `models` those that are
    tried once it is decided who may answer, else those before.

    The core's own are modules, loaded when they are reached.
    """
    plugin_ways = [way for way in _plugin_ways() if command in way.commands and way.asks_models == models]
    for name in ORDER:
        own = _own(name, command) if (name in ROUTED) == models else None
        if own is not None:
            yield own
        yield from (way for way in plugin_ways if way.after == name)


def _own(name: str, command: str) -> AnswerStrategy | None:
    if name == "facts" and command in ("explain", "ask"):
        from assist_server.questions import code_facts  # noqa: PLC0415  (and so below)

        return code_facts
    if name == "search" and command == "ask":
        from assist_server.questions import search  # noqa: PLC0415

        return search
    if name == "local":
        from assist_server.questions import local_answer  # noqa: PLC0415

        return local_answer
    if name == "provider":
        from assist_server.questions import provider_answer  # noqa: PLC0415

        return provider_answer
    return None


def _plugin_ways() -> Iterator[_PluginStrategy]:
    """The ways of plugins, by the entry points `assist.strategies`, where their packages are installed."""
    yield from plugins("assist.strategies")


def _lacks_runner() -> bool:
    """Return whether the plugin that runs code is not installed."""
    return RUNNER not in (way.name for way in _plugin_ways())


def check_runner(question: "Question") -> None:
    """Raise `UserError` if the user asked for a run, and nothing here runs code."""
    if (question.run or question.test_command or question.expect) and _lacks_runner():
        raise lacks("What runs code", "assist_runner")


async def refuse(_: object) -> bool:
    """The answer of those who cannot be asked: no."""
    return False


@dataclass(frozen=True, slots=True)
class AnswerSession:
    """The session of a question: the receiver, the permissions to ask the user, and the local model.

    `local` opens that model at the first question. `confirm` asks the user whether the request may be
    sent, and `confirm_run` whether code of the workspace may be run. With `records`, what becomes of the
    request is remembered. `versions` gives the versions of documents in an editor. `sandbox` says whether one
    confines what runs, if the runner is not to look. Without `repairs` a provider is not asked again for an
    edit that cannot be made.
    """

    local: LocalLoader
    confirm: Confirm = refuse
    sink: AnswerSink = SILENT
    records: bool = True
    versions: DocumentVersions = lambda _: None
    confirm_run: ConfirmRun = refuse
    sandbox: SandboxCheck | None = None
    repairs: bool = True

    async def answer(self, context: "AnswerContext") -> FinalAnswer:
        """The answer, after what is certain. Raises `RefusedError` if nothing may answer."""
        way = context.strategy
        if context.places is not None:
            self.sink.facts(replace(context.places, facts=context.facts))
        elif context.facts is not None:
            self.sink.facts(FactsFound(context.facts))
        if context.question.command == "test" and _has_no_runner(context):
            return await self.answer_untested(context, "the package assist_runner is not installed")
        if way is None or way.name in MODELS:
            return await self.ask_models(context)
        return await way.answer(context, self)

    def may_guess(self, context: "AnswerContext") -> bool:
        """Return whether a model may write values that no run says: of a small one most checks are wrong.

        Of 130 checks that the 1.5B wrote for eleven functions 40 % were right, whatever its margins were.
        """
        target = context.decision.target
        return target == "frontier" or (target == "local" and context.inputs.local.large)

    async def answer_untested(self, context: "AnswerContext", reason: str) -> FinalAnswer:
        """New tests that nothing ran: a model's guesses, or the reason why there are none."""
        if not self.may_guess(context):
            from assist_escalation.edits.plan import EditError  # noqa: PLC0415

            decision = replace(
                context.decision, cause=BY_RUNNING, why="a small one guesses values", asks=False
            )
            final = end_without_model(replace(context, decision=decision), "")
            return replace(final, problem=EditError(NO_TEST.format(reason)))
        self.sink.notice(NOT_RUN.format(reason))
        return await self.ask_models(context)

    async def ask_models(self, context: "AnswerContext", *, is_held: bool = False) -> FinalAnswer:
        """The answer of whom the decision names; of the local model, if a provider fails or is refused.

        With `is_held` no provider is asked after a doubtful local answer: the answer says that one would be.
        """
        from assist_server.questions import provider_answer  # noqa: PLC0415
        from assist_server.questions.decision import describe_refusal  # noqa: PLC0415

        decision = context.decision
        await self._record(context, "routed")
        if cause := decision.cause if decision.target == "refused" else context.rules.barred[0]:
            await self.record_refusal(context, cause)
        if decision.target == "refused":
            raise describe_refusal(decision)
        why = ""
        if decision.target == "frontier":
            if not decision.asks or await self.confirm(context):
                try:
                    return await provider_answer.answer(context, self)
                except EscalationError as error:
                    if not _goes_on(context):
                        raise
                    why = str(error)
            elif _goes_on(context):
                why = UNSENT
            else:
                raise RefusedError("declined", "Nothing was sent, because you did not agree to it.")
        return await self._end_unasked(context, why, is_held=is_held)

    async def _end_unasked(self, context: "AnswerContext", why: str, *, is_held: bool) -> FinalAnswer:
        """The local answer, or facts where they are all; `why` no provider answered, "" if none was to."""
        decision = context.decision
        if not why:
            return await self._local_first(context, is_held=is_held)
        if reason := _facts_alone(context):
            from assist_server.questions.code_facts import FACTS_ANSWER  # noqa: PLC0415
            from assist_server.questions.decision import answered_by_facts  # noqa: PLC0415

            self.sink.notice(f"{why} {NO_WORDS[context.question.command]}")
            facts = replace(context, decision=answered_by_facts(decision, reason, "no provider did"))
            return end_without_model(facts, "", FACTS_ANSWER)
        self.sink.notice(f"{why} The local model answers instead.")
        fallen = replace(decision, target="local", cause="fell_back", why="no provider did", asks=False)
        return await self._local_first(replace(context, decision=fallen), is_held=is_held)

    async def _local_first(self, context: "AnswerContext", *, is_held: bool) -> FinalAnswer:
        """The local answer; if it is doubtful, then a provider's, where the rules and the user allow it."""
        from assist_server.questions import local_answer  # noqa: PLC0415

        final = await local_answer.answer(context, self)
        if final.doubtful is not None and not is_held:
            second = await self.ask_again(context, final.doubtful)
            if second is not None:
                return second
        await self.record_end(context, final, model_name(final.model))
        return final

    async def ask_again(self, context: "AnswerContext", decision: "Decision") -> FinalAnswer | None:
        """A provider's answer after a doubtful local one, if the user agrees; else the local one is kept."""
        from assist_server.questions import provider_answer  # noqa: PLC0415

        self.sink.notice(f"The local answer is doubtful: {decision.why}.")
        second = replace(context, decision=decision)
        if decision.asks and not await self.confirm(second):
            self.sink.notice(KEPT)
            return None
        try:
            final = await provider_answer.answer(second, self)
        except EscalationError as error:
            self.sink.notice(f"{error} The local answer is kept.")
            return None
        await self._record(second, "escalated_after")
        return final

    async def record_end(self, context: "AnswerContext", final: FinalAnswer, model: str) -> None:
        """Remember what an answer is: a text, an edit that can be made, or a refused one."""
        happening: Happening = "unusable" if final.problem else "offered" if final.plan else "answered"
        await self._record(context, happening, model)

    async def _record(self, context: "AnswerContext", happening: "Happening", model: str = "") -> None:
        if self.records:
            await asyncio.to_thread(record_happening, context, context.decision, happening, model)

    async def record_refusal(self, context: "AnswerContext", cause: str) -> None:
        """Write to the audit log that the gate refused this question, whoever answers it."""
        await asyncio.to_thread(_record_refusal, context, cause)


def _has_no_runner(context: "AnswerContext") -> bool:
    """Return whether new tests are not recorded since nothing here runs code."""
    if context.decision.target == "refused":
        return _lacks_runner()
    return context.strategy is None or context.strategy.name != RUNNER


def _goes_on(context: "AnswerContext") -> bool:
    """Return whether there is an answer without a provider: the local model's, or facts."""
    if context.question.wish == "frontier":
        return False
    if context.question.command == "test" and not context.inputs.local.large:
        return False
    return bool(_facts_alone(context)) or context.inputs.local.available


def _facts_alone(context: "AnswerContext") -> str:
    """Return why the model on this machine adds nothing to the facts, "" if it does."""
    from assist_server.questions.code_facts import facts_alone  # noqa: PLC0415

    return facts_alone(context.question, context.inputs, context.facts)


def record_happening(
    context: "AnswerContext", decision: "Decision", happening: "Happening", model: str = "", proof: str = ""
) -> None:
    """Remember what became of a request, in numbers. `model` is the name of who answered.

    The repository goes by its top, as in counts of ghost text, whichever of its folders was open. An edit
    that no model made says nothing about models.
    """
    from assist_escalation.routing import feedback  # noqa: PLC0415  (facts are there without it)
    from assist_server.record_files import gate_files  # noqa: PLC0415

    if decision.cause in (BY_CONSTRUCTION, BY_RUNNING, BY_TESTS):
        return
    target = context.question.target
    root = context.root
    feedback.record(
        gate_files(context.inputs.config).feedback,
        feedback.Event(
            time.time(),
            make_key(find_top(root) or root) if root else "",
            context.question.command,
            context.id,
            decision.target,
            decision.p_local,
            decision.threshold,
            dict(decision.features),
            happening,
            model,
            target.document.language.name if target else "",
            proof,
        ),
    )


def _record_refusal(context: "AnswerContext", cause: str) -> None:
    """Write to the audit log that the gate refused this question, whoever answers it."""
    from assist_escalation.egress.exchange import RefusedRequest, record_refusal  # noqa: PLC0415
    from assist_server.questions.composition import open_log  # noqa: PLC0415

    question = context.question
    inputs = context.inputs
    gate = context.leaving.gate
    try:
        log = gate.log if gate else open_log(inputs.config, inputs.permissions)
    except EscalationError:  # without the audit log's key there is no log; the refusal stays as it is
        return
    record_refusal(log, RefusedRequest(context.id, inputs.scope, question.command, question.provider), cause)
