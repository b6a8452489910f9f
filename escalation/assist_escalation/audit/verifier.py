"""The verification of an audit log: whether it is as it was written, and what that proves.

What `verify` finds depends on what protects the log:

| done by a person who can write the log              | ledger | checkpoint | key    | both  |
|-----------------------------------------------------|--------|------------|--------|-------|
| a byte changed; a line changed, removed, inserted,  | found  | found      | found  | found |
| doubled or moved, but for the next row              |        |            |        |       |
| the last line changed, and its sha256 recomputed    | paid   | found      | found  | found |
| the log rewritten from some line on                 | paid   | found      | found  | found |
| lines added at the end                              | asked  | asked      | found  | found |
| whole lines removed from the end                    | paid   | found      | paid   | found |
| the log deleted, or another begun in its place      | paid   | found      | paid   | found |

"paid": found if a line of a paid request is lost or renamed. "asked": found if one of the lines is an
intent. Both need a ledger that this person left alone; it is there in all columns. Every paid request has its
intent in the log, since the intent was written before anything was sent, and its outcome, since that was
written before the cost was booked. Every intent has its row in the ledger, since the money was reserved
before that. So each record shows what is missing in the other, unless someone changed both in the same way.
A checkpoint protects only while that person cannot write its file, and a key only while they do not have it.
This module only reads. It repairs nothing, and all it knows about events is that an intent needs an outcome.
"""

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from filelock import Timeout

from assist_escalation.audit.chain import GENESIS, MAX_LINE, DamagedError, LogEntry, lines, unseal
from assist_escalation.audit.log import (
    BEGUN,
    LOCK_S,
    TORN,
    AuditError,
    Checkpoint,
    check_key,
    failure,
    hold_lock,
    known_checkpoint,
    stamp,
)
from assist_escalation.audit.reader import get_request, remember
from assist_escalation.errors import EscalationError

MAX_NAMED = 1000  # orphans that a report names
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
    """A comparison of log and ledger for the same requests. `paid` counts the settled rows.

    `unlogged` of these have no intent or no outcome, and `unbooked` intents have no row; the first of each is
    named. `unsettled` rows have no intent either, and were never settled by an answer: a crash before the
    intent leaves this, and so does a request that is being prepared. `problem` is "" if nothing is missing.
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

    The ledger is read before the log and again after it, so that requests under way are not a difference.
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
        """Return what is missing, now that the whole log was seen."""
        later = self._read()
        if self._error:
            return LedgerComparison(problem=f"The log cannot be compared with the ledger: {self._error}")
        both = self._without_outcome | self._without_intent
        missing = sorted(both.values(), key=lambda row: (row.at, row.id))
        rows = [row for row in missing if row.settled]
        requests = [request for request in self._without_row if request not in later]
        problem = ""
        if rows:
            problem = self._words_for_unlogged(rows)
        elif requests:
            problem = self._words_for_unbooked(requests, any_row=bool(later))
        return LedgerComparison(
            paid=sum(row.settled for row in self._rows.values()),
            unlogged=len(rows),
            first_unlogged=rows[0].id if rows else "",
            unbooked=len(requests),
            first_unbooked=requests[0] if requests else "",
            unsettled=len(missing) - len(rows),
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
        intents = [row.id not in self._without_intent for row in rows]
        lacks = "outcome" if all(intents) else "intent or no outcome" if any(intents) else "intent"
        what = (
            f"{len(rows)} of {paid} requests that were paid have no {lacks} in the log; the first is "
            f"{rows[0].id} of {stamp(rows[0].at)}. "
        )
        times = [stamp(row.at) for row in rows]
        if all(intents):
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
        return f"{what}{how} Their cost does not count toward any budget. {_TOGETHER}"


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of a verification. `ok`: nothing is wrong with the log.

    `events`: the number of whole, valid lines. `head`: the sha256 of the last of them, or "".
    `orphans`: requests with an intent and no outcome, the first 1,000 of `orphan_count`; they were cut
    short, or are under way. `problem`: the first error, in line `line`; 0 if it is not in the log.
    `torn`: the bytes of a last line that a writer did not finish; the next append keeps them.
    `marks`: lines about the log itself: torn lines that were kept, checkpoints that began. `restarted`: the
    line where a checkpoint began last, 0 for none: what is before it was accepted by a person.
    `ledger`: how the log's requests compare with those that were paid, None if it was not compared.
    `limits`: what this cannot prove, in sentences for people, even if `ok`.
    """

    ok: bool
    events: int
    orphans: tuple[str, ...]
    orphan_count: int
    problem: str
    line: int
    head: str
    torn: int
    marks: int
    limits: tuple[str, ...]
    restarted: int = 0
    ledger: LedgerComparison | None = None


@dataclass(slots=True)
class _Seen:
    """The state of a pass through the lines."""

    requests: LogRequests | None = None
    events: int = 0
    marks: int = 0
    restarted: int = 0
    torn: int = 0
    has_mac: bool = False
    head: str = GENESIS
    open: OrderedDict[str, str] = field(default_factory=OrderedDict)
    lost: list[str] = field(default_factory=list)  # the first orphans that no longer fit into `open`
    lost_count: int = 0

    def take_torn(self, line: bytes) -> None:
        self.torn = len(line)

    def take(self, entry: LogEntry) -> None:
        kind = entry.event["kind"]
        request = get_request(entry.event)
        self.events += 1
        self.head = entry.sha256
        self.has_mac = entry.has_mac
        self.marks += kind in (TORN, BEGUN)
        if kind == BEGUN:
            self.restarted = self.events
        if self.requests:
            time = str(entry.event["time"])
            self.requests.take(self.events, time, request, str(kind))
        if kind == "outcome":
            self.open.pop(request, None)
        elif kind == "intent":
            is_gap = remember(self.open, request, request)
            if is_gap is not None:
                self.lost_count += 1
                self.lost += [is_gap] if len(self.lost) < MAX_NAMED else []


