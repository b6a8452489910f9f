"""An edit with a referee: the project's tests and its type checker judge each attempt, on a copy.

1. The tests run twice on the code as it is.
2. Of a fix, small changes of suspicious lines are tried against the tests that fail (`computed_search`): one
   that the tests accept is the answer. Of several, the user chooses.
3. Else a model is asked, that of this machine for one line: its edit is offered if the tests accept it.
   A provider's edit goes back to it once, with what the tests say, as a request like any other.
4. After `MAX_SECONDS` without a fix, the answer is what was tried, and which lines are suspicious.

Nothing runs without the user's consent (`consented_runs`), and only users make the edit.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from assist_completion.errors import CompletionError
from assist_context.files.git_repository import Stopped
from assist_escalation.edits.plan import EditError
from assist_runner.answering.computed_search import (
    COMPUTED_WHY,
    SEARCH_SECONDS,
    ComputedFix,
    FixSearch,
    SearchBounds,
    search_fix,
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
    without_hint,
)
from assist_runner.answering.expectation_plan import make_expected_test
from assist_runner.answering.model_words import leaving_words
from assist_runner.answering.referee_plan import RefereePlan
from assist_runner.characterization_tests.expected_tests import failing_words
from assist_runner.characterization_tests.project_runs import ProjectRunner
from assist_runner.computed_fixes.suspicion import CodeLine
from assist_runner.referee.edit_proof import proof_of
from assist_runner.referee.edit_referee import EditReferee, OneMoreTest
from assist_server.config.run_consent import RunRequest
from assist_server.errors import UserError
from assist_server.proof import Proof
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import (
    AnswerProgress,
    AnswerSink,
    FinalAnswer,
    end_without_model,
)
from assist_server.questions.provider_answer import UNUSABLE, repair
from assist_server.questions.session import BY_TESTS, AnswerSession
from assist_server.workspace.git_access import make_git

# Of all that a fix takes; what comes later is too late for a person who waits.
MAX_SECONDS = 90.0
MODEL_SECONDS = 15.0  # of these for the model on this machine, which writes one function
LEAST_SECONDS = 20.0  # of search, however long the tests took before
SEVERAL = "the tests do not say which of {} changes is right"
OTHERS = "Other changes that pass the same tests: {}"
NOTHING_WHY = "the tests fail with every edit that was tried"
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
        final = await session.ask_models(context, is_held=True)
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
    runner = ProjectRunner(Path(plan.root), own or judge, request.confined, make_git(context.inputs.config))
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
    try:
        referee = await asyncio.shield(begun)
        searched = await _search(context, plan, session, work, referee, start)
    except (UserError, Stopped) as error:
        return _as_unchecked(await session.ask_models(context, is_held=True), error, session.sink)
    ms = 1e3 * (time.monotonic() - start)
    if searched is not None and searched.fix is not None:
        if searched.fix.others:
            session.sink.notice(OTHERS.format("; ".join(line.words for line in searched.fix.others)))
        computed = _computed_answer(context, searched, searched.fix, ms)
        return with_expected(computed, plan, referee, session.versions)
    trial = EditTrial(context, plan, referee, work)
    if searched is None:
        return await _judge_models(trial, await session.ask_models(context, is_held=True), session, start)
    left = MAX_SECONDS - (time.monotonic() - start)
    final = await _last_attempt(trial, searched, session, start, left)
    return final or _nothing_found(context, searched, 1e3 * (time.monotonic() - start))


async def _search(
    context: AnswerContext,
    plan: RefereePlan,
    session: AnswerSession,
    work: RunningWork,
    referee: EditReferee,
    start: float,
) -> FixSearch | None:
    """What came of the small changes of suspicious lines; None where no test fails."""
    loop = asyncio.get_running_loop()
    begun = time.monotonic()

    def tell(count: int, words: str) -> None:
        progress = AnswerProgress("trying", count, time.monotonic() - begun, words)
        loop.call_soon_threadsafe(session.sink.progress, progress)

    left = MAX_SECONDS - MODEL_SECONDS - (begun - start)
    bounds = SearchBounds(max(LEAST_SECONDS, min(SEARCH_SECONDS, left)), tell)
    return await work.do(partial(search_fix, referee, context.question, plan, session.versions, bounds))


async def _last_attempt(
    trial: EditTrial, searched: FixSearch, session: AnswerSession, start: float, left: float
) -> FinalAnswer | None:
    """A model's edit, after small changes did not help; None if this machine's has none that tests accept.

    It is asked for one line, in what is `left` of the time. A provider has its own time; where the tests
    refuse its edit, its answer stays, with what it cost, and the edit goes.
    """
    context = trial.context
    decision = context.decision
    if decision.target == "refused":
        return None
    is_local = decision.target == "local"
    if is_local:
        trial.context = told_of_failure(context, trial.referee, searched.suspicious)
    try:
        async with asyncio.timeout(max(left, MODEL_SECONDS) if is_local else None):
            first = await session.ask_models(trial.context, is_held=True)
            first = without_hint(first, context, trial.context)
            final = await _judge_models(trial, first, session, start)
    except (TimeoutError, CompletionError):
        return None
    passes = final.plan is not None and final.proof is not None and final.proof.kind == "tests"
    if is_local and not passes:
        return None
    lines = _lines_of(searched.suspicious)
    proof = replace(final.proof or Proof("none", searched.words), lines=lines)
    return replace(final, proof=proof, plan=final.plan if passes else None)


def _as_unchecked(final: FinalAnswer, error: Exception, sink: AnswerSink) -> FinalAnswer:
    """The end of an answer that could not be checked after all."""
    reason = str(error).rstrip(".")
    sink.notice(UNCHECKED.format(reason))
    return replace(final, proof=Proof("none", reason))


def _tell_expected(sink: AnswerSink, begun: "asyncio.Task[EditReferee]") -> None:
    """Tell the user, once the tests have run, which test of their expectation fails, or why there is none."""
    if begun.cancelled() or begun.exception() is not None:
        return
    referee = begun.result()
    if referee.expected is not None:
        sink.notice(failing_words(referee.expected))
    if referee.not_expected:
        sink.notice(f"No test was made from what you expect: {referee.not_expected.rstrip('.')}.")


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
    """A provider, where the answer of the model on this machine is doubtful and the tests refuse it."""
    if first.doubtful is None:
        return
    provider = await session.ask_again(trial.context, first.doubtful)
    if provider is not None and not trial.is_done(await trial.judge(provider)):
        await _repair_once(trial, provider, session)


def _computed_answer(context: AnswerContext, searched: FixSearch, fix: ComputedFix, ms: float) -> FinalAnswer:
    """The end of a question whose fix was computed: no model wrote it. Of several the user has to choose."""
    decision = replace(context.decision, target="local", cause=BY_TESTS, why=COMPUTED_WHY, asks=False)
    final = end_without_model(context, fix.words)
    proof = replace(proof_of(fix.verdict, "fix", ""), lines=_lines_of(searched.suspicious, fix.others))
    edit = fix.plan
    if fix.others:
        edit = replace(edit, unsure=(SEVERAL.format(len(fix.others) + 1),))
    cost = replace(final.cost, ms=ms)
    return replace(final, decision=decision, cost=cost, plan=edit, proof=proof)


def _lines_of(
    suspicious: Sequence[CodeLine], others: Sequence[CodeLine] = ()
) -> Mapping[str, tuple[Mapping[str, str | int], ...]]:
    """Lines of code as a proof has them; those that may be changed instead only if there are some."""
    found = {"suspicious": tuple(asdict(line) for line in suspicious)}
    return {**found, "others": tuple(asdict(line) for line in others)} if others else found


def _nothing_found(context: AnswerContext, searched: FixSearch, ms: float) -> FinalAnswer:
    """The end of a question without a fix: what was tried, and the most suspicious lines."""
    words = searched.words
    if context.decision.target == "refused":
        words += ", and no model may be asked"
    lines = "\n".join(line.words for line in searched.suspicious)
    problem = EditError(words, f"Most suspicious:\n{lines}" if lines else "")
    decision = replace(context.decision, target="local", cause=BY_TESTS, why=NOTHING_WHY, asks=False)
    final = end_without_model(
        context, "\n".join((f"{words[:1].upper()}{words[1:]}.", problem.excerpt)).rstrip()
    )
    proof = Proof("none", words, refuted=True, lines=_lines_of(searched.suspicious))
    return replace(final, decision=decision, cost=replace(final.cost, ms=ms), problem=problem, proof=proof)


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
