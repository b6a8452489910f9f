"""Fit the show gate to lines whose outcome is known.

Half of the files and problems fit it, the others judge it.

`collect` lets the model write the rest of lines that the replay traces type. `fit` reads such rows and, if
given, the records of infill.py; --write changes the gate's data file. Rows hold what the model wrote, before
cutting and filtering. An infill record has only the lowest, mean and first log-probability, so showing a part
of its line counts as not shown. Nothing here knows what users accepted.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assist_completion.errors import CompletionError
from assist_completion.inference.llama import Abort
from assist_completion.inference.speed_probe import budget_for, opener
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, CompletionSettings
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import store_of
from bench.provenance import command_line, layout, provenance
from bench.show_gate.data import collect
from bench.show_gate.fit import (
    FEATURES,
    JudgedLine,
    figures,
    in_judging_half,
    lowest_only,
    more_features,
    most_lenient,
    reliability,
    strictest,
)
from bench.show_gate.report import gate_file, table
from bench.typing.typist import TYPING
from bench.typing.virtual import SPEED

GATE = (
    Path(__file__).resolve().parents[1] / "completion" / "assist_completion" / "display" / "confidence.toml"
)
COLUMNS = ("trace", "typed", "left", "length", "right", "ends", "chances")  # chances in 1/1000 nat
# How many right lines a mode may hide, measured on the fitting half. The goal for `balanced` is 5 % at most:
# 4 leaves one point for differences in the other half.
MOST_LOST = {"eager": 0.01, "balanced": 0.04}
# Two of three lines that `quiet` shows are right: people expect that of a mode that rarely shows anything.
LEAST_RIGHT = {"quiet": 0.65}

Sources = Mapping[str, Sequence[JudgedLine]]


def save_rows(path: Path, header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], seeds: str) -> None:
    """Write one row per line, numbers only. The names of the traces are written once."""
    traces = list(dict.fromkeys(row["trace"] for row in rows))
    top = {"provenance": header, "style": TYPING.name, "seeds": seeds, "traces": traces, "columns": COLUMNS}
    lines = []
    for row in rows:
        plain = [row[name] for name in COLUMNS[1:-1]]
        chances = [round(1000 * chance) for chance in row["chances"]]
        lines.append(json.dumps([traces.index(row["trace"]), *plain, chances], separators=(",", ":")))
    path.parent.mkdir(parents=True, exist_ok=True)
    text = layout(top).rstrip("}").rstrip("\n")
    path.write_text(text + ',\n "rows": [\n  ' + ",\n  ".join(lines) + "\n ]\n}\n", encoding="utf-8")


def typing_lines(data: Mapping[str, Any]) -> Iterator[JudgedLine]:
    """Yield the lines of a rows file.

    A row where the model wrote nothing is skipped: there is nothing to hide.
    """
    number = 0
    last = (-1, -1)
    for row in data["rows"]:
        trace, typed, left, length, right, ends, chances = row
        number += trace != last[0] or typed < last[1]  # a new line of the file starts
        last = trace, typed
        starts = [0, *ends[:-1]]
        own = [chance / 1000 for start, chance in zip(starts, chances, strict=True) if start < length]
        if not own:
            continue
        name = data["traces"][trace]
        yield JudgedLine(
            source="typing",
            group=name.split("-", 2)[2],  # the file: two seeds may draw the same one
            unit=f"{name}:{number}",
            right=length == left == right,
            lowest=min(own),
            mean=sum(own) / len(own),
            first=own[0],
            count=len(own),
            length=length,
            agreed=right,
            typed=typed,
            starts=tuple(starts[: len(own)]),
            chances=tuple(own),
        )


def infill_lines(data: Mapping[str, Any]) -> Iterator[JudgedLine]:
    """Yield the engine's lines from a results file of infill.py, without those that the filters dropped."""
    names = data["records"]["columns"]
    for values in data["records"]["rows"]:
        record = dict(zip(names, values, strict=True))
        if record["variant"] != "engine" or record["candidate_empty"] or not record["count"]:
            continue
        problem = "/".join(record["task"].split("/")[1:3])
        yield JudgedLine(
            source=f"infill {data['suite']}{' cut' if data['cut'] else ''}",
            group=problem,
            unit=problem,
            right=bool(record["exact"]),
            lowest=record["lowest"],
            mean=record["mean"],
            first=record["first"],
            count=record["count"],
        )


