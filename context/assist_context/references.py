"""What a file refers to, from the marks that a query left: names that are called or used as types.

It knows where definitions stand, not how they are found. A reference is a name, not a place.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from assist_context.grammars import Mark
from assist_context.source import Source

NAME_CHARACTERS = 160  # a longer one is a selector list or a heading that is a text

_CAPTURES = frozenset({"ref", "ref.upper", "ref.words"})

Defined = tuple[int, int, int]  # where the name of a definition stands, its first byte, and its end
Located = tuple[str, int, int]  # a name, its line, and the place of the definition that it is in, or -1


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that is called or used as a type; `inside` is the qualified name of the definition it is in."""

    name: str
    line: int
    inside: str = ""


def located(source: Source, marks: Iterable[Mark], defined: Sequence[Defined]) -> list[Located]:
    """The references among marks, in source order. `defined` comes so too; its names are no references."""
    names = {at for at, _, _ in defined}
    starts, last, inside, ascii_text = source.starts, -1, -1, source.ascii
    result: list[Located] = []
    stack: list[tuple[int, int]] = []  # where the definitions around end, and their places
    begins = [start for _, start, _ in defined]
    coming, border = 0, begins[0] if begins else len(source.data) + 1  # where `inside` may change next
    for start, end, how in sorted([each for each in marks if each[2] in _CAPTURES], key=itemgetter(0)):
        again, last = start == last, start
        if again or start in names:
            continue
        if start >= border:
            while coming < len(begins) and begins[coming] <= start:
                while stack and stack[-1][0] <= begins[coming]:
                    stack.pop()
                stack.append((defined[coming][2], coming))
                coming += 1
            while stack and stack[-1][0] <= start:
                stack.pop()
            inside = stack[-1][1] if stack else -1
            border = begins[coming] if coming < len(begins) else len(source.data) + 1
            border = min(border, stack[-1][0]) if stack else border
        text = ascii_text[start:end] if ascii_text and end - start <= NAME_CHARACTERS else ""
        text = text or source.text(start, min(end, start + NAME_CHARACTERS))
        if how == "ref" and text.isidentifier():
            result.append((text, bisect_right(starts, start), inside))
        else:
            line = bisect_right(starts, start)
            result += [(name, line, inside) for name in _referred(text, how)]
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
