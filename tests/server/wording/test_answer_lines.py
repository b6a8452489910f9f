"""The last lines of an answer: what it was made from, who answered, and why if that is news."""

from dataclasses import replace
from typing import Any

import pytest

from assist_escalation.prompts import Prompt
from assist_escalation.routing.router import Decision, RoutingRules
from assist_server.questions.decision import AnswerContext
from assist_server.questions.draft import Draft, Evidence, Question
from assist_server.questions.events import AnswerCost, FinalAnswer, ShownSource
from assist_server.questions.instructions import AnswerForm
from assist_server.wording.answers import answer_document, answer_view, sources_line
from assist_server.wording.requests import SHOWN

COST = AnswerCost("stop", 666, 164, 0, 32_800, 9_000)
PLAIN = "qwen2.5-coder-1.5b on this machine, 666 + 164 tokens, 32.8 s."


def decided(cause: str, why: str, *, provider: str = "", **changes: Any) -> tuple[AnswerContext, FinalAnswer]:
    decision = Decision("local", cause, why, 0.5, 0.5, {}, False, ())
    draft = Draft(Prompt("explain", ()), AnswerForm(), Evidence())
    rules = RoutingRules(provider=provider)
    inputs: Any = None  # no line needs them
    question = AnswerContext("r1", Question("explain"), "/home/me", draft, decision, rules, inputs)
    final = FinalAnswer("It adds.", "qwen2.5-coder-1.5b", decision, COST)
    return question, replace(final, **changes)


@pytest.mark.parametrize(
    ("cause", "why", "provider", "line"),
    [
        ("mode", 'mode is "never": nothing may leave this machine', "", PLAIN),
        ("asked_local", "you asked for the local model", "acme", PLAIN),
        ("not_worth", "a local answer is right with 80%", "acme", PLAIN),
        (
            "offline",
            "offline",
            "acme",
            "qwen2.5-coder-1.5b on this machine: offline. 666 + 164 tokens, 32.8 s.",
        ),
        (
            "fell_back",
            "no provider did",
            "",
            "qwen2.5-coder-1.5b on this machine: no provider did. 666 + 164 tokens, 32.8 s.",
        ),
    ],
)
def test_the_last_line_gives_a_reason_only_where_it_is_news(
    cause: str, why: str, provider: str, line: str
) -> None:
    assert answer_view(*decided(cause, why, provider=provider)).last_line == line


def test_the_last_line_says_that_an_answer_was_cut() -> None:
    question, final = decided("mode", "nothing may leave", cost=replace(COST, ended="length"))
    assert answer_view(question, final).last_line.startswith(
        "qwen2.5-coder-1.5b on this machine, cut at the length limit, 666"
    )


def test_sources_are_named_on_a_line_and_in_json() -> None:
    sources = (
        ShownSource("src/app.py", 10, 40, "total", "/home/me"),
        ShownSource("docs/ev\x1b[2Jents.md", 3, 30, "Ev\u202eents", "/home/me", outline=True),
    )
    line = sources_line(sources)
    assert line.startswith("Sources: src/app.py:10-40 total, docs/ev")
    assert line.endswith("(outline)")
    assert not {"\x1b", "\u202e"} & set(line)
    assert sources_line(()) == ""
    assert sources_line([ShownSource("a.py", n, n) for n in range(0, 60, 3)]).endswith(
        f" and {20 - SHOWN} more"
    )
    question, final = decided("mode", "nothing may leave", sources=sources)
    document = answer_document(answer_view(question, final))
    assert document["sources"][0] == {
        "place": "src/app.py:10-40", "folder": "", "path": "src/app.py", "first": 10, "last": 40,
        "name": "total", "outline": False,
    }  # fmt: skip
