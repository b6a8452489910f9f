"""What a phrase is: an expression around a secret that stands elsewhere than behind a name.

It knows no phrase; `addresses`, `commands` and `remarks` do.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_escalation.findings import Finding
from assist_escalation.values import is_example, is_random, is_structured, stands_for_one

# What may be the secret. `structured`: only with a digit or a sign in it. `usual`: no word that stands for
# one. `certain`: nothing else can stand there, so any word but an example.
Sure = Literal["structured", "usual", "certain"]

ARGUMENT = r"""(?:\\?["'](?P<v1>[^"'\r\n]{4,120}?)\\?["']|(?P<v2>[^\s"'`;|&<>]{4,120}))"""
STRING = r"""\\?["'](?P<v>[^"'\r\n]{4,200}?)\\?["']"""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way to hand over a secret: its type, words of which one must occur (lower case), and an expression
    over text in lower case whose groups that begin with `v` are the secret."""

    type: str
    words: tuple[str, ...]
    regex: re.Pattern[str]
    sure: Sure = "usual"


def phrase(type_: str, words: str, expression: str, sure: Sure = "usual") -> Phrase:
    """A phrase whose words stand in one text, with blanks between."""
    return Phrase(type_, tuple(words.split(" ")), re.compile(expression), sure)


def find_phrase(text: str, lower: str, sought: Phrase) -> Iterator[Finding]:
    """Every secret in `text` that the phrase hands over; `lower` is the text in lower case."""
    if not any(word in lower for word in sought.words):
        return
    for match in sought.regex.finditer(lower):
        for name, found in match.groupdict().items():
            if found is None:
                continue
            start, end = match.span(name)
            value = text[start:end]
            if sought.sure != "usual":
                value = value.rstrip(".,:")
            if _may_be(value, sought.sure):
                yield Finding(start, start + len(value), sought.type)


def _may_be(value: str, sure: Sure) -> bool:
    if sure == "certain":
        return not is_example(value)
    if sure == "structured" and not (is_structured(value) or is_random(value)):
        return False
    return not stands_for_one(value)
