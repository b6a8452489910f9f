"""Codes that do the same: each example is no change, and a fault in it is one."""

import re
from itertools import permutations

import pytest

from assist_context.facts.logic.compared_sides import EditedText
from assist_context.facts.logic.equivalences import examples
from assist_context.facts.logic.logic_changes import logic_changes

PATHS = {"python": "b.py", "typescript": "b.js", "go": "b.go", "rust": "b.rs"}
ROWS = [(language, codes) for language, codes in examples()]
OTHER_NAME = re.compile(r"\bf\b")
# One token for another, in the new code; the first that is there.
FAULTS = [
    (" not in ", " in "), ("if not ", "if "), (" in d", " not in d"), ("!==", "==="), (" != ", " == "),
    (" == ", " != "), (" < ", " <= "), (" > ", " >= "), (" >= ", " > "), ("false", "true"), ("False", "True"),
    ("+=", "-="), ("any(", "all("), ("all(", "any("), ("is_empty", "is_ascii"), ("&&", "||"), (".some(", ".every("),
    ("map_or", "map_and"), ("setdefault", "get"), ("return True", "return False"), (" or ", " and "),
]  # fmt: skip


@pytest.mark.parametrize("language", PATHS)
def test_examples_do_the_same_in_functions_of_any_name(language: str) -> None:
    asked = []
    for codes in [codes for name, codes in ROWS if name == language]:
        first, *others = [OTHER_NAME.sub("other", code) for code in codes]
        for before, after in [pair for other in others for pair in permutations((first, other))]:
            found = logic_changes([EditedText(PATHS[language], before, after)], "tidy up")
            asked += [(before, after, found)] if found else []
    assert not asked


def planted(code: str) -> str:
    """The code with the first fault that it has a place for."""
    return next((code.replace(old, new, 1) for old, new in FAULTS if old in code), code)


@pytest.mark.parametrize("language", PATHS)
def test_a_fault_in_what_is_exchanged_is_told(language: str) -> None:
    missed = []
    count = 0
    for codes in [codes for name, codes in ROWS if name == language]:
        for before, after in permutations(codes, 2):
            wrong = planted(after)
            if wrong == after:
                continue
            count += 1
            if not logic_changes([EditedText(PATHS[language], before, wrong)], "tidy up"):
                missed.append((before, wrong))
    assert count >= 4
    assert not missed, missed
