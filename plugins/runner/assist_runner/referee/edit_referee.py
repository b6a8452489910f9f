"""Runs a project's tests in a copy of the workspace, before an edit and with it, and says what they say.

It owns no copy: `ProjectCopy` is given, and its sandbox or process ends with it. Blocking.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_runner.characterization_tests.expected_tests import ExpectedTest, nearby_changes
from assist_runner.characterization_tests.language import CannotRunError
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.recording import with_added
from assist_runner.computed_fixes.suspicion import TestLines
from assist_runner.referee.candidate_runs import (
    CandidateTrial,
    FixCandidate,
    TriedCandidates,
    try_candidates,
)
from assist_runner.referee.checkers import TypeChecker, TypeErrors, added_errors, errors_of
from assist_runner.referee.edit_proof import EditVerdict
from assist_runner.referee.executed_lines import FollowedTests, executed_lines
from assist_runner.referee.javascript_results import BETWEEN
from assist_runner.referee.reached_code import changes_tests, emptied_functions
from assist_runner.referee.test_results import TestResults, both_of, naming_tests, results_of
from assist_runner.referee.test_verdicts import TestBaseline, TestVerdict, baseline_of, verdict_of
from assist_runner.sandbox.limits import NOT_STARTED
from assist_runner.sandbox.proofs import missing_runner
from assist_runner.sandbox.test_command import TestCommand, with_test_file
from assist_server.errors import UserError

FIRST_SECONDS = 120.0  # of the first run, which may have to build
TIMES, MORE = 3.0, 5.0  # an edit may loop: a run that takes so many times as long and some seconds, does


@dataclass(frozen=True, slots=True)
class OneMoreTest:
    """A test that is made when no other one fails: by what, and the command that runs tests."""

    make: Callable[[ProjectCopy], ExpectedTest]
    command: TestCommand


class CannotJudgeError(UserError):
    """The tests cannot judge any edit; the message says why."""


class EditReferee:
    """Judges edits in one copy, one at a time. `begin` first."""

    def __init__(self, copy: ProjectCopy, command: TestCommand | None, checker: TypeChecker | None) -> None:
        self._copy = copy
        self._command = naming_tests(command) if command else None
        self._checker = checker
        self._known_errors: TypeErrors | None = None
        self._seconds = FIRST_SECONDS
        self.before: TestBaseline | None = None
        self.expected: ExpectedTest | None = None  # that judges too
        self.not_expected = ""  # why no test was made of what the user expects

    @property
    def tree(self) -> Path:
        """The folder of the copy."""
        return self._copy.tree

    def begin(self, more: OneMoreTest | None = None) -> None:
        """Run the tests twice, and the checker once, on the code as it is. Raises CannotJudgeError.

        If none fails, `more` is a test of what the user expects, which judges too.
        """
        if self._checker is not None:
            self._known_errors = self._run_checker()
        if self._command is None and more is None:
            return
        first = TestResults()
        if self._command is not None:
            first = self._run_tests()
            self._seconds = min(FIRST_SECONDS, TIMES * first.seconds + MORE)
        if more is not None:
            self._add_test(more, fails_already=bool(first.failed))
        if self._command is None:
            return
        second = self._run_tests()
        if self.expected is not None:
            own = _names_of(self.expected, second.failed)
            first = replace(first, failed=first.failed | own)
            if not own:
                self.expected = None
                self.not_expected = "the test command does not run it"
        self.before = _judging_baseline(first, second)

    def _add_test(self, more: OneMoreTest, *, fails_already: bool) -> None:
        """Add the test to the copy, and to those that judge, if it fails and no other one does."""
        if fails_already:
            self.not_expected = "existing tests already fail and judge the edit"
            return
        try:
            self.expected = more.make(self._copy)
        except CannotRunError as error:
            self.not_expected = str(error)
            return
        placed = self.expected.placed
        self._copy.keep({placed.path: placed.text})
        self._command = naming_tests(with_test_file(self._command or more.command, placed.path))

    def _with_expected(self, texts: Mapping[str, str]) -> Mapping[str, str]:
        """The texts of an edit with the user's test in them, where both are in one file."""
        made = self.expected
        if made is None or made.placed.path not in texts:
            return texts
        path, text = made.placed.path, made.placed.text
        return {**texts, path: with_added(texts[path], made.before, text)}

    def judge(self, texts: Mapping[str, str]) -> EditVerdict:
        """What speaks for and against an edit, by the new texts of its files, by path."""
        texts = self._with_expected(texts)
        tests: TestVerdict | None = None
        types: tuple[str, ...] | None = None
        own = tuple(path for path, text in texts.items() if changes_tests(path, self.text(path), text))
        with self._copy.files(texts):
            if self._known_errors is not None:
                found = self._run_checker()
                types = added_errors(self._known_errors, found, list(texts)) if found is not None else None
            if self.before is not None and not types:  # an edit with a wrong type is refused anyway
                after = self._run_tests()
                tests = verdict_of(self.before, after)
                if tests.proves:  # a test that fails now and then may have failed twice before by chance
                    tests = verdict_of(self.before, both_of(after, self._run_tests()))
        return EditVerdict(tests, types, own)

    def with_reach(self, verdict: EditVerdict, texts: Mapping[str, str]) -> EditVerdict:
        """The verdict on an accepted edit, with the functions that it changes and no test misses.

        Each of them is emptied once. What lets a test pass that failed is reached, if it is one function.
        """
        known = self.before
        if known is None or verdict.tests is None:
            return verdict
        texts = self._with_expected(texts)
        emptied = [
            (path, name, new)
            for path, text in texts.items()
            for name, new in emptied_functions(path, self.text(path), text)
        ]
        if verdict.tests.fixed and len(emptied) < 2:
            return verdict
        found: list[str] = []
        for path, name, new in emptied:
            with self._copy.files({**texts, path: new}):
                after = self._run_tests()
            if known.passing | verdict.tests.fixed <= after.passed:
                found.append(name)
        return replace(verdict, unnoticed=tuple(found))

    def with_nearby(self, verdict: EditVerdict, texts: Mapping[str, str]) -> EditVerdict:
        """The verdict on an accepted edit that the user's test judges, with what else it changes."""
        if self.expected is None:
            return verdict
        return replace(verdict, nearby=nearby_changes(self.expected, self._with_expected(texts)))

    def text(self, path: str) -> str:
        """A file of the copy, which has no edit now; "" for one that is new."""
        try:
            return (self._copy.tree / path).read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def can_try(self) -> bool:
        """Whether small changes can be tried: there is a test that fails."""
        return self._command is not None and self.before is not None and bool(self.before.failing)

    def executed_lines(self, texts: Mapping[str, str]) -> tuple[TestLines, ...]:
        """The lines of some files that tests run, and whether each test passes."""
        assert self._command is not None and self.before is not None  # noqa: S101, PT018  # `can_try` says so
        failing, passing = sorted(self.before.failing), sorted(self.before.passing)
        return executed_lines(self._copy, FollowedTests(self._command, failing, passing, texts))

    def try_candidates(
        self,
        texts: Mapping[str, str],
        candidates: Sequence[FixCandidate],
        seconds: float,
        tell: Callable[[int, FixCandidate], None],
    ) -> TriedCandidates:
        """Which changes of files let the tests pass that fail; `judge` has to say what else they do."""
        assert self._command is not None and self.before is not None  # noqa: S101, PT018  # `can_try` says so
        before = self.before
        trial = CandidateTrial(self._command, before.failing, before.passing, texts, self._seconds)
        return try_candidates(self._copy, trial, candidates, seconds, tell)

    def paths(self) -> tuple[str, ...]:
        """The files of the copy, whose texts the tests may print."""
        return self._copy.paths()

    def _run_tests(self) -> TestResults:
        assert self._command is not None  # noqa: S101  # only asked with one
        run = self._copy.run(self._command.words, self._seconds, command=self._command)
        if run.code == NOT_STARTED:
            raise CannotJudgeError(f"{self._command.words[0]} cannot be run")
        if problem := missing_runner(run.output, self._command.words[0]):
            raise CannotJudgeError(problem)
        return results_of(run, self._command)

    def _run_checker(self) -> TypeErrors | None:
        """The errors; None if the checker cannot begin, or does not end: then tests alone judge."""
        assert self._checker is not None  # noqa: S101  # only asked with one
        command = self._checker.command
        run = self._copy.run(command.words, FIRST_SECONDS, command=command)
        return errors_of(self._checker, run, Path(self._copy.seen_at))


def _judging_baseline(first: TestResults, second: TestResults) -> TestBaseline:
    """What two runs of tests say of the code as it is. Raises CannotJudgeError if that is nothing."""
    if not first.passed | first.failed and not second.passed | second.failed:
        raise CannotJudgeError("the tests say nothing")
    if second.unbuilt:
        raise CannotJudgeError(f"the tests cannot be built in the copy of the repository: {second.unbuilt}")
    before = baseline_of(first, second)
    if not before.passing | before.failing:
        raise CannotJudgeError("all tests are flaky")
    return before


def _names_of(made: ExpectedTest, names: frozenset[str]) -> frozenset[str]:
    """The names that a runner gives the user's test, with those of its groups."""
    return frozenset(name for name in names if made.name in name.replace(BETWEEN, " "))
