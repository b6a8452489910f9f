"""Literals that a function returns whose name means a secret: `def get_password(): return "..."`.

A property, a getter and a block of a test's library are functions as well.
"""

import re
from collections.abc import Iterator

from assist_escalation.redaction.contexts.bracket_groups import LITERAL
from assist_escalation.redaction.contexts.named_places import NamedPlace
from assist_escalation.redaction.contexts.secret_literals import finding_in_context
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import read_words
from assist_escalation.redaction.secret_names import parts

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
_HEAD = re.compile(
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
_SINGLE_QUOTED = re.compile(r"""["']{3}""")
(_VERBS,) = read_words(__package__, "verbs.toml", "verbs")


def find_returned(place: NamedPlace) -> Iterator[Finding]:
    """The literals that the function with the name of `place` returns."""
    text = place.text
    words = parts(place.name.rpartition(".")[2])
    if not _VERBS.isdisjoint(words) or place.name.startswith(".") or place.name == "pass":  # Python's keyword
        return
    head = _HEAD.match(text, place.end)
    if head is None or (head.end() == place.end and text[head.end() : head.end() + 1] not in "\r\n"):
        return
    named = text[place.end : place.end + 1] in "( \t:{;=\n),"
    if not named or not _DECLARED.search(text, max(0, place.start - 70), place.start):
        return
    limit = min(len(text), head.end() + _BODY)
    following = _NEXT.search(text, head.end(), limit)
    end = following.start() if following else limit
    oneline = head[0].rstrip().endswith(("=", "=>", "do:", "->", "do", "lazy {"))
    if oneline:
        end = min(end, text.find("\n", head.end()) if "\n" in text[head.end() : end] else end)
    first = _FIRST.match(text, head.end())
    for match in (*([first] if first else []), *_RETURN.finditer(text, head.end(), end + 1)):
        if _SINGLE_QUOTED.match(text, match.start("q")):
            continue
        found = finding_in_context(place, *match.span("value"))
        if found:
            yield found
