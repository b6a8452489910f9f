"""An edit with a referee: the project's tests and its type checker judge each attempt, on a copy.

The tests run twice on the code as it is while the model reads and writes. The first attempt that passes what
failed before and breaks nothing is the answer. Until then the model on this machine tries again, for
`SECONDS`; a provider's edit goes back to it once, with what the tests say, as a request like any other.
Nothing runs without the user's consent (`consented_runs`), and only users make the edit.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath

from assist_completion.errors import CompletionError
from assist_context.evidence.mentions import is_test
from assist_context.files.git_repository import Stopped
from assist_escalation.edits.plan import EditError, EditPlan
from assist_server.errors import UserError
from assist_server.questions.decision import DecidedQuestion
from assist_server.questions.events import (
    AnswerCost,
    AnswerEvent,
    AnswerPiece,
    AnswerProgress,
    AnswerStart,
    DocumentVersions,
    FinalAnswer,
    Notice,
)
from assist_server.questions.instructions import failing_words
from assist_server.questions.local_answer import LocalLoader, redact_question
from assist_server.questions.running.consented_runs import (
    Answering,
    ConfirmRun,
    RunningWork,
    SandboxCheck,
    refusal_to_run,
    unconfined_notice,
)
from assist_server.questions.running.further_attempts import (
    FurtherAnswer,
    attempt_ways,
    doubts_in,
    further_attempt,
)
from assist_server.questions.running.referee_plan import RefereePlan
from assist_server.questions.running.repair_request import MOST_SAID, leaving_words
from assist_server.recorded_tests.project_runs import ProjectRunner
from assist_server.recorded_tests.run_consent import RunRequest
from assist_server.referee.edit_proof import EditProof, EditVerdict, is_accepted, proof_of, rank_of
from assist_server.referee.edit_referee import EditReferee
from assist_server.referee.failing_tests import failing_test
from assist_server.workspace.git_access import git_of

SECONDS = 60.0  # for attempts after the first; the last one that begins in time is finished
UNCHECKED = "The edit is not checked by running: {}."
CHECKS = "check the edit by the project's tests"

Repairing = Callable[[DecidedQuestion, FinalAnswer, str], AsyncGenerator[AnswerEvent, None]]


@dataclass(frozen=True, slots=True)
class RefereeWays:
    """What a referee needs of who asks: consent, the model, the first answer, and a provider's second one."""

    confirm: ConfirmRun
    sandbox: SandboxCheck
    versions: DocumentVersions
    load: LocalLoader
    first: Answering
    repair: Repairing
    clock: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class _Trial:
    """All attempts of one answer and their verdicts: what was tried is not judged again.

    `made` counts also those that make no edit, or one that was there before. `costs` are a provider's.
    """

    decided: DecidedQuestion
    plan: RefereePlan
    referee: EditReferee
    work: RunningWork
    tried: list[tuple[FinalAnswer, EditVerdict]] = field(default_factory=list)
    made: int = 0
    costs: list[AnswerCost] = field(default_factory=list)

    async def judge(self, final: FinalAnswer) -> EditVerdict | None:
        """The verdict on an answer's edit; None if it makes none, or the same as an earlier one."""
        self.made += 1
        if final.decision.target == "frontier":
            self.costs.append(final.cost)
        if final.plan is None:
            return None
        texts = _texts(final.plan)
        if any(_texts(known.plan) == texts for known, _ in self.tried if known.plan is not None):
            return None
        verdict = await self.work.do(partial(self.referee.judge, texts))
        self.tried.append((final, verdict))
        return verdict

    def is_done(self, verdict: EditVerdict | None) -> bool:
        """Whether no more attempts are needed."""
        return verdict is not None and is_accepted(verdict, self.decided.question.command)

    def best(self) -> tuple[FinalAnswer, EditVerdict] | None:
        """The best attempt, the first one of several; None if none made an edit."""
        return max(self.tried, key=lambda one: rank_of(one[1]), default=None)

    def cost_of(self, final: FinalAnswer) -> AnswerCost:
        """What an answer took; a provider is paid for all its attempts."""
        if not self.costs:
            return final.cost
        micro = sum(cost.micro for cost in self.costs)
        tokens_in = sum(cost.tokens_in for cost in self.costs)
        tokens_out = sum(cost.tokens_out for cost in self.costs)
        return replace(final.cost, tokens_in=tokens_in, tokens_out=tokens_out, micro=micro)

    def hint(self) -> str:
        """What a model learns about the tests that fail before the edit, or with the last one."""
        before = self.referee.before
        last = self.tried[-1][1] if self.tried else EditVerdict()
        if last.types:
            return "\n".join(last.types)
        if before is not None and before.failing:
            named = min(before.failing)
            said = before.said
        elif last.tests is not None and last.tests.broken:
            named = min(last.tests.broken)
            said = last.tests.said
        else:
            return ""
        test = failing_test(Path(self.plan.root), named)
        return failing_words(test, "\n".join(said)[:MOST_SAID])


def _texts(edit: EditPlan) -> Mapping[str, str]:
    return {change.path: change.after for change in edit.changes}


async def answer_with_referee(
    decided: DecidedQuestion, plan: RefereePlan, ways: RefereeWays
) -> AsyncGenerator[AnswerEvent, None]:
    """The answer whose edit the tests let pass; else the best one, with what speaks against it."""
    also = plan.checker.command.words if plan.command and plan.checker else ()
    request = RunRequest(plan.root, plan.words, False, CHECKS, also)
    reason = plan.problem
    if plan.words:
        confined = await asyncio.to_thread(ways.sandbox, Path(plan.root))
        request = replace(request, confined=confined)
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
            async for event in judged:
                yield event
    finally:
        begun.cancel()
        await work.close()
        with suppress(asyncio.CancelledError, Exception):
            await begun


