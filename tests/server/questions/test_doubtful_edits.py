"""Which edits of a small model a person must look at though they can be made."""

import pytest

from assist_completion.inference.doubts import Doubt
from assist_context.languages import language_of
from assist_escalation.edits.plan import EditPlan, EditTarget, FileChange, hash_text
from assist_escalation.prompts import Prompt
from assist_server.questions.doubtful_edits import add_doubts, asks_for_behaviour, turned_logic, unmet_wish
from assist_server.questions.draft import Draft, Evidence, Question
from assist_server.questions.instructions import AnswerForm

OLD = "LIMIT = 3\n\n\ndef f(a):\n    # a comment\n    return a + LIMIT\n"


def reasons(after: str, command: str = "refactor", path: str = "a.py", before: str = OLD) -> tuple[str, ...]:
    draft = Draft(Prompt(command, ()), AnswerForm("whole", "```"), Evidence(), EditTarget(path, 4, 6, "f"))
    edit = EditPlan((FileChange(path, hash_text(before), None, before, after),))
    return add_doubts(edit, draft, None).unsure


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (OLD.replace("a + LIMIT", "LIMIT + a"), ()),
        (OLD.replace("    # a comment\n", ""), ("a.py: nothing but comments and blank lines changes",)),
        (OLD.replace("a comment", "b\n\n    # c"), ("a.py: nothing but comments and blank lines changes",)),
        (f"{OLD}\n\ndef more(a):\n    return a\n", ("a.py: nothing uses the new more",)),
        (OLD.replace("    return", "return"), ()),
        (OLD.replace("a + LIMIT", "more(a)") + "\n\ndef more(a):\n    return a + LIMIT\n", ()),
    ],
)
def test_edits_that_say_nothing_are_doubtful(after: str, expected: tuple[str, ...]) -> None:
    assert reasons(after) == expected


def test_lost_decorators_and_imports_of_other_languages_are_doubtful() -> None:
    marked = "@cache\ndef f(a):\n    return a\n"
    assert reasons(marked.replace("@cache\n", ""), before=marked) == ("a.py: @cache is gone",)
    assert reasons(f"import os\n{marked}", before=marked) == ()
    rust = "fn f() -> u8 {\n    1\n}\n"
    found = reasons("use std::io;\n" + rust.replace("1", "2"), path="a.rs", before=rust)
    assert found == ("a.rs: it adds an import, which may not exist",)


def test_a_file_without_comments_has_none() -> None:
    assert language_of("a.unknown").comment == ""
    assert reasons("a\n", path="a.unknown", before="a\n\n") == ()


@pytest.mark.parametrize(
    ("command", "words", "expected"),
    [
        ("refactor", "", False),
        ("refactor", "use a constant for the schemes", False),
        ("refactor", "add type hints", False),
        ("refactor", "early return instead of the else", False),
        ("refactor", "rename handle_error to raise_error", False),
        ("refactor", "remove the duplication", False),
        ("refactor", "invert the if and split it", False),
        ("refactor", "turn this into a comprehension, no loop", False),
        ("refactor", "put the default timeout into a constant", False),
        ("refactor", "something odd", False),
        ("refactor", "return directly instead of reassigning the tag", False),
        ("refactor", "compute the length once, in a variable", False),
        ("refactor", "check both with one call and return the combined condition", False),
        ("refactor", "use an array for the check of both", False),
        ("refactor", "use the default when empty", True),
        ("refactor", "compute the tax too", True),
        ("refactor", "round at the end", True),
        ("refactor", "extract a helper and log each call", True),
        ("refactor", "it should raise ValueError for negative numbers", True),
        ("refactor", "return 0 for an empty cart", True),
        ("refactor", "add a check", True),
        ("refactor", "add a parameter for the currency", True),
        ("fix", "", True),
        ("fix", "IndexError on an empty cart", True),
        ("fix", "the type hints", False),
        ("fix", "rename it, and handle None", True),
        ("test", "tidy", True),
    ],
)
def test_which_wishes_ask_for_other_behaviour(command: str, words: str, expected: bool) -> None:
    assert asks_for_behaviour(command, words) is expected


