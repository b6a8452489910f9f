"""What the charts show, before anything is drawn: matplotlib is not needed here."""

from pathlib import Path
from typing import Any

import pytest

import charts


def series(waits: list[int], end: int) -> dict[str, Any]:
    return {"waits": waits, "read": [[0.0, 0], [2.0, end]]}


REPLAY = {
    "series": {
        "llama.vim policy": {
            "typing-1-ast": series([900, 1100, 1000], 30_000),
            "jumping-1-cmd": series([4000], 9_000),
        },
        "assist": {
            "typing-1-ast": series([0, 4, 20], 500),
            "typing-2-cmd": series([2], 700),
            "jumping-1-cmd": series([800, 900], 4_000),
        },
        "Tabby policy": {"typing-1-ast": series([2000], 90_000)},
    }
}


def infill(cut: bool, model: str, tasks: int = 100, share: float = 0.7) -> dict[str, Any]:
    row = {
        "variant": "engine",
        "tasks": tasks,
        "pass": share,
        "pass_95": [share - 0.1, share + 0.1],
        "tokens": 5.2,
    }
    return {"provenance": {"model": {"file": model}}, "suite": "single", "cut": cut, "rows": [row]}


def test_waits_are_pooled_over_the_traces_of_a_style_ours_first() -> None:
    found = charts.waits(REPLAY, "typing")
    assert list(found) == ["assist", "Tabby policy", "llama.vim policy"]
    assert found["assist"] == [0, 4, 20, 2]
    assert list(charts.waits(REPLAY, "jumping")) == ["assist", "llama.vim policy"]


def test_a_distribution_rises_from_its_least_to_its_largest_value() -> None:
    points = charts.distribution([5, 1000, 0, 20])
    assert points == sorted(points)
    assert points[0] == (charts.LEAST_MS, 0.0)
    assert points[-1] == (1000, 1.0)
    assert max(wait for wait, share in points if share <= 0.5) == 5
    assert charts.distribution([7]) == [(7, step / charts.STEPS) for step in range(charts.STEPS + 1)]


def test_the_trace_that_most_policies_played_is_drawn() -> None:
    name, found = charts.read_tokens(REPLAY)
    assert name == "typing-1-ast"
    assert found["assist"] == [(0.0, 0.0), (2.0, 500.0)]
    assert list(found) == ["assist", "Tabby policy", "llama.vim policy"]


def test_titles_say_what_the_data_says() -> None:
    assert charts.latency_title("typing", charts.waits(REPLAY, "typing")) == (
        "While typing, median: assist 3 ms, llama.vim policy 1.0 s"
    )
    name, found = charts.read_tokens(REPLAY)
    assert charts.tokens_title(name, found) == (
        "Prompt tokens evaluated in one trace: assist 500, others 30,000 to 90,000"
    )


@pytest.mark.parametrize("names", [["assist"], ["Tabby policy"]])
def test_titles_compare_nothing_with_nothing(names: list[str]) -> None:
    assert charts.latency_title("typing", {name: [1.0] for name in names}) == "While typing"
    assert charts.tokens_title("t", {name: [(0.0, 5.0)] for name in names}) == "Prompt tokens evaluated in t"


def test_shares_stand_by_the_kind_of_hole_and_the_larger_run_counts() -> None:
    small, large = "a-0.5b-instruct.gguf", "a-1.5b.gguf"
    found = charts.pass_rates(
        [
            infill(True, small, 40, 0.5),
            infill(True, small, 900, 0.8),
            infill(True, large),
            infill(False, small),
        ]
    )
    assert list(found) == ["single", "single cut"]
    assert [(each.model, each.tasks, each.share) for each in found["single cut"]] == [
        ("a-0.5b", 900, 0.8),
        ("a-1.5b", 100, 0.7),
    ]
    assert charts.most_tasks(found["single cut"]) == "100 to 900"
    assert charts.most_tasks(found["single"]) == "100"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf", "qwen2.5-coder-0.5b"),
        ("SmolLM2-135M-Instruct.Q4_1.gguf", "smollm2-135m"),
        ("mine.gguf", "mine"),
    ],
)
def test_a_model_is_named_up_to_its_size(file: str, name: str) -> None:
    assert charts.short_name(file) == name


def test_no_two_policies_look_alike() -> None:
    names = ["assist", *(f"{n} policy{build}" for n in "abcd" for build in ("", ", wheel build"))]
    found = charts.line_looks(names)
    assert len({look[:2] for look in found.values()}) == len(names)
    assert found["a policy"][0] == found["a policy, wheel build"][0]


def test_a_chart_without_data_is_left_out(tmp_path: Path) -> None:
    said = list(charts.draw(tmp_path / "results", tmp_path / "images"))
    assert [line.partition(" ")[0] for line in said] == ["latency.svg", "tokens.svg", "quality.svg"]
    assert all("left out" in line for line in said)
    assert not (tmp_path / "images").exists()
