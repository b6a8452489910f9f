"""Whether a text has begun to repeat itself without end, told from its tokens. It knows no model."""

from collections.abc import Sequence

PERIOD = 80  # tokens of the longest repeated part: about eight lines
# So often, over at least so many tokens. Of 700 files of Python's library, its tests and Markdown (1.95
# million tokens) four hold such a run, all of them tables of data; with half of LEAST it would be nine.
TIMES = 4
LEAST = 64


def repeats(tokens: Sequence[int]) -> bool:
    """Whether the last tokens are one part, up to `PERIOD` long, over and over.

    >>> repeats([7, 8] * 31), repeats([7, 8] * 32)
    (False, True)
    """
    size = len(tokens)
    for period in range(1, min(PERIOD, size // TIMES) + 1):
        span = max(TIMES * period, LEAST)
        if span > size:
            continue
        if all(tokens[at] == tokens[at - period] for at in range(size - 1, size - span + period - 1, -1)):
            return True
    return False
