"""Which machine gets what: a table of simulated machines.

uv run python benchmarks/machines.py                    what `assist setup` chooses on each, seconds
uv run python benchmarks/machines.py --replay           and what a key costs there, ten minutes
uv run python benchmarks/machines.py --replay --out benchmarks/results/machines.json

The speeds are those of others (bench/machines/speeds.toml), scaled where they published another model's. The
product's own functions choose. A key's cost is that of the engine on a virtual clock with these speeds, as in
`replay.py --fast`: the pretended model errs as often as the 0.5B, whichever is chosen.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.store import resolve
from assist_evaluation.statistics import percentile
from assist_installer.fitting import GHOST_TEXT
from assist_installer.wording import fit_words
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store
from bench.machines.simulated import Machine, Outcome, read_machines, set_up, sources_of
from bench.provenance import provenance, write
from bench.typing.screen import ReplayLog, waits
from replay import full_text, play_virtually, traces

VOCABULARY = "qwen2.5-coder-0.5b"  # whose tokens the pretended model has
COLUMNS = (
    "machine",
    "memory",
    "model",
    "reading, writing (tokens/s)",
    "reading a new place",
    "key to answer (p50, p95)",
    "first suggestion at a new place (p50, p95; share of places with a suggestion)",
    "compute time per kept character",
    "speeds from",
)


def key_costs(speed: Speed, model: Path, seeds: Sequence[int]) -> dict[str, float]:
    """What a key costs at a speed, in seconds: typing in a file, and jumping about in a long one."""
    logs: dict[str, list[ReplayLog]] = {"typing": [], "jumping": []}
    for style, played in logs.items():
        for trace in traces(style, seeds, None):
            played.append(play_virtually(trace, model, full_text(trace, None), speed))
    keys = sorted(wait for log in logs["typing"] for wait in waits(log))
    first = sorted(wait for log in logs["jumping"] for wait in _first_texts(log))
    places = sum(asked.cold for log in logs["jumping"] for asked in log.asked)
    every = [log for played in logs.values() for log in played]
    read = sum(log.totals.evaluated for log in every)
    written = sum(log.totals.generated for log in every)
    return {
        "key_p50": percentile(keys, 0.5),
        "key_p95": percentile(keys, 0.95),
        "first_p50": percentile(first, 0.5),
        "first_p95": percentile(first, 0.95),
        "first_shown": len(first) / places,
        "computing": (read / speed.prefill + written / speed.decode) / sum(log.kept for log in every),
    }


def _first_texts(log: ReplayLog) -> Iterable[float]:
    """The waits from a key at a new place to the first text there, where one came before the next jump."""
    pairs = zip(log.asked, waits(log, text=True), strict=True)
    return [wait for asked, wait in pairs if asked.cold and asked.key + wait < asked.until]


def document(machine: Machine, outcome: Outcome, costs: dict[str, float] | None) -> dict[str, Any]:
    """One machine as JSON."""
    source, is_scaled = sources_of(machine, outcome)
    speed = outcome.speed
    return {
        "machine": machine.name,
        "cores": machine.cores,
        "memory": machine.memory,
        "model": outcome.row.name,
        "fetched": outcome.fetched,
        "on": speed.name or "processor",
        "reads": round(speed.prefill, 1),
        "writes": round(speed.decode, 1),
        "slice": speed.slice,
        "new_place": round(GHOST_TEXT.takes(speed), 3),
        "shown": fit_words(outcome.found, "ghost-text"),
        "source": source,
        "scaled": is_scaled,
        "device_fails": machine.device_fails,
        "costs": {name: round(value, 4) for name, value in costs.items()} if costs else None,
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The Markdown table of the page."""
    lines = ["| " + " | ".join(COLUMNS) + " |", "|---" * len(COLUMNS) + "|"]
    for row in rows:
        costs = row["costs"]
        size = row["model"].removeprefix("qwen2.5-coder-").removesuffix("-instruct").upper()
        device = "" if row["on"] == "processor" else f" on {row['on']}"
        scaled = " (scaled)" if row["scaled"] else ""
        keys = ["-"] * 3
        if costs:
            keys = [
                _seconds(costs["key_p50"], costs["key_p95"]),
                f"{_seconds(costs['first_p50'], costs['first_p95'])}; {costs['first_shown']:.0%}",
                f"{1e3 * costs['computing']:.0f} ms",
            ]
        cells = [
            row["machine"],
            f"{row['memory'] / 1e9:.0f} GB",
            size + device,
            f"{row['reads']:,.0f}, {row['writes']:,.0f}{scaled}",
            f"{row['new_place']:.2f} s",
            *keys,
            _link(row["source"]),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _link(sources: str) -> str:
    """Addresses as links with short names: the repository and the number at the end.

    >>> _link("https://github.com/a/b/issues/48, ours")
    '[b 48](https://github.com/a/b/issues/48), ours'
    """
    parts = []
    for each in sources.split(", "):
        path = each.removeprefix("https://github.com/").split("/")
        number = f" {path[3]}" if len(path) > 3 else ""
        parts.append(f"[{path[1]}{number}]({each})" if len(path) > 1 else each)
    return ", ".join(parts)


def _seconds(*values: float) -> str:
    return ", ".join(f"{value:.2f} s" for value in values)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--replay", action="store_true", help="replay typing at each machine's speed")
    parser.add_argument(
        "--seeds", type=lambda text: [int(each) for each in text.split(",")], default=[1, 2], help="traces"
    )
    parser.add_argument("--only", default="", help="machines whose name contains this")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    options = parser.parse_args()
    config = load_lenient()
    header = provenance()
    model = resolve(open_store(config), VOCABULARY) if options.replay else Path()
    rows: list[dict[str, Any]] = []
    known: dict[str, dict[str, float]] = {}
    for machine in read_machines():
        if options.only.lower() not in machine.name.lower():
            continue
        outcome = set_up(machine)
        costs = None
        if options.replay:
            key = json.dumps(asdict(outcome.speed))
            costs = known.get(key) or key_costs(outcome.speed, model, options.seeds)
            known[key] = costs
        rows.append(document(machine, outcome, costs))
        print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    if options.out:
        write(options.out, header, {"seeds": options.seeds, "machines": rows})
    print(table(rows))


if __name__ == "__main__":
    main()
