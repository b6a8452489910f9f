r"""Numbered markers between the blocks of a text, by which an answer says which of its lines it replaces.

    <|marker_1|>first block
    <|marker_2|>second block<|marker_3|>

A block has 6 to 16 lines and begins after an empty line if it can. Zeta 2.1 was trained on these blocks, so
their borders are the format of the model and no choice of ours. This module knows text only.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

CURSOR = "<|user_cursor|>"
LEAST, MOST = 6, 16  # lines of a block
FURTHER = 5  # lines by which a border may move to a line that begins something
_MARKER = re.compile(r"<\|marker_([0-9]+)\|>")
_TAIL = re.compile(r"[)\]}]|(?:break|continue|return|throw|end);*\Z")


def marker(number: int) -> str:
    """The marker before a block; numbers count from 1."""
    return f"<|marker_{number}|>"


def with_markers(text: str, cursor: int | None = None) -> str:
    """A text with a marker before each of its blocks and one at its end, and with the mark of a cursor.

    >>> with_markers("a = 1\\nb = 2", 5)
    '<|marker_1|>a = 1<|user_cursor|>\\nb = 2<|marker_2|>'
    """
    borders = _borders(text)
    parts = []
    for number, start in enumerate(borders, 1):
        end = borders[number] if number < len(borders) else start
        block = text[start:end]
        if cursor is not None and start <= cursor <= end:
            block = block[: cursor - start] + CURSOR + block[cursor - start :]
            cursor = None
        parts.append(marker(number) + block)
    return "".join(parts)


def replace_marked(text: str, answer: str) -> str | None:
    """The text after an answer that begins and ends with markers; None if they do not fit the text.

    >>> replace_marked("a = 1\\nb = 2", "<|marker_1|>a = 1\\nb = 3<|marker_2|>")
    'a = 1\\nb = 3'
    """
    found = [*_MARKER.finditer(answer)]
    if len(found) < 2:
        return None
    first, last = (int(each[1]) for each in (found[0], found[-1]))
    if first == last:
        return text  # the format's way to say that nothing changes
    borders = _borders(text)
    if not 1 <= first < last <= len(borders):
        return None
    between = (answer[a.end() : b.start()] for a, b in pairwise(found))
    fresh = "".join(between).replace(CURSOR, "")
    return text[: borders[first - 1]] + fresh + text[borders[last - 1] :]


def _borders(text: str) -> list[int]:
    """Where blocks begin, and the end of the text, as offsets."""
    if not text:
        return [0, 0]
    lines = text.removesuffix("\n").split("\n")
    offsets = [0]
    for line in lines:
        offsets.append(offsets[-1] + len(line) + 1)
    return [*(offsets[at] for at in _block_starts(lines)), len(text)]


def _block_starts(lines: Sequence[str]) -> list[int]:
    starts = [0]
    at = 0
    while at < len(lines):
        start = _next_start(lines, starts[-1], at)
        if start is not None:
            starts.append(start)
        at = (at if start is None else start) + 1
    return starts


def _next_start(lines: Sequence[str], last: int, at: int) -> int | None:
    """The start of a block that the line `at` calls for, if it does."""
    size = at - last
    if size >= LEAST and lines[at].strip() and not lines[at - 1].strip():
        start = _good_start(lines, at)
        if len(lines) - start >= LEAST:
            return start
    return _good_start(lines, at) if size >= MOST else None


def _good_start(lines: Sequence[str], at: int) -> int:
    """The first line from `at` on that begins something, if it is near."""
    near = range(at, min(len(lines), at + FURTHER))
    return next((n for n in near if lines[n].strip() and not _TAIL.match(lines[n].strip())), at)