async def _answer_unchecked(
    decided: DecidedQuestion, reason: str, ways: RefereeWays
) -> AsyncGenerator[AnswerEvent, None]:
    """The answer as it comes, with the reason why it has no proof."""
    yield Notice(UNCHECKED.format(reason))
    async with aclosing(ways.first(decided)) as stream:
        async for event in stream:
            yield replace(event, proof=EditProof("none", reason)) if isinstance(event, FinalAnswer) else event


def _begin(
    decided: DecidedQuestion, plan: RefereePlan, request: RunRequest, work: RunningWork
) -> EditReferee:
    """The referee, after the runs on the code as it is."""
    judge = plan.command or (plan.checker.command if plan.checker else None)
    if judge is None:
        raise UserError(plan.problem)
    runner = ProjectRunner(Path(plan.root), judge, request.confined, git_of(decided.inputs.config))
    referee = EditReferee(work.copy(runner, plan.opened or {}), plan.command, plan.checker)
    referee.begin()
    return referee


async def _judge_attempts(
    decided: DecidedQuestion,
    plan: RefereePlan,
    ways: RefereeWays,
    work: RunningWork,
    begun: "asyncio.Task[EditReferee]",
) -> AsyncGenerator[AnswerEvent, None]:
    first: FinalAnswer | None = None
    start = ways.clock()
    async with aclosing(ways.first(decided)) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer):
                first = event
            else:
                yield event
    if first is None:
        return
    yield AnswerProgress("running", 1, 0.0)
    try:
        trial = _Trial(decided, plan, await begun, work)
        verdict = await trial.judge(first)
        if not trial.is_done(verdict):
            more = _repair_once if first.decision.target == "frontier" else _try_again
            async with aclosing(more(trial, first, ways)) as attempts:
                async for event in attempts:
                    yield event
    except (UserError, Stopped) as error:
        reason = str(error).rstrip(".")
        yield Notice(UNCHECKED.format(reason))
        yield replace(first, proof=EditProof("none", reason))
        return
    final = _choose(trial, first)
    spent = 1e3 * (ways.clock() - start)  # with all runs and attempts
    final = replace(final, cost=replace(trial.cost_of(final), ms=spent))
    if final.text != first.text:
        yield AnswerStart(final.decision, final.model)
        yield AnswerPiece(final.text)
    yield final


async def _try_again(
    trial: _Trial, first: FinalAnswer, ways: RefereeWays
) -> AsyncGenerator[AnswerEvent, None]:
    """More attempts of the local model, until one passes or the time is up."""
    decided = trial.decided
    began = ways.clock()
    local = await ways.load()
    redacted, _ = await asyncio.to_thread(redact_question, decided)
    secrets = tuple(redacted.placeholders.values())
    try:
        found = await doubts_in(decided, local)
        for number, way in enumerate(attempt_ways(found), 2):
            if ways.clock() - began > SECONDS:
                return
            attempt = further_attempt(decided, trial.hint(), way, local, ways.versions, secrets)
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


async def _repair_once(
    trial: _Trial, first: FinalAnswer, ways: RefereeWays
) -> AsyncGenerator[AnswerEvent, None]:
    """A provider's second answer, to what the tests say of its first one."""
    if first.plan is None or not trial.tried:
        return
    verdict = trial.tried[-1][1]
    command = trial.decided.question.command
    proof = proof_of(verdict, command, _checker(trial.plan))
    paths = await trial.work.do(trial.referee.paths)
    said = await asyncio.to_thread(leaving_words, trial.decided, verdict, proof.words, paths)
    async with aclosing(ways.repair(trial.decided, first, said)) as stream:
        async for event in stream:
            if isinstance(event, FinalAnswer):
                await trial.judge(event)
            else:
                yield event


def _checker(plan: RefereePlan) -> str:
    return plan.checker.name if plan.checker else ""


def _choose(trial: _Trial, first: FinalAnswer) -> FinalAnswer:
    """The best attempt with its proof. What an edit breaks is asked about; a wrong type is refused."""
    best = trial.best()
    if best is None:
        return replace(first, proof=EditProof("none", "no attempt makes an edit", trial.made))
    final, verdict = best
    command = trial.decided.question.command
    proof = proof_of(verdict, command, _checker(trial.plan), trial.plan.problem)
    proof = replace(proof, attempts=trial.made)
    edit = final.plan
    if edit is None:
        return replace(final, proof=proof)
    if proof.kind == "tests" and any(_judges(change.path) for change in edit.changes):
        proof = replace(proof, kind="none", words=f"it changes tests that judge it ({proof.words})")
    if verdict.types:
        return replace(final, plan=None, problem=EditError(proof.words), proof=proof)
    if proof.refuted:
        edit = replace(edit, unsure=(*edit.unsure, proof.words))
    elif proof.kind == "tests" and command == "fix":
        edit = replace(edit, unsure=())  # what a small model doubts counts for less than tests that it passes
    return replace(final, plan=edit, proof=proof)


def _judges(path: str) -> bool:
    """Whether a file says what tests say: an edit that changes it can prove anything."""
    return is_test(path) or PurePosixPath(path).name == "conftest.py"
