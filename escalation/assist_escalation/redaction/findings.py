"""The common values of detectors: a finding, the error that blocks a request, and a time limit.

This module knows no detector and no text.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assist_escalation.errors import EscalationError

# A word without quotes is a variable or a type in `code`, and a value in `data`. `unknown` may be either.
TextKind = Literal["code", "data", "unknown"]


Check = Callable[[], None]  # raises RedactionError after the time limit


class RedactionError(EscalationError):
    """Secrets could not be removed from a text, or a placeholder came back altered.

    Nothing may be sent or applied.
    """


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text: characters `start` to `end`, and its type in capitals, such as "PASSWORD"."""

    start: int
    end: int
    type: str


def time_limit(seconds: float, clock: Callable[[], float] = time.thread_time) -> Check:
    """A check that raises when `seconds` have passed from now; call it on the same thread.

    Those are seconds in which this thread computed: a text may be too long to search, and nothing is refused
    because the machine is busy.
    """
    end = clock() + seconds

    def check() -> None:
        if clock() > end:
            raise RedactionError(
                f"looking for secrets took longer than {seconds:g} s, so nothing is sent: ask about less text"
            )

    return check
