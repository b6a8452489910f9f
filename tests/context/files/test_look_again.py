"""A second look at single files gives the same result as a new listing of the folder."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces import GIT, NO_GIT, commit, posix, put, run

from assist_context.files.git_repository import Git
from assist_context.files.listing import list_folder, look_again, moves_others

CASES: dict[str, Callable[[Path], object]] = {
    "a.py": lambda root: put(root, "a.py", "saved"),
    "inner/new.py": lambda root: put(root, "inner/new.py", "new"),
    "gone.py": lambda root: (root / "gone.py").unlink(),
    "inner/away.py": lambda root: (root / "inner").rename(root / "other"),
    "ignored/a.py": lambda root: put(root, "ignored/a.py", "x"),
    "tracked.log": lambda root: put(root, "tracked.log", "git knows it"),
    "new.log": lambda root: put(root, "new.log", "x"),
    "excluded/a.py": lambda root: put(root, "excluded/a.py", "x"),
    ".env": lambda root: put(root, ".env", "x"),
    "inner/id_rsa": lambda root: put(root, "inner/id_rsa", "x"),
    "binary.py": lambda root: put(root, "binary.py", b"\0"),
    "large.py": lambda root: put(root, "large.py", b"x" * 1_000_001),
    "[a].py": lambda root: put(root, "[a].py", "no pattern"),
    "web/node_modules/a.js": lambda root: put(root, "web/node_modules/a.js", "installed"),
    "venv/tracked.py": lambda root: put(root, "venv/tracked.py", "saved"),
    ".tox": lambda root: put(root, ".tox", "a file"),
    "never.py": lambda _root: None,
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "work"
    for name in ("a.py", "gone.py", "inner/away.py", "inner/stays.py", "tracked.log", "venv/tracked.py"):
        put(root, name, name)
    commit(root)
    put(root, ".gitignore", "*.log\nignored/\n")
    put(root, ".assistignore", "excluded/\n")
    return commit(root)


def same(root: Path, path: str, git: Git) -> None:
    found = look_again(str(root), [path], git is GIT, git)
    assert found is not None
    listed = tuple(each for each in list_folder(str(root), git=git).entries if each.path == path)
    assert found.entries == listed
    assert found.gone == (() if listed else (path,))


@pytest.mark.parametrize("path", CASES)
@pytest.mark.parametrize("git", [GIT, NO_GIT], ids=["git", "plain"])
def test_as_a_listing(root: Path, path: str, git: Git) -> None:
    CASES[path](root)
    same(root, path, git)


def test_in_a_folder_of_a_repository(root: Path) -> None:
    put(root, "inner/new.py", "x")
    put(root, "inner/new.log", "x")
    for path in ("new.py", "new.log", "stays.py"):
        same(root / "inner", path, GIT)


def test_the_users_own_ignore_file_counts(root: Path, tmp_path: Path) -> None:
    put(tmp_path, "ignore", "*.mine.py\n")
    run(root, "config", "core.excludesFile", str(tmp_path / "ignore"))
    put(root, "b.mine.py", "x")
    same(root, "b.mine.py", GIT)


@posix
@pytest.mark.parametrize(
    "path", ["link.py", "linked/a.py", "pipe.py", "../outside.py", "/etc/passwd", "inner//a"]
)
def test_what_is_no_file_of_the_folder(root: Path, path: str) -> None:
    put(root.parent, "outside.py", "x")
    put(root.parent, "outer/a.py", "x")
    os.symlink("a.py", root / "link.py")
    os.symlink(root.parent / "outer", root / "linked")
    os.mkfifo(root / "pipe.py")
    found = look_again(str(root), [path], True, GIT)
    assert found is not None
    assert (found.entries, found.gone) == ((), (path,))


def hard_link(root: Path) -> str:
    os.link(root / "a.py", root / "b.py")
    return "a.py"


def new_directory(root: Path) -> str:
    put(root, "new/a.py")
    return "new"


def inner_repository(root: Path) -> str:
    commit(put(root, "own/a.py").parent)
    return "own/a.py"


@pytest.mark.parametrize("make", [hard_link, new_directory, inner_repository])
def test_what_cannot_be_judged_by_itself(root: Path, make: Callable[[Path], str]) -> None:
    assert look_again(str(root), [make(root)], True, GIT) is None


def test_a_folder_that_git_did_not_answer_for(root: Path) -> None:
    put(root, "ignored/work/a.py")
    inner = root / "ignored" / "work"
    assert not list_folder(str(inner), git=GIT).git
    assert look_again(str(inner), ["a.py"], False, GIT) is None


def test_a_folder_whose_git_is_gone(root: Path) -> None:
    assert look_again(str(root), ["a.py"], True, NO_GIT) is None


def test_a_file_in_a_folder_that_is_open_by_itself(root: Path) -> None:
    found = look_again(str(root), ["inner/stays.py"], True, GIT, (str(root / "inner"),))
    assert found is not None
    assert found.gone == ("inner/stays.py",)


@pytest.mark.parametrize(
    ("path", "moves"),
    [
        (".gitignore", True),
        ("a/.GitIgnore", True),
        ("a/.assistignore", True),
        (".cursorignore", True),
        (".gitattributes", True),
        (".git", True),
        (".git/HEAD", True),
        (".git/index", True),
        (".git/info/exclude", True),
        (".git/refs/heads/main", True),
        ("sub/.git/HEAD", True),
        (".git/index.lock", False),
        (".git/objects/ab/cd", False),
        (".git/logs/HEAD", False),
        ("gitignore", False),
        ("a.py", False),
    ],
)
def test_what_moves_others(path: str, moves: bool) -> None:
    assert moves_others(path) is moves
