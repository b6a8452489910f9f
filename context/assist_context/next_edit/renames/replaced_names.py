"""Names that hunks replaced by others, and the document as it would be without that.

It compares tokens of the hunks' lines, and knows no syntax.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import lru_cache

from assist_context.documents import Cursor, Document
from assist_context.languages import language_of
from assist_context.next_edit.offer import EditHunk

_TOKEN = re.compile(r"[^\W\d][\w$]*|\$[\w$]*|\d[\w.]*|\S")
_WORD = re.compile(r"[^\W\d]\w*|\d[\w.]*|\S")  # where `$` is no part of a name
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]+")
MAX_TOKENS = 600  # of a hunk's side; comparing takes the square of it at worst

Renaming = tuple[str, str]  # an old name and the new one


@dataclass(frozen=True, slots=True)
class ReplacedName:
    """A name that became another one. `start` is where the new one begins in the document."""

    old: str
    new: str
    start: Cursor

    @property
    def renaming(self) -> Renaming:
        return self.old, self.new


@dataclass(frozen=True, slots=True)
class Replacements:
    """The names of a document that became others, in the order of the text."""

    names: tuple[ReplacedName, ...]

    def document_before(self, document: Document) -> Document:
        """The document with the old names at their places, and all else as it is now."""
        lines = list(document.lines)
        for name in reversed(self.names):
            line = lines[name.start.line]
            end = name.start.column + len(name.new)
            lines[name.start.line] = line[: name.start.column] + name.old + line[end:]
        return replace(document, lines=tuple(lines))

    def before(self, place: Cursor) -> Cursor:
        """Find where a place of the document is in the document before."""
        return Cursor(place.line, place.column - sum(_growth(name) for name in self._names_left(place)))

    def after(self, place: Cursor) -> Cursor | None:
        """Find where a place of the document before is now; `None` if its name was replaced."""
        column = place.column
        for name in self.names:
            if name.start.line == place.line:
                if name.start.column == column:
                    return None
                if name.start.column < column:
                    column += _growth(name)
        return Cursor(place.line, column)

    def _names_left(self, place: Cursor) -> Iterator[ReplacedName]:
        return (
            name for name in self.names if name.start.line == place.line and name.start.column < place.column
        )


def _growth(name: ReplacedName) -> int:
    return len(name.new) - len(name.old)


def replacements(
    document: Document, hunks: Iterable[EditHunk], renamings: Collection[Renaming]
) -> Replacements:
    """Find where hunks renamed in a document, as far as the lines are still as they left them."""
    names = {
        name.start: name
        for hunk in hunks
        if hunk.path == document.path and makes_any(hunk, renamings)
        for name in replaced_names(hunk)
        if name.renaming in renamings
        and document.lines[name.start.line : name.start.line + 1]
        == hunk.new[name.start.line - hunk.line :][:1]
    }
    return Replacements(tuple(name for _, name in sorted(names.items(), key=lambda item: _order(item[0]))))


def makes_any(hunk: EditHunk, renamings: Collection[Renaming]) -> bool:
    """Return whether a hunk is an example that made one of these renamings."""
    old, new = "".join(hunk.old), "".join(hunk.new)
    near = any(renaming[0] in old and renaming[1] in new for renaming in renamings)
    return hunk.is_example and near and any(name.renaming in renamings for name in replaced_names(hunk))


def accepted_lines(document: Document, hunks: Iterable[EditHunk], names: Collection[str]) -> frozenset[int]:
    """The lines of a document on which accepted offers added some of these names."""
    lines: set[int] = set()
    for hunk in hunks:
        old, new = "".join(hunk.old), "".join(hunk.new)
        own = hunk.path == document.path and hunk.origin == "offer"
        if own and any(new.count(word) > old.count(word) for word in names):
            lines.update(range(hunk.line, hunk.line + len(hunk.new)))
    return frozenset(lines)


def _order(place: Cursor) -> tuple[int, int]:
    return place.line, place.column


@lru_cache(maxsize=256)
def replaced_names(hunk: EditHunk) -> tuple[ReplacedName, ...]:
    """The names that a hunk replaced; of one with too many tokens nothing is known."""
    token = _WORD if language_of(hunk.path).sigil else _TOKEN
    old = _tokens(token, hunk.old, hunk.line)
    new = _tokens(token, hunk.new, hunk.line)
    if max(len(old), len(new)) > MAX_TOKENS:
        return ()
    names: list[ReplacedName] = []
    matcher = SequenceMatcher(None, [token[0] for token in old], [token[0] for token in new], autojunk=False)
    for step, start, end, begin, stop in matcher.get_opcodes():
        if step != "replace" or end - start != stop - begin:
            continue
        pairs = [(one[0], *two) for one, two in zip(old[start:end], new[begin:stop], strict=True)]
        if all(_NAME.fullmatch(before) and _NAME.fullmatch(after) for before, after, _ in pairs):
            names += [ReplacedName(*pair) for pair in pairs]
    return tuple(names)


def _tokens(token: re.Pattern[str], lines: tuple[str, ...], first: int) -> list[tuple[str, Cursor]]:
    return [
        (match[0], Cursor(number, match.start()))
        for number, line in enumerate(lines, first)
        for match in token.finditer(line)
    ]
