"""Questions of a table put to the facts of a repository: is each part answered, of the right definition?

A question is about a name that is drawn from the repository. It asks no model.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from assist_context.facts.definition_facts import DefinitionFacts
from assist_context.facts.name_facts import NameFacts
from assist_context.index.reader import IndexedDefinition
from assist_server.questions.code_facts import CodeFacts, asked_facts
from assist_server.wording.facts import fact_rows
from bench.facts.claims import draw
from bench.facts.workspaces import FactWorkspace
from bench.index.trees import ENVIRON

TABLE = Path(__file__).with_name("fact_questions.toml")
# The row that answers each kind.
_ROWS = {
    "places": "What", "returns": "Returns", "raises": "Raises", "writes": "Changes", "calls": "Calls",
    "uses": "Used by", "tests": "Tested by", "changes": "Changed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AskedTable:
    """One question put to a repository: its half of the table, its words, and whether it was answered."""

    half: str
    right: bool
    words: str


def asked_of(workspace: FactWorkspace, seed: int) -> Iterator[AskedTable]:
    """Each question of the table about another definition."""
    table = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    for half in ("tuned", "held_out", "later", "last", "blind"):
        drawn = draw(workspace, len(table[half]), seed + len(half))
        for row, at in zip(table[half], drawn, strict=False):
            words = row["words"].replace("NAME", at.name)
            found = asked_facts((workspace.corpus,), words, ENVIRON)
            yield AskedTable(half, _is_answered(found, at, row["asks"].split()), f"{words} [{at.kind}]")


def _is_answered(found: CodeFacts | None, at: IndexedDefinition, asks: list[str]) -> bool:
    """Whether the facts are all that is asked for, and of the definition, or of all that have its name."""
    if found is None or not found.whole or set(found.asked) != set(asks):
        return False
    if isinstance(found.about, NameFacts):
        return at in found.about.definitions
    if not isinstance(found.about, DefinitionFacts):
        return False
    same = {found.about.definition.name, *(other.name for other in found.others)}
    return at.name in same and {_ROWS[kind] for kind in asks} <= {row.name for row in fact_rows(found)}
