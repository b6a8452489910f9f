"""The text of one file as the rows that the index keeps of it: no source text among them.

It reads no file and knows no database. Whatever the text is, it answers.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata, resources
from typing import NamedTuple

from assist_context.files.blobs import LARGE
from assist_context.index.chunks import chunks
from assist_context.index.encoding import pack_places
from assist_context.index.terms import unique_terms
from assist_context.languages import LANGUAGES, Language, language_of
from assist_context.syntax import grammars
from assist_context.syntax.definitions import DefinitionSite, definition_sites
from assist_context.syntax.imports import Import, imports_of
from assist_context.syntax.source_text import Source, encode
from assist_context.syntax.symbols import locate_references, signature

LONGEST_LINE, MEAN_LINE = 5_000, 300  # characters; above it a file is minified, and an outline of it is noise

# The modules of this wing whose code decides what `parse` gives; of `syntax` all do.
_OWN_MODULES = ("chunks.py", "encoding.py", "extraction.py", "terms.py")


# Named tuples: there are thousands a megabyte, and a frozen dataclass takes four times as long to make.
class DefinitionRow(NamedTuple):
    """A definition. `head_lines`: how many lines its signature has, from `start_line`."""

    name: str
    kind: str
    start_line: int
    end_line: int
    head_lines: int = 1
    parent: str = ""

    @property
    def qualified(self) -> str:
        return f"{self.parent}.{self.name}" if self.parent else self.name


class ChunkRow(NamedTuple):
    """A chunk: lines from 1, both ends included, and the definition's name.

    `terms`, `named` and `headed`: the terms of its text, its name and its signature.
    """

    start_line: int
    end_line: int
    name: str
    terms: str
    named: str = ""
    headed: str = ""


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What one content gives in one language.

    `references` are names, and of each its places as `rows.pack_places` writes them: lines, and indexes of
    the enclosing definitions. `problem` says why there is no outline, or not all of it.
    """

    language: str
    definitions: tuple[DefinitionRow, ...] = ()
    references: tuple[tuple[str, bytes], ...] = ()
    imports: tuple[Import, ...] = ()
    chunks: tuple[ChunkRow, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OutlineWithText:
    """What a text gives but its chunks, and what they are made of: the text, and signatures by name.

    It is on its way from one process to another, and never written: it holds source text.
    """

    parsed: ParsedFile
    text: str
    heads: Mapping[str, str]


def parse(path: str, text: str) -> ParsedFile:
    """What a text gives; the path tells the language.

    >>> found = parse("a.py", "def f():\\n    return g()\\n")
    >>> found.definitions
    (DefinitionRow(name='f', kind='function', start_line=1, end_line=2, head_lines=1, parent=''),)
    >>> found.references
    (('g', b'\\x02\\x01'),)
    """
    return with_chunks(path, outline_of(path, text))


def outline_of(path: str, text: str) -> OutlineWithText:
    """The part of `parse` that grammars have a share in."""
    language = language_of(path)
    problem = _why_unfit(text)
    text = text[:LARGE]
    found, heads = (
        (ParsedFile(language.name, problem=problem), {}) if problem else _parse_outline(language, text)
    )
    return OutlineWithText(found, text, heads)


def with_chunks(path: str, found: OutlineWithText) -> ParsedFile:
    """The rest of `parse`, the chunks. It takes no longer than a text of this length can: 0.05 s for 1 MB."""
    parsed, text, heads = found.parsed, found.text, found.heads
    pieces = tuple(
        [
            ChunkRow(
                start, end, name, unique_terms(piece), unique_terms(name), unique_terms(heads.get(name, ""))
            )
            for start, end, piece, name in chunks(language_of(path), text, parsed.definitions)
        ]
    )
    return replace(parsed, chunks=pieces)


def _parse_outline(language: Language, text: str) -> tuple[ParsedFile, dict[str, str]]:
    """What a text gives but its chunks, and signatures by name; without comments: none are kept."""
    grammar = language.grammar or language.outline
    if not grammar:
        return ParsedFile(language.name, problem=f"there is no grammar for {language.name}"), {}
    source = Source(encode(text))
    reading = grammars.read(grammar, source.data, docs=False)
    defined = [each for each in definition_sites(source, reading.matches, set()) if each.kind]
    spans = [(each.at, each.start, each.end) for each in defined]
    signatures = [signature(source, each) for each in defined]
    heads = dict(zip([each.qualified for each in reversed(defined)], reversed(signatures), strict=True))
    found = ParsedFile(
        language.name,
        tuple([_row(source, each, head) for each, head in zip(defined, signatures, strict=True)]),
        pack_places(locate_references(source, reading.marks, spans)),
        imports_of(source, reading.matches),
        problem=reading.problem or ("the time ran out" if reading.partial else ""),
    )
    return found, heads


def _row(source: Source, place: DefinitionSite, head: str) -> DefinitionRow:
    kind = "function" if place.kind == "prototype" else place.kind
    last = source.line(max(place.start, place.end - 1))
    return DefinitionRow(place.name, kind, source.line(place.start), last, head.count("\n") + 1, place.parent)


def _why_unfit(text: str) -> str:
    if len(text) > LARGE:
        return "the file is large"
    lines = text.split("\n")
    if max(map(len, lines)) > LONGEST_LINE or len(text) > MEAN_LINE * len(lines):
        return "the file is minified"
    return ""


@lru_cache
def version() -> str:
    """Changes whenever `parse` may answer otherwise: with the grammars, the queries and this code."""
    digest = hashlib.sha256()
    package = resources.files("assist_context")
    index, syntax = package / "index", package / "syntax"
    sources = [package / "documents.py", package / "languages.py"]
    sources += [index / name for name in _OWN_MODULES]
    for folder in (syntax, syntax / "queries"):
        sources += [each for each in folder.iterdir() if each.name.endswith((".py", ".scm"))]
    for source in sorted(sources, key=lambda each: each.name):
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    wheels = {each.grammar or each.outline for each in LANGUAGES} - {""}
    for wheel in sorted(wheels | {""}):
        name = f"tree-sitter-{wheel.replace('_', '-')}".rstrip("-")
        try:
            digest.update(f"{name} {metadata.version(name)}\n".encode())
        except metadata.PackageNotFoundError:
            continue
    return digest.hexdigest()[:16]
