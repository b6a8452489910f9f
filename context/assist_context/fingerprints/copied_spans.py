"""Which spans of a text are from printed files: two lines in a row, or a run of letters, that an index has.

What is on both sides of it is taken along: to the ends of the lines, and a short line between two spans.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from assist_context.fingerprints.letters import LetterText, Places, letters_of
from assist_context.fingerprints.plain_views import views
from assist_context.fingerprints.print_index import PrintIndex, find
from assist_context.fingerprints.prints import RUN, WINDOW, PrintKey, pair_hashes, run_hashes

LINES_LETTERS = 16  # in the lines of a match together: `import os` and `import re` are in every other file
RUN_LETTERS = 34  # in a match without regard to lines
LONG_LINE = 400  # bytes; of a longer line only the match counts
GAP_LETTERS = 12  # between two spans that become one
PIECE = 1 << 20  # bytes that are looked at together; memory grows with them
_OVERLAP = 1 << 13


@dataclass(frozen=True, slots=True)
class CopiedSpan:
    """A span of a text in characters, its end not included, and the number of the file that has it."""

    start: int
    end: int
    file: int


def copied_spans(text: str, index: PrintIndex, key: PrintKey) -> tuple[CopiedSpan, ...]:
    """The spans that are from files of the index, in order; no two overlap."""
    if not len(index.hashes):
        return ()
    data = text.encode("utf-8", "surrogatepass")
    found = [
        CopiedSpan(start + span.start, start + span.end, span.file)
        for start in range(0, max(1, len(data) - _OVERLAP), PIECE - _OVERLAP)
        for span in _spans_of_piece(data[start : start + PIECE], index, key)
    ]
    if not found:
        return ()
    places = letters_of(data).places
    return _in_characters(text, data, _join(found, places))


def _spans_of_piece(data: bytes, index: PrintIndex, key: PrintKey) -> Iterator[CopiedSpan]:
    for view in views(data):
        text = letters_of(view)
        yield from _line_spans(text, index, key)
        yield from _run_spans(text, index, key)


def _line_spans(text: LetterText, index: PrintIndex, key: PrintKey) -> Iterator[CopiedSpan]:
    """The spans of lines of which each two in a row are known."""
    found = find(index, pair_hashes(text, key))
    for first, last in _groups(np.flatnonzero(found >= 0), 1):
        if text.lines[last + 2] - text.lines[first] >= LINES_LETTERS:
            file = int(index.files[found[first]])
            yield CopiedSpan(int(text.line_starts[first]), int(text.line_ends[last + 1]), file)


def _run_spans(text: LetterText, index: PrintIndex, key: PrintKey) -> Iterator[CopiedSpan]:
    """The spans that known runs cover."""
    found = find(index, run_hashes(text, key))
    for first, last in _groups(np.flatnonzero(found >= 0), WINDOW):
        if last - first + RUN >= RUN_LETTERS:
            file = int(index.files[found[first]])
            yield CopiedSpan(*_around(text, first, last + RUN - 1), file)


def _groups(places: Places, step: int) -> Iterator[tuple[int, int]]:
    """The first and the last of each group of places that are at most so far from each other."""
    if len(places):
        breaks = np.flatnonzero(np.diff(places) > step)
        firsts = places[np.append(0, breaks + 1)]
        lasts = places[np.append(breaks, len(places) - 1)]
        yield from zip(firsts.tolist(), lasts.tolist(), strict=True)


def _around(text: LetterText, first: int, last: int) -> tuple[int, int]:
    """The span from one letter to another, to the ends of their lines, or a few letters more of long ones."""
    start = int(text.places[first])
    end = int(text.places[last]) + 1
    if (line := _line_at(text, start)) is not None:
        short = line[1] - line[0] <= LONG_LINE
        start = line[0] if short else max(line[0], int(text.places[max(0, first - WINDOW)]))
    if (line := _line_at(text, end - 1)) is not None:
        beyond = min(len(text.places) - 1, last + WINDOW)
        short = line[1] - line[0] <= LONG_LINE
        end = line[1] if short else min(line[1], int(text.places[beyond]) + 1)
    return start, end


def _line_at(text: LetterText, place: int) -> tuple[int, int] | None:
    """Where the counted line at a place begins and ends."""
    number = int(np.searchsorted(text.line_starts, place, "right")) - 1
    if number < 0 or place >= text.line_ends[number]:
        return None
    return int(text.line_starts[number]), int(text.line_ends[number])


def _join(spans: list[CopiedSpan], places: Places) -> list[CopiedSpan]:
    """Spans in order, joined where they overlap or little is between them; the longer one names the file.

    Those of two files with little between them, such as the second one's name, stay two: both are told.
    """
    joined: list[CopiedSpan] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        last = joined[-1] if joined else None
        between = _letters_between(places, last.end, span.start) if last else 0
        if last is None or between > GAP_LETTERS:
            joined.append(span)
            continue
        if between and span.file != last.file:
            joined[-1] = replace(last, end=span.start)
            joined.append(span)
            continue
        longer = max(last, span, key=lambda one: one.end - one.start)
        joined[-1] = CopiedSpan(last.start, max(last.end, span.end), longer.file)
    return joined


def _letters_between(places: Places, start: int, end: int) -> int:
    if end <= start:
        return 0
    first, last = np.searchsorted(places, (start, end)).tolist()
    return int(last - first)


def _in_characters(text: str, data: bytes, spans: list[CopiedSpan]) -> tuple[CopiedSpan, ...]:
    """The same spans by characters of the text in place of bytes."""
    if len(data) == len(text):
        return tuple(spans)
    starts = np.append((np.frombuffer(data, np.uint8) & 0xC0) != 0x80, True)
    numbers = np.append(0, np.cumsum(starts))  # characters that begin before a byte
    return tuple(
        CopiedSpan(
            int(numbers[span.start + 1]) - 1 if span.start < len(data) else len(text),
            min(len(text), int(numbers[span.end])),
            span.file,
        )
        for span in spans
    )
