"""The answer of the model on this machine: what fits its window, what it doubts, and a second attempt.

An attempt is made in five steps:

1. The conversation is cut to what the model's window holds (`fitting_conversation`).
2. Of code to fix, the model says which token it doubts most, and is asked again with the line that holds it.
3. The answer streams, without the secrets of the question in lines with an address.
4. Of a command that needs an edit, the edit is planned, with the reasons to doubt it.
5. If no edit can be made, or if it changes what code does though the wish does not ask for that, the same
   conversation goes on with what was wrong, once; the edit that changes least is the answer.

This module sends nothing, and does not decide whether a provider is asked as well.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation, LocalAnswer, Turn
from assist_completion.inference.doubts import Doubt
from assist_context.code.language_rules import built_in_names
from assist_context.documents import split_lines
from assist_context.languages import language_of
from assist_escalation.edits.plan import EditError, OtherCodeError, UnchangedError
from assist_escalation.prompts import Origin, Prompt, Span, label
from assist_escalation.redaction.redactor import Redacted, RedactionError, redact
from assist_escalation.redaction.restorer import Restorer, make_address_guard
from assist_escalation.routing.features import Confidence
from assist_escalation.routing.router import after
from assist_server.questions.composition import random_token, secret_values
from assist_server.questions.events import (
    AnswerCost,
    AnswerSink,
    FinalAnswer,
    PlannedEdit,
    WritingPace,
    grown_thread,
    hidden_notices,
    planned_edit,
    reading,
    shown_sources,
)
from assist_server.questions.grounding import HeldSentences, PromptWords
from assist_server.questions.instructions import LOCAL_ANSWERS, closing, doubt_words
from assist_server.questions.session import Applicability, AskedQuestion
from assist_server.threads.thread import Thread
from assist_server.threads.thread_prompts import MARKS, FittedConversation, fit_conversation, window_notices

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer, AnswerStream
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.draft import Draft
    from assist_server.questions.session import AnswerSession

HELD = frozenset({"explain", "ask"})  # commands whose answers are sentences
NAMED = 4  # names that a notice lists
KEPT_SHARE = 0.7  # of its code, which a prompt keeps each time it does not fit the local model's window
TRIES = 6
UNCHECKED = "The model says (not checked):\n\n"
UNSCANNED = "The question could not be searched for secrets, so check each URL before you open it: {}"
GUESSES = "Run these tests before you trust them: a model gets many expected values wrong."

name = "local"
asks_models = True


@dataclass(frozen=True, slots=True)
class _Attempted:
    """The result of all attempts: the text as it was shown, and the edit that it makes.

    `hidden` counts the secrets that are not shown in lines with an address.
    """

    text: str
    result: LocalAnswer
    planned: PlannedEdit
    hidden: int
    read: FittedConversation


def applies(query: AskedQuestion) -> Applicability:
    """Return whether anything may answer at all: what goes to no provider is left to this machine."""
    decision = query.decision
    if decision is None or decision.target == "refused":
        return Applicability(False, decision.why if decision else "")
    return Applicability(True, decision.why)


async def answer(context: "AnswerContext", session: "AnswerSession") -> FinalAnswer:
    """The answer of the model on this machine. If it is `doubtful`, a provider may be asked after it."""
    local = await session.local()
    start = time.monotonic()
    redaction, raw_texts = await asyncio.to_thread(redact_question, context)
    attempt = await _attempts(context, redaction, local, session)
    is_edit = bool(context.local.form.kind)
    if raw_texts:
        session.sink.notice(UNSCANNED.format(raw_texts))
    for notice in () if is_edit else hidden_notices(attempt.hidden):
        session.sink.notice(notice)
    final = _final(context, local.model, attempt, 1e3 * (time.monotonic() - start))
    confidence = _confidence(attempt, is_edit=is_edit)
    decision = after(context.decision, confidence, context.rules, context.inputs.history)
    asks = decision.target == "frontier" and context.prepared is not None
    return replace(final, doubtful=decision if asks else None)


def redact_question(context: "AnswerContext") -> tuple[Redacted, str]:
    """The secrets in what the local model sees, and why it could not be searched for them, or ""."""
    inputs = context.inputs
    spans = [span for span in context.local.prompt.spans if span.origin.source != "assist"]
    gate = context.leaving.gate
    values = gate.known if gate else secret_values(inputs.config, inputs.permissions, inputs.more_secrets)
    try:
        return redact(spans, values, inputs.permissions.patterns, nonce=random_token()), ""
    except RedactionError as error:
        return Redacted(tuple(spans), (), {}), str(error)


def _confidence(attempt: _Attempted, *, is_edit: bool) -> Confidence:
    result, plan = attempt.result, attempt.planned
    return Confidence(
        result.margins.mean,
        result.margins.least,
        result.margins.worst8,
        length_stop=result.ended in ("length", "loop") or not attempt.text.strip(),
        parse_delta=plan.added,
        edit_fits=plan.problem is None if is_edit else None,
    )


def _final(context: "AnswerContext", model: str, attempt: _Attempted, ms: float) -> FinalAnswer:
    """The end of a local answer."""
    result, read, plan = attempt.result, attempt.read, attempt.planned
    tokens = result.tokens
    cost = AnswerCost(result.ended, tokens.prompt, tokens.generated, 0, ms, result.ms.first, tokens.evaluated)
    sources = shown_sources(read.spans, context.local, context.root)
    thread = grown_thread(context, read.spans, attempt.text, read.dropped)
    return FinalAnswer(attempt.text, model, context.decision, cost, plan.edit, plan.problem, sources, thread)


async def _attempts(
    context: "AnswerContext", redaction: Redacted, local: "Answerer[Any]", session: "AnswerSession"
) -> _Attempted:
    """The local model's answer, and a second one if the first is not an edit or a wrong one."""
    draft = context.local
    sink = session.sink
    thread = context.question.thread
    secrets = tuple(redaction.placeholders.values())
    pace = WritingPace(time.monotonic) if draft.form.kind else None
    sink.restart(context.decision, local.model)
    fit = fitting_conversation(draft, thread, local)
    conversation = fit.conversation
    sink.progress(reading(local.count(f"{conversation.system}\n{conversation.user}"), local.prefill))
    base = _AttemptBase(draft, await _find_doubt(draft, conversation, local), local)
    if base.doubt is not None:
        fit = _add_doubt(context, base.doubt, local)
    for note in (*draft.notes, *window_notices(thread, fit, local.model)):
        sink.notice(note)
    following: Conversation | None = fit.conversation
    answers: list[LocalAnswer] = []
    trials: list[tuple[PlannedEdit, str]] = []
    while following is not None:
        if answers:
            sink.restart(context.decision, local.model)
        guard = make_address_guard(redaction)
        stream = local.answer(following)
        text_shown = await _show(context, stream, guard, sink, (local.prefill, pace))
        answers.append(stream.result)
        text = stream.result.text
        plan = await asyncio.to_thread(planned_edit, draft, text, context, session.versions, secrets)
        problem = _get_problem(plan)
        following = _second_attempt(following, answers, problem, base)
        if draft.form.kind == "file" and plan.problem is None:
            sink.notice(GUESSES)
        if following is not None:
            sink.notice(f"That answer cannot be used: {_plain_reason(problem)}. Asking once more.")
        trials.append((plan, text_shown))
    plan, text = min(trials, key=lambda one: (one[0].edit is None, len(one[0].turned)))
    if plan.edit is None:
        plan, text = trials[-1]
    else:
        from assist_server.questions.doubtful_edits import add_doubts  # noqa: PLC0415

        plan = replace(plan, edit=add_doubts(plan.edit, draft, base.doubt))
    return _Attempted(text, _sum_answers(answers), plan, guard.hidden, fit)


