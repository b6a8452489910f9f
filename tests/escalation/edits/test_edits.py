"""Plans: scope, checks, the bugs of other tools that apply edits, and the whole form."""

import subprocess
from pathlib import Path

import pytest

from assist_escalation.edits.plan import (
    Base,
    EditError,
    EditPlan,
    EditTarget,
    diff,
    hash_text,
)
from assist_escalation.edits.planner import plan


def scope_of(**texts: str) -> dict[str, Base]:
    """`a_py="..."` is the file a.py."""
    paths = {name.replace("__", "/").replace("_", "."): text for name, text in texts.items()}
    return {path: Base(path, text, hash_text(text), 3) for path, text in paths.items()}


def block(path: str, search: str, replace: str) -> str:
    return f"{path}\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


def afters(result: EditPlan) -> dict[str, str]:
    return {change.path: change.after for change in result.changes}


def test_no_other_file_is_tried_when_the_named_one_does_not_fit() -> None:
    with pytest.raises(EditError, match=r"0 times in a\.py"):
        plan(block("a.py", "y = 1\n", "y = 2\n"), scope_of(a_py="x = 1\n", b_py="y = 1\n"))


def test_nothing_passes_when_another_block_fails() -> None:
    answer = block("a.py", "x = 1\n", "x = 2\n") + block("b.py", "z\n", "y\n")
    with pytest.raises(EditError, match="block 2"):
        plan(answer, scope_of(a_py="x = 1\n", b_py="y = 1\n"))


def test_an_answer_with_wrong_indentation_takes_no_twin_at_another_depth() -> None:
    text = "a = 1\nb = 1\n    a = 1\n    c = 1\n"
    shift = block("a.txt", "  c = 1\n", "  c = 2\n")
    with pytest.raises(EditError, match="2 times"):
        plan(block("a.txt", "a = 1\n", "a = 2\n") + shift, scope_of(a_txt=text))
    result = plan(block("a.txt", "b = 1\n", "b = 2\n") + shift, scope_of(a_txt=text))
    assert afters(result)["a.txt"] == text.replace("b = 1", "b = 2").replace("c = 1", "c = 2")


def test_planning_makes_no_file(tmp_path: Path) -> None:
    path = (tmp_path / "new.py").as_posix()
    assert afters(plan(block(path, "", "x\n"), {}, create={path})) == {path: "x\n"}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["../a.py", "/etc/passwd", "src/../../a.py", "A.py", "b.py"])
def test_a_path_out_of_scope_is_refused(path: str) -> None:
    with pytest.raises(EditError, match="not for a file of this request"):
        plan(block(path, "", "x = 2\n"), scope_of(a_py="x = 1\n"), create={"new.py"})


@pytest.mark.parametrize("path", [".git/config", ".env", "a/.git/hooks/x", "id_rsa"])
def test_denied_files_are_never_edited(path: str) -> None:
    with pytest.raises(EditError, match="never edits"):
        plan(block(path, "", "x\n"), {}, create={path})


def test_protected_files_are_listed() -> None:
    create = {
        "a.py",
        "package.json",
        ".github/workflows/ci.yml",
        "tests/conftest.py",
        "poetry.lock",
        "Makefile",
    }
    result = plan("".join(block(path, "", "1\n") for path in sorted(create)), {}, create=create)
    assert set(result.protected) == create - {"a.py"}


@pytest.mark.parametrize(
    ("replace", "says"),
    [
        ("x = (1\n", "syntax error"),
        ("# ... rest of the code\n", "left out"),
        ("# existing code here\n", "left out"),
        ("x = 2\n...\n", "left out"),
        ("x = 2  # (unchanged)\n", "left out"),
        ("'''\n<<<<<<< HEAD\n'''\n", "conflict markers"),
        ("x = '__SECRET_AWS_ab12_1__'\n", "placeholders"),
        ("x = '\ufeff'\n", "byte order mark"),
        ("x = 1\n", "changes nothing"),
        ("x = '" + "é" * 600_000 + "'\n", "bytes"),
        ("x = '\ud800'\n", "half"),
    ],
)
def test_what_an_edit_must_not_leave(replace: str, says: str) -> None:
    with pytest.raises(EditError, match=says):
        plan(block("a.py", "x = 1\n", replace), scope_of(a_py="x = 1\n"))


