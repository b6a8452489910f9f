"""The facts of the code that a question is about: its definition, or its file. They stay on this machine.

What is certain about code is found by the context package; git says which commits its lines are from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assist_context.evidence.call_graph import subjects
from assist_context.facts.definition_facts import DefinitionFacts, definition_facts
from assist_context.facts.file_facts import FileFacts, file_facts
from assist_context.files.git_history import LineChange, last_changes
from assist_context.files.git_repository import Git, GitFailed, find_git, open_tree
from assist_context.retrieval.corpus import Corpus
from assist_server.questions.targets import QuestionTarget

GIT_SECONDS = 0.3  # a file with a long history takes longer: then nothing is said about its changes
MOST_CHANGES = 3


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What is certain about a definition, with the commits of its lines, newest first; or about a file."""

    about: DefinitionFacts | FileFacts
    changes: tuple[LineChange, ...] = ()


def code_facts(corpus: Corpus, target: QuestionTarget, programs: Mapping[str, str]) -> CodeFacts | None:
    """The facts of a target; None for lines outside of all definitions. `programs` says where git is."""
    if target.whole and not target.name:
        return CodeFacts(file_facts(corpus, target.lines.path))
    about = next(iter(subjects(corpus, target.lines)), None)
    facts = definition_facts(corpus, target.document, about) if about is not None else None
    if facts is None:
        return None
    site = facts.definition
    git = Git(programs, timeout_s=GIT_SECONDS)
    return CodeFacts(facts, _changes(git, corpus.root, facts.path, (site.start_line, site.end_line)))


def _changes(git: Git, root: str, path: str, lines: tuple[int, int]) -> tuple[LineChange, ...]:
    """The last commits that changed these lines; none without git, or if it needs too long."""
    program = find_git(git, root)
    try:
        tree = open_tree(program, root, _never) if program else None
        return tuple(last_changes(tree, _never, path, *lines)[:MOST_CHANGES]) if tree else ()
    except GitFailed:
        return ()


def _never() -> bool:
    return False
