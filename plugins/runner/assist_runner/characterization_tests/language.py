"""What recording needs of a language: how its calls are proposed, run, and written as tests."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assist_runner.characterization_tests.calls import (
    CallObservation,
    CallPlace,
    CallSubject,
    ProposedCall,
    RecordedCall,
)
from assist_runner.characterization_tests.expected_values import ExpectedValue
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.test_names import with_names
from assist_runner.sandbox.test_command import Runner, TestCommand
from assist_server.errors import UserError


class CannotRunError(UserError):
    """The calls cannot be run here; the message says why, as the end of a sentence."""


class NothingMissingError(CannotRunError):
    """Existing tests reach all branches of the code, and notice all mistakes: the message counts both."""


class CannotBuildError(CannotRunError):
    """The code does not compile: with a planted mistake, that says nothing about the calls."""


@dataclass(frozen=True, slots=True)
class RecordingContext:
    """What is known before anything runs.

    `packages` are folders with an `__init__.py`, `callers` lines that call the subject, `example` is the text
    of the tests that new ones should look like, and `place` the path that new tests go to: `added` says that
    they go to the end of what is there, which is `example` then. `tests` are the texts of the nearest files
    of tests at `test_paths`, `shared` of those with what they share. `tests_by_distance` are more paths of
    tests, the nearest first. `head` are the first lines that new tests have in their place.
    """

    subject: CallSubject
    runner: Runner
    packages: frozenset[str] = frozenset()
    callers: tuple[CallPlace, ...] = ()
    example: str = ""
    tests: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    place: str = ""
    added: bool = False
    test_paths: tuple[str, ...] = ()
    tests_by_distance: tuple[str, ...] = ()
    head: str = ""


@dataclass(frozen=True, slots=True)
class ObservingRun:
    """One run of calls: with other texts of files in `changed`, or `later` by so many seconds.

    A call has so many `seconds`, all of them together `limit`.
    """

    calls: Sequence[ProposedCall]
    changed: Mapping[str, str] = field(default_factory=dict)
    later: float = 0.0
    seconds: float = 2.0
    limit: float = 20.0


@dataclass(frozen=True, slots=True)
class RunOfTests:
    """Whether tests passed, and the names of those that did not, as far as the runner says them.

    `planted` are the names of those that fail with each of some planted mistakes, None where no one knows.
    They are not `built` if they do not compile with the code.
    """

    passed: bool
    failed: frozenset[str]
    seconds: float
    output: str = ""
    planted: tuple[frozenset[str] | None, ...] = ()
    built: bool = True


@dataclass(frozen=True, slots=True)
class PlacedTests:
    """Where tests go: the path of the file, and its whole text with them in it.

    `names` are those by which the runner knows the tests, in the order of their calls; `existing` those of
    tests in the file that are about the same.
    """

    path: str
    text: str
    names: tuple[str, ...] = ()
    existing: tuple[str, ...] = ()


PlantedObserver = Callable[
    [ProjectCopy, RecordingContext, ObservingRun, Sequence[str]], list[dict[int, CallObservation] | None]
]

PlantedRunner = Callable[[ProjectCopy, RecordingContext, str, Sequence[str], Sequence[str]], RunOfTests]


def _as_it_is(_root: Path, _path: str, command: TestCommand) -> TestCommand:
    return command


@dataclass(frozen=True, slots=True)
class LanguageRecorder:
    """The functions of one language.

    `planted` tries many texts of the subject's file in one run, where that is possible: it gives the calls
    that come to something else with each, None for a text that cannot be tried. `run_planted` does the same
    with tests: they pass without a mistake, and fail with some.
    `placed` writes tests into a text of their file: where the others of the subject are, if there are some.
    `branches` gives the first lines of a subject's branches, () if they are not known. `named` gives calls
    the names of their tests, which are about a name and none that is taken. `command` makes of a workspace's
    command the one that is run for a file, and raises CannotRunError if there is none. `expected` is what a
    call should come to by what the user expects, next to what it comes to today.
    """

    runners: tuple[Runner, ...]
    computed: Callable[[ProjectCopy, RecordingContext], list[ProposedCall]]
    around: Callable[[RecordingContext], list[ProposedCall]]
    in_answer: Callable[[RecordingContext, str], list[ProposedCall]]
    varied: Callable[[RecordingContext, Sequence[ProposedCall]], list[ProposedCall]]
    observe: Callable[[ProjectCopy, RecordingContext, ObservingRun], list[CallObservation]]
    branches: Callable[[CallSubject], tuple[int, ...]]
    body: Callable[[CallSubject], range | None]
    tests: Callable[[Sequence[RecordedCall], RecordingContext], str]
    placed: Callable[[str, Sequence[RecordedCall], RecordingContext], PlacedTests]
    run_tests: Callable[[ProjectCopy, RecordingContext, str, Sequence[str], float], RunOfTests]
    expected: Callable[[RecordingContext, ExpectedValue, CallObservation], CallObservation]
    planted: PlantedObserver | None = None
    run_planted: PlantedRunner | None = None
    named: Callable[[Sequence[RecordedCall], str, Collection[str]], list[RecordedCall]] = with_names
    command: Callable[[Path, str, TestCommand], TestCommand] = _as_it_is
