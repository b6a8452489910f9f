"""The logs of a replay, the figures and ratios computed from them, and the results of earlier runs."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.typing.figures import medians, percentile, trace_figures
from bench.typing.screen import ReplayLog, waits
from bench.typing.typist import STYLES, Trace

OURS = "assist"
RATIO = "llama.vim policy"  # the peer that the ratios compare with


class ReplayReport:
    """Rows and series by policy and trace. Later logs add to them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.series: dict[str, dict[str, dict[str, Any]]] = {}
        self.over: list[float] = []
        self.earlier: list[dict[str, Any]] = []

    def load(self, path: Path) -> None:
        """Load the results of an earlier run. Traces that are played again replace them."""
        known = json.loads(path.read_text(encoding="utf-8"))
        for mine, theirs in ((self.rows, known["rows"]), (self.series, known["series"])):
            for policy, by_trace in theirs.items():
                mine.setdefault(policy, {}).update(by_trace)
        self.over += known["over floor"]
        self.earlier += [*known["earlier"], known["provenance"]]

    def add(self, log: ReplayLog, trace: Trace) -> None:
        self.rows.setdefault(log.policy, {})[trace.name] = trace_figures(log)
        self.series.setdefault(log.policy, {})[trace.name] = {
            "waits": [round(1e3 * wait) for wait in waits(log)],
            "read": log.read,
        }
        print(f"{log.policy}, {trace.name}: {json.dumps(trace_figures(log))}", file=sys.stderr, flush=True)

    def medians(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return medians over traces, by style and policy."""
        found: dict[str, dict[str, dict[str, Any]]] = {}
        for style in STYLES:
            for name, by_trace in self.rows.items():
                mine = [figures for trace, figures in by_trace.items() if trace.startswith(f"{style}-")]
                if mine:
                    found.setdefault(style, {})[name] = medians(mine)
        return found

    def ratios(self) -> dict[str, Any]:
        """Compare this project with the llama.vim policy over the same build: theirs / ours."""
        found: dict[str, Any] = {}
        for style, by_policy in self.medians().items():
            ours, theirs = by_policy.get(OURS), by_policy.get(RATIO)
            if ours and theirs:
                found[style] = _ratios(ours, theirs)
        return found

    def body(self) -> dict[str, Any]:
        above = {"p50": round(percentile(self.over, 0.5), 2), "p95": round(percentile(self.over, 0.95), 2)}
        return {
            "medians": self.medians(),
            "ratios": self.ratios(),
            "time over floor": {"answers": len(self.over), **above} if self.over else None,
            "earlier": self.earlier,
            "over floor": [round(each, 3) for each in self.over],
            "rows": self.rows,
            "series": self.series,
        }


def _ratios(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, float]:
    pairs = {
        "key to answer p50": (ours["key to answer"]["p50"], theirs["key to answer"]["p50"]),
        "key to answer p95": (ours["key to answer"]["p95"], theirs["key to answer"]["p95"]),
        "key to text p50": (ours["key to text"]["p50"], theirs["key to text"]["p50"]),
        "key to text p95": (ours["key to text"]["p95"], theirs["key to text"]["p95"]),
        "cold p50": (ours["cold"]["p50"], theirs["cold"]["p50"]),
        "CPU per kept character": (ours["cpu per kept"], theirs["cpu per kept"]),
    }
    found = {name: round(other / max(own, 1e-9), 2) for name, (own, other) in pairs.items()}
    return {**found, "kept, ours / theirs": round(ours["kept"] / max(1, theirs["kept"]), 2)}
