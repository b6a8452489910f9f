"""This machine: memory that the process may use, its power, and whether its code is translated.

Cores are counted by `assist_completion.inference.physical_cores`. It measures nothing.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from assist_completion.inference.physical_cores import system_number

_LIMIT = Path("/sys/fs/cgroup/memory.max")  # the memory limit of a container
# Where Linux reports the machine's power. Windows has a call for that, and macOS a program.
SUPPLIES = Path("/sys/class/power_supply")
_PMSET = ("/usr/bin/pmset", "-g", "batt")
_PATIENCE = 5.0  # seconds


def memory_bytes(limit: Path = _LIMIT) -> int:
    """Physical memory, or a container's limit if that is less; 0 if the system does not say."""
    try:
        total = _windows_memory() if sys.platform == "win32" else _posix_memory()
    except (OSError, ValueError, AttributeError):
        total = 0
    try:
        limit_bytes = int(limit.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no container, or "max"
        return total
    return min(total, limit_bytes) if total else limit_bytes


def is_translated(system: str = sys.platform, number: Callable[[bytes], int] = system_number) -> bool:
    """Say if this is a Python for Intel on Apple silicon, whose every instruction Rosetta translates."""
    return system == "darwin" and number(b"sysctl.proc_translated") == 1


def discharges(supplies: Path) -> bool:
    """Return whether a battery of the machine itself discharges; False where nothing is reported.

    Mice and the like have batteries too, of the scope "Device". Other systems than Linux have no such folder.
    """
    if supplies == SUPPLIES and sys.platform == "darwin":
        return says_battery(_report())
    if supplies == SUPPLIES and sys.platform == "win32":
        return _windows_discharges()
    try:
        entries = [entry for entry in supplies.iterdir() if _text(entry / "type") == "Battery"]
    except OSError:
        return False
    own = (entry for entry in entries if _text(entry / "scope") != "Device")
    return any(_text(entry / "status") == "Discharging" for entry in own)


def says_battery(report: str) -> bool:
    """Return whether a report of `pmset -g batt` of macOS names the battery as the source.

    >>> says_battery("Now drawing from 'Battery Power'\\n"), says_battery("Now drawing from 'AC Power'\\n")
    (True, False)
    """
    return report.partition("\n")[0].endswith("'Battery Power'")


def _posix_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _windows_memory() -> int:
    import ctypes  # noqa: PLC0415  (on this one system)

    # MEMORYSTATUSEX: its size, then the bytes that there are. Not all virtual machines say what is installed.
    status = (ctypes.c_ulonglong * 8)(64)
    is_known = ctypes.windll.kernel32.GlobalMemoryStatusEx(status)  # type: ignore[attr-defined,unused-ignore]
    return status[1] if is_known else 0


def _report() -> str:
    try:
        return subprocess.run(
            _PMSET, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _windows_discharges() -> bool:
    import ctypes  # noqa: PLC0415  (on this one system)

    status = (ctypes.c_ubyte * 12)()  # SYSTEM_POWER_STATUS: first 0 without mains, then 128 without battery
    is_known = ctypes.WinDLL("kernel32").GetSystemPowerStatus(status)  # type: ignore[attr-defined,unused-ignore]
    return bool(is_known) and status[0] == 0 and not status[1] & 128


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
