"""The road of a question, from its words to the events of its answer, for everyone who asks.

The terminal, editors, the evaluation and the benchmarks take the same four steps:

1. They find the folders that the question is about (`QuestionFolders`), and what it is about in them
   (`targets`). Here they differ: the terminal has names in its arguments and brings the index up to date, an
   editor has open documents, an evaluation has tasks. A question about a diff brings its material along
   (`with_diff`).
2. `composition.decision_inputs` reads settings, rules and the history of requests.
3. `decision.decide` drafts the prompt, decides what of it may leave, and who answers. `--dry-run` ends here.
4. `answer` yields events until the `FinalAnswer`. The local model answers (`local_answer`), or a provider
   (`provider_answer`), or both in turn: if a provider fails, or the user refuses to send, the local model
   answers, and a notice says so; if a local answer is doubtful, a provider may be asked after it.

What is done with an edit in the answer is again the business of who asked. This module draws nothing and
knows no protocol; it asks the user through `AnswerOptions.confirm`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from assist_completion.errors import CompletionError
from assist_completion.settings import model_name
from assist_context.evidence.quotes import quote_of
from assist_context.evidence.search_results import search_words
from assist_context.files.git_repository import Git
from assist_context.files.repository_top import top_of
from assist_escalation.edits.plan import EditError
from assist_escalation.egress.exchange import RefusedRequest, record_refusal
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.prompts import Origin, Span
from assist_escalation.routing import feedback
from assist_escalation.routing.router import Decision, after
from assist_server.questions.code_facts import FACTS_ANSWER
from assist_server.questions.composition import DecisionInputs, log_of
from assist_server.questions.decision import (
    BY_CONSTRUCTION,
    BY_FACTS,
    BY_RUNNING,
    BY_TESTS,
    DecidedQuestion,
    refusal_of,
    without_remarks,
)
from assist_server.questions.denied_copies import without_copies
from assist_server.questions.draft import Question
from assist_server.questions.events import (
    AnswerCost,
    AnswerEvent,
    DocumentVersions,
    FactsFound,
    FinalAnswer,
    Notice,
    PlacesFound,
    grown_thread,
    shown_sources,
    with_cost_of,
)
from assist_server.questions.instructions import EDITS
from assist_server.questions.local_answer import LocalEnd, LocalLoader, answer_locally
from assist_server.questions.provider_answer import answer_by_provider, repair_request, unusable_words
from assist_server.questions.runner_port import (
    NOT_RUN,
    AnswerWays,
    ConfirmRun,
    SandboxCheck,
    code_runner,
    refuse,
)
from assist_server.questions.secret_file_texts import join_texts, old_secret_texts
from assist_server.record_files import gate_files
from assist_server.workspace.commit_style import style_words
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import (
    FRONTIER_TOKENS,
    FolderDiff,
    diff_against,
    last_messages,
    pieces_for,
    staged_diff,
)
from assist_server.workspace.folders import key_of

if TYPE_CHECKING:
    from assist_server.questions.wished.made_edit import MadeEdit

PLACES = 3  # that are named before an answer
DIFFS = ("commit", "review")  # the commands that are about a diff
# A diff gets a fourth of a provider's context: short lines of digits have a token for each character.
DENSE = 4
MOST_FACTS = 12  # of a diff, that a model is shown
UNSENT = "Nothing was sent."
KEPT = (
    "Nothing was sent, and the local answer is kept. --frontier asks a provider; allow_unasked_retry = true "
    "under [escalation] in config.toml lets a doubtful answer be asked again without a question to you."
)

Confirm = Callable[[DecidedQuestion], Awaitable[bool]]
CODE_MARKS = ("```", "<<<<<<<")  # of code in an answer: in a block, or as an edit of pieces


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """What differs between those who ask.

    `local` opens the local model at the first question. `confirm` asks the user whether the request may be
    sent, and `confirm_run` whether code of the workspace may be run. With `records`, what becomes of the
    request is remembered. `versions` gives the versions of documents in an editor. `sandbox` says whether one
    confines what runs, if the runner is not to look. Without `repairs` a provider is not asked again for an
    edit that cannot be made.
    """

    local: LocalLoader
    confirm: Confirm
    records: bool = True
    versions: DocumentVersions = lambda _: None
    confirm_run: ConfirmRun = refuse
    sandbox: SandboxCheck | None = None
    repairs: bool = True


@dataclass(frozen=True, slots=True)
class DiffQuestion:
    """A question with the pieces of a diff, and what is left out of them: a path and the reason.

    `inputs` know the secrets that files held before the diff, too.
    """

    question: Question
    inputs: DecisionInputs
    left_out: tuple[tuple[str, str], ...]


def read_diff(git: Git, root: str, command: str, revision: str) -> FolderDiff:
    """What a command is about: what is staged, or what changed since a revision. Raises `UserError`."""
    return staged_diff(git, root) if command == "commit" else diff_against(git, root, revision)


def with_diff(question: Question, compared: ComparedDiff, git: Git, inputs: DecisionInputs) -> DiffQuestion:
    """A question about a diff, as much of it as the model that may answer reads.

    A commit message is written on this machine unless the user asks for a provider. It gets the style of the
    last messages, and on this machine the facts of the diff. Raises `UserError` if git does not answer.
    """
    diff = compared.diff
    if question.command == "commit":
        style = Span(style_words(last_messages(git, diff.root)), Origin("assist"))
        wish = "local" if question.wish == "auto" else question.wish
        facts = _fact_spans(compared) if wish == "local" else ()
        question = replace(question, wish=wish, problems=(style, *facts))
    permissions = inputs.permissions
    diff = without_copies(git, compared.diff, permissions.deny)
    local = question.command == "commit" and (question.wish == "local" or permissions.mode == "never")
    providers = permissions.providers
    provider = providers.get(question.provider) or next(iter(providers.values()), None)
    most = provider.context_tokens // DENSE if provider is not None else FRONTIER_TOKENS
    pieces = pieces_for(question.command, diff, local=local, most=most)
    secrets = join_texts(inputs.more_secrets, old_secret_texts(git, diff, permissions.deny))
    return DiffQuestion(
        replace(question, material=pieces.spans), replace(inputs, more_secrets=secrets), pieces.left_out
    )


def _fact_spans(compared: ComparedDiff) -> Iterator[Span]:
    """What is certain about the changed files, for a model on this machine."""
    about = [fact for fact in compared.facts.found if fact.kind not in ("caller", "untested", "undefined")]
    texts: dict[str, list[str]] = {}
    for fact in about[:MOST_FACTS]:
        texts.setdefault(fact.path, []).append(f"new {fact.text}" if fact.kind == "added" else fact.text)
    for path, lines in texts.items():
        yield Span("\n".join(lines), Origin("editor", path, compared.diff.root))


async def answer(decided: DecidedQuestion, options: AnswerOptions) -> AsyncGenerator[AnswerEvent, None]:
    """What is certain, then the answer. Raises `RefusedError` if nothing may answer, or as answerers do."""
    if decided.facts is not None:
        yield FactsFound(decided.facts)
    elif decided.question.command == "ask" and (found := places_found(decided)):
        yield found
    if decided.made is not None:
        yield Notice(f"Understood as: {decided.made.edit.reading}.")
        yield _made_as_answer(decided, decided.made, options)
        return
    if decided.decision.cause == BY_FACTS:
        if cause := decided.rules.barred[0]:
            await asyncio.to_thread(_record_refusal, decided, cause)
        yield _facts_as_answer(decided)
        return
    runner = code_runner() if decided.running is not None else None
    if runner is not None and decided.decision.target != "refused":
        stream = runner.answer(decided, _answer_ways(options))
    else:
        if decided.question.command == "test" and runner is None:
            yield Notice(NOT_RUN.format("the package assist_runner is not installed"))
        stream = _by_decision(decided, options)
    async with aclosing(stream):
        async for event in stream:
            yield event


def _answer_ways(options: AnswerOptions) -> AnswerWays:
    return AnswerWays(
        options.confirm_run,
        options.sandbox,
        options.versions,
        options.local,
        partial(_by_decision, options=options),
        partial(_by_decision, options=options, held=True),
        partial(_repair, options=options),
        partial(_ask_again, options=options),
    )


async def _repair(
    decided: DecidedQuestion, first: FinalAnswer, said: str, options: AnswerOptions
) -> AsyncGenerator[AnswerEvent, None]:
    """A provider's second answer, with what was wrong with its first one, if the user agrees to send it."""
    try:
        again = await asyncio.to_thread(repair_request, decided, first, said)
        if again is None or (again.decision.asks and not await options.confirm(again)):
            if first.plan is not None:
                yield Notice("The tests refuse this edit, and nothing more was sent.")
            return
        async with aclosing(_by_provider(again, options)) as stream:
            async for event in stream:
                yield event
    except EscalationError as error:
        yield Notice(f"{error} The first edit is kept.")


