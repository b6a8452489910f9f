"""Bodies of functions judged by the repository's own tests, in the sandbox, on a copy of its files."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assist_context.evidence.mentions import is_test
from assist_context.files.git_repository import Git
from assist_server.evaluation.answers import EvalAnswer
from assist_server.evaluation.mining.sampling import seeded_random
from assist_server.evaluation.mining.sources import MinedRepository
from assist_server.evaluation.running.store import AnswerStore, EvalFolder
from assist_server.evaluation.sandbox.body_check import (
    Acceptance,
    FunctionBody,
    accept,
    is_pass,
    passes,
)
from assist_server.evaluation.sandbox.limits import SandboxLimits
from assist_server.evaluation.sandbox.test_command import (
    TestCommand,
    find_test_command,
    narrow,
    tests_that_name,
)
from assist_server.evaluation.sandbox.tree_copy import copy_tree
from assist_server.evaluation.scoring.score import answered_file
from assist_server.evaluation.tasks import EvalTask, TaskTexts

LIMITS = SandboxLimits(seconds=60.0)
FIRST_TESTS = 4  # test files that name the function: more take long, and say the same


class BodyJudge:
    """Owns the copy of the files. Its tests run one at a time."""

    def __init__(
        self, repository: MinedRepository, folder: EvalFolder, git: Git, own: str, path: str
    ) -> None:
        commands = find_test_command(Path(repository.root), path, own)
        self.command: TestCommand | None = commands[0] if commands else None
        self._repository = repository
        self._folder = folder
        self._git = git
        self._ready = False
        self._tests: list[str] = []

    @property
    def words(self) -> str:
        """The command as it was found, "" for none."""
        return " ".join(self.command.words) if self.command else ""

    def acceptance(
        self, task: EvalTask, texts: TaskTexts, store: AnswerStore, stop: Callable[[], bool]
    ) -> Acceptance:
        """Whether the tests can judge a body; tried once, then remembered. Raises NoSandboxError."""
        if self.command is None:
            return Acceptance(False, "no command is known that tests this repository: give one with --test")
        known = store.acceptance(task, self.words)
        if known is not None:
            return known
        self._copy()
        start = len(texts.before)
        body = FunctionBody(task.path, start, start + len(texts.truth), self._tests_of(task))
        whole = replace(texts, old="")
        if (self._folder.tree / task.path).read_text(encoding="utf-8") != whole.fill(whole.truth):
            return Acceptance(False, "the file is not as it was mined")
        found = accept(body, self._folder.tree, self.command, LIMITS, seeded_random(1, task.id), stop)
        if not stop():
            store.keep_acceptance(task, self.words, found)
        return found

    def judge(
        self, task: EvalTask, texts: TaskTexts, answer: EvalAnswer, stop: Callable[[], bool]
    ) -> EvalAnswer:
        """The answer with whether the tests pass with it. An empty one is not tried."""
        if self.command is None or not (answer.file or answer.text.strip()):
            return replace(answer, counts={**answer.counts, "passed": 0.0})
        self._copy()
        command = narrow(self.command, self._tests_of(task))
        ran = passes(self._folder.tree, task.path, answered_file(texts, answer), command, LIMITS, stop)
        counts = {**answer.counts, "passed": float(is_pass(ran, command)), "test_s": ran.seconds}
        reports = "; ".join(ran.reports)
        return replace(answer, counts=counts, reason=answer.reason or reports)

    def _copy(self) -> None:
        """Make the copy, unless there is one of this commit."""
        mark = self._folder.path / "tree.commit"
        if self._ready:
            return
        known = mark.read_text(encoding="ascii") if mark.is_file() else ""
        if known != self._repository.commit or not self._folder.tree.is_dir():
            shutil.rmtree(self._folder.tree, ignore_errors=True)
            copy_tree(Path(self._repository.root), self._folder.tree, self._repository.commit, self._git)
            mark.write_text(self._repository.commit, encoding="ascii")
        self._ready = True

    def _tests_of(self, task: EvalTask) -> tuple[str, ...]:
        """The test files that name the function, those with a name like the file's first."""
        if not self._tests:
            self._tests = [path for path in self._repository.files() if is_test(path)]
        stem = Path(task.path).stem.strip("_")
        near = sorted(self._tests, key=lambda path: (stem not in path, path))
        name = task.name.rpartition(".")[2]
        found = tests_that_name(name, near, self._read)
        return tuple(found[:FIRST_TESTS])

    def _read(self, path: str) -> str:
        try:
            return (self._folder.tree / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
