"""Files of a diff that hold lines of a file that may not be shown, where git sees no move."""

import os
from pathlib import Path

import pytest
from repositories import git, make_repository

from assist_context.files.git_repository import Git
from assist_escalation.policy.permissions import Glob
from assist_server.questions.diff_material import drop_copies
from assist_server.workspace.folder_diff import FolderDiff, diff_against

GIT = Git(dict(os.environ))
LINES = [f"plan{number} of the private folder, number {number}\n" for number in range(40)]
OWN = [f"pad {number * number} in other words {number}\n" for number in range(120)]


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = make_repository(tmp_path / "repo")
    (repo / "infra").mkdir()
    (repo / "infra" / "plan.txt").write_text("".join(LINES))
    (repo / "old.txt").write_text("".join(OWN[:30]))
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "one")
    return repo


def _left(repo: Path, *globs: Glob) -> FolderDiff:
    git(repo, "add", "-A")
    return drop_copies(GIT, diff_against(GIT, str(repo)), globs)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.txt", "".join(LINES)),
        ("old.txt", "".join(LINES)),
        ("old.txt", "".join(OWN[:30] + LINES)),
        ("half.txt", "".join(LINES[:20])),
        ("few.txt", "".join(LINES[5:10] + OWN[60:65])),
        ("deep.txt", "".join(f"    {line}" for line in LINES)),
        ("said.py", "".join(f"# {line}" for line in LINES)),
        ("wide.txt", "".join(LINES + OWN)),
        ("dos.txt", "".join(LINES).replace("\n", "\r\n")),
    ],
)
def test_lines_of_an_excluded_file_are_left_out_wherever_they_are(repo: Path, name: str, text: str) -> None:
    (repo / ".assistignore").write_text("infra/\n")
    (repo / name).write_text(text, newline="")
    diff = _left(repo)
    assert (name, ".assistignore: it has lines of infra/plan.txt") in diff.left_out
    assert name not in [file.path for file in diff.files]


def test_a_copy_of_short_lines_is_left_out_and_lines_that_others_have_too_are_not(repo: Path) -> None:
    header = [f"# Licensed under the terms of paragraph {number}\n" for number in range(12)]
    (repo / ".env").write_text("A=1\nB=2\n")
    (repo / ".assistignore").write_text("infra/\n")
    (repo / "infra" / "run.py").write_text("".join(header) + "run()\n")
    (repo / "cart.py").write_text("".join(header) + "x = 1\n")
    git(repo, "add", "-f", "-A")
    git(repo, "commit", "-qm", "two")
    (repo / "new.py").write_text("".join(header) + "y = 1\n")
    (repo / "sample").write_text("A=1\nB=2\n")
    (repo / "other").write_text("A=1\nC=2\n")
    diff = _left(repo)
    assert [file.path for file in diff.files] == ["new.py", "other"]
    assert diff.left_out == (("sample", "denied: it has lines of .env"),)


def test_a_copy_of_what_may_not_leave_has_its_name_too_for_the_gate(repo: Path) -> None:
    glob = Glob("infra/**", "", "config.toml")
    (repo / "a.txt").write_text("".join(LINES))
    (repo / "infra" / "plan.txt").write_text("".join(LINES[1:]))
    diff = _left(repo, glob)
    assert {file.path: file.was for file in diff.files} == {"a.txt": "infra/plan.txt", "infra/plan.txt": ""}
    assert diff.left_out == ()


def test_a_copy_of_a_file_in_another_folder_or_in_no_commit_is_left_out(repo: Path) -> None:
    (repo / ".assistignore").write_text("infra/\n")
    (repo / "infra" / "late.txt").write_text("".join(OWN))
    (repo / "sub").mkdir()
    (repo / "sub" / "a.txt").write_text("".join(LINES))
    (repo / "sub" / "b.txt").write_text("".join(OWN[50:]))
    git(repo, "add", "sub")
    diff = drop_copies(GIT, diff_against(GIT, str(repo / "sub")), [])
    assert dict(diff.left_out) == {
        "a.txt": ".assistignore: it has lines of infra/plan.txt",
        "b.txt": ".assistignore: it has lines of infra/late.txt",
    }
