"""A failing test from the user's own words: what they demand, where it goes, and the edit that keeps it.

It is for a fix of code that no test catches. It reads the index and files, and runs nothing; the test is
made when code may run (`recorded_tests/worded_tests`).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from assist_context.evidence.call_graph import subjects
from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.edits.planner import plan
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.draft import Draft, Question, draft
from assist_server.questions.running.recording_plan import RecordingPlan, recording_plan
from assist_server.questions.targets import QuestionFolders
from assist_server.recorded_tests.language import CannotRunError
from assist_server.recorded_tests.project_runs import ProjectCopy
from assist_server.recorded_tests.recording import PlacedTests, with_added
from assist_server.recorded_tests.worded_tests import WordedMaterial, WordedTests, worded_tests
from assist_server.recorded_tests.worded_values import WordedValue, worded_values

_NAMES = re.compile(r"""\bdef (\w+)|\b(?:it|test)\([\"'`](.*?)[\"'`],""")  # of tests
_Versions = Callable[[str], int | None]  # by path, of documents that an editor has open
_CONSTRUCTORS = frozenset({"__init__", "constructor", "new"})


@dataclass(frozen=True, slots=True)
class WordedPlan:
    """What words demand, how the code is run, and the prompt for tests: it knows where these go."""

    wanted: Sequence[WordedValue]
    recording: RecordingPlan
    drafted: Draft


def worded_plan(question: Question, folders: QuestionFolders, inputs: DecisionInputs) -> WordedPlan | None:
    """How the user's words become a test; None if they demand no value, or none can be run here."""
    target = question.target
    found = subjects(folders.corpus, target.lines) if target is not None and question.words else ()
    if question.command != "fix" or not found:
        return None
    at = found[0]
    name = at.parent.rpartition(".")[2] if at.name in _CONSTRUCTORS else at.name
    wanted = worded_values(question.words, name)
    if not wanted:
        return None
    asked = replace(question, command="test", words="", problems=(), thread=None, attachments=())
    drafted = draft(asked, folders, inputs.local.tokens, small=True)
    recording = recording_plan(asked, folders.corpus, drafted, inputs)
    if recording.problem or recording.language is None or recording.language.worded is None:
        return None
    return WordedPlan(wanted, recording, drafted)


def make_worded_tests(planned: WordedPlan, copy: ProjectCopy) -> WordedTests:
    """The tests, of which at least one fails today. Blocking. Raises CannotRunError, with the reason."""
    recording = planned.recording
    if recording.language is None or recording.material is None:
        raise CannotRunError(recording.problem)
    material = recording.material
    known = material.example if material.added else ""
    names = {name or title for name, title in _NAMES.findall(known)}
    place = partial(_place, planned)
    return worded_tests(WordedMaterial(planned.wanted, recording.language, material, place, names), copy)


def _place(planned: WordedPlan, text: str) -> PlacedTests:
    try:
        change = _edit_of(planned, text, lambda _: None).changes[0]
    except EditError as error:
        raise CannotRunError(str(error)) from error
    return PlacedTests(change.path, change.after)


def _edit_of(planned: WordedPlan, text: str, versions: _Versions) -> EditPlan:
    """The edit that writes tests. Raises `EditError`."""
    drafted = planned.drafted
    fence = drafted.form.fence or "```"
    return plan(f"{fence}\n{text}{fence}\n", drafted.bases(versions), drafted.whole, drafted.create)


def with_tests(edit: EditPlan, planned: WordedPlan, made: WordedTests, versions: _Versions) -> EditPlan:
    """An edit that also keeps the tests that judged it; the edit alone if they cannot be kept."""
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
