"""What the audit log says about a request, before it is sent and after.

This module does not write the log. An event holds texts only if the policy says so.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from assist_escalation.gate.prepare import Prepared
from assist_escalation.prompts import Usage, lay_out


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
