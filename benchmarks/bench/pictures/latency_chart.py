"""A bar chart of latencies: keystroke to answer under the request strategies that replay.py compared."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH = 830  # pixels, as all sizes here
ROW = 54
LEFT = 190
RIGHT = 110
TOP = 64
INK = "#8b949e"
OWN = "#3b82f6"
OTHER = "#9ca3af"
NOTES = (
    "An answer may be empty; to a shown text assist takes 6 ms and 1.7 s. Two CPU cores, 0.5B.",
    "Strategies rewritten from their source; Continue's and Tabby's: one trace, the others: three.",
)


def latency_rows(medians: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """Take (strategy, p50, p95), in seconds, of the strategies over the same build of llama.cpp."""
    rows = []
    for name in ("assist", "llama.vim policy", "Continue policy", "Tabby policy"):
        latency = medians["typing"][name]["key to answer"]
        rows.append((name.replace(" policy", "'s strategy"), latency["p50"] / 1e3, latency["p95"] / 1e3))
    return rows


def draw_latencies(rows: Sequence[tuple[str, float, float]]) -> str:
    """Draw two bars a strategy, for the median and the 95th percentile, on a linear axis from 0."""
    longest = max(p95 for _, _, p95 in rows)
    height = TOP + len(rows) * ROW + 52
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img">',
        "<title>Keystroke to answer, median and 95th percentile</title>",
        "<style>text{font:14px system-ui,-apple-system,'Segoe UI',sans-serif}</style>",
        f'<text x="{LEFT}" y="28" fill="{INK}" font-size="17" font-weight="600" style="font-size:17px">'
        "Keystroke to answer</text>",
        f'<text x="{LEFT}" y="48" fill="{INK}">median (dark) and 95th percentile (light)</text>',
    ]
    for number, (name, p50, p95) in enumerate(rows):
        y = TOP + number * ROW
        colour = OWN if number == 0 else OTHER
        parts.append(
            f'<text x="{LEFT - 12}" y="{y + 27}" fill="{INK}" text-anchor="end">{escape(name)}</text>'
        )
        for at, (value, opacity) in enumerate(((p50, 1.0), (p95, 0.45))):
            length = max(2.0, (WIDTH - LEFT - RIGHT) * value / longest)
            top = y + 4 + at * 19
            parts.append(
                f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="16" rx="3" fill="{colour}" '
                f'fill-opacity="{opacity}"/>'
            )
            x = LEFT + length + 8
            label = format_seconds(value)
            parts.append(f'<text x="{x:.1f}" y="{top + 13}" fill="{INK}">{label}</text>')
    for at, note in enumerate(NOTES):
        y = height - 30 + 18 * at
        parts.append(f'<text x="{LEFT}" y="{y}" fill="{INK}" style="font-size:12px">{escape(note)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def format_seconds(value: float) -> str:
    """Write a time as people read it.

    >>> format_seconds(0.0046), format_seconds(0.183), format_seconds(10.4452)
    ('5 ms', '183 ms', '10.4 s')
    """
    return f"{1e3 * value:.0f} ms" if value < 1 else f"{value:.1f} s"
