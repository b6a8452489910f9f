"""`assist explain TARGET --facts`, and questions that facts alone answer: without a model."""

import os

from assist_context.facts.file_facts import folder_facts
from assist_server.cli.commands.question_place import BegunQuestion, asking_folders, folders_of_question
from assist_server.cli.flags import Asking
from assist_server.cli.output import emit, end_passing, out, say
from assist_server.cli.terminal.tables import show_facts as show_rows
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.questions.code_facts import FACTS_ANSWER, FACTS_WHY, CodeFacts, asked_facts, code_facts
from assist_server.questions.targets import QuestionFolders, QuestionTarget, path_inside
from assist_server.threads.thread import Thread, ThreadTurn, add_turn, new_thread
from assist_server.threads.thread_files import thread_files
from assist_server.wording.facts import fact_rows, facts_document, no_model_line


def show_facts(start: BegunQuestion, target: str, flags: Asking) -> None:
    """Print the facts of a definition, a file or a folder. Raises `UserError` for a name of nothing."""
    path = os.path.realpath(os.path.join(start.place.asked, os.path.expanduser(target)))
    with folders_of_question(start.config, start.place, start.asked) as (folders, target_place):
        facts = _facts(start.config, folders, target_place, path)
    if flags.as_json:
        emit(facts_document(facts))
    else:
        show_rows(fact_rows(facts), facts.root)


def _facts(config: Config, folders: QuestionFolders, target: QuestionTarget | None, path: str) -> CodeFacts:
    corpus = folders.corpus
    if target is None:
        inside = path_inside(corpus, path)
        return CodeFacts(folder_facts(corpus, "" if inside == "." else inside), root=corpus.root)
    facts = code_facts(corpus, target, config.programs)
    if facts is None:
        raise UserError(
            f"There is no definition around {target.lines.path}:{target.lines.first}: name another line, the "
            "file or a symbol."
        )
    return facts


def answer_by_facts(start: BegunQuestion, flags: Asking) -> bool:
    """Answer a question that asks only for facts, if they are known; whether they were.

    It loads nothing of what asks a model, which takes twice as long as all else. A further question gathers
    the code that the conversation is about.
    """
    config = start.config
    request = start.asked
    words = request.words
    with folders_of_question(config, start.place, request) as (folders, _):
        facts = asked_facts((folders.corpus, *folders.others), words, config.programs)
        if facts is None or not facts.whole:
            return False
        rules, problems = permissions_for(config, folders.roots, asking_folders(start.place.asked, request))
        for problem in problems:
            say(f"assist: {problem}")
        end_passing()
        show_rows(fact_rows(facts), facts.root)
        out("")
        stays = flags.local or config.offline or rules.mode == "never"
        turn = ThreadTurn("ask", words, (), FACTS_ANSWER, stays=stays)
        keep(config, add_turn(new_thread(folders.corpus.root), turn, 0))
    say(no_model_line(FACTS_WHY))
    return True


def keep(config: Config, thread: Thread) -> None:
    """Keep a conversation for `-c`."""
    try:
        thread_files(config).save(thread)
    except OSError as error:  # the answer is there; only the next `-c` will miss it
        say(f"assist: this conversation was not saved: {error.strerror or error}.")
