"""Edits of a workspace: made, finished after a crash, taken back, and written into the audit log.

Each workspace has a journal of its own. This module shows nothing and asks nothing; all of it blocks.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_escalation.audit.log import AuditError
from assist_escalation.audit.reader import Filter, events, get_request
from assist_escalation.edits import apply
from assist_escalation.edits.apply import AppliedEdit
from assist_escalation.edits.edit_paths import find_place
from assist_escalation.edits.plan import MARK, EditError, EditPlan, hash_text
from assist_escalation.edits.transaction import hash_place
from assist_escalation.errors import EscalationError
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.questions.composition import open_log
from assist_server.record_files import gate_files
from assist_server.records.past_requests import rate

NOTHING_KNOWN: Mapping[str, str] = {"request_id": ""}


def apply_edit(config: Config, plan: EditPlan, root: str, request: str, proof: str = "") -> AppliedEdit:
    """Make an edit on the disk, all of it or nothing. Raises `EditError` if it was not made.

    `request` is the id of the question, and `proof` what speaks for the edit, in a word.

    Another `EscalationError` means that the edit is made, but could not be written into the audit log.
    """
    edit = apply.apply(plan, {"": Path(root)}, gate_files(config, root).edits)
    log_edit(config, root, "edit", edit, {"request_id": request, "proof": proof})
    return edit


def record_editor_edit(
    config: Config, plan: EditPlan, root: str, request: str, proof: str = ""
) -> AppliedEdit:
    """Remember an edit that an editor has made. Raises what `apply_edit` does, but the edit is made."""
    try:
        edit = apply.record(plan, {"": Path(root)}, gate_files(config, root).edits)
    except EditError as error:
        raise EditError(
            f"The edit was made, but it was not recorded for `undo` or in the audit log: {error}"
        ) from error
    log_edit(config, root, "edit", edit, {"request_id": request, "proof": proof})
    return edit


def changed_files(plan: EditPlan, root: str, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of a plan whose files differ from what it starts from. `EditError` for a forbidden path.

    `texts` are of files open in an editor. There the byte order mark is not compared.
    """
    files = []
    for change in plan.changes:
        place = find_place(change.path, {"": Path(root)}, is_confirmed=change.path in plan.protected)
        text = texts.get(change.path)
        if text is None or not change.base_sha256:
            digest = hash_text(MARK + change.before)
            same = hash_place(place) in ((change.base_sha256, digest) if change.base_sha256 else (None,))
        else:
            same = text.removeprefix(MARK) == change.before.removeprefix(MARK)
        files += [] if same else [change.path]
    return tuple(files)


def finish_interrupted(config: Config, root: str) -> tuple[str, ...]:
    """Finish the edits that a crash interrupted, and say in words what was done."""
    return apply.recover(gate_files(config, root).edits)


def log_edit(
    config: Config,
    root: str,
    kind: Literal["edit", "undo"],
    edit: AppliedEdit,
    details: Mapping[str, str] = NOTHING_KNOWN,
) -> None:
    """Write into the audit log that an edit was made or taken back, with more `details` of it.

    Raises `EscalationError` if the log cannot be written; its message says that the edit is done.
    """
    fields = {"edit_id": edit.id, "repo": root, "paths": list(edit.paths), **details}
    try:
        permissions, _ = permissions_for(config, [root])
        open_log(config, permissions).append(kind, fields)
    except EscalationError as error:
        verb = "made" if kind == "edit" else "undone"
        paths = ", ".join(edit.paths)
        raise EscalationError(
            f"The edit of {paths} was {verb}, but it was not recorded in the audit log: {error}"
        ) from error


@dataclass(frozen=True, slots=True)
class PendingUndo:
    """The edit that an undo would take back, the changes for that, and what was recovered first, in words."""

    edit: AppliedEdit
    plan: EditPlan
    recovered: tuple[str, ...]


def next_undo(config: Config, root: str) -> PendingUndo:
    """Return what the next undo takes back. Raises `EditError`.

    An edit that a crash interrupted is finished first: it may be the last one.
    """
    recovery = finish_interrupted(config, root)
    journal = gate_files(config, root).edits
    last = apply.last(journal)
    if last is None:
        raise EditError(f"there is no edit to undo in {root}")
    return PendingUndo(last, apply.undo_plan(journal), recovery)


def take_back(config: Config, root: str, edit: AppliedEdit, *, by_editor: bool = False) -> tuple[str, ...]:
    """Take back `edit`, which must be the last one, and return its paths. Raises `EditError` if it cannot.

    `by_editor`: an editor has changed the files already, so this only records that. The request that made
    the edit gets the feedback "undone". An `EscalationError` other than `EditError` means that the edit is
    taken back, but the audit log could not be written.
    """
    files = gate_files(config, root)
    request = _request_of_edit(files.audit, root, edit.id)
    if not by_editor:
        if apply.last(files.edits) != edit:
            raise EditError("another edit was made meanwhile; nothing was undone: check, and try again")
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
            f"The edit was undone, but `undo` still lists it and the audit log has no record: {error}"
        ) from error


def _request_of_edit(audit: Path, root: str, edit: str) -> str:
    """The id of the request that an edit came from, "" if the log does not say."""
    request = ""
    with suppress(AuditError):  # the log is damaged or gone; writing the undo into it will say so
        for event in events(audit, Filter(repo=root, kind="edit")):
            request = get_request(event) if event.get("edit_id") == edit else request
    return request
