"""The cost of requests: money is reserved before a request and settled after it.

A reservation reads and writes in one transaction, so two processes never spend the same money. Reserved
money counts as spent until the real cost is known, also after a crash. Days are UTC days. If the clock was
set back, the ledger goes on with its latest time. Reports are sums over the ledger's rows.
This module does not know what a token costs, and it sends nothing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_escalation.budget import ledger_file
from assist_escalation.budget.ledger_file import LedgerAnchor, LedgerConnection, LedgerError
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.policy.endpoints import usd
from assist_escalation.prompts import Usage

SpendingKey = Literal["day", "repo", "command", "model", "tool"]

# A released request was never sent. A reserved one counts with its upper bound, as it does for the budget.
_SUMS = """
SELECT CASE ? WHEN 'day' THEN strftime('%Y-%m-%d', day * 86400, 'unixepoch')
              WHEN 'repo' THEN repo WHEN 'command' THEN command
              WHEN 'tool' THEN CASE WHEN command LIKE 'tool:%' THEN substr(command, 6) ELSE 'assist' END
              ELSE model END AS key,
    COUNT(*), SUM(micro), SUM(input + cache_read + cache_write), SUM(output), SUM(estimated)
FROM request WHERE at >= ? AND state != 'released' GROUP BY key
"""


@dataclass(frozen=True, slots=True)
class SpendingRow:
    """The sum over all requests with the same `key`.

    `micro` is in micro-dollars. `input` counts the tokens sent, cached ones too, and `output` the tokens
    received. `estimated` counts the requests whose provider gave no count that can be true: what was reserved
    for them is booked, or more.
    """

    key: str
    requests: int
    micro: int
    input: int
    output: int
    estimated: int


def spending(path: Path, by: SpendingKey, since: float = 0) -> tuple[SpendingRow, ...]:
    """A row for each UTC day, oldest first, or for each repository, command, model or tool, dearest first.

    What no other tool asked has the key "assist". `since` is the earliest time of a reservation, in seconds
    since 1970. Without a ledger there are no rows. Raises `LedgerError`.
    """
    with ledger_file.read_transaction(path) as db:
        rows = [SpendingRow(*row) for row in db.execute(_SUMS, (by, since))]
    return tuple(sorted(rows, key=lambda row: (0 if by == "day" else -row.micro, row.key)))


# A million dollars, ten times the highest budget in settings. A larger figure from a provider is stored as
# this: it still ends every budget, and SQLite's integers can add up nine million such rows.
MAX_MICRO = 10**12

_SECONDS_A_DAY = 86_400
_AHEAD_S = 3_600.0  # if the ledger is ahead of the clock by this much, the message says so

_RESERVE = """
INSERT INTO request(id, at, day, repo, user, command, provider, model, state, reserved, micro)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'reserved', ?, ?)
"""
# The first reported cost wins. What `reconcile` assumed is not a reported cost.
_SETTLE = """
UPDATE request SET state = 'settled', micro = ?, input = ?, cache_read = ?, cache_write = ?, output = ?,
    estimated = ?, finish = ?
WHERE id = ? AND state != 'settled'
"""
_RESERVED = "SELECT reserved FROM request WHERE id = ? AND state = 'reserved'"
_RESERVE_AGAIN = "UPDATE request SET reserved = reserved + ?, micro = micro + ? WHERE id = ?"
_OPEN = """
SELECT at, id, repo, user, command, provider, model, reserved FROM request
WHERE state = 'reserved' ORDER BY at, id
"""


class BudgetError(RefusedError):
    """The budget does not allow the request. The message says which budget, what is left, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__("budget", message)


