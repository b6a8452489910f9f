"""What another process used, seen from outside: time and memory."""

import asyncio
import re
from pathlib import Path

import psutil


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    return float(sum(psutil.Process(pid).cpu_times()[:2]))


def peak(pid: int) -> int:
    """The most memory that a process ever held, in bytes; what it holds now where Linux does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
        return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) << 10
    except (OSError, IndexError):
        return int(psutil.Process(pid).memory_info().rss)


async def quiet(pid: int) -> None:
    """Until a process has used no CPU for half a second: what it warms is warm."""
    process = psutil.Process(pid)
    used = -1.0
    while used != (used := sum(process.cpu_times()[:2])):  # noqa: ASYNC110  (no process tells when it rests)
        await asyncio.sleep(0.5)
