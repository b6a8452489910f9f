"""Which edits of a small model a person must look at though they can be made."""

import pytest

from assist_context.languages import language_of
from assist_escalation.edits.plan import EditPlan, EditTarget, FileChange, sha256_of
from assist_escalation.prompts import Prompt
from assist_server.questions.doubtful_edits import with_doubts
from assist_server.questions.draft import Draft, Evidence
from assist_server.questions.instructions import AnswerForm

OLD = "LIMIT = 3\n\n\ndef f(a):\n    # a comment\n    return a + LIMIT\n"


def reasons(after: str, command: str = "refactor", path: str = "a.py", before: str = OLD) -> tuple[str, ...]:
    draft = Draft(Prompt(command, ()), AnswerForm("whole", "```"), Evidence(), EditTarget(path, 4, 6, "f"))
    edit = EditPlan((FileChange(path, sha256_of(before), None, before, after),))
    return with_doubts(edit, draft, None).unsure


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


def test_a_fix_without_a_doubt_is_doubtful() -> None:
    assert reasons(OLD.replace("+", "-"), "fix") == ("a.py: the model doubts no line of this code",)
