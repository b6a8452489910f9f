"""Secrets that are longer than a window: tokens of a known format, and values after the name of a secret.

It searches the whole text, in time that grows with its length alone. Shorter ones are left to the others.
"""

import re
from collections.abc import Iterator

from assist_escalation.prompts import PLACEHOLDER
from assist_escalation.redaction.detectors.token_formats import find_long_tokens
from assist_escalation.redaction.findings import Check, Finding
from assist_escalation.redaction.secret_names import meaning
from assist_escalation.redaction.secret_values import is_example

LEAST = 300  # characters; the expressions for an assignment take up to 200 to 400
_MOST = 65_536  # characters of one value: tokens with the groups of a user have 2 to 16 KB
_JUMBLED = 55  # different characters of the first `LEAST`: only a machine mixes so many
_CODE = re.compile(r"://|\]\(|=[A-Z_]+&|[({]\w+[,)]|&&|\|\|")
_NAMED = re.compile(
    r"""
    (?P<name>[\w.-]{1,80}+)
    \\?["'`]?[\])}]?[ \t]{0,9}+
    (?:[!?]?:[ ]?(?:string|str|String|&str|text)[ ]?(?==))?       # a type
    (?:=>|:=|\?\?=|\|\|=|<-|[:=,(>]|[ ]bearer|[ ]basic|[ ]token)
    [ \t]{0,9}+(?:[|>][+-]?)?(?:\\?\r?\n[ \t]{0,60}+)?
    (?:[\w.:\[\]]{0,30}\()?[fbruLN@$]{0,2}\\?["'`]?
    (?:(?:bearer|basic|token|apikey|negotiate)[ ]|AUTH[ ])?\Z
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LEADING = re.compile(r"[\w.-]{1,80}+[=:]")  # access_token=...
_RUN = re.compile(rf"""(?<![^\s"'`<>\\])[^\s"'`<>\\]{{{LEAST},{_MOST}}}+""")
_LONG_LINE = re.compile(rf"^[^\n]{{{LEAST},}}+", re.MULTILINE)
_QUOTE = re.compile(
    r"""
    (?P<name>(?:pass|pwd|secret|token|key|cred|auth|cookie|jwt)[\w.-]{0,40}+)\\?["']?\]?
    [ \t]{0,9}(?:=>|:=|[:=,])[ \t]{0,9}[fbru@]{0,2}(?P<q>["'])
    """,
    re.IGNORECASE | re.VERBOSE,
)
_NAME_BEFORE = re.compile(r"[\w.-]+\Z")
_UP_TO = {sign: re.compile(rf"(?:[^\\\r\n{sign}]++|\\.){{1,{_MOST}}}+") for sign in ('"', "'")}


def find_long_values(text: str, check: Check) -> Iterator[Finding]:
    """Every value of at least `LEAST` characters after the name of a secret.

    >>> found = next(find_long_values("api_secret: " + "x9KqTb7mWz" * 160, lambda: None))
    >>> found.end - found.start
    1600
    """
    for line in _LONG_LINE.finditer(text):
        check()
        for run in _RUN.finditer(text, *line.span()):
            yield from find_long_tokens(text, run.start(), run.end())
            yield from _find_named(text, run)
        yield from _find_quoted(text, line, check)


def _find_named(text: str, run: re.Match[str]) -> Iterator[Finding]:
    """The run if a secret's name is before it, or in its beginning."""
    named = _NAMED.search(text, max(0, run.start() - 160), run.start())
    leading = None if named else _LEADING.match(text, run.start())
    if named:
        yield from _if_secret(text, run.start(), run.end(), named["name"])
    elif leading:
        yield from _if_secret(text, leading.end(), run.end(), leading[0][:-1])


def _find_quoted(text: str, line: re.Match[str], check: Check) -> Iterator[Finding]:
    """Values with blanks or escapes in them, up to the quote that ends them."""
    done = 0
    for count, match in enumerate(_QUOTE.finditer(text, *line.span())):
        if not count % 100:
            check()
        if match.end() < done:
            continue
        value = _UP_TO[match["q"]].match(text, match.end())
        if value is None:
            continue
        done = value.end()
        if done - value.start() >= LEAST and text[done : done + 1] == match["q"]:
            before = _NAME_BEFORE.search(text, max(0, match.start() - 40), match.start())
            yield from _if_secret(text, value.start(), done, (before[0] if before else "") + match["name"])


def _if_secret(text: str, start: int, end: int, name: str) -> Iterator[Finding]:
    value = text[start:end].rstrip(",;.)}]")
    meant = meaning(name[-80:])
    if meant is None or len(value) < LEAST or PLACEHOLDER.search(value):
        return
    head = value[:LEAST]
    digits = sum(map(str.isdigit, head))
    letters = sum(map(str.isalpha, head))
    if head.count(" ") * 20 > len(head) or letters * 4 < len(head):
        return
    if len(set(head)) < _JUMBLED and (is_example(head) or _CODE.search(head)):
        return
    if meant.strength != "strong" and digits < 10:
        return
    if len(set(head)) > 8:
        yield Finding(start, start + len(value), meant.type)
