"""Finds tokens that have a published format: a service's key looks the same wherever it is written.

The formats are in `token_formats.toml`. This module knows how to search for one, and nothing about names
and assignments. A format is tried only where one of its words occurs, which makes the search fast.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import Rule, read_rules
from assist_escalation.redaction.secret_names import lower_case

_LEFT = r"(?<![A-Za-z0-9])"
_RIGHT = r"(?![A-Za-z0-9])"
_PLACES = ("start", "inside", "before", "anywhere")


@dataclass(frozen=True, slots=True)
class Format:
    """The format of a token: its type, words in lower case of which one must occur, and its expression.

    If the expression has a group, the group is the secret. `leads`: every match begins with a word.
    """

    type: str
    words: tuple[str, ...]
    regex: re.Pattern[str]
    leads: bool = False


def format_of(rule: Rule) -> Format:
    """The format that one table of `token_formats.toml` describes.

    >>> rule = Rule("x", {"type": "X", "words": "x-", "place": "start", "expression": "x-[0-9]{4}"})
    >>> format_of(rule).regex.search("key=x-1234")[0]
    'x-1234'
    """
    place = rule.text("place", _PLACES)
    words = rule.words()
    expression = rule.text("expression")
    if place in ("start", "inside"):
        expression = f"{_LEFT}(?:{expression}\n){_RIGHT}"
    elif place == "before":
        expression = f"(?i:{re.escape(words[0])})[^\\n]{{0,40}}?[\\s\"'=:,(>]({expression}\n){_RIGHT}"
    return Format(rule.text("type"), words, rule.regex(expression), leads=place == "start")


_RULES = read_rules(__package__, "token_formats.toml", {"format": "type words place expression"})
FORMATS = tuple(map(format_of, _RULES["format"]))


def find_formats(text: str) -> Iterator[Finding]:
    """Every token of a known format in `text`.

    >>> [each.type for each in find_formats("key: AKIA" + "Q" * 16)]
    ['AWS_KEY_ID']
    """
    lower = lower_case(text)
    for token_format in FORMATS:
        for word in token_format.words:
            offset = lower.find(word)
            if offset >= 0 and not token_format.leads:
                for match in token_format.regex.finditer(text):
                    yield from _findings(match, token_format)
                break
            while offset >= 0:
                led = token_format.regex.match(text, offset)
                if led:
                    yield from _findings(led, token_format)
                offset = lower.find(word, led.end() if led else offset + 1)


def _findings(match: re.Match[str], token_format: Format) -> Iterator[Finding]:
    start, end = match.span(match.lastindex or 0)
    if "xxxxxxxx" not in match.string[start:end].lower():  # written so in documentation
        yield Finding(start, end, token_format.type)
