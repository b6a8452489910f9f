"""Bodies of functions judged by the repository's own tests, in the sandbox, on a copy of its files."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from assist_context.files.git_repository import Git
from assist_context.regular_files import read_regular
from assist_context.relations.counterparts import is_test
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.judging.score import answered_file
from assist_evaluation.mining.sampling import seeded_random
from assist_evaluation.mining.sources import MinedRepository
from assist_evaluation.running.store import AnswerStore, EvalFolder
from assist_evaluation.tasks import EvalTask, TaskTexts
from assist_runner.sandbox.body_check import (
    Acceptance,
    FunctionBody,
    is_pass,
    judge_body,
    run_with_text,
)
from assist_runner.sandbox.limits import SandboxLimits
from assist_runner.sandbox.test_command import (
    TestCommand,
    find_test_command,
    narrow,
    tests_that_name,
)
from assist_runner.sandbox.tree_copy import copy_tree, remove_tree

LIMITS = SandboxLimits(seconds=60.0)
READ_TESTS = 400  # test files that are searched for a function's name
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
        self._near: dict[str, tuple[str, ...]] = {}

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
        place = self._folder.tree / task.path
        if not place.is_file() or place.read_bytes() != texts.fill(texts.truth).encode("utf-8", "replace"):
            return Acceptance(False, "its file is missing, is not UTF-8 or has other line ends")
        found = judge_body(body, self._folder.tree, self.command, LIMITS, seeded_random(1, task.id), stop)
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
        ran = run_with_text(self._folder.tree, task.path, answered_file(texts, answer), command, LIMITS, stop)
        counts = {**answer.counts, "passed": float(is_pass(ran, command)), "test_s": ran.seconds}
        reports = "; ".join(ran.reports)
        return replace(answer, counts=counts, reason=answer.reason or reports)

    def _copy(self) -> None:
        """Make the copy, unless the last run has left one of this commit whole."""
        if self._ready:
            return
        mark = self._folder.path / "tree.commit"
        known = mark.read_text(encoding="ascii") if mark.is_file() else ""
        mark.unlink(missing_ok=True)  # a run that is killed may leave a changed file
        if known != self._repository.commit or not self._folder.tree.is_dir():
            with suppress(OSError):  # copying says what is still in the way
                remove_tree(self._folder.tree)
            copy_tree(Path(self._repository.root), self._folder.tree, self._repository.commit, self._git)
        self._ready = True

    def close(self) -> None:
        """Remember that the copy is whole."""
        if self._ready:
            (self._folder.path / "tree.commit").write_text(self._repository.commit, encoding="ascii")

    def _tests_of(self, task: EvalTask) -> tuple[str, ...]:
        """The test files that name the function, of those with the nearest names."""
        if task.id not in self._near:
            if not self._tests:
                self._tests = sorted(path for path in self._repository.files() if is_test(path))
            stem = Path(task.path).stem.strip("_")
            near = sorted(self._tests, key=lambda path: stem not in path)[:READ_TESTS]
            found = tests_that_name(task.name.rpartition(".")[2], near, self._read)
            self._near[task.id] = tuple(found[:FIRST_TESTS])
        return self._near[task.id]

    def _read(self, path: str) -> str:
        try:
            return read_regular(self._folder.tree / path).decode("utf-8", errors="replace")
        except OSError:
            return ""
