"""Listings of repositories and of plain folders: what they contain, and what rules exclude."""

import os
import subprocess
from pathlib import Path

import pytest
from workspaces import GIT, NO_GIT, both, commit, entry, paths, posix, put, run, write

from assist_context.files.blobs import FileEntry, blob_id
from assist_context.files.git_repository import GitFailed, find_git, open_tree
from assist_context.files.listing import list_folder


def test_a_repository(tmp_path: Path) -> None:
    write(tmp_path, same="1", changed="1", gone="1", staged="1")
    put(tmp_path, ".gitignore", "ignored.py\n")
    commit(tmp_path)
    write(tmp_path, changed="22", staged="22", fresh="3", ignored="4")
    (tmp_path / "gone.py").unlink()
    run(tmp_path, "add", "staged.py")
    listing = list_folder(str(tmp_path), git=GIT)
    assert listing.git
    assert paths(listing) == [".gitignore", "changed.py", "fresh.py", "same.py", "staged.py"]
    for each in listing.entries:
        data = (tmp_path / each.path).read_bytes()
        status = (tmp_path / each.path).stat()
        assert each == FileEntry(each.path, blob_id(data), status.st_size, status.st_mtime_ns, "text")
    assert listing.skipped == {"vanished": 1}
    assert entry(listing, "fresh.py").blob == run(tmp_path, "hash-object", "fresh.py")


def test_without_git_the_same_files_have_the_same_names(tmp_path: Path) -> None:
    write(tmp_path, a="1", b__c="2", b__d="3")
    put(tmp_path, ".gitignore", "*.log\n")
    put(tmp_path, "x.log")
    put(tmp_path, ".git-not/y.log")
    commit(tmp_path)
    with_git, without = both(tmp_path)
    assert with_git.entries == without.entries
    assert without.skipped == {".gitignore": 2, "denied": 1}  # .git itself


def test_installed_packages_are_left_out_unless_git_tracks_them(tmp_path: Path) -> None:
    for path in ("a.py", "venv/own.py", "lib/venv.py"):
        put(tmp_path, path)
    commit(tmp_path)
    for path in (".venv/lib/x.py", "web/node_modules/left/pad.js", "venv/new.py", "b.py"):
        put(tmp_path, path)
    with_git, without = both(tmp_path)
    assert paths(with_git) == ["a.py", "b.py", "lib/venv.py", "venv/own.py"]
    assert paths(without) == ["a.py", "b.py", "lib/venv.py"]
    assert without.skipped["installed packages"] == 3
    for git in (GIT, NO_GIT):  # someone opened this very folder
        assert paths(list_folder(str(tmp_path / "web/node_modules/left"), git=git)) == ["pad.js"]


