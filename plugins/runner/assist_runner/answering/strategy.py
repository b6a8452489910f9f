"""The runner's part in an answer: which plan a question gets, and who answers with it."""

from collections.abc import AsyncGenerator

from assist_runner.answering.recorded_answer import answer_by_running
from assist_runner.answering.recording_plan import RecordingPlan, recording_plan
from assist_runner.answering.referee_plan import RefereePlan, referee_plan
from assist_runner.answering.refereed_answer import answer_with_referee
from assist_server.questions.composition import DecisionInputs
from assist_server.questions.decision import DecidedQuestion
from assist_server.questions.draft import Draft, Question
from assist_server.questions.events import AnswerEvent
from assist_server.questions.runner_port import AnswerWays
from assist_server.questions.targets import QuestionFolders


def plan(
    question: Question, folders: QuestionFolders, drafted: Draft, inputs: DecisionInputs
) -> RecordingPlan | RefereePlan | None:
    """How new tests are written by running the code, or what judges an edit."""
    if question.command == "test":
        return recording_plan(question, folders.corpus, drafted, inputs)
    return referee_plan(question, folders, inputs)


def answer(decided: DecidedQuestion, ways: AnswerWays) -> AsyncGenerator[AnswerEvent, None]:
    """The answer to a question with one of these plans."""
    if isinstance(decided.running, RecordingPlan):
        return answer_by_running(decided, decided.running, ways)
    if isinstance(decided.running, RefereePlan):
        return answer_with_referee(decided, decided.running, ways)
    raise TypeError(f"{type(decided.running).__name__} is no plan of the runner")
