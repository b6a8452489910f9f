"""The number of cores worth a thread each: fast ones, without hyper-threads, that this process may use.

Decoding waits for its slowest thread, so threads on slow cores, or two on one core, make it slower. It asks
the system and measures nothing, but counts what else runs at this moment, on Linux.
"""

import ctypes
import os
import platform
import re
import struct
import sys
from pathlib import Path

MOST = 8  # memory is the limit beyond that
_FAST_CORES = b"hw.perflevel0.physicalcpu"  # Apple's chips; Intel Macs have one level
_ALL_CORES = b"hw.physicalcpu"
_LOAD = Path("/proc/loadavg")
_RUNNING = re.compile(r" (\d+)/\d+ ")
_CORES = 0  # RelationProcessorCore of GetLogicalProcessorInformationEx
_CPUS = "proc/cpuinfo"
_FACTS = ("model name", "flags", "Features", "CPU part")  # lines of that; the last two on ARM
_FAMILY = b"hw.cpufamily"  # of Apple's chips, which all have one name
_QUOTA = "sys/fs/cgroup/cpu.max"  # of a container
_SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


def physical_cores() -> int:
    """Fast cores that this process may use, from 1 to `MOST`."""
    count = 0
    if sys.platform == "darwin":
        count = system_number(_FAST_CORES) or system_number(_ALL_CORES)
    elif sys.platform == "win32":
        count = fast_cores(_windows_cores())
    else:
        count = _linux_cores()
    return max(1, min(MOST, count or os.cpu_count() or 2))


def processor_facts(root: Path = Path("/")) -> tuple[object, ...]:
    """Return what changes when this process gets another processor, or more or less of one."""
    lines = {line for line in _text(root / _CPUS).splitlines() if line.startswith(_FACTS)}
    family = system_number(_FAMILY) if sys.platform == "darwin" else 0
    system = (platform.machine(), platform.processor(), os.cpu_count(), physical_cores(), family)
    return (*sorted(lines), _text(root / _QUOTA), *system)


def threads_beside(running: str, cores: int, threads: int) -> int:
    """Return how many of `threads` find a core that is free, from the text of Linux' /proc/loadavg.

    For libraries without OpenMP: their threads spin until the last one has its turn. While nine other
    processes computed on two cores, two such threads read 9 tokens a second and one read 41.

    >>> idle, busy = "0.21 0.40 0.30 1/830 4711", "9.10 9.42 9.63 3/830 4711"
    >>> threads_beside(idle, 2, 2), threads_beside(busy, 2, 2), threads_beside("", 2, 2)
    (2, 1, 2)
    """
    match = _RUNNING.search(running)
    others = int(match[1]) - 1 if match else 0
    return max(1, min(threads, cores - others))


def running_now() -> str:
    """Return what `threads_beside` reads, "" on other systems."""
    return _text(_LOAD)


def fast_cores(table: bytes) -> int:
    """The cores of the fastest kind in Windows' table of cores, where each row has its size and its kind.

    >>> fast_cores(bytes.fromhex("00000000 0a000000 0000 00000000 0a000000 0101 00000000 0a000000 0000"))
    1
    """
    kinds = []
    while len(table) >= 10:
        _, size, _, kind = struct.unpack_from("<IIBB", table)
        kinds.append(kind)
        table = table[max(10, size) :]
    return kinds.count(max(kinds, default=0))


def system_number(name: bytes) -> int:
    """A number that macOS knows by a name, 0 if it does not."""
    number = ctypes.c_int64(0)
    size = ctypes.c_size_t(8)
    try:
        error = ctypes.CDLL(None).sysctlbyname(name, ctypes.byref(number), ctypes.byref(size), None, 0)
    except (AttributeError, OSError):
        return 0
    return 0 if error else number.value


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _linux_cores() -> int:
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 2)
    siblings = set()
    for cpu in processors:
        siblings.add(_text(Path(_SIBLINGS.format(cpu))).strip() or str(cpu))
    return len(siblings)


def _windows_cores() -> bytes:
    """The table of cores, empty if Windows does not give it."""
    describe = ctypes.WinDLL("kernel32").GetLogicalProcessorInformationEx  # type: ignore[attr-defined,unused-ignore]
    size = ctypes.c_uint32(0)
    describe(_CORES, None, ctypes.byref(size))
    table = ctypes.create_string_buffer(size.value)
    return table.raw if describe(_CORES, table, ctypes.byref(size)) else b""
