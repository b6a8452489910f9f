"""A provider's request once more, with its answer and what the tests say of it.

It goes through the gate like the first one: policy, redaction, budget, audit. Where the user was asked about
the first one, this one is asked about too.
"""

from dataclasses import replace

from assist_escalation.gate.prepare import prepare
from assist_escalation.prompts import Origin, Span
from assist_escalation.routing.router import Decision
from assist_server.questions.composition import random_token
from assist_server.questions.decision import DecidedQuestion
from assist_server.questions.events import FinalAnswer
from assist_server.threads.thread import derived_origins

WHY = "the project's tests refuse its first edit"
REQUEST = (
    "That edit was made on a copy, and the project's checks refuse it. What they say is above. Make the edit "
    "again, from the code as it was shown first, so that they pass."
)


def repair_request(decided: DecidedQuestion, first: FinalAnswer, said: str) -> DecidedQuestion | None:
    """The question with the request as it would be sent; None if there was none.

    Raises `RefusedError` if policy, budget or length are against it.
    """
    prepared = decided.prepared
    gate = decided.leaving.gate
    if prepared is None or gate is None:
        return None
    shown = prepared.request.prompt.spans
    target = decided.question.target
    path = target.lines.path if target else ""
    answered = Span(first.text, Origin("answer", derived=derived_origins(shown)))
    spans = (
        *shown,
        answered,
        Span(said, Origin("editor", path, decided.root)),
        Span(REQUEST, Origin("assist")),
    )
    name = random_token()
    request = replace(prepared.request, id=name, prompt=replace(prepared.request.prompt, spans=spans))
    again = prepare(request, gate)
    decision: Decision = replace(first.decision, why=WHY, asks=decided.decision.asks or first.decision.again)
    leaving = replace(decided.leaving, prepared=again)
    return replace(decided, id=name, leaving=leaving, decision=decision)
