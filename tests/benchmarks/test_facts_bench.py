"""The benchmark of facts: what it calls false."""

from pathlib import Path

import pytest

from assist_context.facts.compared_files import DiffFact, compared_file
from bench.facts.diff_judge import DiffJudge

CODE = """\
def total(items, rate):
    if not items:
        return 0
    if rate < 0 and items:
        raise ValueError(rate)
    return round(sum(items) * rate)
"""


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
