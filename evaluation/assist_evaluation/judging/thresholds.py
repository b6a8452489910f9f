"""For each threshold of `[escalation]` what it does on a repository's own tasks, and which one to set.

A threshold is a number of the router's `p_local`: below it a provider is asked. Intervals are for as many
requests again, so they hold the next sample and not only the mean.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np

from assist_escalation.routing import feedback
from assist_escalation.routing.calibration import NONE, WORTH, Calibration, score
from assist_evaluation.judging.calibration_fit import LEAST, Label, fit
from assist_evaluation.judging.results import ResultRow
from assist_evaluation.judging.score import TaskScore, is_right
from assist_evaluation.judging.verdicts import compare_scores
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.record_files import gate_files

SHOWN = tuple(round(0.1 * step, 1) for step in range(1, 10))
TRIED = tuple(round(0.05 * step, 2) for step in range(20))  # 0 escalates nothing
OWN_COMMAND = 40  # tasks of a command from which on it gets a threshold of its own
FOLDS = 5
DRAWS = 4_000  # of an interval: its ends then move by less than a point between seeds
DAYS = 30  # of questions that are counted for the rate: habits of a year ago say little
DAY_S = 86_400
FEATURE = "feature."  # of the counts that are features of the router


@dataclass(frozen=True, slots=True)
class FitTask:
    """One task: the router's score before calibration, and whether the answers were right.

    `provider` is None if none was asked; `cost_micro` is what it cost.
    """

    task: str
    command: str
    score: float
    local: bool
    provider: bool | None = None
    cost_micro: int = 0


@dataclass(frozen=True, slots=True)
class ThresholdRow:
    """What a threshold does: shares from 0 to 1 with 95 % intervals, and dollars for 100 requests."""

    threshold: float
    escalated: float
    escalated_low: float
    escalated_high: float
    right: float
    right_low: float
    right_high: float
    usd_per_100: float


@dataclass(frozen=True, slots=True)
class ThresholdFit:
    """The table of thresholds, the recommended ones by command with `default` first, and what they rest on.

    `provider_right` is the share of right answers of the provider. If none was asked it is `assumed`, and so
    nothing is recommended. `local_only` are commands in which the local model is better.
    """

    rows: tuple[ThresholdRow, ...]
    recommended: Mapping[str, float]
    chosen: ThresholdRow | None
    tasks: int
    local_right: float
    provider_right: float
    assumed: bool
    local_only: tuple[str, ...]
    calibration: Calibration


def fit_tasks(rows: Sequence[ResultRow], local: str, provider: str) -> list[FitTask]:
    """The tasks that a local candidate answered as questions, with a provider's answers to the same."""
    theirs = {row.task: row for row in rows if provider and row.candidate == provider}
    found = []
    for row in rows:
        features = {k.removeprefix(FEATURE): v for k, v in row.counts.items() if k.startswith(FEATURE)}
        if row.candidate != local or not features:
            continue
        other = theirs.get(row.task)
        command = next((name for name in ("fix", "refactor", "test") if features.get(name)), "ask")
        found.append(
            FitTask(
                row.task,
                command,
                score(features),
                _right(row),
                _right(other) if other else None,
                other.cost_micro if other else 0,
            )
        )
    return found


def _right(row: ResultRow) -> bool:
    return is_right(row.kind, TaskScore(row.score, row.numbers))


def fit_thresholds(
    tasks: Sequence[FitTask], calibration: Calibration = NONE, *, recalibrate: bool = False
) -> ThresholdFit:
    """The table and the recommended thresholds. With `recalibrate`, in the scale of a calibration that fits.

    Raises `UserError` if there are too few tasks.
    """
    if len(tasks) < LEAST:
        raise UserError(
            f"{len(tasks)} local answers to edits are too few to choose a threshold: {LEAST} are needed. Run "
            "`assist eval run --kinds edits,bodies -c local:NAME,as=answers -c provider:NAME --max-usd N`."
        )
    shares = _out_of_fold(tasks) if recalibrate else [calibration.apply(task.score) for task in tasks]
    fitted = fit([Label(task.score, task.local) for task in tasks]) if recalibrate else calibration
    known = [task for task in tasks if task.provider is not None]
    assumed = not known
    right = sum(bool(task.provider) for task in known) / len(known) if known else WORTH.frontier
    cost = sum(task.cost_micro for task in known) / len(known) if known else 0.0
    best = _best(tasks, shares, (right, cost))
    table = {limit: _row(tasks, shares, limit, (right, cost)) for limit in (*SHOWN, best)}
    recommended = {} if assumed else {"default": best}
    for command in sorted({task.command for task in tasks}):
        own = [at for at, task in enumerate(tasks) if task.command == command]
        if len(own) >= OWN_COMMAND and not assumed:
            limit = _best([tasks[at] for at in own], [shares[at] for at in own], (right, cost))
            recommended |= {command: limit} if limit != best else {}
    return ThresholdFit(
        tuple(table[limit] for limit in SHOWN),
        recommended,
        None if assumed else _honest_row(table[best], tasks, shares, (right, cost)),
        len(tasks),
        sum(task.local for task in tasks) / len(tasks),
        right,
        assumed,
        tuple(_local_only(known)),
        fitted,
    )


def _out_of_fold(tasks: Sequence[FitTask]) -> list[float]:
    """The calibrated share of each task, by a calibration that has not seen it."""
    shares = [0.0] * len(tasks)
    for fold in range(FOLDS):
        others = [Label(task.score, task.local) for at, task in enumerate(tasks) if at % FOLDS != fold]
        fitted = fit(others) if len(others) >= LEAST else NONE
        for at in range(fold, len(tasks), FOLDS):
            shares[at] = fitted.apply(tasks[at].score)
    return shares


