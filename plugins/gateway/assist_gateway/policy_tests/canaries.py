"""Canaries: made-up secrets of every format that the redactor knows, and words that mark a file's text.

They are new in every run, so that nothing can know them, and none is anyone's. The formats come from the
redactor's own tables; whether it finds a canary is what the probe looks at.
"""

import base64
import json
import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from assist_escalation.redaction.detectors.token_formats import (
    FORMATS,
    TOKENS,
    Part,
    Token,
    find_formats,
    github_checksum,
)

_WORDS = (
    "amber", "basil", "cedar", "delta", "ember", "fjord", "gable", "hazel", "inlet", "jetty",
    "kiosk", "larch", "maple", "nylon", "otter", "pebble", "quill", "raven", "sedge", "thyme",
    "umber", "vole", "walnut", "yarrow", "zinc", "alder", "birch", "copper", "dune", "elm",
    "fern", "grove", "heron", "iris",
)  # fmt: skip
_PRINTABLE = [chr(code) for code in range(33, 127)]
_TRIES = 5  # tokens made until one is whole for its format: of random letters some look like a name
_LONGEST_MORE = 24  # characters of a part above its least
_SHORTEST_HALF = 10  # characters: shorter halves of a secret could be anywhere


@dataclass(frozen=True, slots=True)
class CanarySecret:
    """A made-up secret: its kind, the line of a file that holds it, and the text that must never leave."""

    kind: str
    line: str = field(repr=False)
    secret: str = field(repr=False)

    def is_in(self, text: str) -> bool:
        """Whether a text holds it, or half of it."""
        half = len(self.secret) // 2
        halves = (self.secret[:half], self.secret[half:]) if half >= _SHORTEST_HALF else ()
        return any(piece in text for piece in (self.secret, *halves))


def marker(chance: Random) -> str:
    """Words that no one writes, as a name in code: what of a file leaves has them. They are no secret.

    >>> marker(Random(1)).count("_")
    3
    """
    return "_".join(chance.sample(_WORDS, 4))


def all_secrets(chance: Random) -> list[CanarySecret]:
    """A secret of each format of a token, then of each other kind."""
    tokens = (_of_format(number, token, chance) for number, (_, token) in enumerate(TOKENS))
    return [*tokens, *other_secrets(chance)]


def _of_format(number: int, token: Token, chance: Random) -> CanarySecret:
    kind = FORMATS[number].type
    for _ in range(_TRIES):
        secret = _token(token, chance)
        line = f"{_introduction(token, chance)}{secret}"
        if any(secret.startswith(line[found.start : found.end]) for found in find_formats(line)):
            break
    return CanarySecret(kind, line, secret)


def _token(token: Token, chance: Random) -> str:
    body = "".join(_of_part(part, chance) for part in chance.choice(token.bodies))
    prefix = chance.choice(token.prefixes) if token.prefixes else ""
    if token.checksum:
        body = body[:30] + github_checksum(prefix + body[:36])
    return prefix + body


def _of_part(part: Part, chance: Random) -> str:
    if not part.most:
        return part.text
    length = chance.randint(part.least, min(part.most, part.least + _LONGEST_MORE))
    return "".join(chance.choices(_alphabet(part.text), k=length))


@cache
def _alphabet(characters: str) -> Sequence[str]:
    return [letter for letter in _PRINTABLE if re.fullmatch(characters, letter)]


def _introduction(token: Token, chance: Random) -> str:
    """The name of the service, where a token is known by it."""
    name = chance.choice(token.near) if token.near else ""
    return f"{name} key " if token.key_word else f"{name} " if name else ""


def other_secrets(chance: Random) -> Iterator[CanarySecret]:
    """A secret of each kind that no format has: known by a name, by an address, or by its own frame."""
    yield _by_frame("a password in code", 'db_password = "{}"', password(chance))
    yield _by_frame("a password in YAML", "password: {}", password(chance))
    yield _by_frame(
        "a password on a command line", 'DUMP = "mysql --user ann --password={} shop"', password(chance)
    )
    yield _by_frame("a password in an address", "postgres://ann:{}@db.example/shop", password(chance))
    yield _by_frame("a key by its name", 'API_KEY = "{}"', _letters(chance, 32))
    yield _by_frame("a bearer token", "Authorization: Bearer {}", _letters(chance, 40))
    yield _by_frame("a web token", "{}", _web_token(chance))
    yield _private_key(chance)


def password(chance: Random) -> str:
    """A password as people choose one: words and digits."""
    return f"{'-'.join(chance.sample(_WORDS, 3))}-{chance.randint(100, 999)}"


def _by_frame(kind: str, line: str, secret: str) -> CanarySecret:
    return CanarySecret(kind, line.format(secret), secret)


def _letters(chance: Random, length: int) -> str:
    return "".join(chance.choices(string.ascii_letters + string.digits, k=length))


def _web_token(chance: Random) -> str:
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": _letters(chance, 12), "iat": 1_700_000_000}]
    texts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*texts, _letters(chance, 43)])


def _private_key(chance: Random) -> CanarySecret:
    lines = [_letters(chance, 64) for _ in range(6)]
    head, foot = (f"-----{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))
    return CanarySecret("a private key", "\n".join([head, *lines, foot]), lines[2])
