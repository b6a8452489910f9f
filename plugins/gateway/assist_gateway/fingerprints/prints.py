"""The prints of a text under a key: of each two lines in a row, of each run of letters, and of single lines.

A single line counts only once its file is known by others.

Hashes are polynomials modulo 2^64 whose base and letters follow from the key by BLAKE2b, so that all of a
text are computed at once. Of a file's runs only some are kept, by winnowing: one of `WINDOW` that follow each
other, so that a common text of `RUN + WINDOW - 1` letters has one for certain.
"""

import hashlib
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from assist_gateway.fingerprints.letters import Bytes, LetterText, Places

Hashes = npt.NDArray[np.uint64]
ShortHashes = npt.NDArray[np.uint32]
Number = TypeVar("Number", np.uint32, np.uint64)

RUN = 32  # letters in a run; 80 characters of code have more than `RUN + WINDOW` (99 of 100)
LINE = 16  # letters of a line that is printed alone, and of its head: `import os` is in every other file
WINDOW = 8  # runs of which one is kept, in files: a power of two
_HALF = np.uint64(32)
_KEY_BYTES = 64  # the longest key of BLAKE2b
_PERSON = b"assist prints"
_SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # of splitmix64


@dataclass(frozen=True, slots=True)
class PrintKey:
    """What a secret makes of letters: a number for each, the base, its inverse, and three more numbers."""

    letters: Hashes = field(repr=False)
    base: np.uint64 = field(repr=False)
    inverse: np.uint64 = field(repr=False)
    join: np.uint64 = field(repr=False)
    run: np.uint64 = field(repr=False)
    line: np.uint64 = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinePrints:
    """The lines of `LINE` letters and more, each once: its first letters, all of it, and how many it has.

    They are in the order of their heads.
    """

    heads: ShortHashes = field(repr=False)
    wholes: ShortHashes = field(repr=False)
    sizes: ShortHashes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FilePrints:
    """The prints of one file. `pairs` are of two lines, `runs` of letters, `lines` of single lines."""

    pairs: Hashes = field(repr=False)
    runs: Hashes = field(repr=False)
    lines: LinePrints = field(repr=False)


