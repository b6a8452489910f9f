"""Reading files that a person or a repository names: a regular file, or nothing.

A named pipe would be waited for without end, and a device such as /dev/zero read without end. Links are
followed; where they may not be, `files.blobs` reads.
"""

import errno
import os
import stat
from pathlib import Path


def read_regular(path: str | Path, most: int = -1) -> bytes:
    """The bytes of a regular file, or the first `most` of them. Raises OSError, also for anything else."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    with open(handle, "rb") as file:
        return file.read(most)
