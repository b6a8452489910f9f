"""A provider's request once more, with its answer and what was wrong with it: by the tests, or in its form.

An edit that cannot be made is asked for in the plainest form, in which small models answer best: the code in
question in full, in one block. The request goes through the gate like the first one: policy, redaction,
budget, audit. Where the user was asked about the first one, this one is asked about too.
"""

from collections.abc import Sequence
from dataclasses import replace

from assist_escalation.edits.plan import EditTarget
from assist_escalation.gate.prepare import prepare
from assist_escalation.policy.verdict import judge
from assist_escalation.prompts import Origin, Prompt, Span
from assist_escalation.routing.router import Decision
from assist_server.questions.composition import random_token
from assist_server.questions.decision import DecidedQuestion
from assist_server.questions.events import FinalAnswer
from assist_server.questions.instructions import closing, instructions
from assist_server.referee.edit_proof import EditVerdict
from assist_server.threads.thread import derived_origins

MOST_SAID = 900  # characters of what tests say, that a model is told
WHY = "the project's tests refuse its first edit"
UNUSABLE = "its first edit cannot be made"
REQUEST = (
    "That edit was made on a copy, and the project's checks refuse it. What they say is above. Make the edit "
    "again, from the code as it was shown first, so that they pass."
)


def leaving_words(decided: DecidedQuestion, verdict: EditVerdict, proof: str, paths: Sequence[str]) -> str:
    """What the provider learns about the checks of its edit, on a copy with the files `paths`.

    What tests print may hold what any of these files says. If a rule keeps one of them here, only the names
    of tests leave, without their parameters, and only those in files that may leave.
    """
    tests = verdict.tests
    said = "\n".join((proof, *(tests.said if tests else ())))[:MOST_SAID]
    if _may_leave(decided, paths):
        return said
    wrong = sorted({name.split("[", 1)[0] for name in (tests.broken | tests.left if tests else ())})
    named = [name for name in wrong if "::" not in name or _may_leave(decided, [name.split("::", 1)[0]])]
    return "\n".join((f"tests that fail with it: {len(wrong)}", *named))[:MOST_SAID]


def _may_leave(decided: DecidedQuestion, paths: Sequence[str]) -> bool:
    prepared = decided.prepared
    if prepared is None:
        return False
    permissions = prepared.request.permissions
    if not permissions.deny and not any(author.globs for author in permissions.classes):
        return True  # a copy has no file that never leaves anyway
    spans = tuple(Span("", Origin("file", path, decided.root)) for path in paths)
    return judge(Prompt(prepared.request.prompt.command, spans), permissions, prepared.provider).allowed


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
