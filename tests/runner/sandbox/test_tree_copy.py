"""A copy of a commit has its files and nothing that leads out of it, and gets its old texts back."""

import os
from pathlib import Path

import pytest
from repositories import git, make_repository

from assist_context.files.git_repository import Git
from assist_runner.sandbox.tree_copy import changed_file, copy_tree, remove_tree
from assist_server.errors import UserError

GIT = Git({"PATH": os.environ["PATH"]})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = make_repository(tmp_path / "shop")
    (root / ".gitattributes").write_text("tests export-ignore\n*.py filter=evil\n")
    git(root, "config", "filter.evil.smudge", f"touch {tmp_path}/ran; cat")
    (root / "tests").mkdir()
    (root / "tests" / "test_cart.py").write_text("assert 1\n")
    (root / "run.sh").write_text("exit\n")
    (root / "run.sh").chmod(0o755)
    return root


def commit(root: Path) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-qm", "More")


def test_a_copy_has_the_files_of_the_commit_and_runs_no_filter(root: Path, tmp_path: Path) -> None:
    commit(root)
    (root / "cart.py").write_text("changed since\n")
    copy = copy_tree(root, tmp_path / "copy", "HEAD", GIT)
    assert sorted(os.listdir(copy)) == [".gitattributes", "cart.py", "old.py", "run.sh", "tests"]
    assert (copy / "tests" / "test_cart.py").read_text() == "assert 1\n"
    assert (copy / "cart.py").read_text().startswith("def total")
    assert os.access(copy / "run.sh", os.X_OK)
    assert not os.access(copy / "cart.py", os.X_OK)
    assert not (tmp_path / "ran").exists()
    assert copy.stat().st_mode & 0o777 == 0o700


def test_links_inside_are_made_and_links_that_lead_out_are_not(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("hunter2")
    targets = {
        "good": "cart.py",
        "tests/up": "../cart.py",
        "dangling": "nothing",
        "absolute": str(tmp_path / "secret.txt"),
        "out": "../secret.txt",
        "tests/top": "..",
        "by_link": "tests/top/../secret.txt",
    }
    for name, target in targets.items():
        (root / name).symlink_to(target)
    commit(root)
    copy = copy_tree(root, tmp_path / "copy", "HEAD", GIT)
    made = {name for name in targets if (copy / name).is_symlink()}
    assert made == {"good", "tests/up", "dangling", "tests/top"}
    assert (copy / "tests" / "up").read_text().startswith("def total")


def test_an_unknown_commit_and_a_folder_without_git_are_errors(root: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="0123abc of shop cannot be copied: 0123abc is not a commit"):
        copy_tree(root, tmp_path / "copy", "0123abc", GIT)
    with pytest.raises(UserError, match="git is not installed"):
        copy_tree(root, tmp_path / "copy", "HEAD", Git({"PATH": str(tmp_path)}))


def test_a_file_has_another_text_for_a_while_also_after_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"old\r\n")
    with pytest.raises(FileExistsError), changed_file(tmp_path, "a.py", "new ü\n") as file:
        os.link(file, tmp_path / ("a.py" if file.read_bytes() == "new ü\n".encode() else "b.py"))
    assert (tmp_path / "a.py").read_bytes() == b"old\r\n"


def test_no_file_outside_the_copy_is_changed(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    outside = tmp_path / "outside.py"
    outside.write_text("mine\n")
    (copy / "link.py").symlink_to(outside)
    (copy / "folder").symlink_to(tmp_path)
    for path in ("link.py", "folder/outside.py", "../outside.py", str(outside), "missing.py"):
        with (
            pytest.raises(UserError, match="is not a file in the copy of the repository"),
            changed_file(copy, path, "harm"),
        ):
            pass
    assert outside.read_text() == "mine\n"


def test_a_tree_is_deleted_with_files_that_are_only_for_reading(tmp_path: Path) -> None:
    for place in ("copy/a.py", "copy/src/b.py"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("")
        (tmp_path / place).chmod(0o400)
    remove_tree(tmp_path / "copy")
    assert os.listdir(tmp_path) == []


def test_a_tree_is_deleted_however_deep_and_closed_its_folders_are(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").write_text("mine")
    copy = tmp_path / "copy"
    (copy / "0.old" / "full").mkdir(parents=True)
    (copy / "link").symlink_to(tmp_path)
    above = os.open(copy, os.O_RDONLY)
    for number in range(2_500):  # levels; Python's recursion ends at 1,000, and a path before that
        os.mkdir("d" * 100, dir_fd=above)
        inner = os.open("d" * 100, os.O_RDONLY, dir_fd=above)
        os.symlink(tmp_path, "link", dir_fd=inner)
        if number % 100 == 99:
            os.chmod(above, 0)
        os.close(above)
        above = inner
    os.close(above)
    remove_tree(copy)
    assert sorted(os.listdir(tmp_path)) == ["outside.txt"]
