"""Tries candidates against the tests that fail, in a copy of the workspace: which of them let these pass.

With pytest one process loads the runner and forks for each candidate. This is only a sieve: whether a
candidate is a fix is for the referee to say, by the results of each test. Blocking.
"""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

from assist_runner.computed_fixes.candidates import CodeChange
from assist_runner.recorded_tests import programs
from assist_runner.recorded_tests.project_runs import ProjectCopy
from assist_runner.sandbox.test_command import TestCommand

_FLAGS = frozenset({"-x", "-v", "-q", "-s", "-l", "--exitfirst", "--verbose", "--quiet"})
ENOUGH = 12  # candidates that pass: with more, the tests say too little
ONE_SECONDS = 10.0
PROGRAM, WORK = ".assist-candidates.py", ".assist-candidates.json"

_PASSED = re.compile(r"^assist-candidate (\d+) (accepted|passed|failed)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class CandidateFile:
    """The file that candidates change, with its text now, and the names of the tests that fail.

    A run of all tests takes at most so many `seconds`.
    """

    path: str
    text: str
    failing: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class TriedCandidates:
    """How many were tried, and those that let the failing tests pass.

    If some of them pass all tests, it is only these; none if they are in different lines, since the tests do
    not say then which of them is right.
    """

    count: int
    passing: tuple[CodeChange, ...]


def can_try(command: TestCommand, failing: Iterable[str]) -> bool:
    """Whether candidates can be tried with a command: it is pytest's as a module, and names what fails."""
    return sys.platform != "win32" and _module_at(command.words) > 0 and all("::" in name for name in failing)


def try_candidates(
    copy: ProjectCopy,
    command: TestCommand,
    file: CandidateFile,
    changes: Sequence[CodeChange],
    seconds: float,
) -> TriedCandidates:
    """Try changes in their order, until enough of them pass or the time is up."""
    at = _module_at(command.words)
    options = _options(command.words[at + 2 :], copy)
    work = {
        "failing": [*options, "-x", *file.failing],
        "every": ["-x", *command.words[at + 2 :]],
        "path": file.path,
        "text": file.text,
        "changes": [(change.start, change.end, change.text, change.line) for change in changes],
        "seconds": seconds,
        "one": ONE_SECONDS,
        "whole": file.seconds,
        "enough": ENOUGH,
    }
    program = (files(programs) / "pytest_candidates.py").read_text(encoding="utf-8")
    texts = {PROGRAM: program, WORK: json.dumps(work), file.path: file.text}
    place = PurePosixPath(copy.seen_at)
    words = (*command.words[:at], str(place / PROGRAM), str(place / WORK))
    with copy.files(texts):
        run = copy.run(words, seconds + ONE_SECONDS + file.seconds, command=command)
    found = _PASSED.findall(run.output)
    passing = [(how, changes[int(number)]) for number, how in found if how != "failed"]
    accepted = [change for how, change in passing if how == "accepted"]
    if len({change.line for change in accepted}) > 1:
        return TriedCandidates(len(found), ())
    return TriedCandidates(len(found), tuple(accepted or (change for _, change in passing)))


def _module_at(words: Sequence[str]) -> int:
    """Where `-m pytest` is in a command, 0 if it is not there."""
    return next((at for at in range(1, len(words) - 1) if words[at : at + 2] == ("-m", "pytest")), 0)


def _options(words: tuple[str, ...], copy: ProjectCopy) -> list[str]:
    """The words of a command without the files, folders and tests that it names."""
    options: list[str] = []
    for word in words:
        last = options[-1] if options else ""
        value = last not in _FLAGS and re.fullmatch(r"-[a-zA-Z]|--[\w-]+", last) is not None
        named = not word.startswith("-") and (copy.tree / word.split("::", 1)[0]).exists()
        if value or not named:
            options.append(word)
    return options
