"""Real calls of a small project: what they give becomes tests, and what must not run or stay does not."""

import ast
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from bare_pytest import BARE_PYTEST

from assist_context.files.git_repository import Git, Stopped
from assist_runner.characterization_tests.calls import CallSubject
from assist_runner.characterization_tests.language import CannotRunError, RecordingContext
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner
from assist_runner.characterization_tests.python.language import PYTHON
from assist_runner.characterization_tests.recording import CallRecorder, RecordedTests
from assist_runner.sandbox.test_command import find_test_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
]
CODE = '''\
import os
import random
import socket
import time
from datetime import date
from pathlib import Path


def grade(points, bonus=0):
    """A mark.

    >>> grade(95)
    'B'
    """
    points += bonus
    if points < 0:
        raise ValueError(f"below zero: {points}")
    if points >= 90:
        return "A"
    return "C"


def chance(sides):
    return random.random() + sides


class Bill:
    def __init__(self, rows, rate=1.0, shown=str):
        self.rows = list(rows)
        self.rate = rate
        self.shown = shown

    def total(self, other=None, *more, least=0):
        rows = [*self.rows, *(other.rows if other else ())]
        return self.shown(max(least, sum(rows, *more) * self.rate))


def odd(kind):
    if kind == "random":
        return random.random()
    if kind == "day":
        return date.today().isoformat()
    if kind == "year":
        return time.gmtime().tm_year
    if kind == "network":
        try:
            socket.create_connection(("127.0.0.1", 9), 0.1)
        except OSError:
            return "offline"
    if kind == "file":
        Path("left.txt").write_text("x")
        return "written"
    if kind == "program":
        return os.system("true")
    if kind == "slow":
        time.sleep(30)
    if kind == "here":
        return str(Path.cwd())
    if kind == "home":
        return str(Path("~/.config").expanduser())
    if kind == "object":
        return object()
    return kind
'''
TESTED = """\
import pytest
from marks import Bill


def double(number):
    return f"{number * 2}"


@pytest.fixture
def bill():
    made = Bill((1, 2), rate=2.0, shown=double)
    yield made


@pytest.mark.parametrize("least", [0, 50])
def test_total(bill, least):
    class Own(Bill):
        pass

    others = [Bill([number]) for number in (3, 4)]
    for other in others:
        assert bill.total(other, 10, least=least)
    assert Own([1]).total()
"""
PLAIN_PATH = f"{Path(sys.prefix) / 'bin'}:/usr/bin:/bin"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    top = tmp_path / "project"
    (top / "tests").mkdir(parents=True)
    (top / "marks.py").write_text(CODE)
    (top / own_name(top)).write_text("of this test")
    (top / ".env").write_text("PASSWORD=correct-horse\n")
    (top / "pytest.ini").write_text(f"{BARE_PYTEST} -p no:randomly\n")
    return top


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def own_name(root: Path) -> str:
    """A file that only this test's project has: another process may run a test of the same name."""
    return f"{root.parent.name}-{os.getpid()}.txt"


def copies(root: Path) -> list[Path]:
    """The copies of this project; other tests have theirs."""
    return list(Path(tempfile.gettempdir()).glob(f"assist-run-*/tree/{own_name(root)}"))


def sleepers() -> list[str]:
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        with suppress(OSError):
            words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
            found += [number] if words[:2] == [b"sleep", b"300.25"] else []
    return found


@pytest.fixture
def copy(root: Path, request: pytest.FixtureRequest) -> Iterator[ProjectCopy]:
    command = find_test_command(root, PLAIN_PATH)[0]
    before = files_in(root)
    opened = ProjectCopy(
        ProjectRunner(root, command, getattr(request, "param", True), Git()), {}, lambda: False
    )
    yield opened
    opened.close()
    assert files_in(root) == before  # nothing in the workspace changed
    assert not copies(root)


def recorder(copy: ProjectCopy, name: str) -> CallRecorder:
    return CallRecorder(PYTHON, material(name), copy)


def material(name: str, *tests: str) -> RecordingContext:
    """What is known of a function or a method; `tests` are paths."""
    short = name.rpartition(".")[2]
    node = next(part for part in ast.walk(ast.parse(CODE)) if getattr(part, "name", "") == short)
    assert isinstance(node, (ast.FunctionDef, ast.ClassDef))
    first, last = node.lineno, node.end_lineno or 0
    subject = CallSubject("marks.py", CODE, name, first, last)
    return RecordingContext(subject, "pytest", place="tests/test_marks.py", tests_by_distance=tests)


def finish(found: CallRecorder) -> RecordedTests:
    return found.finish((), random.Random(1))


