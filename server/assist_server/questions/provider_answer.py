"""A provider's answer: what the gate sends and gives back; and its request once more.

An edit that tests refuse goes back with what they say. If it cannot be made is asked for in the plainest
form, in which small models answer best: the code in question in full, in one block. Such a request goes
through the gate like the first one: policy, redaction, budget, audit. Where the user was asked about the
first one, this one is asked about too.

Whether a provider is asked first is decided before. This module has no socket; the gate has.
"""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from assist_context.documents import CHARS_PER_TOKEN
from assist_escalation.edits.plan import EditError
from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Origin, Span
from assist_server.questions.events import (
    AnswerCost,
    FinalAnswer,
    PlannedEdit,
    WritingPace,
    add_cost,
    grown_thread,
    hidden_notices,
    planned_edit,
    reading,
    shown_sources,
)
from assist_server.questions.instructions import EDITS, closing, instructions
from assist_server.questions.session import Applicability, AskedQuestion
from assist_server.threads.thread import Thread, derived_origins
from assist_server.threads.thread_prompts import opening_words

if TYPE_CHECKING:
    from assist_escalation.edits.plan import EditTarget
    from assist_escalation.egress.questions import Outcome
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.draft import Draft
    from assist_server.questions.session import AnswerSession

name = "provider"
asks_models = True
CODE_MARKS = ("```", "<<<<<<<")  # of code in an answer: in a block, or as an edit of pieces
MAX_SAID = 900  # characters of what tests say, that a model is told
WHY = "its first edit fails the project's tests"
UNUSABLE = "its first edit cannot be applied"
REQUEST = (
    "That edit was made on a copy, and the project's checks refuse it. What they say is above. Make the edit "
    "again, from the code as it was shown first, so that they pass."
)


def applies(span: AskedQuestion) -> Applicability:
    """Return whether the router sends it to a provider."""
    decision = span.decision
    if decision is None or decision.target != "frontier":
        return Applicability(False, decision.why if decision else "")
    return Applicability(True, decision.why)


async def answer(context: "AnswerContext", session: "AnswerSession") -> FinalAnswer:
    """A provider's answer. If the code in it makes no edit, it is asked once more for the code alone.

    One without any code may be all that there is to say.
    """
    first = await _ask_once(context, session)
    tries = any(mark in first.text for mark in CODE_MARKS)
    usable = first.problem is None or first.plan is not None
    if usable or context.question.command not in EDITS or not session.repairs or not tries:
        return first
    session.sink.notice(f"That answer cannot be used: {str(first.problem).rstrip('.')}.")
    again = await repair(context, session, first, _unusable_words(first))
    if again is None:
        return first
    return add_cost(again if again.plan is not None else first, first, again)


async def repair(
    context: "AnswerContext", session: "AnswerSession", first: FinalAnswer, reason: str
) -> FinalAnswer | None:
    """A provider's second answer, with what was wrong with its first one, if the user agrees to send it."""
    try:
        again = await asyncio.to_thread(_repair_request, context, first, reason)
        if again is None or (again.decision.asks and not await session.confirm(again)):
            if first.plan is not None:
                session.sink.notice("The tests fail with this edit; nothing more was sent.")
            return None
        return await _ask_once(again, session)
    except EscalationError as error:
        session.sink.notice(f"{error} There is no second answer.")
        return None


async def _ask_once(context: "AnswerContext", session: "AnswerSession") -> FinalAnswer:
    """One request and its answer, whose end is recorded."""
    from assist_escalation.egress.questions import Outcome, send  # noqa: PLC0415  (what sends, for who sends)
    from assist_server.questions.decision import describe_refusal  # noqa: PLC0415

    decision, sink = context.decision, session.sink
    leaving = context.leaving
    request, gate, draft = leaving.prepared, leaving.gate, leaving.draft
    if request is None or gate is None or draft is None:
        raise describe_refusal(decision)
    start = time.monotonic()
    first = 0.0
    outcome = None
    reason = {"cause": decision.cause, "features": dict(decision.features)}
    sink.restart(decision, f"{request.provider} {request.endpoint.model}")
    for note in draft.notes:
        sink.notice(note)
    sink.progress(reading(request.tokens, 0.0))
    pace = WritingPace(time.monotonic)
    count = 0
    async with aclosing(send(request, gate, reason)) as stream:
        async for piece in stream:
            if isinstance(piece, Outcome):
                outcome = piece
                continue
            first = first or 1e3 * (time.monotonic() - start)
            sink.text(piece)
            count += len(piece)
            for progress in pace.after(int(count / CHARS_PER_TOKEN)) if draft.form.kind else ():
                sink.progress(progress)
    if outcome is None:
        raise EscalationError(f"{request.provider} ended without an answer: ask again.")
    hidden = () if draft.form.kind else hidden_notices(outcome.hidden)
    for notice in (outcome.warning, *hidden):
        if notice:
            sink.notice(notice)
    secrets = tuple(request.redacted.placeholders.values())
    plan = await asyncio.to_thread(planned_edit, draft, outcome.exact, context, session.versions, secrets)
    if draft.form.kind and outcome.altered:
        plan = PlannedEdit(problem=EditError("the answer altered the placeholder of a secret: ask again"))
    final = _final(context, draft, outcome, plan, first)
    await session.record_end(context, final, request.endpoint.model)
    return final


