"""New tests by running: existing tests and types propose calls, and the code says what they give.

Before anything runs, settings, trust and the user decide (`run_consent`). Where nothing can be run, no small
model guesses values: the answer says what is missing. A provider and a large model are asked as usual, and
a notice says that their values are guesses. This module draws nothing; `AnswerSession.confirm_run` asks the
user.
"""

import random
import re
from dataclasses import replace
from functools import partial
from pathlib import Path

from assist_context.files.git_repository import Stopped
from assist_escalation.edits.plan import Base, EditError, hash_text
from assist_escalation.edits.planner import plan_of_texts
from assist_runner.answering.consented_runs import (
    RunningWork,
    asked_request,
    refusal_to_run,
    unconfined_notice,
)
from assist_runner.answering.recording_plan import RecordingPlan
from assist_runner.characterization_tests.language import CannotRunError, NothingMissingError
from assist_runner.characterization_tests.project_runs import ProjectRunner
from assist_runner.characterization_tests.recording import CallRecorder, RecordedTests
from assist_server.config.run_consent import RunRequest
from assist_server.errors import UserError
from assist_server.proof import Proof
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import (
    AnswerProgress,
    AnswerSink,
    DocumentVersions,
    FinalAnswer,
    PlannedEdit,
    end_without_model,
    planned_edit,
)
from assist_server.questions.session import BY_RUNNING, NO_TEST, NOT_RUN, AnswerSession
from assist_server.threads.thread import Thread
from assist_server.workspace.git_access import make_git

_NAMES = re.compile(r"""\b(?:def|fn) (\w+)|\b(?:it|test)\([\"'`](.*?)[\"'`],""")  # of tests
RUNNING_WHY = "running the code says enough"


async def answer_by_running(
    context: AnswerContext, plan: RecordingPlan, session: AnswerSession
) -> FinalAnswer:
    """The answer with recorded tests; else why there is none, or that of a model that may guess."""
    reason = plan.problem
    if not reason:
        request = RunRequest(plan.root, plan.command.words if plan.command else (), False)
        request = await asked_request(request, session.sandbox)
        reason = await refusal_to_run(context, request, session.confirm_run)
    if reason:
        return await session.answer_untested(context, reason)
    if notice := unconfined_notice(context, request):
        session.sink.notice(notice)
    work = RunningWork()
    try:
        return await _answer_with(context, plan, request, work, session)
    finally:
        await work.close()


async def _answer_with(
    context: AnswerContext,
    plan: RecordingPlan,
    request: RunRequest,
    work: RunningWork,
    session: AnswerSession,
) -> FinalAnswer:
    final: FinalAnswer | None = None
    held: list[str] = []
    by_running = replace(context.decision, target="local", cause=BY_RUNNING, why=RUNNING_WHY, asks=False)
    own = replace(context, decision=by_running)
    try:
        session.sink.progress(AnswerProgress("running", 0))
        recorder = await work.do(partial(_begin, context, plan, request, work))
        asks = context.question.wish == "frontier" or not recorder.count
        if asks and session.may_guess(context):
            notice = session.sink.notice if recorder.count else held.append  # which speak of guesses
            calls = AnswerSink(notice=notice, progress=session.sink.progress, restart=session.sink.restart)
            final = await replace(session, sink=calls).ask_models(context)
        session.sink.progress(AnswerProgress("running", 1))
        recorded = await work.do(partial(_finish, recorder, plan, final.text if final else ""))
        planned = _edit(context, plan, recorded, session.versions)
    except NothingMissingError as error:
        text = f"No missing test was found: {error}."
        session.sink.notice(text)
        return replace(final or end_without_model(own, ""), text=text, plan=None, problem=None)
    except (CannotRunError, UserError, Stopped) as error:
        return await _without_values(context, str(error), (final, held), session)
    for text in recorded.counts.contradictions:
        session.sink.notice(text)
    answer = final or end_without_model(own, "")
    text = _as_answer(context, recorded.text)
    thread = _with_answer(answer.thread, text)
    proof = Proof("tests", recorded=recorded.counts)
    return replace(answer, text=text, plan=planned.edit, problem=planned.problem, thread=thread, proof=proof)


async def _without_values(
    context: AnswerContext, error: str, given: tuple[FinalAnswer | None, list[str]], session: AnswerSession
) -> FinalAnswer:
    """The end where nothing was recorded: the whole tests that a model wrote, else why there are none.

    No model is asked twice.
    """
    reason = error.rstrip(".")
    final, held = given
    if final is None:
        return await session.answer_untested(context, reason)
    if final.plan is None:
        return replace(final, text="", problem=EditError(NO_TEST.format(reason)))
    for notice in (NOT_RUN.format(reason), *held):
        session.sink.notice(notice)
    return final


def _begin(
    context: AnswerContext, plan: RecordingPlan, request: RunRequest, work: RunningWork
) -> CallRecorder:
    """The recorder, after the calls that need no model."""
    if plan.command is None or plan.language is None or plan.material is None:
        raise CannotRunError(plan.problem)
    runner = ProjectRunner(Path(plan.root), plan.command, request.confined, make_git(context.inputs.config))
    recorder = CallRecorder(plan.language, plan.material, work.copy(runner, plan.opened or {}))
    recorder.begin()
    return recorder


def _finish(recorder: CallRecorder, plan: RecordingPlan, answer: str) -> RecordedTests:
    """The tests, also with the calls of a model's answer. The same mistakes are planted each time."""
    if answer:
        recorder.take(answer)
    known = plan.material.example if plan.material and plan.material.added else ""
    taken = {name or title for name, title in _NAMES.findall(known)}
    return recorder.finish(taken, random.Random(1))  # noqa: S311


def _edit(
    context: AnswerContext, plan: RecordingPlan, recorded: RecordedTests, versions: DocumentVersions
) -> PlannedEdit:
    """The edit that writes the tests: a new file, or a file with them in their place."""
    material = plan.material
    path = recorded.placed.path
    if material is None or not material.added:
        return planned_edit(context.local, _as_answer(context, recorded.placed.text), context, versions, ())
    base = Base(path, material.example, hash_text(material.example), versions(path))
    try:
        return PlannedEdit(plan_of_texts({path: recorded.placed.text}, {path: base}))
    except EditError as error:
        return PlannedEdit(problem=error)


def _as_answer(context: AnswerContext, text: str) -> str:
    fence = context.local.form.fence or "```"
    target = context.question.target
    language = target.document.language.name if target else ""
    return f"{fence}{language}\n{text}{fence}\n"


def _with_answer(thread: Thread | None, text: str) -> Thread | None:
    """The conversation with the tests in place of the calls."""
    if thread is None or not thread.turns:
        return thread
    *before, last = thread.turns
    return replace(thread, turns=(*before, replace(last, answer=text)))
