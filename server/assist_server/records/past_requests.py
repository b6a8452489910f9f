"""What is recorded of requests and edits, looked up and acted on: money, the audit log, feedback, undo.

It prints nothing and asks nobody; `record_words` has the words. It never sends anything.
"""

import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assist_escalation.audit.export import Form, export
from assist_escalation.audit.log import AuditError
from assist_escalation.audit.reader import Filter, events, request_of
from assist_escalation.audit.verifier import Verification, verify
from assist_escalation.budget.ledger import By, Ledger, Reservation, SpendingRow
from assist_escalation.edits import apply
from assist_escalation.edits.apply import AppliedEdit
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.errors import EscalationError
from assist_escalation.gate.prepare import limits_of
from assist_escalation.policy.permissions import Permissions
from assist_escalation.routing import calibration, feedback
from assist_escalation.routing.calibration import Calibration, Label
from assist_server.config.config import Config, Problem
from assist_server.config.permissions import permissions_for
from assist_server.config.toml_file import replace_file
from assist_server.errors import UserError
from assist_server.questions.composition import calibrated, checkpoint_of, gate_files, log_key, scope_of
from assist_server.records import edit_history
from assist_server.workspace.folder_index import folder_at, known_folder

_DECIDED = ("routed", "escalated_after")  # events that say who answers


@dataclass(frozen=True, slots=True)
class RecordedWorkspace:
    """A workspace, as questions about it know it, and what may leave from there."""

    config: Config
    root: str
    permissions: Permissions
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class SpendingReport:
    """What was spent since `since` (seconds since 1970), what is left today, and what was never settled."""

    by: By
    since: float
    rows: tuple[SpendingRow, ...]
    left_micro: int
    open: tuple[Reservation, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Answers of known worth, the calibration in force, why there is none, and the one that fits them.

    `fitted` is None where they are too few.
    """

    labels: tuple[Label, ...]
    before: Calibration
    problem: str
    fitted: Calibration | None


def place_of(config: Config, folder: Path) -> RecordedWorkspace:
    """The workspace of a folder: the one that is indexed, from the folder up, as for questions."""
    root = (known_folder(config, folder) or folder_at(config, folder)).root
    return RecordedWorkspace(config, root, *permissions_for(config, [root]))


@dataclass(frozen=True, slots=True)
class Undo:
    """The edit that would be taken back, how, and what was finished of an interrupted one before."""

    edit: AppliedEdit
    plan: EditPlan
    told: tuple[str, ...]


def next_undo(place: RecordedWorkspace) -> Undo:
    """What the next undo does; raises `EditError`."""
    told = edit_history.finish_interrupted(place.config, place.root)
    journal = gate_files(place.config, place.root).edits
    last = apply.last(journal)
    if last is None:
        raise EditError("there is no edit to undo")
    return Undo(last, apply.undo_plan(journal), told)


def take_back(place: RecordedWorkspace, edit: AppliedEdit) -> tuple[str, ...]:
    """Undo the last edit, which is to be `edit`, and give its files; `EditError` where that cannot be.

    The request that made it is remembered as one whose answer did not last.
    """
    files = gate_files(place.config, place.root)
    if apply.last(files.edits) != edit:
        raise EditError("another edit was made meanwhile; nothing was undone: look again")
    request = _request_of_edit(files.audit, place.root, edit.id)
    try:
        back = edit_history.undo_edit(place.config, place.root)
    except EditError:
        raise
    except EscalationError as error:
        named = ", ".join(edit.paths)
        raise UserError(
            f"The edit of {named} is taken back, but the audit log does not know of it: {error}"
        ) from error
    _not_good(place.config, request)
    return back.paths


def note_undone(config: Config, root: str, edit: str) -> None:
    """Remember that an editor took an edit back, by its id."""
    _not_good(config, _request_of_edit(gate_files(config).audit, root, edit))


def _not_good(config: Config, request: str) -> None:
    with suppress(UserError):  # it was asked for long ago: nothing to learn from
        rate(config, request, "undone")


def spent(place: RecordedWorkspace, by: By, since: float) -> SpendingReport:
    """Sums over the ledger; raises `LedgerError`."""
    ledger = Ledger(gate_files(place.config).ledger)
    left = ledger.left(scope_of([place.root]), limits_of(place.permissions))
    return SpendingReport(by, since, ledger.spending(by, since), left, ledger.unsettled())


def unsettled(config: Config) -> tuple[Reservation, ...]:
    """Money that was set aside and never settled; raises `LedgerError`."""
    return Ledger(gate_files(config).ledger).unsettled()


def reconcile(config: Config) -> int:
    """Take it for spent, and say of how many requests; raises `LedgerError`."""
    return Ledger(gate_files(config).ledger).reconcile()


def verified(place: RecordedWorkspace) -> Verification:
    """Whether the audit log holds, by the key and the second place that the settings name."""
    key = log_key(place.config, place.permissions)
    checkpoint = checkpoint_of(place.permissions)
    return verify(gate_files(place.config).audit, key=key, checkpoint=checkpoint)


def exported(config: Config, form: Form, write: Callable[[str], object]) -> int:
    """Hand the audit log to `write` in another form; how many records it had."""
    return export(gate_files(config).audit, form, write)


def exported_to(config: Config, form: Form, output: Path) -> int:
    """The same into a file for its owner's eyes; never over the log itself."""
    audit = gate_files(config).audit
    if output.exists() and audit.exists() and output.samefile(audit):
        raise UserError(f"{output} is the audit log itself: name another file in --output.")
    handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8", newline="") as file:
        return exported(config, form, file.write)


def fit(config: Config) -> Fit:
    """The calibration for what became of local answers, beside the one in force."""
    before, problem = calibrated(config)
    labels = feedback.labels(gate_files(config).feedback)
    enough = len(labels) >= calibration.LEAST
    return Fit(labels, before, problem, calibration.fit(labels) if enough else None)


def calibrate(config: Config, fitted: Calibration) -> Path:
    """Put a calibration in force, in one step; gives its file, raises `OSError`."""
    path = gate_files(config).calibration
    replace_file(path, calibration.patch(fitted))
    return path


def rate(config: Config, request: str | None, happening: feedback.Happening) -> feedback.Event:
    """Remember what became of a request, None: the last one answered; `UserError` if it is not known."""
    path = gate_files(config).feedback
    decided = [
        event
        for event in feedback.events(path)
        if event.event in _DECIDED and event.target != "refused" and request in (None, event.request_id)
    ]
    if not decided:
        what = f"no answered request {request!r}" if request else "no answered request"
        raise UserError(f"{path} knows of {what}: ask something first, or look at the `id` in --json.")
    event = replace(decided[-1], at=time.time(), event=happening)
    if not feedback.record(path, event):
        raise UserError(f"{path} cannot be written: check its permissions and the space on the disk.")
    return event


def _request_of_edit(audit: Path, root: str, edit: str) -> str:
    """The request that an edit came from, "" where the log cannot say."""
    found = ""
    with suppress(AuditError):  # it is damaged, or gone: the undo itself will say so
        for event in events(audit, Filter(repo=root, kind="edit")):
            found = request_of(event) if event.get("edit_id") == edit else found
    return found
