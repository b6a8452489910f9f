"""Tries candidates against the tests that fail, in copies of the workspace: which of them let these pass.

First only the tests that fail are run, up to the first that still does, then all of them. With pytest one
process for each copy loads the runner and forks for each candidate. This is only a sieve: whether a candidate
is a fix is for the referee to say, by the results of each test. Blocking.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path, PurePosixPath

from assist_runner.characterization_tests import programs
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.computed_fixes.changes import CodeChange
from assist_runner.referee.selected_tests import module_at, pytest_options, selected_tests
from assist_runner.referee.test_results import results_of
from assist_runner.sandbox.test_command import TestCommand

ENOUGH = 6  # candidates that pass all tests: with more, the tests say too little
MORE_SECONDS = 4.0  # of search after the first that passes, since another one may be the right one
ONE_SECONDS = 10.0
TELL_SECONDS = 5.0
FOR_A_COPY = 12  # candidates: for fewer, another copy costs more than it saves
MAX_COPIES = 8
PROGRAM, WORK = ".assist-candidates.py", ".assist-candidates.json"
TRIED, STOP = ".assist-tried", ".assist-stop"  # by which its processes and we know of each other

_PASSED = re.compile(r"^assist-candidate (\d+) (accepted|passed|failed)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FixCandidate:
    """A change of a file of the copy."""

    path: str
    change: CodeChange


@dataclass(frozen=True, slots=True)
class CandidateTrial:
    """The command for all tests, the names of those that fail and of those that pass, and the files' texts.

    A run of all tests takes at most so many `seconds`.
    """

    command: TestCommand
    failing: frozenset[str]
    passing: frozenset[str]
    texts: Mapping[str, str]
    seconds: float

    def text_with(self, candidate: FixCandidate) -> str:
        """The candidate's file with its change."""
        return candidate.change.apply_to(self.texts[candidate.path])


@dataclass(frozen=True, slots=True)
class TriedCandidates:
    """How many were tried, in how many lines, and those that pass all tests, in the order of the candidates.

    If there are none, it is those that let the failing tests pass.
    """

    count: int
    lines: int
    passing: tuple[FixCandidate, ...]


@dataclass(slots=True)
class _Search:
    """What the threads of a search share: the candidates' outcomes by number, and when it ends."""

    candidates: Sequence[FixCandidate]
    until: float
    found: dict[int, str] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)  # of what each process of pytest has tried
    next: int = 0
    is_ending: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> int | None:
        """The number of the next candidate, None if the search is over."""
        with self.lock:
            accepted = sum(how == "accepted" for how in self.found.values())
            if time.monotonic() > self.until or self.next >= len(self.candidates) or accepted >= ENOUGH:
                return None
            self.next += 1
            return self.next - 1

    def note(self, number: int, how: str) -> None:
        """Keep what came of a candidate; after the first that passes all tests, the search soon ends."""
        with self.lock:
            self.found[number] = how
        if how == "accepted":
            self.note_accepted()

    def note_accepted(self) -> None:
        """End the search soon, once."""
        with self.lock:
            if not self.is_ending:
                self.is_ending = True
                self.until = min(self.until, time.monotonic() + MORE_SECONDS)

    @property
    def tried(self) -> int:
        """How many candidates were tried so far."""
        return max(len(self.found), sum(self.counts.values()))


