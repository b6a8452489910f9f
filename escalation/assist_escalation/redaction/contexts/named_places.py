"""The places in a text where the name of a secret is, and which values can be the secret of such a name.

Where the value is not directly after the name, it must look a little more like a secret: see
`findings_in_context`. This module knows no syntax: its callers know what comes between a name and its value.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_escalation.prompts import PLACEHOLDER
from assist_escalation.redaction.findings import Finding, TextKind
from assist_escalation.redaction.secret_names import Meaning, meaning, stems
from assist_escalation.redaction.secret_values import (
    is_harmless,
    is_jumbled,
    is_placeholder,
    is_random,
    is_secret,
    is_structured,
    looks_random,
)

_BETWEEN = ("; ", ", ", ") ", "], ")  # texts between two literals that are no literals
_LONGEST_NAME = 80
_REST = re.compile(r"[\w.-]{0,60}+")
_OWNER = re.compile(r"(?<=[\"'])\w+:\Z")
_BARE_KEYS = ("key", "signingkey", "issuersigningkey")
_SIGNING = re.compile(r"\"(?:jwt|token|auth)\w{0,12}\"\s{0,9}:\s{0,9}\{[^{}]{0,160}\Z", re.IGNORECASE)
_METHOD = re.compile(  # of a group: passwords.put("bob", "...")
    r"(?<=s)\.(?:append|add|push|put|insert|update|extend|set|emplace|push_back|merge)\w{0,6}\Z",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """The name of a secret in a text: where it is, and the kind of the text."""

    text: str
    kind: TextKind
    start: int
    end: int
    name: str
    meaning: Meaning


def named_places(text: str, kind: TextKind) -> Iterator[NamedPlace]:
    """Every name of a secret in `text`, in order.

    >>> [place.name for place in named_places("user = x.dbPassword", "code")]
    ['x.dbPassword']
    """
    last_end = 0
    for start, end in stems(text):
        if start < last_end:
            continue
        place = _named_place(text, kind, start, end)
        if place is not None:
            last_end = place.end
            yield place


def _named_place(text: str, kind: TextKind, start: int, end: int) -> NamedPlace | None:
    least = max(0, start - _LONGEST_NAME)
    while start > least and (text[start - 1].isalnum() or text[start - 1] in "_.-"):
        start -= 1
    rest = _REST.match(text, end)
    end = rest.end() if rest else end
    name = text[start:end].rstrip(".-")
    method = _METHOD.search(name)
    if method and text[start + len(name) : start + len(name) + 1] == "(":
        name = name[: method.start()]
    before = text[max(0, start - 7) : start].lower()
    folder = name in ("PWD", "env.PWD") and before.endswith("$")
    if folder or before == "public " or PLACEHOLDER.search(name):
        return None
    if text[start - 1 : start] == ":" and (owner := _OWNER.search(text, max(0, start - 30), start)):
        name_meaning = meaning(owner[0][:-1] + "_" + name)  # config["Jwt:Key"]
    else:
        name_meaning = meaning(name[-_LONGEST_NAME:])
    if name.lower() in _BARE_KEYS and _SIGNING.search(text, max(0, start - 200), start):
        name_meaning = Meaning("SECRET", "strong")
    return NamedPlace(text, kind, start, start + len(name), name, name_meaning) if name_meaning else None


def finding_if_secret(
    place: NamedPlace, match: re.Match[str] | None, *, bare: bool = False, literal: bool = False
) -> Finding | None:
    """The matched value if it is a secret. `bare`: it has no quotes. `literal`: it is certainly no name."""
    if match is None:
        return None
    value = match["value"]
    (start, end) = match.span("value")
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
    name = place.name.lower()
    lower = value.lower()
    if (
        lower == name
        or lower.startswith((name + "=", name + ":"))
        or (bare and not literal and is_harmless(value))
    ):
        return None
    return Finding(start, end, place.meaning.type)


def _is_literal(place: NamedPlace, match: re.Match[str]) -> bool:
    """Return whether a value can only be a literal: in quotes, or without them in a file of data."""
    value = match["value"]
    type_ = place.meaning.type
    if "q" in match.re.groupindex:
        if value.startswith("$") and match["q"] not in ("'", "\\'") and not re.search(r"\$[a-z]+\d\Z", value):
            return False  # a variable of a shell or of PHP
        return type_ != "SECRET" or place.kind != "data" or " " in value
    sure = type_ == "PASSWORD" or (type_ == "SECRET" and place.name.isupper())
    return place.kind == "data" and sure and value[0].isalnum() and " " not in value


def _is_pin(place: NamedPlace, value: str) -> bool:
    return place.meaning.type == "PIN" and value.isdigit() and 4 <= len(value) <= 12


def _is_token(place: NamedPlace, value: str) -> bool:
    """Say if a value is an access token: it has at least two digits, which a parser's token has not."""
    if place.meaning.type != "TOKEN" or len(value) < 8:
        return False
    digits = sum(map(str.isdigit, value))
    if (digits == len(value) >= 20) or (len(value) >= 12 and is_jumbled(value)):
        return True
    plain = value.isascii() and value.replace("-", "").replace("_", "").isalnum() and not value.isdigit()
    is_mixed_text = (
        len(value) >= 20
        and digits == 1
        and len(re.findall(r"[a-z][A-Z]{2}|[A-Z]{2}[a-z]{1,3}[A-Z]", value)) >= 2
    )
    return (digits >= 2 or is_mixed_text) and plain and not is_harmless(value)


