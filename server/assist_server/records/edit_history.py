"""Edits of a workspace: made, taken back, recovered after a crash, and written into the audit log.

The journal of a workspace is its own. It shows nothing and asks nobody; all of it blocks.
"""

from collections.abc import Mapping
from pathlib import Path

from assist_escalation.edits import apply
from assist_escalation.edits.apply import AppliedEdit
from assist_escalation.edits.edit_paths import place_of
from assist_escalation.edits.plan import MARK, EditError, EditPlan, sha256_of
from assist_escalation.edits.transaction import sha256_at
from assist_escalation.errors import EscalationError
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.questions.composition import gate_files, log_of


def apply_edit(config: Config, plan: EditPlan, root: str, request: str) -> AppliedEdit:
    """Make an edit on the disk, all of it or nothing; raises `EditError`.

    Another `EscalationError` says that the edit is made, but could not be written into the audit log.
    """
    made = apply.apply(plan, {"": Path(root)}, gate_files(config, root).edits)
    _told(config, root, "edit", made, request)
    return made


def record_editor_edit(config: Config, plan: EditPlan, root: str, request: str) -> AppliedEdit:
    """Remember an edit that an editor made; raises as `apply_edit` does, but the edit is made always."""
    try:
        made = apply.record(plan, {"": Path(root)}, gate_files(config, root).edits)
    except EditError as error:
        raise EditError(
            f"The edit is made, but `undo` and the audit log do not know of it: {error}"
        ) from error
    _told(config, root, "edit", made, request)
    return made


def changed_files(plan: EditPlan, root: str, texts: Mapping[str, str]) -> tuple[str, ...]:
    """The paths of a plan whose files are not what it starts from; `EditError` for a path that is no place.

    `texts` are of the files that are open in an editor, where the byte order mark is the file's business.
    """
    found = []
    for change in plan.changes:
        place = place_of(change.path, {"": Path(root)}, asked=change.path in plan.protected)
        text = texts.get(change.path)
        if text is None or not change.base_sha256:
            marked = sha256_of(MARK + change.before)
            same = sha256_at(place) in ((change.base_sha256, marked) if change.base_sha256 else (None,))
        else:
            same = text.removeprefix(MARK) == change.before.removeprefix(MARK)
        found += [] if same else [change.path]
    return tuple(found)


def undo_edit(config: Config, root: str) -> AppliedEdit:
    """Take the last edit of a workspace back on the disk; raises `EditError`.

    Another `EscalationError` is the audit log's: the edit is taken back all the same.
    """
    back = apply.undo(gate_files(config, root).edits)
    _logged(config, root, "undo", back, "")
    return back


def undo_of(config: Config, root: str) -> tuple[AppliedEdit, EditPlan]:
    """The last edit, and the way back from it, for an editor to go; raises `EditError`."""
    journal = gate_files(config, root).edits
    last = apply.last(journal)
    if last is None:
        raise EditError("there is no edit to undo")
    return last, apply.undo_plan(journal)


def record_editor_undo(config: Config, root: str, edit: AppliedEdit) -> None:
    """An editor took an edit back. Raises as `record_editor_edit` does: it is taken back always."""
    try:
        apply.forget(gate_files(config, root).edits, edit.id)
    except EditError as error:
        raise EditError(
            f"The edit is taken back, but `undo` still has it, and the audit log does not know: {error}"
        ) from error
    _told(config, root, "undo", edit, "")


def finish_interrupted(config: Config, root: str) -> tuple[str, ...]:
    """Finish what a crash interrupted, in words."""
    return apply.recover(gate_files(config, root).edits)


def _told(config: Config, root: str, kind: str, made: AppliedEdit, request: str) -> None:
    """Write what was done into the audit log; where that fails the message says that it is done."""
    try:
        _logged(config, root, kind, made, request)
    except EscalationError as error:
        done = "made" if kind == "edit" else "taken back"
        named = ", ".join(made.paths)
        raise EscalationError(
            f"The edit of {named} is {done}, but the audit log does not know of it: {error}"
        ) from error


def _logged(config: Config, root: str, kind: str, made: AppliedEdit, request: str) -> None:
    permissions, _ = permissions_for(config, [root])
    fields = {"edit_id": made.id, "repo": root, "paths": list(made.paths), "request_id": request}
    log_of(config, permissions).append(kind, fields)
