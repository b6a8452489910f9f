"""What a name stood for stays defined, and code that loses most of its statements is asked about."""

import pytest

from assist_escalation.edits.plan import Base, EditError, EditTarget, FileChange, hash_text
from assist_escalation.edits.planner import plan
from assist_escalation.edits.sanity_checks import find_removals

BODY = "    a = 1\n    b = 2\n    c = 3\n    return a\n"
OLD = f"import os\n\n\ndef one():\n{BODY}\n\ndef two():\n{BODY}\n\ndef three():\n{BODY}"
JAVA = "class A {\n  int f() {\n    return 1;\n  }\n  int g() { return 2; }\n}\n"


def removals(after: str, before: str = OLD, path: str = "a.py") -> tuple[str, ...]:
    return find_removals(FileChange(path, hash_text(before), None, before, after))


@pytest.mark.parametrize("block", ["x", "nothing = 1", "def other():\n    pass", "# one\n", "print('one')"])
def test_a_block_that_does_not_define_the_name_is_refused(block: str) -> None:
    scope = {"a.py": Base("a.py", OLD, hash_text(OLD))}
    with pytest.raises(EditError, match="does not define one:"):
        plan(f"```python\n{block}\n```\n", scope, EditTarget("a.py", 4, 8, "one"))


def test_a_method_is_read_in_its_class() -> None:
    scope = {"A.java": Base("A.java", JAVA, hash_text(JAVA))}
    target = EditTarget("A.java", 2, 4, "f")
    made = plan("```java\nint f() {\n  return 3;\n}\n```\n", scope, target)
    assert "  int f() {\n    return 3;\n  }\n" in made.changes[0].after
    with pytest.raises(EditError, match="does not define f:"):
        plan("```java\nint h() {\n  return 3;\n}\n```\n", scope, target)


def test_a_definition_that_loses_most_of_its_statements_is_named() -> None:
    emptied = OLD.replace(f"two():\n{BODY}", "two():\n    pass\n")
    assert removals(emptied) == ("two of a.py would have 2 of its 5 statements",)
    assert removals(OLD.replace(f"\n\ndef two():\n{BODY}", "")) == (
        "two of a.py would have 0 of its 5 statements",
    )
    assert removals("x = 1\n") == ("a.py would have 1 of its 16 statements",)


def test_code_added_elsewhere_does_not_hide_what_is_gone() -> None:
    more = OLD.replace(f"two():\n{BODY}", "two():\n    pass\n") + f"\n\ndef four():\n{BODY * 9}"
    assert removals(more) == ("two of a.py would have 2 of its 5 statements",)


def test_everyday_changes_are_not_named() -> None:
    for after in (
        OLD.replace("def two", "def second"),
        OLD.replace("    a = 1\n    b = 2\n", "    a, b = 1, 2\n"),
        OLD.replace("    b = 2\n    c = 3\n", ""),
        f"{OLD}\n\ndef four():\n    return 4\n",
    ):
        assert removals(after) == ()
    assert removals("one\n" * 5, "one\n" * 9, "a.txt") == ()


@pytest.mark.parametrize("path", ["a.txt", "a.css", "a.sql", "main.tf", "a.yaml", "a.md"])
def test_lines_count_where_there_is_no_grammar(path: str) -> None:
    assert removals("a\n", "a\n\n" + "b\nc\n" * 4, path) == (f"{path} would have 1 of its 9 statements",)


def test_definitions_with_the_same_name_are_kept_apart() -> None:
    body = BODY.replace("    ", "        ")
    getter = f"    @property\n    def size(self):\n{body}\n"
    setter = f"    @size.setter\n    def size(self, value):\n{body}"
    before = f"class A:\n{getter}{setter}"
    after = f"class A:\n{getter}{setter.replace(body, '        pass' + chr(10))}"
    (named,) = removals(after, before)
    assert named.startswith("A.size (2) of a.py would have")


def test_the_plan_asks() -> None:
    answer = f"a.py\n<<<<<<< SEARCH\ndef one():\n{BODY}=======\ndef one():\n    pass\n>>>>>>> REPLACE\n"
    text = f"def one():\n{BODY}"
    assert plan(answer, {"a.py": Base("a.py", text, hash_text(text))}).asks
