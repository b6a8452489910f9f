"""The runner's way to answer: with new tests by running the code, or with a referee for an edit.

It loads what runs code once a question may need that.
"""

from typing import TYPE_CHECKING

from assist_server.questions.session import RUNNER, Applicability, AskedQuestion

if TYPE_CHECKING:
    from assist_runner.answering.recording_plan import RecordingPlan
    from assist_runner.answering.referee_plan import RefereePlan
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.events import FinalAnswer
    from assist_server.questions.session import AnswerSession

name = RUNNER
commands = ("test", "refactor", "fix")
after = "facts"
asks_models = True


def applies(asked: AskedQuestion) -> Applicability:
    """Whether there is a plan: how new tests are written by running the code, or what judges an edit."""
    question = asked.question
    if not asked.answered:
        return Applicability(False, "nothing runs for a question that is only shown")
    if question.command == "test":
        from assist_runner.answering.recording_plan import recording_plan  # noqa: PLC0415

        plan: RecordingPlan | RefereePlan | None = recording_plan(
            question, asked.folders.corpus, asked.draft, asked.inputs
        )
    else:
        from assist_runner.answering.referee_plan import referee_plan  # noqa: PLC0415

        plan = referee_plan(question, asked.folders, asked.inputs)
    if plan is None:
        return Applicability(False, "nothing may run, or nothing can judge an edit")
    refused = asked.decision is None or asked.decision.target == "refused"
    if refused and (question.wish == "frontier" or not plan.needs_no_model):
        return Applicability(False, "nothing may answer")
    return Applicability(True, found=plan)


async def answer(context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
    """The answer to a question with one of these plans."""
    from assist_runner.answering.recorded_answer import answer_by_running  # noqa: PLC0415
    from assist_runner.answering.recording_plan import RecordingPlan  # noqa: PLC0415
    from assist_runner.answering.referee_plan import RefereePlan  # noqa: PLC0415
    from assist_runner.answering.refereed_answer import answer_with_referee  # noqa: PLC0415

    if isinstance(context.found, RecordingPlan):
        return await answer_by_running(context, context.found, session)
    if isinstance(context.found, RefereePlan):
        return await answer_with_referee(context, context.found, session)
    raise TypeError(f"{type(context.found).__name__} is not a plan of the runner")
