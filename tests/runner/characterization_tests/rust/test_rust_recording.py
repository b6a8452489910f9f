"""Real calls of a small crate, run by cargo: what they give becomes tests, and the crate stays as it was."""

import random
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from assist_context.files.git_repository import Git
from assist_runner.characterization_tests.calls import CallSubject, ProposedCall
from assist_runner.characterization_tests.language import CannotBuildError, ObservingRun, RecordingContext
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner
from assist_runner.characterization_tests.recording import CallRecorder
from assist_runner.characterization_tests.rust.language import RUST
from assist_runner.characterization_tests.rust.rust_items import rust_items
from assist_runner.sandbox.test_command import find_test_command

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="the sandbox is Linux's"),
    pytest.mark.skipif(not shutil.which("cargo"), reason="needs Rust"),
]
CODE = """\
#[derive(Debug, PartialEq)]
enum Grade { Good, Bad }

fn grade(points: i32) -> Grade {
    if points < 0 {
        panic!("below zero");
    }
    if points > 90 { Grade::Good } else { Grade::Bad }
}

enum Mood { Calm, Angry(u8) }

fn mood(noise: u8) -> Mood {
    if noise > 40 { Mood::Angry(noise) } else { Mood::Calm }
}

fn turned(mood: Option<u8>) -> Option<u16> {
    match mood {
        Some(noise) => Some(u16::from(noise)),
        None => None,
    }
}

fn odd(kind: &str) -> String {
    match kind {
        "day" => format!("{:?}", std::time::SystemTime::now()),
        "slow" => { std::thread::sleep(std::time::Duration::from_secs(60)); String::new() }
        "end" => std::process::exit(3),
        "index" => kind[9..].to_string(),
        _ => kind.to_uppercase(),
    }
}
"""


@pytest.fixture(params=[True], ids=["sandbox"])
def copy(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[ProjectCopy]:
    root = tmp_path / "marks"
    (root / "src").mkdir(parents=True)
    (root / "Cargo.toml").write_text('[package]\nname = "marks"\nversion = "0.1.0"\nedition = "2021"\n')
    (root / "src" / "lib.rs").write_text(CODE)
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    path = f"{Path(str(shutil.which('cargo'))).parent}:/usr/bin:/bin"
    command = find_test_command(root, path)[0]
    opened = ProjectCopy(ProjectRunner(root, command, request.param, Git()), {}, lambda: False)
    yield opened
    opened.close()
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before
    assert not opened.tree.exists()


def material(name: str) -> RecordingContext:
    row = next(row for row in rust_items(CODE).functions if row.name == name)
    subject = CallSubject("src/lib.rs", CODE, name, row.first, row.last)
    return RecordingContext(
        subject, "cargo", example=CODE, place="src/lib.rs", added=True, head="mod tests {"
    )


def test_values_come_from_the_code_and_notice_mistakes(copy: ProjectCopy) -> None:
    recorder = CallRecorder(RUST, material("grade"), copy)
    recorder.begin()
    tests = recorder.finish((), random.Random(1))
    assert "Grade::Good);" in tests.text
    assert '#[should_panic(expected = "below zero")]' in tests.text
    assert tests.counts.branches == (3, 3)
    assert tests.counts.mutants[0] >= 2


@pytest.mark.parametrize("copy", [True, False], ids=["sandbox", "plain"], indirect=True)
def test_what_cannot_be_recorded_is_left_out_alone(copy: ProjectCopy) -> None:
    kinds = ("day", "slow", "end", "index", "tea")
    calls = [ProposedCall(f'odd("{kind}")') for kind in kinds]
    calls.insert(2, ProposedCall("odd(7)"))
    found = RUST.observe(copy, material("odd"), ObservingRun(calls, seconds=2.0))
    reasons = ["depends on this machine or day", "time", "does not compile", "crash", "misuse", ""]
    assert [seen.reason for seen in found] == reasons
    assert (found[-1].kind, found[-1].value) == ("value", '"TEA"')


def test_an_enum_that_nothing_shows_is_matched(copy: ProjectCopy) -> None:
    calls = [ProposedCall("mood(1)"), ProposedCall("mood(41)")]
    found = RUST.observe(copy, material("mood"), ObservingRun(calls))
    assert [(seen.how, seen.value) for seen in found] == [
        ("matches", "Mood::Calm"),
        ("matches", "Mood::Angry { .. }"),
    ]


def test_a_mistake_that_does_not_compile_is_not_counted_as_noticed(copy: ProjectCopy) -> None:
    recorder = CallRecorder(RUST, material("turned"), copy)
    recorder.begin()
    tests = recorder.finish((), random.Random(1))
    assert tests.counts.mutants == (0, 0)


def test_code_that_does_not_compile_is_said(copy: ProjectCopy) -> None:
    changed = {"src/lib.rs": CODE.replace("points > 90", "points > none")}
    with pytest.raises(CannotBuildError, match="does not compile"):
        RUST.observe(copy, material("grade"), ObservingRun([ProposedCall("grade(1)")], changed))
