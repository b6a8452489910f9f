"""The benchmark of the logic guard: what it plants, and which edits a program makes."""

import random

import pytest

from assist_context.facts.logic.compared_sides import EditedText
from assist_context.facts.logic.logic_changes import logic_changes
from bench.logic.faults import KINDS, LogicFaultKind, plant_logic
from bench.logic.samples import LISTS, Refactoring, listed_commits

BEFORE = "def f(a, b):\n    if a not in b and not a:\n        return g(a)\n    log(any(a))\n    a.b = a.c\n    raise E(b, 10)\n"
EDIT = Refactoring("x", "commit", "tidy", (EditedText("a.py", BEFORE, BEFORE.replace("f(a", "f_now(a")),))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_fault_is_planted_into_the_new_text_and_held_back(kind: LogicFaultKind) -> None:
    for seed in range(5):
        fault = plant_logic(EDIT, kind, random.Random(seed))
        assert fault is not None
        (text,) = fault.edit.texts
        assert (text.before, text.after != EDIT.texts[0].after) == (BEFORE, True)
        assert logic_changes(fault.edit.texts, fault.edit.wish)


def test_the_lists_of_commits_share_none() -> None:
    lists = [
        {(name, commit) for name, commits in listed_commits(group).items() for commit in commits}
        for group in LISTS
    ]
    assert all(lists)
    assert sum(map(len, lists)) == len(set.union(*lists))
    assert not listed_commits("seen").keys() & listed_commits("held out").keys()
