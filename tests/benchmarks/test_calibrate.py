"""The fit of the gate: rows, halves that share nothing, limits by their rules, a file that the gate reads."""

import json
import math
import random
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import calibrate
from assist_completion.display import show_gate
from bench.show_gate import fit
from bench.show_gate.fit import (
    JudgedLine,
    figures,
    in_judging_half,
    logistic,
    precision,
    share_lost,
    shown_length,
)
from bench.show_gate.report import gate_file, table

HEADER = {"date": "2026-01-01", "model": {"file": "some.gguf", "sha256": "ab"}, "command": 'python "x".py'}


def line(
    *chances: float, right: bool = False, agreed: int = 0, unit: str = "u", source: str = "typing"
) -> JudgedLine:
    """A line with tokens of four characters."""
    count = len(chances)
    starts = tuple(range(0, 4 * count, 4))
    mean = sum(chances) / count
    agreed = 4 * count if right else agreed
    return JudgedLine(
        source,
        unit,
        unit,
        right,
        min(chances),
        mean,
        chances[0],
        count,
        4 * count,
        agreed,
        0,
        starts,
        chances,
    )


def rows(seed: int = 1, files: int = 20) -> list[dict[str, Any]]:
    """Rows in which a line is right more often if the model is sure of its last token."""
    rng = random.Random(seed)
    made = []
    for number in range(files):
        for typed in (0, 3, 6, 0, 3, 6, 0, 3):
            lowest = -rng.uniform(0, 3)
            right = rng.random() < 1 / (1 + math.exp(-2 - 3 * lowest))
            made.append(
                {
                    "trace": f"typing-{number}-file-{number}",
                    "typed": typed,
                    "left": 10,
                    "length": 10,
                    "right": 10 if right else 6,
                    "ends": [6, 10, 11],
                    "chances": [-0.001, round(lowest, 3), -9.0],
                }
            )
    return made


@pytest.fixture
def rows_file(tmp_path: Path) -> Path:
    path = tmp_path / "rows.json"
    calibrate.save_rows(path, HEADER, rows(), "1-20")
    return path


@pytest.fixture
def infill_file(tmp_path: Path) -> Path:
    names = ["task", "variant", "exact", "lowest", "mean", "first", "count", "candidate_empty"]
    rng = random.Random(2)
    records = []
    for number in range(80):
        lowest = -rng.uniform(0, 3)
        right = int(rng.random() < 1 / (1 + math.exp(-2 - 3 * lowest)))
        task = f"SingleLineInfilling/HumanEval/{number}/L0"
        records.append([task, "engine", right, lowest, lowest / 2, -0.1, 3, 0])
        records.append([task, "plain", 1, -9.0, -9.0, -9.0, 3, 0])
        records.append([task, "engine", 0, -9.0, -9.0, -9.0, 3, 1])
    path = tmp_path / "infill.json"
    data = {"suite": "single", "cut": True, "records": {"columns": names, "rows": records}}
    path.write_text(json.dumps({"provenance": HEADER, **data}), encoding="utf-8")
    return path


# Rows


def test_a_unit_is_one_line_of_the_file_and_a_group_the_file(rows_file: Path) -> None:
    found = list(calibrate.typing_lines(json.loads(rows_file.read_text(encoding="utf-8"))))
    assert len({each.unit for each in found[:8]}) == 3
    assert {each.group for each in found[:8]} == {"file-0"}


# The gate's rule


@pytest.mark.parametrize("limit", [-0.05, -0.5, -1.5, -3.0, -math.inf])
@pytest.mark.parametrize("chances", [(-0.1, -0.2), (-0.1, -2.0), (-2.0, -0.1), (-0.1, -0.2, -1.0, -4.0)])
def test_a_line_is_shown_as_the_gate_shows_it(chances: tuple[float, ...], limit: float) -> None:
    text = "a b " * len(chances)
    spans = [(4 * number, chance) for number, chance in enumerate(chances, 1)]
    at = show_gate.doubt(text, spans, limit)
    expected = None if at is None else at if at >= show_gate.LEAST else 0
    assert shown_length(line(*chances), limit) == expected


def test_figures_count_wholes_parts_and_losses() -> None:
    lines = [
        line(-0.1, -0.1, right=True),
        line(-0.1, -2.0, right=True),
        line(-0.1, -0.1, agreed=3),
        line(-0.1, -2.0, agreed=4),
        line(-0.1, -2.0, agreed=2),
        line(-2.0, -0.1, agreed=8),
    ]
    found = figures(lines, -1.0)
    assert [found[key] for key in ("lines", "right", "whole right", "whole wrong")] == [6, 2, 1, 1]
    assert [found[key] for key in ("part right", "part wrong")] == [2, 1]
    assert found["wrong cut"][0] == 50.0  # of four wrong lines, one is still shown whole and one in part
    assert found["right lost"][0] == 50.0
    assert found["shown right"][0] == 60.0
    assert found["kept"][0] == round(100 * (8 + 4 + 3 + 4 + 2) / (8 + 8 + 3 + 4 + 2 + 8), 1)


