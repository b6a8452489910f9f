"""Starts processes of Python that end with this one, and says how much memory one holds.

Linux ends them by a signal that they ask for (`parser_process.die_with_parent`), Windows by a job that this
process holds open; elsewhere they end at the end of their input. Linux and Windows limit their memory, macOS
does not: there, who started one has to look. It does not know what they do.
"""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

_KILL_ON_CLOSE, _PROCESS_MEMORY = 0x2000, 0x100  # of JOBOBJECT_BASIC_LIMIT_INFORMATION
_EXTENDED_LIMITS = 9  # JobObjectExtendedLimitInformation
_TASK_INFO = 4  # PROC_PIDTASKINFO of macOS


def start_child(
    module: str, options: Sequence[str] = (), memory: int = 0, *, low: bool = False
) -> "subprocess.Popen[bytes]":
    """Start a module, with pipes for its input and output. Raises OSError.

    On Windows, `memory` is the most bytes it may have (0: any number), and `low` gives it a low priority.
    """
    names = ["CREATE_NO_WINDOW", *(["BELOW_NORMAL_PRIORITY_CLASS"] if low else [])]
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", module, *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=os.path.abspath(os.sep),
        creationflags=sum(getattr(subprocess, name, 0) for name in names),
    )
    if sys.platform == "win32" and (job := _job(memory)):
        # Where that fails, it ends at the end of its input, as elsewhere.
        _kernel().AssignProcessToJobObject(job, ctypes.c_void_p(int(process._handle)))
    return process


@contextmanager
def held_in_job(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """On Windows, end a process and all that it has started with the block; elsewhere that is for others."""
    job = None
    if sys.platform == "win32" and (job := _new_job(0)):
        _kernel().AssignProcessToJobObject(job, ctypes.c_void_p(int(process._handle)))
    try:
        yield
    finally:
        if job is not None:
            _kernel().CloseHandle(job)


class _JobLimits(ctypes.Structure):
    """JOBOBJECT_EXTENDED_LIMIT_INFORMATION."""

    _fields_ = (
        ("times", ctypes.c_int64 * 2),
        ("flags", ctypes.c_uint32),
        ("working_set", ctypes.c_size_t * 2),
        ("processes", ctypes.c_uint32),
        ("affinity", ctypes.c_size_t),
        ("classes", ctypes.c_uint32 * 2),
        ("counts", ctypes.c_uint64 * 6),
        ("process_memory", ctypes.c_size_t),
        ("job_memory", ctypes.c_size_t),
        ("peaks", ctypes.c_size_t * 2),
    )


@cache
def _job(memory: int) -> ctypes.c_void_p | None:
    """A job for all processes with this limit. It is never closed: the system closes it with this process."""
    return _new_job(memory)


def _new_job(memory: int) -> ctypes.c_void_p | None:
    """A job whose processes end when it is closed."""
    job = ctypes.c_void_p(_kernel().CreateJobObjectW(None, None))
    flags = _KILL_ON_CLOSE | (_PROCESS_MEMORY if memory else 0)
    limits = _JobLimits(flags=flags, process_memory=memory)
    size = ctypes.c_uint32(ctypes.sizeof(limits))
    return (
        job if _kernel().SetInformationJobObject(job, _EXTENDED_LIMITS, ctypes.byref(limits), size) else None
    )


@cache
def _kernel() -> ctypes.CDLL:
    kernel: ctypes.CDLL = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    kernel.CreateJobObjectW.restype = ctypes.c_void_p
    return kernel


def held_bytes(process: int) -> int:
    """The memory that a process of macOS holds; 0 if it is not known."""
    facts = (ctypes.c_uint64 * 12)()  # `proc_taskinfo`: virtual size, resident size, times, and counts
    try:
        library = ctypes.CDLL("/usr/lib/libproc.dylib")
        size = library.proc_pidinfo(process, _TASK_INFO, ctypes.c_uint64(0), facts, ctypes.sizeof(facts))
    except (AttributeError, OSError):
        return 0
    return int(facts[1]) if size > 0 else 0
