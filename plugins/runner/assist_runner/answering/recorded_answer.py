"""New tests by running: the model proposes calls, and the code says what they give.

Before anything runs, settings, trust and the user decide (`run_consent`). Where nothing can be run, or
nothing comes of it, the question goes its usual way, and a notice says why and that the values are guesses.
This module draws nothing; `AnswerSession.confirm_run` asks the user.
"""

import random
import re
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from assist_context.files.git_repository import Stopped
from assist_escalation.edits.plan import EditError
from assist_runner.answering.consented_runs import (
    RunningWork,
    asked_request,
    refusal_to_run,
    unconfined_notice,
)
from assist_runner.answering.recording_plan import RecordingPlan
from assist_runner.recorded_tests.language import CannotRunError
from assist_runner.recorded_tests.project_runs import ProjectRunner
from assist_runner.recorded_tests.recording import CallRecorder, PlacedTests, RecordedTests
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
    planned_edit,
    without_model,
)
from assist_server.questions.session import BY_RUNNING, NOT_RUN, AnswerSession
from assist_server.threads.thread import Thread
from assist_server.workspace.git_access import git_of

_NAMES = re.compile(r"""\bdef (\w+)|\b(?:it|test)\([\"'`](.*?)[\"'`],""")  # of tests
RUNNING_WHY = "running the code says enough"


async def answer_by_running(
    context: AnswerContext, plan: RecordingPlan, session: AnswerSession
) -> FinalAnswer:
    """The answer with recorded tests; else the usual one, after a notice why."""
    reason = plan.problem
    if not reason:
        request = RunRequest(plan.root, plan.command.words if plan.command else (), False)
        request = await asked_request(request, session.sandbox)
        reason = await refusal_to_run(context, request, session.confirm_run)
    if reason:
        session.sink.notice(NOT_RUN.format(reason))
        return await session.ask_models(context)
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
    try:
        session.sink.progress(AnswerProgress("running", 0))
        begun = await work.do(partial(_begin, context, plan, request, work))
        notice = session.sink.notice if begun.found else held.append  # which speak of guesses
        calls = AnswerSink(notice=notice, progress=session.sink.progress, restart=session.sink.restart)
        final = await _answer_to(context, plan, begun, replace(session, sink=calls))
        session.sink.progress(AnswerProgress("running", 1))
        done = await work.do(partial(_finish, context, session.versions, begun.recorder, final.text))
    except (CannotRunError, UserError, Stopped) as error:
        return await _without_values(context, str(error), (final, held), session)
    recorded, planned = done
    for text in recorded.contradictions:
        session.sink.notice(text)
    text = _as_answer(context, recorded.text)
    thread = _with_answer(final.thread, text)
    proof = Proof("tests", recorded=recorded.counts)
    return replace(final, text=text, plan=planned.edit, problem=planned.problem, thread=thread, proof=proof)


async def _answer_to(
    context: AnswerContext, plan: RecordingPlan, begun: "_BegunRecording", session: AnswerSession
) -> FinalAnswer:
    """What proposes more calls: no one, if there are enough; the model, or a provider.

    Where nothing is found without a model, it writes whole tests: these have to do, if none can be recorded.
    """
    if begun.enough:
        decision = replace(context.decision, target="local", cause=BY_RUNNING, why=RUNNING_WHY, asks=False)
        return replace(without_model(context, ""), decision=decision)
    draft = plan.draft if begun.found else None
    return await session.ask_models(replace(context, local=draft or context.local))


async def _without_values(
    context: AnswerContext, error: str, given: tuple[FinalAnswer | None, list[str]], session: AnswerSession
) -> FinalAnswer:
    """The end where nothing was recorded: the whole tests that there are, else why there are none.

    No model is asked twice.
    """
    reason = error.rstrip(".")
    final, held = given
    if final is not None and final.plan is None:
        return replace(final, text="", problem=EditError(f"No test is written: {reason}."))
    session.sink.notice(NOT_RUN.format(reason))
    if final is None:
        return await session.ask_models(context)
    for notice in held:
        session.sink.notice(notice)
    return final


@dataclass(frozen=True, slots=True)
class _BegunRecording:
    """A recorder with the calls that need no model: whether there are some, and whether they do."""

    recorder: CallRecorder
    found: bool
    enough: bool


def _begin(
    context: AnswerContext, plan: RecordingPlan, request: RunRequest, work: RunningWork
) -> _BegunRecording:
    """The recorder, after the calls that need no model."""
    if plan.command is None or plan.language is None or plan.material is None:
        raise CannotRunError(plan.problem)
    runner = ProjectRunner(Path(plan.root), plan.command, request.confined, git_of(context.inputs.config))
    recorder = CallRecorder(plan.language, plan.material, work.copy(runner, plan.opened or {}))
    found = recorder.begin() > 0
    enough = context.question.wish != "frontier" and recorder.is_enough(_rng())
    return _BegunRecording(recorder, found, enough)


def _rng() -> random.Random:
    """By which mistakes are planted: the same ones each time."""
    return random.Random(1)  # noqa: S311


def _finish(
    context: AnswerContext, versions: DocumentVersions, recorder: CallRecorder, answer: str
) -> tuple[RecordedTests, PlannedEdit]:
    """The tests with the model's calls, and the edit that writes them."""
    if answer:
        recorder.take(answer)

    def edit_of(text: str) -> PlannedEdit:
        return planned_edit(context.local, _as_answer(context, text), context, versions, ())

    def place(text: str) -> PlacedTests:
        planned = edit_of(text)
        if planned.edit is None:
            raise CannotRunError(str(planned.problem or EditError("no file can be written")))
        change = planned.edit.changes[0]
        return PlacedTests(change.path, change.after)

    whole = context.local.whole
    taken = context.local.evidence.texts.get(whole.path, "") if whole is not None else ""
    names = {name or title for name, title in _NAMES.findall(taken)}
    recorded = recorder.finish(place, names, _rng())
    return recorded, edit_of(recorded.text)


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
