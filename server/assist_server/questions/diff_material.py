"""The diff that a question is about, and the question with its pieces."""

from dataclasses import dataclass, replace

from assist_context.files.git_repository import Git
from assist_escalation.policy.settings import Mode
from assist_escalation.prompts import Origin, Span
from assist_server.questions.decision import Question
from assist_server.workspace.commit_style import style_words
from assist_server.workspace.folder_diff import (
    FolderDiff,
    diff_against,
    last_messages,
    pieces_for,
    staged_diff,
)

DIFFS = ("commit", "review")  # the commands


@dataclass(frozen=True, slots=True)
class DiffQuestion:
    """A question with the pieces of a diff, and what is left out of them: a path and the reason."""

    question: Question
    left_out: tuple[tuple[str, str], ...]


def read_diff(git: Git, root: str, command: str, revision: str) -> FolderDiff:
    """What a command is about: what is staged, or what changed since a revision. Raises `UserError`."""
    return staged_diff(git, root) if command == "commit" else diff_against(git, root, revision)


def with_diff(question: Question, diff: FolderDiff, git: Git, mode: Mode) -> DiffQuestion:
    """A question about a diff, as much of it as the model that may answer reads.

    A commit message is written on this machine unless the user asks for a provider. It gets the style of the
    last messages.
    """
    if question.command == "commit":
        style = Span(style_words(last_messages(git, diff.root)), Origin("assist"))
        wish = "local" if question.wish == "auto" else question.wish
        question = replace(question, wish=wish, problems=(style,))
    pieces = pieces_for(question.command, diff, local=question.wish == "local" or mode == "never")
    return DiffQuestion(replace(question, material=pieces.spans), pieces.left_out)
