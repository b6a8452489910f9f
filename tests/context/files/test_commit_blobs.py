"""The files of a commit and their stored contents, whatever the work tree and its attributes say."""

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from assist_context.files.git_repository import (
    LINK,
    Git,
    GitFailed,
    GitTree,
    find_git,
    list_commit,
    open_tree,
    read_blobs,
)


def never() -> bool:
    return False


def git(root: Path, *arguments: str) -> None:
    own = ("-c", "user.email=a@b.example", "-c", "user.name=A", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *own, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def tree(tmp_path: Path) -> GitTree:
    root = tmp_path / "repository"
    (root / "inner").mkdir(parents=True)
    git(root, "init", "-q")
    (root / "a b:ü.txt").write_bytes(b"one\r\ntwo\n")
    (root / "empty").write_bytes(b"")
    (root / "run.sh").write_text("exit\n")
    (root / "run.sh").chmod(0o755)
    (root / "inner" / "deep.bin").write_bytes(b"\0\n\n1 blob 2\n")
    (root / "link").symlink_to("inner/deep.bin")
    git(root, "add", "-A")
    git(root, "commit", "-qm", "One")
    (root / "empty").write_text("changed since")
    found = find_git(Git({"PATH": os.environ["PATH"]}), str(root))
    assert found
    return open_tree(found, str(root.resolve()), never)


def test_rows_have_modes_sizes_and_paths_and_blobs_are_read_in_order(tree: GitTree) -> None:
    rows = list_commit(tree, never, "HEAD")
    assert [(mode, size, path) for mode, _, size, path in rows] == [
        ("100644", 9, "a b:ü.txt"),
        ("100644", 0, "empty"),
        ("100644", 12, "inner/deep.bin"),
        (LINK, 14, "link"),
        ("100755", 5, "run.sh"),
    ]
    contents = [b"one\r\ntwo\n", b"", b"\0\n\n1 blob 2\n", b"inner/deep.bin", b"exit\n"]
    assert read_blobs(tree, never, [row[1] for row in rows]) == contents
    assert read_blobs(tree, never, []) == []


@pytest.mark.skipif(os.name == "nt", reason="a script in place of git")
def test_a_git_that_begins_to_read_late_gets_all_of_a_long_list(tree: GitTree, tmp_path: Path) -> None:
    program = tmp_path / "late" / "git"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nsleep 0.3\nexec {shutil.which("git")} "$@"\n')
    program.chmod(0o755)
    late = replace(tree, git=Git({"PATH": f"{program.parent}:{os.environ['PATH']}"}, timeout_s=30))
    [blob] = [row[1] for row in list_commit(tree, never, "HEAD") if row[3] == "run.sh"]
    assert read_blobs(late, never, [blob] * 5_000) == [b"exit\n"] * 5_000


def test_an_unknown_commit_and_a_missing_blob_are_errors(tree: GitTree) -> None:
    for revision in ("nothing", "--help", "HEAD:inner"):
        with pytest.raises(GitFailed, match="is not a commit"):
            list_commit(tree, never, revision)
    with pytest.raises(GitFailed, match="not in this clone"):
        read_blobs(tree, never, ["0" * 40])
