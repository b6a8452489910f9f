"""An edit with a referee: the project's tests and its type checker judge each attempt, on a copy.

1. The tests run twice on the code as it is. Where that is quick, the model on this machine reads what fails.
2. While it reads and writes, small changes are computed and tried (`computed_search`): one that the tests
   accept is the answer, and the model stops.
3. The first attempt that passes what failed before and breaks nothing is the answer. Until then the model on
   this machine tries again, for `ATTEMPT_SECONDS`.
4. Only then a provider is asked after a doubtful local answer. A provider's edit goes back to it once, with
   what the tests say, as a request like any other. Before the first request, small changes are tried.

Nothing runs without the user's consent (`consented_runs`), and only users make the edit.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from assist_completion.errors import CompletionError
from assist_completion.inference.doubts import Doubt
from assist_context.files.git_repository import Stopped
from assist_runner.answering.computed_search import (
    COMPUTED_WHY,
    ComputedFix,
    computed_fix,
    until_found,
)
from assist_runner.answering.consented_runs import (
    RunningWork,
    asked_request,
    refusal_to_run,
    unconfined_notice,
)
from assist_runner.answering.edit_trial import (
    EditTrial,
    checker_name,
    told_of_failure,
    with_expected,
    with_hint,
    without_hint,
)
from assist_runner.answering.expectation_plan import make_expected_test
from assist_runner.answering.further_attempts import (
    AttemptWay,
    FurtherAnswer,
    FurtherQuestion,
    attempt_ways,
    doubts_in,
    further_attempt,
)
from assist_runner.answering.model_words import leaving_words
from assist_runner.answering.referee_plan import RefereePlan
from assist_runner.recorded_tests.expected_tests import failing_words
from assist_runner.recorded_tests.project_runs import ProjectRunner
from assist_runner.referee.edit_proof import proof_of
from assist_runner.referee.edit_referee import EditReferee, OneMoreTest
from assist_server.config.run_consent import RunRequest
from assist_server.errors import UserError
from assist_server.proof import Proof
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import (
    ATTEMPT_SECONDS,
    AnswerProgress,
    AnswerSink,
    FinalAnswer,
    without_model,
)
from assist_server.questions.local_answer import redact_question
from assist_server.questions.provider_answer import UNUSABLE, repair
from assist_server.questions.session import BY_TESTS, AnswerSession
from assist_server.workspace.git_access import git_of

HINT_SECONDS = 15.0  # that the model's first answer waits for tests, so that it knows what fails
UNCHECKED = "The edit is not checked by running: {}."
CHECKS = "check the edit by the project's tests"


async def answer_with_referee(
    context: AnswerContext, plan: RefereePlan, session: AnswerSession
) -> FinalAnswer:
    """The answer whose edit the tests let pass; else the best one, with what speaks against it."""
    also = plan.checker.command.words if plan.command and plan.checker else ()
    request = RunRequest(plan.root, plan.words, False, CHECKS, also)
    reason = plan.problem
    if plan.words:
        request = await asked_request(request, session.sandbox)
        reason = await refusal_to_run(context, request, session.confirm_run)
    if reason or not plan.words:
        session.sink.notice(UNCHECKED.format(reason))
        final = await session.ask_models(context, held=True)
        return replace(final, proof=Proof("none", reason))
    if notice := unconfined_notice(context, request):
        session.sink.notice(notice)
    work = RunningWork()
    begun = asyncio.create_task(work.do(partial(_begin, context, plan, request, work)))
    begun.add_done_callback(partial(_tell_expected, session.sink))
    try:
        return await _judge_attempts(context, plan, session, work, begun)
    finally:
        begun.cancel()
        await work.close()
        with suppress(asyncio.CancelledError, Exception):
            await begun


def _begin(context: AnswerContext, plan: RefereePlan, request: RunRequest, work: RunningWork) -> EditReferee:
    """The referee, after the runs on the code as it is."""
    judge = plan.command or plan.runner or (plan.checker.command if plan.checker else None)
    if judge is None:
        raise UserError(plan.problem)
    expectation = plan.expectation
    own = expectation.recording.command if expectation is not None else None  # by which calls run
    runner = ProjectRunner(Path(plan.root), own or judge, request.confined, git_of(context.inputs.config))
    referee = EditReferee(work.copy(runner, plan.opened or {}), plan.command, plan.checker)
    more = None
    if expectation is not None and plan.runner is not None:
        more = OneMoreTest(partial(make_expected_test, expectation), plan.runner)
    referee.begin(more)
    return referee


async def _judge_attempts(
    context: AnswerContext,
    plan: RefereePlan,
    session: AnswerSession,
    work: RunningWork,
    begun: "asyncio.Task[EditReferee]",
) -> FinalAnswer:
    start = time.monotonic()
    session.sink.progress(AnswerProgress("running", 1, 0.0))
    search = asyncio.create_task(_search(context, session, work, begun))
    first: FinalAnswer | None = None
    try:
        told = await _after_tests(context, session, begun)
        session.sink.progress(AnswerProgress("running", 1, 0.0))
        if told.decision.target != "local":
            await asyncio.wait([search])  # it is free, and then nothing needs to leave
        first = await until_found(session.ask_models(told, held=True), search)
        if first is not None:
            first = without_hint(first, context, told)
        session.sink.progress(AnswerProgress("running", 1, 0.0))
        found = await search
    except (UserError, Stopped) as error:
        if first is None:
            raise
        return _as_unchecked(first, error, session.sink)
    finally:
        search.cancel()
    if found is not None:
        computed = _computed_answer(told, found, 1e3 * (time.monotonic() - start))
        return with_expected(computed, plan, begun.result(), session.versions)
    if first is None:
        raise CompletionError("The question ended without an answer: ask again.")
    known = told if told is not context else _told_in_time(context, begun)
    plain = context if told is not context else None
    trial = EditTrial(known, plan, await begun, work, plain)
    return await _judge_models(trial, first, session, start)


async def _after_tests(
    context: AnswerContext, session: AnswerSession, begun: "asyncio.Task[EditReferee]"
) -> AnswerContext:
    """The question once the tests have run; for the model on this machine with what fails, if in time."""
    if context.decision.target != "local":
        await asyncio.wait([begun])
        return context
    await asyncio.gather(session.local(), asyncio.wait([begun], timeout=HINT_SECONDS))
    return _told_in_time(context, begun)


def _as_unchecked(final: FinalAnswer, error: Exception, sink: AnswerSink) -> FinalAnswer:
    """The end of an answer that could not be checked after all."""
    reason = str(error).rstrip(".")
    sink.notice(UNCHECKED.format(reason))
    return replace(final, proof=Proof("none", reason))


def _told_in_time(context: AnswerContext, begun: "asyncio.Task[EditReferee]") -> AnswerContext:
    """The question with what fails, if that is known by now."""
    if not begun.done() or begun.exception() is not None:
        return context
    return told_of_failure(context, begun.result())


def _tell_expected(sink: AnswerSink, begun: "asyncio.Task[EditReferee]") -> None:
    """Tell the user, once the tests have run, which test of their expectation fails, or why there is none."""
    if begun.cancelled() or begun.exception() is not None:
        return
    referee = begun.result()
    if referee.expected is not None:
        sink.notice(failing_words(referee.expected))
    if referee.not_expected:
        sink.notice(f"No test is made of what you expect: {referee.not_expected.rstrip('.')}.")


async def _search(
    context: AnswerContext,
    session: AnswerSession,
    work: RunningWork,
    begun: "asyncio.Task[EditReferee]",
) -> ComputedFix | None:
    """The small change that the tests accept, once the referee can judge; raises what prevents that."""
    referee = await asyncio.shield(begun)
    texts = context.local.evidence.texts
    search = partial(computed_fix, referee, context.question, texts, session.versions)
    return await work.do(search)


async def _judge_models(
    trial: EditTrial, first: FinalAnswer, session: AnswerSession, start: float
) -> FinalAnswer:
    """The referee's answer from what models write."""
    try:
        verdict = await trial.judge(first)
        if not trial.is_done(verdict):
            more = _repair_once if first.decision.target == "frontier" else _try_again
            await more(trial, first, session)
    except (UserError, Stopped) as error:
        return _as_unchecked(first, error, session.sink)
    final = trial.choose(first, session.versions)
    spent = 1e3 * (time.monotonic() - start)  # with all runs and attempts
    if final.text != first.text:
        session.sink.restart(final.decision, final.model)
        session.sink.text(final.text)
    return replace(final, cost=replace(trial.cost_of(final), ms=spent))