async def _show(
    context: "AnswerContext",
    stream: "AnswerStream",
    guard: Restorer,
    sink: AnswerSink,
    pace: tuple[float, WritingPace | None],
) -> str:
    """Show the local model's answer, and return what is shown.

    The secrets of its question are left out in lines with an address; of sentences, those are shown that are
    held to what it was shown. `pace` says how fast the model reads, and tells how much is written, of an
    answer whose text is not shown meanwhile.
    """
    prefill, writing = pace
    grounding = _held_sentences(context) if context.local.prompt.command in HELD else None
    text_shown: list[str] = []

    def show(text: str) -> None:
        if grounding is not None and text and not any(text_shown) and not context.inputs.local.large:
            sink.text(UNCHECKED)
        text_shown.append(text)
        sink.text(text)

    def take(text: str) -> None:
        show(text if grounding is None else grounding.take(text))

    async with aclosing(stream):
        sink.progress(reading(await stream.unread(), prefill))
        async for piece in stream:
            take(guard.take(piece))
            for progress in writing.after(stream.written) if writing else ():
                sink.progress(progress)
    take(guard.rest())
    if grounding is not None:
        show(grounding.rest())
        for notice in _left_out_notices(grounding):
            sink.notice(notice)
    return "".join(text_shown)


def _held_sentences(context: "AnswerContext") -> HeldSentences:
    """Return what holds an answer to what the model was shown, and to the names of its language."""
    spans = [span for span in context.local.prompt.spans if span.origin.source != "assist"]
    texts = [text for span in spans for text in (span.text, label(span.origin))]
    languages = {language_of(span.origin.path).name for span in spans if span.origin.path}
    built_in = (name for language in languages for name in built_in_names(language))
    project = [context.root.rpartition("/")[2], *(text.lower() for text in texts if "\n" not in text)]
    return HeldSentences(PromptWords.of([*texts, *project], built_in), context.local.sentences)


