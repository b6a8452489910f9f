"""From a decided question to its answer, piece by piece: by the local model, a provider, or both in turn.

If a provider fails, or the user refuses to send, the local model answers, and a notice says so. This module
draws nothing and knows no protocol; it asks the user through `confirm`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation
from assist_completion.settings import model_name
from assist_context.documents import CHARS_PER_TOKEN
from assist_context.languages import language_of
from assist_context.syntax.fragments import errors
from assist_escalation.edits.checks.sanity_checks import copied_secret
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.edits.planner import plan
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.audit_events import Outcome, RefusedRequest, record_refusal
from assist_escalation.gate.send import send
from assist_escalation.prompts import Span
from assist_escalation.redaction.redactor import Redacted, RedactionError, redact
from assist_escalation.redaction.restorer import Restorer, address_guard_of
from assist_escalation.routing import feedback
from assist_escalation.routing.features import Confidence
from assist_escalation.routing.router import Decision, after
from assist_server.questions.attempts import (
    SecondAttempt,
    doubt_of,
    plain_reason,
    second_attempt,
    sum_of,
    with_doubt,
)
from assist_server.questions.decision import DecidedQuestion, DecisionInputs, Draft, refusal_of
from assist_server.questions.doubtful_edits import with_doubts
from assist_server.questions.new_tests import whole_tests
from assist_server.questions.progress import Progress, WritingPace, reading
from assist_server.questions.sources import ShownSource, sources_of
from assist_server.questions.window_fit import fitting_conversation
from assist_server.threads.thread import Thread, ThreadTurn, add_turn, new_thread
from assist_server.threads.thread_prompts import FittedConversation, opening_words, window_notices

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer, AnswerStream
    from assist_completion.inference.conversation import LocalAnswer

HIDDEN = (
    "In lines with an address, secrets are shown as placeholders ({} here), so that no link and no image can "
    "send one."
)
UNSCANNED = "The question could not be searched for secrets, so look at an address before you open it: {}"
# Of 130 checks that the 1.5B wrote for eleven functions 40 % were right, whatever its margins were.
GUESSES = "Run these tests before you trust them: a small model gets many expected values wrong."
CUT_TESTS = "The model did not come to an end. What it wrote was cut there: {} kept."
KEPT = (
    "Nothing was sent, and the local answer is kept. --frontier asks a provider; allow_unasked_retry = true "
    "under [escalation] in config.toml lets a doubtful answer be asked again without a question to you."
)


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerStart:
    """An answer begins; an earlier one that was shown no longer counts."""

    decision: Decision
    model: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to the user about the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerCost:
    """What an answer took: tokens, micro-dollars, milliseconds. `ended` says why the model stopped.

    Of `tokens_in` the local model had to compute `evaluated`; the rest it had read before.
    """

    ended: str
    tokens_in: int
    tokens_out: int
    micro: int
    ms: float
    first_ms: float
    evaluated: int = 0


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The answer, who gave it and why, and what it took.

    `plan` is the answer as an edit; `problem` says why it is no edit, although the command needs one.
    `sources` is what the model that answered was shown, `thread` the conversation with this answer.
    """

    text: str
    model: str
    decision: Decision
    cost: AnswerCost
    plan: EditPlan | None = None
    problem: EditError | None = None
    sources: tuple[ShownSource, ...] = ()
    thread: Thread | None = None


Event = AnswerPiece | AnswerStart | Notice | Progress | FinalAnswer
Confirm = Callable[[DecidedQuestion], Awaitable[bool]]


