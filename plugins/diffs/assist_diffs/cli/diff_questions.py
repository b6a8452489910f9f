"""Questions about a diff at the terminal: from git to the printed message or remarks."""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from assist_context.facts.compared_files import DiffFacts
from assist_context.files.git_repository import Git, find_git
from assist_server.cli.commands.question_place import bring_up_to_date
from assist_server.cli.commands.question_run import answer_once, show_decision
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import emit, out, say, say_lines
from assist_server.cli.terminal.tables import show_facts
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import decide
from assist_server.questions.diff_material import add_diff, read_diff
from assist_server.questions.draft import Question
from assist_server.questions.targets import QuestionFolders
from assist_server.wording.answers import AnswerView, answer_document, answer_view
from assist_server.wording.diff_answers import NO_REMARKS
from assist_server.wording.facts import NO_DIFF_FACTS, diff_rows, nothing_found, remark_rows
from assist_server.wording.requests import NAMED, left_out_lines, not_compared_lines
from assist_server.workspace.compared_diff import ComparedDiff, add_texts, compare, has_tree
from assist_server.workspace.folder_diff import FolderDiff
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.git_access import make_git
from assist_server.workspace.index_update import known_folder, working_folder


def write_message(flags: Asking, note: str, *, edit: bool, prose: bool) -> None:
    """Print a commit message for what is staged, or open git's editor with it."""
    config, root = _place(flags)
    diff = _changes(config, root, "commit", "")
    compared = add_texts(make_git(config), diff)
    view = _ask(config, flags, Question("commit", note, prose=prose), compared)
    if view is None:
        return
    for line in view.held.notes:
        say(line)
    if flags.as_json:
        emit(answer_document(view))
    elif edit:
        _edit(config, root, view.held.text)
    else:
        out(view.held.text)
    say(view.last_line)


def show_diff_facts(flags: Asking, command: str, revision: str = "") -> None:
    """Print the facts of a diff, without a model."""
    config, root = _place(flags)
    diff = _changes(config, root, command, revision)
    _say_left_out(diff.left_out)
    facts = _compare(config, diff).facts
    found = facts.found
    _say_not_compared(facts)
    if flags.as_json:
        emit({"facts": [asdict(fact) for fact in found]})
        return
    show_facts(diff_rows(found), diff.root)
    if not found:
        say(NO_DIFF_FACTS)


def _changes(config: Config, root: str, command: str, revision: str) -> FolderDiff:
    """Read the diff that a command is about. Raises `UserError` if that is nothing."""
    diff = read_diff(make_git(config), root, command, revision)
    if diff.files or diff.left_out:
        return diff
    if command == "commit":
        raise UserError("Nothing is staged: `git add` the changes to commit.")
    raise UserError("Nothing changed since the last commit." if not revision else f"No change to {revision}.")


def _say_not_compared(facts: DiffFacts) -> None:
    for line in not_compared_lines(facts.left_out):
        say(line)


def _compare(config: Config, diff: FolderDiff) -> ComparedDiff:
    """A diff with its facts. Callers are looked up if its new side is in the working tree."""
    git = make_git(config)
    folder = known_folder(config, Path(diff.root)) if has_tree(diff) else None
    if folder is None:
        return compare(git, diff, None)
    bring_up_to_date(config, folder)
    corpus = open_corpus(folder)
    try:
        return compare(git, diff, corpus)
    finally:
        corpus.reader.close()


def write_review(flags: Asking, revision: str, note: str) -> None:
    """Print what deserves a look in a diff, and a provider's remarks."""
    config, root = _place(flags)
    diff = _changes(config, root, "review", revision)
    compared = ComparedDiff(diff) if flags.dry_run else _compare(config, diff)
    _say_not_compared(compared.facts)
    rows = remark_rows(compared.facts.found)
    if not flags.as_json:
        show_facts(rows, diff.root)
    if not rows and not flags.dry_run:
        say(nothing_found(compared.facts, len(compared.files)))
    view = _ask(config, flags, Question("review", note), compared)
    if view is None:
        return
    remarks = view.held.text
    if flags.as_json:
        emit(answer_document(view))
    elif remarks and remarks != NO_REMARKS:
        out(remarks)
    none = [remarks] if remarks == NO_REMARKS else []
    for line in (*none, *view.held.notes, view.last_line):
        say(line)


def _place(flags: Asking) -> tuple[Config, str]:
    """The configuration, and the folder whose rules and budget the question has."""
    config = settings(offline=flags.offline, model=flags.model)
    root = directory(flags.workspace)
    return config, working_folder(config, root).root


def _ask(config: Config, flags: Asking, question: Question, compared: ComparedDiff) -> AnswerView | None:
    """The answer; None for a dry run, which is shown."""
    root = Path(compared.diff.root)
    inputs = decision_inputs(config, [str(root)], [str(directory(flags.workspace))])
    for problem in inputs.problems:
        say(f"assist: {problem}")
    question = replace(question, wish=flags.wish, provider=flags.provider)
    about = add_diff(question, compared, make_git(config), inputs)
    _say_left_out(about.left_out)
    if not about.question.material:
        raise UserError("All changed files are excluded by rules, so no model is shown them.")
    corpus = open_corpus(working_folder(config, root))
    try:
        decided = decide(about.question, QuestionFolders(corpus), about.inputs)
    finally:
        corpus.reader.close()
    if flags.dry_run:
        show_decision(decided, flags)
        return None
    return answer_view(decided, answer_once(decided, flags)[0], compared)


def _say_left_out(left_out: Sequence[tuple[str, str]]) -> None:
    for line in left_out_lines(left_out):
        say(line)
    if len(left_out) > NAMED:
        say(f"Left out: {len(left_out) - NAMED} more")


def _edit(config: Config, root: str, message: str) -> None:
    """Run `git commit` with its editor. git asks, commits or gives up as always."""
    git = find_git(Git(config.programs), root)
    if git is None or not sys.stdin.isatty():
        say_lines(message)
        raise UserError("An editor needs a terminal, and there is none; the commit message is printed above.")
    with tempfile.TemporaryDirectory() as folder:  # Windows lets no other program read an open temporary file
        file = Path(folder, "message.txt")
        file.write_text(message + "\n", encoding="utf-8")
        command = [git.program, "commit", "--edit", "-F", str(file)]
        done = subprocess.run(command, stdin=None, cwd=root, check=False)  # the editor's is the terminal
    if done.returncode:
        raise UserError("git made no commit.")
