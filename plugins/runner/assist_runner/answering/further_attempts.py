"""More attempts of the model on this machine at an edit whose first attempt the tests refuse.

Each differs from the others on purpose: it knows what the tests say, then begins at the places that the
model doubts most in the old code, then is drawn by likelihood. Once an attempt has got something right, the
next ones begin with its code. This module runs nothing, and does not know what a test is.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_completion.inference.doubts import Doubt
from assist_context.documents import split_lines
from assist_escalation.edits.plan import EditError
from assist_escalation.edits.planner import plan_of_texts
from assist_escalation.prompts import Span
from assist_server.questions.decision import AnswerContext
from assist_server.questions.doubtful_edits import with_doubts
from assist_server.questions.draft import Draft
from assist_server.questions.events import (
    DocumentVersions,
    FinalAnswer,
    PlannedEdit,
    WritingPace,
    planned_edit,
)
from assist_server.questions.local_answer import fitting_conversation
from assist_server.questions.session import AnswerSession

if TYPE_CHECKING:  # loads llama.cpp, 0.4 s
    from assist_completion.engine.answer_stream import Answerer

DOUBTS = 4  # places that an attempt begins at
SAMPLES = 8
WARMTH = 0.7  # of drawn attempts: with 1.0 most of them no longer fit the code


@dataclass(frozen=True, slots=True)
class AttemptWay:
    """What differs in an attempt: the place that it begins at, or a seed above 0 of what is drawn."""

    doubt: Doubt | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class FurtherQuestion:
    """What an attempt starts from: the question, and an earlier answer whose code the attempt begins with."""

    context: AnswerContext
    earlier: FinalAnswer | None = None


@dataclass(frozen=True, slots=True)
class FurtherAnswer:
    """An attempt: what the model wrote, and the edit that it makes."""

    result: LocalAnswer
    planned: PlannedEdit


def attempt_ways(doubts: Sequence[Doubt], *, told: bool) -> Iterator[AttemptWay]:
    """The attempts in their order; if the tests have said something new, one that is only told that."""
    if told:
        yield AttemptWay()
    for doubt in doubts[:DOUBTS]:
        yield AttemptWay(doubt)
    for seed in range(1, SAMPLES + 1):
        yield AttemptWay(seed=seed)


async def doubts_in(context: AnswerContext, local: "Answerer[Any]") -> tuple[Doubt, ...]:
    """What the local model doubts in the code in question, the most doubtful place first."""
    draft = context.local
    if not draft.old:
        return ()
    asked = fitting_conversation(draft, context.question.thread, local).conversation
    return await local.weigh(asked, draft.old)


async def further_attempt(
    asked: FurtherQuestion,
    way: AttemptWay,
    local: "Answerer[Any]",
    session: AnswerSession,
    secrets: Sequence[str],
) -> FurtherAnswer:
    """What came of the attempt; how far it is goes to the sink."""
    base = _with_code_of(asked.context, asked.earlier) if asked.earlier is not None else None
    context = replace(asked.context, local=base) if base is not None else asked.context
    own = AttemptWay(seed=way.seed) if base is not None else way  # doubts are known of the old code only
    stream = local.answer(_conversation(context, own, local))
    pace = WritingPace(time.monotonic)
    async with aclosing(stream):
        async for _ in stream:
            for progress in pace.after(stream.written):
                session.sink.progress(progress)
    result = stream.result
    versions = session.versions
    planned = await asyncio.to_thread(planned_edit, context.local, result.text, context, versions, secrets)
    if planned.edit is not None and base is not None:
        planned = _from_files(planned, asked.context.local, versions)
    if planned.edit is not None:
        planned = replace(planned, edit=with_doubts(planned.edit, asked.context.local, own.doubt))
    return FurtherAnswer(result, planned)


def _with_code_of(context: AnswerContext, earlier: FinalAnswer) -> Draft | None:
    """The draft with the code of an earlier answer in place of the old code; None if it does not fit."""
    draft = context.local
    edit = earlier.plan
    whole = draft.whole
    if edit is None or whole is None or [change.path for change in edit.changes] != [whole.path]:
        return None
    change = edit.changes[0]
    before, after = split_lines(change.before), split_lines(change.after)
    last = whole.last + len(after) - len(before)
    kept = before[: whole.first - 1] == after[: whole.first - 1] and before[whole.last :] == after[last:]
    if not kept:
        return None
    new = "".join(after[whole.first - 1 : last])

    def renew(spans: tuple[Span, ...]) -> tuple[Span, ...]:
        return tuple(_with_new_code(span, draft.old, new) for span in spans)

    return replace(
        draft,
        prompt=replace(draft.prompt, spans=renew(draft.prompt.spans)),
        evidence=replace(
            draft.evidence,
            spans=renew(draft.evidence.spans),
            texts={**draft.evidence.texts, whole.path: change.after},
        ),
        whole=replace(whole, last=last),
        old=new,
        turn=renew(draft.turn),
    )


def _with_new_code(span: Span, old: str, new: str) -> Span:
    if span.origin.source != "file" or not old or old not in span.text:
        return span
    more = len(split_lines(new)) - len(split_lines(old))
    return replace(
        span, text=span.text.replace(old, new), origin=replace(span.origin, last=span.origin.last + more)
    )


def _from_files(planned: PlannedEdit, draft: Draft, versions: DocumentVersions) -> PlannedEdit:
    """The edit of changed files as one of the files as they are."""
    if planned.edit is None:
        return planned
    try:
        made = plan_of_texts(
            {change.path: change.after for change in planned.edit.changes}, draft.bases(versions)
        )
    except EditError as error:
        return replace(planned, edit=None, problem=error)
    return replace(planned, edit=replace(made, notes=planned.edit.notes, unsure=planned.edit.unsure))


def _conversation(context: AnswerContext, way: AttemptWay, local: "Answerer[Any]") -> Conversation:
    """The question, and where its answer begins."""
    draft = context.local
    asked = fitting_conversation(draft, context.question.thread, local).conversation
    if way.doubt is not None:
        above = draft.old[: way.doubt.start] + way.doubt.expected
        below = draft.old[way.doubt.start + len(way.doubt.written) :]
        return replace(asked, beginning=draft.beginning + above, draft=below)
    return replace(asked, temperature=WARMTH, seed=way.seed) if way.seed else asked
