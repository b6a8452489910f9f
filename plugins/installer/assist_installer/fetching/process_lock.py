"""A lock that lets only one process at a time work on one model file.

It can wait for the other process and name it. It does not know what the file is for.
The operating system holds the lock, so it is released when a process dies. `FILE.holder` has the process id.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from assist_completion.model_store.store import Say
from assist_context import durable_files
from assist_installer.errors import FetchError

POLL_SECONDS = 0.1


@contextmanager
def hold_lock(path: Path, name: str, wait: float, say: Say = lambda _: None) -> Iterator[None]:
    """Hold the lock of the file at `path` during the block. Messages call the file `name`.

    If another process holds it, `say` is called and this waits for up to `wait` seconds. Then it raises a
    FetchError that names the process.
    """
    lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600)
    holder = path.with_name(f"{path.name}.holder")
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            if wait:
                say(f"{name} is being fetched by {_describe(holder)}; waiting for it.")
            lock.acquire(timeout=wait, poll_interval=POLL_SECONDS)
    except Timeout as error:
        raise FetchError(
            f"{name} is being fetched by {_describe(holder)}. "
            "Wait until it is done, or end it, and try again."
        ) from error
    try:
        durable_files.replace(holder, str(os.getpid()).encode())
        yield
    finally:
        with suppress(OSError):  # on Windows, one who waits may be reading it
            durable_files.remove(holder)
        lock.release()


def _describe(holder: Path) -> str:
    try:
        return f"process {int(holder.read_text(encoding='utf-8'))}"
    except (OSError, ValueError):
        return "another process"
