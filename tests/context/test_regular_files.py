"""A regular file is read; nothing else is waited for, nor read without end."""

import os
from pathlib import Path

import pytest

from assist_context.regular_files import read_regular


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
        with pytest.raises(OSError, match=r"no regular file|Is a directory") as refused:
            read_regular(path)
        assert refused.value.filename == str(path)
