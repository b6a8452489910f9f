"""`fix` and `refactor` with a referee: the tests judge attempts on a copy, once the user agreed, and prove."""

import asyncio
import os
import re
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from gates import allowed, parts, request
from hostile import Hostile
from hostile import answer as answering
from referee_desk import RefereeDesk, fenced
from scripted_model import ScriptedModel

from assist_escalation.gate.prepare import prepare
from assist_escalation.prompts import Origin, Span
from assist_runner.answering.model_words import leaving_words
from assist_runner.answering.referee_plan import RefereePlan
from assist_runner.referee.edit_proof import EditVerdict
from assist_runner.referee.test_verdicts import TestVerdict
from assist_server.config.run_consent import UNCONFINED, RunRequest, remember_agreed
from assist_server.questions.decision import AnswerContext, OutboundDraft
from assist_server.questions.instructions import AnswerForm
from assist_server.wording.answers import answer_document, answer_view

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
CODE = "def twice(number):\n    return number + 2\n"
RIGHT = "def twice(number):\n    return number * 2\n"
WRONG = "def twice(number):\n    return number - 2\n"
TESTS = "from sums import twice\n\n\ndef test_two():\n    assert twice(2) == 4\n\n\ndef test_five():\n    assert twice(5) == 10\n"


OLD_AGE = "def is_adult(age):\n    return age > 18\n"
AGE_TESTS = "from sums import is_adult\n\n\ndef test_old():\n    assert is_adult(90)\n\n\ndef test_limit():\n    assert is_adult(18)\n    assert not is_adult(17)\n"


class Desk(RefereeDesk):
    """The project of these tests."""

    def __init__(self, place: Path, tests: str = TESTS, *, agrees: bool = True) -> None:
        super().__init__(place, tests, agrees=agrees, code=CODE)


def copies() -> set[str]:
    """The copies of this process; other tests have theirs."""
    return set(map(str, Path(tempfile.gettempdir()).glob(f"assist-run-{os.getpid()}-*")))


