"""What the ledger shows about a log that was cut, rewritten, moved or begun again, and the log about a ledger."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from audit_logs import KEY, START, fill, intent, outcome, put, sealed, ticking, whole_lines

from assist_escalation.audit.chain import unseal
from assist_escalation.audit.log import AuditLog
from assist_escalation.audit.verifier import BookedRequest, Verification, verify
from assist_escalation.budget.ledger import Ledger, ReservationRequest, Scope, SpendingLimits
from assist_escalation.prompts import Usage

REQUESTS = 6  # each with an intent and an outcome
PROTECTIONS = ("nothing", "checkpoint", "key", "both")
LIMITS = SpendingLimits(10**6, 10**8, 10**8)
Lines = list[bytes]


def row(number: int, *, settled: bool = True) -> BookedRequest:
    """The ledger's row of a request, with the time of its intent."""
    return BookedRequest(f"r{number}", START + 2 * number, settled)


ROWS = [row(number) for number in range(REQUESTS)]


def made(folder: Path, protection: str = "nothing") -> Callable[[], Verification]:
    """A log of six paid requests, and what a check of it finds from then on."""
    path = folder / "log"
    key = KEY if protection in ("key", "both") else None
    checkpoint = folder / "checkpoint" if protection in ("checkpoint", "both") else None
    fill(AuditLog(path, key=key, checkpoint=checkpoint, clock=ticking()), range(REQUESTS))
    return lambda: verify(path, key=key, checkpoint=checkpoint, bookings=lambda: ROWS)


def chained(lines: Lines, events: list[dict[str, object]]) -> Lines:
    return [*lines, *sealed(events, after=lines[-1]).splitlines(keepends=True)]


def changed(line: bytes, **more: object) -> dict[str, object]:
    return {**unseal(line).event, **more}


def cut_one_request(lines: Lines) -> Lines:
    return lines[:-2]


def cut_outcome(lines: Lines) -> Lines:
    return lines[:-1]


def delete_log(_: Lines) -> Lines:
    return []


def begin_again(lines: Lines) -> Lines:
    """Another log in place of this one, with a new request that is paid as well."""
    return sealed([{"kind": "edit", "time": "2099-01-01T00:00:00.000000Z"}]).splitlines(keepends=True)


def lose_a_request(lines: Lines) -> Lines:
    return chained(lines[:4], [changed(line) for line in lines[6:]])


def rename_a_request(lines: Lines) -> Lines:
    return chained(lines[:4], [changed(line, request_id="r9") for line in lines[4:6]])


def rewrite_texts(lines: Lines) -> Lines:
    return chained(lines[:4], [changed(line, actor="mallory") for line in lines[4:]])


def invent_a_request(lines: Lines) -> Lines:
    return chained(lines, [{"kind": "intent", **intent("r9")}])


def add_an_edit(lines: Lines) -> Lines:
    return chained(lines, [{"kind": "edit"}])


def flip(lines: Lines) -> Lines:
    data = bytearray(b"".join(lines))
    data[random.Random(4).randrange(len(data))] ^= 1
    return [bytes(data)]


ALWAYS = set(PROTECTIONS)
FOUND = {
    flip: ALWAYS,
    cut_one_request: ALWAYS,
    delete_log: ALWAYS,
    begin_again: ALWAYS,
    lose_a_request: ALWAYS,
    rename_a_request: ALWAYS,
    invent_a_request: ALWAYS,
    cut_outcome: ALWAYS,
    rewrite_texts: {"checkpoint", "key", "both"},
    add_an_edit: {"key", "both"},
}


@pytest.mark.parametrize("protection", PROTECTIONS)
@pytest.mark.parametrize("change", FOUND, ids=lambda change: change.__name__)
def test_with_the_ledger_each_protection_finds_what_it_can_and_no_more(
    tmp_path: Path, change: Callable[[Lines], Lines], protection: str
) -> None:
    check = made(tmp_path, protection)
    assert check().ok
    put(tmp_path / "log", b"".join(change(whole_lines(tmp_path / "log"))))
    report = check()
    assert report.ok == (protection not in FOUND[change])
    assert bool(report.problem) == (not report.ok)


