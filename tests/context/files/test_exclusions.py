"""Why single files may not be shown: git's own answer counts where there is one, whatever file it comes from."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces import GIT, NO_GIT, commit, put, run, write

from assist_context.files.exclusions import exclusions, hard_links, unreadable_rule_files, why_excluded
from assist_context.files.git_repository import Git

PATHS = ("a.py", "private.py")


@pytest.fixture
def top(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    write(root, a="1")
    commit(root)
    put(root, "private.py", "rate = 1\n")
    return root


def global_git(tmp_path: Path) -> Git:
    """A git whose user ignores `private.py` everywhere."""
    put(tmp_path / "home", ".config/git/ignore", "private.py\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}
    return Git(environ)


def by_exclude_file(root: Path, tmp_path: Path) -> Git:
    put(tmp_path, "mine", "private.py\n")
    run(root, "config", "core.excludesFile", str(tmp_path / "mine"))
    return GIT


def by_info(root: Path, tmp_path: Path) -> Git:
    put(root, ".git/info/exclude", "private.py\n")
    return GIT


def by_rule_file(root: Path, tmp_path: Path) -> Git:
    put(root, ".gitignore", "private.py\n")
    return GIT


WAYS = [by_rule_file, by_info, by_exclude_file, lambda _root, tmp_path: global_git(tmp_path)]


@pytest.mark.parametrize("way", WAYS)
def test_a_file_that_git_ignores_is_excluded_by_whichever_file(
    top: Path, tmp_path: Path, way: Callable[[Path, Path], Git]
) -> None:
    git = way(top, tmp_path)
    assert list(exclusions(str(top), PATHS, git)) == ["private.py"]
    run(top, "add", "-f", "private.py")
    assert exclusions(str(top), PATHS, git) == {}  # git ignores nothing that it tracks


def test_a_further_work_tree_has_the_ignore_file_of_its_repository(top: Path, tmp_path: Path) -> None:
    by_info(top, tmp_path)
    run(top, "worktree", "add", "-q", str(tmp_path / "tree"))
    put(tmp_path / "tree", "private.py", "rate = 1\n")
    assert list(exclusions(str(tmp_path / "tree"), PATHS, GIT)) == ["private.py"]


def test_a_repository_inside_has_its_own_rules_and_those_around_it(top: Path, tmp_path: Path) -> None:
    for name in ("lib", "vendor/lib"):
        write(top / name, a="1")
        commit(top / name)
        put(top / name, "private.py", "rate = 1\n")
    put(top / "lib", ".git/info/exclude", "private.py\n")
    put(top, ".git/info/exclude", "/vendor/\n")
    paths = ("a.py", "lib/a.py", "lib/private.py", "vendor/lib/a.py", "lib/new/b.py", ":x.py")
    assert sorted(exclusions(str(top), paths, GIT)) == ["lib/private.py", "vendor/lib/a.py"]
    assert list(exclusions(str(top / "vendor" / "lib"), ("a.py",), GIT)) == []


def test_a_project_in_a_folder_that_git_ignores_as_a_whole_is_no_part_of_that_repository(top: Path) -> None:
    write(top / "home/.project", a="1")
    put(top, ".git/info/exclude", "/home/\n")
    assert exclusions(str(top / "home" / ".project"), ("a.py",), GIT) == {}
    assert list(exclusions(str(top), ("home/.project/a.py",), GIT)) == ["home/.project/a.py"]


def test_a_name_through_a_link_is_judged_up_to_the_link(top: Path) -> None:
    put(top, "real/a.py", "a = 1\n")
    (top / "alias").symlink_to("real")
    assert exclusions(str(top), ("alias/a.py",), GIT) == {}
    put(top, ".git/info/exclude", "alias\n")
    assert list(exclusions(str(top), ("alias/a.py", "real/a.py"), GIT)) == ["alias/a.py"]


def test_a_git_that_does_not_answer_excludes_and_none_at_all_leaves_our_own_reading(
    top: Path, tmp_path: Path
) -> None:
    put(top, ".gitignore", "private.py\n")
    assert list(exclusions(str(top), PATHS, NO_GIT)) == ["private.py"]
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "git"
    for does in ("exit 128", "sleep 20"):
        program.write_text(f"#!/bin/sh\n{does}\n")
        program.chmod(0o755)
        slow = Git({"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}"}, timeout_s=0.2)
        found = exclusions(str(top), PATHS, slow)
        assert found.keys() == set(PATHS)
        assert "git cannot say" in found["a.py"]


def test_outside_of_a_repository_the_rule_files_are_read(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="2")
    put(tmp_path, ".gitignore", "a.py\n")
    put(tmp_path, ".assistignore", "b.py\n")
    found = exclusions(str(tmp_path), ("a.py", "b.py", "c.py", ".env"), GIT)
    assert found.keys() == {"a.py", "b.py", ".env"}
    assert found["b.py"] == "is excluded by .assistignore"
    assert "built-in list" in found[".env"]


def test_a_rule_file_that_cannot_be_read_is_named(top: Path) -> None:
    (top / "sub").mkdir()
    (top / "sub" / ".aiignore").write_bytes(b"caf\xe9.py\n")
    (top / "sub" / "deep").mkdir()
    found = exclusions(str(top), ("sub/deep/b.py", "a.py"), GIT)
    assert list(found) == ["sub/deep/b.py"]
    assert str(top / "sub" / ".aiignore") in found["sub/deep/b.py"]
    assert unreadable_rule_files(str(top)) == (str(top / "sub" / ".aiignore"),)
    assert unreadable_rule_files(str(top / "sub" / "deep")) == (str(top / "sub" / ".aiignore"),)


def test_the_further_names_of_a_file_are_found_and_those_of_others_are_not(top: Path, tmp_path: Path) -> None:
    put(top, "secret/plan.py", "a = 1\n")
    os.link(top / "secret/plan.py", top / "plan.py")
    os.link(top / "secret/plan.py", tmp_path / "elsewhere.py")
    (top / "link.py").symlink_to("plan.py")
    assert hard_links(str(top), ("plan.py", "a.py", "link.py", "gone.py")) == {"secret/plan.py": "plan.py"}
    assert hard_links(str(top), ("a.py",)) == {}


def test_the_rule_that_excludes_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    put(tmp_path, ".assistignore", "# generated\n\n*_pb2.py\n!kept_pb2.py\n")
    put(tmp_path, "sub/.cursorignore", "secret/\n")
    put(tmp_path, ".gitignore", "build/\n")
    root = str(tmp_path)
    assert why_excluded(root, "x_pb2.py") == "is excluded by `*_pb2.py` at .assistignore:3"
    assert why_excluded(root, "sub/secret/deep/b.py") == "is excluded by `secret/` at sub/.cursorignore:1"
    assert why_excluded(root, "build/a.py") == "is excluded by `build/` at .gitignore:1"
    assert "built-in list" in why_excluded(root, ".env")
    assert why_excluded(root, "kept_pb2.py") == ""
    assert why_excluded(root, "a.py") == ""