def try_candidates(
    copy: ProjectCopy,
    trial: CandidateTrial,
    candidates: Sequence[FixCandidate],
    seconds: float,
    tell: Callable[[int, FixCandidate], None],
) -> TriedCandidates:
    """Try candidates in their order, in as many copies as there are cores, until enough pass or time is up.

    Every few seconds it tells how many were tried, and which one is next.
    """
    search = _Search(candidates, time.monotonic() + seconds)
    count = max(1, min(MAX_COPIES, os.cpu_count() or 1, len(candidates) // FOR_A_COPY))
    named = all("::" in name for name in trial.failing)
    forks = sys.platform != "win32" and named and module_at(trial.command.words)
    work = _fork_for_each if forks else _run_each
    with ExitStack() as undo:
        copies = [copy]
        for _ in range(count - 1):
            copies.append(copy.twin())
            undo.callback(copies[-1].close)
        pool = undo.enter_context(ThreadPoolExecutor(count))
        workers = [
            pool.submit(work, one, trial, search, (number, count)) for number, one in enumerate(copies)
        ]
        told = time.monotonic()
        while not _all_done(workers):
            _follow_forks(search, copies, trial.command)
            if time.monotonic() - told > TELL_SECONDS and search.tried < len(candidates):
                told = time.monotonic()
                tell(search.tried, candidates[search.tried])
    tried = sorted(search.found)
    lines = len({(candidates[number].path, candidates[number].change.line) for number in tried})
    for wanted in ("accepted", "passed"):
        if passing := [candidates[number] for number in tried if search.found[number] == wanted]:
            return TriedCandidates(len(tried), lines, tuple(passing))
    return TriedCandidates(len(tried), lines, ())


def _all_done(workers: Sequence[Future[None]]) -> bool:
    """Whether all are done, after half a second at most. Raises what one of them raised."""
    done, left = wait(workers, 0.5, FIRST_EXCEPTION)
    for worker in done:
        worker.result()
    return not left


def _run_each(copy: ProjectCopy, trial: CandidateTrial, search: _Search, _: tuple[int, int]) -> None:
    """Run the tests with one candidate after the other, in one copy."""
    selected = selected_tests(trial.command, sorted(trial.failing), copy.tree)
    while (number := search.take()) is not None:
        candidate = search.candidates[number]
        with copy.files({candidate.path: trial.text_with(candidate)}):
            search.note(number, _outcome(copy, trial, selected))
        if copy.stop():
            return


def _outcome(copy: ProjectCopy, trial: CandidateTrial, selected: TestCommand) -> str:
    commands = [selected] if selected == trial.command else [selected, trial.command]
    how = "failed"
    for command in commands:
        results = results_of(copy.run(command.words, trial.seconds, command=command), command)
        if not trial.failing <= results.passed:
            return how
        how = "passed"
    return "accepted" if trial.passing <= results.passed else how


def _fork_for_each(copy: ProjectCopy, trial: CandidateTrial, search: _Search, share: tuple[int, int]) -> None:
    """Let one process of pytest fork for each candidate of a share: every so many from a number on."""
    command = trial.command
    at = module_at(command.words)
    first, step = share
    own = range(first, len(search.candidates), step)
    chosen = [search.candidates[number] for number in own]
    changes = [(one.path, one.change.start, one.change.end, one.change.text) for one in chosen]
    left = search.until - time.monotonic()
    work = {
        "failing": [*pytest_options(command.words[at + 2 :], copy.tree), "-x", *sorted(trial.failing)],
        "every": ["-x", *command.words[at + 2 :]],
        "texts": {path: trial.texts[path] for path in dict.fromkeys(one.path for one in chosen)},
        "changes": changes,
        "seconds": left,
        "one": max(ONE_SECONDS, trial.seconds),
        "whole": trial.seconds,
    }
    program = (files(programs) / "pytest_candidates.py").read_text(encoding="utf-8")
    place = PurePosixPath(copy.seen_at)
    words = (
        *command.words[:at],
        str(place / PROGRAM),
        str(place / WORK),
        str(place / _progress_file(command)),
    )
    with copy.files({PROGRAM: program, WORK: json.dumps(work)}):
        run = copy.run(words, left + ONE_SECONDS + trial.seconds, command=command)
    for number, how in _PASSED.findall(run.output):
        search.note(own[int(number)], how)


def _progress_file(command: TestCommand) -> Path:
    """Where in the copy a process of pytest says how many it has tried: in a folder that is kept."""
    return Path(next(iter(command.view.folders), ""), TRIED)


def _follow_forks(search: _Search, copies: Sequence[ProjectCopy], command: TestCommand) -> None:
    """See what the processes of pytest have tried, and end them some seconds after the first that passes."""
    places = [copy.tree / _progress_file(command) for copy in copies]
    for number, place in enumerate(places):
        with suppress(OSError, ValueError):
            count, _, how = place.read_text("ascii")[:20].partition(" ")
            search.counts[number] = int(count)
            if how:
                search.note_accepted()
    if time.monotonic() > search.until:
        for place in places:
            with suppress(OSError):
                place.with_name(STOP).touch()
