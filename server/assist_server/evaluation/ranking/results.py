"""The results of a run: one row for each task and candidate, in numbers and without any text."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assist_server.errors import UserError
from assist_server.evaluation.answers import EvalAnswer
from assist_server.evaluation.scoring.score import score
from assist_server.evaluation.tasks import EvalTask, Kind, TaskTexts

RESULTS = "results.jsonl"
RUN = "run.json"


@dataclass(frozen=True, slots=True)
class ResultRow:
    """What one candidate did with one task. Money is in micro-dollars, times in milliseconds."""

    task: str
    kind: Kind
    language: str
    stratum: str
    day: str
    candidate: str
    score: float
    numbers: Mapping[str, float]
    counts: Mapping[str, float]
    ms: float
    tokens_read: int
    tokens_written: int
    cost_micro: int
    bytes_sent: int
    host: str
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
        round(found.score, 6),
        {name: round(value, 6) for name, value in found.numbers.items()},
        dict(answer.counts),
        round(answer.ms, 2),
        answer.tokens_read,
        answer.tokens_written,
        answer.cost_micro,
        answer.bytes_sent,
        answer.host,
        answer.confidence,
        not answer.reason,
        answer.disturbed,
    )


def write_results(folder: Path, rows: Sequence[ResultRow], run: Mapping[str, Any]) -> None:
    """Write the rows and the facts of a run into its folder, for its owner only."""
    lines = "".join(json.dumps(asdict(row), separators=(",", ":")) + "\n" for row in rows)
    for name, text in ((RESULTS, lines), (RUN, json.dumps(run, indent=1) + "\n")):
        file = folder / name
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")


def read_results(folder: Path) -> tuple[tuple[ResultRow, ...], dict[str, Any]]:
    """The rows and the facts of a run. Raises `UserError` if they cannot be read."""
    try:
        lines = (folder / RESULTS).read_text(encoding="utf-8").splitlines()
        rows = tuple(ResultRow(**json.loads(line)) for line in lines)
        run: dict[str, Any] = json.loads((folder / RUN).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{folder} holds no results of `assist eval run`.") from None
    except (OSError, ValueError, TypeError) as error:
        raise UserError(
            f"The results in {folder} cannot be read ({error}): run `assist eval run` again."
        ) from error
    return rows, run
