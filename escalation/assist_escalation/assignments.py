"""Finds what is assigned to a name that means a secret, in the ways that languages and file formats write it.

It knows what a bare word is where. `syntax` knows what stands between a name and its value, `words` knows
names, `values` knows values.
Other ways to hand over a secret, such as addresses and command lines, are in `phrases`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from assist_escalation import syntax
from assist_escalation.findings import Finding
from assist_escalation.values import is_random, is_secret, is_structured, stands_for_one
from assist_escalation.words import Meaning, meaning, parts, stems

# In `code` a bare word is a variable or a type; in `data` it is the value; `unknown` is a single line of
# either.
Kind = Literal["code", "data", "unknown"]

_LONGEST_NAME = 80
_REST = re.compile(r"[\w.-]{0,60}+")


@dataclass(frozen=True, slots=True)
class _Place:
    """A name that means a secret: where it stands, and what kind of text it stands in."""

    text: str
    kind: Kind
    start: int
    end: int
    name: str
    meaning: Meaning


def find_assignments(text: str, kind: Kind) -> Iterator[Finding]:
    """Every literal that is assigned to a secret's name.

    >>> text = "db_password: hunter2"
    >>> [text[each.start : each.end] for each in find_assignments(text, "data")]
    ['hunter2']
    """
    done = 0
    for start, end in stems(text):
        if start < done:
            continue
        place = _place(text, kind, start, end)
        if place is None:
            continue
        done = place.end
        found = _direct(place) or _indirect(place) or _beside(place)
        if found is not None:
            yield found
            yield from _others(place, found)


def _others(place: _Place, found: Finding) -> Iterator[Finding]:
    """The other items of a list whose first item was found."""
    item = (
        syntax.ITEM.match(place.text, found.end)
        if syntax.IN_LIST.search(place.text, max(0, found.start - 9), found.start)
        else None
    )
    while item:
        each = _finding(place, item)
        if each:
            yield each
        item = syntax.ITEM.match(place.text, item.end("value"))


def _place(text: str, kind: Kind, start: int, end: int) -> _Place | None:
    least = max(0, start - _LONGEST_NAME)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    rest = _REST.match(text, end)
    end = rest.end() if rest else end
    name = text[start:end].rstrip(".-")
    found = meaning(name[-_LONGEST_NAME:])
    return _Place(text, kind, start, start + len(name), name, found) if found else None


def _direct(place: _Place) -> Finding | None:
    sign = syntax.SIGN.match(place.text, place.end)
    if not sign or not _assigns(place, sign["sign"]):
        return None
    spelled = sign["sign"]
    if spelled.endswith(">") and spelled not in ("=>", "->"):
        return _finding(place, syntax.ELEMENT.match(place.text, sign.end("sign")), bare=True)
    compared = spelled in ("==", "!=", "===", "!==", "=~")
    found = _quoted(place, sign.end(), call=spelled in ("(", ","), compared=compared)
    if found or spelled not in ("=", ":", ": ", ":=", "=>", "?="):
        return found
    if "\n" in place.text[sign.end("sign") : sign.end()] and (place.kind != "data" or spelled[0] != ":"):
        return None
    return _unquoted(place, sign.end(), spelled)


def _assigns(place: _Place, sign: str) -> bool:
    """Whether the sign hands a value over: `put("password", "...")` does, a list of names does not."""
    if sign == ",":
        flag = place.name.startswith("--")  # ["--password", "..."]
        return flag or bool(syntax.OPENS_CALL.search(place.text, max(0, place.start - 12), place.start))
    return sign != "(" or _takes_one(place.name)


def _takes_one(name: str) -> bool:
    """Whether a function's name ends in the secret's word: `db.setPassword` does, `pwd.getpwnam` does not."""
    words = parts(name.rpartition(".")[2])
    return bool(words) and (words[-1] == "key" or meaning(words[-1]) is not None)


def _indirect(place: _Place) -> Finding | None:
    sign = syntax.INDIRECT.match(place.text, place.end)
    if not sign:
        return None
    return _quoted(place, sign.end()) or _unquoted(place, sign.end(), ":")


def _beside(place: _Place) -> Finding | None:
    """`--password hunter2`, `ENV PASSWORD hunter2`, `PASSWORD 'hunter2'`."""
    sign = syntax.BESIDE.match(place.text, place.end)
    if not sign:
        return None
    head = place.text[max(0, place.start - 100) : place.start]
    dashes = place.name[: len(place.name) - len(place.name.lstrip("-"))]
    asked = syntax.FLAG.search(head + dashes) or syntax.COMMAND.search(head)
    if asked or (place.meaning.strength == "strong" and place.name.lower() != "pass"):
        found = _quoted(place, sign.end(), call=True)
        if found:
            return found
    if not asked or place.name == "pass":
        return None
    match = syntax.BARE.match(place.text, sign.end())
    if match and (
        (match["value"].isupper() and not any(map(str.isdigit, match["value"]))) or match["value"][0] in "-=["
    ):
        return None  # usage: --password PASSWORD
    if match and match["value"].lower() in syntax.VARIABLES:
        return None
    return _finding(place, match, bare=True)


def _quoted(place: _Place, start: int, *, call: bool = False, compared: bool = False) -> Finding | None:
    match = syntax.QUOTED.match(place.text, start)
    opened = None if match or call or compared else syntax.OPENED.match(place.text, start)
    match = syntax.QUOTED.match(place.text, opened.end()) if opened else match
    if not match and not call:
        wrapper = syntax.WRAPPER.match(place.text, start)
        match = syntax.QUOTED.match(place.text, wrapper.end()) if wrapper else None
    if not match:
        return _finding(place, syntax.OPEN.match(place.text, start)) if place.kind == "data" else None
    value = match["value"]
    if call and place.text[start - 1] == "(" and not syntax.ENDS_CALL.match(place.text, match.end()):
        return None  # `add_password("realm", ...)`
    if (compared or (call and place.meaning.strength != "strong")) and not is_structured(value):
        return None
    return _finding(place, match)


def _unquoted(place: _Place, start: int, sign: str) -> Finding | None:
    text = place.text
    match = syntax.BARE.match(text, start)
    if not match or match["value"].startswith("$"):
        return None
    value, after = match["value"], text[match.end() : match.end() + 1]
    tight = text[start - 1 : start] == "=" and text[place.end : place.end + 1] == "="
    if not _may_be_value(place, value, after, tight=tight) or (sign == ":=" and place.kind == "code"):
        return None
    if place.kind != "data" and not tight and syntax.COMMAND_FOLLOWS.match(text, match.end()):
        return None
    if place.kind != "code" and sign[0] == ":" and after in (" ", "\t"):
        line = syntax.LINE.match(text, start)  # YAML: words up to the end of the line
        if line and place.meaning.strength == "strong":
            return _finding(place, line, bare=True)
        return _finding(place, match, bare=True) if is_structured(value) else None
    return _finding(place, match, bare=True)


def _may_be_value(place: _Place, value: str, after: str, *, tight: bool) -> bool:
    """Whether bare characters are a value where they stand, and not an expression."""
    if syntax.IDENTIFIER.match(value):
        return _may_be_word(place, value, after, tight=tight)
    if place.kind == "unknown":
        return after not in ("[", "(") and not syntax.ATTRIBUTE.match(value)
    shell = tight and place.name.isupper()
    return place.kind == "data" or shell or (is_structured(value) and not _is_expression(value))


def _may_be_word(place: _Place, value: str, after: str, *, tight: bool) -> bool:
    """Whether a bare word is a value where it stands, and not a variable, a type or a keyword."""
    if after in ("(", "[", ".") or value.lower() in syntax.VARIABLES:
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
    """Whether it may be code: calls, attributes, arithmetic of names and numbers."""
    if syntax.ATTRIBUTE.match(value):
        return True
    return re.fullmatch(r"[\w.()\[\]{}*/+:&!-]+", value, re.ASCII) is not None and not is_random(value)


def _finding(place: _Place, match: re.Match[str] | None, *, bare: bool = False) -> Finding | None:
    if match is None:
        return None
    value, (start, end) = match["value"], match.span("value")
    if _is_mnemonic(place.name, value):
        return Finding(start, end, "SECRET")
    if not (is_secret(value, place.meaning.strength) or _is_pin(place, value) or _is_token(place, value)):
        return None
    name, lower = place.name.lower(), value.lower()
    if lower == name or lower.startswith((name + "=", name + ":")) or (bare and stands_for_one(value)):
        return None
    return Finding(start, end, place.meaning.type)


def _is_pin(place: _Place, value: str) -> bool:
    return place.meaning.type == "PIN" and value.isdigit() and 4 <= len(value) <= 12


def _is_token(place: _Place, value: str) -> bool:
    """A parser's tokens have no digits in them, and more than one of them."""
    digits = sum(map(str.isdigit, value))
    plain = value.isascii() and value.replace("-", "").replace("_", "").isalnum() and not value.isdigit()
    return (
        place.meaning.type == "TOKEN"
        and len(value) >= 8
        and digits >= 2
        and plain
        and not stands_for_one(value)
    )


def _is_mnemonic(name: str, value: str) -> bool:
    """The words that a wallet's key is made from."""
    words = value.split(" ")
    return "mnemonic" in name.lower() and len(words) in (12, 15, 18, 21, 24) and all(map(str.islower, words))
