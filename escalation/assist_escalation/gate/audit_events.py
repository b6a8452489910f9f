"""What the audit log says about a request: before it is sent, after, and if it was refused.

An event holds texts only if the policy says so, and that of a refusal neither text nor a file's name, since
the refused file may be one that must not be in a log. If the log cannot be written, a refusal is what it was,
and only the program's own log says so.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Scope
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.prepare import Prepared
from assist_escalation.prompts import Usage, lay_out
from assist_escalation.redaction.redactor import clean


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back. `warning` is for the user, or "". `error` is the kind of failure, or "".

    `text` is the answer as it was shown; `hidden` counts its placeholders that stay, since they are in lines
    with an address. `exact` has every secret in its place, and only edits are made from it. `altered`: the
    model changed a placeholder, so that no edit can be made.
    """

    text: str
    finish: str
    model: str
    usage: Usage
    cost_micro: int
    ms: float
    error: str = ""
    warning: str = ""
    altered: bool = False
    exact: str = field(default="", repr=False)
    hidden: int = 0


def intent(prepared: Prepared, decision: Mapping[str, Any]) -> dict[str, Any]:
    """The event that is written before anything is sent. `decision` holds `cause` and `features`."""
    request = prepared.request
    spans = [
        {
            "path": span.origin.path,
            "first": span.origin.first,
            "last": span.origin.last,
            "source": span.origin.source,
            "outline": span.origin.outline,  # `sha256` is of what left, never of the lines that were left out
            "sha256": span.sha256(),
        }
        for span in prepared.redacted.spans
    ]
    return {
        "request_id": request.id,
        "actor": request.scope.user,
        "repo": request.scope.repo,
        "command": request.prompt.command,
        **decision,
        "verdict": {"allowed": True, "classes": list(prepared.classes)},
        "spans": spans,
        "redactions": [{"type": kind, "count": count} for kind, count in prepared.redacted.found],
        "payload_sha256": prepared.payload_sha256,
        "provider": prepared.provider,
        "host": prepared.host,
        "model": prepared.endpoint.model,
        "tokens": prepared.tokens,
        "bytes_sent": payload_bytes(prepared),
        "upper_micro": prepared.upper_micro,
        **_content(prepared),
    }


def payload_bytes(prepared: Prepared) -> int:
    """The bytes of the texts of a request; what the protocol puts around them is not counted."""
    texts = f"{prepared.messages.system}{prepared.messages.user}"
    return len(texts.encode("utf-8", "surrogatepass"))


def _content(prepared: Prepared) -> dict[str, Any]:
    """The texts, if the policy keeps them: as they were sent, or as they were before redaction."""
    level = prepared.request.permissions.audit_content
    if level == "hash":
        return {}
    shown = prepared.messages if level == "redacted" else lay_out(prepared.request.prompt)
    return {"content": asdict(shown)}


def outcome(prepared: Prepared, found: Outcome) -> dict[str, Any]:
    """The event that is written after the request, whatever happened."""
    return {
        "request_id": prepared.request.id,
        "model_returned": found.model,
        "usage": asdict(found.usage),
        "cost_micro": found.cost_micro,
        "latency_ms": round(found.ms),
        "finish": found.finish,
        "error": found.error,
    }


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
