"""Whether a literal is the secret of a name that is not directly before it.

Here a name is less sure than in an assignment, so that a value must look a little more like a secret.
"""

import re

from assist_escalation.prompts import PLACEHOLDER
from assist_escalation.redaction.contexts.named_places import NamedPlace
from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.secret_values import (
    is_harmless,
    is_placeholder,
    is_random,
    is_structured,
    looks_random,
)

_LEAST_TOKEN = 8  # characters
_MESSAGE = re.compile(
    r"""
      %\d*[a-z]\Z|%[sdv]|\{\}|\{[^{}]*[ (].*\}      # the places of a format, and an expression in one
    | [A-Za-z]\.[ ]|\\n\Z|[,:]\Z        # sentences, and parts of them
    | \A[$@&][A-Za-z_]+\Z                 # a variable
    | \w=[^;\s]*;\w+=[^;]*;                # fields of a header
    | \Asha\d{1,3}-                     # the digest of a package
    | \Autf-?8|\A\.|\A\[\w+[.\]]       # an encoding, an extension, markup
    """,
    re.VERBOSE,
)


def finding_in_context(place: NamedPlace, start: int, end: int, *, word: bool = False) -> Finding | None:
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
    if not fits or _MESSAGE.search(value) or value.lower() == place.name.lower():
        return None
    return Finding(start, end, type_)


def is_token_like(value: str) -> bool:
    """Whether a value has the digits and letters of a key: `77b0e1c2d9f84a35`."""
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
    """Whether a value looks like a password that a person made: letters, digits or signs, without blanks.

    >>> is_typed_password("Summer2024!"), is_typed_password("user-2024-05-01"), is_typed_password("summer")
    (True, False, False)
    """
    return (
        6 <= len(value) <= 40
        and not any(map(str.isspace, value))
        and is_structured(value)
        and _TYPED.fullmatch(value) is not None
        and not _DATED.search(value)
        and not PLACEHOLDER.search(value)
        and not is_harmless(value)
    )


def is_mixed(value: str) -> bool:
    """Whether a value has two digits, or one and a sign, as a password has that is no name.

    >>> is_mixed("Summer1!"), is_mixed("level1")
    (True, False)
    """
    digits = sum(map(str.isdigit, value))
    signed = digits >= 1 and any(each in "!@#$%^&*+~?" for each in value)
    return (digits >= 2 or signed) and not _ALGORITHM.match(value)


_ALGORITHM = re.compile(
    r"(?:sha|md|ripemd|blake|crc|xxh|aes|hs|rs|es|ps|ed|x|rsa|utf|iso|base|tls|v|ipv|oauth|http|h)[-_]?\d+\b",
    re.IGNORECASE,
)
_TYPED = re.compile(r"[\w!@#$%^&*+~?.-]+", re.ASCII)
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
