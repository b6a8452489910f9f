"""The socket of a language server in the file system: its folder, its name, and who is at the other end.

It knows no message.
"""

import asyncio
import os
import stat
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FOLDER = "run"
SUFFIX = ".sock"
LONGEST = 100  # bytes of a socket's path: systems allow 103 to 107
# `SOL_SOCKET` and `SO_PEERCRED` of Linux: process, user and group of the other end, each 4 bytes.
_CREDENTIALS = (1, 17, 12)


def folder_of(data: Path) -> Path:
    """The folder of the sockets of all servers with this data directory."""
    return data / FOLDER


def new_socket(data: Path) -> Path | None:
    """The path for the socket of this process in a private folder. None where there can be no such socket."""
    folder = folder_of(data)
    path = folder / f"{os.getpid()}{SUFFIX}"
    if sys.platform == "win32" or len(os.fsencode(path)) > LONGEST:
        return None
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not is_private(folder):
        return None
    for old in folder.glob(f"*{SUFFIX}"):
        if not _is_running(old.stem) or old == path:
            old.unlink(missing_ok=True)
    return path


def sockets(data: Path) -> Iterator[Path]:
    """The sockets of servers, the newest first; none if others could have put them there."""
    folder = folder_of(data)
    if sys.platform == "win32" or not is_private(folder):
        return
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with suppress(OSError):
            found.append((path.stat().st_mtime_ns, path))
    yield from (path for _, path in sorted(found, reverse=True))


def remove(path: Path) -> None:
    """Remove a socket whose server has ended."""
    path.unlink(missing_ok=True)


def is_private(folder: Path) -> bool:
    """Whether only this user can look into a folder and change it."""
    try:
        facts = folder.lstat()
    except OSError:
        return False
    mine = facts.st_uid == os.getuid()
    return stat.S_ISDIR(facts.st_mode) and mine and not facts.st_mode & 0o077


def is_same_user(writer: asyncio.StreamWriter) -> bool:
    """Whether the process at the other end is of this user. Beyond Linux the private folder has to do."""
    if sys.platform != "linux":
        return True
    connection = writer.get_extra_info("socket")
    try:
        _, user, _ = struct.unpack("3i", connection.getsockopt(*_CREDENTIALS))
    except (OSError, struct.error):
        return False
    return bool(user == os.getuid())


def _is_running(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ValueError, ProcessLookupError):
        return False
    except OSError:
        return True
    return True
