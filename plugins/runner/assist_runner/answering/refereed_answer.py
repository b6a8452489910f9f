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
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress
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
from assist_server.questions.decision import BY_TESTS, DecidedQuestion
from assist_server.questions.events import (
    AnswerCost,
    AnswerEvent,
    AnswerPiece,
    AnswerProgress,
    AnswerStart,
    FinalAnswer,
    Notice,
    grown_thread,
)
from assist_server.questions.local_answer import redact_question
from assist_server.questions.provider_answer import UNUSABLE
from assist_server.questions.runner_port import ATTEMPT_SECONDS, AnswerWays
from assist_server.workspace.git_access import git_of

HINT_SECONDS = 15.0  # that the model's first answer waits for tests, so that it knows what fails
UNCHECKED = "The edit is not checked by running: {}."
CHECKS = "check the edit by the project's tests"


async def answer_with_referee(
    decided: DecidedQuestion, plan: RefereePlan, ways: AnswerWays
) -> AsyncGenerator[AnswerEvent, None]:
    """The answer whose edit the tests let pass; else the best one, with what speaks against it."""
    also = plan.checker.command.words if plan.command and plan.checker else ()
    request = RunRequest(plan.root, plan.words, False, CHECKS, also)
    reason = plan.problem
    if plan.words:
        request = await asked_request(request, ways.sandbox)
        reason = await refusal_to_run(decided, request, ways.confirm)
    if reason or not plan.words:
        async with aclosing(_answer_unchecked(decided, reason, ways)) as plain:
            async for event in plain:
                yield event
        return
    if notice := unconfined_notice(decided, request):
        yield Notice(notice)
    work = RunningWork()
    begun = asyncio.create_task(work.do(partial(_begin, decided, plan, request, work)))
    try:
        async with aclosing(_judge_attempts(decided, plan, ways, work, begun)) as judged:
            told = False
            async for event in judged:
                if begun.done() and not told:  # before the next event, so before the edit
                    told = True
                    for said in _expected_notices(begun):
                        yield said
                yield event
    finally:
        begun.cancel()
        await work.close()
        with suppress(asyncio.CancelledError, Exception):
            await begun


async def _answer_unchecked(
    decided: DecidedQuestion, reason: str, ways: AnswerWays
) -> AsyncGenerator[AnswerEvent, None]:
    """The answer as it comes, with the reason why it has no proof."""
    yield Notice(UNCHECKED.format(reason))
    async with aclosing(ways.first(decided)) as stream:
        async for event in stream:
            yield replace(event, proof=Proof("none", reason)) if isinstance(event, FinalAnswer) else event


def _begin(
    decided: DecidedQuestion, plan: RefereePlan, request: RunRequest, work: RunningWork
) -> EditReferee:
    """The referee, after the runs on the code as it is."""
    judge = plan.command or plan.runner or (plan.checker.command if plan.checker else None)
    if judge is None:
        raise UserError(plan.problem)
    expectation = plan.expectation
    own = expectation.recording.command if expectation is not None else None  # by which calls run
    runner = ProjectRunner(Path(plan.root), own or judge, request.confined, git_of(decided.inputs.config))
    referee = EditReferee(work.copy(runner, plan.opened or {}), plan.command, plan.checker)
    more = None
    if expectation is not None and plan.runner is not None:
        more = OneMoreTest(partial(make_expected_test, expectation), plan.runner)
    referee.begin(more)
    return referee


async def _judge_attempts(
    decided: DecidedQuestion,
    plan: RefereePlan,
    ways: AnswerWays,
    work: RunningWork,
    begun: "asyncio.Task[EditReferee]",
) -> AsyncGenerator[AnswerEvent, None]:
    start = ways.clock()
    asked = decided
    yield AnswerProgress("running", 1, 0.0)
    search = asyncio.create_task(_search(decided, ways, work, begun))
    first: FinalAnswer | None = None
    try:
        decided = await _after_tests(decided, ways, begun)
        yield AnswerProgress("running", 1, 0.0)
        if decided.decision.target != "local":
            await asyncio.wait([search])  # it is free, and then nothing needs to leave
        async with aclosing(ways.first(decided)) as stream, aclosing(until_found(stream, search)) as events:
            async for event in events:
                if isinstance(event, FinalAnswer):
                    first = without_hint(event, asked, decided)
                else:
                    yield event
        yield AnswerProgress("running", 1, 0.0)
        found = await search
    except (UserError, Stopped) as error:
        if first is None:
            raise
        for event in _as_unchecked(first, error):
            yield event
        return
    finally:
        search.cancel()
    if found is not None:
        computed = _computed_answer(decided, found, 1e3 * (ways.clock() - start))
        yield with_expected(computed, plan, begun.result(), ways.versions)
    elif first is not None:
        told = decided if decided is not asked else _told_in_time(decided, begun)
        plain = asked if decided is not asked else None
        trial = EditTrial(told, plan, await begun, work, plain)
        async with aclosing(_judge_models(trial, first, ways, start)) as judged:
            async for event in judged:
                yield event


async def _after_tests(
    decided: DecidedQuestion, ways: AnswerWays, begun: "asyncio.Task[EditReferee]"
) -> DecidedQuestion:
    """The question once the tests have run; for the model on this machine with what fails, if in time."""
    if decided.decision.target != "local":
        await asyncio.wait([begun])
        return decided
    await asyncio.gather(ways.load(), asyncio.wait([begun], timeout=HINT_SECONDS))
    return _told_in_time(decided, begun)


def _as_unchecked(final: FinalAnswer, error: Exception) -> Iterator[AnswerEvent]:
    """The end of an answer that could not be checked after all."""
    reason = str(error).rstrip(".")
    yield Notice(UNCHECKED.format(reason))
    yield replace(final, proof=Proof("none", reason))


