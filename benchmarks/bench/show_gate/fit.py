"""Learn from lines with a known outcome how likely a line is right, and below which limit to hide it.

The gate's rule is repeated here on numbers: a line is shown up to its first token below a limit. Files and
problems are split into halves by name, so that none is in both. It knows no file, no model and no text.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from assist_completion.display.show_gate import LEAST
from assist_server.records.proportions import wilson

GRID = [round(-0.01 * step, 2) for step in range(1, 600)]  # limits to try, the strictest first
RESAMPLES = 4_000  # with so many, an end of an interval moves by 0.3 points between seeds
BINS = 10
PENALTY = 1e-6  # on the weights: without it, lines that one limit separates have no finite weights
Numbers = Any  # of NumPy


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """A line that the model wrote. `agreed` of its `length` characters are right, counted from the left.

    `unit` is the line of the file, or the problem. Lines of a unit are resampled together, because their
    outcomes depend on each other. `starts` and `chances` describe its tokens; without them the outcome of a
    part is not known.
    """

    source: str
    group: str
    unit: str
    right: bool
    lowest: float
    mean: float
    first: float
    count: int
    length: int = 0
    agreed: int = 0
    typed: int = 0
    starts: tuple[int, ...] = ()
    chances: tuple[float, ...] = ()


FEATURES: dict[str, Callable[[JudgedLine], float]] = {
    "mean": lambda line: line.mean,
    "first": lambda line: line.first,
    "sum": lambda line: line.mean * line.count,
    "tokens": lambda line: math.log(line.count),
    "length": lambda line: math.log(max(1, line.length)),
    "typed": lambda line: math.log1p(line.typed),
}


def in_judging_half(group: str) -> bool:
    """Return whether a file or problem is in the half that judges. The answer never changes.

    >>> [in_judging_half(name) for name in ("random", "site")]
    [False, True]
    """
    return hashlib.sha256(group.encode()).digest()[0] % 2 == 1


def logistic(features: Numbers, right: Numbers, penalty: float = PENALTY) -> Numbers:
    """Return the weights of a logistic regression, fitted by Newton's method; the bias is first.

    `penalty` draws the weights towards 0.
    """
    columns = np.column_stack([np.ones(len(features)), features])
    weights = np.zeros(columns.shape[1])
    for _ in range(100):
        chance = 1 / (1 + np.exp(-np.clip(columns @ weights, -40, 40)))
        slope = columns.T @ (right - chance) - penalty * weights
        bend = (columns.T * (chance * (1 - chance))) @ columns + penalty * np.eye(len(weights))
        step = np.linalg.solve(bend, slope)
        weights += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return weights


def lowest_only(lines: Sequence[JudgedLine]) -> tuple[float, float]:
    """Return `bias` and `lowest` as the gate uses them."""
    bias, lowest = logistic(_features(lines, ["lowest"]), _right(lines))
    return float(bias), float(lowest)


def more_features(
    fitting: Sequence[JudgedLine], held: Sequence[JudgedLine], names: Iterable[str]
) -> dict[str, Any]:
    """Return the held-out log loss with the lowest log-probability alone, and how other features change it.

    A difference is below 0 if the feature helps. Its interval resamples units.
    """
    alone = _losses(fitting, held, ["lowest"])
    rows: dict[str, Any] = {"lowest": {"log loss": round(float(alone.mean()), 4)}}
    for name in names:
        for chosen in (["lowest", name], ["sum"]) if name == "sum" else (["lowest", name],):
            losses = _losses(fitting, held, chosen)
            low, high = ratio_interval(losses - alone, np.ones(len(held)), [line.unit for line in held])
            gap = [round(float(value), 4) for value in ((losses - alone).mean(), low, high)]
            rows[" + ".join(chosen)] = {"log loss": round(float(losses.mean()), 4), "change": gap}
    return rows


def _losses(fitting: Sequence[JudgedLine], held: Sequence[JudgedLine], names: Sequence[str]) -> Numbers:
    weights = logistic(_features(fitting, names), _right(fitting))
    score = np.column_stack([np.ones(len(held)), _features(held, names)]) @ weights
    return np.logaddexp(0, -score * (2 * _right(held) - 1))


def _features(lines: Sequence[JudgedLine], names: Sequence[str]) -> Numbers:
    known = {"lowest": lambda line: line.lowest, **FEATURES}
    return np.array([[known[name](line) for name in names] for line in lines], dtype=np.float64)


def _right(lines: Sequence[JudgedLine]) -> Numbers:
    return np.array([line.right for line in lines], dtype=np.float64)


def reliability(lines: Sequence[JudgedLine], bias: float, lowest: float) -> dict[str, Any]:
    """Return predicted and observed shares in ten equal bins of the score, and their mean distance."""
    scores = 1 / (1 + np.exp(-bias - lowest * np.array([line.lowest for line in lines])))
    at = np.minimum((scores * BINS).astype(int), BINS - 1)
    right = _right(lines)
    rows = []
    error = 0.0
    for number in range(BINS):
        inside = at == number
        count = int(inside.sum())
        hits = int(right[inside].sum())
        if not count:
            continue
        predicted = float(scores[inside].mean())
        observed = hits / count
        error += count / len(lines) * abs(predicted - observed)
        interval = [round(end, 3) for end in wilson(hits, count)]
        rows.append([number / BINS, round(predicted, 3), round(observed, 3), count, *interval])
    names = ["from", "predicted", "observed", "count", "low", "high"]
    return {"columns": names, "rows": rows, "expected calibration error": round(error, 4)}


def shown_length(line: JudgedLine, limit: float) -> int | None:
    """Return how many characters the gate shows: None is the whole line, and 0 is nothing.

    >>> line = JudgedLine("", "", "", False, -2.0, -1.0, -0.1, 2, 9, 6, 0, (0, 5), (-0.1, -2.0))
    >>> shown_length(line, -3.0), shown_length(line, -1.0)
    (None, 5)
    """
    if line.lowest >= limit:
        return None
    at = next((start for start, chance in zip(line.starts, line.chances, strict=True) if chance < limit), 0)
    return at if at >= LEAST else 0


def share_lost(lines: Sequence[JudgedLine], limit: float) -> float:
    """Return the share of right lines that are not shown whole."""
    right = [line for line in lines if line.right]
    return sum(line.lowest < limit for line in right) / max(1, len(right))


def precision(lines: Sequence[JudgedLine], limit: float) -> float:
    """Return the share of shown text, whole lines and parts, that is right."""
    seen = [(line, at) for line in lines if (at := shown_length(line, limit)) != 0]
    return sum(_is_right(line, at) for line, at in seen) / max(1, len(seen))


def _is_right(line: JudgedLine, at: int | None) -> bool:
    return line.right if at is None else line.agreed >= at


def strictest(sources: Mapping[str, Sequence[JudgedLine]], most_lost: float) -> float:
    """Return the highest limit that loses at most this share of the right lines; all sources count alike."""
    fine = (limit for limit in GRID if fmean(share_lost(own, limit) for own in sources.values()) <= most_lost)
    return next(fine, GRID[-1])


def most_lenient(sources: Mapping[str, Sequence[JudgedLine]], least_right: float) -> float:
    """Return the lowest limit at which this share of shown text is right in each source; or the strictest."""
    fine = [limit for limit in GRID if all(precision(own, limit) >= least_right for own in sources.values())]
    return min(fine, default=GRID[0])


def figures(lines: Sequence[JudgedLine], limit: float, seed: int = 1) -> dict[str, Any]:
    """Compare a limit with showing everything: shares in percent with 95 % intervals.

    A kept character is right, shown, and has nothing wrong before it. None where parts are unknown.
    """
    ends = [shown_length(line, limit) for line in lines]
    right = np.array([line.right for line in lines], dtype=np.float64)
    whole = np.array([at is None for at in ends])
    part = np.array([at is not None and at > 0 for at in ends])
    good = np.array([_is_right(line, at) for line, at in zip(lines, ends, strict=True)])
    agreed = np.array([line.agreed for line in lines], dtype=np.float64)
    kept = np.array(
        [min(line.agreed, line.length if at is None else at) for line, at in zip(lines, ends, strict=True)]
    )
    units = [line.unit for line in lines]
    seen = whole | part
    known = bool(lines) and all(line.starts for line in lines)

    def share(top: Numbers, bottom: Numbers) -> list[float]:
        ends_ = ratio_interval(top, bottom, units, seed)
        return [round(100 * float(value), 1) for value in (top.sum() / max(1, bottom.sum()), *ends_)]

    return {
        "limit": limit,
        "lines": len(lines),
        "right": int(right.sum()),
        "whole right": int((whole & good).sum()),
        "whole wrong": int((whole & ~good).sum()),
        "part right": int((part & good).sum()) if known else None,
        "part wrong": int((part & ~good).sum()) if known else None,
        "shown right": share((seen & good).astype(float), seen.astype(float)),
        "wrong cut": share(1 - right - (seen & ~good), 1 - right),
        "right lost": share(right * ~whole, right),
        "kept": share(kept, agreed) if known else None,
    }


def ratio_interval(top: Numbers, bottom: Numbers, units: Sequence[str], seed: int = 1) -> tuple[float, float]:
    """Return the 95 % percentile interval of a ratio of sums over resampled units."""
    names = {name: row for row, name in enumerate(dict.fromkeys(units))}
    if not names:
        return 0.0, 0.0
    rows = [names[unit] for unit in units]
    tops, bottoms = (np.bincount(rows, weights=np.asarray(each, dtype=np.float64)) for each in (top, bottom))
    count = len(names)
    drawn = np.random.default_rng(seed).multinomial(count, [1 / count] * count, size=RESAMPLES)
    sums = drawn @ bottoms
    low, high = (
        np.percentile((drawn @ tops)[sums > 0] / sums[sums > 0], [2.5, 97.5]) if sums.any() else (0.0, 0.0)
    )
    return float(low), float(high)
