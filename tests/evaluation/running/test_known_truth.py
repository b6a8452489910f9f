"""The harness finds what is known: right answers before shuffled ones before none, and no difference where none is."""

import random
from pathlib import Path

import pytest

from assist_evaluation.answers import EvalAnswer
from assist_evaluation.candidates.known import KnownCandidate
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.judging.results import ResultRow, result_row
from assist_evaluation.judging.summary import RunSummary, summarize
from assist_evaluation.judging.texts import tokens
from assist_evaluation.running.run import EvalOutcome, EvalPlan, EvalRun
from assist_evaluation.running.store import AnswerStore, EvalFolder
from assist_evaluation.tasks import KINDS, EvalTask, TaskKind, TaskSet, TaskTexts
from assist_runner.sandbox.body_check import Acceptance

KNOWN = tuple(CandidateSpec("known", name) for name in ("oracle", "shuffled", "empty"))
LABELS = [each.label for each in KNOWN]


class ReadingJudge:
    """Judges a body by reading it: the tests would pass with the right one alone."""

    words = ""

    def acceptance(self, *_: object) -> Acceptance:
        return Acceptance(True)

    def judge(self, _: EvalTask, texts: TaskTexts, answer: EvalAnswer, __: object) -> EvalAnswer:
        right = tokens(answer.text) == tokens(texts.truth)
        return EvalAnswer(text=answer.text, reason=answer.reason, counts={"passed": float(right)})


async def ask(folder: Path, tasks: TaskSet, texts: dict[str, TaskTexts], **more: object) -> EvalOutcome:
    plan = EvalPlan(tasks.tasks, texts, KNOWN, dict.fromkeys(LABELS, "1"), 600.0)

    def make(spec: CandidateSpec) -> KnownCandidate:
        return KnownCandidate(spec.name, tasks.tasks, texts)  # type: ignore[arg-type]

    store = AnswerStore(EvalFolder(folder))
    return await EvalRun(plan, make, store, ReadingJudge(), **more).run()  # type: ignore[arg-type]


def rows_of(outcome: EvalOutcome, tasks: TaskSet, texts: dict[str, TaskTexts]) -> list[ResultRow]:
    by_id = {each.id: each for each in tasks.tasks}
    return [
        result_row(by_id[name], label, texts[name], answer)
        for (name, label), answer in outcome.answers.items()
    ]


@pytest.fixture
async def rows(tmp_path: Path, tasks: TaskSet, texts: dict[str, TaskTexts]) -> list[ResultRow]:
    return rows_of(await ask(tmp_path, tasks, texts), tasks, texts)


@pytest.mark.parametrize("kind", KINDS)
def test_known_answers_are_ranked_in_their_order_on_every_kind(kind: TaskKind, rows: list[ResultRow]) -> None:
    own = [row for row in rows if row.kind == kind]
    found = summarize(own, LABELS, {})
    assert [each.candidate for each in found.ranking] == LABELS, found.kinds
    means = {each.candidate: each.mean for each in found.kinds}
    assert means["known:oracle"] == (
        1.0 if kind != "typing" else pytest.approx(0.92, abs=0.06)
    )  # keys are pressed
    assert means["known:empty"] == 0.0
    verdicts = {(each.one, each.other): each.found.verdict for each in found.differences}
    assert verdicts["known:oracle", "known:empty"] == "better"


def test_all_kinds_together_are_ranked_too(rows: list[ResultRow]) -> None:
    found = summarize(rows, LABELS, {})
    assert [each.candidate for each in found.ranking] == LABELS
    assert found.ranking[0].low > found.ranking[1].high > 0
    assert found.ranking[1].low > found.ranking[2].high


def test_equal_candidates_are_told_apart_in_at_most_one_run_of_twenty() -> None:
    """Both are right with the same chance, on five kinds of 40 tasks each: 100 repositories, 500 comparisons."""
    wrong = 0
    for seed in range(100):
        rng = random.Random(seed)
        chance = rng.uniform(0.2, 0.8)
        found = summarize(_equal_rows(rng, chance), ["one", "other"], {})
        wrong += any(each.found.verdict != "cannot be told apart" for each in found.differences)
        assert all("cannot be told apart" in each.words for each in found.differences) or wrong
    assert wrong <= 5


def test_a_difference_that_is_there_is_found() -> None:
    found = 0
    for seed in range(20):
        rng = random.Random(seed)
        rows = _rows("lines", "one", [float(rng.random() < 0.7) for _ in range(100)])
        rows += _rows("lines", "other", [float(rng.random() < 0.3) for _ in range(100)])
        [difference] = summarize(rows, ["one", "other"], {}).differences
        found += difference.found.verdict == "better"
    assert found >= 19


def test_a_difference_says_how_many_tasks_would_tell_it() -> None:
    rows = _rows("lines", "one", [1.0] * 5 + [0.0] * 5) + _rows("lines", "other", [1.0] * 4 + [0.0] * 6)
    [difference] = summarize(rows, ["one", "other"], {}).differences
    assert difference.found.verdict == "cannot be told apart"
    assert difference.found.needed > 50
    assert f"about {difference.found.needed:,} tasks would tell" in difference.words


def _equal_rows(rng: random.Random, chance: float) -> list[ResultRow]:
    rows: list[ResultRow] = []
    for kind in ("lines", "bodies", "edits", "questions", "next"):
        for name in ("one", "other"):
            rows += _rows(kind, name, [float(rng.random() < chance) for _ in range(40)])
    return rows


def _rows(kind: str, candidate: str, scores: list[float]) -> list[ResultRow]:
    name = {"lines": "exact", "bodies": "passed", "edits": "exact", "questions": "mrr", "next": "right"}[kind]
    return [_row(f"{kind}-{at}", kind, candidate, name, value) for at, value in enumerate(scores)]


def _row(task: str, kind: str, candidate: str, name: str, value: float) -> ResultRow:
    more = ({name: value}, {}, 1.0, 1, 1, 0, None, True, False)
    return ResultRow(task, kind, "python", "file", "", candidate, task, value, *more)  # type: ignore[arg-type]


def test_the_summary_leaves_out_tasks_that_not_all_were_asked(rows: list[ResultRow]) -> None:
    some = [row for row in rows if row.kind == "lines"]
    missing = some[0].task
    fewer = [row for row in some if (row.task, row.candidate) != (missing, "known:empty")]
    found: RunSummary = summarize(fewer, LABELS, {})
    count = len({row.task for row in some})
    assert {each.tasks for each in found.kinds} == {count - 1}
