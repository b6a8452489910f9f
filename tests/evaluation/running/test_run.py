"""A run: everyone is asked the same, nothing twice, nothing after the time, and nothing is lost."""

import asyncio
import dataclasses
import json
from pathlib import Path

from assist_evaluation.answers import EvalAnswer, EvalCandidate
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.running.run import EvalPlan, EvalPosition, EvalRun
from assist_evaluation.running.store import AnswerStore, EvalFolder
from assist_evaluation.tasks import EvalTask, TaskTexts
from assist_server.errors import UserError

ONE, OTHER = CandidateSpec("local", "one"), CandidateSpec("local", "other")
TASKS = tuple(EvalTask(f"t{n}", "lines", "c", "", "a.py", "python", 1, 1) for n in range(30))
TEXTS = {each.id: TaskTexts("a = ", "\n", "1") for each in TASKS}


class Clock:
    """A clock that a candidate moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """A candidate that counts, and takes a second for each task."""

    def __init__(self, log: list[str], name: str, clock: Clock, broken: str = "") -> None:
        self.log, self.name, self.clock, self.broken = log, name, clock, broken
        self.is_open = False

    async def open(self) -> None:
        if self.broken:
            raise UserError(self.broken)
        self.is_open = True
        self.log.append(f"open {self.name}")

    async def answer(self, task: EvalTask, _: TaskTexts) -> EvalAnswer:
        assert self.is_open
        self.clock.now += 1
        self.log.append(f"{self.name} {task.id}")
        return EvalAnswer(text="1")

    async def close(self) -> None:
        self.log.append(f"close {self.name}")


async def go(
    folder: Path, log: list[str], *, seconds: float = 1e6, broken: str = "", version: str = "1"
) -> EvalRun:
    clock = Clock()
    plan = EvalPlan(TASKS, TEXTS, (ONE, OTHER), {ONE.label: version, OTHER.label: version}, seconds)

    def make(spec: CandidateSpec) -> EvalCandidate:
        return Counting(log, spec.name, clock, broken if spec == ONE else "")

    seen: list[EvalPosition] = []
    run = EvalRun(plan, make, AnswerStore(EvalFolder(folder)), None, seen.append, clock)
    await run.run()
    assert seen or not run.outcome.asked
    assert all(0 <= each.ends_in <= seconds for each in seen)
    return run


async def test_all_are_asked_the_same_in_rounds(tmp_path: Path) -> None:
    log: list[str] = []
    run = await go(tmp_path, log)
    assert run.outcome.complete
    assert len(run.outcome.answers) == 60
    opened = [each for each in log if each.startswith("open")]
    assert opened == ["open one", "open other"] * 3  # 12 and 12 and 6 tasks
    assert log.count("close one") == 3


async def test_what_was_asked_is_not_asked_again(tmp_path: Path) -> None:
    first: list[str] = []
    again: list[str] = []
    await go(tmp_path, first)
    run = await go(tmp_path, again)
    assert (again, run.outcome.asked, len(run.outcome.answers)) == ([], 0, 60)
    newer: list[str] = []
    await go(tmp_path, newer, version="2")
    assert len([each for each in newer if each.startswith("one ")]) == 30


async def test_it_stops_when_the_time_is_up_and_goes_on_later(tmp_path: Path) -> None:
    log: list[str] = []
    run = await go(tmp_path, log, seconds=20.0)
    assert not run.outcome.complete
    assert 20 <= run.outcome.asked <= 21
    await go(tmp_path, log)
    asked = [each for each in log if each.split()[0] in ("one", "other")]
    assert len(asked) == len(set(asked)) == 60


async def test_a_candidate_that_cannot_open_is_left_out_with_its_reason(tmp_path: Path) -> None:
    log: list[str] = []
    run = await go(tmp_path, log, broken="There is no such model.")
    assert run.outcome.problems == ["local:one: There is no such model."]
    assert {label for _, label in run.outcome.answers} == {"local:other"}
    assert log.count("close one") == 1


async def test_a_slow_candidate_starves_no_other(tmp_path: Path) -> None:
    log: list[str] = []
    clock = Clock()

    class Slow(Counting):
        async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
            clock.now += 20
            return await super().answer(task, texts)

    plan = EvalPlan(TASKS, TEXTS, (ONE, OTHER), {ONE.label: "1", OTHER.label: "1"}, 1e6)
    made = {ONE: Slow(log, "one", clock), OTHER: Counting(log, "other", clock)}
    run = EvalRun(plan, made.__getitem__, AnswerStore(EvalFolder(tmp_path)), None, clock=clock)
    await run.run()
    asked = [each.split()[0] for each in log if each.split()[0] in ("one", "other")]
    # Its first round took most of the time, so it waits until the other has answered everything.
    assert asked == ["one"] * 12 + ["other"] * 30 + ["one"] * 18
    assert run.outcome.complete


async def test_a_slow_answer_ends_with_the_run(tmp_path: Path) -> None:
    class Slow(Counting):
        async def answer(self, _: EvalTask, __: TaskTexts) -> EvalAnswer:
            await asyncio.sleep(60)
            return EvalAnswer()

    plan = EvalPlan(TASKS[:3], TEXTS, (ONE,), {ONE.label: "1"}, 0.2)
    made = Slow([], "one", Clock())
    run = EvalRun(plan, lambda _: made, AnswerStore(EvalFolder(tmp_path)), None)
    await asyncio.wait_for(run.run(), 30)
    assert run.outcome.answers == {}
    assert made.log[-1] == "close one"


async def test_a_torn_or_foreign_line_costs_one_answer(tmp_path: Path) -> None:
    await go(tmp_path, [])
    file = tmp_path / "answers.jsonl"
    lines = file.read_text().splitlines()
    row = json.loads(lines[1])
    row["answer"]["unknown"] = 1
    file.write_text("\n".join([lines[0][:50], json.dumps(row), *lines[2:]]) + "\n{torn")
    log: list[str] = []
    await go(tmp_path, log)
    assert len([each for each in log if each.split()[0] in ("one", "other")]) == 2
    await go(tmp_path, (again := []))
    assert again == []


def test_answers_are_private(tmp_path: Path) -> None:
    store = AnswerStore(EvalFolder(tmp_path / "eval"))
    store.keep(TASKS[0], "x", "1", EvalAnswer(text="secret", counts={"a": 1.0}, places=("b",)))
    file = tmp_path / "eval" / "answers.jsonl"
    assert file.stat().st_mode & 0o077 == 0
    assert (tmp_path / "eval").stat().st_mode & 0o077 == 0
    found = AnswerStore(EvalFolder(tmp_path / "eval")).find(TASKS[0], "x", "1")
    assert found == EvalAnswer(text="secret", counts={"a": 1.0}, places=("b",))
    assert dataclasses.asdict(found)["places"] == ("b",)