def _left_out_notices(grounding: HeldSentences) -> Iterator[str]:
    """Yield what to know about an answer of the model that is not shown to its end."""
    if grounding.unknown:
        yield f"Dropped the rest, which names things not shown: {', '.join(grounding.unknown[:NAMED])}."


def fitting_conversation(draft: "Draft", thread: Thread | None, local: "Answerer[Any]") -> FittedConversation:
    """The question for the local model, with what fits. `CompletionError` if nothing does.

    The code in question is dropped last.
    """
    spans = draft.turn_prompt.spans
    files = [span for span in spans if span.origin.source == "file"]
    most = min(LOCAL_ANSWERS[draft.prompt.command], local.window // 2)
    for lose in (False, True):
        kept = [*(span for span in draft.evidence.spans if span in files)]
        kept += [span for span in files if span not in kept]
        for _ in range(TRIES):
            kept_set = set(kept)
            new = tuple(span for span in spans if span.origin.source != "file" or span in kept_set)
            prompt = Prompt(draft.prompt.command, new)
            if fit := fit_conversation(thread, prompt, most, local, lose=lose):
                return replace(fit, conversation=_set_form(draft, fit))
            if len(kept) <= 1:
                break
            kept = kept[: max(1, int(len(kept) * KEPT_SHARE))]
    raise CompletionError(
        f"The code in question is too long for {local.model}, which reads {local.window - most:,} tokens: "
        "ask about less of it."
    )


def _set_form(draft: "Draft", fit: FittedConversation) -> Conversation:
    """The conversation whose answer has the form of the draft."""
    ending = draft.form.fence if draft.beginning else ""
    conversation = replace(fit.conversation, sentences=draft.sentences)
    return replace(conversation, beginning=draft.beginning, ending=ending, draft=draft.old)


def _get_problem(plan: PlannedEdit) -> EditError | None:
    """Return why a planned edit is asked for once more: it cannot be made, or changes what it should not."""
    return plan.problem or (EditError("; ".join(plan.turned)) if plan.turned else None)


def _plain_reason(problem: EditError | None) -> str:
    """Return what is wrong, without the advice to a person."""
    return str(problem).rstrip(".").removesuffix(": ask again")


async def _find_doubt(draft: "Draft", conversation: Conversation, local: "Answerer[Any]") -> Doubt | None:
    """Return what the local model doubts most in code that it should fix; `conversation` holds the code."""
    if draft.prompt.command != "fix" or not draft.old:
        return None
    fit = await local.weigh(conversation, draft.old)
    return fit[0] if fit else None


def _add_doubt(context: "AnswerContext", doubt: Doubt, local: "Answerer[Any]") -> FittedConversation:
    """The question for the local model, with the line that it doubts most.

    The head of the code stays as it is if that line is further down.
    """
    draft = context.local
    target = context.question.target
    path = target.lines.path if target else ""
    lines = split_lines(draft.old)
    words = doubt_words(lines[doubt.line], doubt.written.strip(), doubt.expected.strip())
    hint = Span(words, Origin("editor", path, context.root))
    *turn, last = draft.turn_prompt.spans
    draft_with_hint = replace(draft, turn=(*turn, hint, last))
    fit = fitting_conversation(draft_with_hint, context.question.thread, local)
    head = lines[0] if doubt.line else ""
    query = replace(fit.conversation, beginning=draft.beginning + head, draft=draft.old.removeprefix(head))
    return replace(fit, conversation=query)


@dataclass(frozen=True, slots=True)
class _AttemptBase:
    """The base of a second try, apart from the first."""

    draft: "Draft"
    doubt: Doubt | None
    local: "Answerer[Any]"


def _second_attempt(
    conversation: Conversation, answers: Sequence[LocalAnswer], problem: EditError | None, base: _AttemptBase
) -> Conversation | None:
    """The same question once more, with what was wrong; None if nothing was, or where there is no room.

    The conversation goes on, so that the model reads only what is new, and does not give the same answer. If
    it changed nothing, the new answer differs at the place that the model doubts most; if it was other code,
    the new answer begins with the old code, up to its name.
    """
    last = answers[-1]
    draft, doubt, local = base.draft, base.doubt, base.local
    endless = ("cancelled", "length", "loop") if draft.form.kind == "file" else ("cancelled", "length")
    if problem is None or len(answers) > 1 or last.ended in endless:
        return None
    wish = "\n".join(span.text for span in draft.turn_prompt.spans if span.origin.source == "user")
    reason = f"That answer cannot be used: {_plain_reason(problem)}."
    words = "\n\n".join((reason, wish, closing(draft.prompt.command, draft.form)))
    read = last.tokens.prompt + last.tokens.generated + local.count(words) + 2 * MARKS
    if read + conversation.max_tokens > local.window:
        return None
    turns = (*conversation.history, Turn("user", conversation.user), Turn("assistant", last.text))
    again = replace(conversation, user=words, history=turns)
    if isinstance(problem, OtherCodeError) and (head := _head(draft)):
        return replace(again, beginning=draft.beginning + head, draft=draft.old.removeprefix(head))
    if doubt is None or not isinstance(problem, UnchangedError):
        return again
    beginning = draft.beginning + draft.old[: doubt.start] + doubt.expected
    return replace(again, beginning=beginning, draft=draft.old[doubt.start + len(doubt.written) :])


def _head(draft: "Draft") -> str:
    """The old code up to the end of its name, "" if it has none or the user's own words say the name."""
    name = re.escape(draft.whole.name) if draft.whole and draft.whole.name else ""
    text = "".join(span.text for span in draft.prompt.spans if span.origin.source == "user")
    if not name or re.search(rf"\b{name}\b", text):
        return ""
    fit = re.match(rf"(?:[ \t]*(?:[@#]|//|/?\*|--).*\n)*[^\n]*?\b{name}\b", draft.old)
    return fit[0] if fit else ""


def _sum_answers(answers: Sequence[LocalAnswer]) -> LocalAnswer:
    """The last of several answers, with what all of them took."""
    last = answers[-1]
    tokens = replace(
        last.tokens,
        evaluated=sum(answer.tokens.evaluated for answer in answers),
        generated=sum(answer.tokens.generated for answer in answers),
    )
    return replace(last, tokens=tokens, ms=replace(last.ms, first=answers[0].ms.first))
