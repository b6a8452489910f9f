"""Whether the machine runs on its battery, as its system reports it; what then is left out, others decide.

Linux has files for that, Windows a call, macOS a program. It looks when something happens in the editor, and
at most every half minute: there is no timer.
"""

import asyncio
import ctypes
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SUPPLIES = Path("/sys/class/power_supply")
_PMSET = ("/usr/bin/pmset", "-g", "batt")
_PATIENCE = 5.0  # seconds
FRESH = 30.0  # seconds


class Power:
    """Owns what is known of the power. `on_change` is called when that changes. Event loop only.

    It is read on a thread: of some batteries that takes a tenth of a second.
    """

    def __init__(
        self,
        on_change: Callable[[], None] = lambda: None,
        supplies: Path = SUPPLIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_change = on_change
        self._supplies = supplies
        self._clock = clock
        self._looked = -FRESH
        self._reading: asyncio.Future[bool] | None = None
        self.on_battery = False

    @property
    def words(self) -> str:
        """What is left out now, for people; "" for nothing."""
        return "on battery: looks less far ahead" if self.on_battery else ""

    def look(self) -> None:
        """Something happened: look again, if the last time is long ago."""
        now = self._clock()
        if now - self._looked < FRESH or (self._reading is not None and not self._reading.done()):
            return
        self._looked = now
        self._reading = asyncio.get_running_loop().run_in_executor(None, discharges, self._supplies)
        self._reading.add_done_callback(self._take)

    async def wait(self) -> None:
        """Wait until a look has ended."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    def _take(self, reading: asyncio.Future[bool]) -> None:
        if not reading.cancelled() and reading.result() != self.on_battery:
            self.on_battery = not self.on_battery
            self._on_change()


def discharges(supplies: Path) -> bool:
    """Whether a battery of the machine itself discharges; False where nothing is reported.

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
    """Whether a report of `pmset -g batt` of macOS names the battery as the source.

    >>> says_battery("Now drawing from 'Battery Power'\\n"), says_battery("Now drawing from 'AC Power'\\n")
    (True, False)
    """
    return report.partition("\n")[0].endswith("'Battery Power'")


def _report() -> str:
    try:
        return subprocess.run(
            _PMSET, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE, check=False
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _windows_discharges() -> bool:
    status = (ctypes.c_ubyte * 12)()  # SYSTEM_POWER_STATUS: first 0 without mains, then 128 without battery
    known = ctypes.WinDLL("kernel32").GetSystemPowerStatus(status)  # type: ignore[attr-defined,unused-ignore]
    return bool(known) and status[0] == 0 and not status[1] & 128


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
