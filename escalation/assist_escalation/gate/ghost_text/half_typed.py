"""Whether the text at a cursor may become a secret that is only partly there, so that no rule knows it yet.

While a token is typed, each prompt would hold a longer beginning of it. The rule is generous: where it
is wrong, the local model writes the text.
"""

import re

from assist_escalation.redaction.detectors.token_formats import TOKENS
from assist_escalation.redaction.secret_values import turns

LEAST = 8  # characters of a word without a known prefix
TURNS, DIGITS = 4, 2  # changes between small letters, capitals and digits; `http2_v3` has fewer

_RUN = re.compile(r"[\w+/=.~:-]+\Z", re.ASCII)
_PARTS = re.compile(r"[./:=]")
_GENERATED = re.compile(r"\d|[a-z][A-Z]|[A-Z]{2}[a-z]")  # what soon follows a prefix, and seldom in a name
_PREFIXES = tuple(sorted({prefix for _, token in TOKENS for prefix in token.prefixes if len(prefix) > 2}))
_ELEMENT = re.compile(r"<([\w.:-]{1,60})(?:\s[^<>]*)?>[^<>]*\Z")
_VALUE = re.compile(
    r"""
    (?: [:=>,] | \b(?:is|by|with|password|ENV[ \t]+\w+|ARG|ENV) ) [ \t]* [^\s()\[\]{}]*\Z
  | [ \t]--?\w+ (?:[ =]\S*)? \Z                 # an option of a command, and what it is given
    """,
    re.VERBOSE,
)
_CLOSERS = ('"', "'", '"""', '")', "')", "@h/")


def may_become_secret(text: str) -> bool:
    """Whether `text` ends within something that looks like a beginning of a token.

    >>> [may_become_secret(each) for each in ('key = "ghp_a1', 'x = "4a86f954d7', "http2_v3")]
    [True, True, False]
    """
    run = _RUN.search(text[-400:])
    if run is None:
        return False
    return any(_is_token_like(part) for part in _PARTS.split(run[0]))


def ends_of(text: str) -> tuple[str, ...]:
    """What may be typed to end the value at the end of `text`, so that rules for whole values find it.

    Nothing, if the text does not end in a value.
    """
    line = text.rpartition("\n")[2]
    open_quote = any(line.count(each) % 2 for each in "\"'`")
    if not open_quote and text.count('"""') % 2 == 0 and not _VALUE.search(line):
        return ()
    element = _ELEMENT.search(text[-400:])
    return (*_CLOSERS, f"</{element[1]}>") if element else _CLOSERS


def _is_token_like(word: str) -> bool:
    for prefix in _PREFIXES:
        if word.startswith(prefix) and _GENERATED.search(word, len(prefix)):
            return True
    return len(word) >= LEAST and turns(word) >= TURNS and sum(map(str.isdigit, word)) >= DIGITS
