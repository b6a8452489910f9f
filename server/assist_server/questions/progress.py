"""How far an answer is, before there is anything of it to read.

The speeds come from the caller.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

PERIOD = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class Progress:
    """A model reads or writes.

    Reading: `tokens` that it reads, and the `seconds` that takes on this machine, None if that is not known.
    Writing: `tokens` so far, in so many `seconds`.
    """

    phase: Literal["reading", "writing"]
    tokens: int
    seconds: float | None = None


def reading(tokens: int, speed: float) -> Progress:
    """The progress of a model that begins to read, at `speed` tokens a second, 0 if that is not known.

    >>> reading(750, 75.0), reading(750, 0.0).seconds
    (Progress(phase='reading', tokens=750, seconds=10.0), None)
    """
    return Progress("reading", tokens, tokens / speed if speed else None)


class WritingPace:
    """Says when to tell again how much is written: at the first piece, and then every half second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: float | None = None
        self._next = 0.0

    def after(self, tokens: int) -> tuple[Progress, ...]:
        """The progress to tell once so many tokens are written, or nothing."""
        now = self._clock()
        if self._begun is None:
            self._begun = now
            self._next = now
        if now < self._next:
            return ()
        self._next = now + PERIOD
        return (Progress("writing", tokens, now - self._begun),)
