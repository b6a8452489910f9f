"""The money of one evaluation, shared by all its processes: a ledger of its own, next to the user's.

The gate reserves from the user's budget as for any question. This one only bounds the run.
"""

from pathlib import Path

from assist_escalation.budget.ledger import BudgetError, Ledger, ReservationRequest, Scope, SpendingLimits
from assist_escalation.gate.prepare import Prepared
from assist_escalation.policy.endpoints import usd
from assist_escalation.prompts import Usage

FILE = "budget.sqlite"
ATTEMPTS = 2  # the first one, and the one retry of `provider.retries`
_RUN = Scope("run", "run")


class RunBudget:
    """Owns the ledger of a run. `micro` is the most that all its requests may cost, in micro-dollars."""

    def __init__(self, folder: Path, micro: int) -> None:
        # A clock that does not move: the ledger adds up a day, and this run is one.
        self._ledger = Ledger(folder / FILE, clock=lambda: 0.0)
        self._limits = SpendingLimits(micro, micro, micro)
        self._micro = micro

    def reserve(self, prepared: Prepared) -> None:
        """Reserve the most that a request can cost with all its attempts. Raises `BudgetError`."""
        request = prepared.request
        most = prepared.upper_micro * ATTEMPTS
        named = (request.prompt.command, prepared.provider, prepared.endpoint.model)
        if most > self._ledger.remaining(_RUN, self._limits):
            left = usd(self._ledger.remaining(_RUN, self._limits))
            raise BudgetError(
                f"the run may cost {usd(self._micro)} (--max-usd), {left} of that is left, and this request "
                f"may cost {usd(most)}"
            )
        self._ledger.reserve(ReservationRequest(request.id, _RUN, *named, most), self._limits)

    def settle(self, prepared: Prepared, micro: int | None) -> None:
        """Book what a request cost in place of what was reserved for it, 0 if nothing was sent.

        None: it failed, and no one says what was charged, so all of it counts.
        """
        paid = prepared.upper_micro * ATTEMPTS if micro is None else micro
        self._ledger.settle(prepared.request.id, paid, Usage(), "failed" if micro is None else "stop")

    def left_micro(self) -> int:
        """What the run may still spend."""
        return self._ledger.remaining(_RUN, self._limits)
