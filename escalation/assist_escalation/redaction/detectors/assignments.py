"""Finds values that are assigned to the name of a secret, as languages and file formats write it.

This module knows when a value is assigned, and when a word without quotes is a value. The expressions are in
`assignment_syntax`, the names of secrets in `secret_names`, and the values that can be one in
`secret_values`. Other ways to pass a secret, such as URLs and command lines, are in `phrases`.
"""

import re
from collections.abc import Iterator

from assist_escalation.redaction.contexts.named_expressions import find_in_branches, find_returned
from assist_escalation.redaction.contexts.named_places import NamedPlace, finding_if_secret, named_places
from assist_escalation.redaction.contexts.rows import find_in_rows, find_parallel
from assist_escalation.redaction.contexts.secret_groups import (
    find_in_accounts,
    find_in_group,
    find_in_sections,
)
from assist_escalation.redaction.contexts.swapped_pairs import find_swapped
from assist_escalation.redaction.detectors import assignment_syntax as syntax
from assist_escalation.redaction.findings import Finding, TextKind
from assist_escalation.redaction.rule_tables import read_words
from assist_escalation.redaction.secret_names import Meaning, meaning, parts
from assist_escalation.redaction.secret_values import (
    is_generated,
    is_jumbled,
    is_random,
    is_secret,
    is_structured,
)

(VARIABLES,) = read_words(__package__, "assignments.toml", "variables")

_MOST_CONTEXTS = 60  # names of a text that are looked around: 4 KB of dense code have 30
_SECRET = Meaning("SECRET", "strong")
_CONTEXTS = (find_in_group, find_returned, find_in_branches, find_swapped, find_in_rows)


def find_assignments(text: str, kind: TextKind) -> Iterator[Finding]:
    """Every literal that is assigned to a secret's name.

    >>> text = "db_password: hunter2"
    >>> [text[finding.start : finding.end] for finding in find_assignments(text, "data")]
    ['hunter2']
    """
    for count, place in enumerate(named_places(text, kind)):
        parallel = list(find_parallel(place)) if count < _MOST_CONTEXTS else []
        if parallel:  # `user, password = "root", "..."`: the first value is the user's
            yield from parallel
            continue
        found = _find_direct(place) or _find_indirect(place) or _find_after_blank(place) or _find_loose(place)
        if found is not None:
            yield found
            yield from _find_other_items(place, found)
        for find in _CONTEXTS if count < _MOST_CONTEXTS else ():
            yield from find(place)
    yield from find_in_accounts(text)
    yield from find_in_sections(text, kind)


def _find_other_items(place: NamedPlace, found: Finding) -> Iterator[Finding]:
    """The other items of a list whose first item was found."""
    item = (
        syntax.ITEM.match(place.text, found.end)
        if syntax.IN_LIST.search(place.text, max(0, found.start - 9), found.start)
        else None
    )
    while item:
        each = finding_if_secret(place, item)
        if each:
            yield each
        item = syntax.ITEM.match(place.text, item.end("value"))


def _find_direct(place: NamedPlace) -> Finding | None:
    sign = syntax.SIGN.match(place.text, place.end)
    if not sign or not _assigns(place, sign["sign"]):
        return None
    if sign["sign"] == "," and ")" in place.text[place.end : sign.start("sign")]:
        return None  # the call has ended
    spelled = sign["sign"].replace("*", "")
    if spelled.endswith(">") and spelled not in ("=>", "->"):
        return _find_element(place, sign.end("sign"))
    compared = spelled in ("==", "!=", "===", "!==", "=~")
    found = _find_quoted(place, sign.end(), call=spelled in ("(", ","), compared=compared)
    if found or spelled not in ("=", ":", ": ", ":=", "=>", "?=", ":-"):
        return found
    if "\n" not in place.text[sign.end("sign") : sign.end()]:
        return _find_unquoted(place, sign.end(), spelled)
    line = syntax.LINE.match(place.text, sign.end()) if place.kind == "data" and spelled[0] == ":" else None
    return _find_unquoted(place, sign.end(), spelled) if line and ":" not in line["value"] else None


def _find_element(place: NamedPlace, start: int) -> Finding | None:
    """The text of an element, or what Jenkins encrypted there."""
    braced = syntax.BRACED.match(place.text, start)
    if braced and any(map(is_random, braced["value"].split())):
        return Finding(*braced.span("value"), place.meaning.type)
    return finding_if_secret(place, syntax.ELEMENT.match(place.text, start), bare=True)