def test_turned_logic_is_told_by_its_line_and_file() -> None:
    edit = EditPlan((FileChange("a.py", hash_text(OLD), None, OLD, OLD.replace("+", "-").replace("3", "4")),))
    assert turned_logic(edit, Question("refactor", "tidy up")) == (
        "line 1 of a.py: `3` became `4`, although you did not ask for it",
        "line 6 of a.py: `+` became `-`, although you did not ask for it",
    )
    assert turned_logic(edit, Question("refactor", "raise the limit")) == ()
    many = "".join(f"f({number})\n" for number in range(9))
    edit = EditPlan((FileChange("a.py", hash_text(many), None, many, many.replace("f(", "f(1")),))
    assert turned_logic(edit, Question("refactor"))[-1].endswith(
        "more such changes, although you did not ask for it"
    )


NESTED = (
    "def f(items):\n    for item in items:\n        if item:\n            use(item)\n            keep(item)\n"
)
FLAT = "def f(items):\n    for item in items:\n        if not item:\n            continue\n        use(item)\n        keep(item)\n"
CHAIN = "def f(a):\n    if a:\n        return 1\n    else:\n        return 2\n"
DEEPER = "no line is nested less than before, although you asked for it"


@pytest.mark.parametrize(
    ("words", "before", "after", "expected"),
    [
        ("continue early to reduce the nesting", NESTED, FLAT, ()),
        ("continue early", NESTED, f"{NESTED}        else:\n            continue\n", (DEEPER,)),
        ("use a guard clause", CHAIN, CHAIN.replace("    else:\n        return", "    return"), ()),
        ("drop the else", CHAIN, CHAIN.replace("return 2", "return 3"), (DEEPER,)),
        ("tidy up", CHAIN, CHAIN.replace("return 2", "return 3"), ()),
        (
            "extract a helper _is_set(a)",
            CHAIN,
            CHAIN,
            ("nothing is named _is_set, although you asked for it",),
        ),
        ("extract a helper _is_set(a)", CHAIN, f"{CHAIN}\n\ndef _is_set(a):\n    return a\n", ()),
        ("move it into `flag`", CHAIN, CHAIN, ("nothing is named flag, although you asked for it",)),
        ("do it as in other_function", CHAIN, CHAIN, ()),
        ("use f instead of old_f", CHAIN, CHAIN, ()),
        ("extract the check into lib/check_flag.py", CHAIN, CHAIN, ()),
    ],
)
def test_what_a_wish_asks_for_and_an_edit_does_not_do(
    words: str, before: str, after: str, expected: tuple[str, ...]
) -> None:
    edit = EditPlan((FileChange("a.py", hash_text(before), None, before, after),))
    assert unmet_wish(edit, Question("refactor", words)) == expected
    assert unmet_wish(edit, Question("fix", words)) == ()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("return LIMIT - a", "and its edit of that line does not correct it"),
        ("return a + LIMIT\n    return 1", "and edited something else"),
    ],
)
def test_a_reason_does_not_contradict_the_diff(code: str, words: str) -> None:
    draft = Draft(
        Prompt("fix", ()), AnswerForm("whole", "```"), Evidence(), EditTarget("a.py", 4, 6, "f"),
        old="def f(a):\n    # a comment\n    return a + LIMIT\n",
    )  # fmt: skip
    after = OLD.replace("return a + LIMIT", code)
    edit = EditPlan((FileChange("a.py", hash_text(OLD), None, OLD, after),))
    doubt = Doubt(2, draft.old.index(" +"), " +", " -", 9.0)
    assert add_doubts(edit, draft, doubt).unsure == (
        f"a.py: the model was least sure about `+` in line 6, {words}",
    )


def test_a_fix_without_a_doubt_is_doubtful() -> None:
    assert reasons(OLD.replace("+", "-"), "fix") == ("a.py: the model is sure of every line of this code",)