class NoteOutcome(Protocol):
    """Records what became of a request; `model` is the name of the one that answered, if one did."""

    def __call__(
        self, decided: DecidedQuestion, decision: Decision, event: feedback.Happening, model: str = "", /
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class AnswerSources:
    """What answers: the local model, which is opened at the first question, and the gate.

    `versions` gives the versions of documents in an editor; `note` records what becomes of requests.
    """

    local: "Callable[[], Awaitable[Answerer[Any]]]"
    note: NoteOutcome
    versions: Callable[[str], int | None] = lambda _: None


async def answer(
    decided: DecidedQuestion, inputs: DecisionInputs, sources: AnswerSources, confirm: Confirm
) -> AsyncGenerator[Event, None]:
    """The answer to a question. Raises `RefusedError` if nothing may answer, else what answerers raise."""
    decision = decided.decision
    sources.note(decided, decision, "routed")
    if cause := decision.cause if decision.target == "refused" else decided.rules.barred[0]:
        await asyncio.to_thread(_record_refusal, decided, inputs, cause)
    if decision.target == "refused":
        raise refusal_of(decision)
    if decision.target == "frontier":
        refused = ""
        if decision.asks and not await confirm(decided):
            if decided.question.wish == "frontier" or not inputs.local.available:
                raise RefusedError("declined", "Nothing was sent, since that was not agreed to.")
            refused = "Nothing was sent; this machine answers."
        else:
            try:
                async with aclosing(_answer_by_provider(decided, decision, inputs, sources)) as stream:
                    async for event in stream:
                        yield event
                return
            except EscalationError as error:
                if decided.question.wish == "frontier" or not inputs.local.available:
                    raise
                refused = f"{error} This machine answers instead."
        yield Notice(refused)
        decision = replace(decision, target="local", cause="fell_back", why="no provider did", asks=False)
    async with aclosing(_answer_locally(decided, decision, inputs, sources, confirm)) as stream:
        async for event in stream:
            yield event


def _record_refusal(decided: DecidedQuestion, inputs: DecisionInputs, cause: str) -> None:
    """Write to the audit log that the gate refused this question, whoever answers it."""
    asked = decided.question
    try:
        audit = inputs.parts().log
    except EscalationError:  # without the audit log's key there is no log; the refusal stays as it is
        return
    record_refusal(audit, RefusedRequest(decided.id, inputs.scope, asked.command, asked.provider), cause)


async def _answer_locally(
    decided: DecidedQuestion,
    decision: Decision,
    inputs: DecisionInputs,
    sources: AnswerSources,
    confirm: Confirm,
) -> AsyncGenerator[Event, None]:
    """The local answer; if it is doubtful, then a provider's, where the rules and the user allow it."""
    local = await sources.local()
    start = time.monotonic()
    redacted, unscanned = await asyncio.to_thread(_redact_question, decided, inputs)
    outcome: _LocalOutcome | None = None
    async with aclosing(_attempt_locally(decided, decision, redacted, sources, local)) as attempts:
        async for event in attempts:
            if isinstance(event, _LocalOutcome):
                outcome = event
            else:
                yield event
    if outcome is None:
        raise CompletionError(f"{local.model} ended without an answer: ask again.")
    for notice in _address_notices(unscanned, 0 if decided.local.form.kind else outcome.hidden):
        yield notice
    fits = None if not decided.local.form.kind else outcome.problem is None
    confidence = _confidence(outcome.result, outcome.added, fits=fits)
    second_decision = after(decision, confidence, decided.rules, inputs.history)
    if second_decision.target == "frontier" and decided.prepared is not None:
        again = replace(decided, decision=second_decision)
        async with aclosing(_ask_again(again, inputs, sources, confirm)) as second:
            async for asked_again in second:
                yield asked_again
                if isinstance(asked_again, FinalAnswer):
                    return
    sources.note(decided, decision, _end_of(outcome.edit, outcome.problem), model_name(local.model))
    yield _local_end(decided, decision, local.model, outcome, 1e3 * (time.monotonic() - start))


def _end_of(edit: EditPlan | None, problem: EditError | None) -> feedback.Happening:
    """What an answer came to: a text, an edit that can be made, or one that our checks refused."""
    return "unusable" if problem else "offered" if edit else "answered"


@dataclass(frozen=True, slots=True)
class _LocalOutcome:
    """What came of asking the local model: the text as it was shown, and the edit that it makes.

    `added` counts parse errors, `hidden` the secrets that are not shown in lines with an address.
    """

    text: str
    result: "LocalAnswer"
    edit: EditPlan | None
    problem: EditError | None
    added: int
    hidden: int
    read: FittedConversation


async def _attempt_locally(
    decided: DecidedQuestion,
    decision: Decision,
    redacted: Redacted,
    sources: AnswerSources,
    local: "Answerer[Any]",
) -> AsyncGenerator[Event | _LocalOutcome, None]:
    """The local model's answer, a second one if no edit can be made from the first, and then the outcome."""
    draft = decided.local
    secrets = tuple(redacted.placeholders.values())
    pace = WritingPace(time.monotonic) if draft.form.kind else None
    yield AnswerStart(decision, local.model)
    found = fitting_conversation(draft, decided.question.thread, local)
    yield reading(local.count(f"{found.conversation.system}\n{found.conversation.user}"), local.prefill)
    base = SecondAttempt(draft, await doubt_of(decided, found.conversation, local), local)
    if base.doubt is not None:
        found = with_doubt(decided, base.doubt, local)
    for note in (*draft.notes, *window_notices(decided.question.thread, found, local.model)):
        yield Notice(note)
    asked: Conversation | None = found.conversation
    given: list[LocalAnswer] = []
    while asked is not None:
        if given:
            yield AnswerStart(decision, local.model)
        guard = address_guard_of(redacted)
        stream = local.answer(asked)
        shown: list[str] = []
        async with aclosing(_guard_addresses(stream, guard, local.prefill, pace)) as guarded:
            async for piece in guarded:
                shown += [piece.text] if isinstance(piece, AnswerPiece) else []
                yield piece
        given.append(stream.result)
        text, kept = _without_cut_test(draft, stream.result)
        planned = await asyncio.to_thread(_plan_edit, draft, text, decided, sources, secrets)
        edit, problem, added = planned
        edit = with_doubts(edit, draft, base.doubt) if edit else None
        asked = second_attempt(asked, given, problem, base)
        for notice in _test_notices(draft, kept) if problem is None else ():
            yield notice
        if asked is not None:
            yield Notice(f"That answer cannot be used: {plain_reason(problem)}. Asking once more.")
    yield _LocalOutcome("".join(shown), sum_of(given), edit, problem, added, guard.hidden, found)


def _test_notices(draft: Draft, kept: int) -> Iterator[Notice]:
    """What to know about tests that the local model wrote."""
    if kept:
        yield Notice(CUT_TESTS.format(f"{kept} whole test{'s are' if kept > 1 else ' is'}"))
    if draft.form.kind == "file":
        yield Notice(GUESSES)


def _without_cut_test(draft: Draft, result: "LocalAnswer") -> tuple[str, int]:
    """An answer, of tests that were cut only the whole ones; and how many these are, 0 if nothing was cut."""
    if draft.form.kind != "file" or draft.whole is None or result.ended not in ("length", "loop"):
        return result.text, 0
    text, kept = whole_tests(result.text, language_of(draft.whole.path))
    return (text, kept) if kept else (result.text, 0)


def _local_end(
    decided: DecidedQuestion, decision: Decision, model: str, outcome: _LocalOutcome, ms: float
) -> FinalAnswer:
    """The end of a local answer."""
    tokens = outcome.result.tokens
    first = outcome.result.ms.first
    cost = AnswerCost(outcome.result.ended, tokens.prompt, tokens.generated, 0, ms, first, tokens.evaluated)
    seen = _sources(outcome.read.spans, decided.local, decided.root)
    thread = _grown_thread(decided, outcome.read.spans, outcome.text, outcome.read.dropped)
    return FinalAnswer(outcome.text, model, decision, cost, outcome.edit, outcome.problem, seen, thread)


def _sources(spans: Sequence[Span], draft: Draft, root: str) -> tuple[ShownSource, ...]:
    """What a model was shown, the code in question first: in a prompt that is last."""
    order = {span: at for at, span in enumerate(draft.evidence.spans)}
    found = sorted(spans, key=lambda span: order.get(span, len(order)))
    return sources_of(found, draft.evidence.names, root)


async def _ask_again(
    decided: DecidedQuestion, inputs: DecisionInputs, sources: AnswerSources, confirm: Confirm
) -> AsyncGenerator[Event, None]:
    """A provider's answer after a doubtful local one, if the user agrees; else the local one is kept."""
    decision = decided.decision
    yield Notice(f"The local answer is doubtful: {decision.why}.")
    if decision.asks and not await confirm(decided):
        yield Notice(KEPT)
        return
    try:
        async with aclosing(_answer_by_provider(decided, decision, inputs, sources)) as stream:
            async for event in stream:
                if isinstance(event, FinalAnswer):  # a local answer that had to be kept was not replaced
                    sources.note(decided, decision, "escalated_after")
                yield event
    except EscalationError as error:
        yield Notice(f"{error} The local answer is kept.")


async def _guard_addresses(
    stream: "AnswerStream", guard: Restorer, prefill: float, pace: WritingPace | None
) -> AsyncGenerator[AnswerPiece | Progress, None]:
    """The local model's answer without the secrets of its question in lines with an address.

    `pace` tells how much is written, of an answer whose text is not shown meanwhile.
    """
    async with aclosing(stream):
        yield reading(await stream.unread(), prefill)
        async for piece in stream:
            yield AnswerPiece(guard.take(piece))
            for progress in pace.after(stream.written) if pace else ():
                yield progress
    yield AnswerPiece(guard.rest())


def _address_notices(unscanned: str, hidden: int) -> Iterator[Notice]:
    """What to know about the addresses of an answer, where secrets are hidden or could not be found."""
    if unscanned:
        yield Notice(UNSCANNED.format(unscanned))
    if hidden:
        yield Notice(HIDDEN.format(hidden))


def _redact_question(decided: DecidedQuestion, inputs: DecisionInputs) -> tuple[Redacted, str]:
    """The secrets in what the local model sees, and why it could not be searched for them, or ""."""
    spans = [span for span in decided.local.prompt.spans if span.origin.source != "assist"]
    try:
        return redact(spans, inputs.known(), inputs.permissions.patterns, nonce=inputs.draw()), ""
    except RedactionError as error:
        return Redacted(tuple(spans), (), {}), str(error)


def _confidence(result: "LocalAnswer", added: int, *, fits: bool | None) -> Confidence:
    margins = result.margins
    cut = result.ended in ("length", "loop")
    return Confidence(
        margins.mean, margins.least, margins.worst8, length_stop=cut, parse_delta=added, edit_fits=fits
    )


async def _answer_by_provider(
    decided: DecidedQuestion, decision: Decision, inputs: DecisionInputs, sources: AnswerSources
) -> AsyncGenerator[Event, None]:
    """A provider's answer."""
    prepared = decided.prepared
    draft = decided.frontier
    if prepared is None or draft is None:
        raise refusal_of(decision)
    start = time.monotonic()
    first = 0.0
    outcome = None
    reason = {"cause": decision.cause, "features": dict(decision.features)}
    yield AnswerStart(decision, f"{prepared.provider} {prepared.endpoint.model}")
    for note in draft.notes:
        yield Notice(note)
    yield reading(prepared.tokens, 0.0)
    pace = WritingPace(time.monotonic)
    written = 0
    async with aclosing(send(prepared, inputs.parts(), reason)) as stream:
        async for event in stream:
            if isinstance(event, Outcome):
                outcome = event
                continue
            first = first or 1e3 * (time.monotonic() - start)
            yield AnswerPiece(event)
            written += len(event)
            for progress in pace.after(int(written / CHARS_PER_TOKEN)) if draft.form.kind else ():
                yield progress
    if outcome is None:
        raise EscalationError(f"{prepared.provider} ended without an answer: ask again.")
    for notice in _provider_notices(outcome, draft):
        yield notice
    known = tuple(prepared.redacted.placeholders.values())
    edit, problem, _ = await asyncio.to_thread(_plan_edit, draft, outcome.exact, decided, sources, known)
    if draft.form.kind and outcome.altered:
        edit = None
        problem = EditError("the answer altered the placeholder of a secret: ask again")
    sources.note(decided, decision, _end_of(edit, problem), prepared.endpoint.model)
    usage = outcome.usage
    model = outcome.model or prepared.endpoint.model
    read = usage.input + usage.cache_read + usage.cache_write
    cost = AnswerCost(outcome.finish, read, usage.output, outcome.cost_micro, outcome.ms, first)
    seen = _sources(draft.prompt.spans, draft, decided.root)
    grown = _thread_after_provider(decided, draft, outcome.text)
    name = f"{prepared.provider} {model}"
    yield FinalAnswer(outcome.text, name, decision, cost, edit, problem, seen, grown)


def _provider_notices(outcome: Outcome, draft: Draft) -> Iterator[Notice]:
    """What to know about a provider's answer."""
    if outcome.warning:
        yield Notice(outcome.warning)
    yield from _address_notices("", 0 if draft.form.kind else outcome.hidden)


def _thread_after_provider(decided: DecidedQuestion, draft: Draft, text: str) -> Thread:
    """The conversation with a provider's answer; our own words in it are those for the local model."""
    thread = decided.question.thread
    shown = draft.turn_prompt.spans
    spans = (*opening_words(decided.local.turn_prompt.spans), *shown[len(opening_words(shown)) :])
    return _grown_thread(decided, spans, text, thread.dropped if thread else 0)


def _added_errors(edit: EditPlan | None) -> int:
    """How many parse errors an edit adds, where both texts can be parsed; below 0 if it removes some."""
    added = 0
    for change in edit.changes if edit else ():
        language = language_of(change.path)
        before, after = errors(language, change.before), errors(language, change.after)
        added += after - before if after is not None and before is not None else 0
    return added


def _plan_edit(
    draft: Draft, text: str, decided: DecidedQuestion, sources: AnswerSources, known: Sequence[str]
) -> tuple[EditPlan | None, EditError | None, int]:
    """An answer as an edit, or why it is none, and the parse errors that the edit adds.

    It is (None, None, 0) for commands that need no edit. `known` are secrets that the edit must not copy.
    """
    if not draft.form.kind:
        return None, None, 0
    try:
        shown = [span for span in draft.evidence.spans if span.origin.root == decided.root]
        edit = plan(text, draft.bases(sources.versions), draft.whole, draft.create, shown)
    except EditError as error:
        return None, error, 0
    if problem := copied_secret(edit, known):
        return None, EditError(problem), 0
    return edit, None, _added_errors(edit)


def _grown_thread(decided: DecidedQuestion, spans: tuple[Span, ...], text: str, dropped: int) -> Thread:
    """The conversation with this answer."""
    asked = decided.question
    thread = asked.thread or new_thread(decided.root)
    rules = decided.rules
    stays = asked.wish == "local" or rules.offline or rules.mode == "never"
    turn = ThreadTurn(asked.command, asked.words, spans, text, stays=stays)
    return add_turn(thread, turn, dropped)
