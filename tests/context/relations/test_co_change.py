"""Files that were committed together, in real commits of a real git."""

import dataclasses
from pathlib import Path

import pytest
from workspaces import GIT, NO_GIT, commit, posix, put, run

from assist_context.files.git_repository import Stopped
from assist_context.relations.co_change import COMMITS, HALF_AGE, MOST_FILES, MOST_PARTNERS, pairs


def go_on() -> bool:
    return False


def change(root: Path, *paths: str) -> None:
    """Makes one commit that changes these files."""
    for path in paths:
        file = root / path
        put(root, path, (file.read_text() if file.exists() else "") + "x\n")
    commit(root)


def repository(root: Path, *commits: str) -> Path:
    """A repository whose first commit is empty, followed by one commit for each string of paths."""
    commit(root)
    for paths in commits:
        change(root, *paths.split())
    return root


def names(found: list[tuple[str, str, float]]) -> list[tuple[str, str]]:
    return [row[:2] for row in found]


def test_two_commits_tie_two_files(tmp_path: Path) -> None:
    root = repository(tmp_path, "a b", "b a", "a c", "c")
    ((one, other, weight),) = pairs(GIT, str(root), go_on)
    assert (one, other) == ("a", "b")
    assert weight == pytest.approx(0.5 ** (2 / HALF_AGE) + 0.5 ** (3 / HALF_AGE))


def test_small_and_recent_commits_weigh_more(tmp_path: Path) -> None:
    root = repository(tmp_path, "a b", "a b", "c d", "c d", "e f g", "e f g")
    assert names(pairs(GIT, str(root), go_on)) == [("c", "d"), ("a", "b"), ("e", "f"), ("e", "g"), ("f", "g")]


def test_large_commits_say_nothing(tmp_path: Path) -> None:
    few = " ".join(f"few{number:02}" for number in range(MOST_FILES))
    many = " ".join(f"many{number:02}" for number in range(MOST_FILES + 1))
    found = pairs(GIT, str(repository(tmp_path, few, few, many, many)), go_on)
    assert found
    assert not [row for row in found if row[0].startswith("many")]


def test_each_file_keeps_its_closest_partners(tmp_path: Path) -> None:
    commits = [f"hub a{number:02}" for number in range(MOST_PARTNERS + 5) for _ in range(2)]
    found = pairs(GIT, str(repository(tmp_path, *commits)), go_on)
    assert names(found) == [(f"a{number:02}", "hub") for number in range(MOST_PARTNERS + 4, 4, -1)]


def test_only_live_paths_come_back(tmp_path: Path) -> None:
    root = repository(tmp_path, "a b .env", "a b .env")
    assert names(pairs(GIT, str(root), go_on, lambda path: path != ".env")) == [("a", "b")]


def test_of_a_subdirectory_only_its_own(tmp_path: Path) -> None:
    root = repository(tmp_path, "sub/a sub/b out", "sub/a sub/b out", "subway/c out", "subway/c out")
    ((one, other, weight),) = pairs(GIT, str(root / "sub"), go_on)
    assert (one, other) == ("a", "b")
    assert weight == pytest.approx((0.5 ** (0 / HALF_AGE) + 0.5 ** (1 / HALF_AGE)) / 2)  # three files each


def test_a_commit_that_is_large_outside_of_the_subdirectory_is_large(tmp_path: Path) -> None:
    everything = "sub/a sub/b " + " ".join(f"out{number}" for number in range(MOST_FILES))
    root = repository(tmp_path, everything, everything)
    assert pairs(GIT, str(root / "sub"), go_on) == []


def test_first_commits_and_merges_say_nothing(tmp_path: Path) -> None:
    change(tmp_path, "a", "b")  # an import
    change(tmp_path, "a", "b")
    run(tmp_path, "checkout", "-q", "-b", "side")
    change(tmp_path, "c")
    run(tmp_path, "checkout", "-q", "-")
    change(tmp_path, "d")
    run(tmp_path, "merge", "-q", "--no-ff", "-m", "merge", "side")
    assert pairs(GIT, str(tmp_path), go_on) == []


