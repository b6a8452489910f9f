"""An evaluation before anything is asked: what a person wants, the tasks, their texts, and the candidates."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_completion.errors import CompletionError
from assist_completion.model_store.store import installed_models, resolve
from assist_evaluation.candidates.opening import version_of
from assist_evaluation.candidates.spec import CandidateSpec, parse_candidate
from assist_evaluation.mining.mine import SayStep, mine, texts_of
from assist_evaluation.mining.sources import MinedRepository, open_repository
from assist_evaluation.running.store import EvalFolder, eval_folder
from assist_evaluation.tasks import KINDS, EvalTask, TaskKind, TaskSet, TaskTexts, read_tasks, write_tasks
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.local_model.opening import open_store
from assist_server.workspace.folders import WorkspaceFolder
from assist_server.workspace.git_access import make_git
from assist_server.workspace.index_update import update_index, working_folder

TASKS = 300
LOCALS = 2  # other local models that are asked by themselves
LONG = 15.0  # minutes; in a run of five, the model without other files took a third and told nothing
LARGEST_COPY = 20_000  # files of a repository that is copied for searches and tests: it takes a minute


@dataclass(frozen=True, slots=True)
class EvalRequest:
    """What a person wants evaluated. Empty `candidates` and `kinds` mean the usual ones.

    `minutes` bounds all of it: mining, asking, and the report.
    """

    candidates: tuple[CandidateSpec, ...] = ()
    kinds: tuple[TaskKind, ...] = ()
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
    wish: EvalRequest
    folder: EvalFolder
    workspace: WorkspaceFolder
    repository: MinedRepository
    tasks: TaskSet
    texts: Mapping[str, TaskTexts]
    candidates: tuple[CandidateSpec, ...]
    versions: Mapping[str, str]
    left_out: Mapping[str, str]
    start: float


def workspace_at(config: Config, root: Path) -> WorkspaceFolder:
    """The folder that is evaluated: the nearest one with an index from here upward, as for questions."""
    return working_folder(config, root)


def mine_tasks(config: Config, workspace: WorkspaceFolder, wish: EvalRequest, say: SayStep) -> TaskSet:
    """Mine the tasks of a repository as it is checked out. Raises `UserError`."""
    repository = open_repository(make_git(config), workspace.root)
    found = mine(repository, wish.count, wish.seed, wish.kinds or KINDS, say)
    if not found.tasks:
        raise UserError(
            f"{workspace.root} has no tasks: tasks need a history of several commits with code in a "
            "supported language. A shallow clone has no history: `git fetch --unshallow` fetches it."
        )
    return found


def get_ready(config: Config, root: Path, wish: EvalRequest, say: SayStep) -> ReadyEvaluation:
    """Mine or read the tasks, look up the candidates, and bring the index up to date. Raises `UserError`."""
    start = time.monotonic()
    workspace = workspace_at(config, root)
    folder = eval_folder(config, workspace.root)
    candidates = wish.candidates or usual_candidates(config, workspace.root, wish)
    versions = {candidate.label: version_of(candidate, config, workspace.root) for candidate in candidates}
    answered = {kind for candidate in candidates for kind in candidate.kinds}
    kinds = tuple(kind for kind in wish.kinds or KINDS if kind in answered)
    if not kinds:
        names = ", ".join(candidate.label for candidate in candidates)
        said = f"{names} cannot answer {', '.join(wish.kinds)}: "
        if wish.candidates:
            raise UserError(said + "name other kinds.", WRONG_USAGE)
        raise UserError(said + "fetch a model with `assist setup`, or name candidates with -c.")
    if wish.tasks_file is not None:
        tasks = read_tasks(wish.tasks_file)
        repository = open_repository(make_git(config), workspace.root, tasks.commit)
    else:
        tasks = mine_tasks(config, workspace, replace(wish, kinds=kinds), say)
        repository = open_repository(make_git(config), workspace.root)
        write_tasks(folder.tasks, tasks)
    large = len(repository.files()) > LARGEST_COPY
    left_out = {task.id: why for task in tasks.tasks if (why := _why_not(task, kinds, large=large))}
    kept = tuple(task for task in tasks.tasks if task.id not in left_out)
    say("reading the tasks")
    texts = texts_of(repository, kept)
    if any(candidate.context for candidate in candidates) and config.context.index:
        say("indexing")
        update_index(config, workspace, lambda *_: None)
    return ReadyEvaluation(
        config, wish, folder, workspace, repository, replace(tasks, tasks=kept), texts, candidates, versions,
        left_out, start,
    )  # fmt: skip


def _why_not(task: EvalTask, kinds: Sequence[TaskKind], *, large: bool) -> str:
    """Why a task is not asked, "" if it is."""
    if task.kind not in kinds:
        return f"{task.kind} are not asked"
    if task.kind in ("questions", "bodies") and large:
        return f"{task.kind} need a copy, and the repository has more than {LARGEST_COPY:,} files"
    return ""


def usual_candidates(config: Config, root: str, wish: EvalRequest) -> tuple[CandidateSpec, ...]:
    """The model in use, other models here, the team's server, the search, next edits.

    In a run that is long enough the model in use is also asked without other files. Providers are among them
    only if money was given for them.
    """
    used = config.completion.model
    found = [CandidateSpec("local", used)] if _is_here(config) else []
    if found and wish.minutes >= LONG:
        found.append(CandidateSpec("local", used, context=False))
    here = (model.row for model in installed_models(open_store(config)))
    others = [row.name for row in here if row.name != used and row.fim and row.purpose == "completion"]
    found += [CandidateSpec("local", name) for name in others[:LOCALS]]
    allowed = permissions_for(config, [root])[0]
    if allowed.ghost_server and not config.offline:
        found.append(CandidateSpec("server", allowed.ghost_server))
    found += [CandidateSpec("search"), CandidateSpec("next-edit")]
    if wish.max_usd > 0 and not config.offline:
        found += [CandidateSpec("provider", name) for name in list(allowed.providers)[:1]]
    return tuple(found)


def _is_here(config: Config) -> bool:
    try:
        resolve(open_store(config), config.completion.model)
    except CompletionError:
        return False
    return True


def candidates_of(texts: Sequence[str]) -> tuple[CandidateSpec, ...]:
    """The candidates that texts name, each once. Raises `UserError`."""
    return tuple(dict.fromkeys(map(parse_candidate, texts)))


def check_kinds(names: Sequence[str]) -> tuple[TaskKind, ...]:
    """The kinds of these names. Raises `UserError` for another word."""
    for name in names:
        if name not in KINDS:
            raise UserError(f"{name!r} is not a kind of task: choose from {', '.join(KINDS)}.", WRONG_USAGE)
    return tuple(kind for kind in KINDS if kind in names)
