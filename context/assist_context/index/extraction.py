"""Turns the text of one file into the rows that the index stores; none of them holds source text.

Search finds chunks: one for each definition, and windows of the rest. Every line is in one chunk. A line
belongs to the innermost definition of more than one line around it, so that a class is found by its head and
fields, and its methods by their own chunks; definitions of one line stay in the chunk around them.
This module reads no file and knows no database. It has an answer for every text.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from assist_context.code.definitions import DefinitionSite, definition_sites
from assist_context.code.imports import Import, read_imports
from assist_context.code.symbols import locate_references, signature
from assist_context.code.trees import grammars
from assist_context.code.trees.source_text import Source, encode
from assist_context.documents import split_lines
from assist_context.files.blobs import LARGE
from assist_context.index.encoding import full_name, pack_places
from assist_context.index.terms import unique_terms
from assist_context.languages import Language, language_of
from assist_context.pages import BETWEEN, SECTION, page_lines, sections

LONGEST_LINE, MEAN_LINE = 5_000, 300  # characters; above them a file is minified, and its outline is noise

DEFINITION_LINES = 60  # more does not fit into a prompt next to other snippets
WINDOW_LINES = 40
LEAST_LINES = 20  # of a piece of a longer definition, so that paragraphs are not separated
CHUNK_CHARACTERS = 20_000  # 60 lines of code have 2,500: anything longer is data
COMMENT_LINES = 30  # that belong to the definition below them
IDLE_CHARACTERS = 80  # a longer line always counts as content

_IDLE = re.compile(r"\s*(?:[^\w\s]*|end|fi|done|esac)[^\w\s]*\s*")  # a blank line, or closing marks
# The files of this wing that decide what `parse` returns; in `syntax`, all files do.
_OWN_FILES = ("abbreviations.toml", "encoding.py", "extraction.py", "terms.py")


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
    return add_chunks(path, read_outline(path, text))


def read_outline(path: str, text: str) -> OutlineWithText:
    """The part of `parse` that needs grammars."""
    language = language_of(path)
    if language.markup == "notebook":
        text = "".join(page_lines(path, split_lines(text)))
    problem = _why_unfit(text)
    text = text[:LARGE]
    outline, heads = (
        (ParsedFile(language.name, problem=problem), {}) if problem else _parse_outline(language, text)
    )
    return OutlineWithText(outline, text, heads)


def add_chunks(path: str, outline: OutlineWithText) -> ParsedFile:
    """The rest of `parse`: the chunks. It takes at most 0.05 s for 1 MB, whatever the text."""
    file, text, heads = outline.parsed, outline.text, outline.heads
    language = language_of(path)
    owners = file.definitions
    if language.markup:  # elements of HTML have ids, which say less than headings
        owners = tuple([owner for owner in owners if owner.kind == SECTION])
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
    return replace(file, chunks=pieces)


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
    sites = [site for site in definition_sites(source, reading.matches, set()) if site.kind]
    spans = [(site.at, site.start, site.end) for site in sites]
    signatures = [signature(source, site) for site in sites]
    heads = dict(zip([site.qualified for site in reversed(sites)], reversed(signatures), strict=True))
    file = ParsedFile(
        language.name,
        (*[_row(source, site, head) for site, head in zip(sites, signatures, strict=True)], *headings),
        pack_places(locate_references(source, reading.marks, spans)),
        read_imports(source, reading.matches),
        problem=reading.problem or ("the time ran out" if reading.partial else ""),
    )
    return file, heads | paths


def _parse_headings(language: Language, text: str) -> tuple[tuple[DefinitionRow, ...], dict[str, str]]:
    """The sections of a page, and the words of the headings above each, by its name."""
    if not language.markup:
        return (), {}
    outline = sections(language.markup, split_lines(text))
    rows = [
        DefinitionRow(
            section.name, SECTION, section.start_line, section.end_line, section.head_lines, section.parent
        )
        for section in outline
    ]
    return tuple(rows), {section.qualified: section.parent for section in outline}


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


def to_plain(file: ParsedFile) -> list[object]:
    """A `ParsedFile` as JSON can hold it, with lists for named tuples."""
    return [
        file.language,
        file.definitions,
        [(name, places.hex()) for name, places in file.references],
        [[import_.module, import_.names, import_.line, import_.level] for import_ in file.imports],
        file.chunks,
        file.problem,
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


def outlined_to_plain(text_outline: OutlineWithText) -> list[object]:
    """An `OutlineWithText` as JSON can hold it."""
    return [to_plain(text_outline.parsed), text_outline.text, text_outline.heads]


def outlined_from_plain(value: Any) -> OutlineWithText:
    """Reverses `outlined_to_plain`; raises ValueError or TypeError for anything else."""
    file, text, heads = value
    if not isinstance(text, str) or not all(isinstance(head, str) for head in dict(heads).values()):
        raise TypeError("a text is expected")
    return OutlineWithText(from_plain(file), text, heads)


@lru_cache
def version() -> str:
    """Changes whenever `parse` may return something else: with the grammars, the queries and this code.

    It changes with the rules that keep files out as well, so that nothing of a file stays that is denied now.
    """
    digest = hashlib.sha256()
    package = Path(__file__).parents[1]
    code, files = package / "code", package / "files"
    sources = [package / name for name in ("documents.py", "languages.py", "languages.toml", "pages.py")]
    sources += [package / "index" / name for name in _OWN_FILES]
    sources += [files / name for name in ("denylist.py", "denylist.toml", "gitignore.py")]
    for folder in (code, code / "trees"):
        sources += sorted(folder.glob("*.py"))
    sources += sorted((code / "queries").glob("*/tags.scm"))
    for source in sources:
        digest.update(source.name.encode() + b"\0" + source.read_bytes() + b"\0")
    for name in sorted(_installed_grammars()):
        digest.update(f"{name}\n".encode())
    return digest.hexdigest()[:16]


def _installed_grammars() -> Iterator[str]:
    """The folders that say which versions are installed: `importlib.metadata` takes 40 ms for the same."""
    for folder in dict.fromkeys(sys.path):
        with suppress(OSError):
            for name in os.listdir(folder or "."):
                if name.startswith("tree_sitter") and name.endswith("-info"):
                    yield name


class Chunk(NamedTuple):
    """Some lines of a file, from 1, both ends included; `name` is the definition's, "" outside of
    definitions.

    It is a named tuple because there are 3,000 in a megabyte: a frozen dataclass takes four times as long to
    make.
    """

    start_line: int
    end_line: int
    text: str
    name: str = ""


class Spanned(Protocol):
    """The part that `chunks` needs from a definition."""

    @property
    def start_line(self) -> int: ...
    @property
    def end_line(self) -> int: ...
    @property
    def qualified(self) -> str: ...


def chunks(language: Language, text: str, definitions: Sequence[Spanned]) -> tuple[Chunk, ...]:
    """The chunks of a text, in order.

    >>> from assist_context.languages import PLAIN
    >>> chunks(PLAIN, "a\\nb\\n", ())
    (Chunk(start_line=1, end_line=2, text='a\\nb\\n', name=''),)
    """
    # Line ends are put back piece by piece: line by line would take as long as all the rest.
    glue = "" if "\r" in text else "\n"
    lines: Sequence[str] = text.split("\n") if glue else split_lines(text)
    has_end = not lines[-1]
    lines = lines[:-1] if has_end else lines
    result = []
    for owner, start, end in _runs(lines, _owners(language, lines, definitions), IDLE_CHARACTERS - len(glue)):
        name = definitions[owner].qualified if owner >= 0 else ""
        for first, last in _cut_run(lines, start, end, owner >= 0):
            piece = glue.join(lines[first:last])
            piece = piece + glue if has_end or last < len(lines) else piece
            result.append(Chunk(first + 1, last, piece[:CHUNK_CHARACTERS], name))
    return tuple(result)


def _owners(language: Language, lines: Sequence[str], definitions: Sequence[Spanned]) -> list[int]:
    """For every line, the index of the definition it belongs to, or -1. Definitions are in nesting order."""
    owners = [-1] * len(lines)
    marks = tuple(filter(None, (language.comment, "/*", "*", "@", "#["))) if language.comment else ()
    spans = [(definition.start_line - 1, min(definition.end_line, len(lines))) for definition in definitions]
    following = [*spans[1:], (-1, -1)]
    for index, (first, end) in enumerate(spans):
        # If several are in the same lines, as in "const a = 1, b = 2, ...", only the last one owns them.
        start = first
        if end - start < 2 or (start, end) == following[index]:
            continue
        around = owners[start]
        highest = max(0, start - COMMENT_LINES)
        while start > highest and owners[start - 1] == around and lines[start - 1].strip().startswith(marks):
            start -= 1
        owners[start:end] = [index] * (end - start)
    return owners


def _runs(lines: Sequence[str], owners: list[int], idle: int) -> list[tuple[int, int, int]]:
    """(owner, start, end) of lines that belong together; blank lines and closing marks join the run above."""
    runs: list[tuple[int, int, int]] = []
    start = 0
    for owner, group in groupby(owners):
        end = start + len(list(group))
        if runs and (runs[-1][0] == owner or _says_nothing(lines, start, end, idle)):
            runs[-1] = (runs[-1][0], runs[-1][1], end)
        else:
            runs.append((owner, start, end))
        start = end
    return runs


def _says_nothing(lines: Sequence[str], start: int, end: int, most: int) -> bool:
    """Return whether no line has content; a line of `most` or more characters always has."""
    for at in range(start, end):
        line = lines[at]
        if line and (len(line) >= most or not _IDLE.fullmatch(line)):
            return False
    return True


def _cut_run(lines: Sequence[str], start: int, end: int, definition: bool) -> list[tuple[int, int]]:
    """Cuts a run into short enough pieces; a definition is cut at a blank line if there is one."""
    most = DEFINITION_LINES if definition else WINDOW_LINES
    pieces = []
    while end - start > most:
        stop = start + most
        if definition:
            blank = (at for at in range(stop, start + LEAST_LINES, -1) if not lines[at - 1].strip())
            stop = next(blank, stop)
        pieces.append((start, stop))
        start = stop
    return [*pieces, (start, end)] if end > start else pieces
