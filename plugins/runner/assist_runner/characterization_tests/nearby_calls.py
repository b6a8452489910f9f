"""Calls that are like one of the user's, with other arguments: what an edit changes that no one asked for.

It knows literals as texts, which are alike in all languages, and runs nothing.
"""

import re
from collections.abc import Iterator

MOST = 8  # calls; each takes milliseconds in a run that takes a second anyway
_LITERAL = re.compile(
    r"""(?P<quote>['"])(?P<text>(?:(?!(?P=quote))[^\\\n])*)(?P=quote)|(?<![\w.'"])(?P<number>\d+)(?![\w.'"])"""
)


def nearby_calls(call: str) -> list[str]:
    """The call with one literal changed at a time, within its parentheses; none if it has no literal.

    >>> nearby_calls("cut('a b', 1)")
    ["cut('', 1)", "cut('x', 1)", "cut('x y', 1)", "cut('a b x', 1)", "cut('a b', 0)", "cut('a b', 2)"]
    """
    opened = call.find("(") + 1
    found = (
        call[: literal.start()] + text + call[literal.end() :]
        for literal in _LITERAL.finditer(call, opened)
        for text in _other_texts(literal)
    )
    return [other for other in dict.fromkeys(found) if other != call][:MOST]


def _other_texts(literal: re.Match[str]) -> Iterator[str]:
    if literal["number"] is not None:
        number = int(literal["number"])
        yield from map(str, sorted({0, 1, max(number - 1, 0), number + 1}))
        return
    quote = literal["quote"]
    for text in ("", "x", "x y", f"{literal['text']} x".lstrip()):
        yield f"{quote}{text}{quote}"
