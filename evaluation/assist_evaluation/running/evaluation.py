"""An evaluation from beginning to end: its parts put together, the run, and its results.

The composition of this wing. It draws nothing; `show` and `say` hear how far it is.
"""

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assist_completion.model_store.catalogue import rows as catalogue_rows
from assist_evaluation.candidates.opening import CandidateParts, make_candidate
from assist_evaluation.candidates.run_budget import RunBudget
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.judging.results import ResultRow, result_row, write_results
from assist_evaluation.mining.mine import SayStep, masked_files
from assist_evaluation.running.bodies import BodyJudge
from assist_evaluation.running.leaving import record_departures
from assist_evaluation.running.ready import ReadyEvaluation
from assist_evaluation.running.run import EvalOutcome, EvalPlan, EvalPosition, EvalRun
from assist_evaluation.running.store import AnswerStore
from assist_evaluation.tasks import TASKS_FILE, UNSEEN, count_by_kind, write_tasks
from assist_runner.sandbox.tree_copy import copy_tree
from assist_server.config.config import Config
from assist_server.local_model.machine import memory_bytes
from assist_server.workspace.git_access import make_git

REPORTING = 8.0  # seconds for the report of 4,000 answers, which the time of a run includes


class Evaluation:
    """Owns a run and its folder."""

    def __init__(self, ready: ReadyEvaluation, show: Callable[[EvalPosition], None], say: SayStep) -> None:
        self._ready = ready
        self._say = say
        self._start = ready.start
        self._began = datetime.now(UTC)
        self.folder = ready.folder.new_run(f"{self._began:%Y%m%d-%H%M%S}")
        self._judge = BodyJudge(
            ready.repository, ready.folder, make_git(ready.config), ready.wish.test,
            ready.config.programs.get("PATH", os.defpath),
        )  # fmt: skip
        masked = self._masked_copy()
        parts = CandidateParts(
            ready.config,
            ready.workspace,
            RunBudget(self.folder, round(1e6 * ready.wish.max_usd)),
            ready.tasks.tasks,
            ready.texts,
            ready.folder.copy,
            masked,
            _search_config(ready),
        )
        left = 60 * ready.wish.minutes - (time.monotonic() - ready.start) - REPORTING
        plan = EvalPlan(ready.tasks.tasks, ready.texts, ready.candidates, ready.versions, max(1.0, left))
        make = partial(make_candidate, parts=parts)
        self._run = EvalRun(plan, make, AnswerStore(ready.folder), self._judge, show)

    async def run(self) -> Path:
        """Ask the candidates, write the results, and return their folder. A cancelled run writes them too."""
        try:
            await self._run.run()
        finally:
            self._judge.close()
            self._write(self._run.outcome)
        return self.folder

    def record_departures(self) -> None:
        """Add to the results what left this machine since the run began."""
        record_departures(self._ready, self.folder, self._began)

    def _masked_copy(self) -> dict[str, str]:
        """Make the copy that questions are searched in, if the search is asked."""
        ready = self._ready
        if not any(candidate.source == "search" for candidate in ready.candidates):
            return {}
        names = "".join(task.id for task in ready.tasks.tasks if task.kind == "questions")
        if not names:
            return {}
        mark = hashlib.sha256(f"{ready.tasks.commit}{names}".encode()).hexdigest()
        file = ready.folder.path / "copy.mark"
        if not file.is_file() or file.read_text(encoding="ascii") != mark:
            self._say("copying the files for the search")
            file.unlink(missing_ok=True)
            shutil.rmtree(ready.folder.copy, ignore_errors=True)
            root = Path(ready.repository.root)
            copy_tree(root, ready.folder.copy, ready.tasks.commit, make_git(ready.config))
            paths = ready.repository.files()
            for path in paths.keys() - set(ready.repository.filter_allowed(paths)):
                (ready.folder.copy / path).unlink(missing_ok=True)
            file.write_text(mark, encoding="ascii")
        return masked_files(ready.repository, ready.tasks.tasks)

    def _write(self, outcome: EvalOutcome) -> None:
        ready = self._ready
        tasks = {task.id: task for task in ready.tasks.tasks}
        rows = [
            result_row(tasks[name], label, ready.texts[name], answer)
            for (name, label), answer in outcome.answers.items()
        ]
        left_out = Counter([*outcome.left_out.values(), *ready.left_out.values()])
        left_out += Counter({UNSEEN: ready.tasks.left_out})
        write_tasks(self.folder / TASKS_FILE, ready.tasks)
        write_results(self.folder, rows, self._facts(rows, outcome, left_out))

    def _facts(
        self, rows: Sequence[ResultRow], outcome: EvalOutcome, left_out: Mapping[str, int]
    ) -> dict[str, Any]:
        ready = self._ready
        return {
            "run": self.folder.name,
            "repository": ready.tasks.repository,
            "commit": ready.tasks.commit,
            "seed": ready.tasks.seed,
            "date": f"{self._began:%Y-%m-%d %H:%M} UTC",
            "version": version("assist-lsp"),
            "machine": f"{os.cpu_count()} cores, {memory_bytes() / 2**30:.0f} GB of memory",
            "minutes": round((time.monotonic() - self._start) / 60, 1),
            "complete": outcome.complete,
            "tasks": len({row.task for row in rows}),
            "mined": count_by_kind(ready.tasks.tasks),
            "versions": dict(ready.versions),
            "released": release_days(ready.candidates),
            "max_usd": ready.wish.max_usd,
            "asked": outcome.asked,
            "tests": self._judge.words,
            "problems": outcome.problems,
            "left_out": dict(left_out),
        }


def release_days(candidates: Sequence[CandidateSpec]) -> dict[str, str]:
    """The day on which the weights of each candidate's model were published, as far as it is known."""
    days = {row.name: row.released for row in catalogue_rows()}
    return {candidate.label: days[candidate.name] for candidate in candidates if days.get(candidate.name)}


def _search_config(ready: ReadyEvaluation) -> Config:
    """The settings with another directory for the index of the copy."""
    paths = replace(ready.config.paths, data=ready.folder.path / "search")
    return replace(ready.config, paths=paths)