def _assigns(place: NamedPlace, sign: str) -> bool:
    """Whether the sign assigns a value, as in `put("password", "...")`, and not in a list of names."""
    if sign == ",":
        if place.name.startswith("--"):  # ["--password", "..."]
            return True
        opens = syntax.OPENS_CALL.search(place.text, max(0, place.start - 60), place.start)
        # put("PASSWORD", "...") and put(PASSWORD, "..."), but not call(password, "...")
        return opens is not None and (not opens[0].rstrip().endswith("(") or _is_constant(place.name))
    if sign[0] == ":" and syntax.BRANCH.search(place.text, max(0, place.start - 20), place.start):
        return False  # `passed ? "PASS" : "FAIL"`
    return sign != "(" or _takes_one(place.name)


def _is_constant(name: str) -> bool:
    return name.rpartition(".")[2].isupper() and "_" in name


def _takes_one(name: str) -> bool:
    """Whether a function's name ends with the word for a secret: `db.setPassword`, not `pwd.getpwnam`."""
    words = parts(name.rpartition(".")[2])
    if name.endswith((".equals", ".equalsIgnoreCase")):
        words = parts(name.rpartition(".")[0])
    return bool(words) and (words[-1] == "key" or meaning(words[-1]) is not None)


def _find_indirect(place: NamedPlace) -> Finding | None:
    sign = syntax.INDIRECT.match(place.text, place.end)
    if not sign:
        return None
    return _find_quoted(place, sign.end()) or _find_unquoted(place, sign.end(), ":")


def _find_after_blank(place: NamedPlace) -> Finding | None:
    """`--password hunter2`, `ENV PASSWORD hunter2`, `PASSWORD 'hunter2'`."""
    sign = syntax.AFTER_BLANK.match(place.text, place.end)
    if not sign:
        return None
    head = place.text[max(0, place.start - 100) : place.start]
    dashes = place.name[: len(place.name) - len(place.name.lstrip("-"))]
    anchor = place.kind == "data" and head.endswith("&")  # key: &password value
    attribute = head.endswith(("@", " $")) and head.rpartition("\n")[2].strip() in ("@", "set $")
    asked = anchor or attribute or syntax.FLAG.search(head + dashes) or syntax.COMMAND.search(head)
    if asked or (place.meaning.strength == "strong" and place.name.lower() != "pass"):
        found = _find_quoted(place, sign.end(), call=True)
        if found:
            return found
    if not asked or place.name == "pass":
        return None
    match = syntax.BARE.match(place.text, sign.end())
    if match and (
        (match["value"].isupper() and not any(map(str.isdigit, match["value"]))) or match["value"][0] in "-=["
    ):
        return None  # usage: --password PASSWORD
    if match and match["value"].lower() in VARIABLES:
        return None
    return finding_if_secret(place, match, bare=True)


def _find_loose(place: NamedPlace) -> Finding | None:
    """A generated value near its name: `token - 'x'`, `API key x`, `|token|x|`."""
    match = syntax.LOOSE.match(place.text, place.end)
    if match is None or not is_random(match["value"]):
        return None
    made = is_generated(match["value"]) or is_jumbled(match["value"])
    if not made and meaning(match["value"]):
        return None  # the name of another one
    return Finding(*match.span("value"), place.meaning.type)


def _find_quoted(
    place: NamedPlace, start: int, *, call: bool = False, compared: bool = False
) -> Finding | None:
    match = syntax.QUOTED.match(place.text, start)
    opened = None if match or call or compared else syntax.OPENED.match(place.text, start)
    match = syntax.QUOTED.match(place.text, opened.end()) if opened else match
    if opened and match and syntax.KEY_ENDS.match(place.text, match.end()):
        match = None  # the key of a group
    if not match and not call:
        wrapper = syntax.WRAPPER.match(place.text, start)
        match = syntax.QUOTED.match(place.text, wrapper.end()) if wrapper else None
    if not match and not call and place.meaning.strength == "strong":
        fallback = syntax.FALLBACK.match(place.text, start)
        match = syntax.QUOTED.match(place.text, fallback.end()) if fallback else None
    if not call and (not match or not match["value"]) and (found := _find_other_quoted(place, start)):
        return found
    if not match:
        return (
            finding_if_secret(place, syntax.OPEN.match(place.text, start)) if place.kind == "data" else None
        )
    value = match["value"]
    if call and place.text[start - 1] == "(" and not syntax.ENDS_CALL.match(place.text, match.end()):
        return None  # `add_password("realm", ...)`
    plain = not is_structured(value)
    if plain and (
        (call and place.meaning.strength != "strong")
        or (compared and not (place.meaning.type == "PASSWORD" and len(value) >= 5))
    ):
        return None
    return finding_if_secret(place, match)


