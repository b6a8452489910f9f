"""Answers for people to read: explanations of drawn functions, and questions, as a user sees them.

`ask` asks the model on this machine about repositories that lie in one folder, and writes a page for readers:
what was computed, what the model says, and what was said about it. Each reader opens the code, and writes a
table (tab-separated: number, verdict, sentences, wrong sentences, remark), in which a verdict is of the
answer as a whole: right, partly or wrong. `count` adds the tables up. `follow-ups` needs no model and no
reader: after an answer about a definition, "who calls that?" and the like are asked, and the facts shown must
be of that definition.
"""

import argparse
import asyncio
import csv
import random
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assist_context.code.definitions import FUNCTIONS
from assist_context.facts.definition_facts import DefinitionFacts
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.corpus import Corpus
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_local
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question, QuestionFolders
from assist_server.questions.events import AnswerSink, FactsFound, PlacesFound
from assist_server.questions.session import AnswerSession
from assist_server.questions.targets import resolve_target
from assist_server.threads.thread import Thread, ThreadTurn, add_turn, new_thread
from assist_server.wording.answers import answer_header
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index

ASKED = Path(__file__).parent / "bench" / "questions" / "asked.toml"
LINES = (10, 60)  # of a drawn function
NEXT = (("who calls that?", "uses"), ("and which function reads it?", "uses"), ("is that tested?", "tests"))
EXAMPLES = """
examples:
  read_answers.py ask ~/src --explain click jinja got zod --set second --page answers.md
  read_answers.py count reader1.tsv reader2.tsv
  read_answers.py follow-ups ~/src
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about a project: a command with a target, or words."""

    project: str
    command: str
    target: str = ""
    words: str = ""


@contextmanager
def corpus_at(config: Config, root: Path) -> Iterator[Corpus]:
    """The corpus of a repository, its index brought up to date."""
    folder = open_folder(config, root)
    update_index(config, folder, lambda _done, _total: None)
    corpus = open_corpus(folder)
    try:
        yield corpus
    finally:
        corpus.reader.close()


def drawn(corpus: Corpus, project: str, count: int, seed: int) -> list[Asked]:
    """Functions of a project, drawn among those of its own code that are neither short nor long."""
    found = [
        Asked(project, "explain", f"{path}:{site.start_line}")
        for path in sorted(path for path in corpus.files().paths if not is_test(path))
        for site in corpus.outline(path)
        if site.kind in FUNCTIONS and LINES[0] <= site.end_line - site.start_line + 1 <= LINES[1]
    ]
    return random.Random(seed).sample(found, min(count, len(found)))


def decided_for(config: Config, corpus: Corpus, asked: Asked, thread: Thread | None = None) -> AnswerContext:
    """The question as the command line would decide it, for the model on this machine."""
    target = resolve_target(corpus, asked.target) if asked.target else None
    question = Question(asked.command, asked.words, target, wish="local", thread=thread)
    return decide(question, QuestionFolders(corpus), decision_inputs(config, [corpus.root], [corpus.root]))


async def seen_by_user(decided: AnswerContext, model: Any) -> str:
    """What a user sees of an answer, in the order in which it comes."""

    async def load() -> Any:
        return model

    said: list[str] = []
    notices: list[str] = []
    rows: list[str] = []

    def show(found: FactsFound | PlacesFound) -> None:
        rows.extend(f"  {row.name:12} {row.value}" for row in answer_header(found)[0])

    sink = AnswerSink(said.append, notices.append, facts=show)
    await AnswerSession(load, sink=sink, records=False).answer(decided)
    words = "".join(said) or "(no model was asked, or nothing is left)"
    return "\n".join([*rows, "", "The model says:", words, "", *notices])


