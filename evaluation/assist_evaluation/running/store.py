"""The files of a repository's evaluations: tasks, answers, and a folder for each run. All are private.

Answers hold texts, so that they can be judged again; `assist eval clear` deletes them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from assist_context import durable_files
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.tasks import EvalTask
from assist_runner.sandbox.body_check import Acceptance
from assist_runner.sandbox.tree_copy import remove_tree
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.workspace.folders import make_key

LOCK_S = 10.0


@dataclass(frozen=True, slots=True)
class EvalFolder:
    """Where the evaluations of a repository are kept."""

    path: Path

    @property
    def tasks(self) -> Path:
        """The tasks that were mined last."""
        return self.path / "tasks.jsonl"

    @property
    def copy(self) -> Path:
        """The copy of the files in which the words of questions are missing."""
        return self.path / "copy"

    @property
    def tree(self) -> Path:
        """The copy of the files in which tests run."""
        return self.path / "tree"

    def run_folders(self) -> list[Path]:
        """The folders of all runs that have results, oldest first."""
        return sorted(path.parent for path in (self.path / "runs").glob("*/results.jsonl"))

    def new_run(self, name: str) -> Path:
        """An empty folder for a run; a second run in the same second gets another name."""
        for number in range(100):
            folder = self.path / "runs" / (f"{name}-{number}" if number else name)
            try:
                durable_files.make_folder(folder.parent)
                folder.mkdir(mode=0o700)
                return folder
            except FileExistsError:
                continue
        raise UserError(f"{self.path / 'runs'} has too many runs of {name}: try again in a second.")

    def clear(self) -> None:
        """Delete everything. Raises `OSError` if something stays."""
        if self.path.is_dir():
            remove_tree(self.path)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Keep other evaluations of this repository out: they share the copies of its files."""
        durable_files.make_folder(self.path)
        lock = FileLock(self.path / "run.lock", mode=0o600)
        try:
            with lock.acquire(timeout=0):
                yield
        except Timeout:
            raise UserError("Another evaluation of this repository is running: wait until it ends.") from None


def eval_folder(config: Config, root: str) -> EvalFolder:
    """The folder of a repository's evaluations, in the data directory."""
    return EvalFolder(config.paths.data / "eval" / make_key(root))


class AnswerStore:
    """Owns the answers and acceptances of all runs: one line each, appended. The last one of a key counts."""

    def __init__(self, folder: EvalFolder) -> None:
        self._answers = folder.path / "answers.jsonl"
        self._bodies = folder.path / "bodies.jsonl"
        self._known = {row["key"]: _answer(row["answer"]) for row in _lines(self._answers)}
        self._accepted = {row["key"]: Acceptance(**row["acceptance"]) for row in _lines(self._bodies)}

    def find(self, task: EvalTask, label: str, version: str) -> EvalAnswer | None:
        """The answer of an earlier run, None if this was not asked yet."""
        return self._known.get(_key(task.id, label, version))

    def keep(self, task: EvalTask, label: str, version: str, answer: EvalAnswer) -> None:
        """Keep an answer; at once, so that a run that is cut off loses none."""
        key = _key(task.id, label, version)
        self._known[key] = answer
        row = {"key": key, "task": task.id, "candidate": label, "version": version, "answer": asdict(answer)}
        _append(self._answers, row)

    def acceptance(self, task: EvalTask, command: str) -> Acceptance | None:
        """Whether tests can judge a body, None if that was not tried yet."""
        return self._accepted.get(_key(task.id, command))

    def keep_acceptance(self, task: EvalTask, command: str, found: Acceptance) -> None:
        """Keep whether tests can judge a body."""
        key = _key(task.id, command)
        self._accepted[key] = found
        _append(self._bodies, {"key": key, "task": task.id, "acceptance": asdict(found)})


def _key(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _answer(row: Mapping[str, Any]) -> EvalAnswer:
    return EvalAnswer(**{**row, "places": tuple(row["places"])})


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file. A line that a crash left unfinished, or that another version wrote, is skipped."""
    try:
        data = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in data.splitlines():
        try:
            row = json.loads(line)
            row["key"] = str(row["key"])
            if "answer" in row:
                _answer(row["answer"])
            else:
                Acceptance(**row["acceptance"])
        except (ValueError, TypeError, KeyError):
            continue
        yield row


def _append(file: Path, row: Mapping[str, Any]) -> None:
    durable_files.append_line(file, json.dumps(row, separators=(",", ":")).encode(), LOCK_S)


def version_for(task: EvalTask, version: str, tests: str) -> str:
    """What the answer to a task depends on; of a body also by which command it was judged."""
    return f"{version} {tests}" if task.kind == "bodies" and tests else version
