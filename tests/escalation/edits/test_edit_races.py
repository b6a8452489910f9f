"""Another process exchanges the folder of a file and a link that leads outside, while the file is edited."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from assist_escalation.edits import journal
from assist_escalation.edits.apply import apply, recover, undo
from assist_escalation.edits.folder_handles import FolderHandles, LinkedFolderError
from assist_escalation.edits.plan import EditError, EditPlan, FileChange, hash_text

OUTSIDE = "OUTSIDE = 1\n"
EDITS = 250
_HERE, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE


def lay_out(folder: Path) -> tuple[Path, Path]:
    """A workspace with a file in a folder, a link to a folder outside, and that folder, with a file."""
    root, outside = folder / "work", folder / "outside"
    (root / "d").mkdir(parents=True)
    outside.mkdir()
    (root / "d" / "a.py").write_text("x = 0\n")
    (outside / "a.py").write_text(OUTSIDE)
    (root / "l").symlink_to(outside)
    return root, outside


def plan_of(before: str, after: str) -> EditPlan:
    return EditPlan((FileChange("d/a.py", hash_text(before), None, before, after),))


def swap(root: Path) -> None:
    (root / "d").rename(root / "kept")
    (root / "l").rename(root / "d")
    (root / "kept").rename(root / "l")


@contextmanager
def exchanging(one: Path, other: Path) -> Iterator[None]:
    """A process that exchanges two names without a pause, with all edits in between."""
    library = ctypes.CDLL(None)
    child = os.fork()
    if child == 0:
        while True:
            library.renameat2(_HERE, bytes(one), _HERE, bytes(other), _EXCHANGE)
            time.sleep(0.0004)
    try:
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux exchanges two names in one step")
def test_nothing_outside_is_changed_while_a_folder_and_a_link_are_exchanged(tmp_path: Path) -> None:
    root, outside = lay_out(tmp_path)
    made = refused = 0
    with exchanging(root / "d", root / "l"):
        for number in range(EDITS):
            text = next((each.read_text() for each in inside(root)), "")
            try:
                apply(plan_of(text, f"x = {number + 1}\n"), {"": root}, tmp_path / "journal")
                made += 1
                undo(tmp_path / "journal") if number % 3 == 0 else None
            except EditError:
                refused += 1
            assert (outside / "a.py").read_text() == OUTSIDE
            assert os.listdir(outside) == ["a.py"]
    assert made > 0
    assert refused > 0


def inside(root: Path) -> Iterator[Path]:
    for name in ("d", "l"):
        with suppress(OSError):
            if not (root / name).is_symlink():
                yield root / name / "a.py"


def test_an_open_folder_stays_the_one_that_it_was(tmp_path: Path) -> None:
    root, outside = lay_out(tmp_path)
    with FolderHandles() as folders:
        place, draft = root / "d" / "a.py", root / "d" / "draft"
        before = folders.hash_place(place)
        swap(root)
        folders.write(draft, b"x = 1\n", 0o600)
        assert folders.hash_place(place) == before
        folders.replace(draft, place)
        folders.remove(root / "d" / "none")
        folders.make(root / "d" / "new")
    assert (root / "l" / "a.py").read_text() == "x = 1\n"
    assert sorted(os.listdir(root / "l")) == ["a.py", "new"]
    assert (os.listdir(outside), (outside / "a.py").read_text()) == (["a.py"], OUTSIDE)


def test_a_folder_that_a_link_leads_to_is_not_opened(tmp_path: Path) -> None:
    root, outside = lay_out(tmp_path)
    swap(root)
    with FolderHandles() as folders:
        assert folders.hash_place(root / "d" / "a.py") == ""
        for change in (folders.remove, folders.make):
            with pytest.raises(LinkedFolderError, match="a link leads to the folder d"):
                change(root / "d" / "a.py")
        assert folders.hash_place(root / "none" / "a.py") is None
    assert os.listdir(outside) == ["a.py"]


@pytest.mark.parametrize("state", ["prepared", "forward", "backward", "done"])
def test_a_recovery_leaves_a_folder_alone_that_is_a_link_by_now(
    tmp_path: Path, state: journal.JournalState
) -> None:
    root, outside = lay_out(tmp_path)
    apply(plan_of("x = 0\n", "x = 1\n"), {"": root}, tmp_path / "journal")
    (entry,) = journal.entries(tmp_path / "journal")
    journal.save(entry, state)
    swap(root)
    (outside / entry.temporary(0).name).write_text("mine")
    (outside / "a.py").write_text("x = 1\n")
    recover(tmp_path / "journal")
    with pytest.raises(EditError):
        undo(tmp_path / "journal")
    assert (outside / "a.py").read_text() == "x = 1\n"
    assert (outside / entry.temporary(0).name).read_text() == "mine"
