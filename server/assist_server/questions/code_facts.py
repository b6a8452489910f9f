"""The facts of the code that a question is about: its definition, or its file. They stay on this machine.

What is certain about code is found by the context package; git says which commits its lines are from. The
first way to answer (`session`): with facts alone, where a question asks for nothing else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from assist_context.documents import Document
from assist_context.evidence.call_graph import subjects
from assist_context.evidence.fact_questions import AskedFact, asks_only_facts, fact_question
from assist_context.evidence.mentions import (
    MEANINGS,
    MentionedName,
    find_names,
    implementations,
    likely_meanings,
    named_files,
)
from assist_context.facts.definition_facts import DefinitionFacts, definition_facts
from assist_context.facts.file_facts import FileFacts, file_facts, folder_facts
from assist_context.facts.name_facts import NameFacts, name_facts
from assist_context.files.git_history import LineChange, last_changes
from assist_context.files.git_repository import Git, GitFailed, find_git, never, open_tree
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_server.questions.events import end_without_model
from assist_server.questions.session import Applicability, AskedQuestion, wants_local_prose
from assist_server.questions.targets import QuestionTarget, near_symbols

if TYPE_CHECKING:
    from assist_server.questions.composition import DecisionInputs
    from assist_server.questions.decision import AnswerContext
    from assist_server.questions.draft import Question
    from assist_server.questions.events import FinalAnswer
    from assist_server.questions.session import AnswerSession

name = "facts"
asks_models = False

GIT_SECONDS = 0.3  # a file with a long history takes longer: then nothing is said about its changes
ASKED_GIT_SECONDS = 3.0  # if they are what is asked for
_FACTS_OF_NAMES = frozenset[AskedFact]({"places", "uses", "tests"})  # of a name that nothing here defines
FACTS_WHY = "the index and git answer it"  # why no model is asked
FACTS_ANSWER = "The facts of the code answer this."  # in a conversation
# Why facts are all of an answer. The 20 remarks were by the 1.5B, on 8 commits of starlette, gin, zod and
# serde_json; what it says of 20 functions is counted in docs/benchmarks.md.
REVIEW_WHY = "remarks in words need a provider (0 of 20 remarks by a local model were right)"
WORDS_WHY = "one in six sentences of a small model about code is wrong"
LONG_WHY = "a small model is asked about at most {} lines of code"
MAX_LINES = 60  # of code of which a small model says what it is for


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """Facts of a definition, with the commits of its lines, newest first; or about a file; or
    about a name that nothing defines.

    `asked` are the facts that a question is about, none for all of them; `whole` says that it asks nothing
    else. The changes are None if they are asked for, and git did not tell them in time. Paths are in the
    folder `root`. `others` are further definitions that the question may mean.
    """

    about: DefinitionFacts | FileFacts | NameFacts
    changes: tuple[LineChange, ...] | None = ()
    asked: tuple[AskedFact, ...] = ()
    root: str = ""
    whole: bool = False
    others: tuple[IndexedDefinition, ...] = ()


def applies(query: AskedQuestion) -> Applicability:
    """Return whether facts are all that a question asks for; what is certain is shown in any case."""
    facts = _facts_for(query)
    if facts is None or not facts.whole:
        return Applicability(False, "it asks for more than facts", facts=facts)
    if query.question.wish == "frontier":
        return Applicability(False, "a provider was asked for", facts=facts)
    return Applicability(True, FACTS_WHY, facts=facts)


def _facts_for(query: AskedQuestion) -> CodeFacts | None:
    """Return what is certain about the code to explain, or about what a question names."""
    question, folders = query.question, query.folders
    programs = query.inputs.config.programs
    if question.command == "explain":
        return facts_to_explain(folders.corpus, question, programs)
    if question.command != "ask" or not (query.answered or asks_only_facts(question.words)):
        return None
    from assist_server.threads.thread_prompts import add_meant_names  # noqa: PLC0415  (facts alone need less)

    earlier = find_names(add_meant_names(question.words, question.thread))
    return asked_facts((folders.corpus, *folders.others), question.words, programs, earlier)


async def answer(context: "AnswerContext", session: "AnswerSession") -> "FinalAnswer":
    """The end of a question that no model is asked: its facts are shown. That of a review is one too."""
    if cause := context.rules.barred[0]:
        await session.record_refusal(context, cause)
    return end_without_model(context, "", FACTS_ANSWER)


def facts_alone(question: "Question", inputs: "DecisionInputs", facts: CodeFacts | None) -> str:
    """Return why the model on this machine adds nothing to the facts, "" if it does."""
    if question.command == "review":
        return REVIEW_WHY
    if question.command != "explain" or facts is None:
        return ""
    if not wants_local_prose(question, inputs):
        return WORDS_WHY
    lines = question.target.lines if question.target else None
    short = lines is not None and lines.last - lines.first < MAX_LINES
    return "" if short or inputs.local.large else LONG_WHY.format(MAX_LINES)


def facts_to_explain(corpus: Corpus, question: "Question", programs: Mapping[str, str]) -> CodeFacts | None:
    """The facts of the code to explain, of its file if no definition holds it, or of a folder."""
    target = question.target
    folders = [item for item in question.attachments[:1] if item.folder and item.root == corpus.root]
    if target is None:
        return CodeFacts(folder_facts(corpus, folders[0].path), root=corpus.root) if folders else None
    facts = code_facts(corpus, target, programs)
    return facts or CodeFacts(file_facts(corpus, target.lines.path), root=corpus.root)


def code_facts(corpus: Corpus, target: QuestionTarget, programs: Mapping[str, str]) -> CodeFacts | None:
    """The facts of a target; None for lines outside of all definitions. `programs` says where git is.

    Lines that hold several definitions are about their file.
    """
    sites = subjects(corpus, target.lines)
    several = len([site for site in sites if site.depth == sites[0].depth]) > 1
    if several or (target.whole and not target.name):
        return CodeFacts(file_facts(corpus, target.lines.path), root=corpus.root)
    facts = definition_facts(corpus, target.document, sites[0]) if sites else None
    if facts is None:
        return None
    return _add_changes(corpus, facts, programs)


def asked_facts(
    folders: Sequence[Corpus], words: str, programs: Mapping[str, str], earlier: Sequence[MentionedName] = ()
) -> CodeFacts | None:
    """The facts of the definition that a question names, or the conversation before it, if it asks for some.

    Of up to three definitions of the name it is the likeliest, one in a file that is named too if there is
    any; the others are named. Of a name that no folder defines it is who uses it, for a question that names
    no other.
    """
    request = fact_question(words)
    words_here = [word for word in request.plain_names if any(corpus.definitions(word) for corpus in folders)]
    plain = (MentionedName(words_here[0]),) if len(words_here) == 1 else ()
    names = request.names or (*plain, *earlier) if request.kinds else ()
    for name in names:
        for corpus in folders:
            sites = _meant(corpus, name, words)
            about = _read_facts(corpus, sites[0]) if sites else None
            if about is None:
                continue
            facts = _add_changes(corpus, about, programs, request.kinds)
            around = {*about.definition.parent.split("."), PurePath(about.path).stem}
            single = all(one == name or one.text in around for one in request.names)
            others = [
                site for site in sites if (site.path, site.qualified) != (about.path, sites[0].qualified)
            ]
            whole = single and request.is_whole_with(name.text if name in plain else "")
            return replace(facts, whole=whole, others=tuple(others))
    if len(names) != 1 or not request.is_whole_with(names[0].text if plain else ""):
        return None
    return _facts_of_name(folders, names[0].text, request.kinds, is_marked=not plain)


def _read_facts(corpus: Corpus, at: IndexedDefinition) -> DefinitionFacts | None:
    document = Document(at.path, tuple(corpus.lines(at.path)), language_of(at.path))
    return definition_facts(corpus, document, at) if document.lines else None


def _meant(corpus: Corpus, name: MentionedName, words: str) -> list[IndexedDefinition]:
    """Return what a name means, the likeliest first; nothing if it may mean too much."""
    meant = implementations(corpus.definitions(name.text) or corpus.definitions(f"_{name.text}"))
    files = named_files(corpus.files(), words)
    meant = [site for site in meant if site.path in files] or meant
    facts = likely_meanings(meant, name, "")
    return facts if len({(site.path, site.qualified) for site in meant}) <= MEANINGS else []


def _facts_of_name(
    folders: Sequence[Corpus], name: str, facts_wanted: tuple[AskedFact, ...], *, is_marked: bool
) -> CodeFacts | None:
    """Return who uses a name that no folder defines, or that has so many definitions that each may be meant.

    None for a plain word without a definition, which need be no name, if the question does not mark it.
    """
    defining = [corpus for corpus in folders if corpus.definitions(name)]
    if not defining and (not is_marked or _FACTS_OF_NAMES.isdisjoint(facts_wanted)):
        return None
    users = [corpus for corpus in folders if corpus.references(name)]
    corpus = (*defining, *users, *folders)[0]
    about = name_facts(corpus, name, () if users or defining else near_symbols(corpus, name))
    return CodeFacts(about, (), facts_wanted, corpus.root, whole=True)


def _add_changes(
    corpus: Corpus, facts: DefinitionFacts, programs: Mapping[str, str], kinds: tuple[AskedFact, ...] = ()
) -> CodeFacts:
    site = facts.definition
    git = Git(programs, timeout_s=ASKED_GIT_SECONDS if "changes" in kinds else GIT_SECONDS)
    changes = _changes(git, corpus.root, facts.path, (site.start_line, site.end_line))
    return CodeFacts(facts, changes if "changes" in kinds else changes or (), kinds, corpus.root)


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
