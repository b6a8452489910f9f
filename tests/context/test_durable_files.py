"""Lines that are appended: whole, private, and under a lock that does not wait for long."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from assist_context.durable_files import append_line

CHILD = """
import sys; from pathlib import Path
from assist_context.durable_files import append_line
for n in range(50): append_line(Path(sys.argv[1]), f"{sys.argv[2]}-{n}".encode(), 30)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "below" / "lines.jsonl"


def test_lines_are_ended_and_only_the_owner_can_read_them(path: Path) -> None:
    append_line(path, b"one", 1)
    append_line(path, b"two\nthree\n", 1)
    assert path.read_bytes() == b"one\ntwo\nthree\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in path.parents[:2]:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_line_that_a_crash_tore_is_ended_first(path: Path) -> None:
    append_line(path, b"one", 1)
    with path.open("ab") as lines:
        lines.write(b"tor")
    append_line(path, b"two", 1)
    assert path.read_bytes() == b"one\ntor\ntwo\n"


def test_a_lock_that_another_one_holds_is_not_waited_for(path: Path) -> None:
    append_line(path, b"one", 1)
    with FileLock(f"{path}.lock"), pytest.raises(TimeoutError):
        append_line(path, b"two", 0.05)
    assert path.read_bytes() == b"one\n"


def test_a_folder_that_cannot_be_made_is_an_error_of_the_system(path: Path) -> None:
    append_line(path, b"one", 1)
    with pytest.raises(OSError):
        append_line(path / "in the way", b"two", 1)


@pytest.mark.slow
def test_many_processes_write_whole_lines(path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", CHILD, str(path), str(number)]) for number in range(3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    expected = {f"{number}-{n}" for number in range(3) for n in range(50)}
    assert sorted(path.read_text().splitlines()) == sorted(expected)
