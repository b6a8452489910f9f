"""Identifiers and files that a question names in plain language, and the definition that each means.

This module reads no index and no disk: it is given definitions and paths.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.code.definitions import FUNCTIONS
from assist_context.index.reader import IndexedDefinition
from assist_context.relations.path_index import PathIndex, find_by_tail, sort_by_distance

MAX_NAMES = 16
MEANINGS = 3  # of one name, if nothing tells which one is meant
LONGEST = 20_000  # characters of a question that are read

_QUOTED = re.compile(r"`+([^`\n]{1,200})`+")
_DOTTED = re.compile(r"[^\W\d]\w*(?:(?:\.|::|#|->)[^\W\d]\w*)*")
_FILE = re.compile(r"[\w@+-][\w@+./-]*\.\w+")
_SEPARATOR = re.compile(r"\.|::|#|->")
# "parse_money", "parseMoney", "HTTPServer", "MAX_SIZE"; a plain word counts only with a call's bracket.
_COMPOUND = re.compile(r"\w*[a-z\d]_+\w|[A-Z][A-Z\d]*_\w|_+\w+|\w*[a-z\d][A-Z]|[A-Z]{2,}[a-z]")
_C = re.compile(r"\.(?:c|cc|cpp|cxx)$")
_C_HEADER = re.compile(r"\.(?:h|hh|hpp|hxx)$")


@dataclass(frozen=True, slots=True)
class MentionedName:
    """An identifier that a question names; `owner` is the text before its last dot, with dots."""

    text: str
    owner: str = ""


def find_names(question: str) -> tuple[MentionedName, ...]:
    """The words of a question that are meant as identifiers, in order.

    >>> [name.text for name in find_names("Why does `total` call parse_money(x), Money.plus or HTTPServer?")]
    ['total', 'parse_money', 'plus', 'HTTPServer']
    """
    question = question[:LONGEST]
    spans = [match.span(1) for match in _QUOTED.finditer(question)]
    names: dict[MentionedName, None] = {}
    for match in _DOTTED.finditer(question):
        owner, text = _split(match[0])
        in_quotes = any(first <= match.start() < last for first, last in spans)
        is_call = question[match.end() : match.end() + 1] == "("
        if in_quotes or is_call or owner or _COMPOUND.match(text):
            names[MentionedName(text, owner)] = None
    return tuple(names)[:MAX_NAMES]


def _split(path: str) -> tuple[str, str]:
    *owner, text = _SEPARATOR.split(path)
    return ".".join(owner), text


def likely_meanings(
    definitions: Sequence[IndexedDefinition], name: MentionedName, near: str
) -> list[IndexedDefinition]:
    """The likeliest definitions of a name: its owner's if any, the nearest to a path first."""
    sure = (
        [definition for definition in definitions if _belongs_to(definition, name.owner)]
        if name.owner
        else []
    )
    paths = sort_by_distance({definition.path for definition in sure or definitions}, near)
    order = {path: number for number, path in enumerate(paths)}
    meanings = sorted(
        sure or definitions, key=lambda each: (each.parent != "", order[each.path], each.start_line)
    )
    return meanings[:MEANINGS]


def implementations(definitions: Sequence[IndexedDefinition]) -> list[IndexedDefinition]:
    """Definitions but the functions of C's headers that a source file defines: headers only declare them."""
    sources = {site.qualified for site in definitions if _C.search(site.path) and site.kind in FUNCTIONS}
    return [
        site
        for site in definitions
        if site.qualified not in sources or site.kind not in FUNCTIONS or not _C_HEADER.search(site.path)
    ]


def _belongs_to(definition: IndexedDefinition, owner: str) -> bool:
    """Return whether a class or a file has the owner's name.

    A module has the name of its file or, for a package, of its folder.
    """
    stem = definition.path.rpartition(".")[0].replace("/", ".")
    owners = (definition.parent, stem, stem.rpartition(".")[0])
    return any(f".{owner_name}".endswith(f".{owner}") for owner_name in owners if owner_name)


def named_files(files: PathIndex, question: str) -> tuple[str, ...]:
    """The files that a question names by their path or the end of it, if only few files match."""
    paths: dict[str, None] = {}
    for match in _FILE.finditer(question[:LONGEST]):
        tail, _, suffix = match[0].removeprefix("./").rpartition(".")
        same = find_by_tail(files, tail, (f".{suffix}",), "")
        paths |= dict.fromkeys(sort_by_distance(same, "")[:MEANINGS])
    return tuple(paths)
