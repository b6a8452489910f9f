"""The facts of a definition as single claims, and definitions drawn from a workspace.

A claim says one thing of one line. This module judges none.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.facts.code_uses import CodeUse, every_use, find_uses
from assist_context.facts.definition_facts import DefinitionFacts, definition_facts
from assist_context.files.git_history import LineChange, last_changes
from assist_context.files.git_repository import Git, find_git, never, open_tree
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import language_of
from assist_context.pages import SECTION
from assist_context.relations.counterparts import is_test
from assist_context.retrieval.corpus import to_indexed
from bench.facts.workspaces import FactWorkspace
from bench.index.trees import ENVIRON

MAX_CHANGES = 3  # commits of a definition that facts show
PER_FILE = 4  # definitions that are drawn of one file


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that facts say: what kind of thing, where, and in which words.

    `defined` is the place that a name is said to mean; of a use, `text` is what is around it.
    """

    kind: str
    path: str
    line: int
    text: str
    defined: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class DrawnFacts:
    """The facts of a drawn definition, with all uses: listed, of which facts show 15, or only counted."""

    facts: DefinitionFacts
    changes: tuple[LineChange, ...]
    uses: tuple[CodeUse, ...]
    counted: frozenset[tuple[str, int]]


def draw(workspace: FactWorkspace, count: int, seed: int) -> list[IndexedDefinition]:
    """Definitions drawn from files that are no tests; of one file a few at most."""
    rng = random.Random(seed)
    known = []
    for path in workspace.paths:
        sites = [site for site in workspace.corpus.outline(path) if site.kind != SECTION]
        known += rng.sample(sites, min(PER_FILE, len(sites))) if not is_test(path) else []
    return rng.sample(known, min(count, len(known)))


def document_of(workspace: FactWorkspace, path: str) -> Document:
    text = Path(workspace.root / path).read_bytes().decode("utf-8", "replace")
    return Document(path, split_lines(text), language_of(path))


def facts_of(workspace: FactWorkspace, at: IndexedDefinition) -> DrawnFacts | None:
    """All that is said of a definition, with the commits of its lines; None if the index is out of date."""
    document = document_of(workspace, at.path)
    facts = definition_facts(workspace.corpus, document, at)
    if facts is None:
        return None
    site = to_indexed(at.path, facts.definition)
    reader = NameReader(ParsedText(document))
    uses, _ = find_uses(workspace.corpus, site, reader)
    every = {(use.path, use.line) for use in every_use(workspace.corpus, site, reader)}
    git = find_git(Git(ENVIRON), str(workspace.root))
    tree = open_tree(git, str(workspace.root), never) if git else None
    changes = last_changes(tree, never, at.path, site.start_line, site.end_line) if tree else []
    return DrawnFacts(
        facts,
        tuple(changes[:MAX_CHANGES]),
        tuple(uses),
        frozenset(every) - {(use.path, use.line) for use in uses},
    )


def claims_of(drawn: DrawnFacts) -> Iterator[Claim]:
    """Each thing that the facts of a definition say."""
    facts = drawn.facts
    site, path = facts.definition, facts.path
    yield Claim("what", path, site.start_line, site.kind)
    yield Claim("signature", path, site.start_line, site.signature)
    if site.doc:
        yield Claim("says", path, site.start_line, site.doc.rpartition(" ")[0])  # the last word may be cut
    for statement in facts.statements:
        yield Claim(statement.kind, path, statement.line, statement.text)
    for call in facts.calls:
        yield Claim("calls", path, call.line, call.name)
        if call.defined is not None:
            yield Claim("meaning of a call", path, call.line, call.name, call.defined)
    for use in drawn.uses:
        yield Claim("use" if use.sure else "use by name", use.path, use.line, site.name)
        yield Claim("what is around a use", use.path, use.line, use.inside)
    for member in facts.members:
        yield Claim("member", path, member.start_line, member.name)
    for line, text in facts.todos:
        yield Claim("to do", path, line, text)
    for change in drawn.changes:
        yield Claim("commit", path, change.lines, f"{change.id} {change.subject}")
