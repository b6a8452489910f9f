"""Folders held open while an edit is made, so that no other process can put another folder in their place.

A folder is opened step by step, and no step follows a link. From then on its files are named relative to the
open folder: if its name is given to a link meanwhile, the files are still in this folder. Windows
cannot name files like this: there each use looks first whether a link leads to the folder.
This module knows no plan and no journal. Errors are the system's own (`OSError`).
"""

import errno
import hashlib
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from assist_context import durable_files

_BY_HANDLE = os.open in os.supports_dir_fd and os.unlink in os.supports_dir_fd
_STEP = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_PASS = getattr(os, "O_PATH", 0)  # where a folder above may be entered but not listed; Linux alone has it
_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class LinkedFolderError(NotADirectoryError):
    """A link leads to a folder that had none when the edit was planned."""


class FolderHandles:
    """Owns the open folders of one edit. Use it with `with`; paths are absolute and without links."""

    def __init__(self) -> None:
        self._open: dict[Path, int] = {}

    def __enter__(self) -> "FolderHandles":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for handle in self._open.values():
            os.close(handle)
        self._open.clear()

    def hash_place(self, place: Path) -> str | None:
        """The hash of a file's bytes; None without a file; "" if it is unreadable or reached by a link."""
        try:
            handle = os.open(self._name(place), _READ, dir_fd=self._folder(place))
        except LinkedFolderError:
            return ""
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError:
            return ""
        try:
            regular = stat.S_ISREG(os.fstat(handle).st_mode) and (_BY_HANDLE or not place.is_symlink())
            return _hash_file(handle) if regular else ""
        except OSError:
            return ""
        finally:
            os.close(handle)

    def get_mode(self, place: Path) -> int | None:
        """The permissions of a file, or None if there is none."""
        try:
            status = os.stat(self._name(place), dir_fd=self._folder(place), follow_symlinks=False)
        except (FileNotFoundError, NotADirectoryError):
            return None
        return stat.S_IMODE(status.st_mode)

    def write(self, place: Path, data: bytes, mode: int | None) -> None:
        """Write a new file as `durable_files.write` does."""
        durable_files.write(Path(self._name(place)), data, mode, folder=self._folder(place))

    def replace(self, draft: Path, place: Path) -> None:
        """Rename a file onto another one of the same folder."""
        folder = self._folder(place)
        durable_files.rename(Path(self._name(draft)), Path(self._name(place)), folder=folder)

    def remove(self, place: Path) -> None:
        """Remove a file, if it exists."""
        with suppress(FileNotFoundError):  # its folder may be gone, too
            durable_files.remove(Path(self._name(place)), folder=self._folder(place))

    def make(self, folder: Path) -> None:
        """Make a folder and put its name on the disk."""
        os.mkdir(self._name(folder), dir_fd=self._folder(folder))
        self.sync(folder.parent)

    def unmake(self, folder: Path) -> None:
        """Remove an empty folder."""
        self._close(folder)
        os.rmdir(self._name(folder), dir_fd=self._folder(folder))

    def sync(self, folder: Path) -> None:
        """Put the names in a folder on the disk. Windows does this by itself."""
        if _BY_HANDLE:
            os.fsync(self._handle(folder))

    def _name(self, place: Path) -> str:
        """Return how a file is named in a call: relative to its open folder where that is possible."""
        if _BY_HANDLE:
            return place.name
        if place.parent.resolve() != place.parent:
            raise _link_error(place.parent)
        return str(place)

    def _folder(self, place: Path) -> int | None:
        return self._handle(place.parent) if _BY_HANDLE else None

    def _handle(self, folder: Path) -> int:
        if folder not in self._open:
            self._open[folder] = _open_folder(folder)
        return self._open[folder]

    def _close(self, folder: Path) -> None:
        if (handle := self._open.pop(folder, None)) is not None:
            os.close(handle)


def _hash_file(handle: int) -> str:
    with open(handle, "rb", closefd=False) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _open_folder(folder: Path) -> int:
    """The handle of a folder that no link leads to."""
    handle = os.open(folder.anchor, _STEP if folder == folder.parent else _STEP | _PASS)
    for number, part in enumerate(folder.parts[1:], 2):
        last = number == len(folder.parts)
        try:
            below = os.open(part, _STEP if last else _STEP | _PASS, dir_fd=handle)
        except NotADirectoryError:
            if stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode):
                raise _link_error(folder) from None
            raise
        finally:
            os.close(handle)
        handle = below
    return handle


def _link_error(folder: Path) -> LinkedFolderError:
    return LinkedFolderError(errno.ELOOP, f"a link leads to the folder {folder.name} by now: ask again")