def _row(
    tasks: Sequence[FitTask], shares: Sequence[float], limit: float, provider: tuple[float, float]
) -> ThresholdRow:
    leaves = [share < limit for share in shares]
    right = _right_with(tasks, leaves, provider[0])
    escalated = _interval([float(leaf) for leaf in leaves])
    answered = _interval(right)
    costs = [task.cost_micro if task.provider is not None else provider[1] for task in tasks]
    micro = sum(cost for cost, leaving in zip(costs, leaves, strict=True) if leaving) / len(tasks)
    return ThresholdRow(limit, *escalated, *answered, 100 * micro / 1e6)


def _honest_row(
    row: ThresholdRow, tasks: Sequence[FitTask], shares: Sequence[float], provider: tuple[float, float]
) -> ThresholdRow:
    """The row of the recommended threshold with the share of right answers that the choice itself gives.

    The best of twenty rows looks better than it is. So each fold is answered with the threshold that the
    others would choose.
    """
    leaves = [False] * len(tasks)
    for fold in range(FOLDS):
        others = [at for at in range(len(tasks)) if at % FOLDS != fold]
        limit = _best([tasks[at] for at in others], [shares[at] for at in others], provider)
        for at in range(fold, len(tasks), FOLDS):
            leaves[at] = shares[at] < limit
    mean, low, high = _interval(_right_with(tasks, leaves, provider[0]))
    return replace(row, right=mean, right_low=low, right_high=high)


def _right_with(tasks: Sequence[FitTask], leaves: Sequence[bool], provider: float) -> list[float]:
    """How likely each answer is right, the provider's where that is asked."""
    return [
        (provider if task.provider is None else float(task.provider)) if leaving else float(task.local)
        for task, leaving in zip(tasks, leaves, strict=True)
    ]


def _interval(values: Sequence[float]) -> tuple[float, float, float]:
    """A mean, and between which values the mean of as many further requests is in 19 of 20 cases.

    The share itself is drawn from Jeffreys' distribution, and then the further requests with that share.
    """
    count = len(values)
    total = sum(values)
    rng = np.random.default_rng(1)
    shares = rng.beta(total + 0.5, count - total + 0.5, DRAWS)
    low, high = np.percentile(rng.binomial(count, shares) / count, [2.5, 97.5])
    return total / count, float(low), float(high)


def _best(tasks: Sequence[FitTask], shares: Sequence[float], provider: tuple[float, float]) -> float:
    """The threshold whose right answers are worth most after money and waiting; the lowest one of several."""

    def worth(limit: float) -> float:
        leaves = [share < limit for share in shares]
        right = sum(_right_with(tasks, leaves, provider[0])) * WORTH.right_answer_micro
        costs = [task.cost_micro if task.provider is not None else provider[1] for task in tasks]
        paid = sum(cost + WORTH.wait_micro for cost, leaving in zip(costs, leaves, strict=True) if leaving)
        return right - paid

    return max(TRIED, key=lambda limit: (round(worth(limit)), -limit))


def _local_only(known: Sequence[FitTask]) -> list[str]:
    """The commands in which the local model is better than the provider by more than chance."""
    found = []
    commands = sorted({task.command for task in known})
    for command in commands:
        own = [task for task in known if task.command == command]
        ours = [float(task.local) for task in own]
        theirs = [float(bool(task.provider)) for task in own]
        if compare_scores(ours, theirs, len(commands)).verdict == "better":
            found.append(command)
    return found


def asked_a_day(config: Config, now: float | None = None) -> float:
    """The mean over the days on which anything was asked in the last month, 0 for none."""
    since = (time.time() if now is None else now) - DAYS * DAY_S
    days: dict[int, set[str]] = {}
    for event in feedback.events(gate_files(config).feedback):
        if event.event == "routed" and event.at >= since:
            days.setdefault(int(event.at // DAY_S), set()).add(event.request_id)
    return sum(map(len, days.values())) / len(days) if days else 0.0


def settings_patch(found: ThresholdFit) -> str:
    """The lines for `.assist.toml` or config.toml.

    A command in which the local model is better stays on this machine. "" if nothing is recommended.
    """
    lines = ["[escalation]"]
    if not found.recommended:
        return ""
    if len(found.recommended) == 1:
        lines.append(f"threshold = {found.recommended['default']}")
    else:
        lines += [f"threshold.{kind} = {limit}" for kind, limit in found.recommended.items()]
    if found.local_only:
        names = ", ".join(f'"{command}"' for command in found.local_only)
        lines.append(f"always_local = [{names}]")
    return "\n".join(lines) + "\n"


def fit_document(found: ThresholdFit, asked_a_day: float) -> dict[str, object]:
    """The fit as JSON; dollars a day at this user's rate of questions."""
    return {
        "tasks": found.tasks,
        "local_right": found.local_right,
        "provider_right": found.provider_right,
        "provider_assumed": found.assumed,
        "rows": [_row_document(row, asked_a_day) for row in found.rows],
        "recommended": dict(found.recommended),
        "chosen": _row_document(found.chosen, asked_a_day) if found.chosen else None,
        "patch": settings_patch(found),
    }


def _row_document(row: ThresholdRow, asked_a_day: float) -> dict[str, float]:
    return {**asdict(row), "usd_per_day": row.usd_per_100 * asked_a_day / 100}
