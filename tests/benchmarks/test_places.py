"""What agrees with the places of commits, the fit of the show gate to raw texts, and what readers see."""

import json
import random
import tomllib
from pathlib import Path
from typing import Any

import pytest

from assist_completion.display.confidence import Gate
from bench.places.agreement import agrees, curve, differences, figures, first_name_agrees
from bench.places.gate_fit import BARS, fit, gate_file, held_out, shown_by, written_texts
from bench.places.reading import write_sheet


@pytest.mark.parametrize(
    ("text", "truth", "whole", "first"),
    [
        ("f(a)", "f(a)\n", True, True),
        ("f(a", "f( a )", True, True),
        ("f(b)", "f(a)", False, True),
        ("g(a)", "f(a)", False, False),
        ("", "f(a)", False, False),
        (")", ") + f", True, False),
    ],
)
def test_what_agrees(text: str, truth: str, whole: bool, first: bool) -> None:
    assert (agrees(text, truth), first_name_agrees(text, truth)) == (whole, first)


def row(number: int, text: str, score: float = 0.5, candidate: str = "") -> dict[str, Any]:
    place = {
        "id": str(number),
        "kind": "word",
        "truth": "total(lines)\n",
        "path": "a.py",
        "before": "x = ",
        "after": "\n",
    }
    return {
        "place": place,
        "text": text,
        "candidate": candidate or text,
        "score": score,
        "ms": 5,
        "tokens": 9,
    }


def test_figures_count_what_is_shown_agrees_and_is_refused() -> None:
    rows = [
        row(1, "total"),
        row(2, "other"),
        row(3, "", candidate="total(lines)"),
        row(4, "", candidate="other"),
    ]
    found = figures(rows)
    assert (found["shown"], found["agree"], found["share"]) == (2, 1, 0.5)
    assert (found["refused rightly"], found["refused wrongly"]) == (1, 1)
    assert curve([row(1, "total", 0.9), row(2, "other", 0.3)], (0.2, 0.5)) == [(0.2, 2, 1), (0.5, 1, 1)]


def test_differences_are_paired_by_place() -> None:
    before = [row(number, "other") for number in range(30)]
    after = [row(number, "total" if number < 15 else "") for number in range(30)]
    found = differences(before, after)
    assert found["agree"][0] == 50.0
    assert found["agree"][1] < 50.0 < found["agree"][2]
    assert found["share"][0] == 100.0


def written(number: int, right: bool) -> dict[str, Any]:
    text = "total(lines)" if right else "other(lines)"
    sure = -0.05 if right else -1.5
    place = {"id": str(number), "repository": f"r{number % 7}", "kind": "word", "truth": "total(lines)\n"}
    place |= {"path": "a.py", "before": "lines = []\nx = ", "after": "\n"}
    spans = [[5, sure], [len(text), sure]]
    row = {"line": str(number), "place": place, "text": text, "spans": spans, "ended": True}
    return {**row, "full": False, "refuted": -1}


def test_the_gate_learns_which_texts_agree(tmp_path: Path) -> None:
    rows = [written(number, right=number % 2 == 0) for number in range(120)]
    texts = list(written_texts(rows))
    weights = fit(texts)
    gate = Gate(weights, BARS["balanced"])
    assert [shown_by(text, gate).shown for text in texts[:2]] == [True, False]
    assert held_out(texts)["balanced"]["share"] == 1.0
    refuted = next(iter(written_texts([{**rows[0], "refuted": 0}])))
    assert not shown_by(refuted, gate).shown
    file = tmp_path / "gate.toml"
    file.write_text(gate_file({"a-model": weights}, {"fitted on": {"a-model": {"texts": 120}}}))
    read = tomllib.loads(file.read_text())
    assert read["weights"]["a-model"] == weights
    assert read["bars"] == BARS


def test_readers_do_not_see_which_arm_a_text_is_of(tmp_path: Path) -> None:
    arms = [[row(1, "total"), row(2, "other")], [row(1, "total"), row(2, "total(lines)")]]
    write_sheet(arms, 2, random.Random(1), tmp_path / "sheet.md")
    sheet = (tmp_path / "sheet.md").read_text()
    key = json.loads((tmp_path / "sheet.key.json").read_text())
    assert sheet.count("What the author wrote there") == 3
    assert sorted(sorted(each["arms"]) for each in key["texts"].values()) == [[0], [0, 1], [1]]
    assert "arm" not in sheet
