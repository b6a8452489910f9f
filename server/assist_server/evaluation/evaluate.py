"""An evaluation from beginning to end: what is asked of whom, what that may cost, the run, and its results.

The composition of this wing. It draws nothing; `show` and `say` hear how far it is.
"""

import hashlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from assist_completion.model_store.catalogue import rows as catalogue_rows
from assist_completion.model_store.store import installed_models
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.evaluation.candidates.answers import AnswerCandidate
from assist_server.evaluation.candidates.opening import CandidateParts, make_candidate, version_of
from assist_server.evaluation.candidates.run_budget import RunBudget
from assist_server.evaluation.candidates.spec import CandidateSpec, parse_candidate
from assist_server.evaluation.mining.mine import masked_files, mine, texts_of
from assist_server.evaluation.mining.sources import MinedRepository, open_repository
from assist_server.evaluation.ranking.results import ResultRow, result_row, write_results
from assist_server.evaluation.running.bodies import BodyJudge
from assist_server.evaluation.running.run import EvalOutcome, EvalPlan, EvalPosition, EvalRun
from assist_server.evaluation.running.store import AnswerStore, EvalFolder, eval_folder
from assist_server.evaluation.sandbox.tree_copy import copy_tree
from assist_server.evaluation.tasks import (
    KINDS,
    TASKS_FILE,
    EvalTask,
    Kind,
    TaskSet,
    TaskTexts,
    count_by_kind,
    read_tasks,
    write_tasks,
)
from assist_server.local_model.machine import memory_bytes
from assist_server.local_model.opening import store_of
from assist_server.questions.composition import git_of
from assist_server.workspace.folder_index import folder_at, known_folder, update_index
from assist_server.workspace.folders import WorkspaceFolder

TASKS = 300
REPORTING = 8.0  # seconds for the report of 4,000 answers, which the time of a run includes
LOCALS = 2  # other local models that are asked by themselves
LARGEST_COPY = 20_000  # files of a repository whose questions are searched in a copy: it takes a minute

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class EvalWish:
    """What a person wants evaluated. Empty `candidates` and `kinds` mean the usual ones.

    `minutes` bounds all of it: mining, asking, and the report.
    """

    candidates: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    minutes: float = 20.0
    max_usd: float = 0.0
    test: str = ""
    tasks_file: Path | None = None
    count: int = TASKS
    seed: int = 1


@dataclass(frozen=True, slots=True)
class ReadyEvaluation:
    """Everything that a run needs, with nothing asked yet. `start` is when its time began to run."""

    config: Config
    wish: EvalWish
    folder: EvalFolder
    workspace: WorkspaceFolder
    repository: MinedRepository
    tasks: TaskSet
    texts: Mapping[str, TaskTexts]
    candidates: tuple[CandidateSpec, ...]
    versions: Mapping[str, str]
    left_out: Mapping[str, str]
    start: float


@dataclass(frozen=True, slots=True)
class PriceBound:
    """What a provider may be asked in a run at most, and what that may cost, in micro-dollars."""

    candidate: str
    host: str
    requests: int
    upper_micro: int
    refused: Mapping[str, int]


def workspace_at(config: Config, root: Path) -> WorkspaceFolder:
    """The folder that is evaluated: the nearest one with an index from here upward, as for questions."""
    return known_folder(config, root) or folder_at(config, root)


def mine_tasks(config: Config, workspace: WorkspaceFolder, wish: EvalWish, say: Say) -> TaskSet:
    """Mine the tasks of a repository as it is checked out."""
    repository = open_repository(git_of(config), workspace.root)
    return mine(repository, wish.count, wish.seed, wish.kinds or KINDS, say)


def get_ready(config: Config, root: Path, wish: EvalWish, say: Say) -> ReadyEvaluation:
    """Mine or read the tasks, and look up the candidates. Raises `UserError`."""
    start = time.monotonic()
    workspace = workspace_at(config, root)
    repository = open_repository(git_of(config), workspace.root)
    folder = eval_folder(config, workspace.root)
    if wish.tasks_file is not None:
        tasks = read_tasks(wish.tasks_file)
        repository = open_repository(git_of(config), workspace.root, tasks.commit)
    else:
        tasks = mine(repository, wish.count, wish.seed, KINDS, say)
        write_tasks(folder.tasks, tasks)
    if not tasks.tasks:
        raise UserError(
            f"{workspace.root} has no tasks: its history has no code in a language that is known."
        )
    say("reading the tasks")
    texts = texts_of(repository, tasks.tasks)
    candidates = tuple(map(parse_candidate, wish.candidates)) or usual_candidates(
        config, workspace.root, wish
    )
    versions = {each.label: version_of(each, config, workspace.root) for each in candidates}
    wanted = set(wish.kinds or KINDS) & {kind for each in candidates for kind in each.kinds}
    kept = tuple(task for task in tasks.tasks if task.kind in wanted)
    left_out = {task.id: _why_not(task, wish) for task in tasks.tasks if task.kind not in wanted}
    return ReadyEvaluation(
        config, wish, folder, workspace, repository, replace(tasks, tasks=kept), texts, candidates, versions,
        left_out, start,
    )  # fmt: skip


