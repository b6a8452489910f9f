"""Taking back the last edit of a workspace: what an undo would take back, and doing it.

The command line and the editor both use these two functions; they only ask the person and show the result.
All of it blocks.
"""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assist_escalation.audit.log import AuditError
from assist_escalation.audit.reader import Filter, events, request_of
from assist_escalation.edits import apply
from assist_escalation.edits.apply import AppliedEdit
from assist_escalation.edits.plan import EditError, EditPlan
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.record_files import gate_files
from assist_server.records.edit_history import finish_interrupted, log_edit
from assist_server.records.past_requests import rate


@dataclass(frozen=True, slots=True)
class PendingUndo:
    """The edit that an undo would take back, the changes for that, and what was recovered first, in words."""

    edit: AppliedEdit
    plan: EditPlan
    recovered: tuple[str, ...]


def next_undo(config: Config, root: str) -> PendingUndo:
    """What the next undo takes back. Raises `EditError`.

    An edit that a crash interrupted is finished first: it may be the last one.
    """
    recovered = finish_interrupted(config, root)
    journal = gate_files(config, root).edits
    last = apply.last(journal)
    if last is None:
        raise EditError("there is no edit to undo")
    return PendingUndo(last, apply.undo_plan(journal), recovered)


def take_back(config: Config, root: str, edit: AppliedEdit, *, by_editor: bool = False) -> tuple[str, ...]:
    """Take back `edit`, which must be the last one, and return its paths. Raises `EditError` if it cannot.

    `by_editor`: an editor has changed the files already, so this only records that. The request that made
    the edit gets the feedback "undone". An `EscalationError` that is no `EditError` means that the edit is
    taken back, but the audit log could not be written.
    """
    files = gate_files(config, root)
    request = _request_of_edit(files.audit, root, edit.id)
    if not by_editor:
        if apply.last(files.edits) != edit:
            raise EditError("another edit was made meanwhile; nothing was undone: look again")
        edit = apply.undo(files.edits)
    try:
        if by_editor:
            _forget(files.edits, edit)
        log_edit(config, root, "undo", edit)
    finally:
        with suppress(UserError):  # the request is too old to be known: nothing to learn from
            rate(config, request, "undone")
    return edit.paths


def _forget(journal: Path, edit: AppliedEdit) -> None:
    try:
        apply.forget(journal, edit.id)
    except EditError as error:
        raise EditError(
            f"The edit is taken back, but `undo` still has it, and the audit log does not know: {error}"
        ) from error


def _request_of_edit(audit: Path, root: str, edit: str) -> str:
    """The id of the request that an edit came from, "" if the log does not say."""
    request = ""
    with suppress(AuditError):  # the log is damaged or gone; writing the undo into it will say so
        for event in events(audit, Filter(repo=root, kind="edit")):
            request = request_of(event) if event.get("edit_id") == edit else request
    return request