def places_found(decided: DecidedQuestion) -> PlacesFound | None:
    """Where the answer probably is, and what the best place says; None if nothing was found."""
    local = decided.local
    places = shown_sources(local.evidence.spans, local, decided.root)[:PLACES]
    if not places:
        return None
    best = local.evidence.spans[0]
    if best.origin.outline or (best.origin.path, best.origin.root) != (places[0].path, places[0].root):
        return PlacesFound(places, decided.root)
    own = best.text.removeprefix(f"{local.evidence.names.get(best.origin, '')}\n\n")  # no headings above it
    said = quote_of(best.origin.path, own, search_words(decided.question.words))
    return PlacesFound(places, decided.root, said)


def _facts_as_answer(decided: DecidedQuestion) -> FinalAnswer:
    """The end of a question that no model is asked. A conversation goes on with the code that it is about."""
    thread = decided.question.thread
    spans = decided.local.turn_prompt.spans
    grown = grown_thread(decided, spans, FACTS_ANSWER, thread.dropped if thread else 0)
    cost = AnswerCost("stop", 0, 0, 0, 0, 0)
    return FinalAnswer("", "", decided.decision, cost, thread=grown)


def _made_as_answer(decided: DecidedQuestion, made: "MadeEdit", options: AnswerOptions) -> FinalAnswer:
    """The end of a wish that no model is asked for: the edit, or why it is refused."""
    plan, problem = None, None
    try:
        plan = made.plan(options.versions)
    except EditError as error:
        problem = error
    cost = AnswerCost("stop", 0, 0, 0, 0, 0)
    reading = f"{made.edit.reading[0].upper()}{made.edit.reading[1:]}."
    thread = decided.question.thread
    spans = decided.local.turn_prompt.spans
    grown = grown_thread(decided, spans, reading, thread.dropped if thread else 0)
    return FinalAnswer(reading, "", decided.decision, cost, plan, problem, thread=grown)


