"""Whether tests can judge a function's body, and whether they pass with another text in its file.

Tests judge a body if they pass with it, fail without it, and notice most of its mutants. This module knows no
model: it is given texts, and runs tests in the sandbox.
"""

import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.languages import language_of
from assist_context.regular_files import read_regular
from assist_runner.sandbox.limits import STOPPED, TIMED_OUT, SandboxLimits
from assist_runner.sandbox.mutants import empty_body, mutants
from assist_runner.sandbox.proofs import is_proven
from assist_runner.sandbox.sandbox import SandboxRun, never, run
from assist_runner.sandbox.test_command import TestCommand, narrow
from assist_runner.sandbox.tree_copy import changed_file
from assist_server.errors import UserError

MUTANTS = 3
NOTICED = 2  # mutants that tests must notice, as in RepoMasterEval: one of three may change nothing
# A mutant may loop forever. One that takes so many times as long as the tests did, and some seconds, does.
_TIMES, _SECONDS = 5.0, 5.0
_FIRST_TIMES = 10.0  # what the first run of a copy may take more: it builds all that the tests need
_FILLED = ".assist-filled"  # in a folder that the first run has filled


@dataclass(frozen=True, slots=True)
class FunctionBody:
    """A body: the characters from `start` up to `stop` of a file, and the test files likely to run it.

    Paths are relative to the repository. Without test files all tests are run.
    """

    path: str
    start: int
    stop: int
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Whether tests can judge a body; `reason` says in words why not. `seconds` is the time of the tests.

    `noticed` is how many mutants made the tests fail, of those that were tried.
    """

    accepted: bool
    reason: str = ""
    seconds: float = 0.0
    noticed: int = 0


def judge_body(
    function: FunctionBody,
    tree: Path,
    command: TestCommand,
    limits: SandboxLimits,
    rng: random.Random,
    stop: Callable[[], bool] = never,
) -> Acceptance:
    """Whether the tests of a copy judge a body. The empty body is tried first: most tasks fail there.

    Raises NoSandboxError, and UserError if the file is not in the copy.
    """
    text = _text(tree, function.path)
    body = range(function.start, function.stop)
    language = language_of(function.path)
    tests = narrow(command, function.tests)
    broken = mutants(language, text, body, rng, MUTANTS)
    if len(broken) < NOTICED:
        return Acceptance(False, "too few mutants")
    empty = run_with_text(tree, function.path, empty_body(language, text, body), tests, limits, stop)
    if is_pass(empty, tests):
        return Acceptance(False, "an empty body passes", empty.seconds)
    whole = run_with_text(tree, function.path, text, tests, limits, stop)
    if not is_pass(whole, tests):
        return Acceptance(False, _reason(whole), whole.seconds)
    short = replace(limits, seconds=min(limits.seconds, whole.seconds * _TIMES + _SECONDS))
    survived, noticed = 0, 0
    for mutant in broken:
        result = run_with_text(tree, function.path, mutant, tests, short, stop)
        if STOPPED in result.reports:
            return Acceptance(False, STOPPED, whole.seconds, noticed)
        if is_pass(result, tests):
            survived += 1
        else:
            noticed += 1
        if noticed >= NOTICED:
            return Acceptance(True, "", whole.seconds, noticed)
    return Acceptance(False, f"{survived} of {len(broken)} mutants survive", whole.seconds, noticed)


def _reason(whole: SandboxRun) -> str:
    """Why tests of an unchanged copy say nothing."""
    if STOPPED in whole.reports:
        return STOPPED
    if whole.code == 0:
        return "the tests do not say that any passed"
    return TIMED_OUT if whole.ended == "timeout" else "the tests fail already"


def run_with_text(
    tree: Path,
    path: str,
    text: str,
    command: TestCommand,
    limits: SandboxLimits,
    stop: Callable[[], bool] = never,
) -> SandboxRun:
    """Run the tests of a copy with a text in one of its files; `is_pass` judges the result.

    Each text finds the command's folders as the first run of the copy, with its own text, has left them: what
    a text leaves in them, such as a false result of a build, is dropped. One at a time for each copy. Raises
    NoSandboxError, and UserError if the file is not in the copy.
    """
    _fill_folders(tree, command, limits, stop)
    view = replace(command.view, folders=())
    with changed_file(tree, path, text):
        return run(command.words, tree, limits, command.environ, view, stop)


def _fill_folders(tree: Path, command: TestCommand, limits: SandboxLimits, stop: Callable[[], bool]) -> None:
    """Run the tests of an unchanged copy once, so that its folders have what is built, whatever it says."""
    marks = [tree / folder / _FILLED for folder in command.view.folders]
    if all(os.path.lexists(mark) for mark in marks):
        return
    longer = replace(limits, seconds=limits.seconds * _FIRST_TIMES)
    result = run(command.words, tree, longer, command.environ, command.view, stop)
    if STOPPED in result.reports:
        return
    for mark in marks:
        with suppress(FileExistsError):  # the tests have made it, maybe as a link, which is not followed
            mark.mkdir()


def is_pass(result: SandboxRun, command: TestCommand) -> bool:
    """Whether tests passed: the command ended well, and said that some tests did, if its runner does."""
    return result.ended == "exited" and result.code == 0 and is_proven(result.output, command.proof)


def _text(tree: Path, path: str) -> str:
    try:
        return read_regular(tree / path).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read in the copy: take a file of source text in UTF-8.") from error
