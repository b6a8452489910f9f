"""Records of requests, looked up and acted on: spending, the audit log, feedback.

It prints nothing and asks nothing; `wording.records` has the words. It never sends anything.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.files.repository_top import find_top
from assist_escalation.audit.reader import export
from assist_escalation.audit.verifier import BookedRequest, Verification, verify
from assist_escalation.budget.ledger import Ledger, Reservation, SpendingKey, SpendingRow
from assist_escalation.gate.prepare import get_limits
from assist_escalation.policy.permissions import Permissions
from assist_escalation.routing import feedback
from assist_server.config.config import Config, Problem
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.questions.composition import (
    find_checkpoint,
    log_key,
    make_scope,
    open_log,
)
from assist_server.record_files import gate_files
from assist_server.records.answer_counts import DECISIONS, ENDS
from assist_server.workspace.folders import make_key
from assist_server.workspace.index_update import working_folder


@dataclass(frozen=True, slots=True)
class RecordedWorkspace:
    """A workspace as questions know it, and what may leave the machine from there."""

    config: Config
    root: str
    permissions: Permissions
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SpendingReport:
    """The money spent since `since` (seconds since 1970), what is left today, and what was never settled.

    `answers` are what became of all answers since then, also of those on this machine.
    """

    by: SpendingKey
    since: float
    rows: tuple[SpendingRow, ...]
    left_micro: int
    open: tuple[Reservation, ...]
    answers: tuple[feedback.Event, ...] = ()


def find_workspace(config: Config, folder: Path) -> RecordedWorkspace:
    """The workspace of a folder: as for questions, the nearest indexed folder from this one upward."""
    root = working_folder(config, folder).root
    return RecordedWorkspace(config, root, *permissions_for(config, [root], [str(folder)]))


def spending(workspace: RecordedWorkspace, by: SpendingKey, since: float) -> SpendingReport:
    """Sums over the ledger. Raises `LedgerError`."""
    files = gate_files(workspace.config)
    ledger = Ledger(files.ledger)
    answers = tuple(event for event in feedback.events(files.feedback) if event.at >= since)
    micro = ledger.remaining(make_scope([workspace.root]), get_limits(workspace.permissions))
    return SpendingReport(by, since, ledger.spending(by, since), micro, ledger.open_reservations(), answers)


def unsettled_reservations(config: Config) -> tuple[Reservation, ...]:
    """Money that was reserved and never settled. Raises `LedgerError`."""
    return Ledger(gate_files(config).ledger).open_reservations()


def reconcile(config: Config) -> int:
    """Count what is unsettled as spent, and return for how many requests. Raises `LedgerError`."""
    return Ledger(gate_files(config).ledger).reconcile()


def verify_log(workspace: RecordedWorkspace) -> Verification:
    """Return whether the audit log is intact, by its key, its checkpoint file and the ledger."""
    key = log_key(workspace.config, workspace.permissions)
    checkpoint = find_checkpoint(workspace.permissions)
    files = gate_files(workspace.config)

    def bookings() -> list[BookedRequest]:
        return [BookedRequest(row.id, row.at, row.settled) for row in Ledger(files.ledger).entries()]

    return verify(files.audit, key=key, checkpoint=checkpoint, bookings=bookings)


def restart_checkpoint(workspace: RecordedWorkspace) -> int:
    """Accept the audit log as it is, and begin its checkpoint again; the line that says so. `AuditError`."""
    log = open_log(workspace.config, workspace.permissions)
    return log.restart_checkpoint(make_scope([workspace.root]).user)


def export_log(config: Config, write: Callable[[str], object]) -> int:
    """Pass the audit log to `write` in another form, and return the number of its records."""
    return export(gate_files(config).audit, write)


def export_log_to(config: Config, output: Path) -> int:
    """The same into a file that only its owner can read; never over the log itself."""
    audit = gate_files(config).audit
    if output.exists() and audit.exists() and output.samefile(audit):
        raise UserError(f"{output} is the audit log itself: name another file in --output.")
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8", newline="") as file:
        return export_log(config, file.write)


def rate(
    config: Config, request: str | None, happening: feedback.Happening, folder: Path = Path()
) -> feedback.Event:
    """Remember what became of a request; None means the last one answered in the repository of a folder.

    The answer that is meant is the one at the end: after a provider failed, that of this machine. Returns the
    event of that end. `UserError` if it is unknown.
    """
    path = gate_files(config).feedback
    root = os.path.realpath(folder)
    own = make_key(find_top(root) or root)
    events = tuple(event for event in feedback.events(path) if request is not None or event.repo in (own, ""))
    decisions = [
        event
        for event in events
        if event.event in DECISIONS and event.target != "refused" and request in (None, event.request_id)
    ]
    ends = {event.request_id: event for event in events if event.event in ENDS}
    # Older versions wrote no end of a text. A request that failed has none either.
    decisions = [event for event in decisions if event.request_id in ends] or decisions
    if not decisions and request is None:
        raise UserError("No model has answered a question about this folder yet: ask something first.")
    if not decisions:
        raise UserError(f"{path} has no answered request {request!r}: use the `id` from --json.")
    last = decisions[-1]
    models = [event.model for event in events if event.request_id == last.request_id and event.model]
    base = ends.get(last.request_id, last)
    base = replace(base, model=models[-1] if models else "")
    if not feedback.record(path, replace(base, at=time.time(), event=happening)):
        raise UserError(f"{path} cannot be written: check its permissions and the space on the disk.")
    return base
