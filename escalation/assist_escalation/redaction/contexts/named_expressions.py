"""Literals that are given to a secret's name within an expression, by a function, or ahead of the name.

In an expression these are ternaries, match arms and default values: `password = prod ? "..." : ""`,
`password = getenv("DB_PASSWORD", "...")`. A function returns them: `def get_password(): return "..."`. A
property, a getter and a block of a test's library are functions as well. Some values are before their names,
`keychain.set("...", forKey: "password")`, `{"value": "...", "key": "PIN"}`, or are an argument after it:
`setattr(config, "password", "...")`.
"""

import re
from collections.abc import Iterator
from itertools import islice

from assist_escalation.redaction.contexts.named_places import (
    NamedPlace,
    findings_in_context,
    is_typed_password,
)
from assist_escalation.redaction.contexts.secret_groups import LITERAL
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import read_rules, read_words
from assist_escalation.redaction.secret_names import parts
from assist_escalation.redaction.secret_values import is_structured

_MAX_BRANCHES = 8
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
    for match in islice(branches, _MAX_BRANCHES):
        colon = match[0][0] == ":"  # maybe of another key
        if _starts_another(place.text[sign.end() : match.start() + colon]):
            return
        value = match["value"]
        between = place.text[sign.end() : match.start()]
        key = match[0][0] == "{" and place.text[match.end() : match.end() + 1] == ":"
        if key or (colon and between.count("{") > between.count("}")):
            continue  # a key of a group, or its value
        is_phrase = " " in value and not is_typed_password(value)
        if not (is_phrase and match[0][0] in "?:{"):
            yield from findings_in_context(place, *match.span("value"))


_ANOTHER = re.compile(
    r"""
      ;                                              # another statement
    | ["\w)\]}][ \t]{0,3},[ \t]{0,3}(?:""|[A-Za-z_]\w{0,40})[ \t]{0,3}[:=]   # another key or argument
    """,
    re.VERBOSE,
)


_STRING = re.compile(r"""(?P<q>\\*["'`])(?:(?!(?<!\\)(?P=q))[^\n])*+(?P=q)""")  # also one of JSON in a string


def _starts_another(between: str) -> bool:
    """Return whether another statement, key or argument begins before the literal, at the same depth."""
    depth = 0
    plain = list[str]()
    for character in _STRING.sub('""', between):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return True
        if depth == 0:
            plain.append(character)
    return _ANOTHER.search("".join(plain)) is not None


