"""What the detectors of secrets share: a finding, the error that blocks a request, and the clock's bound.

It knows no detector and no text.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from assist_escalation.errors import EscalationError

# In `code` a bare word is a variable or a type; in `data` it is the value; `unknown` is a single line of
# either.
Kind = Literal["code", "data", "unknown"]


Check = Callable[[], None]  # raises RedactionError once the time is up


class RedactionError(EscalationError):
    """A text could not be freed of secrets, or a placeholder came back altered: nothing may be sent or
    applied."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in some text: characters `start` to `end`, and its type in capitals, such as "PASSWORD"."""

    start: int
    end: int
    type: str


def time_limit(clock: Callable[[], float], seconds: float) -> Check:
    """A check that raises once `seconds` have gone by from now on."""
    end = clock() + seconds

    def check() -> None:
        if clock() > end:
            raise RedactionError(
                f"looking for secrets took longer than {seconds:g} s, so nothing is sent: ask about less text"
            )

    return check
