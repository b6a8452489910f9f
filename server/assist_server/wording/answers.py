"""Decisions and answers in words and as JSON: the preview, the last line, `--dry-run`."""

from pathlib import Path
from typing import Any

from assist_escalation.edits.plan import diff
from assist_escalation.gate.prepare import Prepared
from assist_server.questions.answering import FinalAnswer
from assist_server.questions.decision import DecidedQuestion
from assist_server.wording.amounts import usd

SHOWN = 12  # files in a preview; the rest is counted
WHERE = {"local": "on this machine", "frontier": "at a provider", "refused": "nobody"}


def route_document(ready: DecidedQuestion) -> dict[str, Any]:
    """A decision as JSON."""
    decision, prepared = ready.decision, ready.prepared
    return {
        "id": ready.id,
        "target": decision.target,
        "cause": decision.cause,
        "why": decision.why,
        "asks": decision.asks,
        "p_local": decision.p_local,
        "threshold": decision.threshold,
        "features": dict(decision.features),
        "kinds": list(decision.kinds),
        "provider": prepared.provider if prepared else None,
        "host": prepared.host if prepared else None,
        "model": prepared.endpoint.model if prepared else None,
        "files": list(prepared.files if prepared else _files(ready)),
        "redactions": _redactions(prepared),
        "tokens": prepared.tokens if prepared else ready.local.evidence.structure.tokens,
        "cost_upper_usd": prepared.upper_micro / 1e6 if prepared else 0.0,
        "budget_left_usd": prepared.left_micro / 1e6 if prepared else None,
        "payload_sha256": prepared.payload_sha256 if prepared else None,
    }


def route_facts(ready: DecidedQuestion) -> list[tuple[str, str]]:
    """The same for people."""
    decision = ready.decision
    odds = f"p {decision.p_local:.2f} that a local answer is right, threshold {decision.threshold:.2f}"
    lines = [
        ("Answered", WHERE[decision.target] + (", if you confirm it" if decision.asks else "")),
        ("Why", f"{decision.why} ({decision.cause})"),
        ("Score", odds),
        ("Features", ", ".join(f"{name} {value:g}" for name, value in decision.features.items() if value)),
    ]
    if ready.prepared is not None:
        return [*lines, *_preview(ready.prepared)]
    return [*lines, ("Files", ", ".join(map(_name, _files(ready))) or "none")]


def preview_lines(ready: DecidedQuestion) -> list[str]:
    """What a person is shown before anything is sent."""
    if ready.prepared is None:
        return []
    return [f"{name:<10} {value}" for name, value in _preview(ready.prepared)]


def _preview(prepared: Prepared) -> list[tuple[str, str]]:
    files = prepared.files
    named = ", ".join(map(_name, files[:SHOWN])) + (
        f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    )
    found = ", ".join(f"{count} {kind.lower()}" for kind, count in prepared.redacted.found)
    return [
        ("Goes to", f"{prepared.host} ({prepared.provider}, {prepared.endpoint.model})"),
        ("Files", named or "none"),
        ("Redacted", found or "nothing found"),
        ("Tokens", f"up to {prepared.tokens:,}, and {prepared.max_output:,} for the answer"),
        ("Cost", f"up to {usd(prepared.upper_micro)}; {usd(prepared.left_micro)} are left for today"),
        ("Payload", f"sha256 {prepared.payload_sha256}"),
    ]


def _name(path: str) -> str:
    """A file's name on one line, whatever is in it."""
    return "".join(each if each.isprintable() else "?" for each in path)


def answer_document(
    ready: DecidedQuestion,
    finished: FinalAnswer,
    notices: list[str],
    *,
    applied: bool,
    problem: Exception | None,
) -> dict[str, Any]:
    """An answer as JSON."""
    spent, plan = finished.spent, finished.plan
    edit = None
    if plan is not None:
        edit = {
            "files": [change.path for change in plan.changes],
            "protected": list(plan.protected),
            "notes": list(plan.notes),
            "diff": diff(plan),
            "applied": applied,
        }
    return {
        "id": ready.id,
        "command": ready.question.command,
        "answer": finished.text,
        "model": finished.model,
        "ended": spent.ended,
        "route": {
            **route_document(ready),
            "target": finished.decision.target,
            "cause": finished.decision.cause,
        },
        "tokens": {"input": spent.tokens_in, "output": spent.tokens_out},
        "cost_usd": spent.cost_micro / 1e6,
        "ms": {"total": round(spent.ms), "first": round(spent.first_ms)},
        "notices": notices,
        "edit": edit,
        "error": str(problem) if problem else None,
    }


def last_line(finished: FinalAnswer) -> str:
    """Where it ran, why, tokens, cost and time."""
    spent, decision = finished.spent, finished.decision
    model = Path(finished.model).name if decision.target == "local" else finished.model
    ended = {"length": ", cut at its longest", "loop": ", stopped where it repeated itself"}.get(
        spent.ended, ""
    )
    return (
        f"{model} {WHERE[decision.target]}: {decision.why}{ended}. "
        f"{spent.tokens_in:,} + {spent.tokens_out:,} tokens, {usd(spent.cost_micro)}, {spent.ms / 1e3:.1f} s."
    )


def _files(ready: DecidedQuestion) -> tuple[str, ...]:
    paths = (span.origin.path for span in ready.local.prompt.spans)
    return tuple(dict.fromkeys(path for path in paths if path))


def _redactions(prepared: Prepared | None) -> list[dict[str, Any]]:
    return [{"type": kind, "count": count} for kind, count in prepared.redacted.found] if prepared else []
