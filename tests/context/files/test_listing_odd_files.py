"""Listings of unusual files: links, strange names, large and unreadable files, and special files."""

import os
import shutil
import stat
from dataclasses import replace
from pathlib import Path

from workspaces import GIT, NO_GIT, both, commit, entry, paths, posix, put, run, write

from assist_context.files.blobs import HASHED, LARGE, blob_id
from assist_context.files.listing import list_folder


@posix
def test_links(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", put(tmp_path, "outside/secret.py", "x")
    write(root, a="1", b__c="2")
    put(root, ".env", "secret")
    for name, target in {
        "in.py": "a.py", "dir": "b", "env.py": ".env", "out.py": str(outside), "outdir": "../outside",
        "loop": ".", "b/up": "..", "self": "self", "x": "y", "y": "x", "nowhere": "gone",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    for _ in range(2):  # as plain files, then tracked
        for listing in (list_folder(str(root), git=GIT), list_folder(str(root), git=NO_GIT)):
            assert paths(listing) == ["a.py", "b/c.py"]
            assert listing.skipped["link out of the folder"] == 2
            assert listing.skipped["broken link"] == 4
        commit(root)


@posix
def test_a_link_in_the_place_of_a_tracked_directory(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root, a="1", b__c="2", b__d="2")
    commit(root)
    run(root, "update-index", "--skip-worktree", "b/c.py")
    write(tmp_path, outside__c="secret", outside__d="2")
    shutil.rmtree(root / "b")
    (root / "b").symlink_to("../outside")
    for listing in both(root):
        assert paths(listing) == ["a.py"]


@posix
def test_a_root_that_is_a_link_is_listed_as_what_it_points_to(tmp_path: Path) -> None:
    write(tmp_path / "root", a="1")
    (tmp_path / "link").symlink_to("root")
    for name in ("link", "root/../root"):
        listing = list_folder(str(tmp_path / name), git=GIT)
        assert listing.root == os.path.realpath(tmp_path / "root")
        assert paths(listing) == ["a.py"]


@posix
def test_hard_links_to_excluded_names(tmp_path: Path) -> None:
    write(tmp_path, a="1", b="2", private__x="3", c="4")
    put(tmp_path, ".env", "secret")
    put(tmp_path, ".assistignore", "private/\n")
    put(tmp_path, ".gitignore", ".env\nprivate/\n")
    commit(tmp_path)
    os.link(tmp_path / ".env", tmp_path / "notes.txt")
    os.link(tmp_path / ".git/config", tmp_path / "config.txt")
    os.link(tmp_path / "private/x.py", tmp_path / "d.py")
    os.link(tmp_path / "a.py", tmp_path / "same.py")
    for listing in both(tmp_path):
        assert paths(listing) == [".assistignore", ".gitignore", "a.py", "b.py", "c.py", "same.py"]
        assert listing.skipped["hard link"] == 3


@posix
def test_odd_names(tmp_path: Path) -> None:
    raw = os.fsdecode(b"caf\xe9\xff.py")
    names = [
        raw,
        "a\nb.py",
        "a\tb.py",
        '"q".py',
        " x.py",
        "e\u0301.py",
        "é.py",
        "日本.py",
        "-rf",
        ":(glob)*",
        "*",
        "a\\b.py",
        "\x7f",
    ]
    for tracked in (False, True):
        for name in names:
            put(tmp_path, f"d/{name}", name.encode("utf-8", "surrogateescape"))
        if tracked:
            commit(tmp_path)
        for listing in (list_folder(str(tmp_path), git=GIT), list_folder(str(tmp_path), git=NO_GIT)):
            assert paths(listing) == sorted("d/" + name for name in names)
            for each in listing.entries:
                assert each.blob == blob_id(each.path[2:].encode("utf-8", "surrogateescape"))


def test_large_and_binary_files(tmp_path: Path) -> None:
    put(tmp_path, "edge.py", b"a" * LARGE)
    put(tmp_path, "large.py", b"a" * (LARGE + 1))
    put(tmp_path, "binary.py", b"a" * 8191 + b"\0")
    put(tmp_path, "late.py", b"a" * 8192 + b"\0")
    put(tmp_path, "empty.py")
    expected = {
        "edge.py": "text",
        "large.py": "large",
        "binary.py": "binary",
        "late.py": "text",
        "empty.py": "text",
    }
    for tracked in (False, True):
        if tracked:
            commit(tmp_path)
        for listing in (list_folder(str(tmp_path), git=GIT), list_folder(str(tmp_path), git=NO_GIT)):
            assert {each.path: each.kind for each in listing.entries} == expected
            assert {each.blob for each in listing.entries} == {
                blob_id((tmp_path / name).read_bytes()) for name in expected
            }


@posix
def test_a_huge_file_is_listed_without_being_read(tmp_path: Path) -> None:
    with open(tmp_path / "huge", "wb") as file:
        file.truncate(HASHED * 100)  # a sparse file; reading it would take seconds
    assert [(each.blob, each.size, each.kind) for each in list_folder(str(tmp_path), git=GIT).entries] == [
        ("", HASHED * 100, "large")
    ]


@posix
def test_what_is_no_file(tmp_path: Path) -> None:
    write(tmp_path, a="1", pipe="x")
    commit(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "pipe.py").unlink()
    os.mkfifo(tmp_path / "pipe.py")
    for listing in both(tmp_path):
        assert paths(listing) == ["a.py"]
    assert list_folder(str(tmp_path), git=NO_GIT).skipped["special"] == 2


@posix
def test_what_cannot_be_read(tmp_path: Path) -> None:
    """A path too long to open fails for every user; permissions do not apply to root."""
    write(tmp_path, a="1", z="2")
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=at)
        inner = os.open("d" * 250, os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(os.open("deep.py", os.O_CREAT | os.O_WRONLY, dir_fd=at))
    os.close(at)
    listing = list_folder(str(tmp_path), git=NO_GIT)
    assert paths(listing) == ["a.py", "z.py"]
    assert sum(listing.skipped.values()) == 1
    put(tmp_path, "closed/x.py", "1")
    (tmp_path / "closed").chmod(0)
    try:
        again = list_folder(str(tmp_path), git=NO_GIT)
    finally:
        (tmp_path / "closed").chmod(stat.S_IRWXU)
    assert os.geteuid() == 0 or again.skipped["unreadable"] == 1
    shutil.rmtree(tmp_path / ("d" * 250))


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    write(tmp_path, a="11", b="22")
    commit(tmp_path)
    write(tmp_path, c="33")
    for git in (GIT, NO_GIT):
        first = list_folder(str(tmp_path), git=git)
        old = replace(first, started_ns=first.started_ns + 10**10)
        # Bytes that change without a new time show only if the file is read.
        status = (tmp_path / "c.py").stat()
        write(tmp_path, c="44")
        os.utime(tmp_path / "c.py", ns=(status.st_atime_ns, status.st_mtime_ns))
        assert list_folder(str(tmp_path), old, git).entries == first.entries
        # Too recent to be trusted:
        assert entry(list_folder(str(tmp_path), first, git), "c.py").blob == blob_id(b"44")
        write(tmp_path, c="33")


def test_a_known_blob_is_not_opened(tmp_path: Path) -> None:
    write(tmp_path, a="11")
    commit(tmp_path)
    first = list_folder(str(tmp_path), git=GIT)
    marked = replace(first, entries=tuple(each._replace(kind="binary") for each in first.entries))
    run(tmp_path, "mv", "a.py", "b.py")
    assert [each.kind for each in list_folder(str(tmp_path), marked, GIT).entries] == ["binary"]
