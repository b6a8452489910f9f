"""The place of a text in a document while the document changes. Positions are in characters.

It knows places and texts only: no document, no editor, and not why a text is followed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.documents import split_lines
from assist_evaluation.feedback.survival import MORE_CHARACTERS, find_text, longest_remains
from assist_server.workspace.documents import Place, after, text_between


@dataclass(frozen=True, slots=True)
class Region:
    """The text from `begin` up to `end`; empty if nothing is left of it."""

    begin: Place
    end: Place


@dataclass(frozen=True, slots=True)
class Replacement:
    """An edit: the text `old`, from `start` to `end`, becomes `new`. `lines` are the old ones, once split."""

    start: Place
    end: Place
    old: str
    new: str
    lines: tuple[str, ...] = ()

    def shift(self, place: Place) -> Place:
        """Where a place at or after `end` is once the edit is made."""
        line, column = after(self.start, self.new)
        if place[0] == self.end[0]:
            return (line, column + place[1] - self.end[1])
        return (line + place[0] - self.end[0], place[1])


def region_at(lines: Sequence[str], begin: Place, text: str) -> Region | None:
    """The region of a text that should begin here, whatever its white space is; None if it does not."""
    last = begin[0] + text.count("\n") + text.count("\r") + 1
    there = text_between(lines, begin, (last + 1, 0))
    found = find_text(text, there, 0)
    if found is None or there[: found[0]].strip():
        return None
    return _region_in(there, begin, found)


def ends_before(region: Region, start: Place) -> bool:
    """Whether an edit from `start` on changes nothing about a text: it is wholly in front of that."""
    return region.end < start or (region.end == start and region.begin != region.end)


def begins_after(region: Region, end: Place) -> bool:
    """Whether an edit up to `end` only moves a text: it is wholly after that."""
    return region.begin > end or (region.begin == end and region.begin != region.end)


def follow(region: Region, edit: Replacement, text: str) -> Region:
    """Where a text is after an edit, which `shorten` has made as short as it can be.

    One that only moves the text may be any, and without `old`.

    What is written at its borders does not belong to it, what is written inside does. If all of it was
    replaced, it is where the new text repeats it. If that does not, it is the new text, or nothing if that is
    much longer. If its beginning was replaced, the end of the new text belongs to it.
    """
    if region.begin == region.end and edit.start <= region.begin <= edit.end:
        return _restore(region, edit, text)
    if edit.end <= region.begin:
        return Region(edit.shift(region.begin), edit.shift(region.end))
    if edit.start >= region.end:
        return region
    if edit.start <= region.begin and edit.end >= region.end:
        return _restore(region, edit, text)
    end = edit.shift(region.end) if edit.end < region.end else after(edit.start, edit.new)
    begin = region.begin
    if edit.start <= begin:
        surplus = max(0, len(edit.new) - len(text) - MORE_CHARACTERS)
        begin = after(edit.start, edit.new[:surplus])
    return Region(begin, end)


def shorten(edit: Replacement) -> Replacement:
    """The same edit without what both texts share at their beginning and end, and with its lines.

    A line end of two characters is not cut in two.
    """
    old, new = edit.old, edit.new
    head = _common_head(old, new)
    if old[head - 1 : head] == "\r":
        head -= 1
    old, new = old[head:], new[head:]
    tail = _common_tail(old, new)
    cut = {text[len(text) - tail - 1 : len(text) - tail] for text in (old, new)}
    if "\r" in cut and old[len(old) - tail :].startswith("\n"):
        tail -= 1
    start = after(edit.start, edit.old[:head])
    old = old[: len(old) - tail]
    return Replacement(start, after(start, old), old, new[: len(new) - tail], split_lines(old))


def _restore(region: Region, edit: Replacement, text: str) -> Region:
    """Where an edit of everything, or one that undoes an undo, puts what was there, or else the text."""
    was = _offset(edit, region.begin)
    there = edit.old[was : _offset(edit, region.end)]
    # As far into the new text as it was into the old one: a formatter changes all lines in the same way.
    near = was * len(edit.new) // max(1, len(edit.old))
    found = find_text(there, edit.new, near) or find_text(text, edit.new, near)
    if found is not None:
        return _region_in(edit.new, edit.start, found)
    if region.begin == region.end or len(edit.new) > longest_remains(text):
        return Region(edit.start, edit.start)
    return Region(edit.start, after(edit.start, edit.new))


def _offset(edit: Replacement, place: Place) -> int:
    """How many characters of `old` are before a place in it."""
    count = place[0] - edit.start[0]
    first = edit.start[1] if count == 0 else 0
    return sum(map(len, (edit.lines or split_lines(edit.old))[:count])) + place[1] - first


def _region_in(text: str, start: Place, found: tuple[int, int]) -> Region:
    begin = after(start, text[: found[0]])
    return Region(begin, after(begin, text[found[0] : found[1]]))


def _common_head(one: str, other: str) -> int:
    """How many characters two texts share at their beginning: by halves, since they may be whole files."""
    least = 0
    most = min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one.startswith(other[least:middle], least):
            least = middle
        else:
            most = middle - 1
    return least


def _common_tail(one: str, other: str) -> int:
    """How many characters two texts share at their end."""
    least = 0
    most = min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one.endswith(other[len(other) - middle : len(other) - least], 0, len(one) - least):
            least = middle
        else:
            most = middle - 1
    return least
