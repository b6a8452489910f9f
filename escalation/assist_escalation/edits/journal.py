"""The edits that were made, with the bytes before and after, so that an edit can be finished or undone.

Each edit has a folder that only the user can read. Its `entry.json` says which files move where and how far
the edit came. It is always replaced as a whole, and a folder without it does not count. This module moves no
file of a workspace; `transaction` does.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from filelock import FileLock, Timeout

from assist_context import durable_files
from assist_escalation.edits.plan import EditError

# prepared: no file was moved yet. forward: the files move to the new bytes. backward: to the old bytes.
JournalState = Literal["prepared", "forward", "done", "backward"]
Side = Literal["old", "new"]

MAX_EDITS = 20  # that can be undone: more than users undo, and 40 MB at most for the usual edit
LOCK_SECONDS = 10.0  # an edit takes tens of milliseconds; after this time the other process is stuck


@dataclass(frozen=True, slots=True)
class File:
    """One file of an edit: its path in the plan, its place on disk, and the sha256 of its bytes on each side.

    The hash is None for a side without a file.
    """

    path: str
    place: Path
    old: str | None
    new: str | None

    def sha256(self, side: Side) -> str | None:
        return self.old if side == "old" else self.new


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """An edit in the journal. `made` are the folders that new files needed, the outermost first."""

    folder: Path
    state: JournalState
    files: tuple[File, ...]
    made: tuple[Path, ...]

    @property
    def id(self) -> str:
        return self.folder.name

    def temporary(self, index: int) -> Path:
        """The temporary file next to a file of the edit. No other journal uses this name."""
        tag = hashlib.sha256(f"{self.folder}\0{index}".encode()).hexdigest()[:16]
        return self.files[index].place.with_name(f".assist-{tag}.tmp")

    def image(self, index: int, side: Side) -> bytes:
        """The bytes of a side. `EditError` if they are damaged."""
        path = self.folder / f"{index}.{side}"
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() != self.files[index].sha256(side):
            raise EditError(f"{path} is damaged: {self.files[index].path} cannot be undone with it")
        return data


@contextmanager
def hold_lock(journal: Path) -> Iterator[None]:
    """Hold the journal's lock. Its folder is created, for the user only."""
    lock = FileLock(journal / "lock", timeout=LOCK_SECONDS, mode=0o600)
    try:
        journal.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name != "nt" and journal.stat().st_mode & 0o077:
            journal.chmod(0o700)
        lock.acquire()
    except Timeout as error:
        raise EditError(
            f"another assist is applying an edit ({journal}): try again when it is done"
        ) from error
    except OSError as error:
        raise EditError(
            f"the journal {journal} cannot be used ({error.strerror}): make it writable"
        ) from error
    try:
        yield
    finally:
        lock.release()


def entries(journal: Path) -> tuple[JournalEntry, ...]:
    """All edits, the oldest first."""
    states = [_read(folder) for folder in _folders(journal)]
    return tuple(entry for entry in states if entry)


def sweep(journal: Path) -> None:
    """Delete the folders that do not count. The caller must hold the lock."""
    for folder in _folders(journal):
        if not (folder / "entry.json").exists():
            shutil.rmtree(folder)


def _folders(journal: Path) -> list[Path]:
    return sorted(folder for folder in journal.iterdir() if folder.name.isdigit()) if journal.exists() else []


def _read(folder: Path) -> JournalEntry | None:
    try:
        document = json.loads((folder / "entry.json").read_bytes())
        files = tuple(File(**{**file, "place": Path(file["place"])}) for file in document["files"])
        folders = tuple(Path(folder) for folder in document["made"])
        state = document["state"]
        if state not in get_args(JournalState):
            raise ValueError(state)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise EditError(f"{folder / 'entry.json'} is damaged: look at the folder, then delete it") from error
    return JournalEntry(folder, state, files, folders)


def add(
    journal: Path,
    state: JournalState,
    files: Sequence[File],
    images: Sequence[tuple[bytes, bytes]],
    folders: Sequence[Path],
) -> JournalEntry:
    """Add an edit. It is on the disk, with the bytes of both sides, when this returns."""
    numbers = [int(folder.name) for folder in journal.iterdir() if folder.name.isdigit()]
    entry = JournalEntry(journal / f"{max(numbers, default=0) + 1:010}", state, tuple(files), tuple(folders))
    entry.folder.mkdir(mode=0o700)
    for index, (file, (old, new)) in enumerate(zip(files, images, strict=True)):
        if file.old is not None:
            durable_files.write(entry.folder / f"{index}.old", old, 0o600)
        if file.new is not None:
            durable_files.write(entry.folder / f"{index}.new", new, 0o600)
    is_saved = save(entry, state)
    durable_files.sync(journal)
    return is_saved


def save(entry: JournalEntry, state: JournalState) -> JournalEntry:
    """Save the edit with another state. It is on the disk when this returns."""
    entry = replace(entry, state=state)
    files = [{**asdict(file), "place": str(file.place)} for file in entry.files]
    document = {"state": state, "files": files, "made": [str(folder) for folder in entry.made]}
    durable_files.replace(entry.folder / "entry.json", json.dumps(document).encode())
    durable_files.sync(entry.folder)
    return entry


def drop(entry: JournalEntry) -> None:
    """Remove an edit. Without its `entry.json` it does not count, whatever else is left of it."""
    durable_files.remove(entry.folder / "entry.json")
    durable_files.sync(entry.folder)
    shutil.rmtree(entry.folder, ignore_errors=True)  # `sweep` deletes the rest later


def prune(journal: Path) -> None:
    """Remove the oldest edits, beyond `MAX_EDITS`."""
    for entry in entries(journal)[:-MAX_EDITS]:
        drop(entry)