def test_where_a_shallow_clone_ends_nothing_is_made_up(tmp_path: Path) -> None:
    root = repository(tmp_path / "whole", "a b", "a b", "a b", "c")
    run(tmp_path, "clone", "-q", "--depth", "2", f"file://{root}", "shallow")
    assert names(pairs(GIT, str(root), go_on)) == [("a", "b")]
    assert pairs(GIT, str(tmp_path / "shallow"), go_on) == []
    run(
        tmp_path, "clone", "-q", "--depth", "3", f"file://{root}", "deeper"
    )  # the history ends at one of its commits
    assert pairs(GIT, str(tmp_path / "deeper"), go_on) == []


def test_no_git_no_repository_no_commit_no_folder(tmp_path: Path) -> None:
    root = repository(tmp_path / "a", "a b", "a b")
    assert pairs(NO_GIT, str(root), go_on) == []
    put(tmp_path, "plain/a")
    assert pairs(GIT, str(tmp_path / "plain"), go_on) == []
    (tmp_path / "empty").mkdir()
    run(tmp_path / "empty", "init", "-q")
    assert pairs(GIT, str(tmp_path / "empty"), go_on) == []
    assert pairs(GIT, str(tmp_path / "gone"), go_on) == []


@posix
def test_odd_names_come_back_as_they_are(tmp_path: Path) -> None:
    odd = ["a\nb", "\nfirst", "tab\tq\"uote'", " ", "é", "\udcff", "-x", "//".replace("/", "\\"), "\x01"]
    commit(tmp_path)
    change(tmp_path, *odd)
    change(tmp_path, *odd)
    found = pairs(GIT, str(tmp_path), go_on)
    assert {path for row in found for path in row[:2]} == set(odd)
    change(
        tmp_path, "\nfirst"
    )  # the only file of its commit, so the line end in its name follows git's own directly
    change(tmp_path, "\nfirst", "z")
    change(tmp_path, "z", "\nfirst")
    assert ("\nfirst", "z") in names(pairs(GIT, str(tmp_path), go_on))


def test_renamed_files_are_two_and_users_settings_change_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path, "a b", "a b")
    for key, value in (
        ("diff.renames", "copies"), ("diff.relative", "true"), ("log.showSignature", "true"), ("log.follow", "true"),
        ("diff.noprefix", "true"), ("log.decorate", "full"), ("core.quotepath", "true"), ("color.ui", "always"),
        ("format.pretty", "fuller"), ("log.diffMerges", "on"), ("diff.external", "/bin/false"),
    ):  # fmt: skip
        run(root, "config", key, value)
    run(root, "mv", "a", "new")
    commit(root)
    change(root, "new", "b")
    change(root, "new", "b")
    assert names(pairs(GIT, str(root), go_on)) == [("b", "new"), ("a", "b")]


def test_no_more_commits_are_read_than_are_asked_for(tmp_path: Path) -> None:
    root = repository(tmp_path, "a b", "a b")
    lines = []
    for number in range(COMMITS):
        lines += ["commit refs/heads/new", "committer a <a@example.com> 1700000000 +0000", "data 1", "x"]
        lines += ["from HEAD"] if number == 0 else []
        lines += ["M 100644 inline f", f"data {len(str(number))}", str(number), ""]
    put(tmp_path, ".git/commits", "\n".join(lines) + "\n")
    run(root, "-c", "alias.load=!git fast-import --quiet <.git/commits", "load")
    run(root, "symbolic-ref", "HEAD", "refs/heads/new")
    assert pairs(GIT, str(root), go_on) == []


def test_it_stops_on_request(tmp_path: Path) -> None:
    root = repository(tmp_path, "a b")
    with pytest.raises(Stopped):
        pairs(GIT, str(root), lambda: True)


def test_a_git_that_takes_too_long_gives_nothing(tmp_path: Path) -> None:
    root = repository(tmp_path / "root", "a b", "a b")
    slow = put(tmp_path, "bin/git", "#!/bin/sh\nsleep 5\n")
    slow.chmod(0o755)
    git = dataclasses.replace(GIT, environ={"PATH": f"{slow.parent}:/bin:/usr/bin"}, timeout_s=0.2)
    assert pairs(git, str(root), go_on) == []
