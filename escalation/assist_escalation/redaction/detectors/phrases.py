"""Secrets that are not assigned to a name: in URLs, headers, command lines, calls, SQL, prose and comments.

A phrase is an expression with a group for the secret. The phrases are in `phrases.toml`. This module knows
how to search for one. Which texts can be a secret is in `secret_values`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from assist_escalation.redaction.contexts.comparisons import find_comparisons
from assist_escalation.redaction.contexts.named_places import is_mixed, is_token_like, is_typed_password
from assist_escalation.redaction.detectors.call_arguments import find_calls
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import Rule, WordSieve, insert_parts, numbers_by_word, read_rules
from assist_escalation.redaction.secret_names import lower_case, meaning, parts
from assist_escalation.redaction.secret_values import (
    is_example,
    is_generated,
    is_harmless,
    is_random,
    is_structured,
)

# What may be the secret. `structured`: only a value with a digit or a sign in it. `usual`: no harmless
# word. `certain`: any word but an example, since nothing else can be there. `always`: whatever is there.
# `random`: only a long value with letters and digits.
Sure = Literal["structured", "usual", "certain", "always", "random"]


@dataclass(frozen=True, slots=True)
class Phrase:
    """A way to hand over a secret.

    `words` are in lower case; one of them must occur. `regex` runs over text in lower case; its groups whose
    names begin with `v` are the secret.
    """

    type: str
    words: tuple[str, ...]
    regex: re.Pattern[str]
    sure: Sure


def read_phrase(rule: Rule, parts: Rule) -> Phrase:
    """The phrase that one table of `phrases.toml` describes; `parts` has the expressions that it inserts.

    >>> parts = Rule("x, parts", {"argument": "(?P<v1>.*)", "string": '"(?P<v>.*)"'})
    >>> values = {"type": "PASSWORD", "words": "login", "sure": "usual", "expression": "login[ ](?&argument)"}
    >>> read_phrase(Rule("x", values), parts).regex.search("login hunter2")["v1"]
    'hunter2'
    """
    expression = insert_parts(rule.text("expression"), parts)
    sure = cast("Sure", rule.text("sure", ("structured", "usual", "certain", "always", "random")))
    return Phrase(rule.text("type"), rule.words(), rule.regex(expression), sure)


_SECTIONS = (
    "url", "header", "command", "config_file", "lone_value", "sql", "call", "remark", "comparison",
)  # fmt: skip


def _read_phrases() -> tuple[Phrase, ...]:
    keys = dict.fromkeys(_SECTIONS, "type words sure expression")
    rules = read_rules(__package__, "phrases.toml", {"parts": "argument string", **keys})
    (parts,) = rules["parts"]
    return tuple(read_phrase(rule, parts) for section in _SECTIONS for rule in rules[section])


PHRASES = _read_phrases()
_NUMBERS = numbers_by_word(enumerate(PHRASES))
_WORDS = WordSieve(_NUMBERS)
# A comment after code that says what the code before it is.
_REMARK = re.compile(
    r"""
    ["'`)\]};,][ \t]{1,40}             # the code ends
    (?:\#|//|--|/\*)[^\n"'`]{0,60}?\b   # the comment begins
    (?:
        (?P<password>pass(?:word|wd|phrase)s?|pwd|pw)
      | secret
      | token
      | api[ _-]?key
      | access[ _-]?key
      | credentials?
      | secret[ _-]?key
    )
    \b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LITERAL = re.compile(r"""(?P<q>["'`])(?P<v>[^"'`\s]{6,200})(?P=q)""")


def find_phrase(text: str, lower: str, phrase: Phrase) -> Iterator[Finding]:
    """Every secret in `text` that the phrase hands over; `lower` is `text` in lower case.

    One of the phrase's words occurs in it.
    """
    for match in phrase.regex.finditer(lower):
        for name, group_text in match.groupdict().items():
            if group_text is None:
                continue
            start, end = match.span(name)
            value = text[start:end]
            if phrase.sure != "usual":
                value = value.rstrip(".,:")
            if _may_be(value, phrase.sure):
                yield Finding(start, start + len(value), phrase.type)


def _may_be(value: str, sure: Sure) -> bool:
    if sure in ("always", "random"):
        return sure == "always" or is_random(value)
    if sure == "certain":
        return not is_example(value)
    if sure == "structured" and not (is_structured(value) or is_random(value)):
        return False
    return not is_harmless(value)


def find_phrases(text: str) -> Iterator[Finding]:
    """Every secret that one of the known phrases hands over.

    >>> text = "git clone https://me:hunter2@host/x"
    >>> [text[finding.start : finding.end] for finding in find_phrases(text)]
    ['hunter2']
    """
    lower = lower_case(text)
    present = {number for word in _WORDS.find(lower) for number in _NUMBERS[word]}
    for number in sorted(present):
        yield from find_phrase(text, lower, PHRASES[number])
    yield from find_calls(text)
    yield from find_comparisons(text)
    yield from find_pairs(text)
    yield from _find_remarked(text)


def _find_remarked(text: str) -> Iterator[Finding]:
    """The literals on a line whose comment says that they are secret."""
    end = 0
    for remark in _REMARK.finditer(text):
        start = max(end, text.rfind("\n", 0, remark.start()) + 1)
        end = remark.start() + 1
        for literal in _LITERAL.finditer(text, start, end):
            value = literal["v"]
            is_password = remark["password"] and _is_password(value)
            if is_generated(value) or is_password:
                yield Finding(*literal.span("v"), "PASSWORD" if is_password else "API_KEY")


def _is_password(value: str) -> bool:
    return is_structured(value) and any(map(str.isdigit, value)) and not is_harmless(value)


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
    >>> [text[finding.start : finding.end] for finding in find_pairs(text)]
    ['Summer-2019']
    """
    start = 0
    while match := _PAIR.search(text, start):
        start = match.end("first")
        type_ = _type_of_second(match["first"], match["value"])
        if type_:
            yield Finding(*match.span("value"), type_)


def _type_of_second(first: str, value: str) -> str | None:
    if "@" in first:
        person = _ADDRESS.fullmatch(first) is not None
        return "PASSWORD" if person and is_typed_password(value) and is_mixed(value) else None
    meant = meaning(first)
    if meant is None or meant.strength == "weak" or meaning(value) or set(parts(first)) <= set(parts(value)):
        return None
    if meant.type == "PASSWORD":
        return "PASSWORD" if is_typed_password(value) and is_mixed(value) else None
    long = meant.type != "PIN" and len(value) >= 16 and sum(map(str.isdigit, value)) >= 3
    return meant.type if long and is_token_like(value) else None
