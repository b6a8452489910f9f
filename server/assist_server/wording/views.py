"""Views as values: rows of words in which places are known, tables, and what a command says.

A terminal draws them; here is how they look as Markdown and as JSON. Which words they hold is not known here.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assist_context.unseen_characters import visible


@dataclass(frozen=True, slots=True)
class FactPart:
    """Some words of a fact. With a `path` in the folder they are a place: its `line`, counted from 1."""

    words: str
    path: str = ""
    line: int = 0


FactWords = tuple[FactPart, ...]


@dataclass(frozen=True, slots=True)
class FactRow:
    """A name and what is said under it; a name of "" continues the row above.

    Where the words need several lines, all but the first are indented by `hanging` characters.
    """

    name: str
    parts: FactWords
    hanging: int = 0

    @property
    def value(self) -> str:
        """All the words."""
        return "".join(part.words for part in self.parts)


@dataclass(frozen=True, slots=True)
class ShownTable:
    """Rows of cells below their heads; the cells below `numbers` are numbers."""

    heads: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    numbers: tuple[str, ...] = ()


NamedValues = Sequence[tuple[str, str]]  # a name of "" continues the value above


@dataclass(frozen=True, slots=True)
class CommandView:
    """The view of a command: a document for other programs; for people lines, tables and named values."""

    document: Mapping[str, Any]
    words: Sequence[str | ShownTable | NamedValues]


def visible_rows(rows: Iterable[FactRow]) -> list[FactRow]:
    """The rows, in which what no one sees is written."""
    return [replace(row, name=visible(row.name), parts=tuple(_visible_parts(row.parts))) for row in rows]


def _visible_parts(parts: FactWords) -> Iterator[FactPart]:
    """The parts with visible words. A blank before the next part is seen."""
    for number, part in enumerate(parts, 1):
        words = visible(part.words) if number == len(parts) else visible(f"{part.words}.")[:-1]
        yield replace(part, words=words)


def fact_list(rows: Iterable[Mapping[str, Any]]) -> str:
    """Facts, as `fact_documents` has them, as a list in Markdown.

    Each value is code, so that nothing in it is Markdown. It is not a block of code: those can be copied.
    """
    groups: list[tuple[str, list[str]]] = []
    for row in rows:
        if row["name"] or not groups:
            groups.append((row["name"], []))
        groups[-1][1].append(_code_span("".join(part["words"] for part in row["parts"])))
    lines = [_item(name, values) for name, values in groups]
    return "\n".join(lines) + "\n\n" if lines else ""


def _item(name: str, values: Sequence[str]) -> str:
    if not name:
        return "\n".join(f"- {value}" for value in values)
    return (" " if len(values) == 1 else "\n  - ").join([f"- **{name}**", *values])


def _code_span(text: str) -> str:
    """Text between more backticks than it has in a row."""
    marks = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{marks} {text} {marks}" if "`" in text else f"`{text}`"


def fact_documents(rows: Iterable[FactRow], uri_of: Callable[[str], str]) -> list[dict[str, Any]]:
    """Rows of facts for editors, as JSON: each has the parts of its words, and a place its URI and line."""
    return [
        {
            "name": row.name,
            "parts": [
                {"words": part.words, **({"uri": uri_of(part.path), "line": part.line} if part.path else {})}
                for part in row.parts
            ],
        }
        for row in rows
    ]
