"""The benchmark of turned statements: what it plants."""

import random

import pytest

from assist_context.facts.operator_changes import EditedText, operator_changes
from bench.edits.planted_faults import KINDS, LogicFaultKind, RefactoringCommit, plant_fault

BEFORE = "def f(a, b):\n    if a not in b and not a:\n        return g(a)\n    log(any(a))\n    a.b = a.c\n    raise E(b, 10)\n"
EDIT = RefactoringCommit(
    "x", "known", "tidy", (EditedText("a.py", BEFORE, BEFORE.replace("f(a", "f_now(a")),)
)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_fault_is_planted_into_the_new_text_and_held_back(kind: LogicFaultKind) -> None:
    for seed in range(5):
        fault = plant_fault(EDIT, kind, random.Random(seed))
        assert fault is not None
        (text,) = fault.edit.texts
        assert (text.before, text.after != EDIT.texts[0].after) == (BEFORE, True)
        assert operator_changes(fault.edit.texts, fault.edit.wish)
