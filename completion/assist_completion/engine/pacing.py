"""How fast the user types and how fast answers come: when to call the model, and when to work ahead.

It knows times only, and the clock is a parameter.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median

FLOOR = 0.005  # seconds: joins the two edits that auto-closing editors send for one key
GAPS = 9  # keystrokes remembered
PAUSE = 1.0  # seconds: a longer gap is thinking, not typing
SHARE = 0.5  # of a key gap: calling the model earlier wastes a prefill, later is felt
DUTY = 0.5  # of the time, at most, that work ahead of requests may keep the cores busy
WINDOW = 30.0  # seconds over which that share is measured
_SUPPLIES = Path("/sys/class/power_supply")


class TypingPace:
    """The key gaps, answer times and work ahead of requests of one session."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._answers: deque[float] = deque(maxlen=GAPS)
        self._last = -PAUSE
        self._work: deque[tuple[float, float]] = deque()

    def record_key(self) -> None:
        """Note that a request came in."""
        now = self.clock()
        if now - self._last < PAUSE:
            self._gaps.append(now - self._last)
        self._last = now

    def record_answer(self, seconds: float) -> None:
        """Note how long the model took from request to answer."""
        self._answers.append(seconds)

    def record_work(self, seconds: float) -> None:
        """Note how long work ahead of requests took."""
        self._work.append((self.clock(), seconds))

    def debounce(self, longest: float) -> float:
        """Seconds to wait before calling the model: a pause in typing, minus the time the answer takes."""
        gap = median(self._gaps) if self._gaps else 0.0
        expected = median(self._answers) if self._answers else 0.0
        return min(longest, max(FLOOR, SHARE * gap - expected))

    def may_speculate(self) -> bool:
        """Whether there may be work ahead of requests: on mains power, and below the duty limit."""
        floor = self.clock() - WINDOW
        while self._work and self._work[0][0] < floor:
            self._work.popleft()
        return sum(seconds for _, seconds in self._work) < DUTY * WINDOW and not on_battery()


def on_battery(supplies: Path = _SUPPLIES) -> bool:
    """Whether Linux reports that a battery discharges; False where it reports nothing."""
    try:
        states = [(entry / "status").read_text(encoding="ascii") for entry in supplies.glob("BAT*")]
    except OSError:
        return False
    return any(state.strip() == "Discharging" for state in states)
