"""Listings while things happen: files change, users cancel, programs would run; and many files."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workspaces import ENVIRON, GIT, NO_GIT, commit, paths, posix, put, run, write

from assist_context.files.blobs import blob_id
from assist_context.files.git_repository import Git, Stopped, find_git, is_placeholder
from assist_context.files.listing import ListingProgress, list_folder


class Meddler:
    """Acts when a given number of paths has been looked at."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        self.at, self.act, self.calls = at, act, 0

    def __call__(self, count: int) -> None:
        if count >= self.at and self.calls == 0:
            self.calls += 1
            self.act()


@pytest.mark.parametrize("git", [GIT, NO_GIT], ids=["git", "plain"])
def test_files_vanish_while_they_are_listed(tmp_path: Path, git: Git) -> None:
    for number in range(200):
        put(tmp_path, f"d/{number:03}.py", str(number))
    put(tmp_path, "a.py", "1")
    meddler = Meddler(64, lambda: shutil.rmtree(tmp_path / "d"))
    if git is GIT:
        commit(tmp_path)
    (tmp_path / "d/199.py").write_text("changed")
    listing = list_folder(str(tmp_path), git=git, watch=ListingProgress(progress=meddler))
    assert meddler.calls == 1
    assert "a.py" in paths(listing)
    assert len(listing.entries) + listing.skipped["vanished"] >= 201


def test_a_commit_meanwhile_is_not_half_seen(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    commit(tmp_path)
    calls = 0

    def stop() -> bool:
        nonlocal calls
        calls += 1
        if calls == 6:  # between two answers of git
            write(tmp_path, a="22")
            commit(tmp_path)
        return False

    listing = list_folder(str(tmp_path), git=GIT, watch=ListingProgress(stop=stop))
    assert [each.blob for each in listing.entries] == [blob_id(b"22")]


@pytest.mark.parametrize("git", [GIT, NO_GIT], ids=["git", "plain"])
def test_it_stops(tmp_path: Path, git: Git) -> None:
    for number in range(100):
        put(tmp_path, f"{number}.py", "1")
    commit(tmp_path)
    seen: list[int] = []
    with pytest.raises(Stopped):
        list_folder(str(tmp_path), git=git, watch=ListingProgress(lambda: True))
    with pytest.raises(Stopped):
        list_folder(str(tmp_path), git=git, watch=ListingProgress(lambda: bool(seen), seen.append))
    assert seen == [64]


@posix
def test_a_git_that_hangs_is_given_up(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    commit(tmp_path)
    fake = put(tmp_path, "../bin/git", "#!/bin/sh\nexec sleep 60\n").resolve()
    fake.chmod(0o755)
    environ = {"PATH": f"{fake.parent}:{ENVIRON['PATH']}"}
    listing = list_folder(str(tmp_path), git=Git(environ, timeout_s=0.1))
    assert not listing.git
    assert paths(listing) == ["a.py"]
    asked: list[int] = []
    with pytest.raises(Stopped):
        list_folder(
            str(tmp_path),
            git=Git(environ),
            watch=ListingProgress(lambda: len(asked) > 2 or asked.append(1) or False),
        )


@posix
def test_no_program_of_the_workspace_is_run(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    mark = tmp_path / "mark"
    for name in ("git", "bin/git"):
        put(tmp_path, name, f"#!/bin/sh\ntouch {mark}\n").chmod(0o755)
    for place in ("", ".", ":", "bin", str(tmp_path), str(tmp_path / "bin"), f"{tmp_path}/bin/../bin"):
        assert find_git(Git({"PATH": place}), os.path.realpath(tmp_path)) is None
        assert not list_folder(str(tmp_path), git=Git({"PATH": place})).git
    for repository in (tmp_path, tmp_path / "lib"):  # the second one as a submodule of the first one
        run(tmp_path, "init", "-q", str(repository))
        write(repository / "src", a="1")
        assert find_git(Git({"PATH": str(tmp_path / "bin")}), os.path.realpath(repository / "src")) is None
    assert not mark.exists()


def test_the_program_that_macos_has_in_the_place_of_git_is_not_run(tmp_path: Path) -> None:
    tools = (str(tmp_path / "tools"),)
    assert is_placeholder("/usr/bin/git", tools, macos=True)
    assert not is_placeholder("/opt/homebrew/bin/git", tools, macos=True)
    assert not is_placeholder("/usr/bin/git", tools, macos=False)
    (tmp_path / "tools").mkdir()
    assert not is_placeholder("/usr/bin/git", tools, macos=True)


@posix
def test_no_program_of_a_repositorys_config_is_run(tmp_path: Path) -> None:
    root, mark = tmp_path / "root", tmp_path / "mark"
    write(root, a="1")
    put(root, ".gitattributes", "*.py filter=x\n*.txt filter=a=b.c\n")
    put(root, "a.txt", "1")
    commit(root)
    program = put(tmp_path, "program", f"#!/bin/sh\necho $0 $* >> {mark}\ncat\n")
    program.chmod(0o755)
    for key in (
        "core.fsmonitor", "core.pager", "core.sshCommand", "core.askPass", "filter.x.clean", "filter.x.smudge", "filter.a=b.c.clean",
        "filter.x.process", "diff.external", "core.editor", "credential.helper", "core.alternateRefsCommand",
    ):  # fmt: skip
        run(root, "config", key, str(program))
    run(root, "config", "filter.x.required", "true")
    for hook in ("post-index-change", "pre-auto-gc", "post-checkout", "fsmonitor-watchman"):
        shutil.copy(program, root / ".git/hooks" / hook)
    for name in ("a.py", "a.txt"):  # same size, different time: git has to compare contents
        os.utime(root / name, (1, 1))
    listing = list_folder(str(root), git=GIT)
    assert listing.git
    assert paths(listing) == [".gitattributes", "a.py", "a.txt"]
    assert not mark.exists(), mark.read_text()


def test_variables_of_a_hook_do_not_lead_elsewhere(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write(tmp_path / name, **{name: "1"})
        commit(tmp_path / name)
    there = str(tmp_path / "one/.git")
    environ = {
        **ENVIRON,
        "GIT_DIR": there,
        "GIT_INDEX_FILE": there + "/index",
        "GIT_WORK_TREE": str(tmp_path / "one"),
    }
    listing = list_folder(str(tmp_path / "two"), git=Git(environ))
    assert listing.git
    assert paths(listing) == ["two.py"]


def test_listing_writes_nothing_into_the_repository(tmp_path: Path) -> None:
    write(tmp_path, a="1")
    commit(tmp_path)
    os.utime(tmp_path / "a.py", (1, 1))  # now git would want to refresh its index
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    list_folder(str(tmp_path), git=GIT)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


@pytest.mark.slow
@pytest.mark.parametrize("git", [GIT, NO_GIT], ids=["git", "plain"])
def test_ten_thousand_files(tmp_path: Path, git: Git) -> None:
    for directory in range(100):
        place = tmp_path / f"d{directory}"
        place.mkdir()
        for number in range(100):
            (place / f"{number}.py").write_bytes(b"%d %d" % (directory, number))
    if git is GIT:
        commit(tmp_path)
    counts: list[int] = []
    listing = list_folder(str(tmp_path), git=git, watch=ListingProgress(progress=counts.append))
    assert len(listing.entries) == len({each.blob for each in listing.entries}) == 10_000
    assert counts == sorted(counts)
    assert list_folder(str(tmp_path), listing, git).entries == listing.entries
