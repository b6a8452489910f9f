"""Writes a plan to the disk, all files or none, and undoes it.

The steps make this safe: write the bytes of both sides to the journal; write and sync the new files next to
the old ones; check the old ones again; record "forward" in the journal; rename the files; record "done". A
crash before "forward" leaves all files old. After that, `recover` renames the rest. An undo takes the same
steps backward. A file that someone changed in between is never overwritten.
This module asks and shows nothing. A file keeps its mode, but not its owner or extended attributes.
"""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assist_escalation.edits import journal, transaction
from assist_escalation.edits.edit_paths import find_place, protected_by
from assist_escalation.edits.folder_handles import FolderHandles
from assist_escalation.edits.journal import File, JournalEntry
from assist_escalation.edits.plan import EditError, EditPlan, FileChange, encode
from assist_escalation.edits.transaction import explain

_NOTHING = "there is no edit to undo"


@dataclass(frozen=True, slots=True)
class AppliedEdit:
    """An edit that was made or undone: its id in the journal, its paths, and the files on disk."""

    id: str
    paths: tuple[str, ...]
    places: tuple[Path, ...]


def apply(plan: EditPlan, roots: Mapping[str, Path], journal_dir: Path) -> AppliedEdit:
    """Write a plan. `EditError` if a file is not what the model saw or cannot be written; all stay old.

    `roots` are the workspace's folders, see `edit_paths.find_place`. Each workspace has its own journal.
    """
    with journal.hold_lock(journal_dir), FolderHandles() as folders:
        _settle(journal_dir)
        files = _files(plan, roots)
        for file, change in zip(files, plan.changes, strict=True):
            _check_base(file, change, folders)
        try:
            entry = journal.add(journal_dir, "prepared", files, _images(plan), _missing_folders(files))
        except OSError as error:
            raise EditError(
                f"the journal cannot be written: {explain(error)}; nothing was changed"
            ) from error
        try:
            transaction.prepare(entry, "new", folders)
            if paths := transaction.not_on(entry, "old", folders):
                raise EditError(f"{', '.join(paths)} changed since the model saw them: ask again")
        except (OSError, EditError) as error:
            with suppress(OSError):  # if this fails, `recover` does it
                transaction.finish(entry, folders)
            raise EditError(f"{explain(error)}; nothing was changed") from error
        entry = transaction.move(entry, "new", folders)
        with suppress(OSError, EditError):  # it does no harm to keep an edit too long
            journal.prune(journal_dir)
        return _applied_edit(entry)


def record(plan: EditPlan, roots: Mapping[str, Path], journal_dir: Path) -> AppliedEdit:
    """Record an edit that the editor made itself, saved or not, so that it can be undone."""
    with journal.hold_lock(journal_dir):
        _settle(journal_dir)
        try:
            entry = journal.add(journal_dir, "done", _files(plan, roots), _images(plan), ())
            journal.prune(journal_dir)
        except OSError as error:
            raise EditError(
                f"the journal cannot be written: {explain(error)}; undo the edit in the editor"
            ) from error
        return _applied_edit(entry)


def recover(journal_dir: Path) -> tuple[str, ...]:
    """Finish what a crash interrupted, and return what was done in words. Run it at every start."""
    if not journal_dir.exists():
        return ()
    with journal.hold_lock(journal_dir):
        return _settle(journal_dir)


def last(journal_dir: Path) -> AppliedEdit | None:
    """The edit that `undo` would undo, or None."""
    entry = _last(journal_dir)
    return _applied_edit(entry) if entry else None


def undo(journal_dir: Path) -> AppliedEdit:
    """Undo the last edit. `EditError`, and no change, if a file is not as the edit left it."""
    if not journal_dir.exists():
        raise EditError(_NOTHING)
    with journal.hold_lock(journal_dir), FolderHandles() as folders:
        _settle(journal_dir)
        entry = _last(journal_dir)
        if entry is None:
            raise EditError(_NOTHING)
        if paths := transaction.not_on(entry, "new", folders):
            raise EditError(
                f"{', '.join(paths)} changed since the edit, or was not saved: undo the later changes "
                "first; nothing was undone"
            )
        try:
            transaction.prepare(entry, "old", folders)
        except (OSError, EditError) as error:
            with suppress(OSError):
                transaction.clear(entry, folders)
            raise EditError(f"{explain(error)}; nothing was undone") from error
        return _applied_edit(transaction.move(entry, "old", folders))


