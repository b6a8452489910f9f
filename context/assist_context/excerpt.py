"""The lines of a file as they were indexed, or nothing. It reads one file and follows no link."""

import os

from assist_context.blobs import HASHED, _open, blob_id
from assist_context.discover import Entry
from assist_context.model import split_lines
from assist_context.parsed import decode


def excerpt(root: str, file: Entry) -> tuple[str, ...] | None:
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
