"""Literals in a group whose name means secrets: `PASSWORDS = {"bob": "..."}`, `KEYS = [("bob", "...")]`.

A part of a file of data is a group as well: a block of YAML, a section of INI or TOML, an element of XML.
This module knows which part of a group is the secret, and how literals, keys and groups in groups are written
in most languages: `read_group`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from assist_escalation.redaction.contexts.named_places import (
    NamedPlace,
    findings_in_context,
    is_mixed,
    is_token_like,
    is_typed_password,
)
from assist_escalation.redaction.findings import Finding, TextKind
from assist_escalation.redaction.rule_tables import read_words
from assist_escalation.redaction.secret_names import Meaning, is_about, meaning, parts
from assist_escalation.redaction.secret_values import is_generated, is_harmless, is_placeholder

LITERAL = r"""
    (?P<prefix>[rbufLN@$]{0,2}|<<)(?P<q>\\?["'`])
    (?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){0,300}+)(?P=q)
"""
_TOKEN = re.compile(
    rf"""
      (?P<comment>(?://|\#(?=[ \t])|--[ ])[^\n]*)
    | {LITERAL}
    | (?P<open>[(\[{{])
    | (?P<close>[)\]}}])
    | (?P<pair>=>|->|:(?![:\w])|=(?!=)|\bto\b)
    | (?P<comma>[,;])
    | (?P<word>[\w.$@]+)
    | (?P<sign>[^\s\w])
    """,
    re.VERBOSE,
)
_MAX_TOKENS = 600  # of one group; a window holds about as many
_DEEPEST = 6


@dataclass(slots=True)
class Item:
    """One item of a group: a key, if it has one, and literals or groups in the order of the text."""

    key: str | None = None
    values: list["re.Match[str] | Group"] = field(default_factory=list)
    last: str = ""  # the text of the last literal or word, which is the key if a sign of a pair follows


@dataclass(slots=True)
class Group:
    """A pair of brackets and what is between them."""

    bracket: str
    items: list[Item] = field(default_factory=lambda: [Item()])
    end: int = 0

    def literals(self) -> list["re.Match[str]"]:
        """The literals that are items by themselves."""
        return [value for item in self.items for value in item.values if not isinstance(value, Group)]

    def groups(self) -> list["Group"]:
        """The groups that are items."""
        return [value for item in self.items for value in item.values if isinstance(value, Group)]


def read_group(text: str, start: int, end: int | None = None) -> Group:
    """The group whose bracket opens at `start`, up to its own end or that of the text, which may be `end`.

    >>> [item.key for item in read_group('{"a": "x", b: ["y"]}', 0).items]
    ['a', 'b']
    """
    top = Group(text[start])
    stack = [top]
    for count, token in enumerate(_TOKEN.finditer(text, start + 1, len(text) if end is None else end)):
        top.end = token.end()
        if token["close"]:
            stack.pop().end = token.end()
        elif token["open"]:
            inner = Group(token["open"])
            stack[-1].items[-1].values.append(inner)
            stack.append(inner)
        else:
            _add(stack[-1], token)
        if count == _MAX_TOKENS or not 0 < len(stack) <= _DEEPEST:
            break
    return top


def _add(group: Group, token: re.Match[str]) -> None:
    """Put a literal, a word or a sign into the last item of a group."""
    item = group.items[-1]
    if token["q"]:
        item.values.append(token)
        item.last = token["value"]
    elif token["word"]:
        item.last = token["word"]
    elif token["pair"]:
        item.key = item.last
        if item.values and not isinstance(item.values[-1], Group):
            item.values.pop()
    elif token["comma"]:
        group.items.append(Item())


OWNERS, _LOGIN_PARTS, _STAGES, _CONTAINERS, _MAPS = read_words(
    __package__, "contexts.toml", "owners", "login_parts", "stages", "containers", "flat_maps"
)
_HEAD = re.compile(
    r"""
    \\?["']?[\])}]{0,2}+(?:\[\w{0,8}\]|\(\))?+
    (?:[ \t]{0,4}:(?!=)[^=\n"'{]{1,60}?(?=[ \t]{0,4}=[^=>])     # a type: `: Record<string, string> =`
      |[ \t]{1,4}[Aa]s[ \t][\w() ]{1,30}?(?=[ \t]{0,4}=)
    )?
    [ \t]{0,40}+
    (?P<sign>
        :=|=>|\|\|=|\?\?=|=(?!=)|:(?!:)|<-
      | \.(?P<method>append|add|push|put|insert|update|extend|set|emplace|push_back|merge)\w{0,6}(?=\()
      | (?=[{\[]["'{\[(])
    )
    [ \t]{0,20}+(?:\r?\n[ \t]{0,40}+)?
    (?P<head>(?:[%@&\#]\w{0,1})?[\w.:<>,\[\]&*! ]{0,80}?)
    (?P<open>[({\[])(?![\w. ]{0,30}\])
    """,
    re.VERBOSE | re.IGNORECASE,
)
_KEYED = re.compile(
    r"""
    \\?["']?[\])}]{0,2}+\[[ ]{0,2}\\?["'][^"'\n]{1,60}["'][ ]{0,2}\]   # NAME["x"]
    [ \t]{0,9}\|?\|?=[ \t]{0,9}
    [rbufLN@$]{0,2}(?P<q>["'])(?P<value>(?:(?!(?P=q))(?:\\.|[^\\\r\n])){1,300}+)(?P=q)
    """,
    re.VERBOSE,
)
_WORD_LIST = re.compile(r"[ \t]{0,4}=[ \t]{0,4}(?:%[wWi]|qw)[\[({|/](?P<words>[^\])}|/\n]{4,400})")
_HEX_KEY = 64  # digits of a wallet's key
_INDEXED = re.compile(r"[ \t]{0,4}\[")


def find_in_group(place: NamedPlace) -> Iterator[Finding]:
    """The secrets of the group that the name of `place` is for."""
    key_match = _KEYED.match(place.text, place.end)
    if key_match:
        yield from findings_in_context(place, *key_match.span("value"))
        return
    list_match = _WORD_LIST.match(place.text, place.end)
    if list_match:
        for word in re.finditer(r"\S+", list_match["words"]):
            start = list_match.start("words") + word.start()
            yield from findings_in_context(place, start, start + len(word[0]), word=True)
        return
    head = _HEAD.match(place.text, place.end)
    if head is None:
        return
    group = read_group(place.text, head.start("open"))
    plural = _is_plural(place.name) or _INDEXED.match(place.text, group.end) is not None
    if head["method"] and head["method"].lower() in ("put", "set", "insert", "emplace", "add"):
        literals = group.literals()
        span = literals[1].span("value") if len(literals) == 2 else (0, 0)
        if findings := list(findings_in_context(place, *span)):
            yield from findings
            return
    yield from _read_group(place, group, plural=plural, flat_map=_is_flat_map(head), depth=0)


def _is_plural(name: str) -> bool:
    words = parts(name)
    while len(words) > 1 and (words[-1] in _CONTAINERS or words[-1].isdigit()):
        words.pop()
    for sign in ("by", "for", "per"):
        if sign in words[1:]:
            return True
    return bool(words) and words[-1].endswith("s") and words[-1] not in ("pass", "keypass", "storepass")


def _is_flat_map(head: re.Match[str]) -> bool:
    """Return whether keys and values take turns in a list, as in `Map.of("a", "x", "b", "y")`."""
    return head["head"].strip().lower().lstrip("&@#%") in _MAPS


def _read_group(
    place: NamedPlace, group: Group, *, plural: bool, flat_map: bool, depth: int
) -> Iterator[Finding]:
    literals = group.literals()
    has_keys = any(item.key is not None for item in group.items)
    for item in group.items:
        if item.key is not None and not _may_hold(item.key, plural=plural):
            continue
        for value in item.values:
            if isinstance(value, Group):
                yield from _read_group(place, value, plural=plural, flat_map=False, depth=depth + 1)
    if has_keys:
        yield from _read_keys(place, group, plural=plural)
    elif plural:
        for literal in _secrets_of_list(place, literals, flat_map=flat_map, depth=depth):
            yield from findings_in_context(place, *literal.span("value"))


def _may_hold(key: str, *, plural: bool) -> bool:
    """Return whether the value of a key can be the secret, and not what it is for."""
    words = parts(key)
    if not plural:
        return bool(words) and words[-1] in _STAGES
    return not (words and (words[-1] in OWNERS or (is_about(words[-1]) and meaning(key) is None)))


def _read_keys(place: NamedPlace, group: Group, *, plural: bool) -> Iterator[Finding]:
    for item in group.items:
        if item.key is None or not _may_hold(item.key, plural=plural):
            continue
        if place.meaning.type == "CREDENTIALS" and item.key in _LOGIN_PARTS:
            continue
        literals = [value for value in item.values if not isinstance(value, Group)]
        if literals:
            yield from findings_in_context(place, *literals[0].span("value"))


def _secrets_of_list(
    place: NamedPlace, literals: list["re.Match[str]"], *, flat_map: bool, depth: int
) -> list["re.Match[str]"]:
    if flat_map:
        return literals[1::2]
    pair = depth > 0 or place.meaning.type == "CREDENTIALS"
    if not pair or len(literals) < 2:
        return [] if depth == 0 and pair else literals
    passwords = [literal for literal in literals[1:] if is_typed_password(literal["value"])]
    return passwords[:1] or literals[1:2]


def find_in_accounts(text: str) -> Iterator[Finding]:
    """The passwords in a group that is named for its users: `USERS = {"bob": "x7..."}`.

    >>> text = 'users = {"bob": "hunter2"}'
    >>> [text[finding.start : finding.end] for finding in find_in_accounts(text)]
    ['hunter2']
    """
    for name in _ACCOUNTS.finditer(text):
        head = _HEAD.match(text, name.end())
        if head is None or (head["method"] and head["method"].lower() == "update"):
            continue
        group = read_group(text, head.start("open"))
        sure = name[0] == "Accounts"  # of Gin: a map of names to passwords
        for value in _read_accounts(group, head):
            text_value = value["value"]
            is_password = is_typed_password(text_value) or (
                len(text_value) == _HEX_KEY and is_generated(text_value)
            )
            if is_password or (sure and len(text_value) >= 4 and not is_placeholder(text_value)):
                yield Finding(*value.span("value"), "PASSWORD")


_ACCOUNTS = re.compile(r"(?<![A-Za-z])(?:users?|accounts?|logins?|admins?)\b(?![ \t]*\()", re.IGNORECASE)


def _read_accounts(group: Group, head: re.Match[str]) -> list["re.Match[str]"]:
    if head["method"]:
        return group.literals()[1:2]
    matches = list["re.Match[str]"]()
    items: list[Item] = list(group.items)
    for item in items:
        for value in item.values:
            if isinstance(value, Group):
                if not any(item.key is not None for item in value.items):
                    matches += value.literals()[1:2]
            elif is_generated(value["value"]) if item.key is None else _names_a_user(item.key):
                matches.append(value)
    return matches


def _names_a_user(key: str) -> bool:
    words = parts(key)
    return bool(words) and not is_about(words[-1])


_SECTION_HEAD = re.compile(
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
_SECTION_LINE = re.compile(
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
_USER_SECTIONS = frozenset({"users", "accounts", "logins", "admins", "operators"})
_TYPED_PASSWORD = Meaning("PASSWORD", "medium")  # of users: only what a person may have made
_MAX_LINES = 60  # lines of one part


def find_in_sections(text: str, kind: TextKind) -> Iterator[Finding]:
    """Every value of a part of a file that is named for secrets.

    >>> text = "passwords:\\n  bob: hunter2\\n"
    >>> [text[finding.start : finding.end] for finding in find_in_sections(text, "data")]
    ['hunter2']
    """
    if kind == "code":
        return
    for head in _SECTION_HEAD.finditer(text):
        name = (head["yaml"] or head["section"] or head["element"]).strip(" \"':{").rpartition(".")[2]
        meant = meaning(name)
        if name.lower() in _USER_SECTIONS and head["yaml"]:
            yield from _read_lines(text, head, _TYPED_PASSWORD)
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
            yield from _read_lines(text, head, meant)


def _is_group(name: str) -> bool:
    words = parts(name)
    return bool(words) and words[-1].endswith("s") and words[-1] != "pass"


def _read_lines(text: str, head: re.Match[str], meant: Meaning) -> Iterator[Finding]:
    place = head.end() + 1
    for _ in range(_MAX_LINES):
        end = text.find("\n", place)
        end = end if end >= 0 else len(text)
        line = text[place:end]
        bare = line.strip()
        if head["element"]:
            child = _CHILD.match(text, place)
            if bare.startswith("</") or not bare:
                return
        else:
            child = _SECTION_LINE.match(text, place)
            indent = len(line) - len(line.lstrip())
            is_item = bare.startswith("- ") and indent == len(head["indent"])
            if head["yaml"] and bare and indent <= len(head["indent"]) and not is_item:
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
    is_bare = not words
    if meant is _TYPED_PASSWORD:
        fits = not is_bare and is_typed_password(value) and is_mixed(value)
    elif meant.strength != "strong" or meant.type == "SECRET" or is_bare:
        fits = is_token_like(value) or (
            meant.type == "CREDENTIALS" and not is_bare and not is_harmless(value) and " " not in value
        )
        if meant.type == "SECRET" and not is_bare and not fits:
            fits = not is_harmless(value) and " " not in value and value.isalnum()
    else:
        fits = not is_placeholder(value) and ":" not in value
    if fits:
        yield Finding(match.start("value"), match.start("value") + len(value), meant.type)
