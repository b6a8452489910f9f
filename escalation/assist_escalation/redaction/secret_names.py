"""Names that mean a secret: `db_password` does, `password_file` and `primary_key` do not.

The words are in `secret_names.toml`. This module knows how a name is made of words. It knows no values and
no syntax.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, cast

from assist_escalation.redaction.rule_tables import Rule, read_rules

# How sure a name is. `strong`: the value is secret, whatever it is. `medium`: unless it reads as a name.
# `weak`: only if it looks random, since `key` and `token` mean many things in a program.
NameStrength = Literal["strong", "medium", "weak"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """The meaning of a name for its value: the type of secret, and how sure that is."""

    type: str
    strength: NameStrength


_RULES = read_rules(
    __package__,
    "secret_names.toml",
    {
        "name": "type strength words",
        "ending": "type strength words",
        "tokens": "words",
        "parser_tokens": "words",
        "key_owners": "words",
        "open_keys": "words",
        "phrase_keys": "words",
        "about_a_secret": "words",
        "not_a_secret": "words",
        "stems": "expressions",
        "vocabulary": "more except",
    },
)


def _meanings(rules: tuple[Rule, ...]) -> dict[str, Meaning]:
    meanings = dict[str, Meaning]()
    for rule in rules:
        strength = cast("NameStrength", rule.text("strength", ("strong", "medium", "weak")))
        meanings |= dict.fromkeys(rule.words(), Meaning(rule.text("type"), strength))
    return meanings


def _words(section: str, key: str = "words") -> frozenset[str]:
    return frozenset(word for rule in _RULES[section] for word in rule.words(key))


_SINGLE = _meanings(_RULES["name"])
_ENDINGS = _meanings(_RULES["ending"])
_TOKENS = _words("tokens")
_PARSER_TOKENS = _words("parser_tokens")
_KEY_OWNERS = _words("key_owners")
_OPEN_KEYS = _words("open_keys")
_PHRASE_KEYS = _words("phrase_keys")
_ABOUT = _words("about_a_secret")
_DENIES = _words("not_a_secret")

# The search for stems runs over every text. `str.find` of a stem's first letters is the fastest filter.
_STEMS = tuple(
    (re.split(r"[(\[]", stem)[0], rule.regex(stem, "expressions"))
    for rule in _RULES["stems"]
    for stem in rule.words("expressions")
)

# Words that name a secret where they are the value: `password = "password"`.
VOCABULARY = frozenset({*_SINGLE, *_TOKENS, *_words("vocabulary", "more")} - _words("vocabulary", "except"))

_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zß-ɏ]+|\d+|[^\W\d_]+")


def stems(text: str) -> list[tuple[int, int]]:
    """Find where in `text` the name of a secret may be, in order.

    >>> stems("DB_PASSWORD and a Token")
    [(3, 7), (18, 23)]
    """
    lower = lower_case(text)
    present = (stem for first, stem in _STEMS if first in lower)
    return sorted(match.span() for stem in present for match in stem.finditer(lower))


def lower_case(text: str) -> str:
    """`text` in lower case, character by character, so that offsets stay the same."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(character.lower() if len(character.lower()) == 1 else character for character in text)


def parts(name: str) -> list[str]:
    """The words of a name, in lower case.

    >>> parts("db.userPassword_2")
    ['db', 'user', 'password', '2']
    """
    return [part.lower() for part in _PARTS.findall(name)]


def is_about(word: str) -> bool:
    """Return whether a word of a name speaks about a secret and holds none: `length`, `file`."""
    return word in _ABOUT


@lru_cache(maxsize=8192)
def meaning(name: str) -> Meaning | None:
    """Return what a name says about its value, or None if the name means no secret.

    >>> meaning("DB_PASSWORD"), meaning("password_file")
    (Meaning(type='PASSWORD', strength='strong'), None)
    """
    words = parts(name)
    for index in range(len(words) - 1, -1, -1):
        word_meaning = _meaning_of_word(words, index)
        if word_meaning is not None:
            return word_meaning
        if words[index] in _ABOUT and words[index - 1 : index + 1] not in (
            ["secret", "id"],
            ["session", "id"],
        ):
            return None
    return None


def _meaning_of_word(words: list[str], index: int) -> Meaning | None:
    word = words[index]
    before = words[index - 1] if index else ""
    if word in ("key", "keys"):
        return _meaning_of_key(before)
    if [before, word] == ["security", "credentials"]:
        return Meaning("PASSWORD", "strong")  # java.naming.security.credentials
    if word in _TOKENS:
        return _meaning_of_token(words[:index])
    alone = _SINGLE.get(word) or _meaning_of_ending(word)
    if alone and alone.strength == "strong" and before in _DENIES:
        return Meaning(alone.type, "weak")
    return alone


def _meaning_of_ending(word: str) -> Meaning | None:
    for ending, meant in _ENDINGS.items():
        if word.endswith(ending) and word.removesuffix(ending) not in _DENIES:
            return meant
    return None


def _meaning_of_key(before: str) -> Meaning | None:
    if before in _OPEN_KEYS:
        return None
    if before in ("secret", "private", "priv"):
        return Meaning("SECRET", "strong")
    if before in _PHRASE_KEYS:
        return Meaning("SECRET", "strong")
    return Meaning("API_KEY", "medium" if before in _KEY_OWNERS else "weak")


def _meaning_of_token(before: list[str]) -> Meaning | None:
    if before[-2:] == ["public", "key"]:
        return None  # .NET: the short form of a public key
    last = before[-1] if before else ""
    alone = not last or last.isdigit() or last in _DENIES or last in _PARSER_TOKENS
    return Meaning("TOKEN", "weak" if alone else "medium")
