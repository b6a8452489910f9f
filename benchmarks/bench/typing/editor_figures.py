"""Turn what was seen while someone typed in an editor into figures, and show two runs side by side.

It knows no editor: `TypingLog` is what a watcher in one wrote down.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assist_evaluation.statistics import percentile

# Counts of the server that tell what it asked the editor, and what it refused for what it knows.
COUNTS = (
    "requests",
    "shown",
    "accepted",
    "unknown-name",
    "looked-up-late",
    "editor-asked",
    "editor-answered",
    "editor-refuted",
    "editor-late",
    "editor-silent",
)
NO_NAME = ("has no member", "has the name", "neither this file nor the workspace has")


@dataclass(slots=True)
class TypingLog:
    """One file typed. Times in milliseconds on the monotonic clock; tokens are those that were read.

    `requests`, `edits`, `questions` and `lists` are as the watcher wrote them; `jumps` is when the cursor
    came to each new place, and `left` when it left it.
    """

    keys: int = 0
    dots: int = 0
    popups: int = 0
    accepted: int = 0
    as_meant: bool = False
    jumps: list[float] = field(default_factory=list)
    left: list[float] = field(default_factory=list)
    cold_tokens: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    requests: list[Mapping[str, Any]] = field(default_factory=list)
    edits: list[Mapping[str, Any]] = field(default_factory=list)
    questions: list[Mapping[str, Any]] = field(default_factory=list)
    lists: list[Mapping[str, Any]] = field(default_factory=list)
    whys: list[str] = field(default_factory=list)
    counts: Mapping[str, int] = field(default_factory=dict)


def cold_waits(log: TypingLog) -> list[float]:
    """Milliseconds from the first request at each new place to the first answer there.

    One that had no answer until the cursor left counts with that time, which is too little.
    """
    waits = []
    for jump, left in zip(log.jumps, log.left, strict=True):
        here = [request for request in log.requests if jump <= request["sent"] <= left]
        answered = [request["answered"] for request in here if "answered" in request]
        if here:
            waits.append(min([*answered, left]) - min(request["sent"] for request in here))
    return waits


def typing_figures(log: TypingLog) -> dict[str, Any]:
    """The figures of one file."""
    cold = cold_waits(log)
    answered = [request["answered"] - request["sent"] for request in log.requests if "answered" in request]
    edits = [edit["ms"] for edit in log.edits if "ms" in edit]
    asked = Counter(entry["place"] for entry in log.lists if entry["ours"])
    return {
        "keys": log.keys,
        "typed as meant": log.as_meant,
        "dots": log.dots,
        "accepted": log.accepted,
        "requests": len(log.requests),
        "answered requests": len(answered),
        "tokens read a request": _spread(log.tokens, {"p50": 0.5, "p95": 0.95}, 0),
        "tokens read in all": log.counts.get("tokens-read", 0),
        "answer, ms": _spread(answered, {"p50": 0.5, "p95": 0.95}),
        "new places": len(cold),
        "cold, ms": _spread(cold, {"p50": 0.5, "most": 1.0}),
        "cold, tokens": _spread(log.cold_tokens, {"p50": 0.5, "most": 1.0}, 0),
        "edits": len(edits),
        "edit applied, ms": _spread(edits, {"p50": 0.5, "p99": 0.99, "most": 1.0}, 2),
        "questions to the editor": len(log.questions),
        "while its popup was open": sum(question["popup"] for question in log.questions),
        "lists from other servers": sum(asked.values()),
        "most for one version and dot": max(asked.values(), default=0),
        "while the popup was open": sum(entry["popup"] for entry in log.lists if entry["ours"]),
        "popups of the user": log.popups,
        "counts": {name: log.counts[name] for name in COUNTS if log.counts.get(name)},
        "names refused": sorted(_refusals(log.whys)),
    }


def _refusals(whys: Sequence[str]) -> set[str]:
    return {why for why in whys if any(words in why for words in NO_NAME)}


def _spread(values: Sequence[float], shares: Mapping[str, float], digits: int = 1) -> dict[str, float]:
    return {name: round(percentile(values, at), digits) for name, at in shares.items()} if values else {}


def side_by_side(parts: Mapping[str, Mapping[str, Mapping[str, Any]]]) -> str:
    """A Markdown table for each part, with a column for each run: `parts[run][part][figure]`."""
    runs = list(parts)
    tables = []
    for part in parts[runs[0]]:
        lines = [f"| {part} | " + " | ".join(runs) + " |", "|---" * (len(runs) + 1) + "|"]
        names = dict.fromkeys(name for run in runs for name in parts[run][part])
        for name in names:
            cells = (_cell(parts[run][part].get(name, "")) for run in runs)
            lines.append(f"| {name} | " + " | ".join(cells) + " |")
        tables.append("\n".join(lines))
    return "\n\n".join(tables)


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {number}" for name, number in value.items()) or "-"
    if isinstance(value, list):
        return "; ".join(map(str, value)) or "-"
    return str(value)
