"""Real tests of a small package judge its bodies: good ones are accepted, weak ones are refused with a reason."""

import os
import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from confined import PYTHON

from assist_runner.sandbox.body_check import (
    Acceptance,
    FunctionBody,
    is_pass,
    judge_body,
    run_with_text,
)
from assist_runner.sandbox.limits import SandboxLimits
from assist_runner.sandbox.test_command import TestCommand, find_test_command
from assist_server.errors import UserError

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
CART = """\
def total(prices, limit):
    result = 0
    for price in prices:
        if price > limit:
            result += price * 2
    return result


def slogan():
    return "buy"
"""
TESTS = {
    "good": "assert total([1, 2, 3, 4], 2) == 14",
    "weak": "total([], 2)",
    "partial": "assert total([], 2) == 0",
    "failing": "assert total([1], 0) == 5",
    "endless": "assert total([1], 0) == 2\n    while True: pass",
}
LIMITS = SandboxLimits(seconds=60)
PYTEST = TestCommand(
    (sys.executable, "-m", "pytest", "-x", "--verbosity=-1", "-p", "no:cacheprovider"),
    "pytest",
    PYTHON,
    # Without plugins a run takes 0.5 s and not 1.5 s.
    {"PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
    r"\b[1-9]\d* passed\b",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "cart.py").write_text(CART)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    for name, line in TESTS.items():
        text = f"from cart import total\n\ndef test_total():\n    {line}\n"
        (tmp_path / f"test_{name}.py").write_text(text)
    return tmp_path


def judge(tree: Path, name: str, limits: SandboxLimits = LIMITS) -> Acceptance:
    start = CART.index("\n") + 1
    body = FunctionBody("cart.py", start, CART.index("\n\n\n") + 1, (f"test_{name}.py",))
    accepted = judge_body(body, tree, PYTEST, limits, random.Random(1))
    assert (tree / "cart.py").read_text() == CART
    return accepted


def test_good_tests_are_accepted(tree: Path) -> None:
    accepted = judge(tree, "good")
    assert (accepted.accepted, accepted.reason, accepted.noticed) == (True, "", 2)
    assert accepted.seconds > 0


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("weak", "an empty body passes"),
        ("partial", "2 of 3 mutants survive"),
        ("failing", "the tests fail already"),
    ],
)
def test_others_are_refused_with_a_reason(tree: Path, name: str, reason: str) -> None:
    accepted = judge(tree, name)
    assert (accepted.accepted, accepted.reason) == (False, reason)


def test_tests_that_take_too_long_are_refused(tree: Path) -> None:
    accepted = judge(tree, "endless", SandboxLimits(seconds=2))
    assert (accepted.accepted, accepted.reason) == (False, "timed out")


def test_a_body_without_anything_to_change_is_refused_without_a_run(tree: Path) -> None:
    start = CART.index('    return "buy"')
    body = FunctionBody("cart.py", start, len(CART), ("test_good.py",))
    accepted = judge_body(body, tree, PYTEST, LIMITS, random.Random(1))
    assert accepted == Acceptance(False, "too few mutants")


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ("def total(prices, limit):\n    return 2 * sum(p for p in prices if p > limit)\n", True),
        ("def total(prices, limit):\n    return 0\n", False),
        ("import os\n\ndef total(prices, limit):\n    os._exit(0)\n", False),
        ("import sys\n\nsys.exit(0)\n", False),
    ],
)
def test_an_answer_passes_only_if_tests_ran_and_passed(tree: Path, text: str, passed: bool) -> None:
    words = (*PYTEST.words, "test_good.py")
    command = TestCommand(words, "pytest", PYTEST.view, PYTEST.environ, PYTEST.proof)
    assert is_pass(run_with_text(tree, "cart.py", text, command, LIMITS), command) is passed
    assert (tree / "cart.py").read_text() == CART


