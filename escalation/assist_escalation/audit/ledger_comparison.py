"""Whether the requests of an audit log are those that were paid for, as a ledger knows them.

Every paid request has its intent in the log, since the intent was written before anything was sent, and its
outcome, since that was written before the cost was booked. Every intent has its row in the ledger, since the
money was reserved before that. So each record shows what is missing in the other, unless someone changed both
in the same way. This module reads neither file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from assist_escalation.audit.log import stamp
from assist_escalation.errors import EscalationError

_TOGETHER = "If you moved one of the two away, bring it back, or move the other one away too."


@dataclass(frozen=True, slots=True)
class BookedRequest:
    """A row of the ledger. `at` is in seconds since 1970. `settled`: it was sent, and its cost is booked."""

    id: str
    at: float
    settled: bool


Bookings = Callable[[], Iterable[BookedRequest]]


@dataclass(frozen=True, slots=True)
class LedgerComparison:
    """What log and ledger say about the same requests. `paid` counts the settled rows.

    `unlogged` of these have no intent or no outcome, and `unbooked` intents have no row; the first of each is
    named.
    `unsettled` rows have no intent either, and were never settled by an answer: a crash before the intent
    leaves this, and so does a request that is being prepared. `problem` is "" if nothing is missing.
    """

    paid: int = 0
    unlogged: int = 0
    first_unlogged: str = ""
    unbooked: int = 0
    first_unbooked: str = ""
    unsettled: int = 0
    problem: str = ""


class LogRequests:
    """The requests of a log, seen line by line and compared with `bookings`.

    The ledger is read before the log and again after it, so that requests under way are no difference.
    """

    def __init__(self, bookings: Bookings) -> None:
        self._bookings = bookings
        self._error = ""
        self._rows = self._read()
        self._without_intent = dict(self._rows)
        self._without_outcome = {name: row for name, row in self._rows.items() if row.settled}
        self._without_row: dict[str, int] = {}
        self._first = ""  # times of the first and the last line
        self._last = ""

    def take(self, line: int, time: str, request: str, kind: str) -> None:
        """The next line of the log. `request` is "" if it belongs to none."""
        self._first = self._first or time
        self._last = time
        if kind == "outcome":
            self._without_outcome.pop(request, None)
        if kind != "intent":
            return
        self._without_intent.pop(request, None)
        if request not in self._rows:
            self._without_row.setdefault(request, line)

    def comparison(self) -> LedgerComparison:
        """What is missing, now that the whole log was seen."""
        later = self._read()
        if self._error:
            return LedgerComparison(problem=f"The log cannot be compared with the ledger: {self._error}")
        both = self._without_outcome | self._without_intent
        missing = sorted(both.values(), key=lambda row: (row.at, row.id))
        unlogged = [row for row in missing if row.settled]
        unbooked = [request for request in self._without_row if request not in later]
        problem = ""
        if unlogged:
            problem = self._words_for_unlogged(unlogged)
        elif unbooked:
            problem = self._words_for_unbooked(unbooked, any_row=bool(later))
        return LedgerComparison(
            paid=sum(row.settled for row in self._rows.values()),
            unlogged=len(unlogged),
            first_unlogged=unlogged[0].id if unlogged else "",
            unbooked=len(unbooked),
            first_unbooked=unbooked[0] if unbooked else "",
            unsettled=len(missing) - len(unlogged),
            problem=problem,
        )

    def _read(self) -> dict[str, BookedRequest]:
        try:
            return {row.id: row for row in self._bookings()}
        except EscalationError as error:
            self._error = str(error)
            return {}

    def _words_for_unlogged(self, rows: list[BookedRequest]) -> str:
        paid = sum(row.settled for row in self._rows.values())
        begun = [row.id not in self._without_intent for row in rows]
        lacks = "outcome" if all(begun) else "intent or no outcome" if any(begun) else "intent"
        what = (
            f"{len(rows)} of {paid} requests that were paid have no {lacks} in the log; the first is "
            f"{rows[0].id} of {stamp(rows[0].at)}. "
        )
        times = [stamp(row.at) for row in rows]
        if all(begun):
            how = "Lines were cut off its end or removed."
        elif not self._first:
            how = "The log is empty or gone, or this is not the log of that ledger."
        elif times[-1] < self._first:
            how = "They are older than its first line: the log was moved away or deleted, and begun again."
        elif times[0] > self._last:
            how = "They are newer than its last line: lines were cut off its end."
        else:
            how = "Lines were removed from the log or rewritten."
        return f"{what}{how} {_TOGETHER}"

    def _words_for_unbooked(self, requests: list[str], *, any_row: bool) -> str:
        what = (
            f"{len(requests)} requests of the log have no row in the ledger; the first is {requests[0]} in "
            f"line {self._without_row[requests[0]]}. "
        )
        how = "Rows were removed, or these requests were invented." if any_row else "The ledger has no rows."
        return f"{what}{how} What they cost counts for no budget. {_TOGETHER}"
