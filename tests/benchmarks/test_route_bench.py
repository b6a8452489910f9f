"""The router's benchmark: tasks that their own solutions pass, labels without text, and known figures."""

import json
import random
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import route
from assist_escalation.routing.calibration import JUDGED, apply_fit
from bench.routing import score
from bench.routing.report import weights_file
from bench.routing.tasks import FunctionProblem, RoutingRequest, code_of, requests

HEADER = {"date": "2026-01-01", "command": "python route.py", "model": {"file": "m.gguf", "sha256": "ab"}}
BODY = "    if {0} > 3:\n        return {0} + 1\n    return {0} * 2"


def problem(number: int) -> FunctionProblem:
    name, value = f"task{number}", f"value{number}"
    head, body = f"def {name}({value}):", BODY.format(value)
    docs = f"Return {number} of something. And more."
    test = f"def check(f):\n    assert f(9) == 10\n    assert f(3) == 6\n\ncheck({name})\n"
    return FunctionProblem(
        f"HumanEval/{number}", name, "import math", f'{head}\n    """{docs}"""\n{body}', head, docs, test
    )


def runs(program: str) -> bool:
    try:
        exec(compile(program, "task", "exec"), {})  # noqa: S102 - the programs of this file
    except (AssertionError, NotImplementedError):
        return False
    return True


PROBLEMS = [problem(number) for number in range(8)]
BY_NAME = {each.name: each.text for each in PROBLEMS}


@pytest.fixture(scope="module")
def asked() -> list[RoutingRequest]:
    return requests(PROBLEMS, 60, 1, runs)


def right_answer(request: RoutingRequest) -> str:
    return "```python\n" + "\n\n".join(BY_NAME[name] for name in request.names) + "\n```"


# Tasks


def test_the_true_functions_pass_and_what_the_file_holds_does_not(asked: list[RoutingRequest]) -> None:
    assert {each.shape for each in asked} == {"write", "write two", "fix", "fix with tests"}
    for each in asked:
        assert runs(each.program(code_of(right_answer(each))))
        # The last block ends with the functions to change.
        assert not runs(each.program(each.messages.user.split("```python\n")[-1].split("```")[0]))


# Figures


def test_a_perfect_router_recovers_the_gap_first_and_the_worst_last() -> None:
    good = [0, 0, 1, 1]
    assert score.apgr([0.1, 0.2, 0.8, 0.9], good) == 0.75
    assert score.apgr([0.9, 0.8, 0.2, 0.1], good) == 0.25
    assert score.apgr([0, 0, 0, 0], good) == 0.5
    assert list(score.recovered_gap([0.1, 0.2, 0.8, 0.9], good)) == [0, 0.5, 1, 1, 1]


def test_a_frontier_that_errs_can_lose_what_was_right() -> None:
    assert list(score.recovered_gap([0.1, 0.9, 0.9], [0, 1, 0], 0.75)) == pytest.approx([0, 0.6, 0.8, 1])
    assert list(score.recovered_gap([0.1, 0.9], [1, 1])) == [0, 0.5, 1]
    assert score.share_right([0.1, 0.9], [0, 1], 0.5, 0.9) == pytest.approx(0.95)


def test_auroc_counts_pairs() -> None:
    assert score.auroc([0.1, 0.9], [0, 1]) == 1.0
    assert score.auroc([0.9, 0.1], [0, 1]) == 0.0
    assert score.auroc([0.4, 0.4], [0, 1]) == 0.5
    assert score.auroc([0.4], [1]) == 0.5


def rows_of(count: int, seed: int = 1) -> list[score.LabelledRequest]:
    """Tasks that long edits make hard; the margin of an answer depends on whether it is right."""
    rng = random.Random(seed)
    made = []
    for number in range(count):
        lines = rng.uniform(0, 6)
        good = rng.random() < 1 / (1 + np.exp(2 * (lines - 3)))
        before = {**dict.fromkeys(JUDGED.before, 0.0), "fix": 1.0, "edit_lines": lines}
        after = {**dict.fromkeys(JUDGED.after, 0.0), "mean_margin": 5.0 + 3 * good + rng.gauss(0, 2)}
        made.append(
            score.LabelledRequest(
                f"t{number}", f"p{number // 2}", good, rng.randrange(100, 900), before, after
            )
        )
    return made


@pytest.fixture(scope="module")
def found() -> tuple[Any, dict[str, Any]]:
    return route.fit(rows_of(300), 1.0, 1, resamples=100)


def test_a_fit_finds_what_matters_and_leaves_alone_what_was_not_seen(
    found: tuple[Any, dict[str, Any]],
) -> None:
    weights, report = found
    assert weights.before["edit_lines"] < 2 * JUDGED.before["edit_lines"]
    assert weights.before["architecture"] == pytest.approx(JUDGED.before["architecture"])
    by = {row["router"]: row for row in report["routers"]}
    assert by["before an answer, fitted"]["apgr"][0] > by["prompt length"]["apgr"][0] + 0.1
    assert by["before an answer, fitted"]["over length"][1] > 0
    assert by["after an answer, fitted"]["auroc"][0] > by["before an answer, fitted"]["auroc"][0]
    assert by["random"]["apgr"] == [0.5, 0.5, 0.5]
    perfect = by["perfect"]["apgr"][0]
    assert all(row["apgr"][0] <= perfect for row in report["routers"])


def test_no_problem_is_in_two_folds_and_scores_come_from_the_other_folds() -> None:
    rows = rows_of(60)
    turned = [
        score.LabelledRequest(row.id, row.group, not row.good, row.context_tokens, row.before, row.after)
        if row.group == "p3"
        else row
        for row in rows
    ]
    own, other = score.held_out_scores(rows)[0], score.held_out_scores(turned)[0]
    same = [
        one == two
        for one, two, row in zip(own, other, rows, strict=True)
        if score.fold(row.group) == score.fold("p3")
    ]
    assert all(same)
    assert not (own == other).all()


def test_the_weights_file_is_what_the_router_reads(found: tuple[Any, dict[str, Any]]) -> None:
    weights, report = found
    data = tomllib.loads(weights_file(weights, JUDGED, {"provenance": HEADER, **report}))
    read = apply_fit(JUDGED, data)
    assert read.before["edit_lines"] == pytest.approx(weights.before["edit_lines"], abs=1e-4)
    assert read.after_before == pytest.approx(weights.after_before, abs=1e-4)
    assert len(read.scores) == route.TYPICAL
    assert "architecture" not in data["before"]["weights"]
    assert data["provenance"]["tasks"] == 300


def test_the_shipped_labels_give_the_shipped_weights(tmp_path: Path) -> None:
    results = Path(route.__file__).parent / "results" / "route-labels-0.5b.json"
    rows = route.read_labels(json.loads(results.read_text(encoding="utf-8")))
    data = tomllib.loads(route.FITTED.read_text(encoding="utf-8"))
    weights = score.fit_weights(rows)
    assert data["provenance"]["tasks"] == len(rows)
    assert data["before"]["bias"] == pytest.approx(weights.before_bias, abs=1e-3)
    assert data["after"]["weights"]["mean_margin"] == pytest.approx(weights.after["mean_margin"], abs=1e-3)
