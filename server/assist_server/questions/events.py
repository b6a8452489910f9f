"""What an answer tells while it comes: its start, its pieces, how far it is, notices, and its end.

The speeds come from the caller. Who answers, and how an event is shown, is not known here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assist_escalation.routing.router import Decision
from assist_server.questions.final_answer import FinalAnswer

PERIOD = 0.5  # seconds


@dataclass(frozen=True, slots=True)
class AnswerPiece:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerStart:
    """An answer begins; an earlier one that was shown no longer counts."""

    decision: Decision
    model: str


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to the user about the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerProgress:
    """A model reads or writes.

    Reading: `tokens` that it reads, and the `seconds` that takes on this machine, None if that is not known.
    Writing: `tokens` so far, in so many `seconds`.
    """

    phase: Literal["reading", "writing"]
    tokens: int
    seconds: float | None = None


def reading(tokens: int, speed: float) -> AnswerProgress:
    """The progress of a model that begins to read, at `speed` tokens a second, 0 if that is not known.

    >>> reading(750, 75.0), reading(750, 0.0).seconds
    (AnswerProgress(phase='reading', tokens=750, seconds=10.0), None)
    """
    return AnswerProgress("reading", tokens, tokens / speed if speed else None)


class WritingPace:
    """Says when to tell again how much is written: at the first piece, and then every half second."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._begun: float | None = None
        self._next = 0.0

    def after(self, tokens: int) -> tuple[AnswerProgress, ...]:
        """The progress to tell once so many tokens are written, or nothing."""
        now = self._clock()
        if self._begun is None:
            self._begun = now
            self._next = now
        if now < self._next:
            return ()
        self._next = now + PERIOD
        return (AnswerProgress("writing", tokens, now - self._begun),)


AnswerEvent = AnswerPiece | AnswerStart | Notice | AnswerProgress | FinalAnswer