def _why_not(task: EvalTask, wish: EvalWish) -> str:
    if wish.kinds and task.kind not in wish.kinds:
        return f"{task.kind} were not wanted"
    return f"no candidate answers {task.kind}"


def usual_candidates(config: Config, root: str, wish: EvalWish) -> tuple[CandidateSpec, ...]:
    """The model in use with and without other files, other models here, the team's server, the search.

    Providers are among them only if money was given for them.
    """
    mine_ = config.completion.model
    found = [CandidateSpec("local", mine_), CandidateSpec("local", mine_, context=False)]
    here = (each.row for each in installed_models(store_of(config)))
    others = [row.name for row in here if row.name != mine_ and row.fim and row.purpose == "completion"]
    found += [CandidateSpec("local", name) for name in others[:LOCALS]]
    allowed = permissions_for(config, [root])[0]
    if allowed.ghost_server and not config.offline:
        found.append(CandidateSpec("server", allowed.ghost_server))
    found.append(CandidateSpec("search"))
    if wish.max_usd > 0 and not config.offline:
        found += [CandidateSpec("provider", name) for name in list(allowed.providers)[:1]]
    return tuple(found)


def price_bounds(ready: ReadyEvaluation) -> list[PriceBound]:
    """For each provider the most that the run may ask and cost. It sends nothing."""
    found = []
    budget = RunBudget(ready.folder.path, 0)
    for spec in ready.candidates:
        if spec.source != "provider":
            continue
        asker = AnswerCandidate(ready.config, spec, ready.workspace, budget)
        upper = 0
        requests = 0
        host = ""
        refused: Counter[str] = Counter()
        for task in ready.tasks.tasks:
            if task.kind not in spec.kinds or task.id not in ready.texts:
                continue
            try:
                prepared = asker.question(task, ready.texts[task.id]).prepared
            except UserError as error:
                refused[str(error)] += 1
                continue
            if prepared is None:
                refused["the rules keep it here"] += 1
                continue
            upper += prepared.upper_micro
            requests += 1
            host = prepared.host
        found.append(PriceBound(spec.label, host, requests, upper, refused))
    return found


class Evaluation:
    """Owns a run and its folder."""

    def __init__(self, ready: ReadyEvaluation, show: Callable[[EvalPosition], None], say: Say) -> None:
        self._ready = ready
        self._say = say
        self._start = ready.start
        now = datetime.now(UTC)
        self._date = f"{now:%Y-%m-%d %H:%M} UTC"
        self.folder = ready.folder.new_run(f"{now:%Y%m%d-%H%M%S}")
        judge = BodyJudge(
            ready.repository, ready.folder, git_of(ready.config), ready.wish.test,
            ready.config.programs.get("PATH", os.defpath),
        )  # fmt: skip
        self._problems: list[str] = []
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
        self._run = EvalRun(
            plan, partial(make_candidate, parts=parts), AnswerStore(ready.folder), judge, show
        )

    async def run(self) -> Path:
        """Ask the candidates, write the results, and return their folder. A cancelled run writes them too."""
        if any(each.context for each in self._ready.candidates) and self._ready.config.context.index:
            self._say("indexing")
            update_index(self._ready.config, self._ready.workspace, lambda *_: None)
        try:
            await self._run.run()
        finally:
            self._write(self._run.outcome)
        return self.folder

    def _masked_copy(self) -> dict[str, str]:
        """Make the copy that questions are searched in, if the search is asked."""
        ready = self._ready
        if not any(each.source == "search" for each in ready.candidates):
            return {}
        names = "".join(task.id for task in ready.tasks.tasks if task.kind == "questions")
        mark = hashlib.sha256(f"{ready.tasks.commit}{names}".encode()).hexdigest()
        file = ready.folder.path / "copy.mark"
        if len(ready.repository.files()) > LARGEST_COPY:
            self._problems.append(f"questions are left out: more than {LARGEST_COPY:,} files would be copied")
            return {}
        if not file.is_file() or file.read_text(encoding="ascii") != mark:
            self._say("copying the files for the search")
            shutil.rmtree(ready.folder.copy, ignore_errors=True)
            copy_tree(
                Path(ready.repository.root), ready.folder.copy, ready.tasks.commit, git_of(ready.config)
            )
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
            "date": self._date,
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
            "problems": [*self._problems, *outcome.problems],
            "left_out": dict(left_out),
        }


def release_days(candidates: Sequence[CandidateSpec]) -> dict[str, str]:
    """The day on which the weights of each candidate's model were published, as far as it is known."""
    days = {row.name: row.released for row in catalogue_rows()}
    return {each.label: days[each.name] for each in candidates if days.get(each.name)}


def _search_config(ready: ReadyEvaluation) -> Config:
    """The settings with another directory for the index of the copy."""
    paths = replace(ready.config.paths, data=ready.folder.path / "search")
    return replace(ready.config, paths=paths)


def check_kinds(names: Sequence[str]) -> tuple[Kind, ...]:
    """The kinds of these names. Raises `UserError` for another word."""
    for name in names:
        if name not in KINDS:
            raise UserError(f"{name!r} is no kind of task: choose from {', '.join(KINDS)}.", WRONG_USAGE)
    return tuple(kind for kind in KINDS if kind in names)