def test_without_tokens_a_part_is_not_shown() -> None:
    bare = JudgedLine("infill", "p", "p", False, -2.0, -1.0, -0.1, 2)
    found = figures([bare], -1.0)
    assert (found["whole wrong"], found["part wrong"], found["kept"]) == (0, None, None)
    assert found["wrong cut"][0] == 100.0


# Limits and weights


def test_a_limit_keeps_the_losses_with_each_source_weighing_the_same() -> None:
    easy = [line(-0.001 * step, right=True) for step in range(1000)]
    hard = [line(-0.02 * step, right=True) for step in range(100)]
    limit = fit.strictest({"easy": easy, "hard": hard}, 0.25)
    assert (share_lost(easy, limit) + share_lost(hard, limit)) / 2 == pytest.approx(0.25, abs=0.02)
    assert fit.strictest({"hard": hard}, 0.25) < limit < fit.strictest({"easy": easy}, 0.25)


def test_the_quiet_limit_is_the_lowest_that_is_right_often_enough() -> None:
    lines = [line(-0.02 * step, right=step < 50) for step in range(100)]
    limit = fit.most_lenient({"one": lines}, 0.65)
    assert precision(lines, limit) >= 0.65 > precision(lines, limit - 0.1)


def test_the_regression_finds_the_weights_that_made_the_data() -> None:
    rng = np.random.default_rng(3)
    lowest = -rng.exponential(1.0, (40_000, 1))
    right = rng.random(40_000) < 1 / (1 + np.exp(-1.75 - 3.72 * lowest[:, 0]))
    assert logistic(lowest, right.astype(float)) == pytest.approx([1.75, 3.72], abs=0.15)


def test_the_regression_ends_where_a_limit_separates_all() -> None:
    assert np.isfinite(logistic(np.array([[-1.0], [-2.0]]), np.array([1.0, 0.0]))).all()


def test_a_score_that_says_the_truth_has_little_error() -> None:
    rng = random.Random(4)
    lows = [-rng.uniform(0, 2) for _ in range(4_000)]
    lines = [line(low, right=rng.random() < 1 / (1 + math.exp(-2 - 3 * low))) for low in lows]
    assert fit.reliability(lines, 2, 3)["expected calibration error"] < 0.03
    assert fit.reliability(lines, -1, 3)["expected calibration error"] > 0.1
    assert sum(row[3] for row in fit.reliability(lines, 2, 3)["rows"]) == 4_000


# The command


def test_no_file_and_no_problem_is_in_both_halves(rows_file: Path, infill_file: Path) -> None:
    lines, model = calibrate.load([rows_file], [infill_file])
    found = calibrate.fit(lines)
    assert model == HEADER["model"]
    for source in ("typing", "infill single cut"):
        groups = {each.group for each in lines if each.source == source}
        sizes = [found[half][source]["files or problems"] for half in ("fitted on", "judged on")]
        assert sizes[1] == sum(map(in_judging_half, groups))
        assert sum(sizes) == len(groups)


def test_the_limits_go_from_eager_to_quiet(rows_file: Path, infill_file: Path) -> None:
    lines, _ = calibrate.load([rows_file], [infill_file])
    limits = calibrate.fit(lines)["limits"]
    assert limits["eager"] <= limits["balanced"] <= limits["quiet"] < 0


@pytest.mark.parametrize("sources", [("rows",), ("infill",), ("rows", "infill")])
def test_what_is_written_is_what_the_gate_reads(
    sources: tuple[str, ...], rows_file: Path, infill_file: Path
) -> None:
    given = [[rows_file] if "rows" in sources else [], [infill_file] if "infill" in sources else []]
    lines, model = calibrate.load(*given)
    found = {"provenance": {**HEADER, "model": model}, **calibrate.fit(lines)}
    data = tomllib.loads(gate_file(found))
    assert (data["bias"], data["lowest"]) == (found["bias"], found["lowest"])
    assert data["limits"] == {**found["limits"], "manual": -math.inf}
    assert data["provenance"]["model"] == model
    assert data["provenance"]["command"] == HEADER["command"]
    assert data["provenance"]["held out"].keys() == found["judged on"].keys()
    assert "wrong cut" in table(found)


def test_the_gates_own_file_is_in_order() -> None:
    assert (
        show_gate.LIMITS["manual"]
        < show_gate.LIMITS["eager"]
        <= show_gate.LIMITS["balanced"]
        < show_gate.LIMITS["quiet"]
        < 0
    )
