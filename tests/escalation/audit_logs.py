"""Events and whole audit logs for tests."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from assist_escalation.audit.chain import GENESIS, seal, unseal
from assist_escalation.audit.log import AuditLog, stamp

KEY = b"k" * 32
START = 1_790_000_000.0  # seconds; the time of the first event in a log with `ticking`


def intent(request: str, **more: Any) -> dict[str, Any]:
    spans = [{"path": "src/app.py", "first": 1, "last": 9, "sha256": "ab" * 32, "source": "file"}]
    return {
        "request_id": request,
        "actor": "ann",
        "repo": "shop",
        "command": "explain",
        "cause": "asked",
        "features": {"files": 2, "tokens": 0.25},
        "verdict": "allowed",
        "spans": spans,
        "redactions": [{"type": "password", "count": 1}],
        "payload_sha256": hashlib.sha256(request.encode()).hexdigest(),
        "provider": "eu-azure",
        "host": "models.example:8443",
        "model": "large-1",
        "tokens": 900,
        "upper_micro": 1200,
        **more,
    }


def outcome(request: str, **more: Any) -> dict[str, Any]:
    usage = {"input": 700, "cache_read": 150, "cache_write": 50, "output": 80, "estimated": False}
    return {
        "request_id": request,
        "model_returned": "large-1-0801",
        "usage": usage,
        "cost_micro": 900,
        "latency_ms": 1500,
        "finish": "stop",
        "error": "",
        **more,
    }


def ticking(start: float = START, step: float = 1.0) -> Callable[[], float]:
    """A clock that advances by `step` seconds at every call."""
    ticks = count()
    return lambda: start + step * next(ticks)


def fill(log: AuditLog, requests: Iterable[int]) -> None:
    """An intent and an outcome for each."""
    for number in requests:
        log.append("intent", intent(f"r{number}"))
        log.append("outcome", outcome(f"r{number}"))


def sealed(events: Iterable[Mapping[str, Any]], key: bytes | None = None, after: bytes = b"") -> bytes:
    """Lines that form a chain after the line `after`, made without an `AuditLog`."""
    seq, prev = (unseal(after).event["seq"], unseal(after).sha256) if after else (0, GENESIS)
    made = []
    for event in events:
        seq += 1
        made.append(seal({"time": stamp(START + seq), **event, "seq": seq, "prev": prev}, key))
        prev = unseal(made[-1]).sha256
    return b"".join(made)


def put(path: Path, data: bytes) -> None:
    """Write a new file. To truncate an old one is slow on some file systems, and tests write many."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def whole_lines(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)
