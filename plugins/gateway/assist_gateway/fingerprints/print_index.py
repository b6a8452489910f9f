"""The prints of many files in one sorted table, and what allowed files have, which says nothing of others."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from assist_gateway.fingerprints.prints import (
    LINE,
    FilePrints,
    Hashes,
    LinePrints,
    ShortHashes,
    in_order,
    short,
)

_SMALLEST_SIEVE = 16  # bits of a hash; 64 KB
_LARGEST_SIEVE = 26
_MAX_ALIKE = 64  # lines with the same head: each is tried wherever a text has the head
_ROOM = 3  # bits: eight places of the sieve for a hash, so that seven of eight strange ones end there


@dataclass(frozen=True, slots=True)
class PrintIndex:
    """All hashes in order, each with the number of the first file that has it.

    `lines` are the single lines of each print, and `numbers` the file that it is of, which may have several.

    The sieve says, by the first bits of a hash, whether there can be one: nearly all questions end there.
    `allowed` has all that allowed files say, in short hashes; none of `hashes` is among them.
    """

    hashes: Hashes = field(repr=False)
    files: npt.NDArray[np.uint32] = field(repr=False)
    sieve: npt.NDArray[np.bool_] = field(repr=False)
    shift: np.uint64 = field(repr=False)
    lines: tuple[LinePrints, ...] = field(repr=False, default=())
    numbers: tuple[int, ...] = field(repr=False, default=())
    allowed: tuple[ShortHashes, ...] = field(repr=False, default=())


def print_index(prints: Sequence[FilePrints], numbers: Sequence[int] | None = None) -> PrintIndex:
    """The index of files. `numbers` says of which file each of the prints is; without it each has its own."""
    numbers = tuple(range(len(prints)) if numbers is None else numbers)
    parts = [np.concatenate((one.pairs, one.runs)) for one in prints]
    hashes = np.concatenate(parts) if parts else np.empty(0, np.uint64)
    files = np.repeat(np.array(numbers, np.uint32), [len(part) for part in parts])
    order = np.argsort(hashes, kind="stable")
    hashes = hashes[order]
    first = np.append(True, hashes[1:] != hashes[:-1])[: len(hashes)]
    index = _with_sieve(hashes[first], files[order][first])
    return replace(index, lines=tuple(one.lines for one in prints), numbers=numbers)


def lines_of(index: PrintIndex, files: Collection[int]) -> tuple[LinePrints, npt.NDArray[np.uint32]]:
    """The single lines of all that is printed of some files, by their heads, and the file of each.

    Of very many lines with one head, such as rows of zeros, the head alone is one.
    """
    parts = [(lines, file) for lines, file in zip(index.lines, index.numbers, strict=True) if file in files]
    tables = [
        np.stack((part.heads, part.wholes, part.sizes, np.full_like(part.heads, file)))
        for part, file in parts
    ]
    rows = np.concatenate(tables, axis=1)
    rows = _each_once(rows[:, np.lexsort(rows[2::-1])])
    counts = np.unique(rows[0], return_counts=True)[1]
    alike = np.repeat(counts > _MAX_ALIKE, counts)
    rows[1, alike] = rows[0, alike]  # as a line of no more than its head is printed
    rows[2, alike] = LINE
    rows = _each_once(rows)
    return LinePrints(rows[0], rows[1], rows[2]), rows[3]


def _each_once(rows: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """The columns of a sorted table, those that are the same but for the file once."""
    new = (rows[:3, 1:] != rows[:3, :-1]).any(axis=0)
    return rows[:, np.append(True, new)[: rows.shape[1]]]


def short_hashes(hashes: Hashes) -> ShortHashes:
    """The first halves of hashes, each once, in order: enough to recognize what an allowed text has.

    One of 600 prints is taken for a print of 7 million allowed letters without being one.
    """
    return in_order(short(hashes))


def join_short(tables: Sequence[ShortHashes]) -> ShortHashes:
    """The short hashes of several tables in one."""
    return in_order(np.concatenate(tables)) if tables else np.empty(0, np.uint32)


def without(index: PrintIndex, allowed: Iterable[ShortHashes]) -> PrintIndex:
    """The index without the hashes that allowed texts have, which it remembers."""
    tables = tuple(allowed)
    gone = are_in(tables, index.hashes)
    kept = _with_sieve(index.hashes[~gone], index.files[~gone]) if gone.any() else index
    return replace(kept, lines=index.lines, numbers=index.numbers, allowed=tables)


def are_in(tables: Sequence[ShortHashes], hashes: Hashes) -> npt.NDArray[np.bool_]:
    """For each hash whether one of the tables has it."""
    wanted = short(hashes)
    found = np.zeros(len(wanted), np.bool_)
    for table in tables:
        if len(table):
            places = np.minimum(np.searchsorted(table, wanted), len(table) - 1)
            found |= table[places] == wanted
    return found


def news_of(index: PrintIndex, before: PrintIndex) -> ShortHashes:
    """What an index has and an earlier one had not, in short hashes."""
    known = before.hashes
    if not len(known):
        return short_hashes(index.hashes)
    places = np.minimum(np.searchsorted(known, index.hashes), len(known) - 1)
    return short_hashes(index.hashes[known[places] != index.hashes])


def have_common(one: ShortHashes, other: ShortHashes) -> bool:
    """Whether two tables share a short hash."""
    few, many = (one, other) if len(one) < len(other) else (other, one)
    if not len(few):
        return False
    places = np.minimum(np.searchsorted(many, few), len(many) - 1)
    return bool((many[places] == few).any())


def find(index: PrintIndex, hashes: Hashes) -> npt.NDArray[np.intp]:
    """The place of each hash in the index, -1 for none."""
    found = np.full(len(hashes), -1, np.intp)
    maybe = np.flatnonzero(index.sieve[(hashes >> index.shift).astype(np.intp)])
    if len(maybe):
        wanted = hashes[maybe]
        places = np.minimum(np.searchsorted(index.hashes, wanted), len(index.hashes) - 1)
        same = index.hashes[places] == wanted
        found[maybe[same]] = places[same]
    return found


def _with_sieve(hashes: Hashes, files: npt.NDArray[np.uint32]) -> PrintIndex:
    bits = min(max(len(hashes).bit_length() + _ROOM, _SMALLEST_SIEVE), _LARGEST_SIEVE)
    shift = np.uint64(64 - bits)
    sieve = np.zeros(1 << bits, np.bool_)
    sieve[(hashes >> shift).astype(np.intp)] = True
    return PrintIndex(hashes, files, sieve, shift)
