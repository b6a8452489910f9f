"""The result of a fit of the router: a Markdown table for people, and the data file that the router reads.

It computes nothing; `bench.routing.score` does.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from assist_escalation.routing.calibration import Weights

HEAD = """\
# Written by `benchmarks/route.py fit --write`. Change nothing by hand: fit again.
# These numbers count in place of route.toml's. Labels: whether a local model's code passed its tests.
"""


def table(found: Mapping[str, Any]) -> str:
    """Return the fit as Markdown."""
    size = found["labels"]
    local = found["always local"]
    lines = [
        f"{size['tasks']} tasks of {size['problems']} problems, {found['folds']} folds by problem; right: "
        f"always local {local:.3f}, always frontier {found['frontier']:.3f}",
        "",
        "| router | AUROC (95 %) | APGR (95 %) | over prompt length | right at 15 % | 30 % | 50 % | ECE |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in found["routers"]:
        rates = " | ".join(f"{row['right at'][key]:.3f}" for key in ("0.15", "0.3", "0.5"))
        ece = "" if row["ece"] is None else f"{row['ece']:.3f}"
        over = "" if row["over length"] is None else _span(row["over length"], "+.3f")
        area = f"{_span(row['auroc'], '.3f')} | {_span(row['apgr'], '.3f')}"
        lines.append(f"| {row['router']} | {area} | {over} | {rates} | {ece} |")
    for name, rows in found["reliability"].items():
        lines += ["", f"{name}, held out:", "", "| predicted | observed | tasks |", "|---|---|---|"]
        lines += [f"| {row[0]:.3f} | {row[1]:.3f} | {row[2]} |" for row in rows]
    lines += ["", "| max_escalation_rate | escalated | right | random at that rate |", "|---|---|---|---|"]
    for row in found["replayed"]:
        lines.append(f"| {row['rate']} | {row['escalated']:.3f} | {row['right']:.3f} | {row['random']:.3f} |")
    took = found["decision ms"]
    times = ", ".join(f"{name} {each}" for name, each in took.items())
    return "\n".join([*lines, "", f"ms of a decision: {times}"])


def _span(value: Sequence[float], style: str) -> str:
    return f"{value[0]:{style}} ({value[1]:{style}} to {value[2]:{style}})"


def weights_file(weights: Weights, judged: Weights, found: Mapping[str, Any]) -> str:
    """Return the TOML of the weights that differ from the judged ones, with their provenance."""
    header = found["provenance"]
    lines = [HEAD + "[before]", f"bias = {weights.before_bias:.4f}", "", "[before.weights]"]
    lines += _changed_weights(weights.before, judged.before)
    lines += ["", "[after]", f"bias = {weights.after_bias:.4f}", f"before = {weights.after_before:.4f}"]
    lines += ["", "[after.weights]", *_changed_weights(weights.after, judged.after)]
    lines += ["", "[history]", f"scores = [{', '.join(f'{each:.3f}' for each in weights.scores)}]"]
    model = header["model"]
    lines += ["", "[provenance]", f'date = "{header["date"]}"', f'command = "{header["command"]}"']
    lines += [f'model = {{ file = "{model["file"]}", sha256 = "{model["sha256"]}" }}']
    lines += [f"{name} = {count}" for name, count in found["labels"].items()]
    lines += ["", "# Held out by problem, with 95 % intervals."]
    for row in found["routers"]:
        figures = ", ".join(f"{name} = {list(row[name])}" for name in ("auroc", "apgr"))
        lines.append(f'"{row["router"]}" = {{ {figures} }}')
    return "\n".join(lines) + "\n"


def _changed_weights(weights: Mapping[str, float], judged: Mapping[str, float]) -> list[str]:
    """Return the weights that the labels changed; the others keep their judged value."""
    return [f"{name} = {each:.4f}" for name, each in weights.items() if abs(each - judged[name]) >= 5e-5]
