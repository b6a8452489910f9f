"""Moves the files of one edit in the journal to the old side or to the new side.

It moves all of them or none, even if a crash interrupts it: the journal records the direction before the
first file moves, and bytes come from the journal, never from what a crash left. A file on neither side was
written by someone else and is never overwritten. The caller holds the lock, and the open folders, so that
no link can lead a file of the edit to another place meanwhile. This module knows no plan.
"""

from contextlib import suppress
from pathlib import Path

from assist_escalation.edits import journal
from assist_escalation.edits.folder_handles import FolderHandles
from assist_escalation.edits.journal import File, JournalEntry, Side
from assist_escalation.edits.plan import EditError


def hash_place(place: Path) -> str | None:
    """The hash of a file's bytes; None if there is no file; "" if it is unreadable or reached by a link."""
    with FolderHandles() as folders:
        return folders.hash_place(place)


def not_on(entry: JournalEntry, side: Side, folders: FolderHandles) -> tuple[str, ...]:
    """The paths whose files differ from a side."""
    return tuple(file.path for file in entry.files if _side(file, folders) != side)


def prepare(entry: JournalEntry, side: Side, folders: FolderHandles) -> None:
    """Write the bytes of a side next to the files, so that only renames are left to do."""
    for folder in entry.made if side == "new" else ():
        folders.make(folder)
    for index in range(len(entry.files)):
        _gather(entry, index, side, folders)


def clear(entry: JournalEntry, folders: FolderHandles) -> None:
    """Remove the temporary files of the edit."""
    for index in range(len(entry.files)):
        with suppress(NotADirectoryError):
            folders.remove(entry.temporary(index))


def finish(entry: JournalEntry, folders: FolderHandles) -> None:
    """Remove an edit whose files are all old, and the folders that it made, if they are empty."""
    clear(entry, folders)
    for folder in reversed(entry.made):
        with suppress(OSError):
            folders.unmake(folder)
    journal.drop(entry)


def move(entry: JournalEntry, goal: Side, folders: FolderHandles) -> JournalEntry:
    """Move all files to a side and record it. If that fails, move them back and raise `EditError`."""
    forward = goal == "new"
    paths = ", ".join(file.path for file in entry.files)
    try:
        entry = journal.save(entry, "forward" if forward else "backward")
    except OSError as error:  # nothing was moved yet
        with suppress(OSError):
            finish(entry, folders) if forward else clear(entry, folders)
        raise EditError(f"{paths}: nothing was changed: {explain(error)}") from error
    try:
        return _move(entry, goal, folders, around=False)
    except (OSError, EditError) as error:
        try:
            back = journal.save(entry, "backward" if forward else "forward")
            clear(back, folders)
            _move(back, "old" if forward else "new", folders, around=True)
        except (OSError, EditError):
            raise EditError(
                f"{paths}: the edit is half done and could not be undone ({type(error).__name__}): free "
                "some space, or make the folder writable, then start assist again"
            ) from error
        raise EditError(f"{paths}: nothing was changed: {explain(error)}") from error


def settle(entry: JournalEntry, folders: FolderHandles) -> str:
    """Finish what a crash interrupted, and return what was done in words, or ""."""
    clear(entry, folders)
    paths = ", ".join(file.path for file in entry.files)
    if entry.state == "done":
        return ""
    if entry.state == "prepared":
        finish(entry, folders)
        return f"an edit of {paths} was interrupted before it changed anything"
    goal: Side = "new" if entry.state == "forward" else "old"
    others = [file.path for file in entry.files if _side(file, folders) is None]
    if others:  # the edit can no longer be completed, so moved files go back
        goal = "old" if goal == "new" else "new"
    _move(entry, goal, folders, around=True)
    which = "was finished" if goal == "new" else "was undone"
    return f"an interrupted edit of {paths} {which}" + (f", except for {', '.join(others)}" if others else "")


def explain(error: Exception) -> str:
    """Return why something failed, without the path that the system adds."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _side(file: File, folders: FolderHandles) -> Side | None:
    """The side that a file is on, or None if it is on neither."""
    digest = folders.hash_place(file.place)
    return "new" if digest == file.new else "old" if digest == file.old else None


def _gather(entry: JournalEntry, index: int, side: Side, folders: FolderHandles) -> None:
    file = entry.files[index]
    if file.sha256(side) is None:
        return
    folders.write(entry.temporary(index), entry.image(index, side), folders.get_mode(file.place))


def _move(entry: JournalEntry, goal: Side, folders: FolderHandles, *, around: bool) -> JournalEntry:
    """Move the files. `around`: skip files that are on neither side, which are an error otherwise."""
    for index, file in enumerate(entry.files):
        side = _side(file, folders)
        if side is None and not around:
            raise EditError(f"{file.path} was changed at this moment by another program: ask again")
        if side in (goal, None):
            continue
        if file.sha256(goal) is None:
            folders.remove(file.place)
            continue
        if folders.get_mode(entry.temporary(index)) is None:
            _gather(entry, index, goal, folders)
        folders.replace(entry.temporary(index), file.place)
    for folder in {file.place.parent for file in entry.files}:
        with suppress(FileNotFoundError, NotADirectoryError):  # of a file that was skipped, or is gone
            folders.sync(folder)
    if goal == "new":
        clear(entry, folders)
        return journal.save(entry, "done")
    finish(entry, folders)
    return entry
