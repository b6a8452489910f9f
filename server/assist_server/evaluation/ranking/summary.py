"""What the rows of a run say: means with intervals, differences in sentences, one ranking, what left.

It is made of numbers only, and gives frozen values that the report and `--json` show.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from assist_escalation.routing.calibration import Label, ReliabilityBin, reliability
from assist_server.evaluation.candidates.typist import percentile
from assist_server.evaluation.ranking.bradley_terry import Comparison, Strength, rank
from assist_server.evaluation.ranking.results import ResultRow
from assist_server.evaluation.ranking.significance import paired_bootstrap, wilson
from assist_server.evaluation.ranking.verdicts import ScoreComparison, compare_scores, words
from assist_server.evaluation.scoring.score import TaskScore, preference
from assist_server.evaluation.tasks import KINDS, Kind

FEW = 5  # tasks: fewer have no interval that means anything


@dataclass(frozen=True, slots=True)
class CandidateKind:
    """A candidate on the tasks of a kind that all its rivals were asked too.

    `mean` of the main number with its 95 % interval; `numbers` are the means of all. Times in milliseconds
    leave out disturbed answers; `cost_micro` is for one task. `older` and `newer` are the means on code from
    before and after the model's release, None where there is none or the release is not known.
    """

    kind: Kind
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

    kind: Kind
    one: str
    other: str
    found: ScoreComparison
    words: str


@dataclass(frozen=True, slots=True)
class Departure:
    """What left the machine for a candidate: requests, tokens, bytes, hosts and money."""

    candidate: str
    requests: int
    tokens_sent: int
    tokens_received: int
    bytes_sent: int
    hosts: tuple[str, ...]
    cost_micro: int


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All that a run says. `reliability` is by candidate, for those that say how sure they are."""

    candidates: tuple[str, ...]
    kinds: tuple[CandidateKind, ...]
    differences: tuple[KindDifference, ...]
    ranking: tuple[Strength, ...]
    reliability: Mapping[str, tuple[ReliabilityBin, ...]]
    departures: tuple[Departure, ...]
    disturbed: int
    answers: int


def summarize(
    rows: Sequence[ResultRow],
    labels: Sequence[str],
    released: Mapping[str, str],
    votes: Iterable[Comparison] = (),
) -> RunSummary:
    """The summary of rows. `released` is the day of each candidate's model, `votes` are more comparisons."""
    shared = _common_rows(rows)
    used = {(row.kind, row.candidate) for own in shared.values() for row in own}
    pairs = [
        (kind, one, other)
        for kind in KINDS
        for one, other in combinations(labels, 2)
        if {(kind, one), (kind, other)} <= used
    ]
    comparisons = [*_preferences(shared), *votes]
    return RunSummary(
        tuple(label for label in labels if any(row.candidate == label for row in rows)),
        tuple(
            _kind(
                kind, label, [row for row in shared[kind] if row.candidate == label], released.get(label, "")
            )
            for kind in KINDS
            for label in labels
            if (kind, label) in used
        ),
        tuple(_difference(shared[kind], pair, len(pairs)) for pair in pairs for kind in pair[:1]),
        rank(comparisons) if comparisons else (),
        _reliability(rows, labels),
        tuple(
            _departure(label, rows) for label in labels if any(r.host and r.candidate == label for r in rows)
        ),
        sum(row.disturbed for row in rows),
        len(rows),
    )


def _common_rows(rows: Sequence[ResultRow]) -> dict[Kind, list[ResultRow]]:
    """The rows of each kind, of the tasks that all candidates for the kind were asked."""
    found: dict[Kind, list[ResultRow]] = {}
    for kind in KINDS:
        own = [row for row in rows if row.kind == kind]
        asked: dict[str, set[str]] = {}
        for row in own:
            asked.setdefault(row.task, set()).add(row.candidate)
        all_of_them = {row.candidate for row in own}
        found[kind] = [row for row in own if asked[row.task] == all_of_them]
    return found


def _kind(kind: Kind, label: str, rows: Sequence[ResultRow], released: str) -> CandidateKind:
    values = [row.score for row in rows]
    mean = sum(values) / len(values)
    if len(values) < FEW:
        low, high = 0.0, 1.0
    elif all(value in (0.0, 1.0) for value in values):
        low, high = wilson(round(sum(values)), len(values))
    else:
        found = paired_bootstrap(values, [0.0] * len(values))
        low, high = found.low, found.high
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
        max(p95) if p95 else percentile(times, 0.95),
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


def _difference(rows: Sequence[ResultRow], pair: tuple[Kind, str, str], looks: int) -> KindDifference:
    kind, one, other = pair
    scores: dict[str, dict[str, float]] = {one: {}, other: {}}
    for row in rows:
        if row.candidate in scores:
            scores[row.candidate][row.task] = row.score
    common = [task for task in scores[one] if task in scores[other]]
    found = compare_scores([scores[one][t] for t in common], [scores[other][t] for t in common], looks)
    return KindDifference(kind, one, other, found, words(one, other, found, kind))


def _preferences(shared: Mapping[Kind, Sequence[ResultRow]]) -> list[Comparison]:
    """Each pair of answers to the same task, by the rule of its kind."""
    by_task: dict[str, list[ResultRow]] = {}
    for rows in shared.values():
        for row in rows:
            by_task.setdefault(row.task, []).append(row)
    return [
        Comparison(task, one.candidate, other.candidate, preference(one.kind, _score(one), _score(other)))
        for task, rows in by_task.items()
        for one, other in combinations(rows, 2)
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


def _departure(label: str, rows: Sequence[ResultRow]) -> Departure:
    own = [row for row in rows if row.candidate == label and row.host]
    return Departure(
        label,
        len(own),
        sum(row.tokens_read for row in own),
        sum(row.tokens_written for row in own),
        sum(row.bytes_sent for row in own),
        tuple(sorted({row.host for row in own})),
        sum(row.cost_micro for row in own),
    )
