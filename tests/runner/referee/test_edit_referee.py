"""Real tests of small projects as a referee of edits: what they prove, what they refuse, and what stays."""

import os
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bare_pytest import BARE_PYTEST

from assist_context.files.git_repository import Git
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner
from assist_runner.referee.edit_proof import is_accepted, proof_of
from assist_runner.referee.edit_referee import CannotJudgeError, EditReferee
from assist_runner.referee.test_results import PYTEST_OPTIONS, naming_tests, results_of
from assist_runner.referee.test_verdicts import verdict_words
from assist_runner.sandbox.sandbox import SandboxRun
from assist_runner.sandbox.test_command import TestCommand, find_test_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
PATH = f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"
CODE = "def twice(n):\n    return n + 2\n\n\ndef half(n):\n    return n / 2\n"
TESTS = """\
import pytest
from sums import half, twice

@pytest.mark.parametrize("n", [2, 3, 5], ids=str)
def test_twice(n):
    assert twice(n) == n * 2

def test_half():
    assert half(4) == 2
"""


def project(place: Path, code: str = CODE, tests: str = TESTS) -> Path:
    root = place / "project"
    (root / "tests").mkdir(parents=True)
    (root / "sums.py").write_text(code)
    (root / "pytest.ini").write_text(f"{BARE_PYTEST} -x -q\n")
    (root / "tests/test_sums.py").write_text(tests)
    return root


@contextmanager
def refereed(root: Path, own: str = "", *, confined: bool = True) -> Iterator[EditReferee]:
    command = find_test_command(root, PATH, own)[0]
    copy = ProjectCopy(ProjectRunner(root, command, confined, Git({"PATH": PATH})), {}, lambda: False)
    try:
        referee = EditReferee(copy, command, None)
        referee.begin()
        yield referee
    finally:
        copy.close()


@pytest.mark.parametrize("confined", [True, False], ids=["sandbox", "plain"])
@pytest.mark.parametrize("own", ["", "python -m pytest tests -x"], ids=["found", "own"])
def test_an_edit_that_passes_what_failed_is_proven(tmp_path: Path, own: str, confined: bool) -> None:
    root = project(tmp_path)
    with refereed(root, own, confined=confined) as referee:
        assert referee.before is not None
        verdict = referee.judge({"sums.py": CODE.replace("n + 2", "n * 2")}).tests
        assert verdict is not None
        assert verdict_words(verdict) == "tests pass: 2 before, 4 now"
        broken = referee.judge({"sums.py": CODE.replace("n + 2", "n * 2").replace("n / 2", "n")}).tests
        assert broken is not None
        assert not broken.harmless
    assert (root / "sums.py").read_text() == CODE
    assert not list(root.rglob("__pycache__"))


def test_what_is_broken_or_left_is_said(tmp_path: Path) -> None:
    with refereed(project(tmp_path)) as referee:
        broken = referee.judge({"sums.py": CODE.replace("n / 2", "n * 2")}).tests
        assert broken is not None
        assert verdict_words(broken) == "it breaks tests: tests/test_sums.py::test_half"
        assert any("assert 8 == 2" in line for line in broken.said)
        left = referee.judge({"sums.py": CODE.replace("n + 2", "n * 2 if n < 4 else 0")}).tests
        assert left is not None
        assert (left.harmless, left.proves, len(left.fixed)) == (True, False, 1)
        assert verdict_words(left) == (
            "1 of 2 failing tests pass, others fail as before: tests/test_sums.py::test_twice[5]"
        )
        endless = referee.judge({"sums.py": "raise SystemExit(0)\n"}).tests
        assert endless is not None
        assert not endless.harmless


def test_a_program_that_ends_early_with_zero_breaks_all(tmp_path: Path) -> None:
    with refereed(project(tmp_path)) as referee:
        verdict = referee.judge({"sums.py": "import os\nos._exit(0)\n"}).tests
        assert verdict is not None
        assert not verdict.harmless


def test_a_runner_that_is_not_installed_is_no_failing_test(tmp_path: Path) -> None:
    missing = pytest.raises(CannotJudgeError, match="python has no pytest: install what your tests need")
    with missing, refereed(project(tmp_path), "python -S -m pytest"):
        pass


def test_flaky_tests_prove_nothing(tmp_path: Path) -> None:
    tests = "import os\nfrom sums import twice\ndef test_flaky():\n    assert COUNT\ndef test_two():\n    assert twice(2) == 4\n"
    # It fails in the first run, which finds no compiled file of its own, and passes in the second.
    count = "os.path.exists(os.environ['PYTHONPYCACHEPREFIX'] + '/seen') or os.mkdir(os.environ['PYTHONPYCACHEPREFIX'] + '/seen')"
    root = project(tmp_path, tests=tests.replace("COUNT", count))
    with refereed(root) as referee:
        assert referee.before is not None
        assert referee.before.flaky == {"tests/test_sums.py::test_flaky"}
        assert referee.before.passing == {"tests/test_sums.py::test_two"}


def test_what_passes_once_after_it_failed_twice_is_no_proof(tmp_path: Path) -> None:
    """It counts its runs in the copy, where nothing confines it: the third one passes, whatever the edit does."""
    tests = "def test_third():\n    with open('runs', 'a+') as file:\n        file.write('x')\n        file.seek(0)\n        assert file.read() == 'xxx'\n"
    with refereed(project(tmp_path, tests=tests), confined=False) as referee:
        verdict = referee.judge({"sums.py": CODE.replace("n + 2", "n * 2")}).tests
        assert verdict is not None
        assert verdict_words(verdict) == "tests fail as before: tests/test_sums.py::test_third"