_DECLARED = re.compile(
    r"""
    (?:
        \b(?:def|defp|func|function|fn|fun|sub|get|va[lr]|let!?|public|private|protected|internal|static
        |final|override|async|const|string|char|auto|proc)\b[\w \t.*&:<>()\[\]?]{0,50}
      | ^[ \t]*(?::|@\w+[ \t]+|\(NSString[ ]\*\)|-[ ]\(NSString[ ]\*\))?
    )
    \Z
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_FUNCTION_HEAD = re.compile(
    r"""
    (?:\)|[ \t]{0,3}\([^()\n"']{0,80}\)|(?=[ \t]{0,3}[\n;{:=]|[ ]by[ ]|[ ]get|,[ ]do|[ ]<-[ ]function))
    (?:[ \t]{0,3}(?:->|:|=>)[^"'\n;{}=]{1,60}?(?=[ \t]{0,3}(?:\{|:|=|\n)))?     # the type of what it returns
    [ \t]{0,3}
    (?:
        (?:[({][\w, *.]{1,40}[)}]|[\w.*\[\]]{1,30})?[ \t]{0,3}\{
      | :[ \t]*(?=\r?\n|return) | =>? | ,?[ ]?do:? | -> | ;(?=[ ]")
      | <-[ ]function\(\) | (?=return\b) | by[ ]lazy[ ]\{ | get\(\)[ ]=
      | (?=\r?\n)
    )
    """,
    re.VERBOSE,
)
_BODY = 600  # characters of a function that are searched
_NEXT = re.compile(
    r"""
    \n[ \t]*(?:def|defp|func|function|fn|fun|sub|class|public|private|protected|@\w+|let|it|describe)\b
  | \n\}|\n[ ]{0,4}end\b|\n\n\n
    """,
    re.VERBOSE,
)
_RETURN = re.compile(
    rf"""
    (?:\breturn\b|=>|->|(?<=[{{;])|(?<=\n))[ \t\r\n]{{0,40}}+\(?
    (?:(?:[A-Za-z_][\w.:!]{{0,30}}\(|&|\[\]byte\(){{0,2}})
    {LITERAL}
    (?:\.\w{{1,20}}\([^()\n]{{0,30}}\)|\)|[ ]as[ ]\w+)*
    [ \t]{{0,4}}(?=;|\}}|\.?\r?\n|,[ ]?(?:nil|err|true|null|None)\b|,?[ \t]*$|end\b|\#|//|\Z)
    """,
    re.VERBOSE,
)
_FIRST = re.compile(
    rf"""
    [ \t\r\n]{{0,40}}+(?:(?:\#|//)[^\n]{{0,80}}\n[ \t]{{0,40}})?(?:return[ ])?\(?
    (?:(?:[A-Za-z_][\w.:!]{{0,30}}\(|&|\[\]byte\(){{0,2}})
    {LITERAL}
    (?:\.\w{{1,20}}\([^()\n]{{0,30}}\)|\)|[ ]as[ ]\w+)*
    [ \t]{{0,4}}(?=;|\}}|\.?\r?\n|end\b|\#|//|\.?\Z)
    """,
    re.VERBOSE,
)
_CLOSES = re.compile(r"\s*\)")
_SINGLE_QUOTED = re.compile(r"""["']{3}""")
(_VERBS,) = read_words(__package__, "verbs.toml", "verbs")


def find_returned(place: NamedPlace) -> Iterator[Finding]:
    """The literals that the function with the name of `place` returns."""
    text = place.text
    words = parts(place.name.rpartition(".")[2])
    if not _VERBS.isdisjoint(words) or place.name.startswith(".") or place.name == "pass":  # Python's keyword
        return
    head = _FUNCTION_HEAD.match(text, place.end)
    if head is None or (head.end() == place.end and text[head.end() : head.end() + 1] not in "\r\n"):
        return
    is_name = text[place.end : place.end + 1] in "( \t:{;=\n),"
    if not is_name or not _DECLARED.search(text, max(0, place.start - 70), place.start):
        return
    limit = min(len(text), head.end() + _BODY)
    following = _NEXT.search(text, head.end(), limit)
    end = following.start() if following else limit
    oneline = head[0].rstrip().endswith(("=", "=>", "do:", "->", "do", "lazy {"))
    if oneline:
        end = min(end, text.find("\n", head.end()) if "\n" in text[head.end() : end] else end)
    first = _FIRST.match(text, head.end())
    for match in (*([first] if first else []), *_RETURN.finditer(text, head.end(), end + 1)):
        if _SINGLE_QUOTED.match(text, match.start("q")) or _is_argument(match):
            continue
        yield from findings_in_context(place, *match.span("value"))


def _is_argument(match: re.Match[str]) -> bool:
    """Return whether a literal in a function's body is an argument of a call that is not what it returns."""
    if "return" in match[0]:
        return False
    is_call = match.string[match.start("prefix") - 1] == "("
    return (is_call and not is_structured(match["value"])) or _CLOSES.match(
        match.string, match.end()
    ) is not None


_AROUND, _BEFORE_NAME = 400, 120  # characters before the name: of a value there, and of a call
_SWAPPED = read_rules(
    __package__,
    "swapped_values.toml",
    {"before": "what expression signs?", "after": "what expression opener?"},
)
_BEFORE = tuple(
    (rule.words("signs") if "signs" in rule.values else "", rule.regex(rule.text("expression")))
    for rule in _SWAPPED["before"]
)
_AFTER = tuple(
    (rule.regex(rule.text("opener") if "opener" in rule.values else ""), rule.regex(rule.text("expression")))
    for rule in _SWAPPED["after"]
)


def find_swapped(place: NamedPlace) -> Iterator[Finding]:
    """The value whose name is written after it, or further before it than an assignment's."""
    if match := next(_values_around(place), None):
        yield from findings_in_context(place, *match.span("value"))


def _values_around(place: NamedPlace) -> Iterator[re.Match[str]]:
    text = place.text
    for signs, regex in _BEFORE:
        if text.endswith(signs, 0, place.start):
            match = regex.search(text, max(0, place.start - _AROUND), place.start)
            if match:
                yield match
    for opener, regex in _AFTER:
        match = regex.match(text, place.end)
        if match and opener.search(text, max(0, place.start - _BEFORE_NAME), place.start):
            yield match
