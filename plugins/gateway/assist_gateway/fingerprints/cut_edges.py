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

LetterOwners = npt.NDArray[
    np.uint32
]  # for each byte of a text the number of the file that owns it and one more, or 0

LONG_LINE = 400  # bytes; of a longer line only the match counts
GAP_LETTERS = 12  # between two spans that become one
AROUND_LETTERS = 8  # that are taken along in a long line, since not each run of a file is printed
_ACCIDENT = 2  # letters after a match that are the same by accident
_DEPTH = 4  # of JSON in strings of JSON
_NEWLINE = ord("\n")
_QUOTE = re.compile(rb'(\\*)"')
_BETWEEN = re.compile(
    rb"(?=[^,:]*[,:])(?:[\s,:{}\[\]\d.eE+-]|\\+[nrt]|true|false|null)+"
)  # the strings of JSON
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
    """A text, who owns its letters, and where all of its letters are."""

    data: bytes
    owners: LetterOwners
    places: Places

    def owned_places(self, start: int, end: int) -> Places:
        """The places in a part of the text that are owned, none if these are few by accident."""
        found: Places = start + np.flatnonzero(self.owners[start:end])
        first, last = np.searchsorted(self.places, (start, end)).tolist()
        return found if len(found) > _ACCIDENT or len(found) == last - first else found[:0]


def spans_between_edges(data: bytes, owners: LetterOwners) -> list[CopiedSpan]:
    """The spans of a text in bytes, in order; no two overlap."""
    plain = plain_view(data)
    signs = np.frombuffer(plain, np.uint8).copy()
    text = _OwnedText(data, owners, letters_of(plain).places)
    owned = np.flatnonzero(owners)
    frames = np.zeros(len(data), np.bool_)
    for start, end in _lines_with(np.frombuffer(data, np.uint8), owned):
        for first, last in _outside_of_strings(text, start, end, 0):
            frames[first:last] = True
    signs[frames] = _NEWLINE
    spans: list[CopiedSpan] = []
    for start, end in _lines_with(signs, owned):
        for span in _spans_of_line(text, start, end):
            _add(spans, span, text.places, frames)
    return spans


def _lines_with(signs: npt.NDArray[np.uint8], owned: Places) -> Iterator[tuple[int, int]]:
    """The lines that hold a place that is owned, without their ends."""
    ends = np.append(np.flatnonzero(signs == _NEWLINE), len(signs))
    for number in np.unique(np.searchsorted(ends, owned)).tolist():
        yield int(ends[number - 1]) + 1 if number else 0, int(ends[number])


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


def _spans_of_line(text: _OwnedText, start: int, end: int) -> Iterator[CopiedSpan]:
    """The whole of a short line; of a long one what is owned, and a few letters more."""
    owned = text.owned_places(start, end)
    if not len(owned):
        return
    if end - start <= LONG_LINE:
        yield CopiedSpan(start, end, _owner(text.owners, owned))
        return
    places = text.places
    numbers = np.searchsorted(places, owned)
    breaks = np.flatnonzero(np.diff(numbers) > GAP_LETTERS) + 1
    for part, number in zip(np.split(owned, breaks), np.split(numbers, breaks), strict=True):
        before = int(number[0]) - AROUND_LETTERS - 1
        after = min(int(number[-1]) + AROUND_LETTERS, len(places) - 1)
        first = int(places[before]) + 1 if before >= 0 else 0
        yield CopiedSpan(max(start, first), min(end, int(places[after]) + 1), _owner(text.owners, part))


def _owner(owners: LetterOwners, owned: Places) -> int:
    return int(np.bincount(owners[owned]).argmax()) - 1


def _add(spans: list[CopiedSpan], span: CopiedSpan, places: Places, frames: npt.NDArray[np.bool_]) -> None:
    """Adds a span, joined with the last one if little is between them and no end of a string.

    Those of two files with little between them, such as the second one's name, stay two: both are told.
    """
    last = spans[-1] if spans else None
    between = slice(last.end, span.start) if last else slice(0)
    letters = np.searchsorted(places, (between.start or 0, between.stop))
    if last is None or letters[1] - letters[0] > GAP_LETTERS or frames[between].any():
        spans.append(span)
    elif span.file == last.file:
        spans[-1] = replace(last, end=max(last.end, span.end))
    else:
        spans[-1] = replace(last, end=span.start)
        spans.append(span)
