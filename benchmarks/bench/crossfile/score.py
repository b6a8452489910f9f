"""How close the written rest of a line is to the real one, and which share of an oracle's gain is reached.

Identifiers are compared as in CrossCodeEval: as sets, without keywords and without the content of strings.
Intervals resample whole files, because the holes of a file are not independent. It knows no model.
"""

import keyword
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from assist_evaluation.statistics import RESAMPLES

_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_KEYWORDS = frozenset(keyword.kwlist) - {"True", "False"}
_AT_ONCE = 500
FIGURES = ("exact", "similarity", "f1")
DOUBT = 0.025  # if the oracle gains nothing in more than this share of resamples, there is no interval


@dataclass(frozen=True, slots=True)
class GainShare:
    """A share of the oracle's gain, and its 95 % interval; None if the oracle's own gain is in doubt."""

    share: float | None
    low: float | None = None
    high: float | None = None


def identifiers(text: str) -> frozenset[str]:
    """Return the names in a piece of code.

    >>> sorted(identifiers(".get('key', default=None if x else y)"))
    ['default', 'get', 'x', 'y']
    """
    return frozenset(_IDENTIFIER.findall(_STRING.sub("''", text))) - _KEYWORDS


def identifier_f1(written: str, truth: str) -> float:
    """Return the F1 of the names in one text against those in another; 1 for two texts without names.

    >>> identifier_f1(".open(path)", ".open(path, mode)")
    0.8
    """
    ours, wanted = identifiers(written), identifiers(truth)
    return 2 * len(ours & wanted) / (len(ours) + len(wanted)) if ours or wanted else 1.0


def share_of_gain(
    none: Sequence[float],
    oracle: Sequence[float],
    own: Sequence[float],
    groups: Sequence[Hashable],
    seed: int = 1,
) -> GainShare:
    """Return the mean of `own - none` over that of `oracle - none`, with an interval over resampled groups.

    Numerator and denominator come from the same resample, so that effects on both cancel out.

    >>> share_of_gain([0, 0, 1], [1, 1, 1], [1, 0, 1], ["a", "a", "b"]).share
    0.5
    """
    names = {name: row for row, name in enumerate(dict.fromkeys(groups))}
    rows = [names[name] for name in groups]
    ours = np.bincount(rows, weights=np.subtract(own, none, dtype=np.float64))
    theirs = np.bincount(rows, weights=np.subtract(oracle, none, dtype=np.float64))
    if theirs.sum() <= 0:
        return GainShare(None)
    rng = np.random.default_rng(seed)
    shares = []
    without = 0
    for done in range(0, RESAMPLES, _AT_ONCE):
        drawn = rng.integers(0, len(theirs), (min(_AT_ONCE, RESAMPLES - done), len(theirs)))
        gain = theirs[drawn].sum(axis=1)
        shares.append(ours[drawn].sum(axis=1)[gain > 0] / gain[gain > 0])
        without += int((gain <= 0).sum())
    point = float(ours.sum() / theirs.sum())
    if without > DOUBT * RESAMPLES:
        return GainShare(point)
    low, high = np.percentile(np.concatenate(shares), [2.5, 97.5])
    return GainShare(point, float(low), float(high))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return two Markdown tables: the figures, and the gains over `none`."""
    lines = [
        "| packages | variant | holes | exact match | edit similarity | identifier F1 | definition shown "
        "| snippet tokens | ms p95 |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = " | ".join(f"{row[figure]:.3f}" for figure in (*FIGURES, "found"))
        start = f"| {row['packages']} | {row['variant']} | {row['holes']} | {figures} "
        lines.append(f"{start}| {row['snippets']:.0f} | {row['ms']['p95']:.1f} |")
    lines += [
        "",
        "| over none, in points (95 %) | exact match | edit similarity | identifier F1 "
        "| of the oracle's gain in F1 |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        if "points_over_none" in row:
            gaps = row["points_over_none"]
            cells = [
                f"{gaps[each][0]:+.1f} ({gaps[each][1]:+.1f} to {gaps[each][2]:+.1f})" for each in FIGURES
            ]
            shares = row.get("share_of_oracle", {}).get("f1")
            lines.append(f"| {row['packages']}: {row['variant']} | {' | '.join(cells)} | {_share(shares)} |")
    return "\n".join(lines)


def _share(ends: Sequence[float | None] | None) -> str:
    if ends is None or ends[0] is None:
        return "-"
    if ends[1] is None or ends[2] is None:
        return f"{ends[0]:.0%} (the oracle's gain is in doubt)"
    return f"{ends[0]:.0%} ({ends[1]:.0%} to {ends[2]:.0%})"
