"""A run as it is reported: its summary, answers that differ, runs side by side."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from assist_context import durable_files
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.judging.results import KEYS, RESULTS, ResultRow, read_results
from assist_evaluation.judging.score import changed_parts
from assist_evaluation.judging.summary import RunSummary, summarize
from assist_evaluation.judging.verdicts import compare_scores, words
from assist_evaluation.mining.mine import texts_of
from assist_evaluation.mining.sources import MinedRepository
from assist_evaluation.report.facts import ExampleDifference, summary_document
from assist_evaluation.running.store import AnswerStore, EvalFolder, version_for
from assist_evaluation.tasks import KINDS, TASKS_FILE, EvalTask, TaskTexts, read_tasks
from assist_server.errors import UserError

EXAMPLES = 6
DOCUMENT = "report.json"  # in a run's folder


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run with its summary. `document` is the JSON of both."""

    folder: Path
    run: Mapping[str, Any]
    rows: tuple[ResultRow, ...]
    summary: RunSummary
    document: dict[str, Any]


def report_of(folder: Path) -> RunReport:
    """The report of a run's folder. Raises `UserError` without results."""
    rows, run = read_results(folder)
    labels = list(run["versions"])
    summary = summarize(rows, labels, run["released"])
    return RunReport(folder, run, rows, summary, summary_document(run, summary))


def keep_document(report: RunReport) -> None:
    """Keep the document of a run next to its results, which the guards of later runs read."""
    durable_files.replace(report.folder / DOCUMENT, json.dumps(report.document).encode())


def documents_of(folders: Iterable[Path]) -> list[dict[str, Any]]:
    """The documents of runs, as far as they can be read: those of another version may not."""
    found = []
    for folder in folders:
        try:
            document = json.loads((folder / DOCUMENT).read_text(encoding="utf-8"))
            found.append(document if document.keys() >= KEYS else report_of(folder).document)
        except (OSError, ValueError, AttributeError, UserError):
            continue
    return found


def find_run(folder: EvalFolder, name: str) -> Path:
    """The folder of a run by its name, its path, or `last` and `last-1` for the newest ones."""
    runs = folder.run_folders()
    base, _, back = name.partition("-") if name.startswith("last") else ("", "", "")
    if base == "last" and (not back or back.isdigit()):
        at = len(runs) - 1 - int(back or 0)
        if not runs:
            raise UserError("There is no saved run of this repository: `assist eval run` makes one.")
        if at < 0:
            raise UserError(f"There is no run {name!r}: there are {len(runs)}. `assist eval run` makes one.")
        return runs[at]
    found = [run for run in runs if run.name == name]
    path = Path(name).expanduser()
    if found or (path / RESULTS).is_file():
        return found[0] if found else path
    known = ", ".join(run.name for run in runs[-5:]) or "none yet"
    raise UserError(f"There is no run {name!r}: name a folder, `last`, or one of {known}.")


def compare_runs(one: RunReport, other: RunReport) -> list[str]:
    """Two runs in sentences: for each candidate and kind that both have, on the tasks that both asked."""
    names = (str(one.run["run"]), str(other.run["run"]))
    rows = {(row.task, row.candidate): row.score for row in other.rows}
    found = []
    labels = [label for label in one.run["versions"] if label in other.run["versions"]]
    looks = len(labels) * len(KINDS)
    for label in labels:
        for kind in KINDS:
            own = {row.task: row.score for row in one.rows if row.candidate == label and row.kind == kind}
            common = [task for task in own if (task, label) in rows]
            if common:
                scores = [own[task] for task in common], [rows[task, label] for task in common]
                compared = compare_scores(*scores, looks)
                found.append(f"{label}: {words(*names, compared, kind)}")
    return found


def differing_pairs(
    report: RunReport, tasks: Sequence[EvalTask], kinds: Sequence[str] = ("lines", "bodies", "edits")
) -> list[tuple[EvalTask, str, str]]:
    """Tasks with two candidates whose scores differ most, the largest difference first."""
    known = {task.id: task for task in tasks}
    by_task: dict[str, list[ResultRow]] = {}
    for row in report.rows:
        if row.kind in kinds and row.task in known:
            by_task.setdefault(row.task, []).append(row)
    pairs = [
        (abs(one.score - other.score), known[task], one.candidate, other.candidate)
        for task, rows in by_task.items()
        for one, other in combinations(rows, 2)
        if one.score != other.score
    ]
    pairs.sort(key=lambda each: (-each[0], each[1].id))
    return [pair[1:] for pair in pairs]


def examples_of(
    report: RunReport, folder: EvalFolder, repository: MinedRepository | None
) -> list[ExampleDifference]:
    """A few tasks on which candidates differ most, each once; with the texts if a repository is given."""
    tasks = read_tasks(report.folder / TASKS_FILE).tasks
    scores = {(row.task, row.candidate): row.score for row in report.rows}
    chosen: dict[str, tuple[EvalTask, str, str]] = {}
    for pair in differing_pairs(report, tasks):
        chosen.setdefault(pair[0].id, pair)
    picked = list(chosen.values())[:EXAMPLES]
    texts = texts_of(repository, [task for task, _, _ in picked]) if repository else {}
    store = AnswerStore(folder) if repository else None
    found = []
    for task, one, other in picked:
        worse, better = sorted((one, other), key=lambda label: scores[task.id, label])
        shown = ("", "", "")
        if store is not None and task.id in texts:
            own = texts[task.id]
            versions = report.run["versions"]
            keys = {
                label: version_for(task, versions[label], report.run["tests"]) for label in (worse, better)
            }
            answers = [store.find(task, label, key) or EvalAnswer() for label, key in keys.items()]
            shown = (own.truth, hole_text(answers[0], own), hole_text(answers[1], own))
        place = f"{task.path}:{task.first}"
        both = (scores[task.id, worse], scores[task.id, better])
        found.append(ExampleDifference(task.kind, place, worse, better, both, shown))
    return found


def hole_text(answer: EvalAnswer, texts: TaskTexts) -> str:
    """What an answer has in the hole; of an edit, all that it changes."""
    return changed_parts(texts, answer)[0]
