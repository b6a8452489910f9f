"""The letters and digits of a text in one array, with their places and lines; nothing else of it counts.

Capitals and accents do not count either: `Ü`, `ü` and an `u` with an accent of its own are `u`, `ß` is `ss`.
"""

from dataclasses import dataclass, field
from functools import cache
from unicodedata import normalize

import numpy as np
import numpy.typing as npt

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.intp]

SHORT_LINE = 4  # letters; a line with fewer, such as `}` or `end`, says nothing and is passed over


def _letter_table() -> Bytes:
    """For each byte the letter that it is, in lower case, or 0; all of UTF-8 above ASCII are letters."""
    table = np.zeros(256, np.uint8)
    for code in range(256):
        sign = chr(code)
        if code >= 128 or sign.isalnum():
            table[code] = code if code >= 128 else ord(sign.lower())
    return table


_LETTER = _letter_table()
_FOLDED = 1 << 16  # characters from here on, of four bytes, have no letters that are written in two ways
_NEWLINE = 10


@dataclass(frozen=True, slots=True)
class LetterText:
    """The letters of a text in bytes, and where each is in it.

    `lines` are the lines with enough letters, as the places where they begin in `counted`, which has the
    letters of these lines alone; the last number is the end. `line_starts` and `line_ends` are their places
    in the text.
    """

    size: int
    letters: Bytes = field(repr=False)
    places: Places = field(repr=False)
    counted: Bytes = field(repr=False)
    lines: Places = field(repr=False)
    line_starts: Places = field(repr=False)
    line_ends: Places = field(repr=False)


def letters_of(view: bytes) -> LetterText:
    """The letters of a view.

    >>> text = letters_of(b"{\\n  Total = 1\\n}")
    >>> bytes(text.letters), text.line_starts.tolist(), text.line_ends.tolist()
    (b'total1', [2], [13])
    """
    data = np.frombuffer(view, np.uint8)
    signs = _LETTER[data]
    places = np.flatnonzero(signs)
    letters = signs[places]
    if not view.isascii():
        letters = _fold(letters)
        places = places[letters > 0]
        letters = letters[letters > 0]
    ends = np.append(np.flatnonzero(data == _NEWLINE), len(data))
    starts = np.append(0, ends[:-1] + 1)
    firsts = np.searchsorted(places, starts)  # the number of the first letter of each line
    counts = np.diff(np.append(firsts, len(places)))
    long = counts >= SHORT_LINE
    lengths = counts[long]
    return LetterText(
        len(data),
        letters,
        places,
        letters[np.repeat(long, counts)],
        np.append(0, np.cumsum(lengths)),
        starts[long],
        ends[long],
    )


@cache
def _folded_table() -> tuple[npt.NDArray[np.bool_], Bytes]:
    """Which characters are written otherwise, and the letters of each of these, in at most as many bytes.

    A sign that is no letter or digit has none.
    """
    is_other = np.zeros(_FOLDED, np.bool_)
    meant = np.zeros((_FOLDED, 3), np.uint8)
    for code in (*range(0x80, 0xD800), *range(0xE000, _FOLDED)):
        sign = chr(code)
        plain = normalize("NFKD", normalize("NFKD", sign).casefold())
        folded = "".join(one for one in plain if one.isalnum()).encode()
        if len(folded) <= len(sign.encode()) and folded != sign.encode():
            is_other[code] = True
            meant[code, : len(folded)] = list(folded)
    return is_other, meant


def _fold(letters: Bytes) -> Bytes:
    """The letters without capitals and accents, and 0 for each byte that is left over."""
    is_other, meant = _folded_table()
    found = letters.copy()
    follows = np.append((letters & 0xC0) == 0x80, (False, False))
    wide = letters.astype(np.uint32)
    leads = np.flatnonzero(letters >= 0xC0)
    twos = leads[(letters[leads] < 0xE0) & follows[leads + 1]]
    threes = leads[(letters[leads] & 0xF0 == 0xE0) & follows[leads + 1] & follows[leads + 2]]
    codes = (
        (twos, (wide[twos] & 0x1F) << 6 | wide[twos + 1] & 0x3F, 2),
        (threes, (wide[threes] & 0xF) << 12 | (wide[threes + 1] & 0x3F) << 6 | wide[threes + 2] & 0x3F, 3),
    )
    for places, signs, size in codes:
        other = is_other[signs]
        for byte in range(size):
            found[places[other] + byte] = meant[signs[other], byte]
    return found