async def _try_again(trial: EditTrial, first: FinalAnswer, session: AnswerSession) -> None:
    """More attempts of the local model; if none passes in time, a provider, where the answer is doubtful."""
    await _try_locally(trial, first, session)
    if first.doubtful is None or any(trial.is_done(verdict) for _, verdict in trial.tried):
        return
    provider = await session.ask_again(trial.context, first.doubtful)
    if provider is not None and not trial.is_done(await trial.judge(provider)):
        await _repair_once(trial, provider, session)


async def _try_locally(trial: EditTrial, first: FinalAnswer, session: AnswerSession) -> None:
    began = time.monotonic()
    local = await session.local()
    redacted, _ = await asyncio.to_thread(redact_question, trial.context)
    secrets = tuple(redacted.placeholders.values())
    try:
        found = await doubts_in(trial.context, local)
        for number, (asked, way) in enumerate(_further_questions(trial, found), 2):
            if time.monotonic() - began > ATTEMPT_SECONDS:
                return
            attempt = await further_attempt(asked, way, local, session, secrets)
            session.sink.progress(AnswerProgress("running", number, time.monotonic() - began))
            if trial.is_done(await trial.judge(_with_attempt(first, attempt))):
                return
    except CompletionError as error:  # the attempts so far are there
        session.sink.notice(f"No further attempt: {error}")


