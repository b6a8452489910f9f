"""Files that survive a crash: they are written in full and synced before anything relies on them.

A file is replaced by renaming a new one onto it, so a reader sees either the old bytes or the new ones.
Lines that may get lost are appended under a lock and not synced. This module does not know what is in a file.
Errors are the system's own (`OSError`).
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

_LOCK_S = 5.0  # seconds; others hold the lock for one rename
_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write "\r\n" for "\n"
# Seconds between tries, 4 in all: scanners hold a new file for some 10 to 100 ms, and a large one for longer.
_WAITS_S = (0.01, 0.05, 0.1, 0.3, 0.5, 1.0, 2.0) if os.name == "nt" else ()


def write(path: Path, data: bytes, mode: int | None, *, folder: int | None = None) -> None:
    """Write a new file with `mode`, or with the umask's mode for None; an old file of this name is removed.

    Its bytes are on the disk when this returns. Its name is there after `sync` of the folder. With `folder`,
    an open folder, `path` is a name in it.
    """
    remove(path, folder=folder)
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


def rename(draft: Path, path: Path, *, folder: int | None = None) -> None:
    """Rename a file onto another one in one step. Its name is on the disk after `sync` of the folder.

    With `folder`, an open folder, both are names in it. On Windows, this may take 4 s.
    """
    try_again(lambda: os.replace(draft, path, src_dir_fd=folder, dst_dir_fd=folder))


def try_again(step: Callable[[], None], waits_s: Sequence[float] = _WAITS_S) -> None:
    """Do a step that Windows refuses while any process has a file open, until it is done or time is over.

    An indexer, a virus scanner or a reader holds a file for a moment. Other systems do not refuse that, and
    what they refuse stays refused.
    """
    for wait in waits_s:
        try:
            step()
        except PermissionError:
            time.sleep(wait)
        else:
            return
    step()


def publish(draft: Path, path: Path, link: Callable[[Path, Path], None] = os.link) -> bool:
    """Give a file its name, unless the name is taken: then False. It appears whole, and the first one counts.

    FAT, exFAT and some network drives have no hard links: there, a lock `PATH.lock` keeps the others away.
    The draft may stay. Raises `OSError`, and `Timeout` of filelock, an `OSError` too.
    """
    try:
        link(draft, path)
    except FileExistsError:
        return False
    except OSError:
        from filelock import FileLock  # noqa: PLC0415

        with FileLock(f"{path}.lock", timeout=_LOCK_S, mode=0o600):
            if os.path.lexists(path):
                return False
            rename(draft, path)
    return True


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


def remove(path: Path, *, folder: int | None = None) -> None:
    """Remove a file, if it exists. With `folder`, an open folder, `path` is a name in it."""
    with suppress(FileNotFoundError):
        try_again(lambda: os.unlink(path, dir_fd=folder))


def sync(folder: Path) -> None:
    """Put the names in a folder on the disk. Windows does this by itself and cannot open folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
