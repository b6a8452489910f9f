"""Real records of an invented past in a test's data directory: a ledger, an audit log, feedback, an edit."""

import hashlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Ledger, ReservationRequest, SpendingLimits
from assist_escalation.edits import apply
from assist_escalation.edits.plan import EditPlan, FileChange
from assist_escalation.prompts import Usage
from assist_escalation.routing import feedback
from assist_escalation.routing.features import RequestFacts as Asked
from assist_escalation.routing.features import features
from assist_escalation.routing.feedback import Event
from assist_server.config.config import load_lenient
from assist_server.questions.composition import make_scope
from assist_server.record_files import GateFiles, gate_files

LIMITS = SpendingLimits(1_000_000, 100_000_000, 100_000_000)


def configure(tmp_path: Path, text: str) -> None:
    """The config.toml on a test's machine."""
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "config.toml").write_text(text)


def files(home: dict[str, str], root: str = "") -> GateFiles:
    return gate_files(load_lenient(home, ()), root)


def pay(home: dict[str, str], root: Path, request: str, micro: int | None, **more: Any) -> None:
    """A request for which a tenth of a dollar is reserved; with None it was never settled."""
    at: Callable[[], float] = more.get("clock", time.time)
    ledger = Ledger(files(home).ledger, at)
    command, model = more.get("command", "explain"), more.get("model", "big")
    ledger.reserve(
        ReservationRequest(request, make_scope([str(root)]), command, "openai", model, 100_000), LIMITS
    )
    if micro is not None:
        usage = Usage(input=900, output=80, estimated=bool(more.get("estimated")))
        ledger.settle(request, micro, usage, "stop")


def record_request(home: dict[str, str], root: Path, request: str, *, ends: bool = True, **more: Any) -> None:
    """An intent, and its outcome if it `ends`."""
    writer = AuditLog(files(home).audit, key=more.get("key"), checkpoint=more.get("checkpoint"))
    path = more.get("path", "src/app.py")
    writer.append(
        "intent",
        {
            "request_id": request,
            "actor": "ann",
            "repo": str(root),
            "command": "explain",
            "cause": "hard",
            "features": {"files": 2.0},
            "verdict": {"allowed": True, "classes": ["internal"]},
            "spans": [{"path": path, "first": 1, "last": 9, "sha256": "ab" * 32, "source": "file"}],
            "redactions": [{"type": "PASSWORD", "count": 1}],
            "payload_sha256": "cd" * 32,
            "provider": "openai",
            "host": "models.example",
            "model": "big",
            "tokens": 1200,
            "upper_micro": 12_000,
            **more.get("fields", {}),
        },
    )
    if ends:
        usage = {"input": 900, "cache_read": 0, "cache_write": 0, "output": 80, "estimated": False}
        outcome = {"model_returned": "big-0801", "usage": usage, "cost_micro": 5_400, "latency_ms": 1500}
        writer.append("outcome", {"request_id": request, **outcome, "finish": "stop", "error": ""})


def record_feedback(home: dict[str, str], request: str, *names: Any, **more: Any) -> None:
    """What became of a request, beginning with `routed`."""
    for name in names:
        target = "frontier" if name == "escalated_after" else more.get("target", "local")
        command = more.get("command", "fix")
        numbers = features(Asked(command, files=more.get("files", 1)))
        event = Event(
            more.get("at", time.time()),
            more.get("repo", ""),
            command,
            request,
            target,
            0.6,
            0.4,
            numbers,
            name,
        )
        assert feedback.record(files(home).feedback, event)


def record_edit(home: dict[str, str], root: Path, before: str, after: str) -> str:
    """`app.py`, changed by an edit; returns the edit's id in the journal."""
    (root / "app.py").write_text(before)
    sha256 = hashlib.sha256(before.encode()).hexdigest()
    plan = EditPlan((FileChange("app.py", sha256, None, before, after),))
    return apply.apply(plan, {"": root}, files(home, str(root)).edits).id
