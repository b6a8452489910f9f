"""What a file defines, refers to and imports, read by the queries in `queries/`.

The captures of the queries:
- `def.KIND` with `name` (or `path`, where the name may be qualified) and perhaps `body`, `doc`, `parent`;
  `def.assigned` is a constant or a variable, depending on how it is spelt.
- `outer`: a node around a definition that belongs to it.
- `scope.class`: not a definition, but the parent of some.
- `ref`: a reference; `ref.upper` only if in capitals, `ref.words` one for each word.
- `import` with `module` and `import.name` or `all`.
- `comment`, and `decor` for what may be between a comment and its definition.

Lines count from 1 and end where `documents.split_lines` ends them.
Broken code is input, not an error. No other file is known here: a reference is a name.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import itemgetter

from assist_context.languages import Language
from assist_context.syntax import doc_comments, grammars
from assist_context.syntax.definitions import (
    FUNCTIONS,
    NAME_CHARACTERS,
    NOTHING,
    DefinitionSite,
    EnclosingScopes,
    Key,
    definitions_in_part,
)
from assist_context.syntax.grammars import Mark, Reading
from assist_context.syntax.imports import Import, imports_of
from assist_context.syntax.source_text import Source, encoded

_CAPTURES = frozenset({"ref", "ref.upper", "ref.words"})

Defined = tuple[int, int, int]  # where the name of a definition stands, its first byte, and its end
Located = tuple[str, int, int]  # a name, its line, and the place of the definition that it is in, or -1


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is called or used as a type; `inside` is the qualified name of the definition it is in."""

    name: str
    line: int
    inside: str = ""


def located(source: Source, marks: Iterable[Mark], defined: Sequence[Defined]) -> list[Located]:
    """The references among marks, in source order. `defined` comes so too; its names are no references."""
    names = {at for at, _, _ in defined}
    starts = source.starts
    last = -1
    inside = -1
    ascii_text = source.ascii
    result: list[Located] = []
    stack: list[tuple[int, int]] = []  # where the definitions around end, and their places
    begins = [start for _, start, _ in defined]
    # where `inside` may change next
    coming = 0
    border = begins[0] if begins else len(source.data) + 1
    for start, end, how in sorted([each for each in marks if each[2] in _CAPTURES], key=itemgetter(0)):
        again, last = start == last, start
        if again or start in names:
            continue
        if start >= border:
            while coming < len(begins) and begins[coming] <= start:
                while stack and stack[-1][0] <= begins[coming]:
                    stack.pop()
                stack.append((defined[coming][2], coming))
                coming += 1
            while stack and stack[-1][0] <= start:
                stack.pop()
            inside = stack[-1][1] if stack else -1
            border = begins[coming] if coming < len(begins) else len(source.data) + 1
            border = min(border, stack[-1][0]) if stack else border
        text = ascii_text[start:end] if ascii_text and end - start <= NAME_CHARACTERS else ""
        text = text or source.text(start, min(end, start + NAME_CHARACTERS))
        if how == "ref" and text.isidentifier():
            result.append((text, bisect_right(starts, start), inside))
        else:
            line = bisect_right(starts, start)
            result += [(name, line, inside) for name in _referred(text, how)]
    return result


def _referred(text: str, how: str) -> list[str]:
    """The names in what was captured: of a path the last, without type arguments."""
    if how == "ref.words":
        return text.split()
    if how == "ref.upper" and not text[:1].isupper():
        return []
    if text.isidentifier():
        return [text]
    last = re.split(r"::|[.\\]|->", re.sub(r"<.*", "", text, flags=re.DOTALL))[-1].strip()
    return [last] if last else []


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
    open: EnclosingScopes = NOTHING


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
    around: EnclosingScopes = NOTHING,
    end: int = sys.maxsize,
) -> Outline:
    """What a query found, says: in all of a text, or in a part, whose border no comment crosses.

    `before` are the keys of the parts above it: what is assigned up there is not said again. `around` is
    what of them goes on in the part, and `end` where it ends.
    """
    asked: set[Key] = set()
    found, going_on = definitions_in_part(source, reading.matches, asked, before, around, end)
    defined = [each for each in found if each.kind]
    if docs:
        _document(source, defined, doc_comments.above(source, reading.marks))
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


def _document(source: Source, places: list[DefinitionSite], docs: doc_comments.Docs) -> None:
    """Makes each one's docstring, or else the comment above it, its `doc`."""
    for each in places:
        line = source.line(each.start)
        each.doc = doc_comments.paragraph(each.doc) or (
            docs.of(line) if source.leads(each.start, line) else ""
        )


def _definition(source: Source, place: DefinitionSite) -> Definition:
    return Definition(
        place.name,
        "function" if place.kind == "prototype" else place.kind,
        source.line(place.start),
        source.line(max(place.start, place.end - 1)),
        signature(source, place),
        place.parent,
        place.doc,
    )


def signature(source: Source, place: DefinitionSite) -> str:
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
