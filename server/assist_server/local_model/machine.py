"""What this machine has: the memory that this process may use, and whether its code is translated.

Cores are counted by `assist_completion.inference.physical_cores`. It measures nothing.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from assist_completion.inference.physical_cores import system_number

_LIMIT = Path("/sys/fs/cgroup/memory.max")  # the memory limit of a container


def memory_bytes(limit: Path = _LIMIT) -> int:
    """Physical memory, or a container's limit if that is less; 0 if the system does not say."""
    try:
        total = _windows_memory() if sys.platform == "win32" else _posix_memory()
    except (OSError, ValueError, AttributeError):
        total = 0
    try:
        allowed = int(limit.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no container, or "max"
        return total
    return min(total, allowed) if total else allowed


def is_translated(system: str = sys.platform, number: Callable[[bytes], int] = system_number) -> bool:
    """Whether this is a Python for Intel on Apple silicon, whose every instruction Rosetta translates."""
    return system == "darwin" and number(b"sysctl.proc_translated") == 1


def _posix_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _windows_memory() -> int:
    import ctypes  # noqa: PLC0415  (on this one system)

    # MEMORYSTATUSEX: its size, then the bytes that there are. Not all virtual machines say what is installed.
    status = (ctypes.c_ulonglong * 8)(64)
    known = ctypes.windll.kernel32.GlobalMemoryStatusEx(status)  # type: ignore[attr-defined,unused-ignore]
    return status[1] if known else 0
