"""Files that appear whole, and lines that are appended: whole, private, under a lock that does not wait for long."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from filelock import FileLock

from assist_context.durable_files import append_line, publish, rename, try_again

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


def _refuse(draft: Path, path: Path) -> None:
    raise OSError(1, "Operation not permitted")  # what FAT says to a hard link


@pytest.mark.parametrize("link", [os.link, _refuse])
def test_a_published_file_is_the_first_one_with_or_without_hard_links(
    tmp_path: Path, link: Callable[[Path, Path], None]
) -> None:
    drafts = [tmp_path / "first", tmp_path / "second"]
    for draft in drafts:
        draft.write_text(draft.name)
    name = tmp_path / "name"
    assert [publish(draft, name, link) for draft in drafts] == [True, False]
    assert name.read_text() == "first"


def test_without_hard_links_no_two_publish_at_once(tmp_path: Path) -> None:
    drafts = [tmp_path / str(number) for number in range(8)]
    for draft in drafts:
        draft.write_text(draft.name)
    with ThreadPoolExecutor(8) as threads:
        first = list(threads.map(lambda draft: publish(draft, tmp_path / "name", _refuse), drafts))
    assert sum(first) == 1
    assert (tmp_path / "name").read_text() == drafts[first.index(True)].name


def test_a_file_that_another_process_holds_is_tried_again_while_there_is_time(tmp_path: Path) -> None:
    refusals = [PermissionError(13, "in use")] * 3
    tries = []

    def step() -> None:
        tries.append(1)
        if refusals:
            raise refusals.pop()

    try_again(step, (0, 0, 0))
    assert len(tries) == 4
    refusals += [PermissionError(13, "in use")] * 3
    with pytest.raises(PermissionError):
        try_again(step, (0, 0))
    assert len(tries) == 7


def test_a_rename_that_cannot_be_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        rename(tmp_path / "none", tmp_path / "name")


@pytest.mark.slow
def test_many_processes_write_whole_lines(path: Path) -> None:
    running = [subprocess.Popen([sys.executable, "-c", CHILD, str(path), str(number)]) for number in range(3)]
    assert [each.wait(60) for each in running] == [0, 0, 0]
    expected = {f"{number}-{n}" for number in range(3) for n in range(50)}
    assert sorted(path.read_text().splitlines()) == sorted(expected)
