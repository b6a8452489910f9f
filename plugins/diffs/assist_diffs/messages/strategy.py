"""The way to answer `assist commit` without a model: unless a provider or sentences of a model are wanted."""

from dataclasses import replace
from typing import TYPE_CHECKING

from assist_server.questions.session import Applicability, AskedQuestion

if TYPE_CHECKING:
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.events import FinalAnswer
    from assist_server.questions.session import AnswerSession

name = "commits"
commands = ("commit",)
after = "facts"
asks_models = False

WHY = "the diff says what changed"


def applies(asked: AskedQuestion) -> Applicability:
    """Say whether the message is computed: the question comes with its diff where no model is wanted."""
    question = asked.question
    if question.compared is None or question.wish == "frontier" or asked.local_prose:
        return Applicability(False, "a model was asked for")
    if not asked.answered:
        return Applicability(True, WHY)
    from assist_diffs.messages.message import commit_message  # noqa: PLC0415
    from assist_diffs.messages.reverts import reverted_subject  # noqa: PLC0415
    from assist_diffs.messages.style import read_style  # noqa: PLC0415
    from assist_server.workspace.folder_diff import last_messages  # noqa: PLC0415
    from assist_server.workspace.git_access import make_git  # noqa: PLC0415

    git = make_git(asked.inputs.config)
    diff = question.compared.diff
    style = read_style(last_messages(git, diff.root))
    found = commit_message(question.compared, style, question.words, reverted_subject(git, diff))
    return Applicability(True, WHY, found)


async def answer(context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
    """The message, and the things that it is made of."""
    from assist_diffs.messages.message import CommitMessage  # noqa: PLC0415
    from assist_server.questions.events import end_without_model  # noqa: PLC0415

    if cause := context.rules.barred[0]:
        await session.record_refusal(context, cause)
    found = context.found
    if not isinstance(found, CommitMessage):
        raise TypeError(f"{type(found).__name__} is not a commit message")
    things = [
        {"kind": thing.kind, "path": thing.path, "line": thing.line, "text": thing.text}
        for thing in found.things
    ]
    final = end_without_model(context, found.text)
    return replace(final, members={"message": found.text, "things": things})