def _is_mnemonic(name: str, value: str) -> bool:
    """Return whether a value is the list of words that a wallet's key is made from."""
    words = value.split(" ")
    return "mnemonic" in name.lower() and len(words) in (12, 15, 18, 21, 24) and all(map(str.islower, words))


_LEAST_TOKEN = 8  # characters
_MESSAGE = re.compile(
    r"""
      %\d*[a-z]\Z|%[sdv]|\{\}|\{[^{}]*[ (].*\}      # the places of a format, and an expression in one
    | [A-Za-z]\.[ ]|\\n\Z|[,:]\Z        # sentences, and parts of them
    | \A[$@&][A-Za-z_]+\Z                 # a variable
    | \w=[^;\s]*;\w+=[^;]*;                # fields of a header
    | \Asha\d{1,3}-                     # the digest of a package
    | \Ause[ ](?:strict|server|client)\Z  # what a script says to its reader
    | \Autf-?8|\A\.|\A\[\w+[.\]]       # an encoding, an extension, markup
    """,
    re.VERBOSE,
)


def findings_in_context(place: NamedPlace, start: int, end: int, *, word: bool = False) -> Iterator[Finding]:
    """The literal at `start` to `end` if it is a secret. `word`: it has no quotes."""
    value = place.text[start:end]
    type_ = place.meaning.type
    if type_ == "PIN":
        fits = value.isdigit() and 4 <= len(value) <= 12
    elif place.meaning.strength == "weak":
        fits = is_random(value)
    elif type_ in ("TOKEN", "API_KEY") or word:
        fits = is_token_like(value)
    else:
        fits = len(value) >= 4 and not is_placeholder(value)
    if fits and not _MESSAGE.search(value) and value.lower() != place.name.lower():
        yield Finding(start, end, type_)


def is_token_like(value: str) -> bool:
    """Return whether a value has the digits and letters of a key: `77b0e1c2d9f84a35`."""
    if PLACEHOLDER.search(value):
        return False
    digits = sum(map(str.isdigit, value))
    return looks_random(value) or (
        len(value) >= _LEAST_TOKEN
        and digits >= 2
        and any(map(str.isalpha, value))
        and not any(map(str.isspace, value))
        and not is_harmless(value)
    )


def is_typed_password(value: str) -> bool:
    """Say if a value looks like a password that a person made: letters, digits or signs, without blanks.

    >>> is_typed_password("Summer2024!"), is_typed_password("user-2024-05-01"), is_typed_password("summer")
    (True, False, False)
    """
    return (
        6 <= len(value) <= 40
        and not any(map(str.isspace, value))
        and is_structured(value)
        and _TYPED_SIGNS.fullmatch(value) is not None
        and not _DATED.search(value)
        and not PLACEHOLDER.search(value)
        and not is_harmless(value)
    )


def is_mixed(value: str) -> bool:
    """Return whether a value has two digits, or one and a sign, as a password has that is not a name.

    >>> is_mixed("Summer1!"), is_mixed("level1")
    (True, False)
    """
    digits = sum(map(str.isdigit, value))
    has_signs = digits >= 1 and any(character in "!@#$%^&*+~?" for character in value)
    return (digits >= 2 or has_signs) and not _ALGORITHM.match(value)


_ALGORITHM = re.compile(
    r"(?:sha|md|ripemd|blake|crc|xxh|aes|hs|rs|es|ps|ed|x|rsa|utf|iso|base|tls|v|ipv|oauth|http|h)[-_]?\d+\b",
    re.IGNORECASE,
)
_TYPED_SIGNS = re.compile(r"[\w!@#$%^&*+~?.-]+", re.ASCII)
_DATED = re.compile(
    r"""
      \d{4}-\d\d                              # a date
    | \A[a-z]{1,5}[-_]?\d{1,2}\Z                  # user1, item-2
    | \A[\w.+-]+@[\w-]+\.\w+                  # an address
    | [.-].*[.-]|\.(?!\d\d(?:\d\d)?\Z)\w{1,5}\Z|\A[#.]           # a version, a host, a file, a selector
    | \A[0-9a-f]{6,8}\Z                       # a color
    """,
    re.VERBOSE,
)
