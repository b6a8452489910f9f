"""A failing test from what the user expects of code: the call and its value, and where the test goes.

It is for a fix of code that no test catches. It reads the index and files, and runs nothing; the test is
made when code may run (`characterization_tests/expected_tests`).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from assist_context.evidence.call_graph import subjects
from assist_context.languages import ECMASCRIPT, Language
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.edits.planner import plan
from assist_runner.answering.recording_plan import RecordingPlan, recording_plan
from assist_runner.characterization_tests.expected_tests import ExpectedMaterial, ExpectedTest, expected_test
from assist_runner.characterization_tests.expected_values import (
    ExpectedValue,
    expected_in_sentence,
    expected_value,
)
from assist_runner.characterization_tests.language import CannotRunError, PlacedTests
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.recording import with_added
from assist_server.errors import WRONG_USAGE, UserError
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.draft import Draft, Question, draft
from assist_server.questions.targets import QuestionFolders

_NAMES = re.compile(r"""\bdef (\w+)|\b(?:it|test)\([\"'`](.*?)[\"'`],""")  # of tests
_Versions = Callable[[str], int | None]  # by path, of documents that an editor has open
_CONSTRUCTORS = frozenset({"__init__", "constructor", "new"})
_EXAMPLES = {  # by language, as a shell takes them
    "python": """--expect "{}('') == 0\"""",
    **dict.fromkeys((*ECMASCRIPT, "rust"), """--expect '{}("") == 0'"""),
}


@dataclass(frozen=True, slots=True)
class ExpectationPlan:
    """What the user expects, how the code is run, and the prompt for tests: it knows where these go."""

    wanted: ExpectedValue
    recording: RecordingPlan
    drafted: Draft


def expectation_plan(
    question: Question, folders: QuestionFolders, inputs: DecisionInputs
) -> ExpectationPlan | None:
    """How what the user expects becomes a test; None if the words are not the one sentence that says it.

    Raises `UserError` if the user gave a value by `--expect` that cannot be tried.
    """
    target = question.target
    if question.command != "fix" or target is None or not (question.expect or question.words):
        return None
    found = subjects(folders.corpus, target.lines)
    language = target.document.language
    name = ""
    if found:
        at = found[0]
        name = at.parent.rpartition(".")[2] if at.name in _CONSTRUCTORS else at.name
    if question.expect:
        wanted = _option_value(question.expect, language, name)
    else:
        said = expected_in_sentence(question.words, language, name) if name else None
        if said is None:
            return None
        wanted = said
    asked = replace(question, command="test", words="", problems=(), thread=None, attachments=(), expect="")
    drafted = draft(asked, folders, inputs.local.tokens, small=True)
    recording = recording_plan(asked, folders.corpus, drafted, inputs)
    if not recording.problem:
        return ExpectationPlan(wanted, recording, drafted)
    if question.expect:
        raise UserError(f"--expect cannot be tried: {recording.problem}.")
    return None


def _option_value(text: str, language: Language, name: str) -> ExpectedValue:
    """The value that a user gave by `--expect`. Raises `UserError`, with an example."""
    if language.name not in _EXAMPLES:
        raise UserError(
            f"--expect is for Python, TypeScript, JavaScript and Rust, not for {language.name}: say in words "
            "what is wrong.",
            WRONG_USAGE,
        )
    if not name:
        raise UserError(
            "--expect needs the function that is called: name it, as in "
            "`assist fix word_count --expect \"word_count('') == 0\"`.",
            WRONG_USAGE,
        )
    wanted = expected_value(text, language, name)
    if wanted is None:
        raise UserError(
            f"--expect takes a call of `{name}`, == and the expected literal, not {text!r}: write it as in "
            f"{_EXAMPLES[language.name].format(name)}.",
            WRONG_USAGE,
        )
    return wanted


def make_expected_test(planned: ExpectationPlan, copy: ProjectCopy) -> ExpectedTest:
    """The test, which fails today. Blocking. Raises CannotRunError, with the reason why there is none."""
    recording = planned.recording
    if recording.language is None or recording.material is None:
        raise CannotRunError(recording.problem)
    material = recording.material
    known = material.example if material.added else ""
    names = {name or title for name, title in _NAMES.findall(known)}
    place = partial(_place, planned)
    return expected_test(ExpectedMaterial(planned.wanted, recording.language, material, place, names), copy)


def _place(planned: ExpectationPlan, text: str) -> PlacedTests:
    try:
        change = _edit_of(planned, text, lambda _: None).changes[0]
    except EditError as error:
        raise CannotRunError(str(error)) from error
    return PlacedTests(change.path, change.after)


def _edit_of(planned: ExpectationPlan, text: str, versions: _Versions) -> EditPlan:
    """The edit that writes tests. Raises `EditError`."""
    drafted = planned.drafted
    fence = drafted.form.fence or "```"
    return plan(f"{fence}\n{text}{fence}\n", drafted.bases(versions), drafted.whole, drafted.create)


def with_test(edit: EditPlan, planned: ExpectationPlan, made: ExpectedTest, versions: _Versions) -> EditPlan:
    """An edit that also keeps the test that judged it; the edit alone if that cannot be kept."""
    try:
        kept = _edit_of(planned, made.code, versions)
    except EditError:
        return edit
    test = kept.changes[0]
    same = next((change for change in edit.changes if change.path == test.path), None)
    if same is not None:
        both = replace(same, after=with_added(same.after, test.before, test.after))
        return replace(edit, changes=tuple(both if change is same else change for change in edit.changes))
    return replace(
        edit,
        changes=(*edit.changes, test),
        protected=(*edit.protected, *kept.protected),
    )
