"""Which names a hunk replaced by others, and where what it left alone was before and is now.

It compares tokens of the hunk's lines, and knows no syntax.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher

from assist_context.documents import Cursor
from assist_context.next_edit.offer import EditHunk

_TOKEN = re.compile(r"[^\W\d][\w$]*|\$[\w$]*|\d[\w.]*|\S")
_NAME = re.compile(r"[^\W\d][\w$]*|\$[\w$]+")
MOST_TOKENS = 600  # of a hunk's side; comparing takes the square of it at worst

_Token = tuple[str, Cursor]


@dataclass(frozen=True, slots=True)
class ReplacedName:
    """A name that became another one: its first character in the document before and after the hunk."""

    old: str
    new: str
    before: Cursor
    after: Cursor


@dataclass(frozen=True, slots=True)
class HunkAlignment:
    """How places in a document before a hunk and after it belong together."""

    hunk: EditHunk
    replaced: tuple[ReplacedName, ...]
    forward: Mapping[Cursor, Cursor]  # names in the hunk's lines that stayed
    backward: Mapping[Cursor, Cursor]

    def after(self, place: Cursor) -> Cursor | None:
        """Where a name is after the hunk, `None` if the hunk took it away."""
        return _move(place, self.hunk.line, len(self.hunk.old), len(self.hunk.new), self.forward)

    def before(self, place: Cursor) -> Cursor | None:
        """Where a name was before the hunk, `None` if the hunk brought it."""
        return _move(place, self.hunk.line, len(self.hunk.new), len(self.hunk.old), self.backward)


def align(hunk: EditHunk) -> HunkAlignment:
    """Compares both sides of a hunk; of one with too many tokens nothing is known."""
    old = _tokens(hunk.old, hunk.line)
    new = _tokens(hunk.new, hunk.line)
    if max(len(old), len(new)) > MOST_TOKENS:
        return HunkAlignment(hunk, (), {}, {})
    replaced = []
    forward: dict[Cursor, Cursor] = {}
    matcher = SequenceMatcher(None, [each[0] for each in old], [each[0] for each in new], autojunk=False)
    for step, start, end, begin, stop in matcher.get_opcodes():
        if end - start != stop - begin:
            continue
        pairs = list(zip(old[start:end], new[begin:stop], strict=True))
        if step == "replace" and all(
            _NAME.fullmatch(one[0]) and _NAME.fullmatch(two[0]) for one, two in pairs
        ):
            replaced += [ReplacedName(one[0], two[0], one[1], two[1]) for one, two in pairs]
        elif step == "equal":
            forward |= {one[1]: two[1] for one, two in pairs}
    return HunkAlignment(hunk, tuple(replaced), forward, {two: one for one, two in forward.items()})


def _tokens(lines: tuple[str, ...], first: int) -> list[_Token]:
    return [
        (found[0], Cursor(number, found.start()))
        for number, line in enumerate(lines, first)
        for found in _TOKEN.finditer(line)
    ]


def _move(
    place: Cursor, first: int, size: int, new_size: int, inside: Mapping[Cursor, Cursor]
) -> Cursor | None:
    if place.line < first:
        return place
    if place.line < first + size:
        return inside.get(place)
    return Cursor(place.line - size + new_size, place.column)
