"""Writes down that a request was refused: who asked for what where, and the cause as one word.

An event holds no text and no file's name, since the refused file may be one that must not be in a log. If the
log cannot be written, the refusal is what it was, and only the program's own log says so.
"""

import json
import logging
from dataclasses import dataclass

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Scope
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.redaction.redactor import clean

log = logging.getLogger(__name__)

# Refusals in the log for one UTC day, as far as they are near its end: a program that asks in a loop must not
# fill the disk. One takes about 400 bytes, so a day of nothing else takes 40 KB. The last one says so.
# The log counts them in its last 100 KB, so no name may make one longer than 1,000 bytes.
MOST_A_DAY = 100
_NAME_LENGTH = 80
_PATH_BYTES = 300
_CUT = "..."


@dataclass(frozen=True, slots=True)
class RefusedRequest:
    """A request that was not sent. `provider` is the one it was for, or ""."""

    id: str
    scope: Scope
    command: str
    provider: str = ""


def record_refusal(audit: AuditLog, request: RefusedRequest, cause: str) -> None:
    """Write one `refused` event, unless the day has enough of them. Never raises."""
    fields = {
        "request_id": request.id,
        "actor": _short(request.scope.user, _NAME_LENGTH),
        "repo": _short(request.scope.repo, _PATH_BYTES),
        "command": request.command,
        "provider": _short(clean(request.provider[:_NAME_LENGTH]), _NAME_LENGTH),
        "cause": cause,
    }
    try:
        audit.append_some("refused", fields, MOST_A_DAY)
    except EscalationError as error:
        log.warning("A refusal (%s) is not in the audit log: %s", cause, error)


def _short(name: str, most: int) -> str:
    """A name in about `most` bytes as the log writes them: a letter outside ASCII takes six or twelve."""
    if len(json.dumps(name)) <= most:
        return name
    kept = name[:most]
    while len(json.dumps(kept)) > most:
        kept = kept[: len(kept) * 7 // 8]
    return kept + _CUT


def cause_of(error: EscalationError) -> str:
    """The cause of a refusal as one word: what is no rule is the gate's own failure."""
    return error.cause if isinstance(error, RefusedError) else "gate"
