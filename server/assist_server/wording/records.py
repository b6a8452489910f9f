"""What is recorded of requests, in words and as JSON: spending, the audit log, reliability, what may leave.

It reads no file. What a log says comes from files' names and providers: it is made harmless here.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assist_escalation.audit.chain import OURS, Event
from assist_escalation.audit.verifier import Verification
from assist_escalation.budget.ledger import Reservation
from assist_escalation.budget.ledger import SpendingRow as Sum
from assist_escalation.policy.permissions import Permissions
from assist_escalation.routing.calibration import (
    LEAST,
    NONE,
    Calibration,
    ReliabilityBin,
    expected_error,
    patch,
    reliability,
)
from assist_server.records.past_requests import Fit, RecordedWorkspace, SpendingReport
from assist_server.wording.amounts import usd
from assist_server.wording.sanitize import harmless

WIDTH = 80  # columns
NAMED = 5  # requests, files or reservations that are named; the rest is counted
HEADS = ("Requests", "Dollars", "Tokens in", "Out", "Estimated")
RECONCILE = "`assist cost reconcile` takes what a crash left for spent; what is under way settles by itself."


def spending_document(found: SpendingReport, place: RecordedWorkspace) -> dict[str, Any]:
    """What was spent as JSON; dollars as fractions, times in seconds since 1970."""
    return {
        "by": found.by,
        "since": found.since,
        "rows": [_sum_document(row) for row in found.rows],
        "total": _sum_document(_total(found.rows)),
        "workspace": place.root,
        "mode": place.permissions.mode,
        "left_today_usd": found.left_micro / 1e6,
        "day_usd": place.permissions.day_micro / 1e6,
        "request_usd": place.permissions.request_micro / 1e6,
        "unsettled": [reservation_document(each) for each in found.open],
    }


def spending_rows(found: SpendingReport) -> list[list[str]]:
    """A row of `HEADS` behind its key for each, and one for all of them where there are several."""
    total = [_cells(_total(found.rows))] if len(found.rows) > 1 else []
    return [*map(_cells, found.rows), *total]


def budget_lines(found: SpendingReport, place: RecordedWorkspace) -> list[str]:
    """What is left today, and what was never settled."""
    closed = "; mode is never, so nothing is sent" if place.permissions.mode == "never" else ""
    day = place.permissions.day_micro
    lines = [f"{usd(found.left_micro)} of {usd(day)} are left today (UTC) for this workspace{closed}."]
    if found.open:
        lines += [f"{_requests(len(found.open))} not settled, and counted with all that was set aside:"]
        lines += [*reservation_lines(found.open), RECONCILE]
    return lines


def reservation_lines(open_: Sequence[Reservation]) -> list[str]:
    """Money set aside, a line each."""
    lines = [
        f"  {_moment(each.at)}  {usd(each.ask.upper_micro)}  {each.ask.request_id}  "
        f"{each.ask.command}, {each.ask.provider}"
        for each in open_[:NAMED]
    ]
    return [harmless(line) for line in lines] + _more(len(open_))


def reservation_document(each: Reservation) -> dict[str, Any]:
    """Money set aside, as JSON."""
    ask = each.ask
    return {
        "request_id": ask.request_id,
        "at": each.at,
        "repo": ask.scope.repo,
        "command": ask.command,
        "provider": ask.provider,
        "model": ask.model,
        "reserved_usd": ask.upper_micro / 1e6,
    }


def report_document(report: Verification, path: Path) -> dict[str, Any]:
    """Whether the log holds, as JSON."""
    return {**asdict(report), "path": str(path)}


def report_lines(report: Verification, path: Path, permissions: Permissions) -> Iterator[str]:
    """Whether the log holds, what that proves, and what it cannot prove."""
    if report.ok and not report.events:
        yield f"There is no audit log in {path}: nothing was recorded yet."
        return
    yield f"{path} {'holds' if report.ok else 'DOES NOT HOLD'}."
    if not report.ok:
        yield f"  {report.problem}"
    if report.events:
        yield f"Lines 1 to {report.events:,} are one chain: each is whole, and follows the one before."
    if report.ok and permissions.audit_key_env:
        yield f"Each was written with the key in {permissions.audit_key_env}."
    if report.ok and permissions.audit_checkpoint:
        yield f"The end is the one that {permissions.audit_checkpoint} knows, or behind it."
    if report.head:
        yield f"The last line that holds has sha256 {report.head}."
    if report.orphan_count:
        named = ", ".join(report.orphans[:NAMED]) + (" ..." if report.orphan_count > NAMED else "")
        yield f"{_requests(report.orphan_count)} without an outcome, cut off or under way: {harmless(named)}."
    if report.marks:
        yield f"In {report.marks} of them the log speaks of itself: a torn line kept, a checkpoint begun."
    for limit in report.limits:
        yield f"Limit: {limit}"


def event_lines(event: Event) -> Iterator[str]:
    """An event for people: when, what and which request, then what it says, in `WIDTH` columns."""
    request = str(event.get("request_id") or "-")
    yield harmless(f"{event['time'][:19].replace('T', ' ')}  {event['kind']}  {request}").replace("\n", " ")
    told = " ".join(harmless("; ".join(_told(event))).split())
    yield from textwrap.wrap(
        told,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def fit_document(found: Fit, applied: str) -> dict[str, Any]:
    """A calibration as JSON: the tables before and after it, and the patch; `applied` is its file, or ""."""
    fitted = found.fitted
    return {
        "labels": len(found.labels),
        "least": LEAST,
        "before": _reliability(found, found.before),
        "after": _reliability(found, fitted) if fitted else None,
        "patch": patch(fitted) if fitted else None,
        "applied": applied or None,
    }


def reliability_rows(rows: Sequence[ReliabilityBin]) -> list[list[str]]:
    """A reliability table: the bin, its answers, the share expected to be good, the share that was."""
    return [
        [
            f"{row.low:.1f} to {row.high:.1f}",
            f"{row.count:,}",
            f"{row.predicted:.2f}",
            f"{row.observed:.2f}",
        ]
        for row in rows
    ]


def fit_words(fitted: Calibration) -> str:
    """How a calibration was made, and what its own table does not show."""
    how = "isotonic regression" if fitted.method == "isotonic" else "Platt's scaling"
    return f"After, by {how}; on the answers it was made of, so new ones will do a little worse:"


def before_words(before: Calibration) -> str:
    """What the first table shows."""
    if before == NONE:
        return "Before, with no calibration:"
    return f"Before, with the calibration in force, of {before.labels:,} answers:"


def egress_facts(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What `doctor_egress` found, for people."""
    budget, ledger, audit, model = (found[name] for name in ("budget", "ledger", "audit", "model"))
    usable = "" if model["usable"] else " (not on this machine)"
    left = f"{_dollars(budget['left_today_usd'])} of {_dollars(budget['day_usd'])} are left today"
    lines = [
        ("Answers", f"{model['name']}{usable}"),
        ("Egress", f"mode {found['mode']}; repository's files: {found['trust']}; {left}"),
    ]
    for each in found["providers"]:
        key = f"key in {each['key_env']} {'set' if each['key_set'] else 'NOT SET'}"
        key = key if each["key_env"] else "no key needed"
        lines.append(("", f"{each['name']}: {each['model']} at {each['host']}, {key}"))
    open_ = f", {_requests(ledger['unsettled'])} not settled" if ledger["unsettled"] else ""
    lines.append(("Ledger", f"{ledger['path']} ({ledger['state']}{open_})"))
    orphans = f", {_requests(audit['orphans'])} without an outcome" if audit["orphans"] else ""
    return [*lines, ("Audit log", f"{audit['path']} ({audit['state']}, {audit['events']:,} events{orphans})")]


