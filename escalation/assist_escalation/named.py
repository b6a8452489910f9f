"""A name that means a secret, where it stands, and whether the value behind it is one.

It knows neither how a name and its value are written together, which `assignments` does, nor what a name
means.
"""

import re
from dataclasses import dataclass
from typing import Literal

from assist_escalation.findings import Finding
from assist_escalation.values import is_secret, stands_for_one
from assist_escalation.words import Meaning

# In `code` a bare word is a variable or a type; in `data` it is the value; `unknown` is a single line of
# either.
Kind = Literal["code", "data", "unknown"]

_BETWEEN = ("; ", ", ", ") ", "], ")  # what stands between two literals, and is none


@dataclass(frozen=True, slots=True)
class Place:
    """A name that means a secret: where it stands, and what kind of text it stands in."""

    text: str
    kind: Kind
    start: int
    end: int
    name: str
    meaning: Meaning


def finding(
    place: Place, match: re.Match[str] | None, *, bare: bool = False, literal: bool = False
) -> Finding | None:
    """The value that was matched, where it is a secret; `bare`: without quotes, `literal`: surely no name."""
    if match is None:
        return None
    value, (start, end) = match["value"], match.span("value")
    if value.startswith(_BETWEEN):
        return None
    literal = literal or _is_literal(place, match)
    if _is_mnemonic(place.name, value):
        return Finding(start, end, "SECRET")
    if not (
        is_secret(value, place.meaning.strength, literal=literal)
        or _is_pin(place, value)
        or _is_token(place, value)
    ):
        return None
    name, lower = place.name.lower(), value.lower()
    if (
        lower == name
        or lower.startswith((name + "=", name + ":"))
        or (bare and not literal and stands_for_one(value))
    ):
        return None
    return Finding(start, end, place.meaning.type)


def _is_literal(place: Place, match: re.Match[str]) -> bool:
    """Whether a value stands where only a literal may: in quotes, or bare in a file of data."""
    value, type_ = match["value"], place.meaning.type
    if "q" in match.re.groupindex:
        if value.startswith("$") and match["q"] not in ("'", "\\'") and not re.search(r"\$[a-z]+\d\Z", value):
            return False  # a shell's or PHP's variable
        return type_ != "SECRET" or place.kind != "data" or " " in value
    sure = type_ == "PASSWORD" or (type_ == "SECRET" and place.name.isupper())
    return place.kind == "data" and sure and value[0].isalnum() and " " not in value


def _is_pin(place: Place, value: str) -> bool:
    return place.meaning.type == "PIN" and value.isdigit() and 4 <= len(value) <= 12


def _is_token(place: Place, value: str) -> bool:
    """A parser's tokens have no digits in them, and more than one of them."""
    if place.meaning.type != "TOKEN" or len(value) < 8:
        return False
    digits = sum(map(str.isdigit, value))
    plain = value.isascii() and value.replace("-", "").replace("_", "").isalnum() and not value.isdigit()
    return digits >= 2 and plain and not stands_for_one(value)


def _is_mnemonic(name: str, value: str) -> bool:
    """The words that a wallet's key is made from."""
    words = value.split(" ")
    return "mnemonic" in name.lower() and len(words) in (12, 15, 18, 21, 24) and all(map(str.islower, words))
