"""What candidates are asked: tasks as they are stored, without any code, and the texts that belong to one.

A task is a hole in a file at a commit. Its text is read again from git when it is needed, so that a file of
tasks can be shared. This module reads no repository.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path, PurePosixPath
from typing import Any, Literal, get_args

from assist_context import durable_files
from assist_context.regular_files import read_regular
from assist_server.errors import UserError

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_NAME = re.compile(r"[a-z]+-[0-9a-f]{12}")
MAX_LINES = 10_000_000  # of a file
COMMANDS = ("fix", "refactor")  # of an edit

TaskKind = Literal["lines", "typing", "bodies", "edits", "next", "questions"]
KINDS: tuple[TaskKind, ...] = get_args(TaskKind)
UNSEEN = "their files or functions have names with characters that cannot be seen"
FORMAT = 1  # of the file of tasks
TASKS_FILE = "tasks.jsonl"  # in a run's folder too: the same tasks can be asked again


@dataclass(frozen=True, slots=True)
class EvalTask:
    """One task. Lines count from 1, both ends included; columns from 0, in characters.

    `commit` is the one whose files are asked about, `change` the one that the task is made from. The hole is
    from line `first` to `last` of `path`; in a line task it begins at `column`. An insertion has `last` below
    `first`. `stratum` says what the answer needs: "file" or "workspace". `day` is when the code was written,
    and `name` the definition in question, "" for none.
    """

    id: str
    kind: TaskKind
    commit: str
    change: str
    path: str
    language: str
    first: int
    last: int
    column: int = 0
    stratum: str = "file"
    day: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class TaskSet:
    """The tasks of a repository at a commit, as a seed draws them. `repository` is the folder's name.

    `left_out` counts those that cannot be in a file of tasks, as of files with unseen characters in their
    names.
    """

    repository: str
    commit: str
    seed: int
    tasks: tuple[EvalTask, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class TaskTexts:
    """The texts of a task: a candidate sees `before`, `old` and `after`; `truth` belongs in place of `old`.

    `words` is what a person asks for: a commit's subject, or the question. `start` is the file before the
    edits that a next edit follows.
    """

    before: str
    after: str
    truth: str
    old: str = ""
    words: str = ""
    start: str = ""

    @property
    def asked(self) -> str:
        """The file as a candidate sees it."""
        return f"{self.before}{self.old}{self.after}"

    def fill(self, text: str) -> str:
        """The file with a text in the hole."""
        return f"{self.before}{text}{self.after}"


def write_tasks(file: Path, tasks: TaskSet, texts: Mapping[str, TaskTexts] | None = None) -> None:
    """Write JSON Lines: a header, then a task a line, with its texts if they are given by id."""
    header = {
        "format": FORMAT,
        "repository": tasks.repository,
        "commit": tasks.commit,
        "seed": tasks.seed,
        "tasks": len(tasks.tasks),
    }
    rows = [{**asdict(task), **(_texts_row(texts, task.id) if texts else {})} for task in tasks.tasks]
    lines = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in (header, *rows))
    durable_files.make_folder(file.parent)
    durable_files.replace(file, lines.encode())


def _texts_row(texts: Mapping[str, TaskTexts], name: str) -> dict[str, Any]:
    return {"texts": asdict(texts[name])} if name in texts else {}


def read_tasks(file: Path) -> TaskSet:
    """The tasks of a file. Raises `UserError` for a file that is missing, damaged or of another version."""
    try:
        text = read_regular(file).decode("utf-8")
        lines = [json.loads(line) for line in text.splitlines() if line.strip()]
        header, *rows = lines
        if header["format"] != FORMAT:
            raise UserError(f"{file} was written by another version: run `assist eval mine` again.")
        tasks = tuple(_task(row) for row in rows)
        if len({task.id for task in tasks}) < len(tasks) or not _COMMIT.fullmatch(header["commit"]):
            raise ValueError("ids or the commit")
        return TaskSet(str(header["repository"]), str(header["commit"]), int(header["seed"]), tasks)
    except FileNotFoundError:
        raise UserError(f"There are no tasks in {file}: run `assist eval mine` first.") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}): name a file of tasks.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} cannot be read ({error}): run `assist eval mine` again.") from error


def _task(row: Mapping[str, Any]) -> EvalTask:
    """A row as a task. A file of tasks may come from a stranger, so each value is checked."""
    known = {item.name: item.type for item in fields(EvalTask)}
    task = EvalTask(**{key: value for key, value in row.items() if key in known})
    for name, kind in known.items():
        if type(getattr(task, name)) is not (int if kind in (int, "int") else str):
            raise ValueError(f"{name} = {getattr(task, name)!r}")
    if not is_writable(task):
        raise ValueError(f"an invalid task: {task.id!r}")
    return task


def is_writable(task: EvalTask) -> bool:
    """Whether a task can be in a file of tasks: each value is one that can be, and all of it can be seen."""
    plain = PurePosixPath(task.path)
    return bool(
        task.kind in KINDS
        and _NAME.fullmatch(task.id)
        and _COMMIT.fullmatch(task.commit)
        and (not task.change or _COMMIT.fullmatch(task.change))
        and task.path == str(plain)
        and not plain.is_absolute()
        and not {"", ".", "..", ".git"} & set(plain.parts)
        and all(text.isprintable() for text in (task.path, task.name, task.language))
        and 0 < task.first < MAX_LINES
        and 0 <= task.last < MAX_LINES
        and 0 <= task.column < MAX_LINES
        and (task.kind != "edits" or task.name in COMMANDS)
    )


def count_by_kind(tasks: Iterable[EvalTask]) -> dict[TaskKind, int]:
    """How many tasks there are of each kind that has some."""
    found: dict[TaskKind, int] = {}
    for task in tasks:
        found[task.kind] = found.get(task.kind, 0) + 1
    return {kind: found[kind] for kind in KINDS if kind in found}
