"""How fast the user types and how fast answers come: when to ask the model, and when to work ahead.

It knows times only; the clock is a parameter.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from statistics import median

FLOOR = 0.005  # seconds: joins the two edits that auto-closing editors send for one key
GAPS = 9  # keystrokes remembered
PAUSE = 1.0  # seconds: a longer gap is thinking, not typing
SHARE = 0.5  # of a key gap: asking earlier wastes a prefill, later is felt
DUTY = 0.5  # of the time, at most, that unasked-for work may keep the cores busy
WINDOW = 30.0  # seconds over which that share is taken
_SUPPLIES = Path("/sys/class/power_supply")


class TypingPace:
    """Key gaps, answer times and unasked-for work of one session."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._answers: deque[float] = deque(maxlen=GAPS)
        self._last = -PAUSE
        self._work: deque[tuple[float, float]] = deque()

    def key(self) -> None:
        """A request came in."""
        now = self.clock()
        if now - self._last < PAUSE:
            self._gaps.append(now - self._last)
        self._last = now

    def answered(self, seconds: float) -> None:
        """The model took this long from request to answer."""
        self._answers.append(seconds)

    def debounce(self, longest: float) -> float:
        """Seconds to wait before asking the model: a pause in typing, less what the answer takes anyway."""
        gap = median(self._gaps) if self._gaps else 0.0
        expected = median(self._answers) if self._answers else 0.0
        return min(longest, max(FLOOR, SHARE * gap - expected))

    def worked(self, seconds: float) -> None:
        """Unasked-for work was done."""
        self._work.append((self.clock(), seconds))

    def may_speculate(self) -> bool:
        """Whether unasked-for work is welcome: on mains power, and below the duty limit."""
        floor = self.clock() - WINDOW
        while self._work and self._work[0][0] < floor:
            self._work.popleft()
        return sum(seconds for _, seconds in self._work) < DUTY * WINDOW and not on_battery()


def on_battery(supplies: Path = _SUPPLIES) -> bool:
    """Whether Linux says that a battery discharges; False where nothing is known."""
    try:
        states = [(entry / "status").read_text(encoding="ascii") for entry in supplies.glob("BAT*")]
    except OSError:
        return False
    return any(state.strip() == "Discharging" for state in states)