async def write_page(options: argparse.Namespace, config: Config) -> None:
    """Ask, and write the page."""
    table = tomllib.loads(ASKED.read_text(encoding="utf-8"))
    asked = [Asked(row["project"], "ask", words=row["words"]) for row in table.get(options.set, [])]
    model = open_local(config)
    try:
        number = 0
        with options.page.open("w", encoding="utf-8") as page:
            for project in dict.fromkeys((*options.explain, *(question.project for question in asked))):
                with corpus_at(config, options.folder / project) as corpus:
                    drawn_here = drawn(corpus, project, options.each, options.seed)
                    for one in (*(drawn_here if project in options.explain else ()), *of(asked, project)):
                        number += 1
                        text = await seen_by_user(decided_for(config, corpus, one), model)
                        page.write(
                            f"## {number}. {project}: {one.command} {one.target or one.words}\n\n{text}\n\n"
                        )
                        page.flush()
    finally:
        model.close()


def of(asked: Sequence[Asked], project: str) -> list[Asked]:
    return [question for question in asked if question.project == project]


def sums_of(tables: Sequence[Path]) -> str:
    """The sums of each reader, in a row of a table."""
    rows = ["| reader | right | partly | wrong | sentences wrong |", "|---|--:|--:|--:|--:|"]
    for path in tables:
        with path.open(encoding="utf-8", newline="") as file:
            read = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]
        verdicts = Counter(row[1].lower() for row in read)
        sentences, wrong = (sum(int(row[column]) for row in read) for column in (2, 3))
        rows.append(
            f"| {path.stem} | {verdicts['right']} | {verdicts['partly']} | {verdicts['wrong']} "
            f"| {wrong} of {sentences} |"
        )
    return "\n".join(rows)


def follow_ups(folder: Path, config: Config) -> Iterator[tuple[str, bool]]:
    """Each question that goes on with a conversation, and whether its facts are of what was spoken of."""
    for row in tomllib.loads(ASKED.read_text(encoding="utf-8"))["follow_ups"]:
        with corpus_at(config, folder / row["project"]) as corpus:
            turn = ThreadTurn("ask", row["words"], (), row["answer"])
            thread = add_turn(new_thread(corpus.root), turn, 0)
            for words, kind in NEXT:
                facts = decided_for(config, corpus, Asked(row["project"], "ask", words=words), thread).facts
                about = facts.about if facts else None
                right = isinstance(about, DefinitionFacts) and about.definition.name == row["name"]
                yield (
                    f"{row['project']}: {row['name']}: {words}",
                    right and facts is not None and kind in facts.asked,
                )


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    ask = commands.add_parser("ask", help="write a page for readers")
    ask.add_argument("folder", type=Path, help="where the repositories are")
    ask.add_argument("--explain", nargs="*", default=[], metavar="PROJECT", help="draw functions of these")
    ask.add_argument("--each", type=int, default=2, help="functions of each")
    ask.add_argument("--set", default="second", help="first, second, or none: questions of `asked.toml`")
    ask.add_argument("--model", default="qwen2.5-coder-1.5b")
    ask.add_argument("--seed", type=int, default=1)
    ask.add_argument("--page", type=Path, required=True, metavar="FILE.md")
    count = commands.add_parser("count", help="add up what readers wrote")
    count.add_argument("tables", type=Path, nargs="+", metavar="FILE.tsv")
    after = commands.add_parser("follow-ups", help="ask the next questions, without a model")
    after.add_argument("folder", type=Path, help="where the repositories are")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    config = load_lenient()
    if options.command == "count":
        print(sums_of(options.tables))
    elif options.command == "follow-ups":
        found = list(follow_ups(options.folder.resolve(), config))
        for words, right in found:
            print(f"{'right' if right else 'WRONG'}  {words}")
        print(f"{sum(right for _, right in found)} of {len(found)}")
    else:
        options.folder = options.folder.resolve()
        config = replace(config, answers=replace(config.answers, model=options.model))
        asyncio.run(write_page(options, config))


if __name__ == "__main__":
    main()
