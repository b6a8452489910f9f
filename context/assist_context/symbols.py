"""What a file defines, refers to and imports, read by the queries in `queries`.

The queries' captures: `def.KIND` with `name` (`path`, where it may be qualified) and perhaps `body`,
`doc`, `parent`; `outer`, a node around a definition that belongs to it; `scope.class`, no definition
but the parent of some; `ref` (`ref.upper`: only in capitals, `ref.words`: one a word); `import` with
`module` and `import.name` or `all`; `comment`; `decor`, what may stand between a comment and its
definition. Lines count from 1 and end where `model.split_lines` ends them.
Broken code is input, not an error. It knows no other file: a reference is a name, not a place.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assist_context import grammars, notes
from assist_context.grammars import Match, Reading, Span
from assist_context.imports import Import, imports_of
from assist_context.languages import Language
from assist_context.references import NAME_CHARACTERS, Reference, references
from assist_context.source import Source, encoded

SIGNATURE_LINES, SIGNATURE_CHARACTERS = 8, 400  # a longer one is a table of defaults
MOST_DEEP = 24  # definitions in definitions; nobody nests so, but unclosed brackets do

_TYPES = frozenset({"class", "struct", "interface", "trait", "enum", "type"})
_FUNCTIONS = frozenset({"function", "method", "constructor"})
# Inside a function these are nobody's business but the function's.
_LOCAL = frozenset({"variable", "constant", "field", "property", "prototype", "key"})
_ONCE = _LOCAL - {"prototype"}  # assigned again it is the same; prototypes may be overloads
_MEMBER = {"function": "method", "prototype": "method", "variable": "field"}
_UNQUALIFIED = frozenset({"this", "self", "prototype"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A named piece of a file. `parent` is the qualified name of what it stands in, "" at the top.

    The lines take in decorators and `export`, not the comment above. `signature` is what comes ahead
    of the body, `doc` the first paragraph of the docstring or of the comment.
    """

    name: str
    kind: str
    start_line: int
    end_line: int
    signature: str
    parent: str = ""
    doc: str = ""

    @property
    def qualified(self) -> str:
        return f"{self.parent}.{self.name}" if self.parent else self.name


@dataclass(frozen=True, slots=True)
class Symbols:
    """All of one file, in source order. `partial`: the time ran out; `problem`: why it is empty."""

    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()
    imports: tuple[Import, ...] = ()
    partial: bool = False
    problem: str = ""


Key = tuple[str, str]  # the qualified name and the kind of what is said once, however often it is assigned


@dataclass(frozen=True, slots=True)
class Outline:
    """Symbols of a part of a file. `keys`: what it says once, so that other parts do not say it again."""

    definitions: tuple[Definition, ...]
    references: tuple[Reference, ...]
    imports: tuple[Import, ...]
    keys: frozenset[Key]


def symbols(
    language: Language, text: str, microseconds: int = grammars.PARSE_MICROSECONDS, docs: bool = True
) -> Symbols:
    """What a text defines, refers to and imports; without `docs` no definition has its `doc`.

    >>> from assist_context.languages import language_of
    >>> found = symbols(language_of("a.py"), "class A:\\n    def f(self): return g()\\n")
    >>> [(each.qualified, each.kind, each.start_line) for each in found.definitions]
    [('A', 'class', 1), ('A.f', 'method', 2)]
    >>> found.references
    (Reference(name='g', line=2, inside='A.f'),)
    """
    grammar = language.grammar or language.outline
    if not grammar:
        return Symbols(problem=f"there is no grammar for {language.name}")
    source = Source(encoded(text))
    reading = grammars.read(grammar, source.data, microseconds)
    found = outline(source, reading, docs=docs)
    return Symbols(found.definitions, found.references, found.imports, reading.partial, reading.problem)


def outline(
    source: Source, reading: Reading, before: AbstractSet[Key] = frozenset(), docs: bool = True
) -> Outline:
    """What a query found, says: in all of a text, or in a part whose border no match and no comment crosses.

    `before` are the keys of the parts above it: what is assigned up there is not said again.
    """
    asked: set[Key] = set()
    places = _placed(_found(source, reading.matches), asked, before)
    defined = [each for each in places if each.kind]
    if docs:
        _document(source, defined, notes.above(source, reading.marks))
    return Outline(
        tuple([_definition(source, each) for each in defined]),
        tuple(references(source, reading.marks, [(d.at, d.start, d.end, d.qualified) for d in defined])),
        imports_of(source, reading.matches),
        frozenset(asked),
    )


@dataclass(slots=True)
class _Place:
    """A definition (or, with an empty kind, a scope) on its way; `at` is where its name stands."""

    at: int
    name: str
    kind: str
    start: int
    end: int
    rank: int = 0
    body: int = -1
    parent: str = ""
    doc: str = ""
    holds_members: bool = False

    @property
    def qualified(self) -> str:
        return f"{self.parent}.{self.name}" if self.parent else self.name


