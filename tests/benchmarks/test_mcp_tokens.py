"""When a question of an agent counts as answered."""

from bench.questions.agent_questions import (
    AgentQuestion,
    covers,
)
from bench.questions.tool_steps import places_in


def test_a_question_is_answered_when_all_its_lines_were_shown() -> None:
    calls = AgentQuestion(
        "tests", "Who?", ("parse_amount",), (("tests/test_shop.py", 2), ("tests/test_shop.py", 9))
    )
    shown = list(places_in("tests/test_shop.py:2 in test_it: parse_amount('1')\n :3 in test_it: x"))
    assert covers(calls, shown) == 0.5
    decided = AgentQuestion("decided", "Why?", (), (("shop.py", 4),), 6)
    assert (covers(decided, [("shop.py", 6)]), covers(decided, [("shop.py", 7)])) == (1, 0)