def test_values_come_from_the_code_and_notice_mistakes(copy: ProjectCopy) -> None:
    found = recorder(copy, "grade")
    found.begin()
    found.take("assert grade(95) == 'wrong'\ngrade(-5)\ngrade(50, bonus=40)\ngrade('x')\n")
    tests = finish(found)
    assert 'assert grade(95) == "A"' in tests.text
    assert 'with pytest.raises(ValueError, match="below zero: -5"):' in tests.text
    assert "grade('x')" not in tests.text  # a fault of the caller
    assert tests.counts.branches == (5, 5)
    assert tests.counts.mutants[0] >= tests.counts.mutants[1] - 1 >= 4  # many, in one run
    assert tests.counts.contradictions == (
        "The docstring (line 12) says that grade(95) gives 'B'; the code gives 'A'.",
    )


@pytest.mark.parametrize("copy", [True, False], ids=["sandbox", "plain"], indirect=True)
def test_what_cannot_be_repeated_or_leaves_the_copy_is_left_out(copy: ProjectCopy) -> None:
    found = recorder(copy, "odd")
    kinds = ("random", "day", "year", "network", "file", "program", "slow", "here", "home", "object", "tea")
    taken = found.take("".join(f"odd('{kind}')\n" for kind in kinds))
    tests = finish(found)
    assert taken >= 1
    assert "odd('tea') == \"tea\"" in tests.text
    for kind in kinds[:-1]:
        assert f"odd('{kind}')" not in tests.text
    assert {"network", "files", "programs", "time", "no literal", "different values in two runs"} <= set(
        tests.counts.left_out
    )


def test_without_a_value_there_is_no_test(copy: ProjectCopy) -> None:
    found = recorder(copy, "chance")
    found.take("chance(6)\n")
    with pytest.raises(CannotRunError):
        finish(found)


def test_calls_of_the_projects_tests_are_written_with_how_their_objects_are_made(copy: ProjectCopy) -> None:
    with copy.files({"tests/test_bill.py": TESTED}):
        calls = PYTHON.computed(copy, material("Bill.total", "tests/test_bill.py"))
    made = 'def double(number):\n    return f"{number * 2}"', "bill = Bill((1, 2), rate=2.0, shown=double)"
    natural = [call for call in calls if call.origin == "tested"]
    assert {call.setup for call in natural} == {made}
    assert [call.call for call in natural] == [
        "bill.total(Bill([3]), 10)",
        "bill.total(Bill([4]), 10)",
        "bill.total(Bill([3]), 10, least=50)",
        "bill.total(Bill([4]), 10, least=50)",
    ]
    # An object of a class inside of the test cannot be made elsewhere: what the test looks at is run.
    assert "Own([1]).total()" in [call.call for call in calls if call.origin == "around"]


def test_secrets_are_not_in_the_copy(copy: ProjectCopy) -> None:
    assert (copy.tree / "marks.py").is_file()
    assert not (copy.tree / ".env").exists()


def test_a_run_that_is_stopped_leaves_nothing(root: Path) -> None:
    command = find_test_command(root, PLAIN_PATH)[0]
    stop = threading.Event()
    for confined in (True, False):
        stop.clear()
        copy = ProjectCopy(ProjectRunner(root, command, confined, Git()), {}, stop.is_set)
        threading.Timer(0.7, stop.set).start()
        words = [command.words[0], "-c", "import subprocess; subprocess.run(['sleep', '300.25'])"]
        result = copy.run(words, 300.0)
        copy.close()
        assert result.code is None
    assert not copies(root)
    end = time.monotonic() + 60
    while sleepers():  # a killed process takes a moment to be gone
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_copy_that_is_stopped_is_deleted(root: Path) -> None:
    command = find_test_command(root, PLAIN_PATH)[0]
    with suppress(Stopped):
        ProjectCopy(ProjectRunner(root, command, True, Git()), {}, lambda: True).close()
    assert not copies(root)


def test_a_copy_whose_process_was_killed_is_deleted_by_the_next_one(root: Path) -> None:
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    left = [Path(tempfile.mkdtemp(prefix=f"assist-run-{process}-")) for process in (ended.pid, os.getpid())]
    (left[0] / "tree").mkdir()
    command = find_test_command(root, PLAIN_PATH)[0]
    with suppress(Stopped):
        ProjectCopy(ProjectRunner(root, command, True, Git()), {}, lambda: True).close()
    assert [folder.exists() for folder in left] == [False, True]
    left[1].rmdir()


def test_a_file_of_the_same_second_and_size_is_read_anew(root: Path) -> None:
    command = find_test_command(root, PLAIN_PATH)[0]
    copy = ProjectCopy(ProjectRunner(root, command, False, Git()), {}, lambda: False)
    said = []
    try:
        for value in (1, 2):
            with copy.files({"value.py": f"VALUE = {value}\n"}):
                os.utime(copy.tree / "value.py", (1_700_000_000, 1_700_000_000))
                words = [command.words[0], "-c", "import value; print(value.VALUE)"]
                said.append(copy.run(words, 20.0).output.split()[-1])
    finally:
        copy.close()
    assert said == ["1", "2"]
