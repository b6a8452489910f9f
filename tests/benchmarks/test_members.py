"""Places where a member follows, what type checkers say of texts there, and the figures."""

from pathlib import Path

import pytest

from assist_context.languages import language_of
from bench.checkers.faults import Fault, line_starts, offset_of
from bench.checkers.pyright import receiver_start, types_of_union
from bench.checkers.selection import checker_of
from bench.members.figures import share, table
from bench.members.judge import with_judgement
from bench.members.places import columns, places
from bench.places.commits import Place
from bench.places.missing import first_invented, part_of, without_blame

PYTHON = language_of("a.py")
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


@pytest.mark.parametrize(
    ("line", "kind", "found"),
    [
        ("        amount = rates.sum(self.items)", "dot", ["sum(self.items)", "items)"]),
        ("        amount = rates.sum(self.items)", "call", ["self.items)"]),
        ("        amount = rates.sum(self.items)", "line", ["amount = rates.sum(self.items)"]),
        ("        amount = rates + 1  # rates.sum(x)", "dot", []),
        ('        amount = "rates.sum(x)" + name', "dot", []),
        ("        amount = rates.sum(", "dot", []),  # its bracket is closed in another line
        ("from shop.cart import Cart", "dot", []),
        ("    def total(self, rates: json.Rates):", "dot", []),
    ],
)
def test_where_a_member_follows(line: str, kind: str, found: list[str]) -> None:
    assert [line[at:] for at in columns(line, kind, PYTHON)] == found


def test_places_of_a_folder_are_the_same_for_a_seed_and_begin_with_those_of_a_smaller_draw(
    tmp_path: Path,
) -> None:
    for name in ("cart.py", "order.py", "test_cart.py", ".venv/lib/json.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(FILE)
    drawn = places(tmp_path, 4)
    assert drawn == places(tmp_path, 4)
    assert drawn[:2] == places(tmp_path, 2)
    assert {place.path for place in drawn} == {"cart.py", "order.py"}
    assert all(place.before + place.truth.rstrip("\n") + place.after == FILE for place in drawn)


def test_a_part_is_the_text_within_its_file() -> None:
    part = part_of(PLACE, "count()", 0)
    assert part.whole[part.first : part.last] == "count()"
    assert part.whole == FILE.replace("sum(self.items)", "count()")


def test_positions_of_checkers_count_in_utf_16() -> None:
    text = 'a = "é😀"\nb = "😀".x\n'
    assert text[offset_of(text, line_starts(text), {"line": 1, "character": 9})] == "x"


def test_the_types_of_a_union() -> None:
    assert types_of_union("list[int | str] | None") == ["list[int | str]", "None"]


@pytest.mark.parametrize(
    ("text", "receiver"),
    [("x = await a.b(c, d)[0].e", "a.b(c, d)[0]"), ("f(self.e", "self"), ('"x".e', '"x"')],
)
def test_the_receiver_of_a_member(text: str, receiver: str) -> None:
    dot = text.rindex(".")
    assert text[receiver_start(text, dot) : dot] == receiver


def test_which_checker_knows_a_file() -> None:
    assert [checker_of(path) for path in ("a.py", "a.ts", "a.tsx", "a.go")] == [
        "pyright", "typescript", "typescript", "",
    ]  # fmt: skip


def test_what_the_commit_itself_is_blamed_for_is_no_fault() -> None:
    found = {
        ("id", "new.name"): [Fault("member", "name", 4)],
        ("id", "new.name(old.x)"): [Fault("member", "name", 4), Fault("member", "x", 13)],
    }
    kept = without_blame(found, {("id", "new.name(old.x)"): ("id", "new.name")})
    assert kept[("id", "new.name(old.x)")] == [Fault("member", "x", 13)]
    assert kept[("id", "new.name")] == [Fault("member", "name", 4)]


def test_a_type_checker_decides_what_exists() -> None:
    assert first_invented([Fault("argument", "key", 0), Fault("member", "amounts", 5)]) == "amounts"
    assert first_invented([Fault("argument", "key", 0)]) == ""


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
