"""A literal after another that says what it is: an e-mail address and a password, `"password", "..."`.

The two are items of a call, a row, a list or what a function returns.
"""

import re
from collections.abc import Iterator

from assist_escalation.redaction.contexts.secret_literals import is_mixed, is_token_like, is_typed_password
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.secret_names import meaning, parts

_PAIR = re.compile(
    r"""
    (?P<q1>\\?["'])(?P<first>[\w.+@-]{2,64})(?P=q1)
    [ \t]{0,4},[ \t\r\n]{0,40}
    (?P<prefix>[rbufLN@$]{0,2}\\?)(?P<q>["'])(?P<value>[^\s"'\\]{6,80})\\?(?P=q)
    (?![ \t]{0,4}(?::|=>|=|\]?[ \t]?\())
    """,
    re.VERBOSE,
)
_ADDRESS = re.compile(r"[\w.+-]{1,60}@[\w-]{1,60}(?:\.[\w-]{1,40})+")


def find_pairs(text: str) -> Iterator[Finding]:
    """Every password after the address of a person or after a name in quotes.

    >>> text = 'return "bob@example.org", "Summer-2019"'
    >>> [text[each.start : each.end] for each in find_pairs(text)]
    ['Summer-2019']
    """
    start = 0
    while match := _PAIR.search(text, start):
        start = match.end("first")
        type_ = _type_of(match["first"], match["value"])
        if type_:
            yield Finding(*match.span("value"), type_)


def _type_of(first: str, value: str) -> str | None:
    if "@" in first:
        person = _ADDRESS.fullmatch(first) is not None
        return "PASSWORD" if person and is_typed_password(value) and is_mixed(value) else None
    meant = meaning(first)
    if meant is None or meant.strength == "weak" or meaning(value) or set(parts(first)) <= set(parts(value)):
        return None
    if meant.type == "PASSWORD":
        return "PASSWORD" if is_typed_password(value) and is_mixed(value) else None
    digits = sum(map(str.isdigit, value))
    return (
        meant.type
        if meant.type != "PIN" and len(value) >= 16 and digits >= 3 and is_token_like(value)
        else None
    )
