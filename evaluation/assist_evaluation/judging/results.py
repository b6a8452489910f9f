"""The results of a run: one row for each task and candidate, in numbers and without any text."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assist_context import durable_files
from assist_context.regular_files import read_regular
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.judging.score import score
from assist_evaluation.tasks import EvalTask, TaskKind, TaskTexts
from assist_server.errors import UserError

RESULTS = "results.jsonl"
RUN = "run.json"
KEYS = frozenset(
    {
        "run",
        "repository",
        "commit",
        "date",
        "versions",
        "released",
        "problems",
        "left_out",
        "complete",
        "tests",
    }
)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one candidate did with one task. Money is in micro-dollars, times in milliseconds.

    `group` is the same for all tasks of a file, whose outcomes depend on each other.
    """

    task: str
    kind: TaskKind
    language: str
    stratum: str
    day: str
    candidate: str
    group: str
    score: float
    numbers: Mapping[str, float]
    counts: Mapping[str, float]
    ms: float
    tokens_read: int
    tokens_written: int
    cost_micro: int
    confidence: float | None
    answered: bool
    disturbed: bool


def result_row(task: EvalTask, label: str, texts: TaskTexts, answer: EvalAnswer) -> ResultRow:
    """The row of an answer."""
    found = score(task, texts, answer)
    return ResultRow(
        task.id,
        task.kind,
        task.language,
        task.stratum,
        task.day,
        label,
        hashlib.sha256(task.path.encode("utf-8", "surrogatepass")).hexdigest()[:12],
        round(found.score, 6),
        {name: round(value, 6) for name, value in found.numbers.items()},
        dict(answer.counts),
        round(answer.ms, 2),
        answer.tokens_read,
        answer.tokens_written,
        answer.cost_micro,
        answer.confidence,
        not answer.reason,
        answer.disturbed,
    )


def write_results(folder: Path, rows: Sequence[ResultRow], run: Mapping[str, Any]) -> None:
    """Write the rows and the facts of a run into its folder, for its owner only."""
    lines = "".join(json.dumps(asdict(row), separators=(",", ":")) + "\n" for row in rows)
    durable_files.replace(folder / RESULTS, lines.encode())
    write_run(folder, run)


def write_run(folder: Path, run: Mapping[str, Any]) -> None:
    """Write the facts of a run alone."""
    durable_files.replace(folder / RUN, (json.dumps(run, indent=1) + "\n").encode())


def read_results(folder: Path) -> tuple[tuple[ResultRow, ...], dict[str, Any]]:
    """The rows and the facts of a run. Raises `UserError` if they cannot be read."""
    try:
        lines = read_regular(folder / RESULTS).decode("utf-8").splitlines()
        rows = tuple(ResultRow(**json.loads(line)) for line in lines)
        run: dict[str, Any] = json.loads(read_regular(folder / RUN))
        if not run.keys() >= KEYS:
            raise ValueError("it lacks some of the facts")
    except FileNotFoundError:
        raise UserError(f"{folder} holds no results of `assist eval run`.") from None
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"The results in {folder} cannot be read ({error}): run `assist eval run` again."
        ) from error
    return rows, run