@dataclass(frozen=True, slots=True)
class Scope:
    """The spender: `repo` is a stable id of the workspace, and `user` a stable id of the user."""

    repo: str
    user: str


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A further limit, in micro-dollars, for a day of one `command`, or for all ids that begin with `ids`.

    One of the two is "". `what` names it for people.
    """

    micro: int
    what: str
    command: str = ""
    ids: str = ""


@dataclass(frozen=True, slots=True)
class SpendingLimits:
    """The limits, in micro-dollars: for one request, and for a day in one repository and by one user.

    The two limits of a day differ if a repository's settings lower its own: it then counts only its own
    spending.
    """

    request_micro: int
    repo_day_micro: int
    user_day_micro: int
    ceilings: tuple[Ceiling, ...] = ()


@dataclass(frozen=True, slots=True)
class ReservationRequest:
    """A request for money. `upper_micro` is the most that it can cost. Each `request_id` is used once."""

    request_id: str
    scope: Scope
    command: str
    provider: str
    model: str
    upper_micro: int

    def __post_init__(self) -> None:
        if self.upper_micro < 0:
            raise EscalationError(f"upper_micro = {self.upper_micro}: a bound is 0 or more micro-dollars")


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money that is reserved and not settled. `at` is in seconds since 1970."""

    at: float
    ask: ReservationRequest


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A request of the ledger. `settled`: something was sent, and its cost is booked."""

    id: str
    at: float
    settled: bool


class Ledger:
    """The ledger at `path`. The first reservation creates the file.

    No transaction stays open between two calls, so threads and processes may share it. Every call raises
    `LedgerError` if the file cannot be used. `wait_s` is how long to wait for other processes. `anchor` makes
    calls faster; whoever gives it closes it.
    """

    def __init__(
        self,
        path: Path,
        clock: Callable[[], float] = time.time,
        wait_s: float = ledger_file.WAIT_S,
        anchor: LedgerAnchor | None = None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._wait_s = wait_s
        self._anchor = anchor

    def reserve(self, ask: ReservationRequest, limits: SpendingLimits) -> None:
        """Reserve `ask.upper_micro` durably, or raise `BudgetError` and reserve nothing."""
        if ask.upper_micro > min(limits.request_micro, MAX_MICRO):
            raise BudgetError(
                f"this request may cost {usd(ask.upper_micro)}, but at most {usd(limits.request_micro)} is "
                "allowed: send less, ask with --local, or raise max_cost_usd_per_request"
            )
        if self._anchor:
            self._anchor.hold()
        with ledger_file.read_transaction(self._path, self._wait_s) as db:
            self._check(db, ask, limits, self._now(db))  # a refused request must not keep others waiting
        with ledger_file.write_transaction(self._path, self._wait_s) as db:
            # Since the first check another process may have reserved: of $1.00 a day with $0.30 left, two
            # requests for $0.20 both pass it, and here, one after the other, the second one is refused.
            now = self._now(db)
            self._check(db, ask, limits, now)
            if db.execute("SELECT 1 FROM request WHERE id = ?", (_text(ask.request_id),)).fetchone():
                raise LedgerError(f"{self._path} already has a request {ask.request_id}. Ask again.")
            words = (ask.scope.repo, ask.scope.user, ask.command, ask.provider, ask.model)
            money = (ask.upper_micro, ask.upper_micro)
            db.execute(_RESERVE, (_text(ask.request_id), now, _day(now), *map(_text, words), *money))
            db.execute("UPDATE clock SET latest = ?", (now,))

    def reserve_again(self, ask: ReservationRequest, limits: SpendingLimits) -> None:
        """Reserve `ask.upper_micro` once more for another attempt of a request that is under way.

        All attempts together are one request for the limits. Raises `BudgetError` and reserves nothing.
        """
        with ledger_file.write_transaction(self._path, self._wait_s) as db:
            row = db.execute(_RESERVED, (_text(ask.request_id),)).fetchone()
            if row is None:
                raise LedgerError(f"{self._path} has no open request {ask.request_id}. Ask again.")
            if row[0] + ask.upper_micro > min(limits.request_micro, MAX_MICRO):
                raise BudgetError(
                    f"a second attempt would cost up to {usd(row[0] + ask.upper_micro)} in all, but one "
                    f"request may cost at most {usd(limits.request_micro)}"
                )
            self._check(db, ask, limits, self._now(db))
            db.execute(_RESERVE_AGAIN, (ask.upper_micro, ask.upper_micro, _text(ask.request_id)))

    def settle(self, request_id: str, actual_micro: int, usage: Usage, finish: str) -> None:
        """Replace the reservation with what was paid, even if that is more than was reserved.

        A second call changes nothing. Settle cancelled and failed requests too. A request without a
        reservation raises `LedgerError`. A negative number raises `EscalationError`, and the reservation
        stays spent.
        """
        tokens = (usage.input, usage.cache_read, usage.cache_write, usage.output)
        if actual_micro < 0 or min(tokens) < 0:
            raise EscalationError(f"request {request_id} has a negative cost or use: {actual_micro}, {usage}")
        with ledger_file.write_transaction(self._path, self._wait_s) as db:
            row = (*(min(count, MAX_MICRO) for count in (actual_micro, *tokens)), usage.estimated)
            rows = db.execute(_SETTLE, (*row, _text(finish), _text(request_id))).rowcount
            self._expect(db, request_id, rows)

    def release(self, request_id: str) -> None:
        """Give a reservation back, only if certainly nothing was sent. A settled request stays settled."""
        with ledger_file.write_transaction(self._path, self._wait_s) as db:
            rows = db.execute(
                "UPDATE request SET state = 'released', micro = 0, estimated = 0 "
                "WHERE id = ? AND state = 'reserved'",
                (_text(request_id),),
            ).rowcount
            self._expect(db, request_id, rows)

    def remaining(self, scope: Scope, limits: SpendingLimits) -> int:
        """The micro-dollars that `scope` may still reserve today, 0 or more."""
        with ledger_file.read_transaction(self._path, self._wait_s) as db:
            now = self._now(db)
            below = [_left_below(db, ceiling, now) for ceiling in limits.ceilings]
            return min([amount for amount, _ in _amounts_left(db, scope, limits, now)] + below)

    def open_reservations(self) -> tuple[Reservation, ...]:
        """The reservations that were not settled, oldest first: requests under way, and crashed ones."""
        with ledger_file.read_transaction(self._path, self._wait_s) as db:
            return tuple(
                Reservation(
                    at, ReservationRequest(request_id, Scope(repo, user), command, provider, model, micro)
                )
                for at, request_id, repo, user, command, provider, model, micro in db.execute(_OPEN)
            )

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All requests, oldest first. What `reconcile` counted as paid was not settled by an answer."""
        with ledger_file.read_transaction(self._path, self._wait_s) as db:
            rows = db.execute("SELECT id, at, state = 'settled' FROM request ORDER BY at, id")
            return tuple(LedgerEntry(request_id, at, bool(is_settled)) for request_id, at, is_settled in rows)

    def has_settled(self) -> bool:
        """Return whether any request was sent and settled."""
        with ledger_file.read_transaction(self._path, self._wait_s) as db:
            return db.execute("SELECT 1 FROM request WHERE state = 'settled' LIMIT 1").fetchone() is not None

    def reconcile(self) -> int:
        """Count all unsettled reservations as paid in full, and return how many there were.

        A request that is in fact still under way can later be settled with its real cost.
        """
        with ledger_file.write_transaction(self._path, self._wait_s) as db:
            return db.execute(
                "UPDATE request SET state = 'reconciled', finish = 'reconciled' WHERE state = 'reserved'"
            ).rowcount

    def spending(self, by: SpendingKey, since: float = 0) -> tuple[SpendingRow, ...]:
        """The function `spending` for this ledger."""
        return spending(self._path, by, since)

    def _now(self, db: LedgerConnection) -> float:
        (latest,) = db.execute("SELECT latest FROM clock").fetchone()
        return max(float(latest), float(self._clock()))

    def _check(
        self, db: LedgerConnection, ask: ReservationRequest, limits: SpendingLimits, now: float
    ) -> None:
        for amount, what in _amounts_left(db, ask.scope, limits, now):
            if ask.upper_micro > amount:
                message = (
                    f"this request may cost {usd(ask.upper_micro)}, but only {usd(amount)} is left today "
                    f"for {what}: wait for the next UTC day, ask with --local, or raise max_cost_usd_per_day"
                )
                raise BudgetError(message + self._remark_on_clock(now))
        for ceiling in limits.ceilings:
            amount = _left_below(db, ceiling, now)
            if ask.upper_micro > amount:
                may_cost = usd(ask.upper_micro)
                raise BudgetError(
                    f"this request may cost {may_cost}, but only {usd(amount)} is left for {ceiling.what}"
                )

    def _remark_on_clock(self, now: float) -> str:
        """A remark for a clock that is earlier than the ledger: the ledger's day may then last long."""
        if now - self._clock() < _AHEAD_S:
            return ""
        day = time.strftime("%Y-%m-%d", time.gmtime(now))
        return f". The ledger's day lasts until {day} (UTC); if that is wrong, move {self._path} away"

    def _expect(self, db: LedgerConnection, request_id: str, rows: int) -> None:
        if not rows and not db.execute("SELECT 1 FROM request WHERE id = ?", (_text(request_id),)).fetchone():
            raise LedgerError(
                f"{self._path} has no request {request_id}: the file was moved away meanwhile. The reserved "
                "amounts are in the moved file."
            )


