"""What type checkers print, and that only new errors in the changed files count; real mypy on a small project."""

import os
import sys
from pathlib import Path

import pytest

from assist_context.files.git_repository import Git
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner
from assist_runner.referee.checkers import TypeChecker, added_errors, errors_of, find_checker
from assist_runner.referee.edit_referee import EditReferee
from assist_runner.sandbox.sandbox import SandboxRun
from assist_runner.sandbox.test_command import TestCommand

PATH = f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"
NOTHING = TestCommand(("true",), "own")


@pytest.mark.parametrize(
    ("name", "output", "path", "text"),
    [
        ("mypy", 'a/b.py:3: error: Name "x" is not defined  [name-defined]\n', "a/b.py", 'Name "x" is not defined  [name-defined]'),
        ("pyright", "  /work/p/a/b.py:3:9 - error: \"x\" is not defined\n", "a/b.py", '"x" is not defined'),
        ("tsc", "src/a.ts(3,9): error TS2304: Cannot find name 'x'.\n", "src/a.ts", "TS2304: Cannot find name 'x'."),
        ("cargo check", "src/lib.rs:3:9: error[E0425]: cannot find value `x`\n", "src/lib.rs", "cannot find value `x`"),
        ("go vet", "vet: ./a.go:3:9: undefined: x\n", "a.go", "undefined: x"),
        ("pyright", "C:\\p\\a.py:3:5 - error: wrong\n", "C:\\p\\a.py".replace(os.sep, "/"), "wrong"),
    ],
)  # fmt: skip
def test_errors_by_file(name: str, output: str, path: str, text: str) -> None:
    found = errors_of(TypeChecker(name, NOTHING), SandboxRun(1, "exited", 1.0, output), Path("/work/p"))
    assert found is not None
    assert {file: list(texts) for file, texts in found.items()} == {path: [text]}
    assert added_errors({}, found, [path]) == (f"{path}: {text}",)
    assert added_errors(found, found, [path]) == ()
    assert added_errors({}, found, ["other.py"]) == ()


def test_a_checker_that_cannot_begin_says_nothing() -> None:
    checker = TypeChecker("mypy", NOTHING)
    for run in (SandboxRun(2, "exited", 1.0, "usage: mypy\n"), SandboxRun(None, "timeout", 9.0, "")):
        assert errors_of(checker, run, Path("/")) is None


def test_only_a_project_that_sets_it_up_has_a_checker(tmp_path: Path) -> None:
    assert find_checker(tmp_path, PATH, "a.py") is None
    (tmp_path / "pyproject.toml").write_text("[tool.mypy]\nstrict = true\n")
    checker = find_checker(tmp_path, PATH, "a.py")
    assert checker is not None
    assert checker.name == "mypy"
    assert find_checker(tmp_path, PATH, "a.rb") is None


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's")
def test_an_edit_with_a_wrong_type_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "project"
    root.mkdir()
    (root / "pyproject.toml").write_text("[tool.mypy]\n")
    code = "def twice(n: int) -> int:\n    return n + 2\n\n\ndef old() -> int:\n    return 'x'\n"
    (root / "sums.py").write_text(code)
    checker = find_checker(root, PATH, "sums.py")
    assert checker is not None
    copy = ProjectCopy(ProjectRunner(root, checker.command, True, Git({"PATH": PATH})), {}, lambda: False)
    try:
        referee = EditReferee(copy, None, checker)
        referee.begin()
        good = referee.judge({"sums.py": "\n" + code.replace("n + 2", "n * 2")})
        assert (good.tests, good.types) == (None, ())
        wrong = referee.judge({"sums.py": code.replace("n + 2", "str(n)")})
        assert wrong.types is not None
        assert len(wrong.types) == 1
        assert wrong.types[0].startswith("sums.py: Incompatible return value type")
    finally:
        copy.close()
