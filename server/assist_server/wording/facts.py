"""Facts of code in words, as rows of names and values, and as JSON. It computes none of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assist_context.evidence.intent import AskedFact
from assist_context.facts.definition_facts import CodeCall, CodeUse, DefinitionFacts
from assist_context.facts.diff_facts import DiffFact, DiffFactKind
from assist_context.facts.file_facts import FileFacts
from assist_context.files.git_history import LineChange
from assist_context.syntax.definitions import FUNCTIONS
from assist_context.syntax.scopes.statements import CodeStatement, StatementKind
from assist_context.unseen_characters import visible
from assist_server.questions.code_facts import CodeFacts

FactRow = tuple[str, str]  # a name and a value; a name of "" continues the value above

_SHOWN = 8  # statements of a kind in words; JSON has all
_WORDS: tuple[tuple[StatementKind, str], ...] = (
    ("guard", "Leaves early"),
    ("returns", "Returns"),
    ("yields", "Yields"),
    ("raises", "Raises"),
)
_RANKS: tuple[DiffFactKind, ...] = (
    "undefined", "caller", "negation", "operator", "gone", "signature", "removed", "literal", "untested",
    "added",
)  # fmt: skip
_MOST_OF_DIFF = 40
# What is shown of a definition where a question asks for one fact.
_ASKED: Mapping[AskedFact, tuple[str, ...]] = {
    "uses": ("What", "Used by"),
    "tests": ("What", "Tested by"),
    "changes": ("What", "Changed"),
    "places": ("What", "Used by"),
}
_FIELDS = frozenset({"field", "property", "variable", "constant", "key"})


def fact_rows(found: CodeFacts) -> list[FactRow]:
    """Facts for people. What no one sees in a literal or a name is written, since a fact is exact."""
    return [(visible(name), visible(value)) for name, value in _rows(found)]


def _rows(found: CodeFacts) -> list[FactRow]:
    if isinstance(found.about, FileFacts):
        return _file_rows(found.about)
    rows = [row for row in _definition_rows(found.about, found.changes) if row[1]]
    return _only(rows, _ASKED[found.asked]) if found.asked else rows


def _only(rows: Sequence[FactRow], wanted: Sequence[str]) -> list[FactRow]:
    """The rows of these names, with those that continue them; what is wanted and not there is said."""
    kept: list[FactRow] = []
    name = ""
    for row in rows:
        name = row[0] or name
        kept += [row] if name in wanted else []
    missing = [word for word in wanted if word not in {word for word, _ in kept}]
    return [*kept, *((word, "nothing that the index knows") for word in missing)]


def fact_list(found: CodeFacts) -> str:
    """Facts as a list in Markdown. Each value is code, so that nothing in it is Markdown.

    It is no block of code: those in an answer can be copied.
    """
    groups: list[tuple[str, list[str]]] = []
    for name, value in fact_rows(found):
        if name or not groups:
            groups.append((name, []))
        groups[-1][1].append(_code_span(value))
    lines = [
        f"- **{name}** {values[0]}" if len(values) == 1 else f"- **{name}**\n" + _sub_list(values)
        for name, values in groups
    ]
    return "\n".join(lines) + "\n\n"


def _sub_list(values: Sequence[str]) -> str:
    return "\n".join(f"  - {value}" for value in values)


def _code_span(text: str) -> str:
    """Text between more backticks than it has in a row."""
    marks = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{marks} {text} {marks}" if "`" in text else f"`{text}`"


def facts_document(found: CodeFacts) -> dict[str, Any]:
    """Facts as JSON."""
    return {**asdict(found.about), "changes": [asdict(change) for change in found.changes]}


def _definition_rows(facts: DefinitionFacts, changes: Sequence[LineChange]) -> Iterator[FactRow]:
    site = facts.definition
    yield "What", f"{site.kind} {site.qualified}, {facts.path}:{site.start_line}-{site.end_line}"
    yield "", " ".join(site.signature.split())
    yield "Says", _first_sentence(site.doc)
    for kind, word in _WORDS:
        yield from _list_rows(word, [_statement(found) for found in facts.statements if found.kind == kind])
    yield "Changes", ", ".join(_changes_of(facts.statements))
    yield "Calls", ", ".join(map(_call, facts.calls))
    yield "Fields", ", ".join(member.name for member in facts.members if member.kind in _FIELDS)
    yield "Methods", ", ".join(member.name for member in facts.members if member.kind in FUNCTIONS)
    others = [member.name for member in facts.members if member.kind not in FUNCTIONS | _FIELDS]
    yield "Holds", ", ".join(others)
    yield from _list_rows("Used by", [_use(use) for use in facts.callers], facts.caller_count)
    if facts.unsure_count:
        yield (
            "" if facts.callers else "Used by",
            f"{facts.unsure_count} other lines have the name, and may mean another one",
        )
    yield from _list_rows("Tested by", [_use(use) for use in facts.tests], facts.test_count)
    yield from _list_rows("Open", [f"{line}: {text}" for line, text in facts.todos])
    yield from _list_rows("Changed", list(map(_change, changes)))


def diff_rows(found: Sequence[DiffFact]) -> list[str]:
    """The facts of a diff for people, the most important kinds first: a line for each, with its place.

    What is new is one line for each file.
    """
    ranked = sorted(found, key=lambda fact: _RANKS.index(fact.kind))
    rows = [_diff_row(fact) for fact in ranked if fact.kind != "added"]
    added: dict[str, list[str]] = {}
    for fact in found:
        if fact.kind == "added":
            added.setdefault(fact.path, []).append(f"{fact.text} ({fact.line})")
    rows += [f"{path}: new: {', '.join(texts)}" for path, texts in added.items()]
    left = len(rows) - _MOST_OF_DIFF
    return [*rows[:_MOST_OF_DIFF], f"and {left} more"] if left > 0 else rows


def _diff_row(fact: DiffFact) -> str:
    if fact.kind in ("gone", "removed"):
        return f"{fact.path}: {fact.text} (it was line {fact.line})"
    return f"{fact.path}:{fact.line}: {fact.text}"


def _file_rows(facts: FileFacts) -> list[FactRow]:
    """The facts of a file or a folder for people."""
    name = facts.path or "this folder"
    size = f"{facts.files:,} files" if facts.files != 1 else f"{facts.lines:,} lines"
    rows = [
        ("What", f"{name}, {size}, {facts.part_count:,} definition{'s' * (facts.part_count != 1)} at the top")
    ]
    parts = [
        f"{part.definition.name}, {part.definition.kind}, {part.definition.path}:{part.definition.start_line}"
        + (f", used by {part.users} other file{'s' * (part.users != 1)}" if part.users else "")
        for part in facts.parts
    ]
    rows += _list_rows("Parts", parts, facts.part_count, most=len(parts))
    rows += _list_rows("Imports", list(facts.imports), most=len(facts.imports))
    rows += _list_rows("Imported by", list(facts.importers), most=len(facts.importers))
    return rows


def _list_rows(name: str, values: Sequence[str], count: int = 0, most: int = _SHOWN) -> Iterator[FactRow]:
    shown = values[:most]
    for position, value in enumerate(shown):
        yield "" if position else name, value
    if (left := max(count, len(values)) - len(shown)) > 0:
        yield "", f"and {left} more"


def _statement(found: CodeStatement) -> str:
    if found.kind == "guard":
        return f"{found.line}: if {found.text}"
    again = {"raises": "what it caught, again", "yields": "nothing", "returns": ""}
    return f"{found.line}: {found.text or again.get(found.kind, '')}"


def _changes_of(statements: Sequence[CodeStatement]) -> Iterator[str]:
    """Each thing that is changed, once, with its lines."""
    lines: dict[str, list[int]] = {}
    for found in statements:
        if found.kind == "changes":
            lines.setdefault(found.text, []).append(found.line)
    for text, numbers in lines.items():
        yield f"{text} ({', '.join(map(str, numbers[:_SHOWN]))})"


def _call(call: CodeCall) -> str:
    return f"{call.name} ({call.defined[0]}:{call.defined[1]})" if call.defined else call.name


def _use(use: CodeUse) -> str:
    where = f"{use.path}:{use.line}" + (f" in {use.inside}" if use.inside else "")
    return where if use.sure else f"{where}, by its name"


def _change(change: LineChange) -> str:
    return f"{change.day} {change.id[:9]} {change.subject} ({change.lines} line{'s' * (change.lines != 1)})"


def _first_sentence(doc: str) -> str:
    text = " ".join(doc.split())
    end = text.find(". ")
    return text if end < 0 else text[: end + 1]
