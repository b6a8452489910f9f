"""Turns the text of one file into the rows that the index stores; none of them holds source text.

This module reads no file and knows no database. It has an answer for every text.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import metadata, resources
from typing import Any, NamedTuple

from assist_context.documents import split_lines
from assist_context.files.blobs import LARGE
from assist_context.index.chunks import chunks
from assist_context.index.encoding import full_name, pack_places
from assist_context.index.terms import unique_terms
from assist_context.languages import LANGUAGES, Language, language_of
from assist_context.pages.headings import BETWEEN, SECTION, sections
from assist_context.pages.notebooks import page_lines
from assist_context.syntax import grammars
from assist_context.syntax.definitions import DefinitionSite, definition_sites
from assist_context.syntax.imports import Import, imports_of
from assist_context.syntax.source_text import Source, encode
from assist_context.syntax.symbols import locate_references, signature

LONGEST_LINE, MEAN_LINE = 5_000, 300  # characters; above them a file is minified, and its outline is noise

# The files of this wing that decide what `parse` returns; in `syntax`, all files do.
_OWN_FILES = ("abbreviations.toml", "chunks.py", "encoding.py", "extraction.py", "terms.py")


# Named tuples, because there are thousands in a megabyte: a frozen dataclass takes four times as long to
# make.
class DefinitionRow(NamedTuple):
    """A definition. `head_lines`: how many lines its signature has, from `start_line`.

    A section of a page is one too: its name is the heading, and its parent the path of headings above.
    """

    name: str
    kind: str
    start_line: int
    end_line: int
    head_lines: int = 1
    parent: str = ""

    @property
    def qualified(self) -> str:
        return full_name(self.name, self.kind, self.parent)


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
    """The rows of one content in one language.

    `references` are names with their packed places (`encoding.pack_places`): lines and the indexes of the
    enclosing definitions. `problem` says why the outline is missing or incomplete.
    """

    language: str
    definitions: tuple[DefinitionRow, ...] = ()
    references: tuple[tuple[str, bytes], ...] = ()
    imports: tuple[Import, ...] = ()
    chunks: tuple[ChunkRow, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class OutlineWithText:
    """A `ParsedFile` without chunks, and what they are made from: the text, and signatures by name.

    It is sent from one process to another, and never written to disk: it holds source text.
    """

    parsed: ParsedFile
    text: str
    heads: Mapping[str, str]


def parse(path: str, text: str) -> ParsedFile:
    """The rows of a text; the path tells the language.

    >>> found = parse("a.py", "def f():\\n    return g()\\n")
    >>> found.definitions
    (DefinitionRow(name='f', kind='function', start_line=1, end_line=2, head_lines=1, parent=''),)
    >>> found.references
    (('g', b'\\x02\\x01'),)
    """
    return with_chunks(path, outline_of(path, text))


def outline_of(path: str, text: str) -> OutlineWithText:
    """The part of `parse` that needs grammars."""
    language = language_of(path)
    if language.markup == "notebook":
        text = "".join(page_lines(path, split_lines(text)))
    problem = _why_unfit(text)
    text = text[:LARGE]
    found, heads = (
        (ParsedFile(language.name, problem=problem), {}) if problem else _parse_outline(language, text)
    )
    return OutlineWithText(found, text, heads)


def with_chunks(path: str, found: OutlineWithText) -> ParsedFile:
    """The rest of `parse`: the chunks. It takes at most 0.05 s for 1 MB, whatever the text."""
    parsed, text, heads = found.parsed, found.text, found.heads
    language = language_of(path)
    owners = parsed.definitions
    if language.markup:  # elements of HTML have ids, which say less than headings
        owners = tuple([each for each in owners if each.kind == SECTION])
    pieces = tuple(
        [
            ChunkRow(
                start,
                end,
                name,
                unique_terms(piece),
                unique_terms(name.rpartition(BETWEEN)[2] if language.markup else name),
                unique_terms(heads.get(name, "")),
            )
            for start, end, piece, name in chunks(language, text, owners)
        ]
    )
    return replace(parsed, chunks=pieces)


def _parse_outline(language: Language, text: str) -> tuple[ParsedFile, dict[str, str]]:
    """The rows except the chunks, and signatures by name. Comments are not parsed, as none are stored."""
    grammar = language.grammar or language.outline
    headings, paths = _parse_headings(language, text)
    if not grammar and language.markup:
        return ParsedFile(language.name, headings), paths
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
        (*[_row(source, each, head) for each, head in zip(defined, signatures, strict=True)], *headings),
        pack_places(locate_references(source, reading.marks, spans)),
        imports_of(source, reading.matches),
        problem=reading.problem or ("the time ran out" if reading.partial else ""),
    )
    return found, heads | paths


def _parse_headings(language: Language, text: str) -> tuple[tuple[DefinitionRow, ...], dict[str, str]]:
    """The sections of a page, and the words of the headings above each, by its name."""
    if not language.markup:
        return (), {}
    found = sections(language.markup, split_lines(text))
    rows = [
        DefinitionRow(each.name, SECTION, each.start_line, each.end_line, each.head_lines, each.parent)
        for each in found
    ]
    return tuple(rows), {each.qualified: each.parent for each in found}


def _row(source: Source, site: DefinitionSite, head: str) -> DefinitionRow:
    kind = "function" if site.kind == "prototype" else site.kind
    last = source.line(max(site.start, site.end - 1))
    return DefinitionRow(site.name, kind, source.line(site.start), last, head.count("\n") + 1, site.parent)


def _why_unfit(text: str) -> str:
    if len(text) > LARGE:
        return "the file is large"
    lines = text.split("\n")
    if max(map(len, lines)) > LONGEST_LINE or len(text) > MEAN_LINE * len(lines):
        return "the file is minified"
    return ""


# As JSON, between a parser process and its parent. Not pickle: a grammar that crashes may have overwritten
# the heap of its process.


def to_plain(parsed: ParsedFile) -> list[object]:
    """A `ParsedFile` as JSON can hold it, with lists for named tuples."""
    return [
        parsed.language,
        parsed.definitions,
        [(name, places.hex()) for name, places in parsed.references],
        [[each.module, each.names, each.line, each.level] for each in parsed.imports],
        parsed.chunks,
        parsed.problem,
    ]


def from_plain(value: Any) -> ParsedFile:
    """Reverses `to_plain`; raises ValueError or TypeError for anything else."""
    language, definitions, references, imports, chunks, problem = value
    return ParsedFile(
        language,
        tuple(map(DefinitionRow._make, definitions)),
        tuple([(name, bytes.fromhex(places)) for name, places in references]),
        tuple(Import(module, tuple(names), at, level) for module, names, at, level in imports),
        tuple(map(ChunkRow._make, chunks)),
        problem,
    )


def outlined_to_plain(outlined: OutlineWithText) -> list[object]:
    """An `OutlineWithText` as JSON can hold it."""
    return [to_plain(outlined.parsed), outlined.text, outlined.heads]


def outlined_from_plain(value: Any) -> OutlineWithText:
    """Reverses `outlined_to_plain`; raises ValueError or TypeError for anything else."""
    parsed, text, heads = value
    if not isinstance(text, str) or not all(isinstance(each, str) for each in dict(heads).values()):
        raise TypeError("a text is expected")
    return OutlineWithText(from_plain(parsed), text, heads)


@lru_cache
def version() -> str:
    """Changes whenever `parse` may return something else: with the grammars, the queries and this code.

    It changes with the rules that keep files out as well, so that nothing of a file stays that is denied now.
    """
    digest = hashlib.sha256()
    package = resources.files("assist_context")
    index, syntax, files = package / "index", package / "syntax", package / "files"
    pages = package / "pages"
    sources = [package / "documents.py", package / "languages.py"]
    sources += [index / name for name in _OWN_FILES]
    sources += [files / name for name in ("denylist.py", "denylist.toml", "gitignore.py")]
    for folder in (syntax, syntax / "queries", pages):
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
