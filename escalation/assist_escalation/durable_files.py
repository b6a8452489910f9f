"""Files that outlast a crash: written in full and synced before anything relies on them.

A name is only ever moved onto another, so that a reader sees the old bytes or the new ones. It knows
nothing of edits. Errors are the system's own (`OSError`).
"""

import os
import threading
from contextlib import suppress
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows would write "\r\n" for "\n"


def write(path: Path, data: bytes, mode: int | None) -> None:
    """A new file with `mode`, or with what the umask leaves; what has the name goes away first.

    It is on the disk when this returns; its name is once the folder was synced.
    """
    remove(path)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY
    handle = os.open(path, flags, 0o666 if mode is None else 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if mode is not None:
            os.chmod(path, mode)  # behind the data: a write would clear special bits
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, data: bytes) -> None:
    """The file with other bytes, in one step, readable by its owner alone; its folder is made if need be."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        write(draft, data, 0o600)
        os.replace(draft, path)
    except OSError:
        with suppress(OSError):
            remove(draft)
        raise


def make_folder(path: Path) -> None:
    """Make a folder and the folders above it, for their owner alone, and put their names on the disk."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
        sync(path.parent)


def remove(path: Path) -> None:
    """A name less, if it is there."""
    with suppress(FileNotFoundError):
        os.unlink(path)


def sync(folder: Path) -> None:
    """The names in a folder, made durable; Windows does that by itself and opens no folders."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