def test_a_check_that_is_stopped_accepts_nothing(tree: Path) -> None:
    body = FunctionBody("cart.py", CART.index("\n") + 1, CART.index("\n\n\n") + 1, ("test_good.py",))
    accepted = judge_body(body, tree, PYTEST, LIMITS, random.Random(1), lambda: True)
    assert (accepted.accepted, accepted.reason) == (False, "stopped")
    assert (tree / "cart.py").read_text() == CART


def test_a_file_that_is_not_in_the_copy_is_an_error(tree: Path) -> None:
    with pytest.raises(UserError, match="is not a file in the copy of the repository"):
        run_with_text(tree, "../cart.py", "", PYTEST, LIMITS)
    with pytest.raises(UserError, match="cannot be read in the copy"):
        judge_body(FunctionBody("no.py", 0, 1), tree, PYTEST, LIMITS, random.Random(1))


def test_an_exit_without_a_word_of_tests_is_refused_with_a_reason(tree: Path) -> None:
    (tree / "test_quits.py").write_text(
        "import os, cart\n\ndef test():\n    cart.total([3], 1) or 1/0\n    os._exit(0)\n"
    )
    assert judge(tree, "quits").reason == "the tests do not say that any passed"


def test_an_answer_finds_what_the_first_run_built_and_leaves_nothing_for_the_next_one(tree: Path) -> None:
    code = "import os, cart; print(sorted(os.listdir('built'))); open('built/' + cart.NAME, 'w').close()"
    view = replace(PYTHON, folders=("built",))
    command = TestCommand((sys.executable, "-c", code), "own", view)
    (tree / "cart.py").write_text("NAME = 'first'\n")
    for name in ("evil", "other"):
        assert run_with_text(tree, "cart.py", f"NAME = '{name}'\n", command, LIMITS).output == (
            "['.assist-filled', 'first']\n"
        )
    assert sorted(path.name for path in (tree / "built").iterdir()) == [".assist-filled", "first"]


def test_a_mark_that_the_tests_made_as_a_link_is_not_followed(tree: Path, tmp_path: Path) -> None:
    code = f"import os; os.path.lexists('built/.assist-filled') or os.symlink('{tmp_path}/out', 'built/.assist-filled')"
    command = TestCommand((sys.executable, "-c", code), "own", replace(PYTHON, folders=("built",)))
    assert run_with_text(tree, "cart.py", CART, command, LIMITS).code == 0
    assert not (tmp_path / "out").exists()


def test_compiled_files_are_kept_and_not_taken_for_those_of_a_text_of_the_same_size(tree: Path) -> None:
    """The file is changed in the second in which it was compiled."""
    environ = {"PYTHONPYCACHEPREFIX": str(tree / "compiled")}
    command = TestCommand(
        (sys.executable, "-c", "import cart; print(cart.NAME)"),
        "own",
        replace(PYTHON, folders=("compiled",)),
        environ,
    )
    (tree / "cart.py").write_text("NAME = 1\n")
    assert [
        run_with_text(tree, "cart.py", f"NAME = {number}\n", command, LIMITS).output for number in (2, 3, 1)
    ] == ["2\n", "3\n", "1\n"]
    assert list((tree / "compiled").rglob("cart.*.pyc"))


@pytest.mark.skipif(not shutil.which("cargo"), reason="needs Rust")
def test_a_build_of_cargo_by_an_answer_is_dropped(tmp_path: Path) -> None:
    tree = tmp_path / "crate"
    (tree / "src").mkdir(parents=True)
    (tree / "Cargo.toml").write_text('[package]\nname = "cart"\nversion = "0.1.0"\nedition = "2021"\n')
    right = "pub fn two() -> u8 { 2 }\n#[test]\nfn test_two() { assert_eq!(two(), 2); }\n"
    (tree / "src" / "lib.rs").write_text(right)
    (command,) = find_test_command(tree, os.environ["PATH"])
    texts = (right, right.replace("{ 2 }", "{ 3 }"), right)
    runs = [run_with_text(tree, "src/lib.rs", text, command, LIMITS) for text in texts]
    assert [is_pass(each, command) for each in runs] == [True, False, True], runs
    assert (tree / "target" / "debug").is_dir()
