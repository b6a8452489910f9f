"""Draw the results: how long an answer takes, how many tokens are read for it, and how often it is right.

    python benchmarks/charts.py [--results benchmarks/results] [--out docs/images]

Reads replay.json and infill-*.json; writes latency.svg, tokens.svg and quality.svg. A chart whose file is
missing is left out. The same results give the same SVG. Drawing needs matplotlib; preparing the data does
not.
"""

import argparse
import importlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

OURS = "assist"
STYLES = {"typing": "while typing", "jumping": "jumping to unseen places"}
# Okabe and Ito, "Color Universal Design" (2008), without yellow, which is faint on white. Ours is first.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
DASHES = ("-", "--", ":", "-.")
STEPS = 200  # points of a distribution's line: finer than a screen shows, 5 kB
LEAST_MS = 1.0  # a logarithmic axis has no 0, and a millisecond is too short to notice
SIZES = {"font.size": 9, "axes.titlesize": 10}
SALT = "assist"  # ids in the SVG are hashes: a fixed salt keeps them the same

Series = dict[str, list[tuple[float, float]]]


@dataclass(frozen=True, slots=True)
class PassRate:
    """The share of a suite's tasks whose tests pass, with a 95 % interval.

    `tokens` is the mean per answer.
    """

    model: str
    variant: str
    tasks: int
    share: float
    low: float
    high: float
    tokens: float


def waits(replay: Mapping[str, Any], style: str) -> dict[str, list[float]]:
    """Return milliseconds from key to answer for each policy, over all traces of a style; ours first."""
    found = {
        policy: [
            wait for name, own in traces.items() if name.startswith(f"{style}-") for wait in own["waits"]
        ]
        for policy, traces in replay.get("series", {}).items()
    }
    return _ours_first({policy: values for policy, values in found.items() if values})


def _ours_first(by_policy: Mapping[str, Any]) -> dict[str, Any]:
    return {name: by_policy[name] for name in sorted(by_policy, key=lambda name: (name != OURS, name))}