def _final(
    context: "AnswerContext", draft: "Draft", outcome: "Outcome", plan: PlannedEdit, first: float
) -> FinalAnswer:
    """The end of a provider's answer; `first` is when its first piece came, in milliseconds."""
    request = context.prepared
    span = f"{request.provider} {outcome.model or request.endpoint.model}" if request else ""
    usage = outcome.usage
    read = usage.input + usage.cache_read + usage.cache_write
    return FinalAnswer(
        outcome.text,
        span,
        context.decision,
        AnswerCost(outcome.finish, read, usage.output, outcome.cost_micro, outcome.ms, first),
        plan.edit,
        plan.problem,
        shown_sources(draft.prompt.spans, draft, context.root),
        _thread(context, draft, outcome.text),
    )


def _thread(context: "AnswerContext", draft: "Draft", text: str) -> Thread:
    """The conversation with a provider's answer; our own words in it are those for the local model."""
    thread = context.question.thread
    visible = draft.turn_prompt.spans
    spans = (*opening_words(context.local.turn_prompt.spans), *visible[len(opening_words(visible)) :])
    return grown_thread(context, spans, text, thread.dropped if thread else 0)


def _unusable_words(first: FinalAnswer) -> str:
    """Tell the provider why an edit cannot be made: our own words, with paths and lines."""
    return f"No edit could be made from an earlier answer: {str(first.problem).rstrip('.')}."[:MAX_SAID]


def _repair_request(context: "AnswerContext", first: FinalAnswer, reason: str) -> "AnswerContext | None":
    """The question with the request as it would be sent; None if there was none.

    Raises `RefusedError` if policy, budget or length are against it.
    """
    request = context.prepared
    if request is None or context.leaving.gate is None:
        return None
    if first.plan is None:
        return _plain_request(context, first, reason)
    visible = request.request.prompt.spans
    answer_span = Span(first.text, Origin("answer", derived=derived_origins(visible)))
    spans = (*visible, answer_span, _reason_span(context, reason), Span(REQUEST, Origin("assist")))
    return _set_request(context, first, spans, WHY)


def _plain_request(context: "AnswerContext", first: FinalAnswer, reason: str) -> "AnswerContext | None":
    """The question as a small model is asked it: with more than the code in question, it takes other code.

    The first answer is left out, since it would be repeated.
    """
    draft, whole, form = context.leaving.draft, context.local.whole, context.local.form
    request = context.prepared
    if draft is None or request is None or whole is None or form.kind != "whole":
        return None
    command = context.question.command
    first_span, *visible = request.request.prompt.spans
    opening = Span(instructions(command, form, small=True), first_span.origin)
    last = _reason_span(context, f"{reason} It is about lines {whole.first} to {whole.last} of {whole.path}.")
    about = [span for span in visible[:-1] if span.origin.source != "file" or _is_about(span, whole)]
    spans = (opening, *about, last, *visible[-1:], Span(closing(command, form), Origin("assist")))
    plain = replace(context, leaving=replace(context.leaving, draft=replace(draft, form=form, whole=whole)))
    return _set_request(plain, first, spans, UNUSABLE)


def _is_about(span: Span, whole: "EditTarget") -> bool:
    origin = span.origin
    return origin.path == whole.path and origin.first <= whole.last and whole.first <= origin.last


def _reason_span(context: "AnswerContext", reason: str) -> Span:
    target = context.question.target
    return Span(reason, Origin("editor", target.lines.path if target else "", context.root))


def _set_request(
    context: "AnswerContext", first: FinalAnswer, spans: tuple[Span, ...], why: str
) -> "AnswerContext | None":
    ready = context.prepared
    gate = context.leaving.gate
    if ready is None or gate is None:
        return None
    from assist_escalation.gate.prepare import prepare  # noqa: PLC0415
    from assist_server.questions.composition import random_token  # noqa: PLC0415

    number = random_token()
    request = replace(ready.request, id=number, prompt=replace(ready.request.prompt, spans=spans))
    again = prepare(request, gate)
    decision = replace(first.decision, why=why, asks=context.decision.asks or first.decision.again)
    return replace(context, id=number, leaving=replace(context.leaving, prepared=again), decision=decision)
