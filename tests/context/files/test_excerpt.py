"""The lines of a file as they were indexed."""

import os
from pathlib import Path

import pytest
from workspaces import NO_GIT, posix, put

from assist_context.files.blobs import FileEntry, excerpt
from assist_context.files.listing import list_folder

TEXT = "one\r\ntwo\nthree"


@pytest.fixture
def listed(tmp_path: Path) -> FileEntry:
    put(tmp_path, "d/a.py", TEXT)
    (found,) = list_folder(str(tmp_path), git=NO_GIT).entries
    return found


def test_lines_have_their_ends(tmp_path: Path, listed: FileEntry) -> None:
    assert excerpt(str(tmp_path), listed) == ("one\r\n", "two\n", "three")


def test_a_touched_file_is_the_same(tmp_path: Path, listed: FileEntry) -> None:
    os.utime(tmp_path / "d/a.py", ns=(1, 1))
    assert excerpt(str(tmp_path), listed) == ("one\r\n", "two\n", "three")


def test_changed_or_gone_is_nothing(tmp_path: Path, listed: FileEntry) -> None:
    put(tmp_path, "d/a.py", TEXT.replace("two", "2"))
    assert excerpt(str(tmp_path), listed) is None
    (tmp_path / "d/a.py").unlink()
    assert excerpt(str(tmp_path), listed) is None


@pytest.mark.parametrize(
    "path", ["../out.py", "d/../../out.py", "d", "", "d/a.py/x", "a\0b", "x\udc80", "\ud800"]
)
def test_what_is_no_file_below_the_root_is_nothing(tmp_path: Path, listed: FileEntry, path: str) -> None:
    put(tmp_path.parent, "out.py", TEXT)
    assert excerpt(str(tmp_path), listed._replace(path=path)) is None


def test_an_absolute_path_is_nothing(tmp_path: Path, listed: FileEntry) -> None:
    assert excerpt(str(tmp_path), listed._replace(path=str(tmp_path / "d/a.py"))) is None


@posix
def test_links_are_not_followed(tmp_path: Path, listed: FileEntry) -> None:
    outside = put(tmp_path.parent, "elsewhere/a.py", TEXT)
    os.utime(outside, ns=(listed.mtime_ns, listed.mtime_ns))
    (tmp_path / "d/a.py").unlink()
    (tmp_path / "d/a.py").symlink_to(outside)
    assert excerpt(str(tmp_path), listed) is None
    (tmp_path / "d/a.py").unlink()
    (tmp_path / "d").rmdir()
    (tmp_path / "d").symlink_to(outside.parent)
    assert excerpt(str(tmp_path), listed) is None


@posix
def test_a_pipe_is_not_waited_for(tmp_path: Path, listed: FileEntry) -> None:
    (tmp_path / "d/a.py").unlink()
    os.mkfifo(tmp_path / "d/a.py")
    assert excerpt(str(tmp_path), listed) is None


def test_text_is_as_it_was_parsed(tmp_path: Path) -> None:
    put(tmp_path, "a.py", b"\xef\xbb\xbfone \xff\n")
    (found,) = list_folder(str(tmp_path), git=NO_GIT).entries
    assert excerpt(str(tmp_path), found) == ("one \ufffd\n", "")
