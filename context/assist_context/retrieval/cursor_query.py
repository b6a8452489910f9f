"""The query of a cursor: the names it uses, the nearest first.

This module looks at one document only; `meanings` finds out what the names mean. Identifiers are found by a
pattern, so that half-typed code in any language has some.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from assist_context.documents import Cursor, Document
from assist_context.languages import Language

AROUND = 3  # lines above and below the cursor whose names count
ABOVE, BELOW = 60, 20  # lines that any prompt shows: about 600 and 200 tokens
CALL_LINES = 10  # lines above the cursor in which an open call may begin
MAX_NAMES = 24
MAX_LINES = 5_000  # searched for imports
LONGEST_LINE = 400  # characters; a longer line is data

_ALIAS = re.compile(r"([^\W\d]\w*)\s+as\s+([^\W\d]\w*)")
_NAME = re.compile(r"(\.|::|->)?\s*([^\W\d]\w*)\s*")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_STRINGS = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'")


@dataclass(frozen=True, slots=True)
class UsedName:
    """A name that is used near the cursor; `owner` is the name before its dot, "" for none."""

    text: str
    weight: float
    owner: str = ""


@dataclass(frozen=True, slots=True)
class CursorQuery:
    """A cursor as retrieval sees it. Lines count from 1; a prompt shows those from `first` to `last`.

    `names`: best first. `aliases`: the original names of imports that the document renames.
    """

    path: str
    language: Language
    line: int
    first: int
    last: int
    names: tuple[UsedName, ...]
    shown: frozenset[str]
    aliases: Mapping[str, str]


def make_query(document: Document, cursor: Cursor, path: str) -> CursorQuery:
    """The query for a cursor in a document that the workspace calls `path`.

    >>> from assist_context.languages import language_of
    >>> lines = ("import a\\n", "def f(x: Thing):\\n", "    return a.g(x, ")
    >>> query = make_query(Document("f.py", lines, language_of("f.py")), Cursor(2, 18), "f.py")
    >>> [(name.owner, name.text) for name in query.names][:3]
    [('', 'x'), ('a', 'g'), ('', 'g')]
    """
    at = max(0, min(cursor.line, len(document.lines) - 1))
    lines = document.lines[: at + 1]
    before = (*lines[:-1], lines[-1][: cursor.column]) if at == cursor.line else lines
    below = document.lines[at + 1 : at + 1 + BELOW]
    window = before[-ABOVE - 1 :]
    return CursorQuery(
        path,
        document.language,
        at + 1,
        max(1, at + 1 - ABOVE),
        at + 1 + len(below),
        _names(document.language, before, below),
        frozenset(line.strip() for line in (*window, *below) if line.strip()),
        _aliases(document),
    )


def _aliases(document: Document) -> dict[str, str]:
    """Names after "as" in Python, JavaScript, Rust, Kotlin and PHP, anywhere in the document."""
    lines = [line for line in document.lines[:MAX_LINES] if " as " in line and len(line) <= LONGEST_LINE]
    return {alias: name for line in lines for name, alias in _ALIAS.findall(line) if name != alias}


def identifiers(lines: tuple[str, ...]) -> list[str]:
    """Every identifier of some lines, in order, with repeats; lines that look like data have none.

    >>> identifiers(("x = f(y1)  # x\\n",))
    ['x', 'f', 'y1', 'x']
    """
    return [name for line in lines if len(line) <= LONGEST_LINE for name in _IDENTIFIER.findall(line)]


def _names(language: Language, before: tuple[str, ...], below: tuple[str, ...]) -> tuple[UsedName, ...]:
    """Names by nearness: on the cursor's line from its end, the open call, headers, neighbouring lines."""
    groups = [(before[-1], 1.0, 0.15), (_open_call(before), 0.8, 0.0)]
    groups += [(header, 0.5, 0.0) for header in _headers(before)]
    for away in range(1, AROUND + 1):
        groups += [(line, 0.6 / away, 0.0) for line in before[-1 - away : -away]]
        groups += [(line, 0.3 / away, 0.0) for line in below[away - 1 : away]]
    weights: dict[tuple[str, str], float] = {}
    for line, weight, step in groups:
        if len(line) <= LONGEST_LINE:
            for key, worth in _weigh_names(_strip_strings(language, line), weight, step):
                weights[key] = max(weights.get(key, 0.0), worth)
    names = sorted(weights.items(), key=lambda each: -each[1])[:MAX_NAMES]
    return tuple(UsedName(name, weight, owner) for (owner, name), weight in names)


def _weigh_names(line: str, weight: float, step: float) -> Iterator[tuple[tuple[str, str], float]]:
    """((owner, name), weight) for each name of a line; each step away from its end costs `step`."""
    words: list[tuple[str, str]] = []
    for match in _NAME.finditer(line):
        words.append((words[-1][1] if match[1] and words else "", match[2]))
    for back, (owner, name) in enumerate(reversed(words)):
        worth = weight / (1 + step * back)
        yield (owner, name), worth
        if owner:
            yield ("", name), 0.9 * worth


def _strip_strings(language: Language, line: str) -> str:
    """A line without its strings and its comment."""
    bare = _STRINGS.sub('""', line)
    return bare.partition(language.comment)[0] if language.comment else bare


def _open_call(before: tuple[str, ...]) -> str:
    """The name whose bracket is still open at the cursor, up to ten lines above; "" for none."""
    text = "".join(before[-CALL_LINES:])
    if len(text) > CALL_LINES * LONGEST_LINE:
        return ""
    depth = 0
    for at in range(len(text) - 1, -1, -1):
        if text[at] in ")]}":
            depth += 1
        elif text[at] in "([{":
            depth -= 1
            if depth < 0:
                callee = re.search(r"([^\W\d]\w*)\s*$", text[:at])
                return callee[1] if callee else ""
    return ""


def _headers(before: tuple[str, ...]) -> list[str]:
    """The lines that enclose the cursor's line, by their indentation, the nearest first."""
    lines: list[str] = []
    here = before[-1]
    indent = len(here) - len(here.lstrip()) if here.strip() else len(here.rstrip("\r\n"))
    for line in reversed(before[:-1]):
        if not indent:
            break
        if line.strip() and (depth := len(line) - len(line.lstrip())) < indent:
            indent = depth
            lines.append(line)
    return lines