class _ProblemError(Exception):
    """An error in the log. It holds the number of the line, from 1."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def verify(
    path: Path,
    *,
    key: bytes | None = None,
    checkpoint: Path | None = None,
    bookings: Bookings | None = None,
) -> Verification:
    """Read the whole log, line by line, in constant memory. Others may append to it meanwhile.

    `bookings` are the ledger's requests to compare with, which takes memory for each of them. AuditError if
    the log cannot be read. A missing log has no events, and is `ok` unless the checkpoint or the ledger knows
    of some.
    """
    check_key(key)
    scan = _Seen(LogRequests(bookings) if bookings else None)
    try:
        # Read before the log's length: a log is always at least as long as an earlier checkpoint says.
        known_end = _read_checkpoint_end(checkpoint)
        with suppress(FileNotFoundError), path.open("rb") as file:
            _walk(file, _settled_size(path, file), key, known_end, scan)
        _compare_end(scan, known_end, checkpoint)
    except _ProblemError as problem:
        return _report(scan, str(problem), problem.line, key, checkpoint)
    except OSError as error:
        raise AuditError(failure(error, path)) from error
    ledger = scan.requests.comparison() if scan.requests else None
    report = _report(scan, ledger.problem if ledger else "", 0, key, checkpoint)
    return replace(report, ledger=ledger)


def _read_checkpoint_end(checkpoint: Path | None) -> Checkpoint | None:
    try:
        return known_checkpoint(checkpoint) if checkpoint else None
    except AuditError as error:
        raise _ProblemError(0, str(error)) from error


def _settled_size(path: Path, file: BinaryIO) -> int:
    """The log's length in bytes while no process is writing a line.

    This takes the lock only if the last line looks torn. A user who may not take it can still read the log.
    """
    size = file.seek(0, os.SEEK_END)
    if size and file.seek(size - 1) >= 0 and file.read(1) != b"\n":
        with suppress(OSError, Timeout), hold_lock(path, LOCK_S):
            size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _walk(file: BinaryIO, size: int, key: bytes | None, end: Checkpoint | None, scan: _Seen) -> None:
    for entry in _chained_entries(file, size, key, scan):
        scan.take(entry)
        if end and scan.events == end.seq and scan.head != end.sha256:
            raise _ProblemError(end.seq, f"Line {end.seq} is not the one recorded in the checkpoint.")


def _chained_entries(file: BinaryIO, size: int, key: bytes | None, scan: _Seen) -> Iterator[LogEntry]:
    """The entries, while each follows the one before. `scan` is the state after the last entry."""
    for number, line in enumerate(lines(file, size), 1):
        if not line.endswith(b"\n") and len(line) <= MAX_LINE:
            scan.take_torn(line)
            return
        try:
            entry = unseal(line, key)
        except DamagedError as error:
            raise _ProblemError(number, f"Line {number} {error}.") from error
        if entry.event["seq"] != number or entry.event["prev"] != scan.head:
            raise _ProblemError(
                number,
                f"Line {number} does not follow the one before: a line was removed, inserted or changed.",
            )
        if entry.authentic is False:
            raise _ProblemError(number, f"Line {number} was not written with the given key.")
        others = bool(key) or (scan.has_mac if scan.events else entry.has_mac)
        if entry.has_mac != others:
            lacks = "no MAC, and others have one" if not entry.has_mac else "a MAC, and others have none"
            raise _ProblemError(number, f"Line {number} has {lacks}.")
        yield entry


def _compare_end(scan: _Seen, end: Checkpoint | None, checkpoint: Path | None) -> None:
    count = scan.events
    if end and count < end.seq:
        raise _ProblemError(
            count,
            f"The log ends at line {count}, but the checkpoint records line {end.seq}: lines were removed.",
        )
    if checkpoint and not end and count:
        raise _ProblemError(
            count,
            f"The checkpoint {checkpoint} does not exist, so nothing shows whether lines were cut off the "
            "end: bring it back.",
        )
    if scan.torn:
        raise _ProblemError(
            count + 1,
            f"Line {count + 1} is torn: {scan.torn} bytes without a line end, as a killed process leaves "
            "behind. It was never acknowledged; the next event that is written sets it aside.",
        )


def _report(scan: _Seen, problem: str, line: int, key: bytes | None, checkpoint: Path | None) -> Verification:
    orphans = [*scan.lost, *scan.open]
    return Verification(
        ok=not problem,
        events=scan.events,
        orphans=tuple(orphans[:MAX_NAMED]),
        orphan_count=scan.lost_count + len(scan.open),
        problem=problem,
        line=line,
        head=scan.head if scan.events else "",
        torn=scan.torn,
        marks=scan.marks,
        restarted=scan.restarted,
        limits=tuple(_limits(bool(key), scan.has_mac, bool(checkpoint))),
    )


def _limits(key: bool, has_mac: bool, checkpoint: bool) -> Iterator[str]:
    if has_mac and not key:
        yield "The MACs were not checked: that needs the key."
    if not key and checkpoint:
        yield "Without the key, lines after the checkpoint may come from anyone who can write the log."
    if not key and not checkpoint:
        yield "Without a key or a checkpoint, anyone who can write the log can rewrite it from any line on."
    if not checkpoint:
        yield "Without a checkpoint, only the ledger shows that whole lines were removed from the end."
    else:
        yield "The checkpoint proves nothing unless its file is out of reach of those who can write the log."