def print_key(secret: bytes) -> PrintKey:
    """The key of an installation's secret."""
    stream = b"".join(
        hashlib.blake2b(number.to_bytes(4, "big"), key=secret[:_KEY_BYTES], person=_PERSON).digest()
        for number in range(260 * 8 // 64 + 1)
    )
    numbers = np.frombuffer(stream, "<u8").astype(np.uint64)
    odd = numbers[256:260] | np.uint64(1)
    inverse = pow(int(odd[0]), -1, 1 << 64)
    return PrintKey(numbers[:256], odd[0], np.uint64(inverse), odd[1], odd[2], odd[3])


def file_prints(text: LetterText, key: PrintKey) -> FilePrints:
    """What is kept of a file."""
    runs = in_order(_winnow(run_hashes(text.letters, key)))
    return FilePrints(in_order(pair_hashes(text, key)), runs, _line_prints(text, key))


def _line_prints(text: LetterText, key: PrintKey) -> LinePrints:
    starts, ends = _long_lines(text)
    heads = short(line_hashes(text.counted, starts, starts + LINE, key))
    wholes = short(line_hashes(text.counted, starts, ends, key))
    sizes = (ends - starts).astype(np.uint32)
    order = np.lexsort((sizes, wholes, heads))
    rows = np.stack((heads, wholes, sizes))[:, order]
    rows = rows[:, np.append(True, (rows[:, 1:] != rows[:, :-1]).any(axis=0))[: len(order)]]
    return LinePrints(rows[0], rows[1], rows[2])


def _long_lines(text: LetterText) -> tuple[Places, Places]:
    """Where the lines that are printed alone begin and end in `counted`."""
    long = np.flatnonzero(np.diff(text.lines) >= LINE)
    return text.lines[long], text.lines[long + 1]


def line_hashes(letters: Bytes, starts: Places, ends: Places, key: PrintKey) -> Hashes:
    """A hash for the letters of each line, or for the heads of lines."""
    return _mix(_windows(letters, starts, ends, key) ^ key.line)


def short(hashes: Hashes) -> ShortHashes:
    """The first halves of hashes."""
    return (hashes >> _HALF).astype(np.uint32)


def prints_without(prints: FilePrints, others: FilePrints) -> FilePrints:
    """What a file has and another one has not."""
    pairs = np.setdiff1d(prints.pairs, others.pairs, assume_unique=True)
    runs = np.setdiff1d(prints.runs, others.runs, assume_unique=True)
    own = ~np.isin(_line_keys(prints.lines), _line_keys(others.lines))
    lines = LinePrints(prints.lines.heads[own], prints.lines.wholes[own], prints.lines.sizes[own])
    return FilePrints(pairs, runs, lines)


def _line_keys(lines: LinePrints) -> Hashes:
    return (lines.heads.astype(np.uint64) << _HALF) | lines.wholes


def in_order(hashes: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """The hashes in order, each once. `numpy.unique` takes eight times as long for a million."""
    found = np.sort(hashes)
    return found[np.append(True, found[1:] != found[:-1])] if len(found) else found


def all_hashes(text: LetterText, key: PrintKey) -> Hashes:
    """The hash of every pair of lines, of every run, and of every line that is printed alone."""
    lines = line_hashes(text.counted, *_long_lines(text), key)
    return np.concatenate((pair_hashes(text, key), run_hashes(text.letters, key), lines))


def pair_hashes(text: LetterText, key: PrintKey) -> Hashes:
    """A hash for each two counted lines in a row, by the first of them."""
    if len(text.lines) < 3:
        return np.empty(0, np.uint64)
    lines = _windows(text.counted, text.lines[:-1], text.lines[1:], key)
    return _mix(lines[:-1] * key.join + lines[1:])


def run_hashes(letters: Bytes, key: PrintKey) -> Hashes:
    """A hash for each `RUN` letters in a row, by the first of them."""
    count = len(letters) - RUN + 1
    if count < 1:
        return np.empty(0, np.uint64)
    starts = np.arange(count)
    return _mix(_windows(letters, starts, starts + RUN, key) ^ key.run)


def _windows(letters: Bytes, starts: Places, ends: Places, key: PrintKey) -> Hashes:
    """The polynomial of the letters in each window, as if it began the text."""
    count = len(letters)
    powers = np.full(count + 1, key.base)
    powers[0] = 1
    np.cumprod(powers, out=powers)
    inverses = np.full(count + 1, key.inverse)
    inverses[0] = 1
    np.cumprod(inverses, out=inverses)
    sums = np.zeros(count + 1, np.uint64)
    np.cumsum(key.letters[letters] * powers[:-1], out=sums[1:])
    found: Hashes = (sums[ends] - sums[starts]) * inverses[starts]
    return found


def _mix(hashes: Hashes) -> Hashes:
    """Spreads a hash over all of its bits: the low ones of a polynomial depend on few."""
    hashes = (hashes ^ (hashes >> _SHIFTS[0])) * _FACTORS[0]
    hashes = (hashes ^ (hashes >> _SHIFTS[1])) * _FACTORS[1]
    return hashes ^ (hashes >> _SHIFTS[2])


def _winnow(hashes: Hashes) -> Hashes:
    """The smallest hash of each window."""
    if len(hashes) <= WINDOW:
        return np.sort(hashes)[:1]
    smallest: Hashes = hashes
    width = 1
    while width < WINDOW:  # the smallest of twice as many; `WINDOW` is a power of two
        smallest = np.minimum(smallest[:-width], smallest[width:])
        width *= 2
    kept: Hashes = smallest[np.append(True, smallest[1:] != smallest[:-1])]
    return kept
