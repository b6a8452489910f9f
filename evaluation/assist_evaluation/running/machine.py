"""Whether other programs used the processor while something was measured. Linux alone says it.

It reads `/proc/stat` and this process's own times, and is never a reason to stop.
"""

import os
from dataclasses import dataclass
from pathlib import Path

BUSY = 0.25  # of all cores used by others: decoding on two threads then takes twice as long


@dataclass(frozen=True, slots=True)
class ProcessorTimes:
    """Seconds that all cores were busy so far, and this process and its children."""

    all: float
    own: float


def processor_times() -> ProcessorTimes | None:
    """The times now, None where the system does not say them."""
    try:
        numbers = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
        user, nice, system, _idle, _wait, irq, soft, stolen = map(int, numbers)
        ticks = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # wine has this file, and Windows' Python no such call
        return None
    busy = user + nice + system + irq + soft + stolen
    own = os.times()
    return ProcessorTimes(busy / ticks, own.user + own.system + own.children_user + own.children_system)


def is_disturbed(before: ProcessorTimes | None, after: ProcessorTimes | None, seconds: float) -> bool:
    """Whether others took more than a quarter of the cores between two moments.

    >>> is_disturbed(ProcessorTimes(0, 0), ProcessorTimes(20, 1), 10) if (os.cpu_count() or 1) < 8 else True
    True
    """
    if before is None or after is None or seconds < 0.05:  # the kernel counts in hundredths of a second
        return False
    others = (after.all - before.all) - (after.own - before.own)
    return others > BUSY * seconds * (os.cpu_count() or 1)
