"""Real calls of a small package, run by `go test`: what they give becomes tests, and nothing else changes."""

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assist_context.files.git_repository import Git
from assist_context.signatures.go_items import go_items
from assist_server.recorded_tests.calls import CallSubject, ProposedCall
from assist_server.recorded_tests.go.language import GOLANG
from assist_server.recorded_tests.language import CannotBuildError, ObservingRun, RecordingMaterial
from assist_server.recorded_tests.project_runs import ProjectCopy, ProjectRunner
from assist_server.recorded_tests.recording import CallRecorder, PlacedTests
from assist_server.sandbox.test_command import find_test_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    pytest.mark.skipif(not shutil.which("go"), reason="needs Go"),
]
CODE = """\
package marks

import (
	"errors"
	"os"
	"time"
)

type Grade struct {
	Name   string
	points []int
}

func grade(points int) (*Grade, error) {
	if points < 0 {
		return nil, errors.New("below zero")
	}
	if points > 90 {
		return &Grade{Name: "good", points: []int{points}}, nil
	}
	return &Grade{Name: "bad"}, nil
}

func odd(kind string) string {
	switch kind {
	case "day":
		return time.Now().String()
	case "slow":
		time.Sleep(time.Minute)
	case "end":
		os.Exit(3)
	case "index":
		return kind[9:]
	case "panic":
		panic("no " + kind)
	}
	return kind + "!"
}
"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProjectCopy]:
    root = tmp_path_factory.mktemp("go") / "marks"
    root.mkdir()
    (root / "go.mod").write_text("module example.com/marks\n\ngo 1.20\n")
    (root / "marks.go").write_text(CODE)
    (root / "marks_test.go").write_text(
        'package marks\n\nimport "example.com/missing"\n\nvar _ = missing.X\n'
    )
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    command = find_test_command(root, f"{Path(str(shutil.which('go'))).parent}:/usr/bin:/bin")[0]
    opened = ProjectCopy(ProjectRunner(root, command, True, Git()), {}, lambda: False)
    yield opened
    opened.close()
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert not opened.tree.exists()


def material(name: str) -> RecordingMaterial:
    row = next(row for row in go_items(CODE).functions if row.name == name)
    return RecordingMaterial(CallSubject("marks.go", CODE, name, row.first, row.last), "go")


def test_what_cannot_be_recorded_is_left_out_alone(copy: ProjectCopy) -> None:
    calls = [ProposedCall(f'odd("{kind}")') for kind in ("day", "slow", "end", "index", "panic", "tea")]
    calls.insert(2, ProposedCall("odd(7)"))
    found = GOLANG.observe(copy, material("odd"), ObservingRun(calls, seconds=2.0))
    reasons = ["no literal", "time", "does not compile", "crash", "misuse", "", ""]
    assert [seen.reason for seen in found] == reasons
    assert (found[-2].kind, found[-2].message) == ("raised", "no panic")
    assert '\\"tea!\\"' in found[-1].value


def test_code_that_does_not_compile_is_said(copy: ProjectCopy) -> None:
    changed = {"marks.go": CODE.replace("points > 90", "points > none")}
    with pytest.raises(CannotBuildError, match="undefined: none"):
        GOLANG.observe(copy, material("grade"), ObservingRun([ProposedCall("grade(1)")], changed))


def test_values_come_from_the_code_and_notice_mistakes(copy: ProjectCopy) -> None:
    (copy.tree / "marks_test.go").unlink()  # the project's own run needs all tests to compile
    recorder = CallRecorder(GOLANG, material("grade"), copy)
    recorder.begin()
    tests = recorder.finish(lambda text: PlacedTests("marks_test.go", text), (), random.Random(1))
    assert "got, err := grade(" in tests.text
    assert 'err.Error() != "below zero" {' in tests.text
    assert '&Grade{Name: "good", points: []int{' in tests.text
    assert tests.branches == (3, 3)
    assert tests.mutants[0] >= 2
