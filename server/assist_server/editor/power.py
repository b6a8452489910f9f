"""The power supply: whether the machine runs on battery. Others decide what is left out then.

It looks when something happens in the editor, and at most every half minute: there is no timer.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from assist_server.local_model.machine import SUPPLIES, discharges

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
        """Return what is left out now, for people; "" for nothing."""
        return "on battery: computes less in advance" if self.on_battery else ""

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
