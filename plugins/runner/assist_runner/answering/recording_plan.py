"""What is known about code before tests of it are written by running: its language, its runner, its tests.

It reads the index and files, and runs nothing.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assist_context.documents import Document
from assist_context.evidence.call_graph import subjects
from assist_context.facts.definition_facts import definition_facts
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.programs import find_program
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.corpus import Corpus
from assist_runner.characterization_tests.calls import CallPlace, CallSubject
from assist_runner.characterization_tests.language import CannotRunError, LanguageRecorder, RecordingContext
from assist_runner.characterization_tests.languages import recorder_of
from assist_runner.sandbox.test_command import TestCommand, find_test_command, tests_that_name
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.draft import Draft, Question, get_text

MAX_CALLERS = 12
READ_TESTS = 150  # files of tests that are searched for names
MAX_TRACED = 24  # of them, those that may be run to see how they call the code
MAX_TESTS = 8  # of them, those that are read for calls
_CONSTRUCTORS = frozenset({"__init__", "constructor", "new"})
_PROGRAMS = {"rust": "cargo", "go": "go", **dict.fromkeys(ECMASCRIPT, "node")}  # that tests need
# What runners collect; files that only check types are no tests to them.
_RUN_FILE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|tests?)\.py$|(?<!-d)\.[cm]?[jt]sx?$")
_GROUPS = dict.fromkeys(
    ECMASCRIPT, frozenset(ECMASCRIPT)
)  # languages whose tests may be in another one of them


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """All that running needs: or, in `problem`, why nothing can be run for this code.

    `opened` are texts of open documents, by path.
    """

    root: str
    problem: str = ""
    language: LanguageRecorder | None = None
    command: TestCommand | None = None
    material: RecordingContext | None = None
    opened: Mapping[str, str] | None = None

    @property
    def needs_no_model(self) -> bool:
        """Whether it goes on where no model may answer: running says the values."""
        return True


def recording_plan(
    question: Question, corpus: Corpus, drafted: Draft, inputs: DecisionInputs
) -> RecordingPlan:
    """How tests of the code in question can be written by running; `drafted` knows where a new file goes."""
    root = corpus.root
    target = question.target
    found = subjects(corpus, target.lines) if target is not None else ()
    if target is None or drafted.whole is None or not found:
        return RecordingPlan(root, "no function or class is named")
    language = target.document.language.name
    recorder = recorder_of(language)
    path = inputs.config.programs.get("PATH", os.defpath)
    program = _PROGRAMS.get(language, "")
    if program and find_program(program, path) is None:
        return RecordingPlan(root, f"`{program}` is not installed, or not on your PATH")
    if recorder is None:
        return RecordingPlan(root, f"code in {language} is not run")
    commands = find_test_command(Path(root), path)
    command = next((command for command in commands if command.runner in recorder.runners), None)
    if command is None:
        return RecordingPlan(root, f"no test runner for {language} is set up here")
    try:
        command = recorder.command(Path(root), target.lines.path, command)
    except CannotRunError as error:
        return RecordingPlan(root, str(error))
    at = found[0]
    tests, shared, test_paths, by_distance = nearest_tests(corpus, at)
    place, known = _place(corpus, drafted, at, dict(zip(test_paths, tests, strict=True)))
    if known and place not in (*test_paths, at.path):  # the index does not know it yet
        tests = (known, *tests)
        test_paths = (place, *test_paths)
        by_distance = (place, *by_distance)
    material = RecordingContext(
        CallSubject(target.lines.path, target.document.text, at.qualified, at.start_line, at.end_line),
        command.runner,
        frozenset(_packages(Path(root), target.lines.path)),
        tuple(_callers(corpus, target.document, at)),
        known or _example(drafted),
        tests,
        shared,
        place,
        bool(known),
        test_paths,
        by_distance,
        drafted.beginning.partition("\n")[2],
    )
    opened = {path: state.document.text for path, state in corpus.opened.items()}
    return RecordingPlan(root, "", recorder, command, material, opened)


def _place(
    corpus: Corpus, drafted: Draft, at: IndexedDefinition, tests: Mapping[str, str]
) -> tuple[str, str]:
    """Where new tests go, and the text that is there: the file of tests that names the code most often.

    The module's own file of tests comes first. Without one, it is where the draft puts a new file.
    """
    new = drafted.whole.path if drafted.whole else ""
    if at.path.endswith(".rs"):
        return at.path, get_text(corpus, at.path) or ""
    word = at.parent.rpartition(".")[2] if at.name in _CONSTRUCTORS else at.name
    counts = {
        path: len(re.findall(rf"(?<!\w){re.escape(word)}(?!\w)", text))
        for path, text in tests.items()
        if _RUN_FILE.search(path)
    }
    stem = PurePosixPath(at.path).stem.strip("_")
    ranked = sorted(
        (path for path in counts if counts[path] or path == new),
        key=lambda path: (not counts[path], stem not in PurePosixPath(path).stem, -counts[path]),
    )
    place = ranked[0] if ranked else new
    return place, "" if corpus.hides(place) else get_text(corpus, place) or ""


def _packages(root: Path, path: str) -> Iterator[str]:
    """The folders above a file that have an `__init__.py`."""
    for folder in PurePosixPath(path).parents:
        if str(folder) != "." and (root / folder / "__init__.py").is_file():
            yield str(folder)


def _example(drafted: Draft) -> str:
    return "".join(span.text for span in drafted.evidence.spans if span.origin.source == "file")


def nearest_tests(corpus: Corpus, at: IndexedDefinition) -> tuple[tuple[str, ...], ...]:
    """The test files of the module, or that name the subject: texts, what they share, paths; more paths."""
    same = _GROUPS.get(language_of(at.path).name, (language_of(at.path).name,))
    paths = [path for path in corpus.files().paths if is_test(path) and language_of(path).name in same]

    def read(path: str) -> str:
        return "" if corpus.hides(path) else "".join(corpus.lines(path))

    stem = PurePosixPath(at.path).stem.strip("_")
    paths = sorted(paths, key=lambda path: stem not in path)[:READ_TESTS]
    shared = [path for path in paths if PurePosixPath(path).name == "conftest.py"]
    words = dict.fromkeys((at.name, at.parent.rpartition(".")[2], stem))
    named = [
        path
        for word in words
        if word and not word.startswith("__")
        for path in tests_that_name(word, paths, read)
    ]
    own = [path for path in paths if len(stem) > 2 and stem in PurePosixPath(path).stem]  # the module's
    ranked = [path for path in dict.fromkeys([*own, *named, *paths]) if path not in shared]
    found = [path for path in ranked if path in own or path in named][:MAX_TESTS]
    return tuple(map(read, found)), tuple(map(read, shared)), tuple(found), tuple(ranked[:MAX_TRACED])


def _callers(corpus: Corpus, document: Document, at: IndexedDefinition) -> Iterator[CallPlace]:
    facts = definition_facts(corpus, document, at)
    for use in [*facts.callers, *facts.tests][:MAX_CALLERS] if facts else ():
        yield CallPlace(use.path, "".join(corpus.lines(use.path)), use.line)
