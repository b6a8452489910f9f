"""One process at a time for one model file.

Knows how to wait for the other process and to say which it is.
Does not know what the file is for.
The lock is the operating system's, so a process that dies lets go of it; `FILE.holder` carries its id.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from assist_completion.errors import FetchError
from assist_completion.model_store.partial_download import write_private

Say = Callable[[str], None]
"""Told a sentence for the user."""

POLL_SECONDS = 0.1


def silent(sentence: str) -> None:
    """Say nothing."""


@contextmanager
def held(path: Path, name: str, wait: float, say: Say = silent) -> Iterator[None]:
    """Hold the lock of the file at `path`, which messages call `name`.

    Tells `say` about another process and waits up to `wait` seconds for it; then FetchError names it.
    """
    lock = FileLock(path.with_name(f"{path.name}.lock"), mode=0o600)
    holder = path.with_name(f"{path.name}.holder")
    try:
        _acquire(lock, wait, lambda: say(f"{name} is being fetched by {_who(holder)}; waiting for it."))
    except Timeout as error:
        raise FetchError(
            f"{name} is being fetched by {_who(holder)}. Wait until it is done, or end it, and try again."
        ) from error
    try:
        write_private(holder, str(os.getpid()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _acquire(lock: FileLock, wait: float, announce: Callable[[], None]) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if not wait:
            raise
        announce()
        lock.acquire(timeout=wait, poll_interval=POLL_SECONDS)


def _who(holder: Path) -> str:
    try:
        return f"process {int(holder.read_text(encoding='utf-8'))}"
    except (OSError, ValueError):
        return "another process"
