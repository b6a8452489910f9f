"""Reading files that a person or a repository names: a regular file, or nothing.

A named pipe would be waited for without end, and a device such as /dev/zero read without end. Links are
followed; where they may not be, `files.blobs` reads.
"""

import errno
import os
import stat
import sys
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
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    with open(handle, "rb") as file:
        return file.read(most)


def change_time_ns(handle: int) -> int:
    """Return when an open file was changed last, in ns since some epoch: no program sets that back.

    What Python calls so on Windows is the time of creation, which a change leaves alone. Raises OSError.
    """
    if sys.platform != "win32":
        return os.fstat(handle).st_ctime_ns
    import ctypes  # noqa: PLC0415 - for Windows only
    import msvcrt  # noqa: PLC0415

    times = (ctypes.c_int64 * 5)()  # FILE_BASIC_INFO: created, read, written, changed, and flags
    ask = ctypes.WinDLL("kernel32", use_last_error=True).GetFileInformationByHandleEx
    file = ctypes.c_void_p(msvcrt.get_osfhandle(handle))
    if not ask(file, 0, ctypes.byref(times), ctypes.sizeof(times)):
        raise ctypes.WinError(ctypes.get_last_error())
    return times[3] * 100
