"""When an offer is not pushed although there is one: it would come at a bad moment.

A user who asks gets an answer all the same.
"""

import re
from collections.abc import Sequence

from assist_context.documents import Cursor

_WORD = re.compile(r"\w")


def is_in_word(lines: Sequence[str], cursor: Cursor) -> bool:
    """Whether there are characters of a word right before and after a cursor.

    >>> is_in_word(["load user"], Cursor(0, 2)), is_in_word(["load user"], Cursor(0, 4))
    (True, False)
    """
    if not 0 <= cursor.line < len(lines) or cursor.column < 1:
        return False
    around = lines[cursor.line][cursor.column - 1 : cursor.column + 1]
    return len(_WORD.findall(around)) == 2