def _told_in_time(decided: DecidedQuestion, begun: "asyncio.Task[EditReferee]") -> DecidedQuestion:
    """The question with what fails, if that is known by now."""
    if not begun.done() or begun.exception() is not None:
        return decided
    return told_of_failure(decided, begun.result())


def _expected_notices(begun: "asyncio.Task[EditReferee]") -> Iterator[Notice]:
    """What the user reads about the test of what they expect, or why there is none."""
    if not begun.done() or begun.cancelled() or begun.exception() is not None:
        return
    referee = begun.result()
    if referee.expected is not None:
        yield Notice(failing_words(referee.expected))
    if referee.not_expected:
        yield Notice(f"No test is made of what you expect: {referee.not_expected.rstrip('.')}.")


async def _search(
    decided: DecidedQuestion,
    ways: AnswerWays,
    work: RunningWork,
    begun: "asyncio.Task[EditReferee]",
) -> ComputedFix | None:
    """The small change that the tests accept, once the referee can judge; raises what prevents that."""
    referee = await asyncio.shield(begun)
    texts = decided.local.evidence.texts
    search = partial(computed_fix, referee, decided.question, texts, ways.versions)
    return await work.do(search)


async def _judge_models(
    trial: EditTrial, first: FinalAnswer, ways: AnswerWays, start: float
) -> AsyncGenerator[AnswerEvent, None]:
    """The referee's answer from what models write."""
    try:
        verdict = await trial.judge(first)
        if not trial.is_done(verdict):
            more = _repair_once if first.decision.target == "frontier" else _try_again
            async with aclosing(more(trial, first, ways)) as attempts:
                async for event in attempts:
                    yield event
    except (UserError, Stopped) as error:
        for event in _as_unchecked(first, error):
            yield event
        return
    final = trial.choose(first, ways.versions)
    spent = 1e3 * (ways.clock() - start)  # with all runs and attempts
    final = replace(final, cost=replace(trial.cost_of(final), ms=spent))
    if final.text != first.text:
        yield AnswerStart(final.decision, final.model)
        yield AnswerPiece(final.text)
    yield final


async def _try_again(
    trial: EditTrial, first: FinalAnswer, ways: AnswerWays
) -> AsyncGenerator[AnswerEvent, None]:
    """More attempts of the local model; if none passes in time, a provider, where the answer is doubtful."""
    async with aclosing(_try_locally(trial, first, ways)) as attempts:
        async for event in attempts:
            yield event
    if first.doubtful is None or any(trial.is_done(verdict) for _, verdict in trial.tried):
        return
    provider: FinalAnswer | None = None
    async with aclosing(ways.escalate(replace(trial.decided, decision=first.doubtful))) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer):
                provider = event
            else:
                yield event
    if provider is not None and not trial.is_done(await trial.judge(provider)):
        async with aclosing(_repair_once(trial, provider, ways)) as repaired:
            async for event in repaired:
                yield event


async def _try_locally(
    trial: EditTrial, first: FinalAnswer, ways: AnswerWays
) -> AsyncGenerator[AnswerEvent, None]:
    began = ways.clock()
    local = await ways.load()
    redacted, _ = await asyncio.to_thread(redact_question, trial.decided)
    secrets = tuple(redacted.placeholders.values())
    try:
        found = await doubts_in(trial.decided, local)
        for number, (asked, way) in enumerate(_further_questions(trial, found), 2):
            if ways.clock() - began > ATTEMPT_SECONDS:
                return
            attempt = further_attempt(asked, way, local, ways.versions, secrets)
            answer: FurtherAnswer | None = None
            async with aclosing(attempt) as events:
                async for event in events:
                    if isinstance(event, FurtherAnswer):
                        answer = event
                    else:
                        yield event
            yield AnswerProgress("running", number, ways.clock() - began)
            if answer is not None and trial.is_done(await trial.judge(_with_attempt(first, answer))):
                return
    except CompletionError as error:  # the attempts so far are there
        yield Notice(f"No further attempt: {error}")


def _computed_answer(decided: DecidedQuestion, found: ComputedFix, ms: float) -> FinalAnswer:
    """The end of a question whose fix was computed: no model wrote it."""
    decision = replace(decided.decision, target="local", cause=BY_TESTS, why=COMPUTED_WHY, asks=False)
    thread = decided.question.thread
    spans = decided.local.turn_prompt.spans
    grown = grown_thread(decided, spans, found.words, thread.dropped if thread else 0)
    cost = AnswerCost("stop", 0, 0, 0, ms, 0)
    proof = proof_of(found.verdict, "fix", "")
    return FinalAnswer(found.words, "", decision, cost, found.plan, thread=grown, proof=proof)


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
        yield FurtherQuestion(with_hint(trial.decided, trial.last_hint()), trial.partial_fix()), way


async def _repair_once(
    trial: EditTrial, first: FinalAnswer, ways: AnswerWays
) -> AsyncGenerator[AnswerEvent, None]:
    """A provider's second answer, to what the tests say of its first one; it gets no third one."""
    if first.plan is None or not trial.tried or first.decision.why == UNUSABLE:
        return
    verdict = trial.tried[-1][1]
    command = trial.decided.question.command
    proof = proof_of(verdict, command, checker_name(trial.plan))
    paths = await trial.work.do(trial.referee.paths)
    said = await asyncio.to_thread(leaving_words, trial.decided, verdict, proof.words, paths)
    async with aclosing(ways.repair(trial.decided, first, said)) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer):
                await trial.judge(event)
            else:
                yield event
