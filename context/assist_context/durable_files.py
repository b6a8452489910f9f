"""Files that survive a crash: they are written in full and synced before anything relies on them.

A file is replaced by renaming a new one onto it, so a reader sees either the old bytes or the new ones.
Lines that may get lost are appended under a lock and not synced. This module does not know what is in a file.
Errors are the system's own (`OSError`).
"""

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write "\r\n" for "\n"
_WAITS_S = (0.01, 0.05, 0.1, 0.3)  # seconds; scanners hold a new file for some 10 to 100 ms


def write(path: Path, data: bytes, mode: int | None, *, folder: int | None = None) -> None:
    """Write a new file with `mode`, or with the umask's mode for None; an old file of this name is removed.

    Its bytes are on the disk when this returns. Its name is there after `sync` of the folder. With `folder`,
    an open folder, `path` is a name in it.
    """
    with suppress(FileNotFoundError):
        os.unlink(path, dir_fd=folder)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    handle = os.open(path, flags, 0o666 if mode is None else 0o600, dir_fd=folder)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if mode is not None:
            # After the data: a write would clear special bits.
            os.chmod(handle if os.chmod in os.supports_fd else path, mode)
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, data: bytes) -> None:
    """Replace the bytes of a file in one step. Only its owner can read it. Its folder must exist."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        write(draft, data, 0o600)
        rename(draft, path)
    except OSError:
        with suppress(OSError):
            remove(draft)
        raise


def rename(draft: Path, path: Path) -> None:
    """Rename a file onto another one in one step. Its name is on the disk after `sync` of the folder.

    Windows refuses while any process has the old file open, as an indexer or a virus scanner does for a
    moment, so there it is tried again.
    """
    for wait in _WAITS_S if os.name == "nt" else ():
        try:
            os.replace(draft, path)
        except PermissionError:
            time.sleep(wait)
        else:
            return
    os.replace(draft, path)


def append_line(path: Path, line: bytes, lock_s: float) -> None:
    """Append a line, or several, to a file that only its owner can read; its folder is made if needed.

    A line that a crash left unfinished is ended first. Raises `OSError`, and `Timeout` of filelock, an
    `OSError` too, if another process holds the lock `PATH.lock` for longer than `lock_s` seconds.
    """
    from filelock import FileLock  # noqa: PLC0415  (most who read or replace a file need no lock)

    make_folder(path.parent)
    with FileLock(f"{path}.lock", timeout=lock_s, mode=0o600):
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | _BINARY, 0o600)
        with open(handle, "r+b", buffering=0) as stream:
            size = os.fstat(handle).st_size
            if size:
                stream.seek(size - 1)
                if stream.read(1) != b"\n":
                    line = b"\n" + line
            rest = memoryview(line if line.endswith(b"\n") else line + b"\n")
            while rest:
                rest = rest[stream.write(rest) :]


def make_folder(path: Path) -> None:
    """Make a folder and the folders above it, for their owner alone, and put their names on the disk."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync(path.parent)


def remove(path: Path) -> None:
    """Remove a file, if it exists."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def sync(folder: Path) -> None:
    """Put the names in a folder on the disk. Windows does this by itself and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
