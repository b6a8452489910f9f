"""The facts of the code that a question is about: its definition, or its file. They stay on this machine.

What is certain about code is found by the context package; git says which commits its lines are from. The
first way to answer (`session`): with facts alone, where a question asks for nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from assist_context.documents import Document
from assist_context.evidence.call_graph import subjects
from assist_context.evidence.intent import AskedFact, asked_fact, asks_only_facts
from assist_context.evidence.mentions import MEANINGS, implementations, likely_meanings, names_in
from assist_context.facts.definition_facts import DefinitionFacts, definition_facts
from assist_context.facts.file_facts import FileFacts, file_facts
from assist_context.facts.name_facts import NameFacts, name_facts
from assist_context.files.git_history import LineChange, last_changes
from assist_context.files.git_repository import Git, GitFailed, find_git, never, open_tree
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_server.questions.events import without_model
from assist_server.questions.session import Applicability, AskedQuestion
from assist_server.questions.targets import QuestionTarget, near_symbols

if TYPE_CHECKING:
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.events import FinalAnswer
    from assist_server.questions.session import AnswerSession

name = "facts"
asks_models = False

GIT_SECONDS = 0.3  # a file with a long history takes longer: then nothing is said about its changes
ASKED_GIT_SECONDS = 3.0  # if they are what is asked for
FACTS_WHY = "the index and git answer it"  # why no model is asked
FACTS_ANSWER = "The facts of the code answer this."  # in a conversation


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is certain about a definition, with the commits of its lines, newest first; or about a file; or
    about a name that nothing defines.

    `asked` is the fact that a question is about, "" for all of them; `whole` says that it asks nothing else.
    The changes are None if they are asked for, and git did not tell them in time. Paths are in the folder
    `root`. `others` are further definitions that the question may mean.
    """

    about: DefinitionFacts | FileFacts | NameFacts
    changes: tuple[LineChange, ...] | None = ()
    asked: AskedFact = ""
    root: str = ""
    whole: bool = False
    others: tuple[IndexedDefinition, ...] = ()


def applies(asked: AskedQuestion) -> Applicability:
    """Whether facts are all that a question asks for; what is certain is shown in any case.

    One that is not to be answered needs none, unless they decide that no model is asked.
    """
    facts = _facts_for(asked)
    if facts is None or not facts.whole:
        return Applicability(False, "it asks for more than facts", facts=facts)
    if asked.question.wish == "frontier":
        return Applicability(False, "a provider is to answer", facts=facts)
    return Applicability(True, FACTS_WHY, facts=facts)


def _facts_for(asked: AskedQuestion) -> CodeFacts | None:
    """What is certain about the code to explain, or about what a question names."""
    question, folders = asked.question, asked.folders
    programs = asked.inputs.config.programs
    if question.command == "explain" and question.target is not None and asked.answered:
        return code_facts(folders.corpus, question.target, programs)
    if question.command != "ask" or not (asked.answered or asks_only_facts(question.words)):
        return None
    from assist_server.threads.thread_prompts import with_meant_names  # noqa: PLC0415  (facts alone need less)

    words = with_meant_names(question.words, question.thread)
    return asked_facts((folders.corpus, *folders.others), words, programs)


async def answer(context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
    """The end of a question that no model is asked: its facts are shown. That of a review is one too."""
    if cause := context.rules.barred[0]:
        await session.record_refusal(context, cause)
    return without_model(context, "", FACTS_ANSWER)


def code_facts(corpus: Corpus, target: QuestionTarget, programs: Mapping[str, str]) -> CodeFacts | None:
    """The facts of a target; None for lines outside of all definitions. `programs` says where git is.

    Lines that hold several definitions are about their file.
    """
    found = subjects(corpus, target.lines)
    several = len([site for site in found if site.depth == found[0].depth]) > 1
    if several or (target.whole and not target.name):
        return CodeFacts(file_facts(corpus, target.lines.path), root=corpus.root)
    facts = definition_facts(corpus, target.document, found[0]) if found else None
    if facts is None:
        return None
    return _with_changes(corpus, facts, programs)


def asked_facts(folders: Sequence[Corpus], words: str, programs: Mapping[str, str]) -> CodeFacts | None:
    """The facts of the definition that a question names, if it asks for one of them.

    Of up to three definitions of the name it is the likeliest; the others are named. Of a name that no folder
    defines it is who uses it, for a question that names no other.
    """
    wanted = asked_fact(words)
    names = names_in(words) if wanted else ()
    for name in names:
        for corpus in folders:
            meant = implementations(corpus.definitions(name.text) or corpus.definitions(f"_{name.text}"))
            found = likely_meanings(meant, name, "")
            if not found or len({(site.path, site.qualified) for site in meant}) > MEANINGS:
                continue
            at = found[0]
            document = Document(at.path, tuple(corpus.lines(at.path)), language_of(at.path))
            about = definition_facts(corpus, document, at) if document.lines else None
            if about is not None:
                others = [site for site in found if (site.path, site.qualified) != (at.path, at.qualified)]
                facts = _with_changes(corpus, about, programs, wanted)
                return replace(facts, whole=asks_only_facts(words), others=tuple(others))
    if len(names) == 1 and wanted != "changes" and asks_only_facts(words):
        return _facts_of_unknown(folders, names[0].text, wanted)
    return None


def _facts_of_unknown(folders: Sequence[Corpus], name: str, wanted: AskedFact) -> CodeFacts | None:
    """Who uses a name that no folder defines; None if one does, so that there is too much to say."""
    if any(corpus.definitions(form) for corpus in folders for form in (name, f"_{name}")):
        return None
    users = [corpus for corpus in folders if corpus.references(name)]
    corpus = (*users, *folders)[0]
    about = name_facts(corpus, name, () if users else near_symbols(corpus, name))
    return CodeFacts(about, (), wanted, corpus.root, whole=True)


def _with_changes(
    corpus: Corpus, facts: DefinitionFacts, programs: Mapping[str, str], asked: AskedFact = ""
) -> CodeFacts:
    site = facts.definition
    git = Git(programs, timeout_s=ASKED_GIT_SECONDS if asked == "changes" else GIT_SECONDS)
    changes = _changes(git, corpus.root, facts.path, (site.start_line, site.end_line))
    return CodeFacts(facts, changes if asked == "changes" else changes or (), asked, corpus.root)


def _changes(git: Git, root: str, path: str, lines: tuple[int, int]) -> tuple[LineChange, ...] | None:
    """The last commits that changed these lines; none without git, None if it needs too long."""
    program = find_git(git, root)
    if program is None:
        return ()
    try:
        tree = open_tree(program, root, never)
    except GitFailed:  # no repository
        return ()
    try:
        return tuple(last_changes(tree, never, path, *lines))
    except GitFailed:
        return None


def fact_texts(found: CodeFacts) -> Iterator[str]:
    """What the facts name: paths, names and texts of statements."""
    about = found.about
    if isinstance(about, NameFacts):
        yield from (about.name, *(f"{use.path} {use.inside}" for use in (*about.callers, *about.tests)))
        return
    if isinstance(about, FileFacts):
        yield from (about.path, *about.imports, *about.importers)
        yield from (f"{part.definition.path} {part.definition.qualified}" for part in about.parts)
        return
    yield from (about.path, about.definition.qualified, about.definition.doc, about.definition.signature)
    yield from (statement.text for statement in about.statements)
    yield from (f"{call.name} {call.defined[0] if call.defined else ''}" for call in about.calls)
    yield from (f"{use.path} {use.inside}" for use in (*about.callers, *about.tests))
    yield from (member.name for member in about.members)