def undo_plan(journal_dir: Path) -> EditPlan:
    """The plan that undoes the last edit, for the editor to apply. Then call `forget`."""
    entry = _last(journal_dir)
    if entry is None:
        raise EditError(_NOTHING)
    changes = []
    for index, file in enumerate(entry.files):
        before = entry.image(index, "new").decode() if file.new else ""
        after = entry.image(index, "old").decode() if file.old else ""
        changes.append(FileChange(file.path, file.new or "", None, before, after, removes=file.old is None))
    protected_paths = tuple(file.path for file in entry.files if protected_by(file.path))
    return EditPlan(tuple(changes), protected=protected_paths)


def forget(journal_dir: Path, edit: str) -> None:
    """Remove an edit, by its id, that the editor has undone."""
    with journal.hold_lock(journal_dir):
        try:
            for entry in journal.entries(journal_dir):
                if entry.id == edit:
                    journal.drop(entry)
        except OSError as error:
            raise EditError(f"the journal cannot be written: {explain(error)}") from error


def _files(plan: EditPlan, roots: Mapping[str, Path]) -> tuple[File, ...]:
    """The files of the changes, with their places on disk."""
    files = []
    for change in plan.changes:
        if change.removes:
            raise EditError(f"{change.path}: only an undo removes files")
        place = find_place(change.path, roots, is_confirmed=change.path in plan.protected)
        new = hashlib.sha256(encode(change.path, change.after)).hexdigest()
        files.append(File(change.path, place, change.base_sha256 or None, new))
    places = [file.place for file in files]
    if len(set(places)) < len(places):
        raise EditError("two paths of the edit refer to the same file: ask again")
    return tuple(files)


def _images(plan: EditPlan) -> Sequence[tuple[bytes, bytes]]:
    return [
        (encode(change.path, change.before), encode(change.path, change.after)) for change in plan.changes
    ]


def _missing_folders(files: Sequence[File]) -> tuple[Path, ...]:
    """The folders that new files need, the outermost first."""
    missing = {folder for file in files for folder in file.place.parents if not folder.exists()}
    return tuple(sorted(missing, key=lambda folder: len(folder.parts)))


def _check_base(file: File, change: FileChange, folders: FolderHandles) -> None:
    digest = folders.hash_place(file.place)
    if file.old is None and digest is not None:
        raise EditError(f"{file.path} exists already: the edit would create it again; ask again")
    if digest is None and file.old is not None:
        raise EditError(f"{file.path} was deleted since the model saw it: ask again")
    if digest != file.old:
        raise EditError(f"{file.path} was changed since the model saw it: save it, and ask again")
    if file.old is not None and hashlib.sha256(encode(file.path, change.before)).hexdigest() != file.old:
        raise EditError(f"{file.path}: the text does not match its sha256: ask again")
    if digest is not None and not (folders.get_mode(file.place) or 0) & 0o222:
        raise EditError(f"{file.path} is read-only: make it writable first")


def _settle(journal_dir: Path) -> tuple[str, ...]:
    """Finish every edit that a crash interrupted."""
    try:
        journal.sweep(journal_dir)
        with FolderHandles() as folders:
            messages = [transaction.settle(entry, folders) for entry in journal.entries(journal_dir)]
    except OSError as error:
        raise EditError(
            f"an interrupted edit in {journal_dir} cannot be finished: {explain(error)}; free some space, "
            "or make its folder writable"
        ) from error
    return tuple(note for note in messages if note)


def _last(journal_dir: Path) -> JournalEntry | None:
    return next((entry for entry in reversed(journal.entries(journal_dir)) if entry.state == "done"), None)


def _applied_edit(entry: JournalEntry) -> AppliedEdit:
    files = entry.files
    return AppliedEdit(entry.id, tuple(file.path for file in files), tuple(file.place for file in files))
