"""Real tests of a small package judge its bodies: good ones are accepted, weak ones are refused with a reason."""

import random
import sys
from pathlib import Path

import pytest
from confined import PYTHON

from assist_server.errors import UserError
from assist_server.evaluation.sandbox.body_check import Acceptance, FunctionBody, accept, is_pass, passes
from assist_server.evaluation.sandbox.limits import SandboxLimits
from assist_server.evaluation.sandbox.test_command import TestCommand

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
LIMITS = SandboxLimits(seconds=20)
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
    accepted = accept(body, tree, PYTEST, limits, random.Random(1))
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
    accepted = accept(body, tree, PYTEST, LIMITS, random.Random(1))
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
    assert is_pass(passes(tree, "cart.py", text, command, LIMITS), command) is passed
    assert (tree / "cart.py").read_text() == CART


def test_a_check_that_is_stopped_accepts_nothing(tree: Path) -> None:
    body = FunctionBody("cart.py", CART.index("\n") + 1, CART.index("\n\n\n") + 1, ("test_good.py",))
    accepted = accept(body, tree, PYTEST, LIMITS, random.Random(1), lambda: True)
    assert (accepted.accepted, accepted.reason) == (False, "stopped")
    assert (tree / "cart.py").read_text() == CART


def test_a_file_that_is_not_in_the_copy_is_an_error(tree: Path) -> None:
    with pytest.raises(UserError, match="is no file of the copy"):
        passes(tree, "../cart.py", "", PYTEST, LIMITS)
    with pytest.raises(UserError, match="cannot be read in the copy"):
        accept(FunctionBody("no.py", 0, 1), tree, PYTEST, LIMITS, random.Random(1))