async def _by_decision(
    decided: DecidedQuestion, options: AnswerOptions, *, held: bool = False
) -> AsyncGenerator[AnswerEvent, None]:
    """The answer of whom the decision names; of the local model, if a provider fails or is refused.

    With `held` no provider is asked after a doubtful local answer: the answer says that one would be.
    """
    decision = decided.decision
    await _record(decided, options, "routed")
    if cause := decision.cause if decision.target == "refused" else decided.rules.barred[0]:
        await asyncio.to_thread(_record_refusal, decided, cause)
    if decision.target == "refused":
        raise refusal_of(decision)
    why = ""
    if decision.target == "frontier":
        if not decision.asks or await options.confirm(decided):
            try:
                async with aclosing(_by_provider_in_form(decided, options)) as stream:
                    async for event in stream:
                        yield event
                return
            except EscalationError as error:
                if not _goes_on(decided):
                    raise
                why = str(error)
        elif _goes_on(decided):
            why = UNSENT
        else:
            raise RefusedError("declined", "Nothing was sent, since that was not agreed to.")
    async with aclosing(_without_provider(decided, why, options, held=held)) as stream:
        async for event in stream:
            yield event


async def _without_provider(
    decided: DecidedQuestion, why: str, options: AnswerOptions, *, held: bool
) -> AsyncGenerator[AnswerEvent, None]:
    """The local answer, or of a review its facts; `why` no provider answered, "" if none was to."""
    decision = decided.decision
    if decided.question.command == "review":
        yield Notice(f"{why} There are no remarks.".lstrip())
        yield _facts_as_answer(replace(decided, decision=without_remarks(decision, "no provider did")))
        return
    if why:
        yield Notice(f"{why} This machine answers instead.")
        fallen = replace(decision, target="local", cause="fell_back", why="no provider did", asks=False)
        decided = replace(decided, decision=fallen)
    async with aclosing(_local_first(decided, options, held=held)) as stream:
        async for event in stream:
            yield event


def _goes_on(decided: DecidedQuestion) -> bool:
    """Whether there is an answer without a provider: the local model's, or the facts of a review."""
    if decided.question.wish == "frontier":
        return False
    return decided.question.command == "review" or decided.inputs.local.available


async def whole_answer(decided: DecidedQuestion, options: AnswerOptions) -> FinalAnswer:
    """The end of the answer, for those who show nothing of it before."""
    async with aclosing(answer(decided, options)) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer):
                return event
    raise CompletionError("The question ended without an answer: ask again.")


