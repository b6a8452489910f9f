"""Calls that a text writes out: the callee and the arguments. It knows no signature."""

import re
from collections.abc import Iterator

from assist_completion.display.member_accesses import receiver_before
from assist_context.code.trees.fragments import split_outside
from assist_context.documents import WrittenCall

_OPENS = re.compile(r"(?<=\w)\(")
_DEFINES = re.compile(r"\b(?:def|fn|func|function|class|struct|enum|interface|trait|impl|new)\s+[\w.]*\Z")
_KEYWORDS = """
if elif while for switch match catch return await yield not and or in is assert del raise print super typeof
sizeof with except lambda func function fn
"""
_NO_CALLS = frozenset(_KEYWORDS.split())
_NAMED = re.compile(r"([^\W\d]\w*)\s*=(?!=)")
_SPREAD = re.compile(r"\*|\.\.\.|.*\.\.\.\Z", re.DOTALL)
_COMPARED = re.compile(r"(?<=\w)\s*(?:is(?:\s+not)?|==|!=|<=?|>=?)\s*(?:None\b|\d+\b)")


def find_calls(code: str, blank: str, language: str) -> Iterator[tuple[WrittenCall, int, int]]:
    """The calls in a code whose brackets are closed, each with its first and last place.

    `blank` is the same code with blanks in place of strings and comments.

    >>> code = "x = a.f(b, g(1), key=c)"
    >>> [(call.callee, call.places, call.names) for call, _, _ in find_calls(code, code, "python")]
    [('a.f', 2, ('key',)), ('g', 1, ())]
    """
    for match in _OPENS.finditer(blank):
        last = _closing(blank, match.start())
        callee = receiver_before(blank, match.start())
        first = match.start() - len(callee)
        if last < 0 or not callee or callee in _NO_CALLS or _DEFINES.search(blank[: match.start()]):
            continue
        arguments = [part for part in split_outside(code[match.end() : last], ",") if part]
        plain = [part for part in arguments if not _SPREAD.match(part)]
        keywords = [pair[1] for pair in map(_NAMED.match, plain) if pair] if language == "python" else []
        results = language == "go" and len(arguments) == 1 and arguments[0].endswith(")")  # maybe several
        spread = results or len(plain) < len(arguments) or " for " in blank[match.end() : last]
        yield WrittenCall(callee, len(plain) - len(keywords), tuple(keywords), spread), first, last + 1
    for match in _COMPARED.finditer(blank) if language == "python" else ():
        callee = receiver_before(blank, match.start())
        if callee and not callee.endswith((")", "]")):
            yield WrittenCall(callee, compared=True), match.start() - len(callee), match.end()


def _closing(code: str, at: int) -> int:
    """Find where the bracket at a place is closed, -1 if it is not."""
    depth = 0
    for place in range(at, len(code)):
        depth += (code[place] in "([{") - (code[place] in ")]}")
        if not depth:
            return place
    return -1
