"""Records of requests in words and as JSON: spending, the audit log, what may leave.

It reads no file. The texts in a log come from file names and providers, so they are made harmless here.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assist_context.unseen_characters import visible
from assist_escalation.audit.chain import OURS, LogEvent
from assist_escalation.audit.verifier import Verification
from assist_escalation.budget.ledger import Reservation, SpendingRow
from assist_escalation.policy.endpoints import usd
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import PLACEHOLDER
from assist_server.records.answer_counts import answers_document
from assist_server.records.past_requests import RecordedWorkspace, SpendingReport
from assist_server.wording.requests import marked_lines
from assist_server.wording.sanitize import harmless
from assist_server.wording.views import CommandView, ShownTable

WIDTH = 80  # columns
NAMED = 5  # requests, files or reservations that are named; the rest are counted
_NO_FILE = {
    "assist": "assist's instructions",
    "user": "the user's words",
    "editor": "the editor's words",
    "library": "signatures of libraries",
}
_SPENT = ("Requests", "Dollars", "Tokens in", "Out", "Estimated")
RECONCILE = "`assist cost reconcile` counts requests that a crash left open as spent; others settle later."


def spending_view(report: SpendingReport, workspace: RecordedWorkspace) -> CommandView:
    """Show money spent, and left today. JSON has dollars as fractions, times in seconds since 1970."""
    permissions = workspace.permissions
    answers = answers_document(report.answers)
    total = _total(report.rows)
    document = {
        "by": report.by,
        "since": report.since,
        "rows": [_sum_document(row) for row in report.rows],
        "total": _sum_document(total),
        "workspace": workspace.root,
        "mode": permissions.mode,
        "left_today_usd": report.left_micro / 1e6,
        "day_usd": permissions.day_micro / 1e6,
        "request_usd": permissions.request_micro / 1e6,
        "unsettled": [reservation_document(reservation) for reservation in report.open],
        "answers": answers,
    }
    none = "Nothing was sent since then." if report.since else "Nothing was sent yet."
    note = "; mode is never, so nothing is sent" if permissions.mode == "never" else ""
    amount = f"{usd(report.left_micro)} of {usd(permissions.day_micro)}"
    words = [
        _spending_table(report, total) if report.rows else none,
        f"{amount} is left today (UTC) for this workspace{note}.",
        *_local_lines(answers),
    ]
    if report.open:
        words += [f"{requests_are(len(report.open))} not settled, and counted with the full reserved amount:"]
        words += [*reservation_lines(report.open), RECONCILE]
    return CommandView(document, words)


def _spending_table(report: SpendingReport, total: SpendingRow) -> ShownTable:
    """A row for each key, and one for all if there are several."""
    heads = (report.by.capitalize(), *_SPENT)
    rows = [_cells(row) for row in (*report.rows, *([total] if len(report.rows) > 1 else []))]
    if report.by == "repo":  # a path may be long, so it goes last: only the last column is wrapped
        heads = (*heads[1:], heads[0])
        rows = [[*row[1:], row[0]] for row in rows]
    return ShownTable(heads, rows, _SPENT)


def _local_lines(answers: Mapping[str, Any]) -> list[str]:
    """Return how many answers this machine gave for nothing, and how many edits of its our checks refused."""
    local = answers["ended_by_target"].get("local", 0)
    count = answers["refused_by_checks"].get("local", 0)
    if not local:
        return []
    more = f"; edits that our checks rejected: {count:,} ({1 - count / local:.0%} passed)"
    return [f"Answered on this machine, at no cost: {local - count:,}{more if count else ''}."]


def reservation_lines(open_: Sequence[Reservation]) -> list[str]:
    """Reserved money, a line for each request."""
    lines = [
        f"  {_moment(reservation.at)}  {usd(reservation.ask.upper_micro)}  {reservation.ask.request_id}  "
        f"{reservation.ask.command}, {reservation.ask.provider}"
        for reservation in open_[:NAMED]
    ]
    return [harmless(line) for line in lines] + _more(len(open_))


def reservation_document(each: Reservation) -> dict[str, Any]:
    """Reserved money, as JSON."""
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


def verification_view(report: Verification, path: Path, permissions: Permissions) -> CommandView:
    """Return whether the audit log is intact, what that proves, and what it cannot prove."""
    words = [*_verification_lines(report, path, permissions)]
    return CommandView({**asdict(report), "path": str(path)}, words)


def _verification_lines(report: Verification, path: Path, permissions: Permissions) -> Iterator[str]:
    if report.ok and not report.events:
        yield f"There is no audit log in {path}: nothing was recorded yet."
        return
    yield f"{path} is {'intact' if report.ok else 'NOT INTACT'}."
    yield from problem_lines(report)
    if report.events:
        yield f"Lines 1 to {report.events:,} are one chain: each is intact and follows the one before."
    if report.ok and permissions.audit_key_env:
        yield f"Each was written with the key in {permissions.audit_key_env}."
    if report.ok and permissions.audit_checkpoint:
        yield f"The log ends at the line recorded in {permissions.audit_checkpoint}, or after it."
    if report.restarted:
        yield f"In line {report.restarted:,} the checkpoint was restarted: someone accepted the log so far."
    yield from _ledger_lines(report)
    if report.head:
        yield f"The last valid line has sha256 {report.head}."
    if report.orphan_count:
        names = ", ".join(report.orphans[:NAMED]) + (" ..." if report.orphan_count > NAMED else "")
        orphans = requests_are(report.orphan_count)
        yield f"{orphans} without an outcome, interrupted or in progress: {harmless(names)}."
    if report.marks:
        yield f"{report.marks} lines are about the log itself: a torn line or a restarted checkpoint."
    for limit in report.limits:
        yield f"Limit: {limit}"


def problem_lines(report: Verification) -> Iterator[str]:
    """Yield what is wrong with the audit log, if anything is."""
    if not report.ok:
        yield f"  {harmless(report.problem)}"


def checkpoint_view(report: Verification, permissions: Permissions, restart_line: int) -> CommandView:
    """Return whether the log has its checkpoint. `restart_line` is where it begins again, 0 for nowhere."""
    path = permissions.audit_checkpoint
    if not path:
        words = ["The audit log has no checkpoint: name a file for it in [audit] checkpoint."]
    elif restart_line:
        words = [f"{path} was restarted; line {restart_line:,} of the log records it."]
    else:
        words = [f"{path} is the checkpoint of the log."] if report.ok else [*problem_lines(report)]
    return CommandView({"checkpoint": path, "restarted": restart_line, "problem": report.problem}, words)


def _ledger_lines(report: Verification) -> Iterator[str]:
    """Yield how the log compares with the ledger."""
    ledger = report.ledger
    if ledger is None:
        return
    if report.ok:
        yield f"The ledger and the log have the same requests; {ledger.paid:,} of them were paid."
    if ledger.unsettled:
        yield (
            f"{requests_are(ledger.unsettled)} reserved and not in the log: in preparation, or interrupted "
            "before anything was sent."
        )


def event_lines(event: LogEvent) -> Iterator[str]:
    """An event for people: time, kind and request, then its content, in `WIDTH` columns."""
    request = str(event.get("request_id") or "-")
    yield harmless(f"{event['time'][:19].replace('T', ' ')}  {event['kind']}  {request}").replace("\n", " ")
    text = " ".join(harmless("; ".join(_event_words(event))).split())
    yield from textwrap.wrap(
        text,
        WIDTH,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def request_lines(event: LogEvent) -> Iterator[str]:
    """All that the log keeps of an event: of an intent also each piece that left, and its text if kept.

    The text has the form of `answers.payload_text`.
    """
    yield from event_lines(event)
    if event["kind"] != "intent":
        return
    yield f"  sha256 {harmless(str(event.get('payload_sha256')))}"
    for span in event["spans"] if isinstance(event.get("spans"), list) else ():
        if isinstance(span, Mapping):
            yield f"    {visible(_span_words(span) or _NO_FILE.get(str(span.get('source')), 'a text'))}"
    content = event.get("content")
    if not isinstance(content, Mapping):
        yield '  The text was not kept. `content = "redacted"` in [audit] keeps it from then on.'
        return
    for role, text in content.items():
        yield f"# {visible(str(role)).upper()} MESSAGE"
        yield from marked_lines(str(text), lambda line: PLACEHOLDER.search(line) is not None)


def _sum_document(row: SpendingRow) -> dict[str, Any]:
    return {
        "key": row.key,
        "requests": row.requests,
        "usd": row.micro / 1e6,
        "input_tokens": row.input,
        "output_tokens": row.output,
        "estimated": row.estimated,
    }


def _total(rows: Sequence[SpendingRow]) -> SpendingRow:
    sums = [sum(getattr(row, name) for row in rows) for name in SpendingRow.__slots__[1:]]
    return SpendingRow("all", *sums)


def _cells(row: SpendingRow) -> list[str]:
    counts = (f"{number:,}" for number in (row.input, row.output, row.estimated))
    return [harmless(row.key), f"{row.requests:,}", usd(row.micro), *counts]


def _event_words(event: LogEvent) -> Iterator[str]:
    """The content of an event, piece by piece, whatever wrote it: no field is assumed to exist."""
    match event["kind"]:
        case "intent":
            yield f"{event.get('command')} by {event.get('actor')} in {event.get('repo')}"
            yield f"to {event.get('provider')} ({event.get('host')}, {event.get('model')})"
            yield f"up to {_number(event.get('tokens'))} tokens and {_micro(event.get('upper_micro'))}"
            yield f"because {event.get('cause')}"
            yield f"files: {', '.join(_spans(event.get('spans'))) or 'none'}"
            yield f"redacted: {', '.join(_redactions(event.get('redactions'))) or 'nothing'}"
        case "outcome":
            yield str(event.get("error") or event.get("finish") or "not finished")
            yield f"{event.get('model_returned') or 'no model'}"
            yield f"{_micro(event.get('cost_micro'))}, {_number(event.get('latency_ms'))} ms"
            yield _usage(event.get("usage"))
        case _:
            own = {name: value for name, value in event.items() if name not in (*OURS, "request_id")}
            yield from _pairs(own)


def _pairs(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            text = ", ".join(map(str, item)) if isinstance(item, list) else item
            yield f"{name} {text}"


def _usage(value: object) -> str:
    counts = value if isinstance(value, Mapping) else {}
    read = [counts.get(name) for name in ("input", "cache_read", "cache_write")]
    total = sum(count for count in read if isinstance(count, int))
    estimate = ", estimated" if counts.get("estimated") else ""
    return f"{_number(total)} + {_number(counts.get('output'))} tokens{estimate}"


def _spans(value: object) -> Iterator[str]:
    for span in value if isinstance(value, list) else ():
        if isinstance(span, Mapping) and (words := _span_words(span)):
            yield words


def _span_words(span: Mapping[str, Any]) -> str:
    """The file and the lines of a text; of an outline not all of these lines left."""
    if not span.get("path"):
        return ""
    lines = f":{span.get('first')}-{span.get('last')}" if span.get("first") else ""
    about = "about " if span.get("source") == "editor" else ""
    return f"{about or ('outline of ' if span.get('outline') else '')}{span['path']}{lines}"


def _redactions(value: object) -> Iterator[str]:
    for redaction in value if isinstance(value, list) else ():
        if isinstance(redaction, Mapping):
            yield f"{redaction.get('count')} {str(redaction.get('type')).lower()}"


def _micro(value: object) -> str:
    return usd(value) if isinstance(value, int) else "unknown cost"


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int | float) else "?"


def dollars(amount: float | None) -> str:
    """An amount, "?" where it is not known."""
    return "?" if amount is None else usd(round(amount * 1e6))


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def requests_are(count: int) -> str:
    """A number of requests, for a sentence about them."""
    return f"{count:,} requests are" if count != 1 else "1 request is"


def _more(count: int) -> list[str]:
    return [f"  and {count - NAMED:,} more"] if count > NAMED else []
