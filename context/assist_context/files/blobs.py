"""The content of a file: its id as git would compute it, whether it is text, and its lines as indexed.

It reads one file at a time, follows no link, waits for no pipe, and reads no more than it must. It does not
know which files may be read: `listing` does. Line ends and filters are not converted, so that a file has the
same id with and without a repository.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Literal, NamedTuple

from assist_context.documents import split_lines

Kind = Literal["text", "binary", "large"]

LARGE = 1_000_000  # bytes; above it files are minified, generated or data, and are not parsed
HASHED = 32_000_000  # bytes; above it even the name is not worth the time (about 30 ms): it is ""
FRESH_NS = 2_000_000_000  # the coarsest clock of a file system (FAT): within it a later write leaves no trace
HEAD = 8_192  # bytes in which a NUL makes a file binary

# A link put in place after the check is not followed, and a pipe without a writer does not block.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class FileEntry(NamedTuple):
    """A file. `path` is relative to the root, with "/"; bytes that are no UTF-8 are surrogates.

    `blob` is git's id of the content, "" only for a huge file that git does not know.
    A tuple, because every start makes one of each file: 100,000 dataclasses take 0.1 s longer.
    """

    path: str
    blob: str
    size: int
    mtime_ns: int
    kind: Kind


def decode(data: bytes) -> str:
    """A file's text: UTF-8 without its mark; bytes that are none become U+FFFD."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


class NotAFile(OSError):
    """What is there is no regular file, or did not stay one."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was read. `size` and `mtime_ns` are of before, so that a later write shows as a difference."""

    blob: str
    size: int
    mtime_ns: int
    kind: Kind


def kind_of(head: bytes, size: int) -> Kind:
    """The kind of a file of `size` bytes that starts with `head`."""
    if size > LARGE:
        return "large"
    return "binary" if b"\0" in head[:HEAD] else "text"


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """git's name of a file with this content.

    >>> blob_id(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    digest = hashlib.new(algorithm, b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def sniff(path: str, size: int) -> Kind:
    """The kind of a file whose name is known already; raises OSError."""
    if size > LARGE:
        return "large"
    descriptor = _open(path)
    try:
        return kind_of(os.read(descriptor, HEAD), size)  # a file object takes twice as long
    finally:
        os.close(descriptor)


def identify(path: str, algorithm: str = "sha1") -> Content:
    """Reads the file; raises OSError. A file that is being written is named by what was read."""
    with open(_open(path), "rb") as file:
        status = os.fstat(file.fileno())
        data = file.read(LARGE + 1)
        if len(data) <= LARGE:
            kind = kind_of(data, len(data))
            return Content(blob_id(data, algorithm), len(data), status.st_mtime_ns, kind)
        size = os.fstat(file.fileno()).st_size
        if size > HASHED:
            return Content("", size, status.st_mtime_ns, "large")
        data += file.read(HASHED - len(data))
        return Content(blob_id(data, algorithm), len(data), status.st_mtime_ns, "large")


def _open(path: str) -> int:
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAFile(f"{path} is no regular file")
    return descriptor


def excerpt(root: str, file: FileEntry) -> tuple[str, ...] | None:
    """The lines of a file below `root`, with their ends, as `parse` saw them.

    `None` if the file is gone, holds something else now, is a link or below one, or leads out of `root`.
    """
    folder = os.path.dirname(os.path.join(root, file.path))
    parts = file.path.split("/")
    if os.path.isabs(file.path) or ".." in parts or not _plain(root, parts[:-1]):
        return None
    try:
        with open(_open(os.path.join(folder, parts[-1])), "rb") as opened:
            status = os.fstat(opened.fileno())
            data = opened.read(HASHED + 1)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    if len(data) > HASHED:
        return None
    algorithm = "sha1" if len(file.blob) == 40 else "sha256"
    if (status.st_size, status.st_mtime_ns) != (file.size, file.mtime_ns) and blob_id(
        data, algorithm
    ) != file.blob:
        return None
    return split_lines(decode(data))


def _plain(root: str, folders: list[str]) -> bool:
    """Whether no folder on the way is a link."""
    at = root
    for each in folders:
        at = os.path.join(at, each)
        if os.path.islink(at):
            return False
    return True
