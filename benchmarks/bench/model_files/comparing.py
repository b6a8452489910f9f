"""Candidates against the file of before at the same places: shares, paired differences, and the decision.

It knows no model.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from assist_evaluation.statistics import Difference, paired_bootstrap

LOWEST = -1.0  # points of right lines that a candidate may have less

Row = Mapping[str, Any]


def pair_up(before: Sequence[Row], after: Sequence[Row]) -> list[tuple[Row, Row]]:
    """The rows of both for each place that both have, each size of prompt apart, in the order of before.

    A column of a line may be of two kinds, such as after a dot and after a word; it counts once.
    """
    first, second = ({(row["place"], row["full"]): row for row in rows} for rows in (before, after))
    return [(row, second[key]) for key, row in first.items() if key in second]


def gap(pairs: Sequence[tuple[Row, Row]], figure: str) -> Difference:
    """After minus before in points, with the interval of 95 %; a repository is resampled as a whole."""
    sides = [[100 * int(row[figure]) for row in side] for side in zip(*pairs, strict=True)]
    return paired_bootstrap(sides[1], sides[0], [row["repository"] for row, _ in pairs])


def other_prompts(pairs: Sequence[tuple[Row, Row]]) -> int:
    """At how many places the prompts have different sizes, so that more than the file differs."""
    return sum(one["tokens"] != other["tokens"] for one, other in pairs)


def verdict(lines: Difference) -> str:
    """What the difference in right lines says about the bar: `yes`, `no`, or that it cannot be told.

    >>> verdict(Difference(0.5, -0.8, 2)), verdict(Difference(0.0, -2, 2)), verdict(Difference(-4, -6, -2))
    ('yes', 'within chance', 'no')
    """
    if lines.low >= LOWEST:
        return "yes"
    return "no" if lines.mean < LOWEST else "within chance"


def table(files: Mapping[str, Sequence[Row]]) -> list[str]:
    """A row in Markdown for each file and size of prompt. The first file is the one of before."""
    before = next(iter(files.values()))
    heads = ["file", "prompt", "places", "line right", "difference", "first name right", "difference"]
    heads += ["as good", "other prompts"]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    for full in (False, True):
        for name, rows in files.items():
            pairs = [pair for pair in pair_up(before, rows) if pair[0]["full"] == full]
            if pairs:
                lines.append(_row(name, "full" if full else "small", pairs, same=rows is before))
    return lines


def _row(name: str, prompt: str, pairs: Sequence[tuple[Row, Row]], *, same: bool) -> str:
    cells = [name, prompt, str(len(pairs))]
    for figure in ("right", "first"):
        right = sum(bool(row[figure]) for _, row in pairs)
        cells += [f"{right} ({100 * right / len(pairs):.1f} %)", "" if same else _words(gap(pairs, figure))]
    cells += ["" if same else verdict(gap(pairs, "right")), "" if same else str(other_prompts(pairs))]
    return f"| {' | '.join(cells)} |"


def _words(found: Difference) -> str:
    return f"{found.mean:+.1f} ({found.low:+.1f} to {found.high:+.1f})"
