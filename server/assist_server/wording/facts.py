"""Facts of code in words, as rows in which places are known, and as JSON. It computes none of them."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.outline import OutlinePart
from assist_context.code.statements import CodeStatement, StatementKind, statement_rules
from assist_context.evidence.fact_questions import AskedFact
from assist_context.facts.code_uses import CodeUse
from assist_context.facts.compared_files import DiffFact, DiffFactKind, DiffFacts
from assist_context.facts.definition_facts import MAX_CALLS, CodeCall, DefinitionFacts
from assist_context.facts.file_facts import FileFacts, UsedPart
from assist_context.facts.name_facts import NameFacts
from assist_context.files.git_history import LineChange
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_server.questions.code_facts import CodeFacts
from assist_server.wording.views import FactPart, FactRow, FactWords, visible_rows

_CHANGES = 3  # commits that are named
_INDENT = "    "  # of a part within another one
_HANGING = 2  # further characters of its lines after the first
_SHOWN = 8  # statements of a kind in words; JSON has all
ASK_WHY = "To ask a model, ask why or how."
_WORDS: tuple[tuple[StatementKind, str], ...] = (
    ("guard", "Early exits"),
    ("returns", "Returns"),
    ("yields", "Yields"),
    ("raises", "Raises"),
)
_OUTLINED = frozenset({*(word for _, word in _WORDS), "Methods"})  # rows that an outline replaces
# The kinds of facts that deserve a look, the most serious first; the others only say what a diff does.
_REMARKS: tuple[DiffFactKind, ...] = (
    "undefined", "caller", "arguments", "operands", "swallowed", "unclosed", "copy", "offset", "negation",
    "operator", "condition", "leave", "gone", "constant", "default", "literal", "untested",
)  # fmt: skip
_BROKEN = ("undefined", "caller", "copy")
_RANKS: tuple[DiffFactKind, ...] = (*_REMARKS, "signature", "removed", "added", "call")
_VALUE = re.compile(
    r"`(?:-?[\d.]\w*|[Tt]rue|[Ff]alse)`"
)  # other literals are texts: to change one is a purpose
# Why a remark deserves the look, where its words do not say it.
_WHY: Mapping[DiffFactKind, str] = {
    "offset": "this may be an off-by-one error",
    "negation": "the condition is now the opposite",
    "operator": "it is true in different cases, or gives a different value",
    "condition": "it is true in different cases",
    "operands": "the result is different",
    "leave": "the code no longer waits here, or goes on where it used to stop",
    "swallowed": "an error may go unnoticed",
    "unclosed": "it may stay open",
    "gone": "what this check stopped now gets through",
    "default": "calls that omit the argument now get this value",
}
MAX_REMARKS = 10
_MAX_OF_DIFF = 40
NO_DIFF_FACTS = "Only the changed lines themselves are certain."
# The row that answers a question for a fact, below what the definition is.
_ASKED: Mapping[AskedFact, str] = {
    "places": "What",
    "returns": "Returns",
    "raises": "Raises",
    "writes": "Changes",
    "calls": "Calls",
    "uses": "Used by",
    "tests": "Tested by",
    "changes": "Changed",
}
_OF_STATEMENTS = frozenset({"Returns", "Raises", "Changes", "Calls"})
_LEAVES: tuple[tuple[StatementKind, re.Pattern[str]], ...] = (  # what a guard does
    ("raises", re.compile(r": (?:raise|throw|panic|unreachable|todo|unimplemented)\b.*")),
    ("returns", re.compile(r": return\s+[^\s;].*")),
)
_ERRORS_ARE_VALUES = frozenset({"go", "rust"})
_FIELDS = frozenset({"field", "property", "variable", "constant", "key"})


def no_model_line(why: str, remedy: str = ASK_WHY) -> str:
    """The last line of an answer without a model."""
    return f"No model was asked: {why}. {remedy}"


def fact_rows(facts: CodeFacts) -> list[FactRow]:
    """Facts for people. What no one sees in a literal or a name is written, since a fact is exact."""
    return visible_rows(_rows(facts))


def _rows(facts: CodeFacts) -> list[FactRow]:
    if isinstance(facts.about, FileFacts):
        return _file_rows(facts.about)
    if isinstance(facts.about, NameFacts):
        return _name_rows(facts.about)
    if not facts.asked:
        rows = [row for row in _definition_rows(facts.about, facts.changes) if row.value]
        return _drop_outlined(rows, facts.about)
    others = [
        (FactPart(f"{site.kind} {site.qualified}, "), _place(site.path, site.start_line))
        for site in facts.others
    ]
    return [*_asked_rows(facts.about, facts), *_list_rows("Another", others)]


def _drop_outlined(rows: Iterable[FactRow], facts: DefinitionFacts) -> list[FactRow]:
    """The rows without those that say again what the outline says, if it says all of it."""
    lines = {line for part in facts.outline for line in _lines_said(part)}
    lines_said = [statement.line for statement in facts.statements if statement.kind != "changes"]
    lines_said += [member.start_line for member in facts.members if member.kind in FUNCTIONS]
    if not (lines and lines.issuperset(lines_said)):
        return list(rows)
    rows_kept: list[FactRow] = []
    name = ""
    for row in rows:
        name = row.name or name
        rows_kept += [] if name in _OUTLINED else [row]
    return rows_kept


def _lines_said(part: OutlinePart) -> range:
    """The lines whose statements the words of a part hold: a single one may follow its head."""
    last = part.end_line if part.kind in ("guard", "call") else min(part.end_line, part.line + 1)
    return range(part.line, last + 1)


def _outline_rows(path: str, outline: Sequence[OutlinePart]) -> Iterator[FactRow]:
    """The parts, each with its line, indented as deep as it is."""
    width = len(str(max((part.line for part in outline), default=0)))
    for part in outline:
        place = FactPart(f"{part.line:{width}}", path, part.line)
        indent = f"  {_INDENT * part.depth}"
        name = "" if part is not outline[0] else "Outline"
        yield FactRow(name, (place, FactPart(f"{indent}{part.text}")), width + len(indent) + _HANGING)


def _asked_rows(facts: DefinitionFacts, statement: CodeFacts) -> Iterator[FactRow]:
    """Yield what the definition is, and each fact that is asked for; what is not there is said."""
    names = {"What", *(_ASKED[kind] for kind in statement.asked)}
    if "Raises" in names and facts.language in _ERRORS_ARE_VALUES:
        names.add("Returns")
    rows: dict[str, list[FactRow]] = {}
    name = ""
    for row in _definition_rows(_add_open_guards(facts), statement.changes):
        name = row.name or name
        rows.setdefault("Returns" if name == "Yields" else name, []).extend([row] if row.value else [])
    for word in _ASKED.values():
        if word in names:
            yield from rows.get(word) or [FactRow(word, _plain(_nothing(facts, word)))]
        if word == "Used by" and word in names and "Tested by" not in names and facts.test_count:
            yield FactRow("Tested by", _plain(f"{facts.test_count} line{'s' * (facts.test_count != 1)}"))


def _add_open_guards(facts: DefinitionFacts) -> DefinitionFacts:
    """Facts in which an early return, or an early error, is one of what is returned or raised."""
    parts = []
    for statement in facts.statements:
        kinds = [
            kind for kind, leaves in _LEAVES if statement.kind == "guard" and leaves.search(statement.text)
        ]
        words = f"if {statement.text}" if kinds else statement.text
        parts.append(replace(statement, kind=kinds[0] if kinds else statement.kind, text=words))
    return replace(facts, statements=tuple(parts))


def _nothing(facts: DefinitionFacts, row: str) -> str:
    """Return what is said where a definition has nothing of what is asked for."""
    if row not in _OF_STATEMENTS:
        return "nothing in the index"
    if facts.definition.kind not in FUNCTIONS:
        return f"not known for a {facts.definition.kind}"
    if row != "Calls" and statement_rules(language_of(facts.path)) is None:
        return f"not known in {facts.language}"
    values = facts.language in _ERRORS_ARE_VALUES
    raises = (
        "no panic of its own; errors are part of what it returns" if values else "nothing in its own code"
    )
    return {"Returns": "no value", "Raises": raises}.get(row, "nothing")


def facts_document(facts: CodeFacts) -> dict[str, Any]:
    """Facts as JSON."""
    return {**asdict(facts.about), "changes": [asdict(change) for change in facts.changes or ()]}


def _definition_rows(facts: DefinitionFacts, changes: Sequence[LineChange] | None) -> Iterator[FactRow]:
    site = facts.definition
    path = facts.path
    end = f"-{site.end_line}" if site.end_line > site.start_line else ""
    where = FactPart(f"{path}:{site.start_line}{end}", path, site.start_line)
    yield FactRow("What", (FactPart(f"{site.kind} {site.qualified}, "), where))
    yield FactRow("", _plain(" ".join(site.signature.split())))
    yield FactRow("Author says", _plain(f'"{site.doc}"' if site.doc else ""))
    yield from _outline_rows(path, facts.outline)
    for kind, word in _WORDS:
        statement = [_statement(path, statement) for statement in facts.statements if statement.kind == kind]
        yield from _list_rows(word, statement)
    yield FactRow("Changes", _join(_list_changes(path, facts.statements)))
    more = [_plain("and more")] if len(facts.calls) > MAX_CALLS else []
    yield FactRow("Calls", _join([*map(_call, facts.calls[:MAX_CALLS]), *more]))
    yield FactRow("Fields", _members(facts, _FIELDS))
    yield FactRow("Methods", _members(facts, FUNCTIONS))
    others = {member.kind for member in facts.members} - FUNCTIONS - _FIELDS
    yield FactRow("Holds", _members(facts, others))
    yield from _list_rows("Used by", [_use(use) for use in facts.callers], facts.caller_count)
    if facts.unsure_count:
        yield FactRow(
            "" if facts.callers else "Used by",
            _plain(f"{facts.unsure_count} other lines have this name, but may mean something else"),
        )
    yield from _list_rows("Tested by", [_use(use) for use in facts.tests], facts.test_count)
    yield from _list_rows("Open", [_line_words(path, line, text) for line, text in facts.todos])
    if changes is None:
        yield FactRow("Changed", _plain("not known, because git took too long"))
    else:
        rows_shown = [_plain(_change(change)) for change in changes[:_CHANGES]]
        yield from _list_rows("Changed", rows_shown, len(changes))


def _name_rows(facts: NameFacts) -> list[FactRow]:
    """List who uses a name that nothing here defines, or much, and similar names if no line does."""
    places = [
        (FactPart(f"{site.qualified}, "), _place(site.path, site.start_line)) for site in facts.definitions
    ]
    rows = [*_list_rows("Used by", [_use(use) for use in facts.callers], facts.caller_count)]
    rows += _list_rows("Tested by", [_use(use) for use in facts.tests], facts.test_count)
    where = "this folder has no definition of it" if rows else "no code in this folder defines or calls it"
    if places:
        one = facts.definitions[0].qualified
        where = f"{len(places)} definitions; ask about one by its owner or file, as in `{one}`"
    alike = FactRow("Alike", _plain(", ".join(facts.alike)))
    what = [FactRow("What", _plain(f"{facts.name}: {where}")), *_list_rows("Defined", places)]
    return [*what, *rows, *([alike] if facts.alike else [])]


def choose_remarks(facts: Sequence[DiffFact]) -> list[DiffFact]:
    """The facts of a diff that deserve a look, the most serious first.

    There is one for each line and kind, of what is gone one for each function, of tests one in all. In a
    test only what cannot run is one.
    """
    rows: dict[tuple[object, ...], DiffFact] = {}
    counts = Counter[tuple[object, ...]]()
    for fact in facts:
        is_text = fact.kind == "literal" and not _VALUE.match(fact.text)
        if is_text or fact.kind not in (_BROKEN if is_test(fact.path) else _REMARKS):
            continue
        whole: Mapping[DiffFactKind, tuple[object, ...]] = {
            "unclosed": (fact.path, fact.before),
            "constant": (fact.path, fact.text),
            "gone": (fact.path, fact.text.rpartition(" gone from ")[2]),
            "untested": (),
        }
        key = (fact.kind, *whole.get(fact.kind, (fact.path, fact.line)))
        rows.setdefault(key, fact)
        counts[key] += 1
    remark_list = [
        replace(fact, text=f"{fact.text}, and {counts[key] - 1} more like it") if counts[key] > 1 else fact
        for key, fact in rows.items()
    ]
    return sorted(remark_list, key=lambda fact: _REMARKS.index(fact.kind))


def remark_rows(facts: Sequence[DiffFact]) -> list[FactRow]:
    """List what deserves a look: where and why, the line before and now. The rows have no names."""
    remarks = choose_remarks(facts)
    rows: list[FactWords] = []
    for fact in remarks[:MAX_REMARKS]:
        why = f"; {_WHY[fact.kind]}" if fact.kind in _WHY else ""
        rows.append((*_diff_words(fact), FactPart(why)))
        sides = (("-", fact.before.strip()), ("+", fact.after.strip()))
        rows += [_plain(f"    {sign} {text}") for sign, text in sides if text]
    rest = len(remarks) - MAX_REMARKS
    rows += [_plain(f"and {rest} more, less serious: --facts shows them")] if rest > 0 else []
    return visible_rows(FactRow("", words) for words in rows)


def nothing_found(facts: DiffFacts, files: int) -> str:
    """The line of a review without a remark: what was compared."""
    functions = f"{facts.functions} changed function{'s' * (facts.functions != 1)}"
    return (
        f"Nothing found: {functions} in {files} file{'s' * (files != 1)} compared with the earlier version."
    )


def diff_rows(facts: Sequence[DiffFact]) -> list[FactRow]:
    """The facts of a diff for people, the most important kinds first: a row for each, with its place.

    What is new is one row for each file. The rows have no names.
    """
    in_order = sorted(facts, key=lambda fact: _RANKS.index(fact.kind))
    rows = [_diff_words(fact) for fact in in_order if fact.kind != "added"]
    by_name: dict[str, list[FactWords]] = {}
    for fact in facts:
        if fact.kind == "added":
            line = FactPart(f"{fact.line}", fact.path, fact.line)
            by_name.setdefault(fact.path, []).append((FactPart(f"{fact.text} ("), line, FactPart(")")))
    rows += [(FactPart(f"{path}: new: "), *_join(texts)) for path, texts in by_name.items()]
    rest = len(rows) - _MAX_OF_DIFF
    rows = [*rows[:_MAX_OF_DIFF], _plain(f"and {rest} more")] if rest > 0 else rows
    return visible_rows(FactRow("", words) for words in rows)


def _diff_words(fact: DiffFact) -> FactWords:
    if fact.kind in ("gone", "removed"):
        return _plain(f"{fact.path}: {fact.text} (it was line {fact.line})")
    return (_place(fact.path, fact.line), FactPart(f": {fact.text}"))


def _file_rows(facts: FileFacts) -> list[FactRow]:
    """The facts of a file or a folder for people."""
    name = facts.path or "this folder"
    size = f"{facts.files:,} files" if facts.files != 1 else f"{facts.lines:,} line{'s' * (facts.lines != 1)}"
    count = f", {facts.part_count:,} definition{'s' * (facts.part_count != 1)} at the top level"
    rows = [FactRow("What", _plain(f"{name}, {size}{count * bool(facts.part_count)}"))]
    if facts.outline:
        users = {part.definition.start_line: part.users for part in facts.parts}
        rows += _outline_rows(
            facts.path, [_add_users(part, users.get(part.line, 0)) for part in facts.outline]
        )
    else:
        rows += _list_rows("Parts", list(map(_part, facts.parts)), facts.part_count, most=len(facts.parts))
    for word, paths in (("Imports", facts.imports), ("Imported by", facts.importers)):
        rows += _list_rows(word, [(FactPart(path, path, 1),) for path in paths], most=len(paths))
    return rows


def _part(part: UsedPart) -> FactWords:
    site = part.definition
    users = f", {_users(part.users)}" if part.users else ""
    return (FactPart(f"{site.name}, {site.kind}, "), _place(site.path, site.start_line), FactPart(users))


def _add_users(part: OutlinePart, users: int) -> OutlinePart:
    return replace(part, text=f"{part.text} ({_users(users)})") if users and not part.depth else part


def _users(count: int) -> str:
    return f"used by {count} other file{'s' * (count != 1)}"


def _list_rows(
    name: str, values: Sequence[FactWords], count: int = 0, most: int = _SHOWN
) -> Iterator[FactRow]:
    rows_shown = values[:most]
    for position, value in enumerate(rows_shown):
        yield FactRow("" if position else name, value)
    if (rest := max(count, len(values)) - len(rows_shown)) > 0:
        yield FactRow("", _plain(f"and {rest} more"))


def _plain(text: str) -> FactWords:
    return (FactPart(text),) if text else ()


def _place(path: str, line: int) -> FactPart:
    return FactPart(f"{path}:{line}", path, line)


def _join(values: Iterable[FactWords]) -> FactWords:
    """Values with commas between them."""
    parts: list[FactPart] = []
    for value in values:
        parts += [FactPart(", "), *value] if parts else value
    return tuple(parts)


def _line_words(path: str, line: int, text: str) -> FactWords:
    """A line of the file that the facts are about, and what is there."""
    return (FactPart(f"{line}", path, line), FactPart(f": {text}"))


def _statement(path: str, facts: CodeStatement) -> FactWords:
    again = {"raises": "the caught error again", "yields": "nothing", "returns": ""}
    text = f"if {facts.text}" if facts.kind == "guard" else facts.text or again.get(facts.kind, "")
    return _line_words(path, facts.line, text)


def _list_changes(path: str, statements: Sequence[CodeStatement]) -> Iterator[FactWords]:
    """Each thing that is changed, once, with its lines."""
    lines: dict[str, list[int]] = {}
    for facts in statements:
        if facts.kind == "changes":
            lines.setdefault(facts.text, []).append(facts.line)
    for text, numbers in lines.items():
        places = _join((FactPart(f"{line}", path, line),) for line in numbers[:_SHOWN])
        yield (FactPart(f"{text} ("), *places, FactPart(")"))


def _call(call: CodeCall) -> FactWords:
    if call.defined is None:
        return _plain(call.name)
    return (FactPart(f"{call.name} ("), _place(*call.defined), FactPart(")"))


def _members(facts: DefinitionFacts, kinds: Collection[str]) -> FactWords:
    """The names of a class's members of some kinds, each the place of the member."""
    members = [member for member in facts.members if member.kind in kinds]
    return _join((FactPart(member.name, facts.path, member.start_line),) for member in members)


def _use(use: CodeUse) -> FactWords:
    inside = f" in {use.inside}" if use.inside else ""
    return (_place(use.path, use.line), FactPart(f"{inside}{'' if use.sure else ', by name only'}"))


def _change(change: LineChange) -> str:
    lines = f"{change.lines} line{'s' * (change.lines != 1)}"
    return f"{change.day} {change.id[:9]} {change.subject} ({change.author}, {lines})"
