"""Work that many messages ask for at once, done once for all of them. It knows no message and no work."""

import asyncio
from collections.abc import Callable


class Burst:
    """Owns the timer: calls `act` when no request came for `pause` seconds. Event loop only.

    `at_once`: also at the first request of a burst, so that a single one need not wait.
    """

    def __init__(self, act: Callable[[], None], pause: float, *, at_once: bool = False) -> None:
        self._act = act
        self._pause = pause
        self._at_once = at_once
        self._timer: asyncio.TimerHandle | None = None
        self._due = False

    def request(self) -> None:
        """Ask for the work."""
        first = self._timer is None
        self.cancel()
        self._due = not (first and self._at_once)
        if not self._due:
            self._act()
        self._timer = asyncio.get_running_loop().call_later(self._pause, self._end)

    def cancel(self) -> None:
        """Do nothing more of what was asked for."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        self._timer = None
        if self._due:
            self._act()
