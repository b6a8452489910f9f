"""Copies of a repository's files at a commit, and other texts in a copy's files for a while.

The files are read from git as they are stored: no filter runs, and no attribute leaves one out, as an archive
would leave out the tests of many packages. This module runs nothing of the repository.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path, PurePosixPath

from assist_context.files.git_repository import (
    LINK,
    SUBMODULE,
    Committed,
    Git,
    GitFailed,
    GitTree,
    find_git,
    list_commit,
    open_tree,
    read_blobs,
)
from assist_runner.sandbox.sandbox import never
from assist_server.errors import UserError

_BATCH = 32 << 20  # bytes of files that are in memory at once
_PROGRAM = "100755"
_NEWER = 2.0  # seconds: Python keeps whole seconds of a compiled file's source


def copy_tree(root: Path, folder: Path, revision: str, git: Git, stop: Callable[[], bool] = never) -> Path:
    """Write the files of a commit below `root` into an empty folder, which is made if it is missing.

    Links that lead out of the copy and submodules are left out. Raises UserError without git or the commit,
    and `git_repository.Stopped`.
    """
    program = find_git(git, str(root))
    if program is None:
        raise UserError("git is not installed: tests run on a copy of a commit, which only git can make.")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        tree = open_tree(program, str(root.resolve()), stop)
        rows = [row for row in list_commit(tree, stop, revision) if _is_plain(row[-1])]
        files = [row for row in rows if row[0] not in (LINK, SUBMODULE)]
        links = [row for row in rows if row[0] == LINK]
        _write_files(tree, stop, folder, files)
        _write_links(folder, links, read_blobs(tree, stop, [row[1] for row in links]))
    except GitFailed as error:
        raise UserError(
            f"{revision} of {root.name} cannot be copied: {error}. Fetch the commit, or name another one."
        ) from error
    return folder


def _is_plain(path: str) -> bool:
    """Whether a path stays in its folder and is none of git's own; a commit may hold any other one."""
    return all(part not in ("", ".", "..") and part.lower() != ".git" for part in path.split("/"))


def _write_files(tree: GitTree, stop: Callable[[], bool], folder: Path, rows: Sequence[Committed]) -> None:
    for batch in _batches(rows):
        for (mode, _, _, path), data in zip(
            batch, read_blobs(tree, stop, [row[1] for row in batch]), strict=True
        ):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            with open(os.open(file, flags, 0o755 if mode == _PROGRAM else 0o644), "wb") as out:
                out.write(data)


def _batches(rows: Sequence[Committed]) -> Iterator[list[Committed]]:
    batch: list[Committed] = []
    size = 0
    for row in rows:
        if batch and size + row[2] > _BATCH:
            yield batch
            batch = []
            size = 0
        batch.append(row)
        size += row[2]
    if batch:
        yield batch


def _write_links(folder: Path, rows: Sequence[Committed], targets: Sequence[bytes]) -> None:
    """After all files, so that none is written through a link."""
    made = []
    for (_, _, _, path), target in zip(rows, targets, strict=True):
        link = folder / path
        if b"\0" not in target and target and not os.path.lexists(link):
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(os.fsdecode(target))
            made.append(link)
    top = folder.resolve()
    # Only now each one has its real end: a link to a link may leave the copy though its own text does not.
    for link in [copy for copy in made if not Path(os.path.realpath(copy)).is_relative_to(top)]:
        link.unlink()


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that tests have left in it. Raises OSError if something stays.

    Each folder in it is emptied into the top and deleted: tests can nest folders deeper than a path or
    Python's recursion can be, and close them.
    """
    numbers = count()
    while folders := [entry.path for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False)]:
        for inner in folders:
            os.chmod(inner, 0o700)
            for entry in os.scandir(inner):
                if entry.is_dir(follow_symlinks=False):
                    os.chmod(entry.path, 0o700)  # to move a folder is to write to it
                    os.rename(entry.path, _free_name(folder, numbers))
                else:
                    _unlink(entry)
            os.rmdir(inner)
    for entry in os.scandir(folder):
        _unlink(entry)
    os.rmdir(folder)


def _unlink(entry: "os.DirEntry[str]") -> None:
    """Delete a file or a link. Windows deletes no file that is only for reading."""
    if sys.platform == "win32" and not entry.is_symlink():
        os.chmod(entry.path, stat.S_IWRITE)
    os.unlink(entry.path)


def _free_name(folder: Path, numbers: Iterator[int]) -> str:
    return next(path for number in numbers if not os.path.lexists(path := f"{folder}/{number}.old"))


@contextmanager
def changed_file(tree: Path, path: str, text: str) -> Iterator[Path]:
    """Another text in a file of a copy, for as long as the context is open. One at a time for each copy.

    Its time of change is another one than before even if less than a second passed: what was compiled from
    the old text is not taken for the new one. Raises UserError for a path that is no file in the copy.
    """
    file = tree / path
    inside = file.parent.resolve().is_relative_to(tree.resolve()) and not PurePosixPath(path).is_absolute()
    if not inside or file.is_symlink() or not file.is_file():
        raise UserError(
            f"{path} is not a file in the copy of the repository: use a path relative to the repository."
        )
    old = file.read_bytes()
    changed = file.stat().st_mtime
    try:
        file.write_bytes(text.encode("utf-8", "replace"))
        changed = max(file.stat().st_mtime, changed + _NEWER)
        os.utime(file, (changed, changed))
        yield file
    finally:
        # Its time of change stays that of now: cargo would take an older file for the one that it has built.
        file.write_bytes(old)
