"""More attempts of the model on this machine at an edit whose first attempt the tests refuse.

Each differs from the others on purpose: it knows what the tests say, then begins at the places that the
model doubts most in the old code, then is drawn by likelihood. This module runs
nothing, and does not know what a test is.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_completion.inference.doubts import Doubt
from assist_escalation.prompts import Origin, Span
from assist_server.questions.decision import DecidedQuestion
from assist_server.questions.doubtful_edits import with_doubts
from assist_server.questions.events import (
    AnswerProgress,
    DocumentVersions,
    PlannedEdit,
    WritingPace,
    planned_edit,
)
from assist_server.questions.local_answer import fitting_conversation

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
class FurtherAnswer:
    """An attempt: what the model wrote, and the edit that it makes."""

    result: LocalAnswer
    planned: PlannedEdit


def attempt_ways(doubts: Sequence[Doubt]) -> Iterator[AttemptWay]:
    """The attempts in their order; the first one is only told what the tests say."""
    yield AttemptWay()
    for doubt in doubts[:DOUBTS]:
        yield AttemptWay(doubt)
    for seed in range(1, SAMPLES + 1):
        yield AttemptWay(seed=seed)


async def doubts_in(decided: DecidedQuestion, local: "Answerer[Any]") -> tuple[Doubt, ...]:
    """What the local model doubts in the code in question, the most doubtful place first."""
    draft = decided.local
    if not draft.old:
        return ()
    asked = fitting_conversation(draft, decided.question.thread, local).conversation
    return await local.weigh(asked, draft.old)


async def further_attempt(
    decided: DecidedQuestion,
    hint: str,
    way: AttemptWay,
    local: "Answerer[Any]",
    versions: DocumentVersions,
    secrets: Sequence[str],
) -> AsyncGenerator[AnswerProgress | FurtherAnswer, None]:
    """How far the attempt is, and then what came of it. `hint` is what the model learns about the tests."""
    stream = local.answer(_conversation(decided, hint, way, local))
    pace = WritingPace(time.monotonic)
    async with aclosing(stream):
        async for _ in stream:
            for progress in pace.after(stream.written):
                yield progress
    result = stream.result
    draft = decided.local
    planned = await asyncio.to_thread(planned_edit, draft, result.text, decided, versions, secrets)
    if planned.edit is not None:
        planned = replace(planned, edit=with_doubts(planned.edit, draft, way.doubt))
    yield FurtherAnswer(result, planned)


def _conversation(
    decided: DecidedQuestion, hint: str, way: AttemptWay, local: "Answerer[Any]"
) -> Conversation:
    """The question with the hint before the wish, and where its answer begins."""
    draft = decided.local
    target = decided.question.target
    path = target.lines.path if target else ""
    *turn, last = draft.turn_prompt.spans
    hints = (Span(hint, Origin("editor", path, decided.root)),) if hint else ()
    asked = fitting_conversation(
        replace(draft, turn=(*turn, *hints, last)), decided.question.thread, local
    ).conversation
    if way.doubt is not None:
        above = draft.old[: way.doubt.start] + way.doubt.expected
        below = draft.old[way.doubt.start + len(way.doubt.written) :]
        return replace(asked, beginning=draft.beginning + above, draft=below)
    return replace(asked, temperature=WARMTH, seed=way.seed) if way.seed else asked
