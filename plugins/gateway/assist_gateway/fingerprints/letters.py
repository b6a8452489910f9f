"""The letters and digits of a text in one array, with their places and lines; nothing else of it counts."""

from dataclasses import dataclass, field

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
