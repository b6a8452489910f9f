"""From a decided question to its answer, piece by piece: by the local model, a provider, or both in turn.

A provider that fails, or that the person refuses, leaves the question to the local model, with a word about
it. It draws nothing and knows no protocol; what it needs of a person it asks through `confirm`.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation
from assist_context.languages import language_of
from assist_context.syntax.fragments import errors
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.edits.planner import plan
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.audit_events import Outcome
from assist_escalation.gate.send import send
from assist_escalation.prompts import Prompt, lay_out
from assist_escalation.routing import feedback
from assist_escalation.routing.features import Confidence
from assist_escalation.routing.router import Decision, after
from assist_server.questions.decision import DecidedQuestion, DecisionInputs, Draft, refuse
from assist_server.questions.instructions import ANSWERS

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer

AROUND = 32  # tokens of the chat's own marks
SHARE = 0.7  # of its code that a prompt keeps where it does not fit the local model's window
TRIES = 6


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Began:
    """An answer begins; what was shown of one before does not count any more."""

    decision: Decision
    model: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A word to the person beside the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerCost:
    """What an answer took: tokens, micro-dollars, milliseconds. `ended` is as the model says."""

    ended: str
    tokens_in: int
    tokens_out: int
    cost_micro: int
    ms: float
    first_ms: float


@dataclass(frozen=True, slots=True)
class FinalAnswer:
    """The answer, who gave it and why, and what it took.

    `plan` is the edit that it is, `problem` why it is none where it should be one.
    """

    text: str
    model: str
    decision: Decision
    spent: AnswerCost
    plan: EditPlan | None = None
    problem: EditError | None = None


Event = AnswerPiece | Began | Notice | FinalAnswer
Confirm = Callable[[DecidedQuestion], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class AnswerSources:
    """What answers: the local model, opened at the first question, and the gate.

    `versions` are of documents in an editor; `note` takes what becomes of requests.
    """

    local: "Callable[[], Awaitable[Answerer[Any]]]"
    note: Callable[[DecidedQuestion, Decision, feedback.Happening], None]
    versions: Callable[[str], int | None] = lambda _: None


async def answer(
    ready: DecidedQuestion, desk: DecisionInputs, means: AnswerSources, confirm: Confirm
) -> AsyncGenerator[Event, None]:
    """The answer to a question. Raises `RefusedError` where nobody may answer, else what answerers raise."""
    decision = ready.decision
    means.note(ready, decision, "routed")
    if decision.target == "refused":
        raise refuse(decision)
    if decision.target == "frontier":
        refused = ""
        if decision.asks and not await confirm(ready):
            if ready.question.wish == "frontier" or not desk.local.available:
                raise RefusedError("declined", "Nothing was sent, as you wished.")
            refused = "Nothing was sent; this machine answers."
        else:
            try:
                async with aclosing(_by_provider(ready, decision, desk, means)) as stream:
                    async for event in stream:
                        yield event
                return
            except EscalationError as error:
                if ready.question.wish == "frontier" or not desk.local.available:
                    raise
                refused = f"{error} This machine answers instead."
        yield Notice(refused)
        decision = replace(decision, target="local", cause="fell_back", why="no provider did", asks=False)
    async with aclosing(_here(ready, decision, desk, means, confirm)) as stream:
        async for event in stream:
            yield event


async def _here(
    ready: DecidedQuestion, decision: Decision, desk: DecisionInputs, means: AnswerSources, confirm: Confirm
) -> AsyncGenerator[Event, None]:
    """The local answer; where it turns out doubtful, a provider's behind it if rules and person let it."""
    local = await means.local()
    yield Began(decision, local.model)
    start = time.monotonic()
    stream = local.answer(_asked(ready.local, local))
    async with aclosing(stream):
        async for piece in stream:
            yield AnswerPiece(piece)
    result = stream.result
    made, problem, added = await asyncio.to_thread(_planned, ready.local, result.text, ready, means)
    margins = result.margins
    sure = Confidence(
        margins.mean,
        margins.least,
        margins.worst8,
        length_stop=result.ended in ("length", "loop"),
        parse_delta=added,
        edit_fits=None if not ready.local.form.kind else problem is None,
    )
    again = after(decision, sure, ready.rules, desk.history)
    if again.target == "frontier" and ready.prepared is not None:
        yield Notice(f"The local answer is doubtful: {again.why}.")
        if not again.asks or await confirm(ready):
            means.note(ready, again, "escalated_after")
            try:
                async with aclosing(_by_provider(ready, again, desk, means)) as second:
                    async for event in second:
                        yield event
                return
            except EscalationError as error:
                yield Notice(f"{error} The local answer stands.")
    ms = 1e3 * (time.monotonic() - start)
    tokens = result.tokens
    spent = AnswerCost(result.ended, tokens.prompt, tokens.generated, 0, ms, result.ms.first)
    yield FinalAnswer(result.text, local.model, decision, spent, made, problem)


