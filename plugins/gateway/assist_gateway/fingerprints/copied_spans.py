"""Which spans of a text are from printed files: two lines in a row, or a run of letters, that an index has.

What is on both sides of it is taken along: to the ends of the lines, and a short line between two spans.
What allowed files say in the same words is no file's own, wherever its lines end.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from assist_gateway.fingerprints.letters import Bytes, LetterText, Places, letters_of
from assist_gateway.fingerprints.plain_views import plain_view, views
from assist_gateway.fingerprints.print_index import PrintIndex, ShortHashes, are_in, find, short_hashes
from assist_gateway.fingerprints.prints import RUN, WINDOW, Hashes, PrintKey, pair_hashes, run_hashes

LINES_LETTERS = 16  # in the lines of a match together: `import os` and `import re` are in every other file
RUN_LETTERS = 34  # in a match without regard to lines
LONG_LINE = 400  # bytes; of a longer line only the match counts
GAP_LETTERS = 12  # between two spans that become one
ROW_RUNS = WINDOW  # known runs in a row: one of 600 is in a table of 7 million by accident (`short_hashes`)
PIECE = 1 << 20  # bytes that are looked at together; memory grows with them
_OVERLAP = 1 << 13


@dataclass(frozen=True, slots=True)
class CopiedSpan:
    """A span of a text in characters, its end not included, and the number of the file that has it."""

    start: int
    end: int
    file: int


@dataclass(frozen=True, slots=True)
class ComparedText:
    """The spans of a text that files of an index have, in order, without overlap.

    `prints` are all that the text says, in short hashes: a file without any of them changes nothing here.
    They are None if there was nothing to compare the text with.
    """

    spans: tuple[CopiedSpan, ...]
    prints: ShortHashes | None = field(repr=False, default=None)


def copied_spans(text: str, index: PrintIndex, key: PrintKey) -> tuple[CopiedSpan, ...]:
    """The spans that are from files of the index, in order; no two overlap."""
    return compare(text, index, key).spans


def compare(text: str, index: PrintIndex, key: PrintKey) -> ComparedText:
    """The spans that are from files of the index, and what the text says."""
    if not len(index.hashes):
        return ComparedText(())
    data = text.encode("utf-8", "surrogatepass")
    found: list[CopiedSpan] = []
    said: list[Hashes] = []
    for start in range(0, max(1, len(data) - _OVERLAP), PIECE - _OVERLAP):
        piece = data[start : start + PIECE]
        found += [
            CopiedSpan(start + span.start, start + span.end, span.file)
            for span in _spans_of_piece(piece, index, key, said)
        ]
    prints = short_hashes(np.concatenate(said))
    if not found:
        return ComparedText((), prints)
    return ComparedText(_in_characters(text, data, _join(found, letters_of(data).places)), prints)


def allowed_parts(
    text: str, parts: Sequence[tuple[int, int]], index: PrintIndex, key: PrintKey
) -> tuple[bool, ...]:
    """For each part of a text, in characters, whether allowed files say it in the same words."""
    if not (parts and index.allowed):
        return (False,) * len(parts)
    data = text.encode("utf-8", "surrogatepass")
    view = letters_of(plain_view(data))
    rows = _allowed_rows(view.letters, index, key)
    characters = np.append(np.flatnonzero(_begins(data)), len(data))
    letters = (np.searchsorted(view.places, characters[list(part)]).tolist() for part in parts)
    return tuple(_is_within(rows, first, last) for first, last in letters)


def _allowed_rows(letters: Bytes, index: PrintIndex, key: PrintKey) -> tuple[list[int], list[int]]:
    """Where the rows of letters begin and end that allowed files have, those of enough letters."""
    known = np.flatnonzero(are_in(index.allowed, run_hashes(letters, key)))
    rows = [(first, last + RUN) for first, last in _groups(known, 1) if last - first + 1 >= ROW_RUNS]
    return [row[0] for row in rows], [row[1] for row in rows]


def _is_within(rows: tuple[list[int], list[int]], first: int, last: int) -> bool:
    """Whether a row has all letters from one to another, the last not included."""
    row = bisect_right(rows[0], first) - 1  # of those that begin early enough, the one that ends last
    return row >= 0 and last <= rows[1][row]


def _is_allowed(text: LetterText, span: CopiedSpan, index: PrintIndex, key: PrintKey) -> bool:
    first, last = np.searchsorted(text.places, (span.start, span.end)).tolist()
    nearest = max(0, first - RUN - ROW_RUNS)
    rows = _allowed_rows(text.letters[nearest : last + RUN + ROW_RUNS], index, key)
    return _is_within(rows, first - nearest, last - nearest)


def _spans_of_piece(data: bytes, index: PrintIndex, key: PrintKey, said: list[Hashes]) -> list[CopiedSpan]:
    """All spans, if one of them says what allowed files do not. `said` gets the hashes of the piece."""
    found: list[CopiedSpan] = []
    says_more = False
    for view in views(data):
        text = letters_of(view)
        said += [pair_hashes(text, key), run_hashes(text.letters, key)]
        lines = list(_line_spans(text, index, said[-2]))
        runs = list(_run_spans(text, index, said[-1]))
        says_more = says_more or bool(runs)  # of which allowed files have none
        says_more = says_more or not all(_is_allowed(text, span, index, key) for span in lines)
        found += [*lines, *runs]
    return found if says_more else []


def _line_spans(text: LetterText, index: PrintIndex, pairs: Hashes) -> Iterator[CopiedSpan]:
    """The spans of lines of which each two in a row are known."""
    found = find(index, pairs)
    for first, last in _groups(np.flatnonzero(found >= 0), 1):
        if text.lines[last + 2] - text.lines[first] >= LINES_LETTERS:
            file = int(index.files[found[first]])
            yield CopiedSpan(int(text.line_starts[first]), int(text.line_ends[last + 1]), file)


def _run_spans(text: LetterText, index: PrintIndex, runs: Hashes) -> Iterator[CopiedSpan]:
    """The spans that known runs cover."""
    found = find(index, runs)
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
    numbers = np.append(0, np.cumsum(np.append(_begins(data), True)))  # characters that begin before a byte
    return tuple(
        CopiedSpan(
            int(numbers[span.start + 1]) - 1 if span.start < len(data) else len(text),
            min(len(text), int(numbers[span.end])),
            span.file,
        )
        for span in spans
    )


def _begins(data: bytes) -> npt.NDArray[np.bool_]:
    """For each byte of a text in UTF-8 whether a character begins there."""
    begins: npt.NDArray[np.bool_] = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80
    return begins
