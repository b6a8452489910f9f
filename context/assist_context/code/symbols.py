"""Definitions, references and imports of a file, found by the queries in `queries/`.

The captures of the queries:
- `def.KIND` with `name` (or `path`, if the name may be qualified) and optional `body`, `doc`, `parent`;
  `def.assigned` is a constant or a variable, depending on its spelling.
- `outer`: a node around a definition that belongs to it.
- `scope.class`: not a definition, but the parent of some.
- `ref`: a reference; `ref.upper` only if capitalized, `ref.words` one reference for each word.
- `import` with `module` and `import.name` or `all`.
- `comment`, and `decor` for what may be between a comment and its definition.

Lines count from 1 and end where `documents.split_lines` ends them.
Broken code is normal input. This module knows no other file: a reference is only a name.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from operator import itemgetter

from assist_context.code import doc_comments
from assist_context.code.definitions import (
    FUNCTIONS,
    NAME_CHARACTERS,
    NO_SCOPES,
    DefinitionKey,
    DefinitionSite,
    EnclosingScopes,
    definitions_in_part,
)
from assist_context.code.imports import Import, read_imports
from assist_context.code.trees import grammars
from assist_context.code.trees.grammars import Mark, Reading
from assist_context.code.trees.source_text import Source, encode
from assist_context.languages import Language

_CAPTURES = frozenset({"ref", "ref.upper", "ref.words"})

Defined = tuple[int, int, int]  # offset of a definition's name, its first byte, and its end
Located = tuple[str, int, int]  # a name, its line, and the index of the definition around it, or -1


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is called or used as a type; `inside` is the qualified name of the definition around it."""

    name: str
    line: int
    inside: str = ""


def locate_references(source: Source, marks: Iterable[Mark], sites: Sequence[Defined]) -> list[Located]:
    """The references among marks, in source order.

    `sites` is in the same order; its names are not references.
    """
    names = {at for at, _, _ in sites}
    starts = source.starts
    last = -1
    inside = -1
    ascii_text = source.ascii
    result: list[Located] = []
    stack: list[tuple[int, int]] = []  # end and index of the definitions around
    begins = [start for _, start, _ in sites]
    coming = 0  # the next definition; `border` is where `inside` may change next
    border = begins[0] if begins else len(source.data) + 1
    for start, end, how in sorted([mark for mark in marks if mark[2] in _CAPTURES], key=itemgetter(0)):
        if start == last or start in names:
            continue
        last = start
        if start >= border:
            while coming < len(begins) and begins[coming] <= start:
                while stack and stack[-1][0] <= begins[coming]:
                    stack.pop()
                stack.append((sites[coming][2], coming))
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
            result += [(name, line, inside) for name in _find_names(text, how)]
    return result


def _find_names(text: str, how: str) -> list[str]:
    """The names in a capture: the last part of a path, without type arguments."""
    if how == "ref.words":
        return text.split()
    if how == "ref.upper" and not text[:1].isupper():
        return []
    if text.isidentifier():
        return [text]
    last = re.split(r"::|[.\\]|->", re.sub(r"<.*", "", text, flags=re.DOTALL))[-1].strip()
    return [last] if last else []


SIGNATURE_LINES, SIGNATURE_CHARACTERS = 8, 400  # a longer signature is a table of defaults


