"""A judge sees both orders, and an answer leaves only where everything may that it was made from."""

import doctest
from typing import Any

import pytest

from assist_escalation.prompts import Span
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.judging import pair_judge
from assist_evaluation.judging.pair_judge import AnswerPair, ShownAnswer, judge_pairs, read_reply
from assist_evaluation.tasks import EvalTask, TaskTexts

TASK = EvalTask("lines-0123456789ab", "lines", "c", "d", "a.py", "python", 3, 3)
TEXTS = TaskTexts("import b\n\nx = ", "\ny = 2\n", "b.f()")
PAIR = AnswerPair(TASK, TEXTS, ShownAnswer("one", "b.f()", ("b.py",)), ShownAnswer("other", "None", ()))


class Asker:
    """Replies from a list, and keeps what it was asked."""

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)
        self.asked: list[tuple[Span, ...]] = []

    async def open(self) -> None:
        """Nothing is needed."""

    async def close(self) -> None:
        """Nothing is held."""

    async def reply(self, _: str, material: tuple[Span, ...]) -> EvalAnswer:
        self.asked.append(material)
        text = self.replies.pop(0)
        return EvalAnswer(text=text, reason="" if text else "the provider failed", failed=not text)


async def judge(*replies: str) -> tuple[Any, Asker]:
    asker = Asker(*replies)
    return await judge_pairs(asker, [PAIR], "/shop"), asker  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("replies", "won", "agreed", "first"),
    [(("A", "B"), 1.0, 1, 1), (("B", "A"), 0.0, 1, 1), (("A", "A"), 0.5, 0, 2), (("TIE", "tie."), 0.5, 1, 0)],
)
async def test_both_orders_count(replies: tuple[str, str], won: float, agreed: int, first: int) -> None:
    found, _ = await judge(*replies)
    [comparison] = found.comparisons
    assert (comparison.one, comparison.other, comparison.won) == ("one", "other", won)
    assert (found.agreed, found.first) == (agreed, first)


@pytest.mark.parametrize("replies", [("", "B"), ("A", "It's a tie."), ("Both", "B")])
async def test_without_two_clear_replies_there_is_no_comparison(replies: tuple[str, str]) -> None:
    found, _ = await judge(*replies)
    assert (found.comparisons, found.asked) == ((), 1)


async def test_an_answer_derives_from_all_that_its_candidate_was_shown() -> None:
    _, asker = await judge("A", "B")
    straight, turned = asker.asked
    around, first, second = straight
    assert around.text == "import b\n\nx = HERE\ny = 2\n"
    assert (around.origin.source, around.origin.path) == ("file", "a.py")
    assert around.origin.first <= 1
    assert [each.path for each in first.origin.derived] == ["a.py", "b.py"]
    assert [each.path for each in second.origin.derived] == ["a.py"]
    assert {first.origin.source, second.origin.source} == {"answer"}
    assert (turned[1], turned[2]) == (second, first)


def test_only_a_single_word_is_a_clear_reply() -> None:
    assert read_reply("") is None
    assert read_reply("A or B") is None
    assert doctest.testmod(pair_judge).failed == 0
