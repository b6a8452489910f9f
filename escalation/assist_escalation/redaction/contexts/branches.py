"""Literals in an expression that is assigned to a secret's name: ternaries, match arms, default values.

`password = prod ? "..." : ""`, `password = getenv("DB_PASSWORD", "...")`.
"""

import re
from collections.abc import Iterator
from itertools import islice

from assist_escalation.redaction.contexts.bracket_groups import LITERAL
from assist_escalation.redaction.contexts.named_places import NamedPlace
from assist_escalation.redaction.contexts.secret_literals import finding_in_context, is_typed_password
from assist_escalation.redaction.findings import Finding

_MOST_BRANCHES = 8
_QUOTE = re.compile("[\"'`]")
_LONGEST = 2000  # characters of an expression
_SIGN = re.compile(
    r"""
    \\?["']?[\])}]{0,2}+
    (?:[ \t]{0,4}:(?!=)[^=\n"';{]{1,60}?(?=[ \t]{0,4}=[^=>]))?
    [ \t]{0,40}+(?:\|\|=|\?\?=|:=|=>|=(?!=)|:(?!:)|<-)[ \t]{0,9}+
    (?:\(?\r?\n[ \t]{0,60}+)?
    """,
    re.VERBOSE,
)
_EXPRESSION = re.compile(
    r"""
    [^\n]{0,300}+
    (?:\n[ \t]{0,60}+(?:[?:|.&]|or\b|else\b|elif\b|\}[ ]else)[^\n]{0,200}+){0,8}+
    """,
    re.VERBOSE,
)
_MATCH = re.compile(  # with the lines of its arms
    r"""
    [^\n]{0,100}?\b(?:match|when|switch|case)\b[^\n]{0,200}+
    (?:
      \n[ \t]{0,60}+
      (?:case\b|when\b|if\b|else\b|["']\w{0,20}["'][ ]?(?:->|=>)|_[ ]=>|\w{1,20}[ ](?:=>|->))
      [^\n]{0,200}+
    ){0,8}+
    """,
    re.VERBOSE,
)
_WRAP = r"(?:(?:[A-Za-z_][\w.:]{0,30}!?\(|&|\[\]byte\()(?=[rb]?[\"'])){0,2}+"
_BRANCH = re.compile(
    rf"""
    (?:
        \?\?|\?:|\?|(?<=["')\w\s]):|\bif[ ]?\([^()\n]{{1,60}}\)|\belse\b|\bthen\b|\bor\b|\|\||=>|->|\{{
      | (?:
            \.(?:getOrElse|unwrap_or|unwrap_or_else|orElse\w*|valueOr|get_or|or_else|getOrDefault|value_or
              |ifEmpty|or)\(
            (?:[^"'()\n]{{0,30}},)?
          | \b\w{{0,20}}
            (?:
                env|get|fetch|default|config|option|string|coalesce|nvl|var|setting|param|arg|pop|Or
            )
            \w{{0,12}}!?
            [ ]?\(?[ \t]*(?:[^"'()\n]{{0,40}}|["'][^"'\n]{{0,60}}["']|\w{{1,30}}\([^()\n]{{0,40}}\)),[ \t]*
            (?:[a-zA-Z_]{{1,20}}[ ]?[=:][ ]?)?
        )
        [ \t]*(?:\|_?\|[ ]?)?
    )
    [ \t\r\n]{{0,40}}+{_WRAP}
    {LITERAL}
    (?![ \t]{{0,3}}(?:=>|->|==|\]|\.\w+\([^)]))
    """,
    re.VERBOSE,
)


def find_in_branches(place: NamedPlace) -> Iterator[Finding]:
    """The literals that the name of `place` may get."""
    if place.meaning.strength == "weak":
        return
    sign = _SIGN.match(place.text, place.end)
    if sign is None:
        return
    if place.text[sign.end() : sign.end() + 1] in ("[", "{"):
        return  # a group
    if not _QUOTE.search(place.text, sign.end(), sign.end() + _LONGEST):
        return
    expression = _MATCH.match(place.text, sign.end()) or _EXPRESSION.match(place.text, sign.end())
    if expression is None:
        return
    branches = _BRANCH.finditer(place.text, sign.end(), expression.end())
    for match in islice(branches, _MOST_BRANCHES):
        if _starts_another(place.text[sign.end() : match.start()]):
            return
        value = match["value"]
        if match[0][0] == "{" and place.text[match.end() : match.end() + 1] == ":":
            continue
        spaced = " " in value and not is_typed_password(value)
        found = None if spaced and match[0][0] in "?:{" else finding_in_context(place, *match.span("value"))
        if found:
            yield found


_ANOTHER = re.compile(
    r"""
      ;                                              # another statement
    | ["'\w)][ \t]{0,3},[ \t]{0,3}["']?[A-Za-z_]\w{0,40}["']?[ \t]{0,3}[:=]   # another key or argument
    """,
    re.VERBOSE,
)


def _starts_another(between: str) -> bool:
    """Whether another statement, key or argument begins before the literal, at the same depth."""
    depth = 0
    plain = list[str]()
    for character in between:
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return True
        if depth == 0:
            plain.append(character)
    return _ANOTHER.search("".join(plain)) is not None
