"""The decision to ask a server: not while it fails, and again after a pause that grows.

It knows times only, and the clock is a parameter.
"""

from collections import deque
from collections.abc import Callable
from typing import Literal

SHORTEST, LONGEST = 5.0, 300.0  # seconds between two trials of a server that is away
LATE = 3  # late answers among the last `ANSWERS` that make a server count as away
ANSWERS = 10

Circuit = Literal["closed", "open", "trial"]


class CircuitBreaker:
    """The state of one server: closed (it is asked), open (it is not), trial (one answer will decide)."""

    def __init__(self, clock: Callable[[], float], shortest: float = SHORTEST) -> None:
        self._clock, self._shortest = clock, shortest
        self._late: deque[bool] = deque(maxlen=ANSWERS)
        self._pause = self._shortest
        self._until = 0.0
        self.state: Circuit = "closed"

    def try_again(self) -> bool:
        """Say if it is time for a trial. The one who is told so makes it, and reports how it ended."""
        if self.state != "open" or self._clock() < self._until:
            return False
        self.state = "trial"
        return True

    def record_answer(self, *, late: bool = False) -> None:
        """The server answered. A trial that was in time closes the circuit."""
        if self.state == "trial":
            if late:
                self._open()
            else:
                self._close()
        elif self.state == "closed":
            self._late.append(late)
            if sum(self._late) >= LATE:
                self._open()

    def record_failure(self) -> None:
        """The server failed, or could not be reached."""
        if self.state != "open":
            self._open()

    def record_nothing(self) -> None:
        """The trial ended without a verdict: the next one may be made at once."""
        if self.state == "trial":
            self.state = "open"

    def _open(self) -> None:
        self.state = "open"
        self._until = self._clock() + self._pause
        self._pause = min(LONGEST, 2 * self._pause)
        self._late.clear()

    def _close(self) -> None:
        self.state = "closed"
        self._pause = self._shortest
        self._late.clear()
