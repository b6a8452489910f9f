"""`assist explain TARGET --facts`: what is computed about code, without a model."""

import os

from assist_context.facts.file_facts import folder_facts
from assist_server.cli.commands.question_place import TerminalQuestion, folders_of_question
from assist_server.cli.flags import Asking, directory, settings
from assist_server.cli.output import emit
from assist_server.cli.terminal.fact_columns import show_facts as show_rows
from assist_server.config.config import Config
from assist_server.errors import UserError
from assist_server.questions.code_facts import CodeFacts, code_facts
from assist_server.questions.targets import QuestionFolders, QuestionTarget, path_inside
from assist_server.wording.facts import fact_rows, facts_document


def show_facts(target: str, flags: Asking) -> None:
    """Print the facts of a definition, a file or a folder. Raises `UserError` for a name of nothing."""
    config = settings(offline=flags.offline)
    root = directory(flags.workspace)
    path = os.path.realpath(os.path.join(root, os.path.expanduser(target)))
    named = "" if os.path.isdir(path) else target
    asked = TerminalQuestion("explain", named, "", users=True)
    with folders_of_question(config, root, asked) as (folders, resolved):
        found = _facts(config, folders, resolved, path)
    if flags.as_json:
        emit(facts_document(found))
    else:
        show_rows(fact_rows(found), found.root)


def _facts(config: Config, folders: QuestionFolders, target: QuestionTarget | None, path: str) -> CodeFacts:
    corpus = folders.corpus
    if target is None:
        inside = path_inside(corpus, path)
        return CodeFacts(folder_facts(corpus, "" if inside == "." else inside), root=corpus.root)
    found = code_facts(corpus, target, config.programs)
    if found is None:
        raise UserError(
            f"There is no definition around {target.lines.path}:{target.lines.first}: name another line, the "
            "file or a symbol."
        )
    return found