def _computed_answer(context: AnswerContext, found: ComputedFix, ms: float) -> FinalAnswer:
    """The end of a question whose fix was computed: no model wrote it."""
    decision = replace(context.decision, target="local", cause=BY_TESTS, why=COMPUTED_WHY, asks=False)
    final = without_model(context, found.words)
    proof = proof_of(found.verdict, "fix", "")
    cost = replace(final.cost, ms=ms)
    return replace(final, decision=decision, cost=cost, plan=found.plan, proof=proof)


def _with_attempt(first: FinalAnswer, answer: FurtherAnswer) -> FinalAnswer:
    """A further attempt as an answer, with what it took."""
    tokens = answer.result.tokens
    cost = replace(
        first.cost, tokens_in=tokens.prompt, tokens_out=tokens.generated, ended=answer.result.ended
    )
    text = answer.result.text
    thread = first.thread
    if thread is not None and thread.turns:
        thread = replace(thread, turns=(*thread.turns[:-1], replace(thread.turns[-1], answer=text)))
    planned = answer.planned
    return replace(first, text=text, cost=cost, plan=planned.edit, problem=planned.problem, thread=thread)


def _further_questions(
    trial: EditTrial, doubts: Sequence[Doubt]
) -> Iterator[tuple[FurtherQuestion, AttemptWay]]:
    """The attempts after the first; the third is the question as it was asked, if nothing is right yet."""
    for number, way in enumerate(attempt_ways(doubts, told=bool(trial.last_hint()))):
        if number == 1 and trial.plain is not None and trial.partial_fix() is None:
            yield FurtherQuestion(trial.plain), AttemptWay()
        yield FurtherQuestion(with_hint(trial.context, trial.last_hint()), trial.partial_fix()), way


async def _repair_once(trial: EditTrial, first: FinalAnswer, session: AnswerSession) -> None:
    """A provider's second answer, to what the tests say of its first one; it gets no third one."""
    if first.plan is None or not trial.tried or first.decision.why == UNUSABLE:
        return
    verdict = trial.tried[-1][1]
    command = trial.context.question.command
    proof = proof_of(verdict, command, checker_name(trial.plan))
    paths = await trial.work.do(trial.referee.paths)
    said = await asyncio.to_thread(leaving_words, trial.context, verdict, proof.words, paths)
    second = await repair(trial.context, session, first, said)
    if second is not None:
        await trial.judge(second)
