"""Whether an audit log is as it was written, and what that proves.

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
intent. Both need a ledger that this person left alone, see `ledger_comparison`; it is there in all columns.
A checkpoint protects only while that person cannot write its file, and a key only while they do not have it.
This module only reads. It repairs nothing, and all it knows about events is that an intent needs an outcome.
"""

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from filelock import Timeout

from assist_escalation.audit.chain import GENESIS, MOST_LINE, DamagedError, LogEntry, lines, unseal
from assist_escalation.audit.checkpoints import Checkpoint
from assist_escalation.audit.ledger_comparison import Bookings, LedgerComparison, LogRequests
from assist_escalation.audit.log import (
    BEGUN,
    LOCK_S,
    TORN,
    AuditError,
    check_key,
    failure,
    hold_lock,
    known_checkpoint,
)
from assist_escalation.audit.reader import remember, request_of

MOST_NAMED = 1000  # orphans that a report names


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
    """What a pass through the lines has seen so far."""

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
        request = request_of(entry.event)
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
            lost = remember(self.open, request, request)
            if lost is not None:
                self.lost_count += 1
                self.lost += [lost] if len(self.lost) < MOST_NAMED else []


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
    seen = _Seen(LogRequests(bookings) if bookings else None)
    try:
        # Read before the log's length: a log is always at least as long as an earlier checkpoint says.
        known = _checkpoint_of(checkpoint)
        with suppress(FileNotFoundError), path.open("rb") as file:
            _walk(file, _settled_size(path, file), key, known, seen)
        _compare_end(seen, known, checkpoint)
    except _ProblemError as problem:
        return _report(seen, str(problem), problem.line, key, checkpoint)
    except OSError as error:
        raise AuditError(failure(error, path)) from error
    ledger = seen.requests.comparison() if seen.requests else None
    report = _report(seen, ledger.problem if ledger else "", 0, key, checkpoint)
    return replace(report, ledger=ledger)


def _checkpoint_of(checkpoint: Path | None) -> Checkpoint | None:
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


def _walk(file: BinaryIO, size: int, key: bytes | None, known: Checkpoint | None, seen: _Seen) -> None:
    for entry in _chained_entries(file, size, key, seen):
        seen.take(entry)
        if known and seen.events == known.seq and seen.head != known.sha256:
            raise _ProblemError(known.seq, f"Line {known.seq} is not the one that the checkpoint knows.")


def _chained_entries(file: BinaryIO, size: int, key: bytes | None, seen: _Seen) -> Iterator[LogEntry]:
    """The entries, while each follows the one before. `seen` is the state after the last entry."""
    for number, line in enumerate(lines(file, size), 1):
        if not line.endswith(b"\n") and len(line) <= MOST_LINE:
            seen.take_torn(line)
            return
        try:
            entry = unseal(line, key)
        except DamagedError as error:
            raise _ProblemError(number, f"Line {number} {error}.") from error
        if entry.event["seq"] != number or entry.event["prev"] != seen.head:
            raise _ProblemError(
                number,
                f"Line {number} does not follow the one before: a line was removed, inserted, moved or "
                "rewritten.",
            )
        if entry.authentic is False:
            raise _ProblemError(number, f"Line {number} was not written with the given key.")
        others = bool(key) or (seen.has_mac if seen.events else entry.has_mac)
        if entry.has_mac != others:
            lacks = "no MAC, and others have one" if not entry.has_mac else "a MAC, and others have none"
            raise _ProblemError(number, f"Line {number} has {lacks}.")
        yield entry


def _compare_end(seen: _Seen, known: Checkpoint | None, checkpoint: Path | None) -> None:
    count = seen.events
    if known and count < known.seq:
        raise _ProblemError(
            count,
            f"The log ends at line {count}, and the checkpoint knows line {known.seq}: lines were removed.",
        )
    if checkpoint and not known and count:
        raise _ProblemError(
            count,
            f"The checkpoint {checkpoint} is not there, so nothing shows whether lines were cut off the end: "
            "bring it back.",
        )
    if seen.torn:
        raise _ProblemError(
            count + 1,
            f"Line {count + 1} is torn: {seen.torn} bytes without an end, as a writer leaves that is killed. "
            "It was not acknowledged; the next event that is written keeps it aside.",
        )


def _report(seen: _Seen, problem: str, line: int, key: bytes | None, checkpoint: Path | None) -> Verification:
    orphans = [*seen.lost, *seen.open]
    return Verification(
        ok=not problem,
        events=seen.events,
        orphans=tuple(orphans[:MOST_NAMED]),
        orphan_count=seen.lost_count + len(seen.open),
        problem=problem,
        line=line,
        head=seen.head if seen.events else "",
        torn=seen.torn,
        marks=seen.marks,
        restarted=seen.restarted,
        limits=tuple(_limits(bool(key), seen.has_mac, bool(checkpoint))),
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