def fit(lines: Sequence[JudgedLine]) -> dict[str, Any]:
    """Fit weights and limits on one half and judge them on the other; then swap the halves for the limits."""
    halves = [
        _by_source([line for line in lines if in_judging_half(line.group) == half]) for half in (False, True)
    ]
    fitting, held = halves
    if not fitting or fitting.keys() != held.keys():
        raise ValueError("Each source needs files or problems in both halves: collect more rows.")
    bias, lowest = lowest_only([line for own in fitting.values() for line in own])
    limits, other = limits_for(fitting), limits_for(held)
    features = {}
    for name, own in fitting.items():
        known = [each for each in FEATURES if own[0].length or each not in {"length", "typed"}]
        features[name] = more_features(own, held[name], known)
    return {
        "bias": round(bias, 2),
        "lowest": round(lowest, 2),
        "limits": limits,
        "fitted on": {name: _size(own) for name, own in fitting.items()},
        "judged on": {name: _size(own) for name, own in held.items()},
        "held out": _figures_by_source(held, limits),
        "limits of the other half": other,
        "changed over": _figures_by_source(fitting, other),
        "reliability": {name: reliability(own, bias, lowest) for name, own in held.items()},
        "features": features,
    }


def limits_for(sources: Sources) -> dict[str, float]:
    """Return the limit of each mode by its rule. No limit is below that of the mode before it."""
    limits = {mode: strictest(sources, most) for mode, most in MOST_LOST.items()}
    for mode, least in LEAST_RIGHT.items():
        limits[mode] = max(*limits.values(), most_lenient(sources, least))
    return limits


def _by_source(lines: Sequence[JudgedLine]) -> dict[str, list[JudgedLine]]:
    found: dict[str, list[JudgedLine]] = {}
    for line in lines:
        found.setdefault(line.source, []).append(line)
    return found


def _size(lines: Sequence[JudgedLine]) -> dict[str, int]:
    groups = {line.group for line in lines}
    return {"lines": len(lines), "right": sum(line.right for line in lines), "files or problems": len(groups)}


def _figures_by_source(sources: Sources, limits: Mapping[str, float]) -> dict[str, Any]:
    return {
        name: {mode: figures(own, limit) for mode, limit in limits.items()} for name, own in sources.items()
    }


def load(rows: Sequence[Path], infill: Sequence[Path]) -> tuple[list[JudgedLine], dict[str, Any]]:
    """Read all lines, and the model that wrote them. Raises `ValueError` if there are several models."""
    lines = []
    models = {}
    for path, read in [*((path, typing_lines) for path in rows), *((path, infill_lines) for path in infill)]:
        data = json.loads(path.read_text(encoding="utf-8"))
        model = data["provenance"]["model"]
        models[model["sha256"]] = model
        lines += read(data)
    if len(models) != 1:
        raise ValueError(f"{len(models)} models wrote these lines, but a gate is fitted to one model.")
    return lines, next(iter(models.values()))


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    try:
        _collect(options) if options.command == "collect" else _fit(options)
    except (CompletionError, ValueError, OSError) as error:
        sys.exit(f"calibrate.py: {error}")


def _collect(options: argparse.Namespace) -> None:
    path = resolve(store_of(load_lenient()), options.model)
    header = provenance(path)
    # The budget of the reference machine, so that prompts are the same everywhere.
    model = opener(path, CompletionSettings(), budget_for(SPEED, CompletionSettings()), SPEED.decode_threads)(
        Abort()
    )
    rows: list[dict[str, Any]] = []
    try:
        for row in collect(model, TYPING, options.seeds):
            if not rows or row["trace"] != rows[-1]["trace"]:
                print(f"{len(rows)} rows, now {row['trace']}", file=sys.stderr, flush=True)
            rows.append(row)
    finally:
        model.close()
    save_rows(options.out, header, rows, f"{options.seeds[0]}-{options.seeds[-1]}")


def _fit(options: argparse.Namespace) -> None:
    lines, model = load(options.rows, options.infill)
    date = datetime.now(UTC).strftime("%Y-%m-%d")
    header = {"date": date, "command": command_line(sys.argv), "model": model}
    found = {"provenance": header, **fit(lines)}
    print(layout(found) if options.json else table(found))
    if options.write:
        GATE.write_text(gate_file(found), encoding="utf-8")


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser(
        "collect", help="let the model write the rest of lines, and record how sure it was"
    )
    add.add_argument("--seeds", type=_seeds, default=_seeds("11-18"), metavar="FIRST-LAST")
    add.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME_OR_PATH")
    add.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    add = commands.add_parser("fit", help="fit the gate on one half of the lines, and judge it on the other")
    add.add_argument(
        "--rows", type=Path, nargs="+", default=[], metavar="FILE.json", help="rows that `collect` wrote"
    )
    add.add_argument(
        "--infill", type=Path, nargs="+", default=[], metavar="FILE.json", help="results of infill.py"
    )
    add.add_argument("--write", action="store_true", help=f"change {GATE.name}")
    add.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser.parse_args(arguments)


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise argparse.ArgumentTypeError(f"{text}: use two numbers, as in 11-18")
    return list(range(int(first), int(last or first) + 1))


if __name__ == "__main__":
    main()