def _found(source: Source, matches: tuple[Match, ...]) -> list[_Place]:
    """Every definition and scope once, whatever number of patterns found it."""
    places: dict[int, _Place] = {}
    extras: list[tuple[int, dict[str, list[Span]]]] = []
    for rank, captures in matches:
        names = captures.get("name") or captures.get("path")
        if not names:
            continue
        name = names[0]
        for whole in captures:
            if whole.startswith(("def.", "scope.")):
                break
        else:
            extras.append((name[0], captures))
            continue
        known, new = places.get(name[0]), _place(source, rank, whole, captures)
        if new is None:
            continue
        if known is None:
            places[name[0]] = new
            continue
        first, second = (known, new) if known.rank <= rank else (new, known)
        first.start, first.end = min(known.start, new.start), max(known.end, new.end)
        first.body = first.body if first.body >= 0 else second.body
        first.parent = first.parent or second.parent
        places[name[0]] = first
    for at, captures in extras:
        if place := places.get(at):
            place.start = min([place.start, *(start for start, _ in captures.get("outer", ()))])
            docs = [source.text(at, min(end, at + notes.MOST)) for at, end in captures.get("doc", ())]
            place.doc = place.doc or "\n".join(docs)
    return list(places.values())


def _place(source: Source, rank: int, whole: str, captures: dict[str, list[Span]]) -> _Place | None:
    """One match as a place; `None` if its name is not one."""
    start, end = source.trimmed(captures[whole][0])
    span = (captures.get("name") or captures["path"])[0]
    name, parent = _name(source.text(*span)), ""
    if "path" in captures:
        bare = re.sub(r"<[^<>]*>", "", name)
        if not re.fullmatch(r"[\w$#~]+(?:(?:::|[.:])[\w$#~]+)*", bare):
            return None
        parts = [part for part in re.split(r"::|[.:]", bare) if part not in _UNQUALIFIED]
        name, parent = (parts or [""])[-1], ".".join(parts[:-1])
    elif above := captures.get("parent"):
        parent = _name(source.text(*above[0]))
    body = captures.get("body", [(-1, -1)])[0][0]
    kind = whole.removeprefix("def.") if whole.startswith("def.") else ""
    name = name.lstrip(":") if kind == "field" else name  # a Ruby symbol
    members = kind in _TYPES or whole == "scope.class"
    return _Place(span[0], name, kind, start, end, rank, body, parent, "", members) if name else None


def _name(text: str) -> str:
    """A name as people say it: without quotes, on one line."""
    if len(text) <= NAME_CHARACTERS and text.isidentifier():
        return text
    name = " ".join(text[: 2 * NAME_CHARACTERS].split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        name = name[1:-1]
    return name[:NAME_CHARACTERS]


def _placed(found: list[_Place], keys: set[Key], before: AbstractSet[Key]) -> list[_Place]:
    """The places in source order, each with its parent, without what is local or said twice."""
    found.sort(key=lambda each: (each.start, -each.end, each.at))
    kept: list[_Place] = []
    stack: list[_Place] = []
    for each in found:
        while stack and (stack[-1].end <= each.start or stack[-1].end < each.end):
            stack.pop()
        above = _above(stack, each)
        local = above and above.kind in _FUNCTIONS and each.kind in _LOCAL and not each.parent
        if local or len(stack) >= MOST_DEEP:
            continue
        if above and above.name == each.name and above.kind in _TYPES and each.kind in _TYPES:
            continue  # typedef struct node {...} node
        if each.parent or (above and above.holds_members):
            each.kind = _MEMBER.get(each.kind, each.kind)
        if above:
            each.parent = f"{above.qualified}.{each.parent}" if each.parent else above.qualified
        if each.kind in _ONCE:
            key = each.qualified, each.kind
            again = key in keys or key in before
            keys.add(key)
            if again:
                continue
        kept.append(each)
        if not stack or (stack[-1].start, stack[-1].end) != (each.start, each.end):
            stack.append(each)  # "const a = 1, b = 2" is two definitions side by side
    return kept


def _document(source: Source, places: list[_Place], docs: notes.Docs) -> None:
    """Makes each one's docstring, or else the comment above it, its `doc`."""
    for each in places:
        line = source.line(each.start)
        each.doc = notes.paragraph(each.doc) or (docs.of(line) if source.leads(each.start, line) else "")


def _above(stack: list[_Place], place: _Place) -> _Place | None:
    """The innermost of the open places that is not of the very same extent."""
    for each in reversed(stack):
        if each.start != place.start or each.end != place.end:
            return each
    return None


def _definition(source: Source, place: _Place) -> Definition:
    return Definition(
        place.name,
        "function" if place.kind == "prototype" else place.kind,
        source.line(place.start),
        source.line(max(place.start, place.end - 1)),
        _signature(source, place),
        place.parent,
        place.doc,
    )


def _signature(source: Source, place: _Place) -> str:
    """What comes ahead of the body; without a body the whole of a function, the first line of all else."""
    bodied = place.start < place.body <= place.end
    end = min(place.body if bodied else place.end, place.start + 4 * SIGNATURE_CHARACTERS)
    lines = source.text(place.start, end).strip().splitlines() or [""]
    if not bodied and place.kind not in _FUNCTIONS and place.kind != "prototype":
        lines = lines[:1]
    if len(lines) > 1:
        indent = place.start - source.starts[source.line(place.start) - 1]
        lines[1:] = [line[min(indent, len(line) - len(line.lstrip())) :] for line in lines[1:]]
    while len(lines) > 1 and lines[-1].lstrip().startswith(("#", "//")):
        lines.pop()  # a comment ahead of the body
    return "\n".join(lines[:SIGNATURE_LINES])[:SIGNATURE_CHARACTERS].rstrip(" \t\r\n{")
