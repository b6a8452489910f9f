"""The result of a fit of the gate: Markdown tables for people, and the data file that the gate reads.

It computes nothing; `bench.show_gate.fit` does.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.show_gate.fit import BINS

HEAD = """\
# Written by `benchmarks/calibrate.py fit --write`. Do not edit it by hand: fit it again.
# The chance that a line is right is 1 / (1 + exp(-bias - lowest * L)). L is the log-probability of its least
# likely token.
# A line is shown up to the first token whose log-probability is below the limit of the mode.
"""


def table(found: Mapping[str, Any]) -> str:
    """Return the fit as Markdown."""
    lines = [
        f"score = 1 / (1 + exp(-({found['bias']} + {found['lowest']} * lowest)))",
        "limits: " + ", ".join(f"{mode} {limit}" for mode, limit in found["limits"].items()),
    ]
    for half in ("fitted on", "judged on"):
        for name, size in found[half].items():
            lines.append(f"{half} {name}: " + ", ".join(f"{count} {word}" for word, count in size.items()))
    for title, limits in (("held out", found["limits"]), ("changed over", found["limits of the other half"])):
        lines += ["", f"### {title}: " + ", ".join(f"{mode} {limit}" for mode, limit in limits.items())]
        for name, modes in found[title].items():
            lines += ["", *_modes(name, modes)]
    for name, reliable in found["reliability"].items():
        error = reliable["expected calibration error"]
        lines += ["", f"### score on {name}, held out: expected calibration error {error}", ""]
        lines += _grid(["predicted", "observed (95 %)", "lines"], _bins(reliable["rows"]))
    for name, features in found["features"].items():
        lines += ["", f"### features on {name}, held out", ""]
        rows = [[each, f"{row['log loss']:.4f}", _change(row)] for each, row in features.items()]
        lines += _grid(["feature", "log loss", "change (95 %)"], rows)
    return "\n".join(lines)


def _modes(name: str, modes: Mapping[str, Any]) -> list[str]:
    first = next(iter(modes.values()))
    heads = [
        f"{name}: {first['lines']} lines, {first['right']} right",
        "whole right / wrong",
        "part right / wrong",
    ]
    heads += ["shown right, %", "wrong cut, %", "right lost, %", "kept, %"]
    rows = []
    for mode, own in modes.items():
        parts = "-" if own["part right"] is None else f"{own['part right']} / {own['part wrong']}"
        shares = [_share(own[key]) for key in ("shown right", "wrong cut", "right lost", "kept")]
        rows.append([mode, f"{own['whole right']} / {own['whole wrong']}", parts, *shares])
    return _grid(heads, rows)


def _share(value: Sequence[float] | None) -> str:
    return "-" if value is None else f"{value[0]} ({value[1]} to {value[2]})"


def _change(row: Mapping[str, Any]) -> str:
    value = row.get("change")
    return "" if value is None else f"{value[0]:+.4f} ({value[1]:+.4f} to {value[2]:+.4f})"


def _bins(rows: Sequence[Sequence[float]]) -> Iterator[list[str]]:
    for start, predicted, observed, count, low, high in rows:
        span = f"{start:.1f} to {start + 1 / BINS:.1f}: {predicted:.3f}"
        yield [span, f"{observed:.3f} ({low:.3f} to {high:.3f})", str(count)]


def _grid(heads: Sequence[str], rows: Iterator[list[str]] | Sequence[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows]]


def gate_file(found: Mapping[str, Any]) -> str:
    """Return the gate's TOML: weights, limits and provenance. The gate reads the first two."""
    header = found["provenance"]
    limits = {**found["limits"], "manual": "-inf"}
    model = header["model"]
    lines = [
        HEAD + f"bias = {found['bias']}",
        f"lowest = {found['lowest']}",
        "",
        "[limits]",
        *(f"{mode} = {limit}" for mode, limit in limits.items()),
        "",
        "[provenance]",
        f'date = "{header["date"]}"',
        f"command = {json.dumps(header['command'], ensure_ascii=False)}",
        f'model = {{ file = "{model["file"]}", sha256 = "{model["sha256"]}" }}',
    ]
    for half in ("fitted on", "judged on"):
        lines += ["", f'[provenance."{half}"]']
        lines += [f'"{name}" = {_inline(size)}' for name, size in found[half].items()]
    lines += ["", "# On the half that judged, in percent, with 95 % intervals."]
    for name, modes in found["held out"].items():
        lines.append(f'[provenance."held out"."{name}"]')
        keys = ("shown right", "wrong cut", "right lost", "kept")
        for mode, own in modes.items():
            lines.append(f"{mode} = {_inline({key: own[key] for key in keys if own[key] is not None})}")
        error = found["reliability"][name]["expected calibration error"]
        lines.append(f'"expected calibration error" = {error}')
    return "\n".join(lines) + "\n"


def _inline(values: Mapping[str, Any]) -> str:
    return "{ " + ", ".join(f'"{key}" = {value}' for key, value in values.items()) + " }"
