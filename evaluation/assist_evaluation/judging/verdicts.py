"""Two candidates on the same tasks: how much they differ, whether that is more than chance, and a sentence.

A difference is called one only if it would seldom be found between equal candidates, over all kinds of tasks
together: one run in twenty at most.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal

from assist_evaluation.statistics import (
    paired_bootstrap,
    sign_flip,
    tasks_needed,
)

FALSE = 0.05  # share of runs in which equal candidates may be told apart by mistake

ScoreVerdict = Literal["better", "worse", "cannot be told apart"]
ALIKE: ScoreVerdict = "cannot be told apart"


@dataclass(frozen=True, slots=True)
class ScoreComparison:
    """The first of two candidates compared to the second: `mean` of the differences, and their interval.

    `level` is that of the interval. `needed`: about how many tasks would tell a difference of this size, 0 if
    none would.
    """

    verdict: ScoreVerdict
    tasks: int
    mean: float
    low: float
    high: float
    level: float
    needed: int = 0


def compare_scores(
    ours: Sequence[float], theirs: Sequence[float], looks: int = 1, groups: Sequence[Hashable] = ()
) -> ScoreComparison:
    """Compare the scores of the same tasks, in the same order. `looks`: how many such comparisons are made.

    Tasks of a group, such as a file, are not independent of each other.

    >>> compare_scores([1.0] * 20, [0.0] * 20).verdict
    'better'
    """
    level = 1 - FALSE / max(1, looks)
    if not ours:
        return ScoreComparison(ALIKE, 0, 0.0, -1.0, 1.0, level)
    found = paired_bootstrap(ours, theirs, groups, level=level)
    differences = [one - other for one, other in zip(ours, theirs, strict=True)]
    telling = not found.low <= 0 <= found.high and sign_flip(_sums(differences, groups)) < 1 - level
    verdict: ScoreVerdict = ALIKE
    if telling:
        verdict = "better" if found.mean > 0 else "worse"
    needed = 0 if telling else tasks_needed(differences, level)
    return ScoreComparison(verdict, len(ours), found.mean, found.low, found.high, level, needed)


def _sums(values: Sequence[float], groups: Sequence[Hashable]) -> list[float]:
    """The sum of each group; without groups, the values."""
    sums: dict[Hashable, float] = {}
    for name, value in zip(groups or range(len(values)), values, strict=True):
        sums[name] = sums.get(name, 0.0) + value
    return list(sums.values())


def words(one: str, other: str, found: ScoreComparison, what: str) -> str:
    """The comparison in a sentence for people.

    >>> words("A", "B", compare_scores([0.5], [0.5]), "lines")
    'A and B cannot be told apart on lines (1 task, no difference).'
    """
    tasks = f"{found.tasks:,} task{'' if found.tasks == 1 else 's'}"
    interval = f"{100 * found.low:+.0f} to {100 * found.high:+.0f} points"
    if not found.tasks:
        return f"{one} and {other} have no {what} in common."
    if found.verdict != ALIKE:
        points = f"{100 * found.mean:+.0f} points, {interval}"
        return f"{one} is {found.verdict} than {other} on {what} ({points}, {tasks})."
    if not found.mean:
        return f"{one} and {other} cannot be told apart on {what} ({tasks}, no difference)."
    more = f"; about {found.needed:,} tasks would tell" if found.needed > found.tasks else ""
    points = f"{100 * found.mean:+.0f} points, {interval}, {tasks}{more}"
    return f"{one} and {other} cannot be told apart on {what} ({points})."