@pytest.mark.parametrize(
    "replace",
    [
        "def f(): ...\n",
        "class A:\n    ...\n",
        "# the rest of the file is read lazily\n",
        "u = 'http://...'\n",
    ],
)
def test_what_only_looks_like_an_elision(replace: str) -> None:
    assert afters(plan(block("a.py", "x = 1\n", replace), scope_of(a_py="x = 1\n"))) == {"a.py": replace}


def test_what_was_wrong_before_does_not_count() -> None:
    text = "x = (\n# ... rest of code\n'__SECRET_A_1__'\ny\n"
    assert afters(plan(block("a.py", "y\n", "z\n"), scope_of(a_py=text)))["a.py"] == text[:-2] + "z\n"


def test_an_empty_file_takes_an_empty_search_and_others_do_not() -> None:
    assert afters(plan(block("a.py", "", "x = 1\n"), scope_of(a_py="\ufeff")))["a.py"] == "\ufeffx = 1\n"
    with pytest.raises(EditError, match="search is empty"):
        plan(block("a.py", "", "x = 1\n"), scope_of(a_py="y\n"))
    with pytest.raises(EditError, match="does not exist"):
        plan(block("b.py", "x\n", "y\n"), {}, create={"b.py"})


def test_a_base_that_is_not_its_hash_is_refused() -> None:
    with pytest.raises(EditError, match="does not match its sha256"):
        plan(block("a.py", "x\n", "y\n"), {"a.py": Base("a.py", "x\n", hash_text("z"))})


CLASS = "import os\n\n\nclass A:\n    def f(self):\n        return 1\n\n    def g(self):\n        return 2\n"
F = EditTarget("a.py", 5, 6, "A.f")


@pytest.mark.parametrize(
    "code",
    [
        "def f(self):\n    return 3\n",
        "    def f(self):\n        return 3\n",
        "import os\n\ndef f(self):\n    return 3\n",
        "\tdef f(self):\n\t\treturn 3\n",
        "  def f(self):\n    return 3\n",
        "def f(self):\n\treturn 3\n",
        "def f(self):\n        return 3\n",
    ],
)
def test_a_whole_function_takes_its_place(code: str) -> None:
    answer = f"Here:\n```python\n{code}```\nand so it prints\n```\n3\n```\n"
    assert afters(plan(answer, scope_of(a_py=CLASS), F))["a.py"] == CLASS.replace("return 1", "return 3")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("def f(self):\n    return 3\n", "no fenced block"),
        ("```python\ndef f(self):\n    return 3\n", "cut off"),
        ("```python\nclass A:\n    def f(self):\n        return 3\n```\n", "does not define"),
        (
            "```python\ndef f(self):\n    return 3\n```\n```python\ndef f(self):\n    return 4\n```\n",
            "2 fenced",
        ),
        (
            "```python\ndef f(self):\n    return 3\n\ndef g(self):\n    return 4\n\ndef h(self):\n    pass\n```\n",
            "also defines h",
        ),
        (
            "```python\ndef f(self):\n    return self.g(1)\n\ndef g(self, a):\n    return a\n```\n",
            "also defines g",
        ),
        (
            "```python\ndef f(self):\n    return h()\n\ndef g(self):\n    return 2\n\nclass H:\n    pass\n```\n",
            "defines H",
        ),
        ("```python\n\tdef f(self):\n\t  return 3\n\t   pass\n```\n", "indented differently"),
        ("```python\n\n```\n", "does not define|empty"),
        ("```python\ndef f(self):\n    # ... existing code ...\n    return 3\n```\n", "left out"),
    ],
)
def test_a_whole_function_that_is_not_certain(answer: str, says: str) -> None:
    with pytest.raises(EditError, match=says):
        plan(answer, scope_of(a_py=CLASS), F)


