"""Whether a text is what the line goes on with, and figures of many texts.

It knows no model and no engine; texts are compared without blanks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

RESAMPLES = 4_000
_NAME = re.compile(r"[^\W\d]\w*")
_BLANKS = re.compile(r"\s+")
Row = Mapping[str, Any]


def agrees(text: str, truth: str) -> bool:
    """Whether all of a text is the beginning of what was written there.

    >>> agrees("f(a,\\n  b)", "f(a, b) + 1"), agrees("f(b)", "f(a, b)"), agrees("", "f")
    (True, False, False)
    """
    return bool(text.strip()) and _BLANKS.sub("", truth).startswith(_BLANKS.sub("", text))


def first_name_agrees(text: str, truth: str) -> bool:
    """Whether the first name in a text is that of what was written."""
    names = [_NAME.search(each) for each in (text, truth)]
    return all(names) and len({name[0] for name in names if name}) == 1


def figures(rows: Sequence[Row]) -> dict[str, Any]:
    """How many texts are shown and agree, what was refused, and what a text costs."""
    shown = [row for row in rows if row["text"]]
    refused = [row for row in rows if not row["text"] and row["candidate"]]
    right = sum(agrees(row["candidate"], row["place"]["truth"]) for row in refused)
    return {
        "places": len(rows),
        "shown": len(shown),
        "agree": sum(is_right(row) for row in rows),
        "share": round(sum(is_right(row) for row in rows) / max(1, len(shown)), 3),
        "first name": sum(first_name_agrees(row["text"], row["place"]["truth"]) for row in shown),
        "refused rightly": len(refused) - right,
        "refused wrongly": right,
        **{f"ms p{at}": _percentile(rows, at, lambda row: row["ms"]) for at in (50, 95)},
        "tokens p50": _percentile(rows, 50, lambda row: row["tokens"]),
    }


def is_right(row: Row) -> bool:
    """Whether a row's text is shown and agrees."""
    return agrees(row["text"], row["place"]["truth"])


def curve(rows: Sequence[Row], steps: Sequence[float]) -> list[tuple[float, int, int]]:
    """For each score: how many shown texts have at least that, and how many of them agree."""
    found = []
    for step in steps:
        own = [row for row in rows if row["text"] and row["score"] >= step]
        found.append((step, len(own), sum(map(is_right, own))))
    return found


def differences(before: Sequence[Row], after: Sequence[Row], seed: int = 1) -> dict[str, list[float]]:
    """Differences after minus before over the same places, in points, each with its 95 % interval.

    "agree" is of all places, "share" the agreeing among the shown. Places are resampled together.
    """
    earlier = {row["place"]["id"]: row for row in before}
    pairs = [(earlier[row["place"]["id"]], row) for row in after if row["place"]["id"] in earlier]
    right = np.array([[is_right(one), is_right(other)] for one, other in pairs], dtype=float)
    shown = np.array([[bool(one["text"]), bool(other["text"])] for one, other in pairs], dtype=float)
    drawn = np.random.default_rng(seed).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    agree = np.diff(right[drawn].mean(1))[:, 0]
    share = np.diff(right[drawn].sum(1) / np.maximum(shown[drawn].sum(1), 1))[:, 0]
    gaps = {"agree": right.mean(0), "share": right.sum(0) / np.maximum(shown.sum(0), 1)}
    found = {}
    for name, drawn_gaps in (("agree", agree), ("share", share)):
        values = (gaps[name][1] - gaps[name][0], *_interval(drawn_gaps))
        found[name] = [round(100 * float(value), 1) for value in values]
    return found


def _interval(values: "np.ndarray[Any, Any]") -> tuple[float, float]:
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def _percentile(rows: Sequence[Row], at: int, of: Callable[[Row], float]) -> float:
    values = [of(row) for row in rows]
    return round(float(np.percentile(values, at))) if values else 0