@dataclass(frozen=True, slots=True)
class Definition:
    """A named piece of a file. `parent` is the qualified name of the definition around it, "" at the top.

    The lines include decorators and `export`, but not the comment above. `signature` is the text before the
    body, `doc` the first paragraph of the docstring or the comment.
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
    """All symbols of one file, in source order. `partial`: the time ran out; `problem`: why it is empty."""

    definitions: tuple[Definition, ...] = ()
    references: tuple[Reference, ...] = ()
    imports: tuple[Import, ...] = ()
    partial: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Outline:
    """The symbols of a part of a file.

    `keys`: what counts once, so that other parts do not repeat it; `open`: the scopes that continue below.
    """

    definitions: tuple[Definition, ...]
    references: tuple[Reference, ...]
    imports: tuple[Import, ...]
    keys: frozenset[DefinitionKey]
    open: EnclosingScopes = NO_SCOPES


def symbols(
    language: Language, text: str, microseconds: int = grammars.PARSE_MICROSECONDS, docs: bool = True
) -> Symbols:
    """Return what a text defines, refers to and imports; without `docs`, no definition has its `doc`.

    >>> from assist_context.languages import language_of
    >>> found = symbols(language_of("a.py"), "class A:\\n    def f(self): return g()\\n")
    >>> [(definition.qualified, definition.kind, definition.start_line) for definition in found.definitions]
    [('A', 'class', 1), ('A.f', 'method', 2)]
    >>> found.references
    (Reference(name='g', line=2, inside='A.f'),)
    """
    grammar = language.grammar or language.outline
    if not grammar:
        return Symbols(problem=f"there is no grammar for {language.name}")
    source = Source(encode(text))
    reading = grammars.read(grammar, source.data, microseconds)
    result = outline(source, reading, docs=docs)
    return Symbols(result.definitions, result.references, result.imports, reading.partial, reading.problem)


def outline(
    source: Source,
    reading: Reading,
    before: AbstractSet[DefinitionKey] = frozenset(),
    docs: bool = True,
    around: EnclosingScopes = NO_SCOPES,
    end: int = sys.maxsize,
) -> Outline:
    """The symbols that a query found in a text, or in a part of it that cuts no comment in two.

    `before` are the keys of the parts above: what they assign is not repeated. `around` are the scopes that
    continue in this part, and `end` is where the part ends.
    """
    keys: set[DefinitionKey] = set()
    sites, continuing = definitions_in_part(source, reading.matches, keys, before, around, end)
    rows = [site for site in sites if site.kind]
    comments = doc_comments.standalone_comments(source, reading.marks if docs else ())
    holders = [*around.shown, *rows]
    names = [holder.qualified for holder in holders] + [""]  # -1 is outside of all
    refs = locate_references(
        source, reading.marks, [(holder.at, holder.start, holder.end) for holder in holders]
    )
    return Outline(
        tuple([_definition(source, site, _doc(source, site, comments) if docs else "") for site in rows]),
        tuple([Reference(name, line, names[inside]) for name, line, inside in refs]),
        read_imports(source, reading.matches),
        frozenset(keys),
        continuing,
    )


def _doc(source: Source, site: DefinitionSite, comments: doc_comments.StandaloneComments) -> str:
    """The first paragraph of the docstring, or else of the comment above."""
    line = source.line(site.start)
    return doc_comments.paragraph(site.doc) or (comments.of(line) if source.leads(site.start, line) else "")


def _definition(source: Source, site: DefinitionSite, doc: str) -> Definition:
    return Definition(
        site.name,
        "function" if site.kind == "prototype" else site.kind,
        source.line(site.start),
        source.line(max(site.start, site.end - 1)),
        signature(source, site),
        site.parent,
        doc,
    )


def signature(source: Source, site: DefinitionSite) -> str:
    """The text before the body. Without a body: all of a function, the first line of anything else."""
    has_body = site.start < site.body <= site.end
    end = min(site.body if has_body else site.end, site.start + 4 * SIGNATURE_CHARACTERS)
    text = source.text(site.start, end).strip()
    lines = text.splitlines() if "\n" in text else [text]  # three of four are one line
    if not has_body and site.kind not in FUNCTIONS and site.kind != "prototype":
        lines = lines[:1]
    if len(lines) > 1:
        indent = site.start - source.starts[source.line(site.start) - 1]
        lines[1:] = [line[min(indent, len(line) - len(line.lstrip())) :] for line in lines[1:]]
    while len(lines) > 1 and lines[-1].lstrip().startswith(("#", "//")):
        lines.pop()  # a comment before the body
    return "\n".join(lines[:SIGNATURE_LINES])[:SIGNATURE_CHARACTERS].rstrip(" \t\r\n{")