@pytest.mark.parametrize(
    ("above", "says"),
    [
        ("from te import NoReturn", "imports te, which nothing else"),
        ("import te", "imports te, which nothing else"),
        ("from re import match", ""),
        ("from os.path import NoReturn", ""),
        ("from .here import NoReturn", ""),
    ],
)
def test_modules_that_no_one_knows_are_not_imported(above: str, says: str) -> None:
    answer = f"```python\n{above}\n\ndef f(self) -> NoReturn:\n    te.match()\n```\n"
    if says:
        with pytest.raises(EditError, match=says):
            plan(answer, scope_of(a_py=CLASS), F)
    else:
        assert above in plan(answer, scope_of(a_py=CLASS), F).changes[0].after


def test_imports_that_the_code_does_not_use_are_left_out() -> None:
    answer = "```python\nimport json\nimport re\n\ndef f(self):\n    return re.compile('a')\n```\n"
    after = plan(answer, scope_of(a_py=CLASS), F).changes[0].after
    assert after == CLASS.replace("import os\n", "import os\nimport re\n").replace("1", "re.compile('a')")


@pytest.mark.parametrize(
    ("before", "above", "after"),
    [
        # Only the code in question, or another function, had it; for type checkers only; another module's.
        ("def g():\n    from json import dumps\n", "from json import dumps", True),
        ("if TYPE_CHECKING:\n    from json import dumps\n", "from json import dumps", True),
        ("from os import dumps\n", "from json import dumps", False),
        ("from json import (\n    dumps,\n)\n", "from json import dumps", None),
        ("", "from __future__ import annotations", None),
        ("", "import json as dumps", True),
    ],
)
def test_an_import_is_left_out_only_if_the_file_has_it(before: str, above: str, after: bool | None) -> None:
    text = f"import os\n{before}\n\ndef f(a):\n    return a\n"
    first = text.count("\n") - 1
    answer = f"```python\n{above}\n\ndef f(a):\n    return dumps(a)\n```\n"
    target = EditTarget("a.py", first, first + 1, "f")
    if after is False:
        with pytest.raises(EditError, match=r"imports dumps, but a\.py has a different one"):
            plan(answer, scope_of(a_py=text), target)
    else:
        assert (above in plan(answer, scope_of(a_py=text), target).changes[0].after) is bool(after)


def test_an_import_may_name_again_what_the_file_imports_from_there() -> None:
    text = "from shop import (\n    Cart,\n    Order,\n)\n\n\ndef test_a():\n    assert Cart\n"
    answer = "```python\nfrom shop import Cart, Price\n\n\ndef test_b():\n    assert Price(Cart)\n```\n"
    made = plan(answer, scope_of(a_py=text), EditTarget("a.py", 9, 8, tests=True))
    assert "from shop import Cart, Price\n" in made.changes[0].after


def test_new_imports_go_below_one_of_several_lines() -> None:
    text = '"""\nimport nothing\n"""\nfrom os import (  # noqa\n    sep,\n)\n\n\ndef f(a):\n    return a\n'
    answer = (
        "```python\n    import re\n    from os import sep\n\ndef f(a):\n    return re.escape(a + sep)\n```\n"
    )
    edit = plan(answer, scope_of(a_py=text), EditTarget("a.py", 9, 10, "f"))
    after = text.replace("sep,\n)\n", "sep,\n)\nimport re\n").replace("return a", "return re.escape(a + sep)")
    assert edit.changes[0].after == after


@pytest.mark.parametrize(
    ("file", "above"),
    [
        ("import datetime", "from datetime import datetime"),
        ("from json import loads as datetime", "import datetime"),
        ("def datetime(): pass", "import datetime"),
    ],
)
def test_no_import_takes_a_name_away_from_the_rest_of_the_file(file: str, above: str) -> None:
    text = f"import os\n{file}\n\n\ndef f(a):\n    return a\n"
    answer = f"```python\n{above}\n\ndef f(a):\n    return datetime.now(a)\n```\n"
    with pytest.raises(EditError, match="imports datetime, but"):
        plan(answer, scope_of(a_py=text), EditTarget("a.py", 5, 6, "f"))


