"""The charts of a report as SVG for a page: quality by latency and cost, how far confidence can be trusted.

Colours are names that the page gives a value to, in light and in dark.
"""

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assist_evaluation.judging.calibration_fit import ReliabilityBin

COLOURS = 7  # `--c0` to `--c6` in the page's style
_MARKERS = "osD^vPX"  # with the colours, so that a chart can be read without them


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A candidate in a chart: `x` is a cost of some kind, `y` a quality, with its interval."""

    name: str
    x: float
    y: float
    low: float
    high: float


def pareto(points: Sequence[ChartPoint]) -> list[ChartPoint]:
    """The points that no other one beats in both: less cost and at least the quality. Cheapest first.

    >>> [point.name for point in pareto([ChartPoint("a", 1, 0.5, 0, 1), ChartPoint("b", 2, 0.4, 0, 1)])]
    ['a']
    """
    found: list[ChartPoint] = []
    for point in sorted(points, key=lambda each: (each.x, -each.y)):
        if not found or point.y > found[-1].y:
            found.append(point)
    return found


def scatter(points: Sequence[ChartPoint], x_words: str, y_words: str) -> str:
    """Quality against a cost, one mark for each candidate, and the line of those that none beats."""

    def draw(axes: Any) -> None:
        for number, point in enumerate(points):
            reach = [[max(0.0, point.y - point.low)], [max(0.0, point.high - point.y)]]
            style = {"color": _colour(number), "marker": _MARKERS[number % len(_MARKERS)]}
            axes.errorbar([point.x], [point.y], reach, capsize=3, linestyle="none", label=point.name, **style)
        front = pareto(points)
        axes.plot(
            [point.x for point in front], [point.y for point in front], "--", color=_colour(6), linewidth=1
        )
        axes.set_xlabel(x_words)
        axes.set_ylabel(y_words)
        axes.set_ylim(bottom=0)
        axes.margins(x=0.15)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)

    return _svg(draw, f"{y_words} by {x_words}")


def reliability_chart(rows: Mapping[str, Sequence[ReliabilityBin]]) -> str:
    """The share of right answers by how sure the model was; on the diagonal it knows itself."""

    def draw(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], "--", color=_colour(6), linewidth=1)
        for number, (name, bins) in enumerate(rows.items()):
            style = {"color": _colour(number), "marker": _MARKERS[number % len(_MARKERS)]}
            axes.plot(
                [bin_.predicted for bin_ in bins], [bin_.observed for bin_ in bins], label=name, **style
            )
        axes.set_xlabel("how sure the model was")
        axes.set_ylabel("share of right lines")
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, frameon=False)

    return _svg(draw, "Share of right lines by how sure the model was")


def _colour(number: int) -> str:
    """A colour of the drawing that means one of the page's; `_svg` puts the page's name in its place."""
    return f"#0000{number % COLOURS + 16:02x}"


def _svg(draw: Callable[[Any], None], words: str) -> str:
    """A drawing as SVG that takes its colours from the page, with its words for those who cannot see it."""
    from matplotlib import rc_context  # noqa: PLC0415  (0.3 s)
    from matplotlib.figure import Figure  # noqa: PLC0415

    with rc_context({"font.size": 10, "svg.fonttype": "none", "svg.hashsalt": words}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.grid(visible=True, alpha=0.25)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        draw(axes)
        out = io.StringIO()
        figure.savefig(out, format="svg", transparent=True, metadata={"Date": None})
    return _with_theme(out.getvalue(), words)


def _with_theme(svg: str, words: str) -> str:
    text = svg[svg.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    for number in range(COLOURS):
        text = text.replace(_colour(number), f"var(--c{number})")
    text = re.sub(r"(fill|stroke): #(?:000000|262626)", r"\1: currentColor", text)
    text = re.sub(r"(?<!fill: )#b0b0b0", "currentColor", text)
    # Text without a colour of its own is black, which cannot be read in the dark.
    text = re.sub(r'(<text style=")(?![^"]*fill)', r"\1fill: currentColor; ", text)
    # No addresses, no ids that another chart of the page has too, and the size that the page gives it.
    text = re.sub(r'\sxmlns(?::\w+)?="[^"]*"', "", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)
    head, end, rest = text.partition(">")
    text = re.sub(r'\s(?:width|height)="[^"]*"', "", head) + end + rest
    label = words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
