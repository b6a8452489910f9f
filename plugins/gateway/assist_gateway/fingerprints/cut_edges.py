"""Where the spans of letters that files own begin and end: at the ends of lines, or of strings of JSON.

What is left around a cut stays what it was: JSON stays JSON, also in a string of JSON. So each string is cut
alone, unless a file owns what is between two of them: then the JSON itself is the file's.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from assist_gateway.fingerprints.letters import Places, letters_of
from assist_gateway.fingerprints.plain_views import plain_view

# For each byte of a text the number of the file that owns it and one more, or 0.
LetterOwners = npt.NDArray[np.uint32]

LONG_LINE = 400  # bytes; of a longer line only the match counts
GAP_LETTERS = 12  # between two spans that become one
AROUND_LETTERS = 8  # that are taken along in a long line, since not each run of a file is printed
_ACCIDENT = 2  # letters after a match that are the same by accident
_DEPTH = 4  # of JSON in strings of JSON
_NEWLINE = ord("\n")
_QUOTE = re.compile(rb'(\\*)"')
# What is between the strings of JSON.
_BETWEEN = re.compile(rb"(?=[^,:]*[,:])(?:[\s,:{}\[\]\d.eE+-]|\\+[nrt]|true|false|null)+")
_KEY = re.compile(rb"(?:\s|\\+[nrt])*:")
_NAME = re.compile(rb"[\w.$@/-]{1,60}")


@dataclass(frozen=True, slots=True)
class CopiedSpan:
    """A span of a text, its end not included, and the number of the file that has it."""

    start: int
    end: int
    file: int


@dataclass(frozen=True, slots=True)
class _OwnedText:
    """A text, where its letters and those with an owner are, and how many of them are before each byte."""

    data: bytes
    owners: LetterOwners
    letters: Places
    owned: Places
    letters_before: Places
    owned_before: Places

    def owned_places(self, start: int, end: int, accident: int = _ACCIDENT) -> Places:
        """The places in a part of the text that are owned, none if they are so few by accident."""
        first, last = self.owned_before[start], self.owned_before[end]
        is_all = last - first == self.letters_between(start, end)
        return self.owned[first:last] if is_all or last - first > accident else self.owned[:0]

    def letters_between(self, start: int, end: int) -> int:
        return int(self.letters_before[end] - self.letters_before[start])


def _owned_text(data: bytes, plain: bytes, owners: LetterOwners) -> _OwnedText:
    letters = letters_of(plain).places
    owned = np.flatnonzero(owners)
    return _OwnedText(
        data, owners, letters, owned, *(_before(places, len(data)) for places in (letters, owned))
    )


def _before(places: Places, size: int) -> Places:
    """How many of the places are before each byte of a text, and before its end."""
    counts = np.zeros(size + 1, np.intp)
    counts[places + 1] = 1
    return np.cumsum(counts)


def spans_between_edges(data: bytes, owners: LetterOwners) -> list[CopiedSpan]:
    """The spans of a text in bytes, in order; no two overlap."""
    plain = plain_view(data)
    text = _owned_text(data, plain, owners)
    signs = np.frombuffer(plain, np.uint8).copy()
    frames = np.zeros(len(data), np.bool_)
    for start, end in _lines_with(np.frombuffer(data, np.uint8), text.owned):
        for first, last in _outside_of_strings(text, start, end, 0):
            frames[first:last] = True
    signs[frames] = _NEWLINE
    spans: list[CopiedSpan] = []
    for start, end in _lines_with(signs, text.owned):
        is_string = start > 0 and bool(frames[start - 1])
        owned = text.owned_places(start, end, _ACCIDENT if is_string else 0)
        for span in _spans_of_line(text, start, end, owned):
            _add(spans, span, text, frames)
    return spans


def _lines_with(signs: npt.NDArray[np.uint8], owned: Places) -> Iterator[tuple[int, int]]:
    """The lines that hold a place that is owned, without their ends."""
    ends = np.append(np.flatnonzero(signs == _NEWLINE), len(signs))
    numbers = np.unique(np.searchsorted(ends, owned))
    starts = np.append(0, ends[:-1] + 1)
    yield from zip(starts[numbers].tolist(), ends[numbers].tolist(), strict=True)


def _outside_of_strings(text: _OwnedText, start: int, end: int, depth: int) -> Iterator[tuple[int, int]]:
    """What of a line is JSON but no text in it, so that it stays; nothing if the line is no JSON.

    In a string of JSON a quotation mark has a backslash, in a string of that three, and so on.
    """
    size = 1 << depth
    marks = [
        found.end()
        for found in _QUOTE.finditer(text.data, start, end)
        if len(found[1]) % (2 * size) == size - 1
    ]
    if not marks or len(marks) % 2:
        return
    firsts = marks[::2]  # of the strings
    lasts = [mark - size for mark in marks[1::2]]
    outside = list(zip([start, *lasts], [*firsts, end], strict=True))
    if any(len(text.owned_places(*part)) for part in outside):
        return
    if not all(_BETWEEN.fullmatch(text.data, first + size, last - size) for first, last in outside[1:-1]):
        return
    strings = [part for part in zip(firsts, lasts, strict=True) if len(text.owned_places(*part))]
    if any(_is_key(text.data, first, last, last + size) for first, last in strings):
        return
    yield from outside
    if depth < _DEPTH:
        for string in strings:
            for line in _escaped_lines(text.data, *string, size):
                yield from _outside_of_strings(text, *line, depth + 1)


def _is_key(data: bytes, start: int, end: int, after: int) -> bool:
    return bool(_KEY.match(data, after) and _NAME.fullmatch(data, start, end))


def _escaped_lines(data: bytes, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """The lines of a string of JSON, whose ends have so many backslashes."""
    for found in re.compile(rb"(?<!\\)\\{%d}n" % size).finditer(data, start, end):
        yield start, found.start()
        start = found.end()
    yield start, end


def _spans_of_line(text: _OwnedText, start: int, end: int, owned: Places) -> Iterator[CopiedSpan]:
    """The whole of a short line; of a long one what is owned, and a few letters more."""
    if not len(owned):
        return
    if end - start <= LONG_LINE:
        yield CopiedSpan(start, end, _owner(text.owners, owned))
        return
    numbers = text.letters_before[owned]
    breaks = np.flatnonzero(np.diff(numbers) > GAP_LETTERS) + 1
    for part in np.split(owned, breaks):
        before = text.letters_before[part[0]] - AROUND_LETTERS - 1
        after = min(text.letters_before[part[-1]] + AROUND_LETTERS, len(text.letters) - 1)
        first = int(text.letters[before]) + 1 if before >= 0 else 0
        yield CopiedSpan(max(start, first), min(end, int(text.letters[after]) + 1), _owner(text.owners, part))


def _owner(owners: LetterOwners, owned: Places) -> int:
    return int(owners[owned[len(owned) // 2]]) - 1


def _add(spans: list[CopiedSpan], span: CopiedSpan, text: _OwnedText, frames: npt.NDArray[np.bool_]) -> None:
    """Adds a span, joined with the last one if little is between them and no end of a string.

    Those of two files with little between them, such as the second one's name, stay two: both are told.
    """
    last = spans[-1] if spans else None
    between = text.letters_between(last.end, max(last.end, span.start)) if last else 0
    if last is None or between > GAP_LETTERS or frames[last.end : span.start].any():
        spans.append(span)
    elif span.file == last.file:
        spans[-1] = replace(last, end=max(last.end, span.end))
    else:
        spans[-1] = replace(last, end=span.start)
        spans.append(span)