def test_what_no_test_misses_and_what_changes_tests_proves_nothing(tmp_path: Path) -> None:
    with refereed(project(tmp_path, CODE + "\n\ndef third(n):\n    return n / 3\n")) as referee:
        whole = (tmp_path / "project/sums.py").read_text()
        texts = {"sums.py": whole.replace("n / 3", "n / 3.0").replace("n / 2", "n / 2.0")}
        verdict = referee.with_reach(referee.judge(texts), texts)
        assert verdict.unnoticed == ("third",)
        assert proof_of(verdict, "refactor", "").kind == "none"
        easy = referee.judge({"tests/test_sums.py": TESTS.replace("n * 2", "n + 2")})
        assert easy.own_tests == ("tests/test_sums.py",)
        assert proof_of(easy, "fix", "").kind == "none"
        skipped = referee.judge({"tests/conftest.py": "collect_ignore = ['test_sums.py']\n"})
        assert not is_accepted(skipped, "fix")


NODE_TESTS = """\
const test = require("node:test"); const assert = require("node:assert"); const { twice } = require("../sums.js");
test("zero", () => assert.strictEqual(twice(0), 0));
test.describe("more", () => test.it("three", () => assert.strictEqual(twice(3), 6)));
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node")
def test_each_test_of_nodes_runner_counts(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/sums.test.js").write_text(NODE_TESTS)
    code = "exports.twice = (n) => {\n  return n * 3;\n};\n"
    (tmp_path / "sums.js").write_text(code)
    with refereed(tmp_path, "node --test tests/") as referee:
        assert referee.before is not None
        assert (referee.before.passing, referee.before.failing) == ({"zero"}, {"more > three"})
        verdict = referee.judge({"sums.js": code.replace("* 3", "* 2")}).tests
        assert verdict is not None
        assert verdict_words(verdict) == "tests pass: 1 before, 2 now"


def test_a_run_that_is_stopped_leaves_nothing(tmp_path: Path) -> None:
    root = project(tmp_path, tests="import time\ndef test_slow():\n    time.sleep(60)\n")
    own = f"assist-run-{os.getpid()}-*"
    before = set(Path(tempfile.gettempdir()).glob(own))
    stop = threading.Event()
    command = find_test_command(root, PATH)[0]
    copy = ProjectCopy(ProjectRunner(root, command, True, Git({"PATH": PATH})), {}, stop.is_set)
    threading.Timer(1.0, stop.set).start()
    try:
        referee = EditReferee(copy, command, None)
        referee.begin()
    finally:
        copy.close()
    assert not (referee.before and referee.before.passing)  # the test that waits for a minute
    assert set(Path(tempfile.gettempdir()).glob(own)) == before


@pytest.mark.parametrize(
    ("output", "passed", "failed"),
    [
        ("PASSED t.py::A::a[x - y]\nFAILED t.py::b[1 - 2] - assert 1 == 2\n", {"t.py::A::a[x - y]"}, {"t.py::b[1 - 2]"}),
        ("ERROR t.py - ImportError: no\n", set(), {"t.py"}),
        ("test_a (t.T.test_a) ... ok\ntest_b (t.T.test_b)\nSays so. ... FAIL\n", {"test_a (t.T.test_a)"}, {"test_b (t.T.test_b)"}),
        ("--- PASS: TestA (0.00s)\n    --- FAIL: TestB/x_y (0.01s)\n", {"TestA"}, {"TestB/x_y"}),
        ("test sums::a ... ok\ntest sums::b ... FAILED\n", {"sums::a"}, {"sums::b"}),
        ("--- PASS: TestA (0.00s)\n--- FAIL: TestA (0.00s)\n", set(), {"TestA"}),
        ("# Subtest: a\n    # Subtest: b\n    not ok 1 - b\n    ok 2 - c # SKIP\nnot ok 1 - a\nok 2 - d\n", {"d"}, {"a > b"}),
        ("▶ a\n  ✔ b (0.2ms)\n▶ a (1ms)\n✖ c (1.5ms)\n✖ failing tests:\n✖ c (1.5ms)\n", {"a > b"}, {"c"}),
        ("PASS ./a.test.js\n  a\n    ✓ b (2 ms)\n    ✕ c\n    ○ skipped d\n  ● a › c\n    x\n", {"./a.test.js > a > b"}, {"./a.test.js > a > c"}),
        (" ✓ a.test.ts > a > b 3ms\n × a.test.ts > c 5ms\n ↓ a.test.ts > d\n ✓ b.test.ts (3 tests) 9ms\n", {"a.test.ts > a > b"}, {"a.test.ts > c"}),
        ("nothing\n", {"all tests"}, set()),
    ],
)  # fmt: skip
def test_results_by_test(output: str, passed: set[str], failed: set[str]) -> None:
    command = TestCommand(("make", "test"), "own")
    found = results_of(SandboxRun(0, "exited", 1.0, output), command)
    assert (found.passed, found.failed) == (passed, failed)


def test_commands_name_their_tests() -> None:
    def words(*own: str) -> tuple[str, ...]:
        return naming_tests(TestCommand(own, "own")).words

    assert words("go", "test", "./...") == ("go", "test", "-v", "./...")
    assert words("python", "-m", "unittest") == ("python", "-m", "unittest", "-v")
    assert words("npx", "vitest", "run") == ("npx", "vitest", "run", "--reporter=verbose")
    jest = naming_tests(TestCommand(("npm", "test", "--silent"), "jest")).words
    assert jest == ("npm", "test", "--silent", "--", "--verbose")
    assert naming_tests(TestCommand(("make",), "own")).environ["PYTEST_ADDOPTS"] == PYTEST_OPTIONS
