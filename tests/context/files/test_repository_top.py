"""Where a repository begins: only where git itself would say so, whatever lies around."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces import commit, put, run

from assist_context.files.repository_top import find_top, folders_to_top, is_repository

Place = Callable[[Path], object]


@pytest.fixture
def top(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    put(root, "a.py", "a = 1\n")
    commit(root)
    (root / "sub" / "deep").mkdir(parents=True)
    return root


def bare(folder: Path, head: bytes = b"ref: refs/heads/main\n") -> None:
    for name in ("objects", "refs"):
        (folder / name).mkdir(parents=True)
    (folder / "HEAD").write_bytes(head)


NO_REPOSITORIES: list[Place] = [
    lambda at: (at / ".git").touch(),
    lambda at: (at / ".git").mkdir(),
    lambda at: (at / ".git").symlink_to("nowhere"),
    lambda at: (at / ".git").write_text("gitdir: ../nowhere\n"),
    lambda at: (at / ".git").write_text("gitdir: .\n"),
    lambda at: (at / ".git").write_bytes(b"gitdir: a\0b\n"),
    lambda at: bare(at / ".git", b""),
    lambda at: bare(at / ".git", b"not a head\n"),
    lambda at: [(at / ".git").mkdir(), (at / ".git" / "HEAD").write_text("ref: refs/heads/main\n")],
    lambda at: [bare(at / ".git"), (at / ".git" / "commondir").write_text("x\n")],
    lambda at: [bare(at / ".git"), (at / ".git" / "commondir").write_bytes(b"")],
    lambda at: [bare(at / ".git"), (at / ".git" / "commondir").write_bytes(b"a\0b")],
    lambda at: os.mkfifo(at / ".git"),
    lambda at: [(at / ".git").mkdir(), os.mkfifo(at / ".git" / "HEAD")],
]


@pytest.mark.parametrize("make", NO_REPOSITORIES)
def test_what_git_takes_for_no_repository_hides_no_top(top: Path, make: Place) -> None:
    make(top / "sub")
    assert not is_repository(str(top / "sub"))
    assert find_top(str(top / "sub" / "deep")) == str(top)
    assert folders_to_top(str(top / "sub" / "deep")) == (
        str(top / "sub" / "deep"),
        str(top / "sub"),
        str(top),
    )


def test_what_git_takes_for_a_repository_is_a_top(top: Path, tmp_path: Path) -> None:
    run(top, "worktree", "add", "-q", str(tmp_path / "tree"))
    run(tmp_path, "init", "-q", f"--separate-git-dir={tmp_path / 'apart'}", "linked")
    bare(top / "sub" / ".git")
    bare(top / "sub" / "deep" / ".git", b"0123456789" * 4 + b"\n")
    for each in (top, tmp_path / "tree", tmp_path / "linked", top / "sub", top / "sub" / "deep"):
        assert is_repository(str(each)), each
        assert folders_to_top(str(each)) == (str(each),)


def test_without_a_repository_only_the_folder_counts_and_a_damaged_one_keeps_its_top(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert find_top(str(tmp_path / "a" / "b")) is None
    assert folders_to_top(str(tmp_path / "a" / "b")) == (str(tmp_path / "a" / "b"),)
    (tmp_path / "a" / ".git").mkdir()
    assert find_top(str(tmp_path / "a" / "b")) == str(tmp_path / "a")