def _amounts_left(
    db: LedgerConnection, scope: Scope, limits: SpendingLimits, now: float
) -> tuple[tuple[int, str], ...]:
    """Return what is left of each budget on the day of `now`, 0 if it is overdrawn, and the budget's name."""
    repo = "SELECT COALESCE(SUM(micro), 0) FROM request WHERE day = ? AND repo = ?"
    user = "SELECT COALESCE(SUM(micro), 0) FROM request WHERE day = ? AND user = ?"
    (by_repo,) = db.execute(repo, (_day(now), _text(scope.repo))).fetchone()
    (by_user,) = db.execute(user, (_day(now), _text(scope.user))).fetchone()
    return (
        (max(0, limits.repo_day_micro - by_repo), "this repository"),
        (max(0, limits.user_day_micro - by_user), "you"),
    )


def _left_below(db: LedgerConnection, ceiling: Ceiling, now: float) -> int:
    """Return what is left of a ceiling, 0 if it is overdrawn."""
    by_day = "SELECT COALESCE(SUM(micro), 0) FROM request WHERE day = ? AND command = ?"
    by_id = "SELECT COALESCE(SUM(micro), 0) FROM request WHERE id >= ? AND id < ?"
    if ceiling.ids:  # "~" comes after all letters of an id
        (total,) = db.execute(by_id, (_text(ceiling.ids), _text(ceiling.ids) + "~")).fetchone()
    else:
        (total,) = db.execute(by_day, (_day(now), _text(ceiling.command))).fetchone()
    return max(0, ceiling.micro - int(total))


def _day(now: float) -> int:
    return int(now // _SECONDS_A_DAY)


def _text(text: str) -> str:
    """The text as SQLite can store it: a path on Linux need not be UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
