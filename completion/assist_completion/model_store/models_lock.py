"""models.lock: the hash of every model file that was accepted on this machine, by the model's name.

It reads the file and adds to it, also from two processes at once.
It does not decide what is accepted: store.py does. The file is JSON::

    {"qwen2.5-coder-7b": {"sha256": "5092...", "bytes": 4683073536, "source": "Hugging Face (...)"}}

models.hashed, next to it, says how each file looked when it was hashed last, so that it is hashed again only
if it changed since. It may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from assist_completion.errors import ModelError
from assist_context import durable_files, regular_files

FILE = "models.lock"
HASHED = "models.hashed"


@dataclass(frozen=True, slots=True)
class Pin:
    """The file that was accepted under a name: hash, size in bytes, and the source in words."""

    sha256: str
    bytes: int
    source: str


def read_pins(root: Path) -> dict[str, Pin]:
    """The pins of the models in `root`, by name. Empty without a models.lock."""
    path = root / FILE
    try:
        return {name: Pin(**entry) for name, entry in json.loads(path.read_text(encoding="utf-8")).items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} cannot be read: {error}. Restore it, or delete it to accept the files again."
        ) from error


def write_pin(root: Path, name: str, pin: Pin) -> None:
    """Set the pin of `name`. All others stay as they are."""
    with FileLock(root / f"{FILE}.guard", mode=0o600):
        pins = read_pins(root) | {name: pin}
        text = json.dumps({key: asdict(value) for key, value in sorted(pins.items())}, indent=2)
        durable_files.replace(root / FILE, (text + "\n").encode())


@dataclass(frozen=True, slots=True)
class HashedFile:
    """The sha256 of a file, and what changes with it: size, times in nanoseconds, inode.

    The time of change is in it because, unlike that of modification, no program can set it back.
    """

    sha256: str
    bytes: int
    modified_ns: int
    changed_ns: int
    inode: int


def hash_file(path: Path) -> HashedFile:
    """Hash a file: about 1 s for 500 MB.

    Raises ModelError if the file is written to meanwhile, OSError if it cannot be read.
    """
    with path.open("rb") as file:
        before = _hashed_file("", file.fileno())
        file_hash = replace(before, sha256=hashlib.file_digest(file, "sha256").hexdigest())
        if before != _hashed_file("", file.fileno()):
            raise ModelError(f"{path} changed while its sha256 was computed. Try again.")
    return file_hash


def known_hash(root: Path, path: Path) -> str:
    """The sha256 of a file of `root` if it was hashed and has not changed since, else ""."""
    try:
        entry = json.loads((root / HASHED).read_text(encoding="utf-8"))[path.name]
        file_hash = HashedFile(**entry)
        with path.open("rb") as file:
            return file_hash.sha256 if file_hash == _hashed_file(file_hash.sha256, file.fileno()) else ""
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return ""  # never hashed, or a damaged list: the file is hashed again


def record_renamed(root: Path, path: Path, file_hash: HashedFile) -> None:
    """Remember the hash of a file of `root` that was renamed since, which changes its time of change."""
    with suppress(OSError), path.open("rb") as file:
        record_hash(root, path, replace(file_hash, changed_ns=regular_files.change_time_ns(file.fileno())))


def record_hash(root: Path, path: Path, file_hash: HashedFile) -> None:
    """Remember the hash of a file of `root`. Where that cannot be written, it is hashed again next time."""
    with suppress(OSError), FileLock(root / f"{FILE}.guard", mode=0o600):
        try:
            hashes = dict(json.loads((root / HASHED).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            hashes = {}
        hashes[path.name] = asdict(file_hash)
        durable_files.replace(root / HASHED, (json.dumps(hashes, indent=2, sort_keys=True) + "\n").encode())


def _hashed_file(sha256: str, handle: int) -> HashedFile:
    facts = os.fstat(handle)
    changed_ns = regular_files.change_time_ns(handle)
    return HashedFile(sha256, facts.st_size, facts.st_mtime_ns, changed_ns, facts.st_ino)
