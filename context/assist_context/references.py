"""What a file refers to, from the marks that a query left: names that are called or used as types.

It knows where definitions stand, not how they are found. A reference is a name, not a place.
"""

import re
import string
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from operator import itemgetter

from assist_context.grammars import Mark
from assist_context.source import Source

NAME_CHARACTERS = 160  # a longer one is a selector list or a heading that is a text

_CAPTURES = frozenset({"ref", "ref.upper", "ref.words"})
_SMALL = frozenset(string.ascii_lowercase.encode())

Defined = tuple[
    int, int, int, str
]  # where the name of a definition stands, its first byte, its end, its name


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is called or used as a type; `inside` is the qualified name of the definition it is in."""

    name: str
    line: int
    inside: str = ""


def references(source: Source, marks: Iterable[Mark], defined: list[Defined]) -> list[Reference]:
    """The references among marks, in source order. `defined` comes so too; its names are no references."""
    names = {at for at, *_ in defined}
    data, starts, last = source.data, source.starts, -1
    result: list[Reference] = []
    stack: list[tuple[int, str]] = []  # where the definitions around end, and their names
    ahead = iter(defined)
    coming = next(ahead, None)
    for start, end, how in sorted([each for each in marks if each[2] in _CAPTURES], key=itemgetter(0)):
        again, last = start == last, start
        if again or start in names or (how == "ref.upper" and data[start] in _SMALL):
            continue
        while coming and coming[1] <= start:
            while stack and stack[-1][0] <= coming[1]:
                stack.pop()
            stack.append(coming[2:])
            coming = next(ahead, None)
        while stack and stack[-1][0] <= start:
            stack.pop()
        text = source.text(start, min(end, start + NAME_CHARACTERS))
        line, inside = bisect_right(starts, start), stack[-1][1] if stack else ""
        if how == "ref" and text.isidentifier():
            result.append(Reference(text, line, inside))
        else:
            result += [Reference(name, line, inside) for name in _referred(text, how)]
    return result


def _referred(text: str, how: str) -> list[str]:
    """The names in what was captured: of a path the last, without type arguments."""
    if how == "ref.words":
        return text.split()
    if how == "ref.upper" and not text[:1].isupper():
        return []
    if text.isidentifier():
        return [text]
    last = re.split(r"::|[.\\]|->", re.sub(r"<.*", "", text, flags=re.DOTALL))[-1].strip()
    return [last] if last else []
