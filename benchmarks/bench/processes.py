"""CPU time and memory of another process, seen from outside."""

import asyncio
import re
from pathlib import Path

import psutil


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process so far."""
    return float(sum(psutil.Process(pid).cpu_times()[:2]))


def peak(pid: int) -> int:
    """Return the most memory that a process ever held, in bytes; its current memory outside Linux."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) << 10
    except (OSError, IndexError):
        return int(psutil.Process(pid).memory_info().rss)


async def quiet(pid: int) -> None:
    """Wait until a process has used no CPU for half a second, so that what it warms up is warm."""
    process = psutil.Process(pid)
    used = -1.0
    while used != (used := sum(process.cpu_times()[:2])):  # noqa: ASYNC110  (processes send no event when idle)
        await asyncio.sleep(0.5)
