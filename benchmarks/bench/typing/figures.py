"""Turn the log of a replay into figures: one row per policy and trace, and medians over traces."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from assist_evaluation.statistics import percentile
from bench.typing.screen import ReplayLog, waits


def spread(values: Sequence[float], digits: int = 1) -> dict[str, float]:
    """Return p50, p95 and p99 of values in seconds, as milliseconds."""
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {name: round(1e3 * percentile(values, at), digits) for name, at in shares.items()}


def trace_figures(log: ReplayLog) -> dict[str, Any]:
    """Return the figures of one policy on one trace. Times in ms, `cpu` in seconds, `memory` in MB."""
    totals = log.totals
    answered = [a for a in log.asked if a.answered is not None]
    waited = waits(log)
    cold = [wait for asked, wait in zip(log.asked, waited, strict=True) if asked.cold]
    runs = totals.extra.get("runs", 0)
    used = totals.used if totals.used is not None else log.shown_tokens
    return {
        "requests": len(log.asked),
        "answered": len(answered),
        "shown": len(log.shown),
        "shown right": sum(right for _, _, right in log.shown),
        "model runs": int(runs),
        "without inference": round(1 - min(runs, len(log.asked)) / max(1, len(log.asked)), 3),
        "tokens evaluated": totals.evaluated,
        "tokens generated": totals.generated,
        "tokens never used": round(1 - min(used, totals.generated) / max(1, totals.generated), 3),
        "flicker": log.flicker,
        "request to answer": spread([(a.answered or 0) - a.key for a in answered]),
        "key to answer": spread(waited),
        "key to text": spread(waits(log, text=True)),
        "cold requests": len(cold),
        "cold": spread(cold),
        "kept": log.kept,
        "of": log.wanted,
        "accepted": log.accepted,
        "dismissed": log.dismissed,
        "cpu": round(totals.cpu, 2),
        "cpu per kept": round(totals.cpu / max(1, log.kept), 4),
        "memory": totals.memory >> 20,
        "seconds": round(log.seconds, 1),
    }


def medians(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure over several traces."""
    listed = list(rows)
    result: dict[str, Any] = {"traces": len(listed)}
    for name, value in listed[0].items():
        if isinstance(value, Mapping):
            result[name] = {key: round(median(r[name][key] for r in listed), 1) for key in value}
        elif isinstance(value, int | float):
            result[name] = round(median(r[name] for r in listed), 4)
    return result


COLUMNS = {
    "requests": "requests",
    "answered": "answered",
    "without inference": "without inference",
    "tokens evaluated": "tokens evaluated",
    "tokens generated": "generated",
    "tokens never used": "never used",
    "flicker": "flicker",
    "key to answer p50": "key to answer p50, ms",
    "key to answer p95": "p95",
    "key to text p50": "key to text p50",
    "request to answer p50": "request to answer p50",
    "request to answer p95": "p95",
    "cold p50": "cold p50, ms",
    "kept": "kept characters",
    "cpu": "CPU s",
    "cpu per kept": "CPU s per kept character",
    "memory": "peak MB",
}


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a Markdown table with one line per policy."""
    lines = ["| policy | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name, figures in rows.items():
        flat = dict(_flat(figures))
        lines.append(f"| {name} | " + " | ".join(_number(flat.get(key)) for key in COLUMNS) + " |")
    return "\n".join(lines)


def _flat(figures: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    for name, value in figures.items():
        if isinstance(value, Mapping):
            yield from ((f"{name} {key}", each) for key, each in value.items())
        else:
            yield name, value


def _number(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 10 else f"{value:.3g}"
