"""Which tests and which type checker judge an edit: the user's own command, or the tests that use the code.

It reads the index and files, and runs nothing.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath

from assist_context.evidence.call_graph import TargetLines, callees, subjects
from assist_context.facts.definition_facts import definition_facts
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.corpus import Corpus
from assist_runner.answering.expectation_plan import ExpectationPlan, expectation_plan
from assist_runner.referee.checkers import TypeChecker, find_checker
from assist_runner.referee.edit_proof import NO_TEST
from assist_runner.sandbox.test_command import TestCommand, find_test_command, narrow
from assist_server.config.run_consent import RunRequest, may_run, was_declined
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.draft import Question
from assist_server.questions.instructions import EDITS
from assist_server.questions.targets import QuestionFolders

MAX_REACHED = 12  # definitions that the code calls
MAX_TESTS = 8  # files: with more, all their tests take too long


@dataclass(frozen=True, slots=True)
class RefereePlan:
    """What judges an edit: a command for tests, a type checker, or both; `problem` says why no tests do.

    `asked`: the user named the tests, or agreed that code is run. `opened` are texts of open documents. Where
    no test fails, one of what the user expects may (`expectation`); `runner` is the command that runs it.
    `reached` are the definitions that the code in question calls.
    """

    root: str
    asked: bool
    command: TestCommand | None = None
    checker: TypeChecker | None = None
    opened: Mapping[str, str] | None = None
    problem: str = ""
    expectation: ExpectationPlan | None = None
    runner: TestCommand | None = None
    reached: tuple[TargetLines, ...] = ()

    @property
    def needs_no_model(self) -> bool:
        """Whether a fix may be found without a model: tests run."""
        return self.command is not None or self.expectation is not None

    @property
    def words(self) -> tuple[str, ...]:
        """The command that the user is asked about."""
        judge = self.command or self.runner or (self.checker.command if self.checker else None)
        return judge.words if judge else ()


def referee_plan(question: Question, folders: QuestionFolders, inputs: DecisionInputs) -> RefereePlan | None:
    """What judges the edit of a question; None if nothing may run, or nothing is there that could."""
    corpus, config = folders.corpus, inputs.config
    asked = question.run or bool(question.test_command or question.expect)
    target = question.target
    if question.command not in EDITS or target is None:
        return None
    verdict = may_run(config, RunRequest(corpus.root, (), True), is_agreed=False)[0]
    offers = question.asks_run and verdict == "ask" and not was_declined(config, corpus.root)
    if not asked and verdict != "yes" and not offers:
        return None
    found = _plan_of_tests(question, folders, inputs, asked=asked)
    has_tests = bool(found.words) and (found.command is not None or found.expectation is not None)
    if offers and not has_tests:  # nothing is there that is worth a question
        return None
    if question.command == "fix" and found.command is not None:
        found = replace(found, reached=tuple(called_code(target.lines, corpus)))
    return found if asked or found.words else None


def called_code(target: TargetLines, corpus: Corpus) -> Iterator[TargetLines]:
    """The definitions of the workspace, in the same language, that some lines call."""
    language = language_of(target.path)
    for found in islice(callees(corpus, target, ()), MAX_REACHED):
        if not is_test(found.path) and language_of(found.path) == language:
            yield TargetLines(found.path, found.first, found.last)


def _plan_of_tests(
    question: Question, folders: QuestionFolders, inputs: DecisionInputs, *, asked: bool
) -> RefereePlan:
    """What could judge an edit, whoever agrees to that."""
    corpus, config, target = folders.corpus, inputs.config, question.target
    if target is None:
        return RefereePlan(corpus.root, asked, problem=NO_TEST)
    root = Path(corpus.root)
    path = config.programs.get("PATH", os.defpath)
    opened = {name: state.document.text for name, state in corpus.opened.items()}
    checker = find_checker(root, path, target.lines.path)
    expectation = expectation_plan(question, folders, inputs)
    if question.test_command:
        own = find_test_command(root, path, question.test_command)[0]
        runner = own if expectation else None
        return RefereePlan(corpus.root, asked, own, checker, opened, expectation=expectation, runner=runner)
    found = find_test_command(root, path)
    tests = tuple(dict.fromkeys(_tests(question, corpus)))[:MAX_TESTS]
    command = next((one for one in found if one.runner in _runners(target.document.language.name)), None)
    if command is None:
        problem = "no test runner was found for this code"
        return RefereePlan(corpus.root, asked, None, checker, opened, problem)
    inside = command.runner == "cargo" and "#[test]" in target.document.text
    narrowed = narrow(command, tests) if tests or inside else None
    problem = "" if narrowed else NO_TEST
    runner = command if expectation is not None else None
    return RefereePlan(corpus.root, asked, narrowed, checker, opened, problem, expectation, runner)


def _runners(language: str) -> tuple[str, ...]:
    by_language: Mapping[str, tuple[str, ...]] = {
        "python": ("pytest", "unittest"),
        "go": ("go",),
        "rust": ("cargo",),
    }
    return by_language.get(language, ("jest", "vitest", "npm"))


def _tests(question: Question, corpus: Corpus) -> Iterator[str]:
    """The test files that use the code, those that use it most first; then those named after its file."""
    target = question.target
    if target is None:
        return
    for at in subjects(corpus, target.lines):
        facts = definition_facts(corpus, target.document, at)
        paths = [use.path for use in facts.tests] if facts else []
        yield from sorted(dict.fromkeys(paths), key=lambda path: -paths.count(path))
    stem = PurePosixPath(target.lines.path).stem.strip("_")
    language = PurePosixPath(target.lines.path).suffix
    for path in corpus.files().paths:
        file = PurePosixPath(path)
        if (
            is_test(path)
            and file.suffix == language
            and stem in (file.stem.removeprefix("test_"), file.stem.removesuffix("_test"))
        ):
            yield path