async def _local_first(
    decided: DecidedQuestion, options: AnswerOptions, *, held: bool
) -> AsyncGenerator[AnswerEvent, None]:
    """The local answer; if it is doubtful, then a provider's, where the rules and the user allow it."""
    end: LocalEnd | None = None
    async with aclosing(answer_locally(decided, options.local, options.versions)) as stream:
        async for event in stream:
            if isinstance(event, LocalEnd):
                end = event
            else:
                yield event
    if end is None:
        raise CompletionError("The local model ended without an answer: ask again.")
    decision = after(decided.decision, end.confidence, decided.rules, decided.inputs.history)
    asks = decision.target == "frontier" and decided.prepared is not None
    if asks and not held:
        async with aclosing(_ask_again(replace(decided, decision=decision), options)) as second:
            async for more in second:
                yield more
                if isinstance(more, FinalAnswer):
                    return
    await _record(decided, options, _happening(end.final), model_name(end.final.model))
    yield replace(end.final, doubtful=decision if asks else None)


async def _ask_again(decided: DecidedQuestion, options: AnswerOptions) -> AsyncGenerator[AnswerEvent, None]:
    """A provider's answer after a doubtful local one, if the user agrees; else the local one is kept."""
    decision = decided.decision
    yield Notice(f"The local answer is doubtful: {decision.why}.")
    if decision.asks and not await options.confirm(decided):
        yield Notice(KEPT)
        return
    try:
        async with aclosing(_by_provider_in_form(decided, options)) as stream:
            async for event in stream:
                if isinstance(event, FinalAnswer):  # a local answer that had to be kept was not replaced
                    await _record(decided, options, "escalated_after")
                yield event
    except EscalationError as error:
        yield Notice(f"{error} The local answer is kept.")


async def _by_provider_in_form(
    decided: DecidedQuestion, options: AnswerOptions
) -> AsyncGenerator[AnswerEvent, None]:
    """A provider's answer. If the code in it makes no edit, it is asked once more for the code alone.

    One without any code may be all that there is to say.
    """
    first: FinalAnswer | None = None
    async with aclosing(_by_provider(decided, options)) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer) and event.problem is not None and event.plan is None:
                first = event
            else:
                yield event
    if first is None:
        return
    best = first
    tries = any(mark in first.text for mark in CODE_MARKS)
    if decided.question.command in EDITS and options.repairs and tries:
        yield Notice(f"That answer cannot be used: {str(first.problem).rstrip('.')}.")
        async with aclosing(_repair(decided, first, unusable_words(first), options)) as stream:
            async for event in stream:
                if isinstance(event, FinalAnswer):
                    best = with_cost_of(event if event.plan is not None else first, first, event)
                else:
                    yield event
    yield best


async def _by_provider(decided: DecidedQuestion, options: AnswerOptions) -> AsyncGenerator[AnswerEvent, None]:
    """A provider's answer, of which the end is recorded."""
    async with aclosing(answer_by_provider(decided, options.versions)) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer) and decided.prepared is not None:
                await _record(decided, options, _happening(event), decided.prepared.endpoint.model)
            yield event


def _happening(final: FinalAnswer) -> feedback.Happening:
    """What an answer came to: a text, an edit that can be made, or one that our checks refused."""
    return "unusable" if final.problem else "offered" if final.plan else "answered"


async def _record(
    decided: DecidedQuestion, options: AnswerOptions, happening: feedback.Happening, model: str = ""
) -> None:
    if options.records:
        await asyncio.to_thread(record_happening, decided, decided.decision, happening, model)


def record_happening(
    decided: DecidedQuestion,
    decision: Decision,
    happening: feedback.Happening,
    model: str = "",
    proof: str = "",
) -> None:
    """Remember what became of a request, in numbers. `model` is the name of the one that answered.

    The repository goes by its top, as in counts of ghost text, whichever of its folders was open. An edit
    that no model made says nothing about models.
    """
    if decision.cause in (BY_CONSTRUCTION, BY_RUNNING, BY_TESTS):
        return
    target = decided.question.target
    root = decided.root
    feedback.record(
        gate_files(decided.inputs.config).feedback,
        feedback.Event(
            time.time(),
            key_of(top_of(root) or root) if root else "",
            decided.question.command,
            decided.id,
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


def _record_refusal(decided: DecidedQuestion, cause: str) -> None:
    """Write to the audit log that the gate refused this question, whoever answers it."""
    asked = decided.question
    inputs = decided.inputs
    gate = decided.leaving.gate
    try:
        log = gate.log if gate else log_of(inputs.config, inputs.permissions)
    except EscalationError:  # without the audit log's key there is no log; the refusal stays as it is
        return
    record_refusal(log, RefusedRequest(decided.id, inputs.scope, asked.command, asked.provider), cause)