def distribution(values: Sequence[float]) -> list[tuple[float, float]]:
    """Return in steps which share of the values is at most how large.

    >>> distribution([30, 0, 20, 10])[1::100]
    [(1.0, 0.005), (20, 0.505)]
    """
    ordered = sorted(values)
    shares = [step / STEPS for step in range(STEPS + 1)]
    at = [min(len(ordered) - 1, max(0, -(-step * len(ordered) // STEPS) - 1)) for step in range(STEPS + 1)]
    return [(max(LEAST_MS, ordered[i]), share) for i, share in zip(at, shares, strict=True)]


def read_tokens(replay: Mapping[str, Any]) -> tuple[str, Series]:
    """Return the typing trace that most policies played, and the tokens each had evaluated at each second."""
    by_trace: dict[str, Series] = {}
    for policy, traces in replay.get("series", {}).items():
        for name, own in traces.items():
            points = [(float(second), float(count)) for second, count in own["read"]]
            if points:
                by_trace.setdefault(name, {})[policy] = points
    if not by_trace:
        return "", {}
    ranked = sorted(by_trace, key=lambda name: (-len(by_trace[name]), not name.startswith("typing-"), name))
    return ranked[0], _ours_first(by_trace[ranked[0]])


def pass_rates(results: Sequence[Mapping[str, Any]]) -> dict[str, list[PassRate]]:
    """Return the rows of infill.py's files by kind of hole. A row that is in two files appears once."""
    found: dict[str, dict[tuple[str, str], PassRate]] = {}
    for result in results:
        kind = result["suite"] + (" cut" if result.get("cut") else "")
        model = short_name(result["provenance"]["model"]["file"])
        for row in result["rows"]:
            low, high = row["pass_95"]
            own = PassRate(model, row["variant"], row["tasks"], row["pass"], low, high, row["tokens"])
            known = found.setdefault(kind, {}).setdefault((model, own.variant), own)
            if own.tasks > known.tasks:
                found[kind][model, own.variant] = own
    return {kind: list(rows.values()) for kind, rows in sorted(found.items())}


def short_name(file: str) -> str:
    """Return a model's name up to its size.

    >>> short_name("qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")
    'qwen2.5-coder-0.5b'
    """
    found = re.match(r".*?\d[mb](?![a-z\d])", file.lower())
    return found[0] if found else Path(file).stem


def latency_title(style: str, by_policy: Mapping[str, Sequence[float]]) -> str:
    """Name the median wait per key: ours and that of the fastest other policy."""
    middles = {name: median(values) for name, values in by_policy.items()}
    others = {name: value for name, value in middles.items() if name != OURS}
    if OURS not in middles or not others:
        return STYLES[style].capitalize()
    best = min(others, key=lambda name: others[name])
    return f"{STYLES[style].capitalize()}, median: {OURS} {_ms(middles[OURS])}, {best} {_ms(others[best])}"


def _ms(value: float) -> str:
    if value < LEAST_MS:
        return "under 1 ms"
    return f"{value:,.0f} ms" if value < 1000 else f"{value / 1000:,.1f} s"


def tokens_title(name: str, series: Series) -> str:
    """Name the total of evaluated tokens: ours and the range of the others."""
    ends = {policy: points[-1][1] for policy, points in series.items()}
    others = sorted(value for policy, value in ends.items() if policy != OURS)
    if OURS not in ends or not others:
        return f"Prompt tokens evaluated in {name}"
    span = f"{others[0]:,.0f}" + (f" to {others[-1]:,.0f}" if len(others) > 1 else "")
    return f"Prompt tokens evaluated in one trace: {OURS} {ends[OURS]:,.0f}, others {span}"


def line_looks(names: Sequence[str]) -> dict[str, tuple[str, str, float]]:
    """Return colour, dash and width for each policy.

    Another build of the same policy (`name, build`) is dashed.

    >>> line_looks(["assist", "Tabby policy", "Tabby policy, wheel build"])["Tabby policy, wheel build"]
    ('#D55E00', '--', 1.4)
    """
    bases: dict[str, list[str]] = {}
    for name in names:
        bases.setdefault(name.partition(", ")[0], []).append(name)
    chosen = {}
    for number, members in enumerate(bases.values()):
        for dash, name in enumerate(members):
            width = 2.6 if name == OURS else 1.4
            chosen[name] = COLOURS[number % len(COLOURS)], DASHES[dash % len(DASHES)], width
    return chosen


def draw_latency(replay: Mapping[str, Any], out: Path) -> bool:
    styles = {style: found for style in STYLES if (found := waits(replay, style))}
    if not styles:
        return False
    figure, panels = _figure(len(styles), 2.6)
    chosen = line_looks(list(_ours_first({name: 0 for found in styles.values() for name in found})))
    for panel, (style, by_policy) in zip(panels, styles.items(), strict=True):
        for name, values in by_policy.items():
            points = [(wait, 100 * share) for wait, share in distribution(values)]
            _line(panel, points, chosen[name], name)
        panel.set(xscale="log", ylim=(0, 101), ylabel="% of keys")
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        panel.set_title(latency_title(style, by_policy), loc="left")
    panels[-1].set_xlabel("ms from a key to the first answer to it or to a later one; 1 is 1 or less")
    _legend(figure, panels)
    _save(figure, out)
    return True


def draw_tokens(replay: Mapping[str, Any], out: Path) -> bool:
    name, series = read_tokens(replay)
    if not series:
        return False
    figure, panels = _figure(1, 3.4)
    for policy, look in line_looks(list(series)).items():
        _line(panels[0], [(second, max(1.0, count)) for second, count in series[policy]], look, policy)
    panels[0].set(yscale="log", xlabel=f"seconds since the start of {name}", ylabel="tokens, added up")
    panels[0].yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    panels[0].set_title(tokens_title(name, series), loc="left")
    _legend(figure, panels)
    _save(figure, out)
    return True


def draw_quality(results: Sequence[Mapping[str, Any]], out: Path) -> bool:
    kinds = pass_rates(results)
    if not kinds:
        return False
    models = list(dict.fromkeys(each.model for own in kinds.values() for each in own))
    figure, panels = _figure(len(kinds), 0.8 + 0.35 * max(len(own) for own in kinds.values()))
    for panel, (kind, own) in zip(panels, kinds.items(), strict=True):
        variants = list(dict.fromkeys(each.variant for each in own))
        for each in own:
            number = models.index(each.model)
            at = variants.index(each.variant) + 0.2 * (number - (len(models) - 1) / 2)
            reach = [[100 * (each.share - each.low)], [100 * (each.high - each.share)]]
            look = {"fmt": "osD^v"[number % 5], "color": COLOURS[number % len(COLOURS)], "capsize": 3}
            panel.errorbar(100 * each.share, at, xerr=reach, label=each.model, **look)
        panel.set_yticks(range(len(variants)), variants)
        panel.set_ylim(len(variants) - 0.5, -0.5)
        panel.set_title(f"HumanEval infilling, {kind}: {most_tasks(own)} tasks, greedy", loc="left")
    panels[-1].set_xlabel("% of tasks whose tests pass at the first try (95 % interval)")
    _legend(figure, panels)
    _save(figure, out)
    return True


def most_tasks(own: Sequence[PassRate]) -> str:
    """Return the number of tasks in a panel, or their range."""
    low, high = min(each.tasks for each in own), max(each.tasks for each in own)
    return f"{high:,}" if low == high else f"{low:,} to {high:,}"


def _figure(panels: int, height: float) -> tuple[Any, Sequence[Any]]:
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": SALT, "svg.fonttype": "none"} | SIZES)
    plt = importlib.import_module("matplotlib.pyplot")
    size = {"figsize": (7.6, height * panels), "layout": "constrained"}
    figure, axes = plt.subplots(panels, 1, sharex=True, squeeze=False, **size)
    for panel in axes[:, 0]:
        panel.spines[["top", "right"]].set_visible(False)
        panel.grid(color="#DDDDDD", linewidth=0.6)
        panel.set_axisbelow(True)
    return figure, axes[:, 0]


def _line(panel: Any, points: Sequence[tuple[float, float]], look: tuple[str, str, float], name: str) -> None:
    colour, dash, width = look
    xs, ys = zip(*points, strict=True)
    panel.plot(xs, ys, dash, color=colour, linewidth=width, label=name, clip_on=False, zorder=width)


def _legend(figure: Any, panels: Sequence[Any]) -> None:
    """Draw one legend for all panels, below them, so that no line runs through it."""
    known = {}
    for panel in panels:
        known |= {name: handle for handle, name in zip(*panel.get_legend_handles_labels(), strict=True)}
    figure.legend(known.values(), known.keys(), loc="outside lower left", ncols=3, frameon=False)


def _save(figure: Any, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, metadata={"Date": None, "Creator": None}, facecolor="white")


def draw(results: Path, out: Path) -> Iterator[str]:
    """Draw every chart whose data exists, and yield a sentence about each."""
    infill = [_read(path) for path in sorted(results.glob("infill-*.json"))]
    replay = _read(results / "replay.json")
    for name, made, source in (
        ("latency.svg", draw_latency(replay, out / "latency.svg"), "replay.json"),
        ("tokens.svg", draw_tokens(replay, out / "tokens.svg"), "replay.json"),
        ("quality.svg", draw_quality(infill, out / "quality.svg"), "infill-*.json"),
    ):
        size = (out / name).stat().st_size / 1000 if made else 0
        yield f"{name}: {size:.0f} kB" if made else f"{name} is left out: no data in {results / source}"


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("benchmarks/results"), metavar="FOLDER")
    parser.add_argument("--out", type=Path, default=Path("docs/images"), metavar="FOLDER")
    options = parser.parse_args(arguments)
    for line in draw(options.results, options.out):
        print(line)


if __name__ == "__main__":
    main()
