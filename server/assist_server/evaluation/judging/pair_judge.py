"""A provider as a judge: which of two answers is better, asked in both orders, through the gate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_escalation.prompts import Origin, Span
from assist_server.evaluation.candidates.answers import AnswerCandidate
from assist_server.evaluation.ranking.bradley_terry import Comparison
from assist_server.evaluation.tasks import EvalTask, TaskTexts

AROUND = 12  # lines above and below the hole that the judge sees
WORDS = (
    "Two programmers each wrote the code that is missing where the first piece says HERE. Their texts "
    "follow, A and then B. Which one would you rather keep in this file? Reply with one word: A, B or TIE."
)
_REPLY = re.compile(r"\b(TIE|A|B)\b")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said: comparisons, how often both orders agreed, and how often the first text won.

    `asked` pairs; those with an unclear reply are left out of the comparisons.
    """

    comparisons: tuple[Comparison, ...]
    asked: int
    agreed: float
    first: float


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """Two answers to a task, as texts for the hole, with the labels of who gave them."""

    task: EvalTask
    texts: TaskTexts
    one: tuple[str, str]
    other: tuple[str, str]


async def judge_pairs(asker: AnswerCandidate, pairs: Sequence[AnswerPair], root: str) -> Judged:
    """Ask about each pair twice, with the texts in both orders. A pair that is judged both ways is a tie."""
    found = []
    agreed, first, replies, asked = 0, 0, 0, 0
    await asker.open()
    try:
        for pair in pairs:
            straight = await _ask(asker, pair, root, pair.one[1], pair.other[1])
            turned = await _ask(asker, pair, root, pair.other[1], pair.one[1])
            asked += 1
            if straight is None or turned is None:
                continue
            replies += 2
            first += (straight == 1.0) + (turned == 1.0)
            agreed += straight == 1 - turned
            won = (straight + 1 - turned) / 2
            found.append(Comparison(f"judge {pair.task.id}", pair.one[0], pair.other[0], won))
    finally:
        await asker.close()
    return Judged(tuple(found), asked, agreed / max(1, replies / 2), first / max(1, replies))


async def _ask(asker: AnswerCandidate, pair: AnswerPair, root: str, first: str, second: str) -> float | None:
    """1 if the first text is better, 0 if the second is, 0.5 for a tie, None for no clear reply."""
    origin = Origin("file", pair.task.path, root, pair.task.first, max(pair.task.first, pair.task.last))
    above = "".join(pair.texts.before.splitlines(keepends=True)[-AROUND:])
    below = "".join(pair.texts.after.splitlines(keepends=True)[:AROUND])
    pieces = (f"{above}HERE{below}", first or "(nothing)", second or "(nothing)")
    answer = await asker.reply(WORDS, tuple(Span(text, origin) for text in pieces))
    found = _REPLY.search(answer.text.upper()) if not answer.reason else None
    return {"A": 1.0, "B": 0.0, "TIE": 0.5}[found[1]] if found else None