async def test_a_models_edit_that_passes_is_offered_with_its_proof(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    before = copies()
    final, notices, decided = await desk.answer(RIGHT, test_command="python -m pytest tests")
    assert notices == []
    assert final.plan is not None
    assert final.plan.changes[0].after == RIGHT
    assert not final.plan.asks
    assert answer_view(decided, final).proof_line == "Proof: tests. Tests pass: 1 before, 2 now."
    assert answer_document(answer_view(decided, final))["proof"] == "tests"
    assert "assert twice(5) == 10" in desk.model.asked[-1].user
    assert (desk.root / "sums.py").read_text() == CODE
    assert not desk.mark.exists()
    assert copies() == before
    assert [request.words for request in desk.asked] == [("python", "-m", "pytest", "tests")]


async def test_a_small_change_that_the_tests_accept_needs_no_model(tmp_path: Path) -> None:
    desk = Desk(tmp_path, AGE_TESTS)
    (desk.root / "sums.py").write_text(OLD_AGE)
    before = copies()
    final, notices, decided = await desk.answer(OLD_AGE.replace("18", "21"), run=True)
    assert notices == ["Other changes that pass the same tests: sums.py:2: return age > 17"]
    assert final.plan is not None
    assert final.plan.changes[0].after == OLD_AGE.replace(">", ">=")
    assert final.plan.unsure == ("the tests do not say which of 2 changes is right",)
    assert final.text == "Line 2 of sums.py: `return age > 18` becomes `return age >= 18`."
    assert final.model == ""
    assert answer_view(decided, final).proof_line == "Proof: tests. Tests pass: 1 before, 2 now."
    document = answer_document(answer_view(decided, final))
    assert document["proof"] == "tests"
    assert list(document["suspicious"]) == [{"path": "sums.py", "line": 2, "text": "return age > 18"}]
    assert list(document["others"]) == [{"path": "sums.py", "line": 2, "text": "return age > 17"}]
    assert answer_view(decided, final).last_line.startswith("No model")
    assert (desk.root / "sums.py").read_text() == OLD_AGE
    assert copies() == before


@pytest.mark.parametrize(("first", "asked"), [(RIGHT, 0), (WRONG, 1)])
async def test_a_provider_is_asked_after_a_doubtful_answer_only_if_the_tests_refuse_it(
    tmp_path: Path, first: str, asked: int
) -> None:
    desk = Desk(tmp_path)
    local = desk.decide(run=True)
    desk.model = ScriptedModel(lambda _: [fenced(first)], ended="length")  # which is doubtful
    async with Hostile(answering(fenced(RIGHT))) as acme:
        gate = parts(tmp_path)
        wanted = replace(
            request(allowed(acme.url, desk.root), local.local.prompt.spans), prompt=local.local.prompt
        )
        leaving = OutboundDraft(local.local, prepare(wanted, gate), gate)
        rules = replace(
            local.rules, mode="auto", rate=1.0, own_thresholds=[{"default": 1.0}], provider="acme",
            allow_unasked_retry=True, upper_micro=5_000, request_micro=50_000, left_micro=2_000_000,
            barred=("", ""),
        )  # fmt: skip
        decision = replace(local.decision, cause="rate")
        decided = replace(local, leaving=leaving, rules=rules, decision=decision)
        final, _ = await desk.answered(decided)
        sent = acme.connections
    assert final.proof is not None
    assert (final.proof.kind, sent) == ("tests", asked)


@pytest.mark.parametrize("answer", [WRONG, CODE.replace("def", "# Doubles a number.\ndef")])
async def test_what_the_tests_refuse_is_not_offered_but_suspicious_lines_are(
    tmp_path: Path, answer: str
) -> None:
    final, _, decided = await Desk(tmp_path).answer(answer, run=True)
    assert final.plan is None
    view = answer_view(decided, final)
    assert re.match(
        r"Proof: none. Tried \d+ small changes of 1 line, and none makes tests/test_sums.py::test_five pass.",
        view.proof_line,
    )
    assert list(answer_document(view)["suspicious"]) == [
        {"path": "sums.py", "line": 2, "text": "return number + 2"}
    ]


async def test_nothing_runs_without_consent(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=False)
    final, notices, decided = await desk.answer(RIGHT, test_command="touch ran")
    assert notices == ["The edit is not checked by running: `--run` runs the code, on a copy."]
    assert answer_view(decided, final).proof_line.startswith("Proof: none.")
    assert final.plan is not None
    assert desk.decide().found is None  # and unasked not even the tests are looked for
    assert not desk.mark.exists()


async def test_tests_of_the_code_judge_by_themselves_once_the_user_agreed(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    remember_agreed(desk.config, RunRequest(str(desk.root), (), True))
    final, notices, decided = await desk.answer(RIGHT)
    assert (notices, desk.asked) == ([], [])
    assert answer_view(decided, final).proof_line == "Proof: tests. Tests pass: 1 before, 2 now."
    assert isinstance(decided.found, RefereePlan)
    command = decided.found.command
    assert command is not None
    assert command.words[-1] == "tests/test_sums.py"


async def test_a_bug_without_a_test_has_no_proof(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "from sums import twice\n\n\ndef test_two():\n    assert twice(2) == 4\n")
    final, _, decided = await desk.answer(RIGHT, run=True)
    assert answer_view(decided, final).proof_line == (
        "Proof: none. No test covers it (tests pass: 1 before, 1 now)."
    )
    bare = Desk(tmp_path / "bare", "")
    final, notices, decided = await bare.answer(RIGHT, run=True)
    assert notices == ["The edit is not checked by running: no test covers it."]
    assert answer_view(decided, final).proof_line == "Proof: none. No test covers it."


async def test_a_refactoring_is_proven_by_tests_that_still_pass(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (desk.root / "sums.py").write_text(RIGHT)
    kept = "def twice(number):\n    return 2 * number\n"
    final, _, decided = await desk.answer(kept, command="refactor", run=True)
    assert final.plan is not None
    assert final.plan.changes[0].after == kept
    assert answer_view(decided, final).proof_line == "Proof: tests. Tests pass: 2 before, 2 now."


async def test_tests_that_reach_it_are_a_second_opinion_on_what_the_guard_doubts(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    (desk.root / "sums.py").write_text(RIGHT)
    turned = "def twice(number):\n    return number + number\n"
    final, _, _ = await desk.answer(turned, command="refactor", run=True, words="make it shorter")
    assert final.plan is not None
    assert final.plan.asks
    assert final.plan.unsure
    for reason in final.plan.unsure:
        assert reason.endswith(", but the tests that reach this code pass as before")


async def test_tests_that_an_edit_changes_prove_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    easy = "def test_five():\n    assert twice(5)\n"
    final, _, decided = await desk.answer(
        easy, place="tests/test_sums.py:8", run=True, test_command="python -m pytest"
    )
    assert final.plan is None
    assert answer_view(decided, final).proof_line.startswith("Proof: none. Tried")


async def test_who_agrees_by_a_flag_is_told_that_nothing_confines_the_code(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.model = ScriptedModel(lambda _: [fenced(RIGHT)])
    final, kept = await desk.answered(desk.decide(run=True), sandbox=lambda _: False)
    assert UNCONFINED in kept.notices
    assert final.proof is not None
    assert final.proof.kind == "tests"


@pytest.mark.parametrize("agrees", [True, False])
async def test_a_provider_sees_once_what_the_tests_say(tmp_path: Path, agrees: bool) -> None:
    secret = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
    desk = Desk(tmp_path, TESTS.replace("== 10", f"== 10, \"api_key = '{secret}'\""))
    local = desk.decide(run=True)
    asked: list[AnswerContext] = []

    async def confirm(request: AnswerContext) -> bool:
        asked.append(request)
        return agrees or len(asked) == 1

    answers = [answering(fenced(WRONG)), answering(fenced(RIGHT))]
    async with Hostile(*answers) as acme:
        shown = local.local.prompt.spans
        gate = parts(tmp_path)
        wanted = replace(request(allowed(acme.url, desk.root), shown), prompt=local.local.prompt)
        leaving = OutboundDraft(local.local, prepare(wanted, gate), gate)
        asks = replace(local.decision, target="frontier", asks=True)
        decided = replace(local, leaving=leaving, decision=asks)
        final, kept = await desk.answered(decided, confirm=confirm)
    assert len(asked) == 2
    sent = [request.body.decode() for request in acme.requests]
    notices = kept.notices
    if not agrees:
        assert (len(sent), final.plan) == (1, None)
        assert notices == ["The tests fail with this edit; nothing more was sent."]
        return
    assert (len(sent), notices) == (2, [])
    assert "test_two" not in sent[0]
    assert "it breaks tests: tests/test_sums.py::test_two" in sent[1]
    assert "api_key" in sent[1]
    assert secret not in sent[1]
    assert final.plan is not None
    assert final.plan.changes[0].after == RIGHT
    assert answer_view(decided, final).proof_line == "Proof: tests. Tests pass: 1 before, 2 now (2 attempts)."
    noted = (tmp_path / "audit.jsonl").read_text()
    assert noted.count('"intent"') == 2


@pytest.mark.parametrize("agrees", [True, False])
async def test_a_provider_whose_answer_is_no_edit_is_asked_once_for_the_code_alone(
    tmp_path: Path, agrees: bool
) -> None:
    desk = Desk(tmp_path)
    local = desk.decide()
    assert local.found is None
    asked: list[AnswerContext] = []

    async def confirm(request: AnswerContext) -> bool:
        asked.append(request)
        return agrees or len(asked) == 1

    answers = [answering("Use this:\n```python\nreturn number * 2\n```\n"), answering(fenced(RIGHT))]
    async with Hostile(*answers) as acme:
        gate = parts(tmp_path)
        blocks = replace(local.local, form=AnswerForm("blocks", "```"), whole=None)
        opening = Span("EXAMPLE of a block", Origin("assist"))
        other = Span("def test_two", Origin("file", "tests/test_sums.py", str(desk.root), 4, 5))
        spans = (opening, other, *local.local.prompt.spans[1:])
        wanted = request(allowed(acme.url, desk.root), spans)
        wanted = replace(wanted, prompt=replace(local.local.prompt, spans=spans))
        leaving = OutboundDraft(blocks, prepare(wanted, gate), gate)
        decided = replace(
            local, leaving=leaving, decision=replace(local.decision, target="frontier", asks=True)
        )
        final, kept = await desk.answered(decided, confirm=confirm)
    sent = [sent.body.decode() for sent in acme.requests]
    notices = kept.notices
    assert notices[0].startswith("That answer cannot be used: the answer contains no edit")
    assert len(asked) == 2
    if not agrees:
        assert (len(sent), final.plan) == (1, None)
        return
    assert len(sent) == 2
    assert "EXAMPLE" in sent[0]
    assert "def test_two" in sent[0]
    assert not any(left in sent[1] for left in ("EXAMPLE", "def test_two"))
    assert "Use this:" not in sent[1]
    assert "No edit could be made from an earlier answer: the answer contains no edit" in sent[1]
    assert final.plan is not None
    assert final.plan.changes[0].after == RIGHT
    noted = (tmp_path / "audit.jsonl").read_text()
    assert noted.count('"intent"') == 2


async def test_what_tests_print_stays_here_where_a_rule_keeps_a_file_that_they_read(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    local = desk.decide(run=True)
    shown = local.local.prompt.spans
    verdict = EditVerdict(
        TestVerdict(
            1,
            broken=frozenset({"tests/test_sums.py::test_two[Ada]", "data/test_a.py::test_b"}),
            said=("E Ada",),
        )
    )
    told = []
    for deny in (("nothing/**",), ("data/**",)):
        rules = allowed("http://127.0.0.1:1/v1", desk.root, deny=deny)
        wanted = replace(request(rules, shown), prompt=local.local.prompt)
        leaving = OutboundDraft(local.local, prepare(wanted, parts(tmp_path)), parts(tmp_path))
        decided = replace(local, leaving=leaving)
        paths = ("sums.py", "tests/test_sums.py", "data/people.json")
        told.append(leaving_words(decided, verdict, "it breaks tests: test_two[Ada]", paths))
    assert told[0] == "it breaks tests: test_two[Ada]\nE Ada"
    assert told[1] == "tests that fail with it: 2\ntests/test_sums.py::test_two"


async def test_a_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "import time\n\n\ndef test_slow():\n    time.sleep(60)\n")
    before = copies()
    desk.model = ScriptedModel(lambda _: [fenced(RIGHT)])

    async def ask() -> None:
        await desk.answered(desk.decide(run=True))

    task = asyncio.create_task(ask())
    async with asyncio.timeout(60):
        while copies() == before:
            await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert copies() == before