async def _by_provider(
    ready: DecidedQuestion, decision: Decision, desk: DecisionInputs, means: AnswerSources
) -> AsyncGenerator[Event, None]:
    """A provider's answer."""
    prepared, made = ready.prepared, ready.frontier
    if prepared is None or made is None:
        raise refuse(decision)
    start = time.monotonic()
    first = 0.0
    outcome = None
    reason = {"cause": decision.cause, "features": dict(decision.features)}
    yield Began(decision, f"{prepared.provider} {prepared.endpoint.model}")
    async with aclosing(send(prepared, desk.parts(), reason)) as stream:
        async for event in stream:
            if isinstance(event, Outcome):
                outcome = event
                continue
            first = first or 1e3 * (time.monotonic() - start)
            yield AnswerPiece(event)
    if outcome is None:
        raise EscalationError(f"{prepared.provider} ended without an answer: ask again.")
    if outcome.warning:
        yield Notice(outcome.warning)
    edit, problem, _ = await asyncio.to_thread(_planned, made, outcome.text, ready, means)
    secrets = tuple(prepared.redacted.placeholders.values())
    if made.form.kind and (leak := _leak(edit, secrets, altered=outcome.altered)):
        edit = None
        problem = EditError(leak)
    usage = outcome.usage
    model = outcome.model or prepared.endpoint.model
    read = usage.input + usage.cache_read + usage.cache_write
    spent = AnswerCost(outcome.finish, read, usage.output, outcome.cost_micro, outcome.ms, first)
    yield FinalAnswer(outcome.text, f"{prepared.provider} {model}", decision, spent, edit, problem)


def _broken(edit: EditPlan | None) -> int:
    """Parse errors that an edit adds, where a parser sees both texts; below 0 where it mends some."""
    added = 0
    for change in edit.changes if edit else ():
        language = language_of(change.path)
        before, after = errors(language, change.before), errors(language, change.after)
        added += after - before if after is not None and before is not None else 0
    return added


def _planned(
    made: Draft, text: str, ready: DecidedQuestion, means: AnswerSources
) -> tuple[EditPlan | None, EditError | None, int]:
    """The edit that an answer is, or why it is none, and the parse errors that it adds; none where none was
    asked for.
    """
    if not made.form.kind:
        return None, None, 0
    try:
        shown = [span for span in made.evidence.spans if span.origin.root == ready.root]
        edit = plan(text, made.bases(means.versions), made.whole, made.create, shown)
    except EditError as error:
        return None, error, 0
    return edit, None, _broken(edit)


def _leak(edit: EditPlan | None, secrets: Sequence[str], *, altered: bool) -> str:
    """Why an edit cannot be made because of what was redacted; "" where it can."""
    if altered:
        return "the answer altered what stands for a secret: ask again"
    for change in edit.changes if edit else ():
        if any(secret in change.after and secret not in change.before for secret in secrets):
            return f"the answer would write a secret into {change.path}, which has none: do that by hand"
    return ""


def _asked(made: Draft, local: "Answerer[Any]") -> Conversation:
    """The question for the local model, with as much of its code as its window takes."""
    command, spans = made.prompt.command, made.prompt.spans
    shown = [span for span in spans if span.origin.source == "file"]
    most = min(ANSWERS[command], local.window // 2)
    for _ in range(TRIES):
        kept = set(shown)
        prompt = Prompt(
            command, tuple(span for span in spans if span.origin.source != "file" or span in kept)
        )
        messages = lay_out(prompt)
        if local.count(messages.system) + local.count(messages.user) + AROUND <= local.window - most:
            return Conversation(messages.system, messages.user, most)
        if len(shown) <= 1:
            break
        shown = shown[: max(1, int(len(shown) * SHARE))]
    raise CompletionError(
        f"The code in question is too long for {local.model}, which reads {local.window - most:,} tokens: "
        "ask about less of it."
    )
