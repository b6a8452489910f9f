"""New tests by running: the model proposes calls, and the code says what they give.

Before anything runs, settings, trust and the user decide (`run_consent`). Where nothing can be run, or
nothing comes of it, the question goes its usual way, and a notice says why and that the values are guesses.
This module draws nothing; `AnswerOptions.confirm_run` asks the user.
"""

import random
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
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
from assist_server.questions.decision import BY_RUNNING, DecidedQuestion
from assist_server.questions.events import (
    AnswerCost,
    AnswerEvent,
    AnswerPiece,
    AnswerProgress,
    DocumentVersions,
    FinalAnswer,
    Notice,
    PlannedEdit,
    grown_thread,
    planned_edit,
)
from assist_server.questions.runner_port import NOT_RUN, Answering, AnswerWays
from assist_server.threads.thread import Thread
from assist_server.workspace.git_access import git_of

_NAMES = re.compile(r"""\bdef (\w+)|\b(?:it|test)\([\"'`](.*?)[\"'`],""")  # of tests
RUNNING_WHY = "running the code says enough"


async def answer_by_running(
    decided: DecidedQuestion,
    plan: RecordingPlan,
    ways: AnswerWays,
) -> AsyncGenerator[AnswerEvent, None]:
    """The answer with recorded tests; else the usual one, after a notice why."""
    reason = plan.problem
    answering, versions = ways.usual, ways.versions
    if not reason:
        request = RunRequest(plan.root, plan.command.words if plan.command else (), False)
        request = await asked_request(request, ways.sandbox)
        reason = await refusal_to_run(decided, request, ways.confirm)
    if reason:
        yield Notice(NOT_RUN.format(reason))
        async with aclosing(answering(decided)) as stream:
            async for event in stream:
                yield event
        return
    if notice := unconfined_notice(decided, request):
        yield Notice(notice)
    work = RunningWork()
    try:
        async with aclosing(_answer_with(decided, (plan, request), work, versions, answering)) as recorded:
            async for event in recorded:
                yield event
    finally:
        await work.close()


async def _answer_with(
    decided: DecidedQuestion,
    how: tuple[RecordingPlan, RunRequest],
    work: RunningWork,
    versions: DocumentVersions,
    answering: Answering,
) -> AsyncGenerator[AnswerEvent, None]:
    plan, request = how
    final: FinalAnswer | None = None
    held: list[Notice] = []
    try:
        yield AnswerProgress("running", 0)
        begun = await work.do(partial(_begin, decided, plan, request, work))
        async with aclosing(_answer_to(decided, plan, begun, answering)) as stream:
            async for event in stream:
                if isinstance(event, FinalAnswer):
                    final = event
                elif isinstance(event, Notice) and not begun.found:
                    held.append(event)  # it speaks of guesses
                elif not isinstance(event, AnswerPiece):
                    yield event
        if final is None:
            return
        yield AnswerProgress("running", 1)
        done = await work.do(partial(_finish, decided, versions, begun.recorder, final.text))
    except (CannotRunError, UserError, Stopped) as error:
        async with aclosing(_without_values(decided, str(error), (final, held), answering)) as rest:
            async for event in rest:
                yield event
        return
    recorded, planned = done
    for text in recorded.contradictions:
        yield Notice(text)
    text = _as_answer(decided, recorded.text)
    thread = _with_answer(final.thread, text)
    proof = Proof("tests", recorded=recorded.counts)
    yield replace(final, text=text, plan=planned.edit, problem=planned.problem, thread=thread, proof=proof)


async def _answer_to(
    decided: DecidedQuestion, plan: RecordingPlan, begun: "_BegunRecording", answering: Answering
) -> AsyncGenerator[AnswerEvent, None]:
    """What proposes more calls: no one, if there are enough; the model, or a provider.

    Where nothing is found without a model, it writes whole tests: these have to do, if none can be recorded.
    """
    if begun.enough:
        yield _answer_without_model(decided)
        return
    draft = plan.draft if begun.found else None
    async with aclosing(answering(replace(decided, local=draft or decided.local))) as stream:
        async for event in stream:
            yield event


