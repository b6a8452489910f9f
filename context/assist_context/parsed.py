"""The text of one file as the rows that the index keeps of it: no source text among them.

It reads no file and knows no database. Whatever the text is, it answers.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, resources

from assist_context.blobs import LARGE
from assist_context.chunks import chunks
from assist_context.imports import Import
from assist_context.languages import LANGUAGES, Language, language_of
from assist_context.symbols import Definition, Symbols, symbols
from assist_context.terms import listed

LONGEST_LINE, MEAN_LINE = 5_000, 300  # characters; above it a file is minified, and an outline of it is noise

# What `parse` is made of, and `version` changes with.
_MODULES = frozenset(
    {"symbols", "references", "notes", "imports", "chunks", "terms", "shortened", "parsed"}
    | {"grammars", "languages", "source", "model"}
)


@dataclass(frozen=True, slots=True)
class Row:
    """A definition. `head_lines`: how many lines its signature has, from `start_line`."""

    name: str
    kind: str
    start_line: int
    end_line: int
    head_lines: int = 1
    parent: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
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
class Parsed:
    """What one content gives in one language.

    `references` are (name, line, index of the enclosing definition or -1). `problem` says why there is
    no outline, or not all of it.
    """

    language: str
    lines: int
    definitions: tuple[Row, ...] = ()
    references: tuple[tuple[str, int, int], ...] = ()
    imports: tuple[Import, ...] = ()
    chunks: tuple[Piece, ...] = ()
    problem: str = ""


def decode(data: bytes) -> str:
    """A file's text: UTF-8 without its mark; bytes that are none become U+FFFD."""
    return data.decode("utf-8", "replace").removeprefix("\ufeff")


def parse(path: str, text: str) -> Parsed:
    """What a text gives; the path tells the language.

    >>> found = parse("a.py", "def f():\\n    return g()\\n")
    >>> found.definitions, found.references
    ((Row(name='f', kind='function', start_line=1, end_line=2, head_lines=1, parent=''),), (('g', 2, 0),))
    """
    language = language_of(path)
    problem = _unfit(text)
    text = text[:LARGE]
    found = Symbols(problem=problem) if problem else _outlined(language, text)
    heads = {each.qualified: each.signature for each in reversed(found.definitions)}
    pieces = tuple(
        Piece(
            each.start_line,
            each.end_line,
            each.name,
            listed(each.text),
            listed(each.name),
            listed(heads.get(each.name, "")),
        )
        for each in chunks(language, text, found)
    )
    return Parsed(
        language.name,
        pieces[-1].end_line if pieces else 0,
        tuple(_row(each) for each in found.definitions),
        placed(found),
        found.imports,
        pieces,
        found.problem or ("the time ran out" if found.partial else ""),
    )


def _outlined(language: Language, text: str) -> Symbols:
    """The outline; tried once more where the time ran out, since a busy machine stretches it."""
    found = symbols(language, text, docs=False)
    return symbols(language, text, docs=False) if found.partial else found


def _unfit(text: str) -> str:
    if len(text) > LARGE:
        return "the file is large"
    lines = text.split("\n")
    if max(map(len, lines)) > LONGEST_LINE or len(text) > MEAN_LINE * len(lines):
        return "the file is minified"
    return ""


def _row(each: Definition) -> Row:
    return Row(
        each.name, each.kind, each.start_line, each.end_line, each.signature.count("\n") + 1, each.parent
    )


def placed(found: Symbols) -> tuple[tuple[str, int, int], ...]:
    """Each reference with its definition: of those with the right name the last one that holds its line.

    Both come in source order, so that each definition is put on its name's stack and taken off once,
    also where a megabyte defines one name 40,000 times.
    """
    definitions, size, ahead = found.definitions, len(found.definitions), 0
    around: dict[str, list[int]] = defaultdict(list)
    result = []
    for reference in found.references:
        line = reference.line
        while ahead < size and definitions[ahead].start_line <= line:
            around[definitions[ahead].qualified].append(ahead)
            ahead += 1
        open_ones = around[reference.inside] if reference.inside else ()
        while open_ones and definitions[open_ones[-1]].end_line < line:
            open_ones.pop()
        result.append((reference.name, line, open_ones[-1] if open_ones else -1))
    return tuple(result)


@lru_cache
def version() -> str:
    """Changes whenever `parse` may answer otherwise: with the grammars, the queries and this code."""
    digest = hashlib.sha256()
    package = resources.files("assist_context")
    for folder, suffix in ((package / "queries", ".scm"), (package, ".py")):
        for file in sorted(folder.iterdir(), key=lambda each: each.name):
            if file.name.endswith(suffix) and (suffix == ".scm" or file.name[:-3] in _MODULES):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    wheels = {each.grammar or each.outline for each in LANGUAGES} - {""}
    for wheel in sorted(wheels | {""}):
        name = f"tree-sitter-{wheel.replace('_', '-')}".rstrip("-")
        try:
            digest.update(f"{name} {metadata.version(name)}\n".encode())
        except metadata.PackageNotFoundError:
            continue
    return digest.hexdigest()[:16]