SAID = [
    (
        cut_one_request,
        1,
        "1 of 6 requests that were paid have no intent in the log; the first is r5",
        "cut off",
    ),
    (
        cut_outcome,
        1,
        "1 of 6 requests that were paid have no outcome in the log",
        "Lines were cut off its end or removed",
    ),
    (delete_log, 6, "6 of 6 requests", "empty or gone"),
    (begin_again, 6, "6 of 6 requests", "moved away or deleted, and begun again"),
    (lose_a_request, 1, "the first is r2", "removed from the log or rewritten"),
]


@pytest.mark.parametrize(("change", "count", "what", "how"), SAID)
def test_what_is_missing_in_the_log_is_counted_and_named(
    tmp_path: Path, change: Callable[[Lines], Lines], count: int, what: str, how: str
) -> None:
    check = made(tmp_path)
    put(tmp_path / "log", b"".join(change(whole_lines(tmp_path / "log"))))
    report = check()
    assert report.ledger
    assert (report.ledger.paid, report.ledger.unlogged) == (REQUESTS, count)
    assert what in report.problem
    assert how in report.problem


def test_what_is_missing_in_the_ledger_is_counted_and_named(tmp_path: Path) -> None:
    made(tmp_path)
    for kept, words in (
        (ROWS[:4], "2 requests of the log have no row in the ledger; the first is r4 in line 9"),
        ([], "no rows"),
    ):
        report = verify(tmp_path / "log", bookings=lambda kept=kept: kept)  # type: ignore[misc]
        assert not report.ok
        assert words in report.problem
        assert report.ledger
        assert report.ledger.unbooked == REQUESTS - len(kept)


def test_requests_under_way_and_reconciled_ones_are_no_difference(tmp_path: Path) -> None:
    """A row is written before its intent, and a request may begin while the log is read."""
    made(tmp_path)
    AuditLog(tmp_path / "log").append("intent", intent("r6"))
    readings = iter([[*ROWS, row(7, settled=False)], [*ROWS, row(6, settled=False), row(7, settled=False)]])
    report = verify(tmp_path / "log", bookings=lambda: next(readings))
    assert (report.ok, report.orphans) == (True, ("r6",))
    assert report.ledger
    assert (report.ledger.unlogged, report.ledger.unsettled) == (0, 1)


def test_a_real_ledger_with_every_state_fits_its_log(tmp_path: Path) -> None:
    ledger, log = Ledger(tmp_path / "ledger", ticking()), AuditLog(tmp_path / "log", clock=ticking())
    for name in ("settled", "released", "reserved", "reconciled"):
        ledger.reserve(ReservationRequest(name, Scope("shop", "ann"), "ask", "acme", "m", 5), LIMITS)
        if name != "reserved":
            log.append("intent", intent(name))
    ledger.settle("settled", 4, Usage(input=1, output=1), "stop")
    ledger.release("released")
    log.append("outcome", outcome("settled"))
    assert ledger.reconcile() == 2

    def bookings() -> list[BookedRequest]:
        return [BookedRequest(each.id, each.at, each.settled) for each in ledger.entries()]

    report = verify(tmp_path / "log", bookings=bookings)
    assert report.ok, report.problem
    assert report.ledger
    assert (report.ledger.paid, report.ledger.unsettled) == (1, 1)
    assert ledger.has_settled()


def test_a_ledger_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "ledger").write_bytes(b"no database" * 99)
    rows = Ledger(tmp_path / "ledger").entries
    report = verify(
        tmp_path / "log", bookings=lambda: [BookedRequest(row.id, row.at, row.settled) for row in rows()]
    )
    assert not report.ok
    assert "cannot be compared with the ledger" in report.problem
