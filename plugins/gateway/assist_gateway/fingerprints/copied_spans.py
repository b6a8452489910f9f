"""Which spans of a text are from printed files: two lines in a row, or a run of letters, that an index has.

Once a file is known by these, each single line of it in the text is its own too, whatever is around it.
What allowed files say in the same words is no file's own, wherever its lines end.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from assist_gateway.fingerprints.cut_edges import CopiedSpan, LetterOwners, spans_between_edges
from assist_gateway.fingerprints.letters import Bytes, LetterText, Places, letters_of
from assist_gateway.fingerprints.plain_views import line_views, plain_view, views
from assist_gateway.fingerprints.print_index import (
    PrintIndex,
    are_in,
    find,
    lines_of,
    short_hashes,
)
from assist_gateway.fingerprints.prints import (
    LINE,
    RUN,
    WINDOW,
    Hashes,
    LinePrints,
    PrintKey,
    ShortHashes,
    line_hashes,
    pair_hashes,
    run_hashes,
    short,
)

LINES_LETTERS = 16  # in the lines of a match together: `import os` and `import re` are in every other file
RUN_LETTERS = 34  # in a match without regard to lines
ROW_RUNS = WINDOW  # known runs in a row: one of 600 is in a table of 7 million by accident (`short_hashes`)
PIECE = 1 << 20  # bytes that are looked at together; memory grows with them
_OVERLAP = 1 << 13
_MAX_TRIED = 1_000_000  # lines that are compared at once


@dataclass(frozen=True, slots=True)
class ComparedText:
    """The spans of a text that files of an index have, in order, without overlap.

    `prints` are all that the text says, in short hashes: a file without any of them changes nothing here.
    They are None if there was nothing to compare the text with.
    """

    spans: tuple[CopiedSpan, ...]
    prints: ShortHashes | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class _KnownLetters:
    """Letters of a view from the first to the last, which is not included, and the file that has them."""

    first: int
    last: int
    file: int


def copied_spans(text: str, index: PrintIndex, key: PrintKey) -> tuple[CopiedSpan, ...]:
    """The spans that are from files of the index, in order; no two overlap."""
    return compare(text, index, key).spans


def compare(text: str, index: PrintIndex, key: PrintKey, named: Collection[int] = ()) -> ComparedText:
    """The spans that are from files of the index, and what the text says.

    The files in `named` are known to be in the text by something else.
    """
    if not len(index.hashes):
        return ComparedText(())
    data = text.encode("utf-8", "surrogatepass")
    said: list[Hashes] = []
    owners = np.zeros(len(data), np.uint32)  # of each letter the number of its file and one more, or 0
    starts = range(0, max(1, len(data) - _OVERLAP), PIECE - _OVERLAP)
    for start in starts:
        _own_copies(data[start : start + PIECE], owners[start : start + PIECE], index, key, said)
    files = {*named, *(np.unique(owners[owners > 0]) - 1).tolist()}
    if files:
        lines = lines_of(index, files)
        for start in starts:
            _own_lines(data[start : start + PIECE], owners[start : start + PIECE], lines, index, key)
    spans = spans_between_edges(data, owners) if owners.any() else ()
    return ComparedText(_in_characters(text, data, spans), short_hashes(np.concatenate(said)))


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


def _own_copies(
    data: bytes, owners: LetterOwners, index: PrintIndex, key: PrintKey, said: list[Hashes]
) -> None:
    """Gives letters to files that have them in two lines or a run, if a file says what no allowed one does.

    `said` gets the hashes of the text.
    """
    found: list[tuple[Places, int]] = []
    says_more = False
    plain: list[LetterText] = []  # without and with what is in front of lines
    for view in views(data):
        text = letters_of(view)
        said += [pair_hashes(text, key), run_hashes(text.letters, key)]
        lines = list(_line_matches(text, index, said[-2]))
        runs = list(_run_matches(index, said[-1]))
        allowed = [
            *_are_allowed(text, lines, index, key),
            *(False for _ in runs),
        ]  # allowed files have no run
        new = [match for match, known in zip((*lines, *runs), allowed, strict=True) if not known]
        for one in plain:
            new = _say_more(new, text, one, index, key)
        says_more = says_more or bool(new)
        plain = [*plain, text][:2]
        found += [(text.places[match.first : match.last], match.file) for match in (*lines, *runs)]
    if says_more:
        _own(found, owners)


def _own_lines(
    data: bytes,
    owners: LetterOwners,
    lines: tuple[LinePrints, npt.NDArray[np.uint32]],
    index: PrintIndex,
    key: PrintKey,
) -> None:
    """Gives single lines to the files that have them, but not what allowed files have in the same words."""
    for view in line_views(data):
        text = letters_of(view)
        matches = list(_single_lines(text, *lines, index, key))
        allowed = _are_allowed(text, matches, index, key)
        own = [match for match, known in zip(matches, allowed, strict=True) if not known]
        _own([(text.places[match.first : match.last], match.file) for match in own], owners)


def _own(found: Sequence[tuple[Places, int]], owners: LetterOwners) -> None:
    """Gives letters to the first file that has them."""
    for places, file in reversed(found):
        owners[places] = file + 1


def _say_more(
    matches: Sequence[_KnownLetters], text: LetterText, plain: LetterText, index: PrintIndex, key: PrintKey
) -> list[_KnownLetters]:
    """The matches of a view that no allowed file says in the words that another view has at their places."""
    edges = [(text.places[match.first], text.places[match.last - 1] + 1) for match in matches]
    firsts, lasts = np.searchsorted(plain.places, np.array(edges, np.intp).reshape(-1, 2).T).tolist()
    places = [
        replace(match, first=first, last=last)
        for match, first, last in zip(matches, firsts, lasts, strict=True)
    ]
    allowed = _are_allowed(plain, places, index, key)
    return [match for match, known in zip(matches, allowed, strict=True) if not known]


def _are_allowed(
    text: LetterText, matches: Sequence[_KnownLetters], index: PrintIndex, key: PrintKey
) -> list[bool]:
    """For each match whether allowed files have a longer row of letters that has it."""
    if not (matches and index.allowed):
        return [False] * len(matches)
    nearest = max(0, min(match.first for match in matches) - RUN - ROW_RUNS)
    farthest = max(match.last for match in matches) + RUN + ROW_RUNS
    rows = _allowed_rows(text.letters[nearest:farthest], index, key)
    return [_is_within(rows, match.first - nearest, match.last - nearest) for match in matches]


def _line_matches(text: LetterText, index: PrintIndex, pairs: Hashes) -> Iterator[_KnownLetters]:
    """The lines of which each two in a row are known."""
    found = find(index, pairs)
    for first, last in _groups(np.flatnonzero(found >= 0), 1):
        if text.lines[last + 2] - text.lines[first] >= LINES_LETTERS:
            inside = text.line_starts[first], text.line_ends[last + 1]
            start, end = np.searchsorted(text.places, inside).tolist()
            yield _KnownLetters(start, end, int(index.files[found[first]]))


def _run_matches(index: PrintIndex, runs: Hashes) -> Iterator[_KnownLetters]:
    """The letters that known runs cover."""
    found = find(index, runs)
    for first, last in _groups(np.flatnonzero(found >= 0), WINDOW):
        if last - first + RUN >= RUN_LETTERS:
            yield _KnownLetters(first, last + RUN, int(index.files[found[first]]))


def _single_lines(
    text: LetterText,
    prints: LinePrints,
    files: npt.NDArray[np.uint32],
    index: PrintIndex,
    key: PrintKey,
) -> Iterator[_KnownLetters]:
    """The single lines of files that the letters of a text have anywhere, and that no allowed file has."""
    letters = text.letters
    starts = np.arange(max(0, len(letters) - LINE + 1))
    heads = short(line_hashes(letters, starts, starts + LINE, key))
    sieve = np.zeros(1 << 16, np.bool_)
    sieve[prints.heads.astype(np.uint16)] = True
    maybe = np.flatnonzero(sieve[heads.astype(np.uint16)])
    firsts = np.searchsorted(prints.heads, heads[maybe])
    counts = np.searchsorted(prints.heads, heads[maybe], "right") - firsts
    for part in np.array_split(np.arange(len(maybe)), 1 + int(counts.sum()) // _MAX_TRIED):
        tried = np.repeat(maybe[part], counts[part])
        before = np.cumsum(counts[part]) - counts[part]
        lines = np.arange(len(tried)) + np.repeat(firsts[part] - before, counts[part])
        ends = tried + prints.sizes[lines].astype(np.intp)
        inside = ends <= len(letters)
        tried, ends, lines = tried[inside], ends[inside], lines[inside]
        wholes = line_hashes(letters, tried, ends, key)
        same = (short(wholes) == prints.wholes[lines]) & ~are_in(index.allowed, wholes)
        tried, ends, lines = tried[same], ends[same], lines[same]
        order = np.lexsort((ends, tried))
        longest = order[np.append(np.diff(tried[order]) > 0, True)[: len(order)]]
        found = (tried[longest].tolist(), ends[longest].tolist(), files[lines[longest]].tolist())
        yield from map(_KnownLetters, *found)


def _groups(places: Places, step: int) -> Iterator[tuple[int, int]]:
    """The first and the last of each group of places that are at most so far from each other."""
    if len(places):
        breaks = np.flatnonzero(np.diff(places) > step)
        firsts = places[np.append(0, breaks + 1)]
        lasts = places[np.append(breaks, len(places) - 1)]
        yield from zip(firsts.tolist(), lasts.tolist(), strict=True)


def _in_characters(text: str, data: bytes, spans: Sequence[CopiedSpan]) -> tuple[CopiedSpan, ...]:
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
