"""What candidates are asked: tasks as they are stored, without any code, and the texts that belong to one.

A task is a hole in a file at a commit. Its text is read again from git when it is needed, so that a file of
tasks can be shared. This module reads no repository.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, get_args

from assist_server.errors import UserError

Kind = Literal["lines", "typing", "bodies", "edits", "next", "questions"]
KINDS: tuple[Kind, ...] = get_args(Kind)
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
    kind: Kind
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
    """The tasks of a repository at a commit, as a seed draws them. `repository` is the folder's name."""

    repository: str
    commit: str
    seed: int
    tasks: tuple[EvalTask, ...]


@dataclass(frozen=True, slots=True)
class TaskTexts:
    """The texts of a task: a candidate sees `before`, `old` and `after`; `truth` belongs in place of `old`.

    `words` is what a person asks for: a commit's subject, or the question.
    """

    before: str
    after: str
    truth: str
    old: str = ""
    words: str = ""

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
    rows = [{**asdict(each), **(_texts_row(texts, each.id) if texts else {})} for each in tasks.tasks]
    lines = "".join(json.dumps(row, ensure_ascii=True) + "\n" for row in (header, *rows))
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.touch(mode=0o600)
    file.write_text(lines, encoding="utf-8")


def _texts_row(texts: Mapping[str, TaskTexts], name: str) -> dict[str, Any]:
    return {"texts": asdict(texts[name])} if name in texts else {}


def read_tasks(file: Path) -> TaskSet:
    """The tasks of a file. Raises `UserError` for a file that is missing, damaged or of another version."""
    try:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
        header, *rows = lines
        if header["format"] != FORMAT:
            raise UserError(f"{file} was written by another version: run `assist eval mine` again.")
        tasks = tuple(_task(row) for row in rows)
        return TaskSet(str(header["repository"]), str(header["commit"]), int(header["seed"]), tasks)
    except FileNotFoundError:
        raise UserError(f"There are no tasks in {file}: run `assist eval mine` first.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{file} cannot be read ({error}): run `assist eval mine` again.") from error


def _task(row: Mapping[str, Any]) -> EvalTask:
    known = {item.name for item in fields(EvalTask)}
    task = EvalTask(**{key: value for key, value in row.items() if key in known})
    if task.kind not in KINDS:
        raise ValueError(f"no such kind of task: {task.kind}")
    return task


def count_by_kind(tasks: Iterable[EvalTask]) -> dict[Kind, int]:
    """How many tasks there are of each kind that has some."""
    found: dict[Kind, int] = {}
    for task in tasks:
        found[task.kind] = found.get(task.kind, 0) + 1
    return {kind: found[kind] for kind in KINDS if kind in found}
