"""`test` by running: what the user agrees to runs, nothing else does, and the file of tests is the only change."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bare_pytest import BARE_PYTEST
from config_files import write
from kept_answer import KeptAnswer, answered
from scripted_model import ScriptedModel

from assist_context.index.reader import IndexReader
from assist_context.retrieval.corpus import Corpus
from assist_runner.answering.recording_plan import RecordingPlan
from assist_runner.characterization_tests.project_runs import has_sandbox
from assist_server.config.config import load
from assist_server.config.run_consent import RunRequest, may_run
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.wording.answers import answer_document, answer_view

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
CODE = (
    "def twice(number):\n    if number < 0:\n        raise ValueError('below zero')\n    return number * 2\n"
)
CALLS = "```python\nfrom sums import twice\n\ntwice(4)\ntwice(-1)\n```\n"
GUESS = "```python\nfrom sums import twice\n\n\ndef test_twice():\n    assert twice(4) == 9\n```\n"


class Desk:
    """A project whose conftest.py leaves a mark wherever it runs, and a user who agrees or not."""

    def __init__(self, place: Path, agrees: bool) -> None:
        self.root = place / "project"
        (self.root / "tests").mkdir(parents=True)
        self.mark = place / "ran"
        self.own = f"{place.name}-{os.getpid()}.txt"
        (self.root / self.own).write_text("of this test")
        (self.root / "sums.py").write_text(CODE)
        (self.root / "pytest.ini").write_text(BARE_PYTEST)
        for file in ("conftest.py", "tests/conftest.py"):
            (self.root / file).write_text(f"open({str(self.mark)!r}, 'w').write('x')\n")
        self.agrees = agrees
        self.asked: list[RunRequest] = []
        own = place / "own"
        own.mkdir()
        config = load(write(own, ""))
        path = f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"
        self.config = replace(config, programs={"PATH": path})

    def decide(self, *, run: bool = False, place: str = "sums.py:1") -> AnswerContext:
        corpus = Corpus(str(self.root), IndexReader(self.root.parent / "none.db"))
        target = resolve_target(corpus, place)
        inputs = decision_inputs(self.config, [str(self.root)])
        inputs = replace(inputs, local=replace(inputs.local, available=True))
        return decide(Question("test", "", target, run=run), QuestionFolders(corpus), inputs)

    async def answer(
        self, *, run: bool = False, sandbox: Callable[[Path], bool] = has_sandbox
    ) -> tuple[FinalAnswer, list[str], AnswerContext]:
        decided = self.decide(run=run)
        final, kept = await self.answered(decided, sandbox)
        return final, kept.notices, decided

    async def answered(
        self, context: AnswerContext, sandbox: Callable[[Path], bool]
    ) -> tuple[FinalAnswer, KeptAnswer]:
        model = ScriptedModel(lambda _: [CALLS if "calls `twice`" in model.asked[-1].user else GUESS])
        self.model = model

        async def load_model() -> Any:
            return model

        async def confirm_run(request: RunRequest) -> bool:
            self.asked.append(request)
            return self.agrees

        return await answered(context, load_model, confirm_run=confirm_run, sandbox=sandbox)

    def files(self) -> set[str]:
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}


def copies(desk: Desk) -> list[Path]:
    """The copies of this project; other tests have theirs."""
    return list(Path(tempfile.gettempdir()).glob(f"assist-run-*/tree/{desk.own}"))


def plain(_: Path) -> bool:
    return False


async def test_values_are_what_the_code_gives(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    before = desk.files()
    final, notices, decided = await desk.answer()
    assert notices == []
    assert final.plan is not None
    (change,) = final.plan.changes
    assert change.path == "tests/test_sums.py"
    assert "assert twice(3) == 6" in change.after
    assert 'pytest.raises(ValueError, match="below zero")' in change.after
    assert desk.files() == before  # the file is only offered
    assert not desk.mark.exists()  # in the sandbox, there is no such place
    line = answer_view(decided, final).proof_line
    assert line.startswith("These tests record what the code does today (")
    assert "3 of 3 branches" in line
    document = answer_document(answer_view(decided, final), notices)
    assert document["proof"] == "tests"
    assert desk.model.asked == []  # what types say is enough here
    assert answer_view(decided, final).last_line == "No model was asked: running the code says enough."


async def test_a_small_model_is_asked_for_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    (desk.root / "sums.py").write_text("def twice(order):\n    return order.rows[0].price * 2\n")
    final, notices, _ = await desk.answer()
    assert (desk.model.asked, final.plan, notices) == ([], None, [])
    assert str(final.problem).startswith("No test was written: no call gave a value")


async def test_calls_that_are_tested_are_not_written_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    test = "import sums\n\n\nclass TestTwice:\n    def test_twice(self):\n        assert sums.twice(3) == 6\n"
    (desk.root / "tests/test_sums.py").write_text(f"{test}\n\ndef test_more():\n    pass\n")
    final, _, decided = await desk.answer()
    assert final.plan is not None
    (change,) = final.plan.changes
    assert change.path == "tests/test_sums.py"
    assert change.after.startswith("import pytest\n") or "\nimport pytest\n" in change.after
    assert change.after.count("twice(3)") == 1
    assert "    def test_twice_refuses_minus_1(self):\n" in change.after
    assert "sums.twice(-1)" in change.after
    document = answer_document(answer_view(decided, final), [])
    assert document["recorded"]["tested"] == {"tests/test_sums.py": 1}
    assert "Already tested: 1 call in tests/test_sums.py." in answer_view(decided, final).proof_line


async def test_where_tests_notice_all_nothing_is_written(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    rows = "(0, 0), (1, 2), (3, 6), (-0.5, None)"
    test = f"import pytest\nfrom sums import twice\n\n\n@pytest.mark.parametrize('given, wanted', [{rows}])\n"
    test += (
        "def test_twice(given, wanted):\n    if wanted is None:\n        with pytest.raises(ValueError):\n"
    )
    test += "            twice(given)\n    else:\n        assert twice(given) == wanted\n"
    (desk.root / "tests/test_sums.py").write_text(test)
    final, notices, _ = await desk.answer()
    assert (final.plan, final.problem) == (None, None)
    assert notices == [final.text]
    assert final.text.startswith("No missing test was found: already tested: ")


@pytest.mark.parametrize(
    ("installed", "problem"),
    [(True, "code in go is not run"), (False, "`go` is not installed, or not on your PATH")],
)
def test_code_in_go_is_not_run(tmp_path: Path, installed: bool, problem: str) -> None:
    """Whether this machine has Go does not matter: the PATH is a folder of the test."""
    desk = Desk(tmp_path, agrees=True)
    programs = tmp_path / "programs"
    programs.mkdir()
    if installed:
        (programs / "go").write_text("#!/bin/sh\n")
        (programs / "go").chmod(0o755)
    desk.config = replace(desk.config, programs={"PATH": str(programs)})
    (desk.root / "go.mod").write_text("module sums\n")
    (desk.root / "sums.go").write_text("package sums\n\nfunc Twice(n int) int {\n\treturn 2 * n\n}\n")
    recording = desk.decide(run=True, place="sums.go:3").found
    assert isinstance(recording, RecordingPlan)
    assert recording.problem == problem


async def test_the_user_is_asked_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    await desk.answer()
    (request,) = desk.asked
    assert may_run(desk.config, request, is_agreed=False) == ("yes", "")
    assert (request.root, request.confined) == (str(desk.root), True)
    assert "pytest" in " ".join(request.words)


@pytest.mark.parametrize("agrees", [False, True])
async def test_nothing_runs_before_the_user_agrees(tmp_path: Path, agrees: bool) -> None:
    desk = Desk(tmp_path, agrees=agrees)
    final, _, _ = await desk.answer(sandbox=plain)  # only there a mark can be seen
    assert desk.asked[0].confined is False
    assert desk.mark.exists() == agrees
    assert bool(final.proof) == agrees
    if not agrees:
        assert (final.plan, desk.model.asked) == (None, [])
        assert str(final.problem).startswith("No test was written: ")


async def test_nothing_runs_in_a_workspace_that_is_not_trusted(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    (desk.root / ".assist.toml").write_text("[egress]\ndeny = ['infra/**']\n")
    final, _, _ = await desk.answer(run=True, sandbox=plain)
    assert (final.proof, desk.asked) == (None, [])
    assert not desk.mark.exists()
    assert "assist config trust" in str(final.problem)


async def test_a_cancelled_answer_leaves_no_copy(tmp_path: Path) -> None:
    desk = Desk(tmp_path, agrees=True)
    (desk.root / "sums.py").write_text(CODE + "import time\ntime.sleep(60)\n")

    async def consume() -> None:
        await desk.answered(desk.decide(run=True), has_sandbox)

    task = asyncio.create_task(consume())
    async with asyncio.timeout(60):
        while not copies(desk):
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not copies(desk)
