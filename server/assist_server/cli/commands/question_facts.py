"""`assist explain TARGET --facts`: what is computed about code, without a model."""

import os
from typing import Any

from assist_context.evidence.call_graph import subjects
from assist_context.facts.definition_facts import definition_facts
from assist_context.facts.file_facts import file_facts, folder_facts
from assist_context.files.git_history import LineChange, last_changes
from assist_context.files.git_repository import Git, GitFailed, find_git, open_tree
from assist_server.cli.commands.question_run import TerminalQuestion, folders_of_question
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import emit
from assist_server.cli.terminal.tables import facts as show_rows
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.draft import QuestionFolders
from assist_server.questions.targets import QuestionTarget
from assist_server.wording.facts import (
    FactRow,
    definition_document,
    definition_rows,
    file_document,
    file_rows,
)

GIT_SECONDS = 0.3  # a file with a long history takes longer: then nothing is said about its changes
MOST_CHANGES = 3


def show_facts(target: str, flags: Asking) -> None:
    """Print the facts of a definition, a file or a folder. Raises `UserError` for a name of nothing."""
    config = settings(offline=flags.offline)
    root = directory(flags.workspace)
    path = os.path.realpath(os.path.join(root, os.path.expanduser(target)))
    named = "" if os.path.isdir(path) else target
    asked = TerminalQuestion("explain", named, "", users=True)
    with folders_of_question(config, root, asked) as (folders, resolved):
        rows, document = _facts(config, folders, resolved, path)
    if flags.as_json:
        emit(document)
    else:
        show_rows(rows)


def _facts(
    config: Config, folders: QuestionFolders, target: QuestionTarget | None, path: str
) -> tuple[list[FactRow], dict[str, Any]]:
    corpus = folders.corpus
    if target is None:
        inside = os.path.relpath(path, corpus.root).replace(os.sep, "/")
        if inside.startswith("../"):
            raise UserError(f"{path} is not below {corpus.root}: say with --workspace where it belongs.")
        found = folder_facts(corpus, "" if inside == "." else inside)
        return file_rows(found), file_document(found)
    if target.whole and not target.name:
        found = file_facts(corpus, target.lines.path)
        return file_rows(found), file_document(found)
    about = next(iter(subjects(corpus, target.lines)), None)
    facts = definition_facts(corpus, target.document, about) if about is not None else None
    if facts is None:
        raise UserError(
            f"There is no definition around {target.lines.path}:{target.lines.first}: name another line, the "
            "file or a symbol."
        )
    site = facts.definition
    changes = _changes(config, corpus.root, facts.path, site.start_line, site.end_line)
    return definition_rows(facts, changes), definition_document(facts, changes)


def _changes(config: Config, root: str, path: str, first: int, last: int) -> list[LineChange]:
    """The last commits that changed these lines; none without git, or if it needs too long."""
    git = find_git(Git(config.programs, timeout_s=GIT_SECONDS), root)
    try:
        tree = open_tree(git, root, _never) if git else None
        return last_changes(tree, _never, path, first, last)[:MOST_CHANGES] if tree else []
    except GitFailed:
        return []


def _never() -> bool:
    return False
