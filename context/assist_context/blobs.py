"""Names a file's content as git would, and says whether it is text, by reading the file once.

It follows no link, waits for no pipe, and reads no more than it must. It does not know which files may
be read: `discover` does. Line ends and filters are not converted, so that a file has one name whether or
not there is a repository.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Literal

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