@pytest.mark.parametrize(
    ("below", "note"),
    [
        ("print(f(1))", "lines below"),
        ("if __name__ == '__main__':\n    print(f(1))", "lines below"),
        ("# what g was\ndef g(self):\n    return 9\n\nprint(f(1))", "left out g"),
    ],
)
def test_what_a_model_writes_on_below_the_code_in_question_is_left_out(below: str, note: str) -> None:
    answer = f"```python\ndef f(self):\n    return 3\n\n{below}\n```\n"
    edit = plan(answer, scope_of(a_py=CLASS), F)
    assert edit.changes[0].after == CLASS.replace("return 1", "return 3")
    assert any(note in each for each in edit.notes)


PROPERTY = """\
class A:
    @property
    def f(self):
        return 1

    @f.setter
    def f(self, value):
        pass
"""
BLOCKS = [
    pytest.param(
        "def f(a):\n    return a\n\n\nf(1)\n",
        "def f(a):\n    return 2 * a\n\n\nf(2)\n",
        EditTarget("a.py", 1, 5, "f"),
        "def f(a):\n    return 2 * a\n\n\nf(2)\n",
        id="statements that were asked about stay",
    ),
    pytest.param(
        "try:\n    from ujson import dumps\nexcept ImportError:\n    def dumps(a):\n        return a\n",
        "def dumps(a):\n    return str(a)\n",
        EditTarget("a.py", 4, 5, "dumps"),
        "try:\n    from ujson import dumps\nexcept ImportError:\n    def dumps(a):\n        return str(a)\n",
        id="a fallback has the name of its import",
    ),
    pytest.param(
        "from shop import Wrong\n\n\ndef f():\n    return 1\n",
        "class Wrong(Exception):\n    pass\n\n\ndef f():\n    raise Wrong\n",
        EditTarget("a.py", 4, 5, "f"),
        "from shop import Wrong\n\n\ndef f():\n    raise Wrong\n",
        id="a name that the file imports is not defined again",
    ),
    pytest.param(
        "import os\n\n\ndef f():\n    return 1\n",
        "def one():\n    return 1\n\n\ndef f():\n    return one()\n",
        EditTarget("a.py", 4, 5, "f"),
        "import os\n\n\ndef one():\n    return 1\n\n\ndef f():\n    return one()\n",
        id="a new helper stays",
    ),
    pytest.param(
        PROPERTY,
        "@property\ndef f(self):\n    return 3\n",
        EditTarget("a.py", 2, 4, "A.f"),
        PROPERTY.replace("return 1", "return 3"),
        id="a name that was there twice may be defined again",
    ),
]


@pytest.mark.parametrize(("text", "code", "target", "after"), BLOCKS)
def test_what_stands_around_the_code_in_question(
    text: str, code: str, target: EditTarget, after: str
) -> None:
    edit = plan(f"```python\n{code}```\n", scope_of(a_py=text), target)
    assert edit.changes[0].after == after


def test_a_comment_of_the_code_in_question_stays() -> None:
    answer = "```python\ndef f(self):\n    return 3\n    # keep me\n\n# g\ndef g(self):\n    return 2\n```\n"
    edit = plan(answer, scope_of(a_py=CLASS), F)
    assert "return 3\n        # keep me\n\n    def g" in edit.changes[0].after


def test_imports_alone_are_no_edit() -> None:
    rust = "use std::fs;\n\nfn f() -> u8 {\n    1\n}\n"
    answer = "```rust\nuse std::io;\n\nfn f() -> u8 {\n    1\n}\n```\n"
    with pytest.raises(EditError, match="changes only imports"):
        plan(answer, {"a.rs": Base("a.rs", rust, hash_text(rust))}, EditTarget("a.rs", 3, 5, "f"))


def test_a_constant_of_the_file_is_not_set_again() -> None:
    text = "LIMIT = 3\n\n\ndef g():\n    return LIMIT\n\n\ndef f():\n    return 1\n"
    answer = "```python\nLIMIT = 50\n\ndef f():\n    return LIMIT\n```\n"
    with pytest.raises(EditError, match="also defines LIMIT"):
        plan(answer, scope_of(a_py=text), EditTarget("a.py", 8, 9, "f"))
    edit = plan(answer.replace("50", "3"), scope_of(a_py=text), EditTarget("a.py", 8, 9, "f"))
    assert edit.changes[0].after == text.replace("return 1", "return LIMIT")


