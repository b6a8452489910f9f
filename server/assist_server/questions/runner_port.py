"""The port to what runs code of a workspace for an answer: the plugin `runner`, where it is installed.

New tests get their values by running the code, and tests judge edits. Without the plugin models answer alone,
and who asked for a run is told what is missing.
"""

import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from assist_context.plugins import plugin
from assist_server.config.run_consent import RunRequest
from assist_server.plugins import lacks

if TYPE_CHECKING:
    from assist_server.questions.composition import DecisionInputs
    from assist_server.questions.decision import DecidedQuestion
    from assist_server.questions.draft import Draft, Question
    from assist_server.questions.events import AnswerEvent, DocumentVersions, FinalAnswer
    from assist_server.questions.local_answer import LocalLoader
    from assist_server.questions.targets import QuestionFolders

ATTEMPT_SECONDS = 60.0  # for attempts after the first; the last one that begins in time is finished
NOT_RUN = "Nothing was run, so the expected values are guesses: {}."

ConfirmRun = Callable[[RunRequest], Awaitable[bool]]
SandboxCheck = Callable[[Path], bool]
Events = AsyncGenerator["AnswerEvent", None]
Answering = Callable[["DecidedQuestion"], Events]
Repairing = Callable[["DecidedQuestion", "FinalAnswer", str], Events]


async def refuse(_: RunRequest) -> bool:
    """The answer of those who cannot be asked: no."""
    return False


@dataclass(frozen=True, slots=True)
class AnswerWays:
    """What a runner needs of who asks: consent, the model, and the answers of models.

    `sandbox` says whether one confines what runs in a folder, None if the runner is to look. `usual` is the
    answer without any run. `first` is the same, of which a doubtful local answer is held until it is judged;
    `escalate` is a provider's answer after it, and `repair` a provider's second one.
    """

    confirm: ConfirmRun
    sandbox: SandboxCheck | None
    versions: "DocumentVersions"
    load: "LocalLoader"
    usual: Answering
    first: Answering
    repair: Repairing
    escalate: Answering
    clock: Callable[[], float] = time.monotonic


class CodeRunner(Protocol):
    """What runs code of a workspace, with the user's consent."""

    def plan(
        self, question: "Question", folders: "QuestionFolders", drafted: "Draft", inputs: "DecisionInputs"
    ) -> object | None:
        """How code is run for a question, or why it is not; None if it has no part in the answer. Blocking.

        `drafted` is the prompt for the model on this machine. Raises `UserError` for what it cannot read.
        """

    def answer(self, decided: "DecidedQuestion", ways: AnswerWays) -> Events:
        """The answer to a question with a plan."""


def code_runner() -> CodeRunner | None:
    """The one that is installed. It is loaded at the first question that it may have a part in."""
    return cast("CodeRunner | None", plugin("assist.strategies"))


def run_plan(
    question: "Question", folders: "QuestionFolders", drafted: "Draft", inputs: "DecisionInputs"
) -> object | None:
    """The plan of the runner. Raises `UserError` if there is none, and the user asked for a run."""
    runner = code_runner()
    if runner is not None:
        return runner.plan(question, folders, drafted, inputs)
    if question.run or question.test_command or question.expect:
        raise lacks("What runs code", "assist_runner")
    return None
