"""Edits of a workspace: made, taken back, recovered after a crash, and written into the audit log.

The journal of a workspace is its own. It shows nothing and asks nobody; all of it blocks.
"""

from pathlib import Path

from assist_escalation import applying
from assist_escalation.applying import Applied
from assist_escalation.changes import EditError, EditPlan
from assist_server.config import Config
from assist_server.desk import files_of, log_of
from assist_server.permitted import permissions_for


def applied(config: Config, plan: EditPlan, root: str, request: str) -> Applied:
    """Make an edit on the disk, all of it or nothing; raises `EditError`."""
    made = applying.apply(plan, {"": Path(root)}, files_of(config, root).edits)
    _logged(config, root, "edit", made, request)
    return made


def recorded(config: Config, plan: EditPlan, root: str, request: str) -> Applied:
    """Remember an edit that an editor made; raises `EditError`."""
    made = applying.record(plan, {"": Path(root)}, files_of(config, root).edits)
    _logged(config, root, "edit", made, request)
    return made


def undone(config: Config, root: str) -> Applied:
    """Take the last edit of a workspace back on the disk; raises `EditError`."""
    back = applying.undo(files_of(config, root).edits)
    _logged(config, root, "undo", back, "")
    return back


def undo_of(config: Config, root: str) -> tuple[Applied, EditPlan]:
    """The last edit, and the way back from it, for an editor to go; raises `EditError`."""
    journal = files_of(config, root).edits
    last = applying.last(journal)
    if last is None:
        raise EditError("there is no edit to undo")
    return last, applying.undo_plan(journal)


def forgotten(config: Config, root: str, edit: Applied) -> None:
    """An editor took an edit back."""
    applying.forget(files_of(config, root).edits, edit.id)
    _logged(config, root, "undo", edit, "")


def recovered(config: Config, root: str) -> tuple[str, ...]:
    """Finish what a crash interrupted, in words."""
    return applying.recover(files_of(config, root).edits)


def _logged(config: Config, root: str, kind: str, made: Applied, request: str) -> None:
    permissions, _ = permissions_for(config, [root])
    fields = {"edit_id": made.id, "repo": root, "paths": list(made.paths), "request_id": request}
    log_of(config, permissions).append(kind, fields)