def test_the_fence_is_that_of_the_code_in_question_not_of_the_whole_file() -> None:
    text = 'def g():\n    """\n```\n    """\n\n\ndef f():\n    return 1\n'
    answer = "```python\ndef f():\n    return 2\n```\n"
    edit = plan(answer, scope_of(a_py=text), EditTarget("a.py", 7, 8, "f"))
    assert edit.changes[0].after == text.replace("return 1", "return 2")
    with pytest.raises(EditError, match="4 were asked for"):
        plan(answer.replace("f()", "g()"), scope_of(a_py=text), EditTarget("a.py", 1, 4, "g"))


def test_a_whole_file_keeps_its_ends_and_its_mark() -> None:
    text = "\ufeffx = 1\r\ny = 2\nz = 3"
    answer = "```python\nx = 1\ny = 5\nz = 3\n```\n"
    assert (
        afters(plan(answer, scope_of(a_py=text), EditTarget("a.py", 1, 3)))["a.py"]
        == "\ufeffx = 1\r\ny = 5\nz = 3"
    )


IMPORTING = "import os\n\n\nclass A:\n    def f(self):\n        return os.sep\n"


@pytest.mark.parametrize(
    ("above", "after", "note"),
    [
        ("import os\n", IMPORTING, "left out 1 imports above f, which the file has"),
        (
            "import re\n",
            IMPORTING.replace("import os\n", "import os\nimport re\n"),
            "go below the file's own",
        ),
        (
            "from other import A\nfrom os import sep\n",
            IMPORTING.replace("os\n", "os\nfrom os import sep\n", 1),
            "left out 1",
        ),
        (
            "import os\nimport re\n\n",
            IMPORTING.replace("import os\n", "import os\nimport re\n"),
            "left out 1",
        ),
    ],
)
def test_imports_above_a_function_go_to_the_top_of_the_file(above: str, after: str, note: str) -> None:
    answer = f"```python\n{above}def f(self):\n    return sep(re.escape(os.sep))\n```\n"
    edit = plan(answer, scope_of(a_py=IMPORTING), EditTarget("a.py", 5, 6, "f"))
    assert edit.changes[0].after == after.replace("os.sep", "sep(re.escape(os.sep))")
    assert any(note in each for each in edit.notes)


@pytest.mark.parametrize(
    ("text", "above"),
    [
        (IMPORTING.removeprefix("import os\n"), "import re\n"),  # the file has no imports to put it below
        (IMPORTING, "from re import (\n"),
    ],
)
def test_imports_without_a_sure_place_are_refused(text: str, above: str) -> None:
    line = text.count("\n") - 1
    answer = f"```python\n{above}def f(self):\n    return re.escape('')\n```\n"
    with pytest.raises(EditError, match="add them at its top"):
        plan(answer, scope_of(a_py=text), EditTarget("a.py", line, line + 1, "f"))


def test_the_diff_is_one_that_git_applies(tmp_path: Path) -> None:
    scope = scope_of(a_py="a\r\nb", b_py="x = 1\n", d_py="")
    answer = (
        block("a.py", "b\n", "c\n")
        + block("b.py", "x = 1\n", "x = 2\n")
        + block("new.py", "", "n\n")
        + block("d.py", "", "d\n")
    )
    result = plan(answer, scope, create={"new.py"})
    for path, base in scope.items():
        (tmp_path / path).write_bytes(base.text.encode())
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=diff(result).encode(), check=True)
    assert {each.name: each.read_bytes().decode() for each in tmp_path.iterdir()} == afters(result)
    assert "\\ No newline at end of file" in diff(result)


def test_of_several_blocks_the_one_under_the_path_of_a_new_file_is_meant() -> None:
    answer = "```tests/test_a.py\ndef test_a():\n    assert 1\n```\n\n```a.py lines 1-2\ndef a(): ...\n```\n"
    made = plan(answer, {}, EditTarget("tests/test_a.py", 1, 1), create={"tests/test_a.py"})
    assert afters(made) == {"tests/test_a.py": "def test_a():\n    assert 1\n"}
