"""A driver that hangs or cannot be loaded costs a child process only."""

import os
import sys
from pathlib import Path

import pytest

from assist_completion.errors import DeviceError
from assist_completion.inference.libraries import LibrarySource, library_sources
from assist_installer.device_search import find_device


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that never opens is made by mkfifo")
def test_a_driver_that_hangs_is_left_after_a_time(tmp_path: Path) -> None:
    source = library_sources()[-1]
    os.mkfifo(tmp_path / "libggml-vulkan.so")
    with pytest.raises(DeviceError, match=r"vulkan did not list its devices within 1 s\."):
        find_device("vulkan", LibrarySource("named", source.build, source.folder, tmp_path), patience=1)


def test_a_part_that_is_no_library_is_refused_with_its_name(tmp_path: Path) -> None:
    source = library_sources()[-1]
    (tmp_path / "libggml-vulkan.so").write_text("no ELF")
    with pytest.raises(DeviceError, match=r"libggml-vulkan\.so cannot be loaded"):
        find_device("vulkan", LibrarySource("named", source.build, source.folder, tmp_path))