def _find_other_quoted(place: NamedPlace, start: int) -> Finding | None:
    """A value in quotes that few languages have."""
    match = syntax.OTHER_QUOTED.match(place.text, start)
    if not match:
        return None
    group = next(name for name in ("value", "value2", "value3") if match[name] is not None)
    secret = is_secret(match[group], place.meaning.strength, literal=True)
    return Finding(*match.span(group), place.meaning.type) if secret else None


def _find_unquoted(place: NamedPlace, start: int, sign: str) -> Finding | None:
    text = place.text
    if sign[0] == ":" and place.kind != "code":
        block = syntax.BLOCK.match(text, start)
        if block:
            return finding_if_secret(place, block, literal=True)
        anchor = syntax.ANCHOR.match(text, start)
        start = anchor.end() if anchor else start
    match = syntax.BARE.match(text, start)
    if not match or match["value"].startswith(("$", "?")):
        return None
    if match["value"].isdigit() and place.meaning.type != "PIN" and text[place.end : place.end + 1] == '"':
        return None  # a number in JSON
    return _find_rest_of_line(place, start, sign) or _find_bare(place, match, sign)


def _find_bare(place: NamedPlace, match: re.Match[str], sign: str) -> Finding | None:
    """A value without quotes, up to a blank or a sign."""
    text = place.text
    start = match.start()
    after = place.text[match.end() : match.end() + 1]
    tight = text[start - 1 : start] == "=" and text[place.end : place.end + 1] == "="
    if _is_certain(place, sign, after, tight=tight):
        return finding_if_secret(place, match, literal=True)
    if not _may_be_value(place, match["value"], after, tight=tight) or (
        sign == ":=" and place.kind == "code"
    ):
        return None
    if place.kind != "data" and not tight and syntax.COMMAND_FOLLOWS.match(text, match.end()):
        return None
    if place.kind == "code" or sign[0] != ":" or after not in (" ", "\t"):
        return finding_if_secret(place, match, bare=True)
    line = syntax.LINE.match(text, start)  # YAML: words up to the end of the line
    if line and place.meaning.strength == "strong":
        return finding_if_secret(place, line, bare=True)
    return finding_if_secret(place, match, bare=True) if is_structured(match["value"]) else None


def _is_certain(place: NamedPlace, sign: str, after: str, *, tight: bool) -> bool:
    """Whether the value cannot be a variable: `${PASSWORD:word}`, `user=word password=word`."""
    if after == "}" and sign in (":", ":-"):
        return place.text[max(0, place.start - 2) : place.start] == "${"
    return tight and syntax.PAIRED.search(place.text[max(0, place.start - 60) : place.start]) is not None


def _find_rest_of_line(place: NamedPlace, start: int, sign: str) -> Finding | None:
    """A value with blanks, up to the end of a line `NAME=value` in a file of data."""
    begin = place.text.rfind("\n", 0, place.start) + 1
    if (
        sign != "="
        or place.kind != "data"
        or not (place.meaning.type == "PASSWORD" or (place.meaning == _SECRET and place.name.isupper()))
        or place.text[begin : place.start].strip()
    ):
        return None
    return finding_if_secret(place, syntax.REST.match(place.text, start), literal=True)


def _may_be_value(place: NamedPlace, value: str, after: str, *, tight: bool) -> bool:
    """Whether characters without quotes are a value here, and not an expression."""
    if syntax.IDENTIFIER.match(value):
        return _may_be_word(place, value, after, tight=tight)
    if place.kind == "unknown":
        return after not in ("[", "(") and not syntax.ATTRIBUTE.match(value)
    # `--password=old-oak-77` in a text of code is of a command: no language subtracts from such a name.
    shell = tight and (place.name.isupper() or (place.name.startswith("--") and is_structured(value)))
    return place.kind == "data" or shell or (is_structured(value) and not _is_expression(value))


def _may_be_word(place: NamedPlace, value: str, after: str, *, tight: bool) -> bool:
    """Whether a word without quotes is a value here, and not a variable, a type or a keyword."""
    if after in ("(", "[", ".") or value.lower() in VARIABLES:
        return False
    if is_structured(value):
        # A variable is written more than once.
        return place.kind != "code" or place.text.count(value) == 1
    if place.kind == "code":
        return tight and place.name.isupper() and len(value) > 5 and "_" not in value
    if place.kind == "data":
        return True
    plain = value.islower() or value.istitle() or value.isupper()
    return (
        plain and "_" not in value and len(value) > (3 if tight else 5) and after not in (",", ")", ";", ":")
    )


def _is_expression(value: str) -> bool:
    """Whether a value may be code: calls, attributes, arithmetic with names and numbers."""
    if syntax.ATTRIBUTE.match(value):
        return True
    return re.fullmatch(r"[\w.()\[\]{}*/+:&!-]+", value, re.ASCII) is not None and not is_random(value)
