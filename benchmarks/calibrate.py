"""Fit the show gate to lines whose outcome is known: half of the files and problems fits, the other judges.

`collect` lets the model write the rest of lines that replay's traces type. `fit` reads such rows, and records
of infill.py where there are any; --write changes the gate's data file. Rows are what the model wrote, before
cutting and filtering. Of an infill record only the lowest, mean and first log-probability are known, so a
part of its line counts as not shown. Nobody's acceptances are known here.
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
# What a mode may cost, chosen on the fitting half. The project wants at most 5 % of the right lines lost in
# `balanced`: 4 leaves one point for what the other half does differently.
MOST_LOST = {"eager": 0.01, "balanced": 0.04}
# Of what `quiet` shows two of three are right, as people expect of something that speaks up rarely.
LEAST_RIGHT = {"quiet": 0.65}

Sources = Mapping[str, Sequence[JudgedLine]]


def save_rows(path: Path, header: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], seeds: str) -> None:
    """One row a line, numbers only; the traces' names stand once."""
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
    """The lines of a rows file; where the model wrote none there is nothing to show or to hold back."""
    number = 0
    last = (-1, -1)
    for row in data["rows"]:
        trace, typed, left, length, right, ends, chances = row
        number += trace != last[0] or typed < last[1]  # another line of the file: typing starts again
        last = trace, typed
        starts = [0, *ends[:-1]]
        own = [chance / 1000 for start, chance in zip(starts, chances, strict=True) if start < length]
        if not own:
            continue
        name = data["traces"][trace]
        yield JudgedLine(
            source="typing",
            group=name.split("-", 2)[2],  # the file: two seeds may draw the same
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
    """The engine's lines in a results file of infill.py: those that the filters left something of."""
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
    """Weights and limits from one half, and what they do on the other; the halves changed over as well."""
    halves = [
        _by_source([line for line in lines if in_judging_half(line.group) == half]) for half in (False, True)
    ]
    fitting, held = halves
    if not fitting or fitting.keys() != held.keys():
        raise ValueError("each source needs files or problems in both halves: collect more")
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
    """The modes' limits by their rules; none is below that of the mode before it."""
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
    """All lines, and the model that wrote them. `ValueError` where there are several."""
    lines = []
    models = {}
    for path, read in [*((path, typing_lines) for path in rows), *((path, infill_lines) for path in infill)]:
        data = json.loads(path.read_text(encoding="utf-8"))
        model = data["provenance"]["model"]
        models[model["sha256"]] = model
        lines += read(data)
    if len(models) != 1:
        raise ValueError(f"the lines were written by {len(models)} models; a gate is fitted to one")
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
    # The budget of the machine that the results come from: the same prompts everywhere.
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
        "collect", help="let the model write the rest of lines, and note how sure it was"
    )
    add.add_argument("--seeds", type=_seeds, default=_seeds("11-18"), metavar="FIRST-LAST")
    add.add_argument("--model", default=DEFAULT_MODEL, metavar="NAME_OR_PATH")
    add.add_argument("--out", type=Path, required=True, metavar="FILE.json")
    add = commands.add_parser("fit", help="fit the gate to one half, and judge it on the other")
    add.add_argument("--rows", type=Path, nargs="+", default=[], metavar="FILE.json", help="from collect")
    add.add_argument("--infill", type=Path, nargs="+", default=[], metavar="FILE.json", help="from infill.py")
    add.add_argument("--write", action="store_true", help=f"change {GATE.name}")
    add.add_argument("--json", action="store_true", help="print JSON and no tables")
    return parser.parse_args(arguments)


def _seeds(text: str) -> list[int]:
    first, _, last = text.partition("-")
    if not (first.isdecimal() and (last or first).isdecimal()):
        raise argparse.ArgumentTypeError(f"{text}: use two numbers, as in 11-18")
    return list(range(int(first), int(last or first) + 1))


if __name__ == "__main__":
    main()
