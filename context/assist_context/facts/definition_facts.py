"""The facts of one definition: what it is, what its statements say, what it calls, who uses it, what it has.

This module reads the index and open documents through a corpus.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from assist_context.code.calls import call_rules, find_call_sites
from assist_context.code.definitions import FUNCTIONS
from assist_context.code.doc_comments import first_sentence
from assist_context.code.names.occurrences import NameReader
from assist_context.code.outline import (
    MAX_ROWS,
    OutlinePart,
    fitting,
    in_line,
    read_outline,
)
from assist_context.code.statements import CodeStatement, find_statements
from assist_context.code.symbols import Definition, Reference, symbols
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor, Document
from assist_context.evidence.call_graph import apart
from assist_context.facts.code_uses import (
    MAX_USES,
    OWN_OBJECTS,
    USUAL,
    CodeUse,
    find_uses,
    made_by,
    owner_in_line,
)
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import Language, language_of
from assist_context.retrieval.corpus import Corpus

MAX_CALLS = 24  # names that are shown as called; one more says that there are others
MAX_MEMBERS = 40
SHORT = 15  # lines of a function that is read as fast as its outline
_COMMON = 3  # definitions of a name that is called on something; more need not be meant
_BRACKETS = frozenset({"c", "cpp", "csharp", "php"})  # no rules for calls, but each has brackets
_CONSTRUCTORS = frozenset({"__init__", "constructor"})
# What a method sets of its own object, with or without a type.
_TARGETS = re.compile(r"\s*((?:[\w.]+\s*,\s*)*[\w.]+)\s*(?::[^=]+)?=(?!=)")
_OWN_FIELD = re.compile(r"(?<![\w.])(?:self|this)\.(\w+)(?!\.)\b")
_TODO = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b.*")


@dataclass(frozen=True, slots=True)
class CodeCall:
    """A name that is called, with its first line; `defined` is the path and line of what it surely means."""

    name: str
    line: int
    defined: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class DefinitionFacts:
    """Facts of a definition. Lines count from 1, both ends included.

    Of `callers` and `tests` there are at most 15; `caller_count` and `test_count` are how many there are. If
    several definitions have the name and many lines use it, only sure uses are among them; `unsure_count` is
    how many other lines have the name, and may mean another one. The `outline` of a long function has its
    parts, that of a class its methods.
    """

    definition: Definition
    path: str
    language: str
    statements: tuple[CodeStatement, ...] = ()
    calls: tuple[CodeCall, ...] = ()
    callers: tuple[CodeUse, ...] = ()
    caller_count: int = 0
    tests: tuple[CodeUse, ...] = ()
    test_count: int = 0
    unsure_count: int = 0
    members: tuple[Definition, ...] = ()
    todos: tuple[tuple[int, str], ...] = ()
    outline: tuple[OutlinePart, ...] = ()


def definition_facts(corpus: Corpus, document: Document, at: IndexedDefinition) -> DefinitionFacts | None:
    """The facts of a definition in a document that is laid over the index; None if it is not there."""
    own_symbols = symbols(document.language, document.text)
    definition = next((site for site in own_symbols.definitions if _is_same(site, at)), None)
    if definition is None:
        return None
    if at.kind in FUNCTIONS:  # of overloads, the one that does something
        same = [site for site in own_symbols.definitions if (site.name, site.parent) == (at.name, at.parent)]
        definition = same[-1] if document.language.name == "python" else definition
        at = replace(at, start_line=definition.start_line, end_line=definition.end_line)
    facts = DefinitionFacts(definition, at.path, document.language.name, todos=tuple(_todos(document, at)))
    text = ParsedText(document)
    reader = NameReader(text)
    makes = at.parent and at.name in _CONSTRUCTORS
    uses, unsure = (made_by(corpus, at, reader), 0) if makes else find_uses(corpus, at, reader)
    callers, tests = apart(corpus, uses)
    facts = replace(
        facts,
        callers=tuple(callers[:MAX_USES]),
        caller_count=len(callers),
        tests=tuple(tests[:MAX_USES]),
        test_count=len(tests),
        unsure_count=unsure,
    )
    if at.kind in FUNCTIONS:
        statements = find_statements(text, at.start_line, at.end_line)
        calls = tuple(_calls(corpus, at, text, own_symbols.references))
        long = at.end_line - at.start_line >= SHORT
        callee_names = (
            [call.name for call in calls if call.defined or _is_defined(corpus, call.name)] if long else []
        )
        outline = read_outline(text, at.start_line, at.end_line, callee_names) if long else ()
        return replace(facts, statements=statements, calls=calls, outline=outline)
    inside = [site for site in own_symbols.definitions if site.parent == definition.qualified]
    members = {site.name: site for site in inside}
    for field in _fields_set(text, definition, [site for site in inside if site.kind == "class"]):
        members.setdefault(field.name, field)
    outline = fitting(member_parts([site for site in inside if site.kind in FUNCTIONS]))
    return replace(facts, members=tuple(members.values())[:MAX_MEMBERS], outline=outline)


def member_parts(definitions: Sequence[Definition], depth: int = 0) -> list[OutlinePart]:
    """Definitions as parts of what holds them, each with its first sentence; of very many the public ones."""
    members = [site for site in definitions if site.kind != "field"]
    if len(members) > MAX_ROWS:
        members = [site for site in members if not site.name.startswith(("_", "#"))]
    return [_member_part(site, depth) for site in members]


def _member_part(site: Definition, depth: int) -> OutlinePart:
    head = in_line(site.signature).rstrip(" {:")
    doc = f": {first_sentence(site.doc)}" if site.doc else ""
    return OutlinePart(site.start_line, site.end_line, depth, "member", f"{head}{doc}")


def _is_defined(corpus: Corpus, name: str) -> bool:
    """Return whether a name that is called is probably one of the few definitions that have it."""
    return name not in USUAL and 0 < len(corpus.definitions(name)) <= _COMMON


def _is_same(site: Definition, at: IndexedDefinition) -> bool:
    return (site.name, site.parent, site.start_line) == (at.name, at.parent, at.start_line)


def _fields_set(
    text: ParsedText, definition: Definition, inner: Sequence[Definition]
) -> Iterator[Definition]:
    """Find what methods of a class set on their own object, by line, without inner classes."""
    others = {number for site in inner for number in range(site.start_line, site.end_line + 1)}
    for number in range(definition.start_line, definition.end_line + 1):
        line = text.document.lines[number - 1]
        targets = _TARGETS.match(line)
        if targets is None or number in others:
            continue
        for outline in _OWN_FIELD.finditer(line, *targets.span(1)):
            first = text.byte(Cursor(number - 1, outline.start(1)))
            if text.kind(first, first + len(outline[1].encode())) == "code":
                yield Definition(outline[1], "field", number, number, line.strip(), definition.qualified)


def _todos(document: Document, at: IndexedDefinition) -> Iterator[tuple[int, str]]:
    for number in range(at.start_line, at.end_line + 1):
        if outline := _TODO.search(document.lines[number - 1]):
            yield number, outline[0].strip()


def _calls(
    corpus: Corpus, at: IndexedDefinition, text: ParsedText, references: Sequence[Reference]
) -> Iterator[CodeCall]:
    """List what a function calls, each once; in a language without rules for calls, what it refers to."""
    head = at.start_line + at.head_lines - 1
    visited = {at.name}
    lines = corpus.lines(at.path)
    lines_by_name: dict[str, set[int]] = {}
    for reference in references:
        name = reference.name
        inside = head < reference.line <= at.end_line
        if not inside or name in visited or len(visited) > MAX_CALLS + 1:
            continue
        if name not in lines_by_name:
            lines_by_name[name] = _called_lines(text, name)
        if _has_plain_calls(text.document.language) and reference.line not in lines_by_name[name]:
            continue
        visited.add(name)
        owner = owner_in_line(lines, reference.line, name)
        yield CodeCall(name, reference.line, _meaning(corpus, at, name, owner))


def _has_plain_calls(language: Language) -> bool:
    """Return whether calls look different from other uses of a name."""
    return call_rules(language) is not None or language.name in _BRACKETS


def _called_lines(text: ParsedText, name: str) -> set[int]:
    """The lines on which a name is called; macros of Rust are, too."""
    if text.document.language.name in _BRACKETS:
        call = re.compile(rf"\b{re.escape(name)}\s*(?:<[^<>()]*>\s*)?\(")
        return {number for number, line in enumerate(text.document.lines, 1) if call.search(line)}
    lines = {text.source.line(site.name_span[0]) for site in find_call_sites(text, name)}
    if text.document.language.name == "rust":
        macro = re.compile(rf"\b{re.escape(name)}!")
        lines |= {number for number, line in enumerate(text.document.lines, 1) if macro.search(line)}
    return lines


def _meaning(corpus: Corpus, at: IndexedDefinition, name: str, owner: str) -> tuple[str, int] | None:
    """Find where a called name is defined, if there is no doubt."""
    if owner in OWN_OBJECTS and at.parent:
        own = corpus.outline(at.path, name, at.parent)
        return (at.path, own[0].start_line) if len(own) == 1 else None
    if owner:
        return None
    if here := corpus.outline(at.path, name):
        top = [site for site in here if not site.parent]
        return (at.path, top[0].start_line) if len(here) == len(top) == 1 else None
    language = language_of(at.path).name
    places = set[tuple[str, int]]()
    for import_ in corpus.imports(at.path):
        if name in import_.names:
            for path in corpus.resolve(at.path, language, import_):
                places |= {(path, site.start_line) for site in corpus.outline(path, name, "")}
    return places.pop() if len(places) == 1 else None
