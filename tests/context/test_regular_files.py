"""A regular file is read; nothing else is waited for, nor read without end."""

import os
import time
from pathlib import Path

import pytest

from assist_context.regular_files import change_time_ns, read_regular


def test_a_file_is_read_also_by_a_link_and_in_part(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"some text")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    assert read_regular(tmp_path / "file") == b"some text"
    assert read_regular(str(tmp_path / "link"), 4) == b"some"
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "missing")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in folders")
def test_a_pipe_a_device_and_a_folder_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path, Path("/dev/zero")):
        with pytest.raises(OSError, match=r"not a regular file|Is a directory") as refused:
            read_regular(path)
        assert refused.value.filename == str(path)


def test_a_change_is_seen_that_sets_back_the_time_of_writing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a")
    facts = path.stat()
    with path.open("r+b", buffering=0) as file:
        before = change_time_ns(file.fileno())
        path.write_bytes(b"b")
        time.sleep(0.02)  # the clock of a file system ticks every 4 ms or more rarely
        os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))
        assert path.stat().st_mtime_ns == facts.st_mtime_ns
        assert change_time_ns(file.fileno()) > before
