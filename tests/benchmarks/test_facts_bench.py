"""The benchmark of facts: what its own parser sees, which faults it plants, and what it calls false."""

from pathlib import Path
from random import Random

import pytest

from assist_context.documents import split_lines
from assist_context.facts.diff_facts import DiffFact, compared_file
from bench.facts.diff_judge import DiffJudge
from bench.facts.plants import FaultKind, PlantSite, plant
from bench.facts.syntax_oracle import python_rows

CODE = """\
def total(items, rate):
    if not items:
        return 0
    if rate < 0 and items:
        raise ValueError(rate)
    return round(sum(items) * rate)
"""


def test_the_statements_of_python() -> None:
    rows = [
        (row.kind, row.line, row.text.strip()) for row in python_rows(CODE.encode()) if row.kind != "call"
    ]
    assert rows == [
        ("guard", 2, "not items: return 0"),
        ("returns", 3, "0"),
        ("guard", 4, "rate < 0 and items: raise ValueError(rate)"),
        ("raises", 5, "ValueError(rate)"),
        ("returns", 6, "round(sum(items) * rate)"),
    ]


@pytest.mark.parametrize(
    ("kind", "texts"),
    [
        ("operator", {"rate <= 0 and items", "rate < 0 or items"}),
        ("negation", {"    if items:"}),
        ("caller", {"def total(extra_value, items, rate):"}),
        ("undefined", {"items_", "rate_", "round_", "sum_", "ValueError_"}),
    ],
)
def test_one_fault_is_planted(kind: FaultKind, texts: set[str]) -> None:
    site = PlantSite("a.py", "python", split_lines(CODE), range(1, 7), {"total": 1})
    for seed in range(9):
        fault = plant(kind, site, Random(seed))
        assert fault is not None
        assert fault.text != CODE
        assert any(text in fault.text for text in texts)


def test_a_guard_is_taken_away() -> None:
    fault = plant("guard", PlantSite("a.py", "python", split_lines(CODE), range(1, 7), {}), Random(1))
    assert fault is not None
    assert (
        fault.text in (CODE.replace("    if not items:\n        return 0\n", ""),)
        or "raise" not in fault.text
    )


@pytest.mark.parametrize(
    ("fact", "holds"),
    [
        (DiffFact("operator", "a.py", 4, "`and` became `or`"), True),
        (DiffFact("operator", "a.py", 4, "`<` became `<=`"), False),
        (DiffFact("gone", "a.py", 2, "the guard `if not items: return 0` is gone from total"), False),
        (DiffFact("gone", "a.py", 5, "`raise ValueError(rate)` is gone from total"), True),
    ],
)
def test_what_holds(fact: DiffFact, holds: bool, tmp_path: Path) -> None:
    new = CODE.replace(" and ", " or ").replace("raise ValueError(rate)", "pass")
    old = CODE.splitlines()
    changed = new.splitlines()
    lines = [(" ", text) for text in old[:3]]
    lines += [("-", text) for text in old[3:5]] + [("+", text) for text in changed[3:5]] + [(" ", old[5])]
    judge = DiffJudge(tmp_path, {"a.py": compared_file("a.py", lines)}, tmp_path)
    assert judge.holds(fact) is holds
