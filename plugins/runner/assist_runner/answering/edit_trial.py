"""All attempts of one answer with what the referee says of them, and what a model learns from that.

It runs tests through the referee and asks no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from assist_escalation.edits.plan import EditError, EditPlan
from assist_escalation.prompts import Origin, Span
from assist_runner.answering.consented_runs import RunningWork
from assist_runner.answering.expectation_plan import with_test
from assist_runner.answering.model_words import failing_words
from assist_runner.answering.referee_plan import RefereePlan
from assist_runner.characterization_tests.expected_tests import passing_words
from assist_runner.computed_fixes.failures import FailedTest, find_failed
from assist_runner.computed_fixes.suspicion import CodeLine
from assist_runner.referee.edit_proof import EditVerdict, is_accepted, proof_of, rank_of
from assist_runner.referee.edit_referee import EditReferee
from assist_runner.referee.failing_tests import failing_test
from assist_runner.referee.reached_code import changes_code
from assist_server.proof import ExpectedCall, Proof
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import AnswerCost, DocumentVersions, FinalAnswer
from assist_server.questions.provider_answer import MAX_SAID

AGREEING = "the tests that reach this code pass as before"
ONLY_WORDS = "the edit changes only comments or white space"


@dataclass(slots=True)
class EditTrial:
    """All attempts of one answer and their verdicts: what was tried is not judged again.

    `made` counts also those that make no edit, or one that was there before. `costs` are a provider's.
    """

    context: AnswerContext
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
        texts = texts_of(final.plan)
        if self.context.question.command == "fix" and not _changes_code(final.plan):
            return None
        if any(texts_of(known.plan) == texts for known, _ in self.tried if known.plan is not None):
            return None
        verdict = await self.work.do(partial(self.referee.judge, texts))
        if is_accepted(verdict, self.context.question.command):
            verdict = await self.work.do(partial(self.referee.with_reach, verdict, texts))
            verdict = await self.work.do(partial(self.referee.with_nearby, verdict, texts))
        self.tried.append((final, verdict))
        return verdict

    def is_done(self, verdict: EditVerdict | None) -> bool:
        """Whether no more attempts are needed."""
        command = self.context.question.command
        return verdict is not None and is_accepted(verdict, command) and not verdict.changes_all

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

    def choose(self, first: FinalAnswer, versions: DocumentVersions) -> FinalAnswer:
        """The best attempt with its proof. What an edit breaks is asked about; a wrong type is refused."""
        best = self.best()
        if best is None:
            proof = Proof("none", "no attempt produced an edit", self.made)
            problem = EditError(ONLY_WORDS) if first.plan is not None else first.problem
            return replace(first, plan=None, problem=problem, proof=proof)
        final, verdict = best
        command = self.context.question.command
        proof = proof_of(verdict, command, checker_name(self.plan), self.plan.problem)
        proof = replace(proof, attempts=self.made)
        edit = final.plan
        if edit is None:
            return replace(final, proof=proof)
        if verdict.types:
            return replace(final, plan=None, problem=EditError(proof.words), proof=proof)
        if proof.refuted:
            edit = replace(edit, unsure=(*edit.unsure, proof.words))
        elif proof.kind == "tests" and command == "fix":
            # What a small model doubts counts for less than tests that it passes.
            edit = replace(edit, unsure=(proof.words,) if verdict.changes_all else ())
        elif proof.kind == "tests":  # they say what they look at: what no test looks at may be another thing
            edit = replace(edit, unsure=tuple(f"{reason}, but {AGREEING}" for reason in edit.unsure))
        return with_expected(replace(final, plan=edit, proof=proof), self.plan, self.referee, versions)


def with_expected(
    final: FinalAnswer, plan: RefereePlan, referee: EditReferee, versions: DocumentVersions
) -> FinalAnswer:
    """A proven answer with the user's test that judged it: said, and kept with the edit."""
    made, edit, proof = referee.expected, final.plan, final.proof
    if made is None or plan.expectation is None or edit is None or proof is None or proof.kind != "tests":
        return final
    words = f"{passing_words(made)}; {proof.words}"
    kept = with_test(edit, plan.expectation, made, versions)
    expected = ExpectedCall(made.call, made.today, made.wanted)
    return replace(final, plan=kept, proof=replace(proof, words=words, expected=expected))


def texts_of(edit: EditPlan) -> Mapping[str, str]:
    """The new texts of an edit's files, by path."""
    return {change.path: change.after for change in edit.changes}


def _changes_code(edit: EditPlan) -> bool:
    return any(changes_code(change.path, change.before, change.after) for change in edit.changes)


def checker_name(plan: RefereePlan) -> str:
    """The name of what checks types, "" if nothing does."""
    return plan.checker.name if plan.checker else ""


def told_of_failure(
    context: AnswerContext, referee: EditReferee, suspicious: Sequence[CodeLine]
) -> AnswerContext:
    """The question as the model on this machine is asked it: which test fails and why, and for one line."""
    before = referee.before
    target = context.question.target
    if before is None or not before.failing or target is None:
        return context
    name = min(before.failing)
    hint = _failing(referee.tree, name, find_failed(before.failures, name), before.said, target.lines.path)
    lines = [line.text for line in suspicious if line.path == target.lines.path]
    if lines:
        hint += "\nChange one line only, probably one of these:\n" + "\n".join(lines)
    return _with_hint(context, hint)


def _with_hint(context: AnswerContext, hint: str) -> AnswerContext:
    """The question with more words of ours before the last ones, for the model on this machine only."""
    target = context.question.target
    if not hint or target is None:
        return context
    draft = context.local
    more = Span(hint, Origin("editor", target.lines.path, context.root))
    turn = draft.turn_prompt.spans
    spans = draft.prompt.spans
    turn = (*turn[:-1], more, *turn[-1:])
    prompt = replace(draft.prompt, spans=(*spans[:-1], more, *spans[-1:]))
    return replace(context, local=replace(draft, prompt=prompt, turn=turn))


def without_hint(final: FinalAnswer, asked: AnswerContext, told: AnswerContext) -> FinalAnswer:
    """The answer to a question that was `told` more, without that in its conversation.

    What tests print may hold any text of the workspace, and a conversation may go on with a provider.
    """
    thread = final.thread
    if thread is None or not thread.turns:
        return final
    more = set(told.local.turn_prompt.spans) - set(asked.local.turn_prompt.spans)
    last = thread.turns[-1]
    last = replace(last, spans=tuple(span for span in last.spans if span not in more))
    return replace(final, thread=replace(thread, turns=(*thread.turns[:-1], last)))


def _failing(root: Path, name: str, known: FailedTest | None, said: tuple[str, ...], path: str = "") -> str:
    """The test that fails in words: its code, what it says, and where the code in question went wrong."""
    words = "\n".join(known.said if known else said)[:MAX_SAID]
    frames = [frame for frame in known.frames if frame.path == path and frame.code] if known else []
    if frames:
        words += f"\nIt happens here: {frames[-1].code}"
    return failing_words(failing_test(root, name), words)
