"""What the rows of a run say: means with intervals, differences in sentences, one ranking, what left.

It is made of numbers only, and gives frozen values that the report and `--json` show.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from assist_evaluation.judging.calibration_fit import Label, ReliabilityBin, reliability
from assist_evaluation.judging.results import ResultRow
from assist_evaluation.judging.score import TaskScore, preference
from assist_evaluation.judging.verdicts import ScoreComparison, compare_scores, words
from assist_evaluation.proportions import wilson
from assist_evaluation.statistics import Comparison, WinShare, paired_bootstrap, percentile, rank
from assist_evaluation.tasks import KINDS, TaskKind

ENOUGH = 0.5  # of the tasks of the candidate that was asked most: with fewer there is no common table
FEW = 5  # tasks: fewer have no interval that means anything


@dataclass(frozen=True, slots=True)
class CandidateKind:
    """A candidate on the tasks of a kind that all its rivals were asked too.

    `mean` of the main number with its 95 % interval; `numbers` are the means of all. Times in milliseconds
    leave out disturbed answers; `cost_micro` is for one task. `older` and `newer` are the means on code from
    before and after the model's release, None where there is none or the release is not known.
    """

    kind: TaskKind
    candidate: str
    tasks: int
    mean: float
    low: float
    high: float
    numbers: Mapping[str, float]
    ms_p50: float
    ms_p95: float
    tokens_read: float
    tokens_written: float
    cost_micro: float
    older: float | None = None
    newer: float | None = None


@dataclass(frozen=True, slots=True)
class KindDifference:
    """Two candidates on a kind of tasks, compared, with the sentence that says so."""

    kind: TaskKind
    one: str
    other: str
    found: ScoreComparison
    words: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All that a run says. `reliability` is by candidate, for those that say how sure they are.

    `too_few` are candidates, by kind, that were asked too few of the tasks to be in its table.
    """

    candidates: tuple[str, ...]
    kinds: tuple[CandidateKind, ...]
    differences: tuple[KindDifference, ...]
    ranking: tuple[WinShare, ...]
    reliability: Mapping[str, tuple[ReliabilityBin, ...]]
    too_few: tuple[tuple[TaskKind, str], ...]
    disturbed: int
    answers: int


def summarize(rows: Sequence[ResultRow], labels: Sequence[str], released: Mapping[str, str]) -> RunSummary:
    """The summary of rows. `released` is the day of each candidate's model."""
    found = {kind: _of_kind([row for row in rows if row.kind == kind]) for kind in KINDS}
    pairs = [
        (kind, one, other)
        for kind, own in found.items()
        for one, other in combinations(labels, 2)
        if {one, other} <= own.asked.keys()
    ]
    comparisons = _preferences(rows)
    return RunSummary(
        tuple(label for label in labels if any(row.candidate == label for row in rows)),
        tuple(
            _kind(kind, label, [row for row in own.common if row.candidate == label], released.get(label, ""))
            for kind, own in found.items()
            for label in labels
            if label in own.asked and label not in own.too_few
        ),
        tuple(_difference(rows, pair, len(pairs)) for pair in pairs),
        rank(comparisons) if comparisons else (),
        _reliability(rows, labels),
        tuple((kind, label) for kind, own in found.items() for label in sorted(own.too_few)),
        sum(row.disturbed for row in rows),
        len(rows),
    )


@dataclass(frozen=True, slots=True)
class _KindRows:
    """The comparable rows of a kind: of tasks that all candidates were asked but those in `too_few`."""

    asked: Mapping[str, set[str]]
    too_few: frozenset[str]
    common: tuple[ResultRow, ...]


def _of_kind(rows: Sequence[ResultRow]) -> _KindRows:
    """One candidate that stopped early, as when its money was used up, must not empty the table of all."""
    asked: dict[str, set[str]] = {}
    for row in rows:
        asked.setdefault(row.candidate, set()).add(row.task)
    most = max(map(len, asked.values()), default=0)
    too_few = frozenset(label for label, tasks in asked.items() if len(tasks) < ENOUGH * most)
    common = (
        set.intersection(*(tasks for label, tasks in asked.items() if label not in too_few))
        if asked
        else set()
    )
    return _KindRows(
        asked, too_few, tuple(row for row in rows if row.task in common and row.candidate not in too_few)
    )


def _kind(kind: TaskKind, label: str, rows: Sequence[ResultRow], released: str) -> CandidateKind:
    values = [row.score for row in rows]
    mean = sum(values) / len(values)
    if len(values) < FEW:
        low, high = 0.0, 1.0
    elif all(value in (0.0, 1.0) for value in values):
        low, high = wilson(round(sum(values)), len(values))
    else:
        found = paired_bootstrap(values, [0.0] * len(values), [row.group for row in rows])
        low = found.low
        high = found.high
    names = dict.fromkeys(name for row in rows for name in row.numbers)
    numbers = {name: _mean([row.numbers.get(name, 0.0) for row in rows]) for name in names}
    quiet = [row for row in rows if not row.disturbed] or list(rows)
    times = [row.ms for row in quiet]
    p95 = [row.counts.get("ms_p95", 0.0) for row in quiet] if kind == "typing" else []
    return CandidateKind(
        kind,
        label,
        len(rows),
        mean,
        low,
        high,
        numbers,
        percentile(times, 0.5),
        percentile(p95, 0.5) if p95 else percentile(times, 0.95),
        _mean([row.tokens_read for row in rows]),
        _mean([row.tokens_written for row in rows]),
        _mean([row.cost_micro for row in rows]),
        _mean_of(rows, lambda row: bool(released and row.day) and row.day <= released),
        _mean_of(rows, lambda row: bool(released and row.day) and row.day > released),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _mean_of(rows: Sequence[ResultRow], fits: Callable[[ResultRow], bool]) -> float | None:
    values = [row.score for row in rows if fits(row)]
    return _mean(values) if values else None


def _difference(rows: Sequence[ResultRow], pair: tuple[TaskKind, str, str], looks: int) -> KindDifference:
    """Two candidates on the tasks that both were asked."""
    kind, one, other = pair
    ours = {row.task: row for row in rows if row.kind == kind and row.candidate == one}
    theirs = {row.task: row for row in rows if row.kind == kind and row.candidate == other}
    common = [task for task in ours if task in theirs]
    scores = [ours[task].score for task in common], [theirs[task].score for task in common]
    found = compare_scores(*scores, looks, [ours[task].group for task in common])
    return KindDifference(kind, one, other, found, words(one, other, found, kind))


def _preferences(rows: Sequence[ResultRow]) -> list[Comparison]:
    """Each pair of answers to the same task, by the rule of its kind."""
    by_task: dict[str, list[ResultRow]] = {}
    for row in rows:
        by_task.setdefault(row.task, []).append(row)
    return [
        Comparison(task, one.candidate, other.candidate, preference(one.kind, _score(one), _score(other)))
        for task, own in by_task.items()
        for one, other in combinations(own, 2)
    ]


def _score(row: ResultRow) -> TaskScore:
    return TaskScore(row.score, row.numbers)


def _reliability(rows: Sequence[ResultRow], labels: Sequence[str]) -> dict[str, tuple[ReliabilityBin, ...]]:
    """How often lines were right, by how sure the candidate was."""
    found = {}
    for label in labels:
        own = [row for row in rows if row.candidate == label and row.kind == "lines"]
        sure = [
            Label(min(1.0, max(0.0, row.confidence)), row.numbers.get("exact", 0.0) == 1.0)
            for row in own
            if row.confidence is not None
        ]
        if sure:
            found[label] = reliability(sure)
    return found
