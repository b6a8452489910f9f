"""Secrets that stand elsewhere than behind a name: in addresses, headers, command lines, calls, prose.

It knows which modules know these, and the remark behind a literal that says what it is.
"""

import re
from collections.abc import Iterator

from assist_escalation.addresses import ADDRESSES
from assist_escalation.arguments import CALLS, find_calls
from assist_escalation.commands import COMMANDS
from assist_escalation.findings import Finding
from assist_escalation.phrase import find_phrase
from assist_escalation.remarks import REMARKS
from assist_escalation.values import is_generated, is_structured, stands_for_one
from assist_escalation.words import lowered

_PHRASES = (*ADDRESSES, *COMMANDS, *CALLS, *REMARKS)
_REMARK = re.compile(
    r"""["'`)\]};,][ \t]{1,40}(?:\#|//|--|/\*)[^\n"'`]{0,60}?\b(?:(?P<password>pass(?:word|wd|phrase)s?|"""
    r"""pwd|pw)|secret|token|api[ _-]?key|access"""
    r"""[ _-]?key|credentials?|secret[ _-]?key)\b""",
    re.IGNORECASE,
)
_LITERAL = re.compile(r"""(?P<q>["'`])(?P<v>[^"'`\s]{6,200})(?P=q)""")


def find_phrases(text: str) -> Iterator[Finding]:
    """Every secret that one of the known phrases hands over.

    >>> text = "git clone https://me:hunter2@host/x"
    >>> [text[each.start : each.end] for each in find_phrases(text)]
    ['hunter2']
    """
    lower = lowered(text)
    for phrase in _PHRASES:
        yield from find_phrase(text, lower, phrase)
    yield from find_calls(text)
    yield from _remarked(text)


def _remarked(text: str) -> Iterator[Finding]:
    """The literals of a line whose comment says that they are secret."""
    done = 0
    for remark in _REMARK.finditer(text):
        start = max(done, text.rfind("\n", 0, remark.start()) + 1)
        done = remark.start() + 1
        for literal in _LITERAL.finditer(text, start, done):
            value = literal["v"]
            typed = remark["password"] and _is_password(value)
            if is_generated(value) or typed:
                yield Finding(*literal.span("v"), "PASSWORD" if typed else "API_KEY")


def _is_password(value: str) -> bool:
    return is_structured(value) and any(map(str.isdigit, value)) and not stands_for_one(value)
