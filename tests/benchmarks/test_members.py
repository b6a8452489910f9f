"""What type checkers say of texts where a member follows, and the figures."""

import pytest

from bench.checkers.faults import Fault
from bench.members.figures import share, table
from bench.members.judge import with_judgement
from bench.places.commits import Place
from bench.places.missing import without_blame

FILE = """\
import json


class Cart:
    def total(self, rates):
        amount = rates.sum(self.items)
        return json.dumps(amount)
"""
PLACE = Place(
    "id", "shop", "shop.py", "dot", FILE.partition("sum")[0], "\n" + FILE.partition("items)\n")[2],
    "sum(self.items)\n", FILE,
)  # fmt: skip


def test_what_the_commit_itself_is_blamed_for_is_no_fault() -> None:
    found = {
        ("id", "new.name"): [Fault("member", "name", 4)],
        ("id", "new.name(old.x)"): [Fault("member", "name", 4), Fault("member", "x", 13)],
    }
    kept = without_blame(found, {("id", "new.name(old.x)"): ("id", "new.name")})
    assert kept[("id", "new.name(old.x)")] == [Fault("member", "x", 13)]
    assert kept[("id", "new.name")] == [Fault("member", "name", 4)]


def _row(nothing: str, check: str) -> dict[str, object]:
    arm = {"replace": 0, "reason": "", "tokens": 5, "ms": 800}
    arms = {
        "written": {**arm, "text": nothing},
        "nothing": {**arm, "text": nothing},
        "check": {**arm, "text": check},
    }
    facts = {"kind": "dot", "language": "python", "from": "young", "look_up_ms": 1.0, "late": False}
    return {**facts, "refuted": ["accesses count"] if nothing != check else [], "arms": arms}


@pytest.mark.parametrize(
    ("nothing", "check", "refused"),
    [
        ("count(self.items)", "", "rightly"),
        ("count(self.items)", "sum(self.items)", "rightly"),
        ("count(self.items)", "count(self.items)", ""),
        ("sum(self.items)", "", "wrongly"),
        ("sum(self.count)", "sum(", "rightly"),
        ("", "sum(self.items)", ""),
    ],
)
def test_a_text_is_refused_rightly_if_what_is_taken_from_it_does_not_exist(
    nothing: str, check: str, refused: str
) -> None:
    known = {
        ("id", text): [Fault("member", "count", text.index("count"))]
        for text in (nothing, check)
        if "count" in text
    }
    row = with_judgement(_row(nothing, check), PLACE, known)
    assert row["refused"] == refused
    assert row["arms"]["check"]["right"] == (check == "sum(self.items)")


def test_the_figures_of_each_arm() -> None:
    known = {("id", "count()"): [Fault("member", "count", 0)]}
    rows = [
        with_judgement(_row(*texts), PLACE, known) for texts in (("count()", ""), ("sum(self.items)",) * 2)
    ]
    lines = table(rows)
    assert "| all | 2 | nothing | 2 | 1 of 2," in "\n".join(lines)
    assert f"refused: 1; rightly {share(1, 1)}" in lines
    assert "right texts that the check took away: 0" in lines
