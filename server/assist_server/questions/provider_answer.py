"""A provider's answer: what the gate sends and gives back, as events; and its request once more.

An edit that tests refuse goes back with what they say. One that cannot be made is asked for in the plainest
form, in which small models answer best: the code in question in full, in one block. Such a request goes
through the gate like the first one: policy, redaction, budget, audit. Where the user was asked about the
first one, this one is asked about too.

Whether a provider is asked is decided before. This module has no socket; the gate has.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

from assist_context.documents import CHARS_PER_TOKEN
from assist_escalation.edits.plan import EditError, EditTarget
from assist_escalation.egress.questions import Outcome, send
from assist_escalation.errors import EscalationError
from assist_escalation.gate.prepare import prepare
from assist_escalation.prompts import Origin, Span
from assist_escalation.routing.router import Decision
from assist_server.questions.composition import random_token
from assist_server.questions.decision import DecidedQuestion, refusal_of
from assist_server.questions.draft import Draft
from assist_server.questions.events import (
    AnswerCost,
    AnswerEvent,
    AnswerPiece,
    AnswerStart,
    DocumentVersions,
    FinalAnswer,
    Notice,
    PlannedEdit,
    WritingPace,
    grown_thread,
    hidden_notices,
    planned_edit,
    reading,
    shown_sources,
)
from assist_server.questions.instructions import closing, instructions
from assist_server.threads.thread import Thread, derived_origins
from assist_server.threads.thread_prompts import opening_words

MOST_SAID = 900  # characters of what tests say, that a model is told
WHY = "the project's tests refuse its first edit"
UNUSABLE = "its first edit cannot be made"
REQUEST = (
    "That edit was made on a copy, and the project's checks refuse it. What they say is above. Make the edit "
    "again, from the code as it was shown first, so that they pass."
)


async def answer_by_provider(
    decided: DecidedQuestion, versions: DocumentVersions
) -> AsyncGenerator[AnswerEvent, None]:
    """The events of a provider's answer."""
    decision = decided.decision
    leaving = decided.leaving
    prepared, gate, draft = leaving.prepared, leaving.gate, leaving.draft
    if prepared is None or gate is None or draft is None:
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
    async with aclosing(send(prepared, gate, reason)) as stream:
        async for piece in stream:
            if isinstance(piece, Outcome):
                outcome = piece
                continue
            first = first or 1e3 * (time.monotonic() - start)
            yield AnswerPiece(piece)
            written += len(piece)
            for progress in pace.after(int(written / CHARS_PER_TOKEN)) if draft.form.kind else ():
                yield progress
    if outcome is None:
        raise EscalationError(f"{prepared.provider} ended without an answer: ask again.")
    hidden = () if draft.form.kind else hidden_notices(outcome.hidden)
    for notice in (outcome.warning, *hidden):
        if notice:
            yield Notice(notice)
    secrets = tuple(prepared.redacted.placeholders.values())
    planned = await asyncio.to_thread(planned_edit, draft, outcome.exact, decided, versions, secrets)
    if draft.form.kind and outcome.altered:
        planned = PlannedEdit(problem=EditError("the answer altered the placeholder of a secret: ask again"))
    yield _final(decided, draft, outcome, planned, first)


def _final(
    decided: DecidedQuestion, draft: Draft, outcome: Outcome, planned: PlannedEdit, first: float
) -> FinalAnswer:
    """The end of a provider's answer; `first` is when its first piece came, in milliseconds."""
    prepared = decided.prepared
    asked = f"{prepared.provider} {outcome.model or prepared.endpoint.model}" if prepared else ""
    usage = outcome.usage
    read = usage.input + usage.cache_read + usage.cache_write
    return FinalAnswer(
        outcome.text,
        asked,
        decided.decision,
        AnswerCost(outcome.finish, read, usage.output, outcome.cost_micro, outcome.ms, first),
        planned.edit,
        planned.problem,
        shown_sources(draft.prompt.spans, draft, decided.root),
        _thread(decided, draft, outcome.text),
    )


def _thread(decided: DecidedQuestion, draft: Draft, text: str) -> Thread:
    """The conversation with a provider's answer; our own words in it are those for the local model."""
    thread = decided.question.thread
    shown = draft.turn_prompt.spans
    spans = (*opening_words(decided.local.turn_prompt.spans), *shown[len(opening_words(shown)) :])
    return grown_thread(decided, spans, text, thread.dropped if thread else 0)


def unusable_words(first: FinalAnswer) -> str:
    """What the provider learns about an edit that cannot be made: our own words, with paths and lines."""
    return f"No edit could be made of an earlier answer: {str(first.problem).rstrip('.')}."[:MOST_SAID]


def repair_request(decided: DecidedQuestion, first: FinalAnswer, said: str) -> DecidedQuestion | None:
    """The question with the request as it would be sent; None if there was none.

    Raises `RefusedError` if policy, budget or length are against it.
    """
    prepared = decided.prepared
    if prepared is None or decided.leaving.gate is None:
        return None
    if first.plan is None:
        return _plain_request(decided, first, said)
    shown = prepared.request.prompt.spans
    answered = Span(first.text, Origin("answer", derived=derived_origins(shown)))
    spans = (*shown, answered, _reason_span(decided, said), Span(REQUEST, Origin("assist")))
    return _with_request(decided, first, spans, WHY)


def _plain_request(decided: DecidedQuestion, first: FinalAnswer, said: str) -> DecidedQuestion | None:
    """The question as a small model is asked it: with more than the code in question, it takes other code.

    The first answer is left out, since it would be repeated.
    """
    draft, whole, form = decided.leaving.draft, decided.local.whole, decided.local.form
    prepared = decided.prepared
    if draft is None or prepared is None or whole is None or form.kind != "whole":
        return None
    command = decided.question.command
    first_span, *shown = prepared.request.prompt.spans
    opening = Span(instructions(command, form, small=True), first_span.origin)
    asked = _reason_span(decided, f"{said} It is about lines {whole.first} to {whole.last} of {whole.path}.")
    about = [span for span in shown[:-1] if span.origin.source != "file" or _is_about(span, whole)]
    spans = (opening, *about, asked, *shown[-1:], Span(closing(command, form), Origin("assist")))
    plain = replace(decided, leaving=replace(decided.leaving, draft=replace(draft, form=form, whole=whole)))
    return _with_request(plain, first, spans, UNUSABLE)


def _is_about(span: Span, whole: EditTarget) -> bool:
    origin = span.origin
    return origin.path == whole.path and origin.first <= whole.last and whole.first <= origin.last


def _reason_span(decided: DecidedQuestion, said: str) -> Span:
    target = decided.question.target
    return Span(said, Origin("editor", target.lines.path if target else "", decided.root))


def _with_request(
    decided: DecidedQuestion, first: FinalAnswer, spans: tuple[Span, ...], why: str
) -> DecidedQuestion | None:
    prepared = decided.prepared
    gate = decided.leaving.gate
    if prepared is None or gate is None:
        return None
    name = random_token()
    request = replace(prepared.request, id=name, prompt=replace(prepared.request.prompt, spans=spans))
    again = prepare(request, gate)
    decision: Decision = replace(first.decision, why=why, asks=decided.decision.asks or first.decision.again)
    return replace(decided, id=name, leaving=replace(decided.leaving, prepared=again), decision=decision)
