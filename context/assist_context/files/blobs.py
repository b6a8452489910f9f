"""The content of a file: its id as git computes it, whether it is text, and its lines as they were indexed.

This module reads one file at a time, follows no link, waits for no pipe, and reads no more than necessary.
It does not know which files may be read: `listing` does. It converts no line ends and runs no filters, so
that a file has the same id with and without a repository.
"""

import hashlib
import os
import stat
from dataclasses import dataclass
from typing import Literal, NamedTuple

from assist_context.documents import split_lines

ContentKind = Literal["text", "binary", "large"]

LARGE = 1_000_000  # bytes; larger files are minified, generated or data, and are not parsed
HASHED = 32_000_000  # bytes; for larger files even the id takes too long (about 30 ms): it is ""
FRESH_NS = 2_000_000_000  # the coarsest file system clock (FAT): a second write in this time leaves no trace
HEAD = 8_192  # a NUL in so many bytes makes a file binary

# A link that replaces the file after the check is not followed, and a pipe without a writer does not block.
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class FileEntry(NamedTuple):
    """A file. `path` is relative to the root, with "/"; bytes that are not UTF-8 become surrogates.

    `blob` is git's id of the content, "" only for a huge file that git does not know.
    It is a tuple because each start makes one per file: 100,000 dataclasses would take 0.1 s longer.
    """

    path: str
    blob: str
    size: int
    mtime_ns: int
    kind: ContentKind


def decode(data: bytes) -> str:
    """A file's text: UTF-8 without its byte order mark; invalid bytes become U+FFFD."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


class NotAFile(OSError):
    """The path is not a regular file, or is not one any more."""


@dataclass(frozen=True, slots=True)
class Content:
    """Content as read. `size` and `mtime_ns` are from before, so that a later write shows up."""

    blob: str
    size: int
    mtime_ns: int
    kind: ContentKind


def classify(head: bytes, size: int) -> ContentKind:
    """The kind of a file of `size` bytes that starts with `head`."""
    if size > LARGE:
        return "large"
    return "binary" if b"\0" in head[:HEAD] else "text"


def blob_id(data: bytes, algorithm: str = "sha1") -> str:
    """git's id of a file with this content.

    >>> blob_id(b"")
    'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    digest = hashlib.new(algorithm, b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def sniff(path: str, size: int) -> ContentKind:
    """The kind of a file whose id is known already; raises OSError."""
    if size > LARGE:
        return "large"
    descriptor = open_regular(path)
    try:
        return classify(os.read(descriptor, HEAD), size)  # a file object takes twice as long
    finally:
        os.close(descriptor)


def identify(path: str, algorithm: str = "sha1") -> Content:
    """Reads the file and computes its id; raises OSError.

    If it is being written, the id is of what was read.
    """
    with open(open_regular(path), "rb") as file:
        status = os.fstat(file.fileno())
        data = file.read(LARGE + 1)
        if len(data) <= LARGE:
            kind = classify(data, len(data))
            return Content(blob_id(data, algorithm), len(data), status.st_mtime_ns, kind)
        size = os.fstat(file.fileno()).st_size
        if size > HASHED:
            return Content("", size, status.st_mtime_ns, "large")
        data += file.read(HASHED - len(data))
        return Content(blob_id(data, algorithm), len(data), status.st_mtime_ns, "large")


def open_regular(path: str) -> int:
    """Opens a regular file, without following a link; raises OSError."""
    descriptor = os.open(path, _FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAFile(f"{path} is not a regular file")
    return descriptor


def excerpt(root: str, file: FileEntry) -> tuple[str, ...] | None:
    """The lines of a file below `root`, with their ends, as `parse` saw them.

    `None` if the file is gone, has changed, is a link or below one, or is outside of `root`.
    """
    folder = os.path.dirname(os.path.join(root, file.path))
    parts = file.path.split("/")
    if os.path.isabs(file.path) or ".." in parts or not _has_no_links(root, parts[:-1]):
        return None
    try:
        with open(open_regular(os.path.join(folder, parts[-1])), "rb") as handle:
            status = os.fstat(handle.fileno())
            data = handle.read(HASHED + 1)
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


def _has_no_links(root: str, folders: list[str]) -> bool:
    """Return whether no folder on the way is a link."""
    at = root
    for folder in folders:
        at = os.path.join(at, folder)
        if os.path.islink(at):
            return False
    return True
