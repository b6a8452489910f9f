"""A provider as a judge: which of two answers is better, asked in both orders, through the gate."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_escalation.prompts import Origin, Span
from assist_evaluation.candidates.answers import AnswerCandidate
from assist_evaluation.ranking.bradley_terry import Comparison
from assist_evaluation.tasks import EvalTask, TaskTexts

AROUND = 12  # lines above and below the hole that the judge sees
WORDS = (
    "Two programmers each wrote the code that is missing where the first piece says HERE. Their texts "
    "follow, A and then B. Which one would you rather keep in this file? Reply with one word: A, B or TIE."
)
_REPLY = re.compile(r"\W*(TIE|A|B)\W*")


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge said: comparisons of the pairs with two clear replies, of so many that were `asked`.

    `agreed`: in how many of these both orders agreed. `first`: how often the first text won, of two replies a
    pair; half of the replies means no bias.
    """

    comparisons: tuple[Comparison, ...]
    asked: int
    agreed: int
    first: int


@dataclass(frozen=True, slots=True)
class ShownAnswer:
    """An answer as a judge sees it: whose it is, its text for the hole, and the files it was made from."""

    label: str
    text: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """Two answers to a task."""

    task: EvalTask
    texts: TaskTexts
    one: ShownAnswer
    other: ShownAnswer


async def judge_pairs(asker: AnswerCandidate, pairs: Sequence[AnswerPair], root: str) -> Judged:
    """Ask about each pair twice, with the texts in both orders. A pair that is judged both ways is a tie."""
    found = []
    agreed = 0
    first = 0
    await asker.open()
    try:
        for pair in pairs:
            straight = await _ask(asker, pair, root, (pair.one, pair.other))
            turned = await _ask(asker, pair, root, (pair.other, pair.one))
            if straight is None or turned is None:
                continue
            first += (straight == 1.0) + (turned == 1.0)
            agreed += straight == 1 - turned
            won = (straight + 1 - turned) / 2
            found.append(Comparison(pair.task.id, pair.one.label, pair.other.label, won))
    finally:
        await asker.close()
    return Judged(tuple(found), len(pairs), agreed, first)


async def _ask(
    asker: AnswerCandidate, pair: AnswerPair, root: str, order: tuple[ShownAnswer, ShownAnswer]
) -> float | None:
    """1 if the first text is better, 0 if the second is, 0.5 for a tie, None for no clear reply.

    An answer derives from all files that its candidate was shown, so it leaves only where they all may.
    """
    task = pair.task
    above = pair.texts.before.split("\n")[-AROUND:]
    below = pair.texts.after.split("\n")[:AROUND]
    first = task.first - len(above) + 1
    here = Origin("file", task.path, root, max(1, first), task.last + len(below))
    joined = "\n".join(above) + "HERE" + "\n".join(below)
    spans = [Span(joined, here)]
    for each in order:
        shown = (task.path, *each.sources)
        derived = tuple(Origin("file", path, root) for path in dict.fromkeys(shown))
        spans.append(Span(each.text or "(nothing)", Origin("answer", derived=derived)))
    answer = await asker.reply(WORDS, tuple(spans))
    return read_reply(answer.text) if not answer.reason else None


def read_reply(text: str) -> float | None:
    """What a judge's reply means: 1 for A, 0 for B, 0.5 for a tie; None if it is more than one word.

    >>> read_reply("A"), read_reply("**b**."), read_reply("Tie"), read_reply("I would keep a text: B")
    (1.0, 0.0, 0.5, None)
    """
    found = _REPLY.fullmatch(text.strip().upper())
    return {"A": 1.0, "B": 0.0, "TIE": 0.5}[found[1]] if found else None
