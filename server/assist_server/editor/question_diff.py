"""The diff that a question of an editor is about: what is certain about it, and what is shown of an answer.

It asks no model and decides nothing.
"""

from collections.abc import Iterator
from typing import Any

from assist_server.editor.question import EditorQuestion, WorkspaceSnapshot
from assist_server.editor.question_place import home_of, uris_in
from assist_server.questions.decision import BY_FACTS
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.run import read_diff
from assist_server.wording.answers import not_compared_lines
from assist_server.wording.commit_messages import held_message, not_held_words
from assist_server.wording.diff_answers import (
    dropped_lines,
    remarks_in,
    remarks_text,
    without_refuted,
)
from assist_server.wording.facts import NO_DIFF_FACTS, diff_rows, fact_documents
from assist_server.workspace.compared_diff import ComparedDiff, compare
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.git_access import git_of


def read_asked_diff(question: EditorQuestion, snapshot: WorkspaceSnapshot) -> ComparedDiff:
    """What a question about a diff is about. Callers are those of the index: the diff is of files, too."""
    home = home_of(question, snapshot)
    git = git_of(snapshot.config)
    diff = read_diff(git, home.root, question.command, question.revision)
    if question.command != "review":
        return compare(git, diff, None)
    corpus = corpus_of(home)
    try:
        return compare(git, diff, corpus)
    finally:
        corpus.reader.close()


def review_messages(compared: ComparedDiff, snapshot: WorkspaceSnapshot) -> Iterator[dict[str, Any]]:
    """What is said of a diff before a model is asked."""
    facts = compared.facts
    if rows := diff_rows(facts.found):
        yield {"facts": fact_documents(rows, uris_in(snapshot, compared.diff.root))}
    elif compared.files:
        yield {"notice": NO_DIFF_FACTS}
    for line in not_compared_lines(facts.left_out):
        yield {"notice": line}


def shown_of_diff(asked: Question, final: FinalAnswer, compared: ComparedDiff) -> tuple[str, str]:
    """What is shown of an answer about a diff, and what is said of what is not; both "" for other answers."""
    if asked.command == "commit":
        held = held_message(final.text, asked.words, compared, small=final.decision.target == "local")
        return held.text, not_held_words(held)
    if asked.command != "review" or final.decision.cause == BY_FACTS:
        return "", ""
    remarks = without_refuted(remarks_in(final.text, asked.material), compared.defines)
    return remarks_text(remarks), " ".join(dropped_lines(remarks))
