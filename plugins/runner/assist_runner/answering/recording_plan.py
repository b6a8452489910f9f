"""What is known about code before tests of it are written by running: its calls' language, runner and prompt.

It reads the index and files, and runs nothing.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assist_context.documents import Document
from assist_context.evidence.call_graph import subjects
from assist_context.facts.definition_facts import definition_facts
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.corpus import Corpus
from assist_context.syntax.definitions import FUNCTIONS
from assist_context.syntax.symbols import symbols
from assist_escalation.prompts import Origin, Prompt, Span, plain_line_ends
from assist_runner.answering.model_words import CALLER, calls_request
from assist_runner.recorded_tests.calls import CallPlace, CallSubject
from assist_runner.recorded_tests.language import CannotRunError, LanguageRecorder, RecordingMaterial
from assist_runner.recorded_tests.languages import recorder_of
from assist_runner.sandbox.test_command import TestCommand, find_test_command, tests_that_name
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.draft import Draft, Evidence, Question
from assist_server.questions.instructions import AnswerForm
from assist_server.questions.targets import QuestionTarget

MOST_CALLERS = 12
READ_TESTS = 150  # files of tests that are searched for names
MOST_TRACED = 24  # of them, those that may be run to see how they call the code
MOST_TESTS = 4  # of them, those that are read for calls
_CONSTRUCTORS = frozenset({"__init__", "constructor", "new"})
_GROUPS = dict.fromkeys(
    ECMASCRIPT, frozenset(ECMASCRIPT)
)  # languages whose tests may be in another one of them


@dataclass(frozen=True, slots=True)
class RecordingPlan:
    """All that running needs: or, in `problem`, why nothing can be run for this code.

    `draft` is the prompt by which the model on this machine proposes calls; `opened` are texts of open
    documents, by path.
    """

    root: str
    problem: str = ""
    language: LanguageRecorder | None = None
    command: TestCommand | None = None
    material: RecordingMaterial | None = None
    draft: Draft | None = None
    opened: Mapping[str, str] | None = None


def recording_plan(
    question: Question, corpus: Corpus, drafted: Draft, inputs: DecisionInputs
) -> RecordingPlan:
    """How tests of the code in question can be written by running; `drafted` is the prompt for guesses."""
    root = corpus.root
    target = question.target
    found = subjects(corpus, target.lines) if target is not None else ()
    if target is None or drafted.whole is None or not found:
        return RecordingPlan(root, "no function or class is named")
    recorder = recorder_of(target.document.language.name)
    if recorder is None:
        return RecordingPlan(root, f"code in {target.document.language.name} is not run")
    path = inputs.config.programs.get("PATH", os.defpath)
    commands = find_test_command(Path(root), path)
    command = next((command for command in commands if command.runner in recorder.runners), None)
    if command is None:
        return RecordingPlan(root, "no runner of tests is installed for this code")
    try:
        command = recorder.command(Path(root), target.lines.path, command)
    except CannotRunError as error:
        return RecordingPlan(root, str(error))
    at = found[0]
    tests, shared, test_paths, by_distance = nearest_tests(corpus, at)
    known = drafted.evidence.texts.get(drafted.whole.path, "")
    material = RecordingMaterial(
        CallSubject(target.lines.path, target.document.text, at.qualified, at.start_line, at.end_line),
        command.runner,
        frozenset(_packages(Path(root), target.lines.path)),
        tuple(_callers(corpus, target.document, at)),
        known or _example(drafted),
        tests,
        shared,
        drafted.whole.path,
        bool(known),
        test_paths,
        by_distance,
        drafted.beginning.partition("\n")[2],
    )
    opened = {path: state.document.text for path, state in corpus.opened.items()}
    draft = _calls_draft(question, target, at, material, root)
    return RecordingPlan(root, "", recorder, command, material, draft, opened)


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
    found = [path for path in ranked if path in own or path in named][:MOST_TESTS]
    return tuple(map(read, found)), tuple(map(read, shared)), tuple(found), tuple(ranked[:MOST_TRACED])


def _callers(corpus: Corpus, document: Document, at: IndexedDefinition) -> Iterator[CallPlace]:
    facts = definition_facts(corpus, document, at)
    for use in [*facts.callers, *facts.tests][:MOST_CALLERS] if facts else ():
        yield CallPlace(use.path, "".join(corpus.lines(use.path)), use.line)


def _calls_draft(
    question: Question, target: QuestionTarget, at: IndexedDefinition, material: RecordingMaterial, root: str
) -> Draft:
    """The prompt for calls: the code with what makes its object, and how others call it."""
    path = target.lines.path
    lines = target.document.lines
    form = AnswerForm("calls", "```")
    spans = [Span(CALLER, Origin("assist"))]
    for first, last in (*_constructor(target.document, at), (at.start_line, at.end_line)):
        shown = Span("".join(lines[first - 1 : last]), Origin("file", path, root, first, last))
        spans.append(plain_line_ends(shown))
    called = dict.fromkeys(_caller_lines(material))
    if called:
        spans.append(Span("It is called as in:\n" + "\n".join(called), Origin("editor", path, root)))
    request = calls_request(at.name, question.words)
    spans.append(Span(request, Origin("user")))
    evidence = Evidence(tuple(span for span in spans if span.origin.source == "file"))
    beginning = f"```{target.document.language.name}\n"
    return Draft(Prompt("calls", tuple(spans)), form, evidence, beginning=beginning, turn=tuple(spans))


def _constructor(document: Document, at: IndexedDefinition) -> Iterator[tuple[int, int]]:
    """The lines of the head of the class around a method, and of its constructor."""
    if not at.parent or at.kind not in FUNCTIONS:
        return
    for site in symbols(document.language, document.text).definitions:
        if site.qualified == at.parent and site.start_line <= at.start_line <= site.end_line:
            yield site.start_line, min(site.end_line, site.start_line)
        elif site.parent == at.parent and site.name in _CONSTRUCTORS and site.name != at.name:
            yield site.start_line, site.end_line


def _caller_lines(material: RecordingMaterial) -> Iterator[str]:
    for place in material.callers[:4]:
        rows = place.text.splitlines()
        if 0 < place.line <= len(rows) and len(rows[place.line - 1]) < 120:
            yield rows[place.line - 1].strip()
