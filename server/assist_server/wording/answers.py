"""Decisions and answers in words and as JSON: the preview, the last line, `--dry-run`."""

from pathlib import Path
from typing import Any

from assist_escalation.edits.checks.unseen_characters import visible
from assist_escalation.edits.plan import diff
from assist_escalation.gate.prepare import Prepared
from assist_server.questions.answering import FinalAnswer
from assist_server.questions.decision import DecidedQuestion
from assist_server.wording.amounts import usd

SHOWN = 12  # files named in a preview; the rest are counted
WHERE = {"local": "on this machine", "frontier": "at a provider", "refused": "refused"}


def route_document(decided: DecidedQuestion) -> dict[str, Any]:
    """A decision as JSON."""
    decision = decided.decision
    prepared = decided.prepared
    return {
        "id": decided.id,
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
        "files": list(prepared.files if prepared else _files(decided)),
        "redactions": _redactions(prepared),
        "tokens": prepared.tokens if prepared else decided.local.evidence.structure.tokens,
        "cost_upper_usd": prepared.upper_micro / 1e6 if prepared else 0.0,
        "budget_left_usd": prepared.left_micro / 1e6 if prepared else None,
        "payload_sha256": prepared.payload_sha256 if prepared else None,
    }


def route_facts(decided: DecidedQuestion) -> list[tuple[str, str]]:
    """The same for people."""
    decision = decided.decision
    odds = f"p {decision.p_local:.2f} that a local answer is right, threshold {decision.threshold:.2f}"
    lines = [
        ("Answered", WHERE[decision.target] + (", if you confirm it" if decision.asks else "")),
        ("Why", f"{decision.why} ({decision.cause})"),
        ("Score", odds),
        ("Features", ", ".join(f"{name} {value:g}" for name, value in decision.features.items() if value)),
    ]
    if decided.prepared is not None:
        return [*lines, *_preview(decided, decided.prepared)]
    return [*lines, *_surroundings(decided), ("Files", ", ".join(map(one_line, _files(decided))) or "none")]


def preview_lines(decided: DecidedQuestion) -> list[str]:
    """What the user sees before anything is sent."""
    if decided.prepared is None:
        return []
    return [f"{name:<10} {value}" for name, value in _preview(decided, decided.prepared)]


def _preview(decided: DecidedQuestion, prepared: Prepared) -> list[tuple[str, str]]:
    files = prepared.files
    named = ", ".join(map(one_line, files[:SHOWN])) + (
        f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
    )
    found = ", ".join(f"{count} {kind.lower()}" for kind, count in prepared.redacted.found)
    return [
        ("Goes to", f"{prepared.host} ({prepared.provider}, {prepared.endpoint.model})"),
        *_surroundings(decided),
        ("Files", named or "none"),
        ("Redacted", found or "nothing found"),
        ("Tokens", f"up to {prepared.tokens:,}, and {prepared.max_output:,} for the answer"),
        ("Cost", f"up to {usd(prepared.upper_micro)}; {usd(prepared.left_micro)} are left for today"),
        ("Payload", f"sha256 {prepared.payload_sha256}"),
    ]


def _surroundings(decided: DecidedQuestion) -> list[tuple[str, str]]:
    return [(name, one_line(text)) for name, text in decided.surroundings]


def one_line(path: str) -> str:
    """A file's name on one line, whatever characters it contains."""
    return visible(path)


def answer_document(
    decided: DecidedQuestion,
    final: FinalAnswer,
    notices: list[str],
    *,
    applied: bool,
    problem: Exception | None,
) -> dict[str, Any]:
    """An answer as JSON."""
    cost = final.cost
    plan = final.plan
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
        "id": decided.id,
        "command": decided.question.command,
        "answer": final.text,
        "model": final.model,
        "ended": cost.ended,
        "route": {
            **route_document(decided),
            "target": final.decision.target,
            "cause": final.decision.cause,
        },
        "tokens": {"input": cost.tokens_in, "output": cost.tokens_out},
        "cost_usd": cost.micro / 1e6,
        "ms": {"total": round(cost.ms), "first": round(cost.first_ms)},
        "notices": notices,
        "edit": edit,
        "error": str(problem) if problem else None,
    }


def last_line(final: FinalAnswer) -> str:
    """Which model answered, where and why; tokens, cost and time."""
    cost = final.cost
    decision = final.decision
    model = Path(final.model).name if decision.target == "local" else final.model
    ended = {"length": ", cut at its longest", "loop": ", stopped where it repeated itself"}.get(
        cost.ended, ""
    )
    return (
        f"{model} {WHERE[decision.target]}: {decision.why}{ended}. "
        f"{cost.tokens_in:,} + {cost.tokens_out:,} tokens, {usd(cost.micro)}, {cost.ms / 1e3:.1f} s."
    )


def _files(decided: DecidedQuestion) -> tuple[str, ...]:
    paths = (span.origin.path for span in decided.local.prompt.spans)
    return tuple(dict.fromkeys(path for path in paths if path))


def _redactions(prepared: Prepared | None) -> list[dict[str, Any]]:
    return [{"type": kind, "count": count} for kind, count in prepared.redacted.found] if prepared else []