def test_a_repository_of_sha256(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    commit(tmp_path, "--object-format=sha256")
    write(tmp_path, b="2")
    listing = list_folder(str(tmp_path), git=GIT)
    assert [each.blob for each in listing.entries] == [blob_id(b"1", "sha256"), blob_id(b"2", "sha256")]
    assert entry(listing, "b.py").blob == run(tmp_path, "hash-object", "b.py")


def test_a_folder_inside_a_repository_keeps_its_rules(tmp_path: Path) -> None:
    write(tmp_path, a="1", sub__b="2", sub__c="3", sub__deep__c="4")
    put(tmp_path, ".assistignore", "/sub/c.py\n")
    put(tmp_path, "sub/.cursorignore", "deep/\n")
    commit(tmp_path)
    write(tmp_path, sub__b="changed")
    for listing in both(tmp_path / "sub"):
        assert paths(listing) == [".cursorignore", "b.py"]
        assert entry(listing, "b.py").blob == blob_id(b"changed")
        assert listing.skipped == {".assistignore": 1, ".cursorignore": 1}


def test_a_folder_that_the_repository_around_it_ignores(tmp_path: Path) -> None:
    put(tmp_path, ".gitignore", "*\n")
    commit(tmp_path)
    write(tmp_path, project__a="1")
    put(tmp_path, "project/.gitignore", "b.py\n")
    write(tmp_path, project__b="2")
    listing = list_folder(str(tmp_path / "project"), git=GIT)
    assert not listing.git
    assert paths(listing) == [".gitignore", "a.py"]


def test_a_folder_that_is_a_secret_itself(tmp_path: Path) -> None:
    put(tmp_path, ".ssh/known", "x")
    put(tmp_path, ".aws/config", "x")
    put(tmp_path, ".aws/a.py", "x")
    for git in (GIT, NO_GIT):
        assert paths(list_folder(str(tmp_path / ".ssh"), git=git)) == []
        assert paths(list_folder(str(tmp_path / ".aws"), git=git)) == ["a.py"]


def test_rule_files_that_git_ignores_still_hold(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="2", c__d="3")
    put(tmp_path, ".gitignore", ".aider*\n")
    put(tmp_path, "c/.aiderignore", "d.py\n")
    put(tmp_path, ".aiderignore", "b.py\n")
    commit(tmp_path)
    for listing in both(tmp_path):
        assert paths(listing) == [".gitignore", "a.py"]


@posix
def test_a_rule_file_that_cannot_be_read_closes_its_directory(tmp_path: Path) -> None:
    write(tmp_path, a="1", b__c="2", d__e="3", f__g="4", h__i="5")
    (tmp_path / "b/.assistignore").symlink_to("nowhere")
    os.mkfifo(tmp_path / "d/.assistignore")
    (tmp_path / "f/.assistignore").mkdir()
    put(tmp_path, "h/.assistignore", b"#" * 250_001)
    commit(tmp_path)
    for listing in both(tmp_path):
        assert paths(listing) == ["a.py", "f/g.py"]
        assert listing.skipped["unreadable rules"] >= 3


def test_submodules_and_repositories_inside(tmp_path: Path) -> None:
    library = tmp_path / "library"
    write(library, a="lib", ignored="x")
    put(library, ".gitignore", "ignored.py\n")
    os.unlink(library / "ignored.py")
    commit(library)
    root = tmp_path / "root"
    write(root, main="1")
    put(root, ".assistignore", "hidden.py\n/closed/\n")
    commit(root)
    run(root, "submodule", "add", "-q", str(library), "sub")
    run(root, "submodule", "add", "-q", str(library), "empty")
    commit(root)
    run(root, "submodule", "deinit", "-q", "-f", "empty")
    write(root, sub__fresh="2", sub__ignored="3", sub__hidden="4")
    write(root, nested__inner="5", nested__hidden="6", closed__x="7")
    commit(root / "nested")
    commit(root / "closed")
    write(root, nested__deep__y="8")
    commit(root / "nested/deep")
    for listing in both(root):
        listed = [path for path in paths(listing) if path.endswith(".py")]
        assert listed == ["main.py", "nested/deep/y.py", "nested/inner.py", "sub/a.py", "sub/fresh.py"]
    assert list_folder(str(root), git=GIT).skipped["submodule without files"] == 1
    # Also if the folder around it is not a repository.
    around = list_folder(str(tmp_path), git=GIT)
    assert not around.git
    assert "root/sub/fresh.py" in paths(around)
    assert not any("ignored.py" in path or "hidden.py" in path for path in paths(around))


def test_a_broken_repository_inside_is_read_without_git(tmp_path: Path) -> None:
    write(tmp_path, a="1", b__c="2", b__d="3")
    put(tmp_path, "b/.git", "gitdir: /nowhere\n")
    put(tmp_path, "b/.gitignore", "d.py\n")
    assert paths(list_folder(str(tmp_path), git=GIT)) == ["a.py", "b/.gitignore", "b/c.py"]


def test_a_worktree(tmp_path: Path) -> None:
    write(tmp_path / "main", a="1")
    commit(tmp_path / "main")
    run(tmp_path / "main", "worktree", "add", "-q", "../other", "-b", "x")
    write(tmp_path / "other", b="2")
    listing = list_folder(str(tmp_path / "other"), git=GIT)
    assert listing.git
    assert paths(listing) == ["a.py", "b.py"]


def test_a_conflict_lists_the_content_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, a="1\n")
    commit(tmp_path)
    run(tmp_path, "checkout", "-q", "-b", "x")
    write(tmp_path, a="2\n")
    commit(tmp_path)
    run(tmp_path, "checkout", "-q", "-")
    write(tmp_path, a="3\n")
    commit(tmp_path)
    with pytest.raises(subprocess.CalledProcessError):
        run(tmp_path, "merge", "x")
    listing = list_folder(str(tmp_path), git=GIT)
    assert [each.blob for each in listing.entries] == [blob_id((tmp_path / "a.py").read_bytes())]


def test_files_that_git_must_not_compare(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="1", c="1")
    commit(tmp_path)
    run(tmp_path, "update-index", "--assume-unchanged", "a.py")
    run(tmp_path, "update-index", "--skip-worktree", "b.py", "c.py")
    write(tmp_path, a="22", b="22")
    (tmp_path / "c.py").unlink()
    listing = list_folder(str(tmp_path), git=GIT)
    assert [(each.path, each.blob) for each in listing.entries] == [
        ("a.py", blob_id(b"22")),
        ("b.py", blob_id(b"22")),
    ]


def test_several_folders(tmp_path: Path) -> None:
    write(tmp_path / "a", x="1", inner__y="2")
    write(tmp_path / "ab", z="3")
    put(tmp_path, "a/.assistignore", "inner/\n")
    commit(tmp_path / "a")
    folders = [os.path.realpath(tmp_path / name) for name in ("a", "a/inner", "ab")]
    listings = [list_folder(root, git=GIT, others=folders) for root in folders]
    assert [paths(listing) for listing in listings] == [[".assistignore", "x.py"], [], ["z.py"]]
    (tmp_path / "a/.assistignore").unlink()
    again = [list_folder(each.root, each, GIT, others=folders) for each in listings]
    assert [paths(listing) for listing in again] == [["x.py"], ["y.py"], ["z.py"]]
    assert again[0].skipped["other folder"] == 1


def test_a_missing_folder_is_not_an_empty_one(tmp_path: Path) -> None:
    assert list_folder(str(tmp_path / "gone"), git=GIT).skipped == {"missing folder": 1}


def test_a_repository_without_commits_and_an_empty_one(tmp_path: Path) -> None:
    run(tmp_path, "init", "-q")
    assert list_folder(str(tmp_path), git=GIT).entries == ()
    write(tmp_path, a="1")
    assert paths(list_folder(str(tmp_path), git=GIT)) == ["a.py"]


def test_outside_of_a_work_tree_git_says_so(tmp_path: Path) -> None:
    git = find_git(GIT, "/nowhere")
    assert git is not None
    with pytest.raises(GitFailed):
        open_tree(git, str(tmp_path), lambda: False)
