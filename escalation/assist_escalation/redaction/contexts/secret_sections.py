"""Values in a part of a file of data whose name means secrets: a block of YAML, a section of INI or TOML, an
element of XML.
"""

import re
from collections.abc import Iterator

from assist_escalation.redaction.contexts.secret_groups import OWNERS
from assist_escalation.redaction.contexts.secret_literals import is_mixed, is_token_like, is_typed_password
from assist_escalation.redaction.findings import Finding, Kind
from assist_escalation.redaction.secret_names import Meaning, is_about, meaning, parts
from assist_escalation.redaction.secret_values import is_harmless, is_placeholder

_HEAD = re.compile(
    r"""
    ^(?P<indent>[ \t]*)
    (?:
        (?P<yaml>["']?[\w.-]{3,40}["']?:[ \t]*(?:[#][^\n]*|(?P<flow>\{))?)(?(flow)(?=[^\n{}"]+\}[ \t]*$)|$)
      | \[(?P<section>[\w.:\s"'-]{3,60})\][ \t]*(?:[#;][^\n]*)?$
      | <(?P<element>[\w.:-]{3,40})>[ \t]*$
    )
    """,
    re.MULTILINE | re.VERBOSE,
)
_LINE = re.compile(
    r"""
    (?P<indent>[ \t]*)(?:-[ \t]+)?
    (?:["']?(?P<name>[\w.@ -]{1,40}?)["']?[ \t]*[:=][ \t]+?|["']?(?P<tight>[\w.@-]{1,40})["']?=)?
    (?P<q>["']?)(?P<value>[^\s"'#;&*!|>{\[\]}$<][^\r\n"'{}<>]{2,200}?)(?P=q),?[ \t]*(?:[ ][#;][^\n]*)?$
    """,
    re.MULTILINE | re.VERBOSE,
)
_CHILD = re.compile(
    r"[ \t]*<(?P<name>[\w.:-]{1,40})>(?P<value>[^<>\n]{4,200})</(?P=name)>[ \t]*$", re.MULTILINE
)
_FLOW = re.compile(r"(?P<name>[\w.-]{1,40}):[ ]+(?P<value>[^\s,{}\"']{4,100})")
_ACCOUNTS = frozenset({"users", "accounts", "logins", "admins", "operators"})
_TYPED = Meaning("PASSWORD", "medium")  # of users: only what looks like a password that a person made
_MOST = 60  # lines of one part


def find_in_sections(text: str, kind: Kind) -> Iterator[Finding]:
    """Every value of a part of a file that is named for secrets.

    >>> text = "passwords:\\n  bob: hunter2\\n"
    >>> [text[each.start : each.end] for each in find_in_sections(text, "data")]
    ['hunter2']
    """
    if kind == "code":
        return
    for head in _HEAD.finditer(text):
        name = (head["yaml"] or head["section"] or head["element"]).strip(" \"':{").rpartition(".")[2]
        meant = meaning(name)
        if name.lower() in _ACCOUNTS and head["yaml"]:
            yield from _of_lines(text, head, _TYPED)
            continue
        if name == "stringData":
            meant = Meaning("PASSWORD", "strong")  # of a Kubernetes Secret: each value is secret
        elif meant is None or meant.type == "PIN" or not _is_group(name):
            continue
        if head["flow"]:
            end = text.find("\n", head.end())
            for pair in _FLOW.finditer(text, head.end(), end if end >= 0 else len(text)):
                yield from _if_secret(pair, meant)
        else:
            yield from _of_lines(text, head, meant)


def _is_group(name: str) -> bool:
    words = parts(name)
    return bool(words) and words[-1].endswith("s") and words[-1] != "pass"


def _of_lines(text: str, head: re.Match[str], meant: Meaning) -> Iterator[Finding]:
    place = head.end() + 1
    for _ in range(_MOST):
        end = text.find("\n", place)
        end = end if end >= 0 else len(text)
        line = text[place:end]
        bare = line.strip()
        if head["element"]:
            child = _CHILD.match(text, place)
            if bare.startswith("</") or not bare:
                return
        else:
            child = _LINE.match(text, place)
            indent = len(line) - len(line.lstrip())
            listed = bare.startswith("- ") and indent == len(head["indent"])
            if head["yaml"] and bare and indent <= len(head["indent"]) and not listed:
                return
            if head["section"] and bare.startswith("["):
                return
        if child and not bare.startswith(("#", ";", "//")):
            yield from _if_secret(child, meant)
        if end == len(text):
            return
        place = end + 1


def _if_secret(match: re.Match[str], meant: Meaning) -> Iterator[Finding]:
    value = match["value"].strip()
    name = match["name"] or match.groupdict().get("tight")
    words = parts(name) if name else []
    if words and (words[-1] in OWNERS or (is_about(words[-1]) and meaning(name or "") is None)):
        return
    listed = not words
    if meant is _TYPED:
        fits = not listed and is_typed_password(value) and is_mixed(value)
    elif meant.strength != "strong" or meant.type == "SECRET" or listed:
        fits = is_token_like(value) or (
            meant.type == "CREDENTIALS" and not listed and not is_harmless(value) and " " not in value
        )
        if meant.type == "SECRET" and not listed and not fits:
            fits = not is_harmless(value) and " " not in value and value.isalnum()
    else:
        fits = not is_placeholder(value) and ":" not in value
    if fits:
        yield Finding(match.start("value"), match.start("value") + len(value), meant.type)
