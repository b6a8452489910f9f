"""A provider's answer: what the gate sends and gives back, as events.

Whether a provider is asked is decided before. This module has no socket; the gate has.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from assist_context.documents import CHARS_PER_TOKEN
from assist_escalation.edits.plan import EditError
from assist_escalation.errors import EscalationError
from assist_escalation.gate.audit_events import Outcome
from assist_escalation.gate.send import send
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
from assist_server.threads.thread import Thread
from assist_server.threads.thread_prompts import opening_words


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
