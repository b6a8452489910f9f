"""What a file defines, refers to and imports, read by the queries in `queries`.

The queries' captures: `def.KIND` with `name` (`path`, where it may be qualified) and perhaps `body`,
`doc`, `parent` (`def.assigned`: a constant or a variable, as it is spelt); `outer`, a node around a
definition that belongs to it; `scope.class`, no definition but the parent of some; `ref` (`ref.upper`:
only in capitals, `ref.words`: one a word); `import` with `module` and `import.name` or `all`; `comment`;
`decor`, what may stand between a comment and its definition.
Lines count from 1 and end where `model.split_lines` ends them.
Broken code is input, not an error. It knows no other file: a reference is a name, not a place.
"""

import sys
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from assist_context import grammars, notes
from assist_context.grammars import Reading
from assist_context.imports import Import, imports_of
from assist_context.languages import Language
from assist_context.places import FUNCTIONS, NOTHING, Around, Key, Place, parted
from assist_context.references import Reference, located
from assist_context.source import Source, encoded

SIGNATURE_LINES, SIGNATURE_CHARACTERS = 8, 400  # a longer one is a table of defaults


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


@dataclass(frozen=True, slots=True)
class Outline:
    """Symbols of a part of a file.

    `keys`: what it says once, so that other parts do not say it again; `open`: what goes on below it.
    """

    definitions: tuple[Definition, ...]
    references: tuple[Reference, ...]
    imports: tuple[Import, ...]
    keys: frozenset[Key]
    open: Around = NOTHING


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
    source: Source,
    reading: Reading,
    before: AbstractSet[Key] = frozenset(),
    docs: bool = True,
    around: Around = NOTHING,
    end: int = sys.maxsize,
) -> Outline:
    """What a query found, says: in all of a text, or in a part, whose border no comment crosses.

    `before` are the keys of the parts above it: what is assigned up there is not said again. `around` is
    what of them goes on in the part, and `end` where it ends.
    """
    asked: set[Key] = set()
    found, going_on = parted(source, reading.matches, asked, before, around, end)
    defined = [each for each in found if each.kind]
    if docs:
        _document(source, defined, notes.above(source, reading.marks))
    holders = [*around.shown, *defined]
    names = [each.qualified for each in holders] + [""]  # -1 is in none
    refs = located(source, reading.marks, [(each.at, each.start, each.end) for each in holders])
    return Outline(
        tuple([_definition(source, each) for each in defined]),
        tuple([Reference(name, line, names[inside]) for name, line, inside in refs]),
        imports_of(source, reading.matches),
        frozenset(asked),
        going_on,
    )


def _document(source: Source, places: list[Place], docs: notes.Docs) -> None:
    """Makes each one's docstring, or else the comment above it, its `doc`."""
    for each in places:
        line = source.line(each.start)
        each.doc = notes.paragraph(each.doc) or (docs.of(line) if source.leads(each.start, line) else "")


def _definition(source: Source, place: Place) -> Definition:
    return Definition(
        place.name,
        "function" if place.kind == "prototype" else place.kind,
        source.line(place.start),
        source.line(max(place.start, place.end - 1)),
        signature(source, place),
        place.parent,
        place.doc,
    )


def signature(source: Source, place: Place) -> str:
    """What comes ahead of the body; without a body the whole of a function, the first line of all else."""
    bodied = place.start < place.body <= place.end
    end = min(place.body if bodied else place.end, place.start + 4 * SIGNATURE_CHARACTERS)
    text = source.text(place.start, end).strip()
    lines = text.splitlines() if "\n" in text else [text]  # three of four
    if not bodied and place.kind not in FUNCTIONS and place.kind != "prototype":
        lines = lines[:1]
    if len(lines) > 1:
        indent = place.start - source.starts[source.line(place.start) - 1]
        lines[1:] = [line[min(indent, len(line) - len(line.lstrip())) :] for line in lines[1:]]
    while len(lines) > 1 and lines[-1].lstrip().startswith(("#", "//")):
        lines.pop()  # a comment ahead of the body
    return "\n".join(lines[:SIGNATURE_LINES])[:SIGNATURE_CHARACTERS].rstrip(" \t\r\n{")