async def _without_values(
    decided: DecidedQuestion, error: str, given: tuple[FinalAnswer | None, list[Notice]], answering: Answering
) -> AsyncGenerator[AnswerEvent, None]:
    """The end where nothing was recorded: the whole tests that there are, else why there are none.

    No model is asked twice.
    """
    reason = error.rstrip(".")
    final, held = given
    if final is not None and final.plan is None:
        yield replace(final, text="", problem=EditError(f"No test is written: {reason}."))
        return
    yield Notice(NOT_RUN.format(reason))
    if final is not None:
        for notice in held:
            yield notice
        yield final
        return
    async with aclosing(answering(decided)) as stream:
        async for event in stream:
            yield event


def _answer_without_model(decided: DecidedQuestion) -> FinalAnswer:
    """The end of a question that no model is asked, but for its text."""
    decision = replace(decided.decision, target="local", cause=BY_RUNNING, why=RUNNING_WHY, asks=False)
    thread = decided.question.thread
    grown = grown_thread(decided, decided.local.turn_prompt.spans, "", thread.dropped if thread else 0)
    return FinalAnswer("", "", decision, AnswerCost("stop", 0, 0, 0, 0, 0), thread=grown)


@dataclass(frozen=True, slots=True)
class _BegunRecording:
    """A recorder with the calls that need no model: whether there are some, and whether they do."""

    recorder: CallRecorder
    found: bool
    enough: bool


def _begin(
    decided: DecidedQuestion, plan: RecordingPlan, request: RunRequest, work: RunningWork
) -> _BegunRecording:
    """The recorder, after the calls that need no model."""
    if plan.command is None or plan.language is None or plan.material is None:
        raise CannotRunError(plan.problem)
    runner = ProjectRunner(Path(plan.root), plan.command, request.confined, git_of(decided.inputs.config))
    recorder = CallRecorder(plan.language, plan.material, work.copy(runner, plan.opened or {}))
    found = recorder.begin() > 0
    enough = decided.question.wish != "frontier" and recorder.is_enough(_rng())
    return _BegunRecording(recorder, found, enough)


def _rng() -> random.Random:
    """By which mistakes are planted: the same ones each time."""
    return random.Random(1)  # noqa: S311


def _finish(
    decided: DecidedQuestion, versions: DocumentVersions, recorder: CallRecorder, answer: str
) -> tuple[RecordedTests, PlannedEdit]:
    """The tests with the model's calls, and the edit that writes them."""
    if answer:
        recorder.take(answer)

    def edit_of(text: str) -> PlannedEdit:
        return planned_edit(decided.local, _as_answer(decided, text), decided, versions, ())

    def place(text: str) -> PlacedTests:
        planned = edit_of(text)
        if planned.edit is None:
            raise CannotRunError(str(planned.problem or EditError("no file can be written")))
        change = planned.edit.changes[0]
        return PlacedTests(change.path, change.after)

    whole = decided.local.whole
    taken = decided.local.evidence.texts.get(whole.path, "") if whole is not None else ""
    names = {name or title for name, title in _NAMES.findall(taken)}
    recorded = recorder.finish(place, names, _rng())
    return recorded, edit_of(recorded.text)


def _as_answer(decided: DecidedQuestion, text: str) -> str:
    fence = decided.local.form.fence or "```"
    target = decided.question.target
    language = target.document.language.name if target else ""
    return f"{fence}{language}\n{text}{fence}\n"


def _with_answer(thread: Thread | None, text: str) -> Thread | None:
    """The conversation with the tests in place of the calls."""
    if thread is None or not thread.turns:
        return thread
    *before, last = thread.turns
    return replace(thread, turns=(*before, replace(last, answer=text)))