def _sum_document(row: Sum) -> dict[str, Any]:
    return {
        "key": row.key,
        "requests": row.requests,
        "usd": row.micro / 1e6,
        "input_tokens": row.input,
        "output_tokens": row.output,
        "estimated": row.estimated,
    }


def _total(rows: Sequence[Sum]) -> Sum:
    sums = [sum(getattr(row, name) for row in rows) for name in Sum.__slots__[1:]]
    return Sum("all", *sums)


def _cells(row: Sum) -> list[str]:
    counts = (f"{number:,}" for number in (row.input, row.output, row.estimated))
    return [harmless(row.key), f"{row.requests:,}", usd(row.micro), *counts]


def _told(event: Event) -> Iterator[str]:
    """What an event says, piece by piece, whatever wrote it: nothing but its names is relied on."""
    match event["kind"]:
        case "intent":
            yield f"{event.get('command')} by {event.get('actor')} in {event.get('repo')}"
            yield f"to {event.get('provider')} ({event.get('host')}, {event.get('model')})"
            yield f"up to {_number(event.get('tokens'))} tokens and {_micro(event.get('upper_micro'))}"
            yield f"because {event.get('cause')}"
            yield f"files: {', '.join(_spans(event.get('spans'))) or 'none'}"
            yield f"redacted: {', '.join(_redactions(event.get('redactions'))) or 'nothing'}"
        case "outcome":
            yield str(event.get("error") or event.get("finish") or "no end")
            yield f"{event.get('model_returned') or 'no model'}"
            yield f"{_micro(event.get('cost_micro'))}, {_number(event.get('latency_ms'))} ms"
            yield _usage(event.get("usage"))
        case _:
            own = {name: value for name, value in event.items() if name not in (*OURS, "request_id")}
            yield from _pairs(own)


def _pairs(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, each in value.items():
            shown = ", ".join(map(str, each)) if isinstance(each, list) else each
            yield f"{name} {shown}"


def _usage(value: object) -> str:
    counts = value if isinstance(value, Mapping) else {}
    read = [counts.get(name) for name in ("input", "cache_read", "cache_write")]
    total = sum(each for each in read if isinstance(each, int))
    guessed = ", estimated" if counts.get("estimated") else ""
    return f"{_number(total)} + {_number(counts.get('output'))} tokens{guessed}"


def _spans(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping) and each.get("path"):
            lines = f":{each.get('first')}-{each.get('last')}" if each.get("first") else ""
            yield f"{each['path']}{lines}"


def _redactions(value: object) -> Iterator[str]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, Mapping):
            yield f"{each.get('count')} {str(each.get('type')).lower()}"


def _reliability(found: Fit, using: Calibration) -> dict[str, Any]:
    rows = reliability(found.labels, using)
    return {"error": round(expected_error(rows), 4), "rows": [asdict(row) for row in rows]}


def _micro(value: object) -> str:
    return usd(value) if isinstance(value, int) else "unknown cost"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else "?"


def _dollars(amount: float | None) -> str:
    return "?" if amount is None else usd(round(amount * 1e6))


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _requests(count: int) -> str:
    return f"{count:,} requests are" if count != 1 else "1 request is"


def _more(count: int) -> list[str]:
    return [f"  and {count - NAMED:,} more"] if count > NAMED else []
