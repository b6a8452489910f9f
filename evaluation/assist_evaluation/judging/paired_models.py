"""Two models on the same lines: which is right more often, by how much, and which is faster, in a sentence.

A line is right if it is the commit's, layout aside. It knows neither how models are asked nor where rows are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assist_evaluation.judging.results import ResultRow
from assist_evaluation.judging.verdicts import ALIKE, ScoreComparison, compare_scores
from assist_evaluation.statistics import percentile

FASTER = 1.1  # times: medians of two runs of the same model on a quiet machine differ by less


@dataclass(frozen=True, slots=True)
class PairedModels:
    """Two names, and what each did on the lines that both were asked, in that order.

    `right` counts lines, `ms` is the median of the times that nothing disturbed, 0 if there are none. `found`
    compares the first with the second.
    """

    names: tuple[str, str]
    lines: int
    right: tuple[int, int]
    ms: tuple[float, float]
    found: ScoreComparison


def paired_models(rows: Sequence[ResultRow], labels: tuple[str, str], names: tuple[str, str]) -> PairedModels:
    """The comparison of two candidates, by their labels, on the lines that both were asked."""
    ours, theirs = (
        {row.task: row for row in rows if row.kind == "lines" and row.candidate == label} for label in labels
    )
    common = [task for task in ours if task in theirs]
    scores = [[own[task].numbers["exact"] for task in common] for own in (ours, theirs)]
    times = [
        percentile([own[task].ms for task in common if not own[task].disturbed], 0.5)
        for own in (ours, theirs)
    ]
    return PairedModels(
        names,
        len(common),
        (round(sum(scores[0])), round(sum(scores[1]))),
        (times[0], times[1]),
        compare_scores(scores[0], scores[1], groups=[ours[task].group for task in common]),
    )


def paired_words(pair: PairedModels) -> str:
    """The sentence.

    >>> alike = compare_scores([1.0, 0.0], [0.0, 1.0])
    >>> paired_words(PairedModels(("a", "b"), 2, (1, 1), (900.0, 950.0), alike))
    'a and b cannot be told apart by 2 lines (1 and 1 right); they are equally fast: 0.9 s for half of them.'
    """
    if not pair.lines:
        return (
            f"{pair.names[0]} and {pair.names[1]} were asked no lines in common, so they cannot be compared."
        )
    return f"{_right_words(pair)}; {_time_words(pair)}."


def _right_words(pair: PairedModels) -> str:
    found = pair.found
    if found.verdict == ALIKE:
        more = f"; about {found.needed:,} lines would tell" if found.needed > pair.lines else ""
        interval = f", {_points(found.low)} to {_points(found.high)} points" if found.mean else ""
        told = f"{pair.right[0]} and {pair.right[1]} right{interval}{more}"
        return f"{pair.names[0]} and {pair.names[1]} cannot be told apart by {pair.lines:,} lines ({told})"
    best = 0 if found.mean > 0 else 1
    low, high = sorted((abs(found.low), abs(found.high)))
    return (
        f"{pair.names[best]} is right more often than {pair.names[1 - best]}: {pair.right[best]} of "
        f"{pair.lines:,} lines against {pair.right[1 - best]} ({_points(abs(found.mean))} points, "
        f"{_points(low)} to {_points(high)})"
    )


def _points(share: float) -> str:
    return f"{100 * share:+.0f}"


def _time_words(pair: PairedModels) -> str:
    if not all(pair.ms):
        return "the machine was too busy to tell which is faster"
    fast = 0 if pair.ms[0] <= pair.ms[1] else 1
    seconds = f"{pair.ms[fast] / 1000:.1f} s"
    if pair.ms[1 - fast] < FASTER * pair.ms[fast]:
        return f"they are equally fast: {seconds} for half of them"
    slower = f"{pair.ms[1 - fast] / 1000:.1f} s"
    return f"{pair.names[fast]} is faster: {seconds} against {slower} for half of them"
