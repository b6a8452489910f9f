"""A changed file as it was and as it is, and what is said of a diff: what finders of such facts bring."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

DiffFactKind = Literal[
    "operator", "negation", "literal", "offset", "condition", "leave", "call", "constant", "copy",
    "operands", "arguments", "swallowed", "unclosed",
    "gone", "default", "added", "removed", "signature", "caller", "undefined", "untested",
]  # fmt: skip
ReplacedRun = tuple[int, int, int, int]  # replaced lines, first and last of both texts; last < first for none


@dataclass(frozen=True, slots=True)
class DiffFact:
    """One fact, with its place; `text` says it in words. Of what is gone, the line is the old text's.

    `before` and `after` are the line as it was and as it is, "" where there is none.
    """

    kind: DiffFactKind
    path: str
    line: int
    text: str
    before: str = field(default="", compare=False)
    after: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ComparedFile:
    """A changed file as it was and as it is, "" for new or gone; `runs` are the replaced lines."""

    path: str
    old: str
    new: str
    runs: tuple[ReplacedRun, ...]


@dataclass(frozen=True, slots=True)
class DiffFacts:
    """The facts of a diff, by path and line, and the files for which there was no time.

    `functions` counts the changed functions that were compared with what they were.
    """

    found: tuple[DiffFact, ...] = ()
    left_out: tuple[str, ...] = ()
    functions: int = 0


def compared_file(path: str, lines: Iterable[tuple[str, str]]) -> ComparedFile:
    """A file by all lines of its diff: a mark (space, - or +) and the text without its end, in order.

    >>> compared_file("a", [(" ", "x"), ("-", "y"), ("+", "z")])
    ComparedFile(path='a', old='x\\ny\\n', new='x\\nz\\n', runs=((2, 2, 2, 2),))
    """
    old = list[str]()
    new = list[str]()
    runs = list[ReplacedRun]()
    start: tuple[int, int] | None = None
    for mark, text in (*lines, ("", "")):
        if mark in "-+" and mark:
            start = start or (len(old), len(new))
        elif start is not None:
            runs.append((start[0] + 1, len(old), start[1] + 1, len(new)))
            start = None
        if mark and mark in " -":
            old.append(f"{text}\n")
        if mark and mark in " +":
            new.append(f"{text}\n")
    return ComparedFile(path, "".join(old), "".join(new), tuple(runs))


def parsed_text(path: str, text: str) -> ParsedText:
    """The text of a file, parsed as the language of its path."""
    return ParsedText(Document(path, split_lines(text), language_of(path)))


def defines(file: ComparedFile, name: str) -> bool:
    """Return whether the new text of a file defines or imports a name anywhere."""
    reader = NameReader(parsed_text(file.path, file.new))
    return any(place.defines or place.binding is not None for place in reader.occurrences(name))
