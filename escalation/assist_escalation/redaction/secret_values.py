"""Values that can be a secret, and harmless ones: an example, a variable, a type, a name, a label.

This module knows no syntax and no names of secrets. It needs no minimum entropy: "hunter2" is a password.
"""

import re
from functools import lru_cache
from itertools import pairwise

from assist_escalation.prompts import PLACEHOLDER
from assist_escalation.redaction.rule_tables import read_expressions, read_words
from assist_escalation.redaction.secret_names import VOCABULARY, NameStrength, parts

_FILLERS, _ALGORITHMS, _SENTENCE, _LABEL, _LAST, _BOASTS, _NAMES = read_words(
    __package__,
    "secret_values.toml",
    "fillers",
    "algorithms",
    "sentence",
    "label",
    "last_word",
    "boasts",
    "names",
)
_NO_VALUES = _FILLERS | _ALGORITHMS | VOCABULARY
_SHAPES = read_expressions(__package__, "value_shapes.toml")
_LONGEST = 1000  # characters; longer keys have formats of their own
_VARIABLE = re.compile(r"\A[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\Z")
_DOTTED = re.compile(r"\A[A-Za-z_]\w*(?:\.[$A-Za-z_]\w*)+\Z|\A[a-z]+(?:[-:/][a-z]+)+\Z")
_IDENTIFIER = re.compile(
    r"[a-z]{1,7}|[a-z]+(?:_[a-z]+)+|[a-z]+(?:[A-Z][a-z]+)+|--[a-z-]+|[a-z]+(?:[_-][a-z]+){0,3}(?:[_-]\d{1,4})+|\d{1,9}"
)  # not a key, but a kind of token, an option, or a number of things
_NAME = re.compile(r"[.A-Za-z_][\w.-]*")
_HARMLESS = (
    *map(_SHAPES.__getitem__, ("stands_for", "regex", "path", "file", "code", "reference")),
    _VARIABLE,
)
_JUMBLE_LEAST = 20  # characters
_SIGNS = re.compile(r"[!@#$%^&*()+=<>?{}\[\]|~;,`]")
_SHORT_RUNS = re.compile(
    r"[a-z]{0,3}(?:[A-Z0-9+/-]+[a-z]{1,3})*[A-Z0-9+/-]*"
)  # no word of four small letters
_RANDOM_LEAST = 16  # characters, from which on a weak name's random value is a secret


@lru_cache(maxsize=4096)
def is_harmless(value: str) -> bool:
    """Return whether a value is not a secret: a placeholder for one, or something else.

    >>> is_harmless("${DB_PASSWORD}"), is_harmless("YOUR_KEY"), is_harmless("hunter2")
    (True, True, False)
    """
    bare = value.strip().strip("`")
    if not PLACEHOLDER.sub("", bare).strip(" '\"`\\,;") or not any(map(str.isalnum, bare)):
        return True
    word = bare.lower().strip("<>[]{}()_-*\"'`.,:;!?= ")
    if word in _NO_VALUES or any(shape.search(bare) for shape in _HARMLESS):
        return True
    if any(map(str.isspace, bare)):
        return _is_prose(bare)
    return not any(map(str.isdigit, bare)) and (
        _is_name(bare) or bare.endswith((":", "?")) or not bare.isascii()
    )


def _is_prose(value: str) -> bool:
    words = value.split()
    lower = [word.lower().strip(".,:;!?()\"'") for word in words]
    if len(words) > 8 or not _SENTENCE.isdisjoint(lower) or not VOCABULARY.isdisjoint(lower):
        return True
    label = words[0][:1].isupper() and all(word.islower() for word in words[1:])
    return label and not any(map(str.isdigit, value))


def _is_name(value: str) -> bool:
    """Say if a value is a name of words, with dots or a word for a secret: `app.name`, `auth_token`."""
    words = parts(value)
    if not _BOASTS.isdisjoint(words):
        return False
    is_vocabulary = len(words) > 1 and not VOCABULARY.isdisjoint(words)
    return (_DOTTED.match(value) is not None and not re.search(r"\.\w\Z", value)) or (
        is_vocabulary and _NAME.fullmatch(value) is not None
    )


@lru_cache(maxsize=4096)
def is_placeholder(value: str) -> bool:
    """Say if a literal after a password's name is not a password. It accepts fewer values than `is_harmless`.

    >>> is_placeholder("the quick brown fox"), is_placeholder("Enter your password")
    (False, True)
    """
    bare = value.strip().strip("`")
    if looks_random(bare):
        return False
    if is_example(bare):
        return True
    if any(shape.search(bare) for shape in (_SHAPES["path"], _SHAPES["file"], _VARIABLE)):
        return True
    if any(map(str.isspace, bare)):
        return _is_label(bare)
    return not any(map(str.isdigit, bare)) and (bare.endswith((":", "?")) or _is_reference(bare))


def is_passphrase(value: str) -> bool:
    """Say if a value is three words or more with the same sign between, and none that speaks about secrets.

    >>> is_passphrase("correct.horse.battery"), is_passphrase("app.user.name")
    (True, False)
    """
    if not _PASSPHRASE.fullmatch(value):
        return False
    words = re.split(r"[ ._-]", value)
    return all(words_not.isdisjoint(words) for words_not in (VOCABULARY, _FILLERS, _LABEL, _SENTENCE, _NAMES))


_PASSPHRASE = re.compile(r"[a-z]{4,12}(?P<sign>[ ._-])[a-z]{4,12}(?:(?P=sign)[a-z]{4,12}){1,7}")


def is_example(value: str) -> bool:
    """Return whether a value is never a secret: a template, a filler, a word for a password.

    >>> is_example("<password>"), is_example("{{ password }}"), is_example("userPassword")
    (True, True, False)
    """
    bare = value.strip().strip("`")
    if not any(map(str.isalnum, PLACEHOLDER.sub("", bare))):
        return True
    word = bare.lower().strip("<>[]{}()_-*\"'`.,:;!?= ")
    if word in _NO_VALUES:
        return True
    return _SHAPES["template"].search(bare) is not None or _SHAPES["reference"].search(bare) is not None


def _is_label(value: str) -> bool:
    words = [word.lower().strip(".,:;!?()\"'") for word in value.split()]
    return (
        len(words) > 8
        or not _LABEL.isdisjoint(words)
        or value[-1] in ".:?!…"
        or (value[0].isupper() and not any(map(str.isdigit, value)))
    )


def _is_reference(value: str) -> bool:
    """Return whether a value names where a password is: `app.name`, `userPassword`, `db-password`."""
    words = parts(value)
    if not words or not _BOASTS.isdisjoint(words):
        return False
    if value.count(".") >= 3 and is_passphrase(value):
        return False
    if _DOTTED.match(value) and "-" not in value:
        return all(len(part) > 1 for part in re.split(r"[.:/]", value))
    if _NAME.fullmatch(value) is None:
        return False
    return len(words) > 1 and (words[-1] in _LAST or ("-" not in value and not VOCABULARY.isdisjoint(words)))


@lru_cache(maxsize=4096)
def is_secret(value: str, strength: NameStrength, *, literal: bool = False) -> bool:
    """Return whether a value is a secret if its name has this strength. `literal`: it is in quotes."""
    if not 4 <= len(value) <= _LONGEST:
        return False
    if literal and strength == "strong":
        return not is_placeholder(value)
    if strength != "strong" and looks_random(value):
        return True
    if strength == "weak":
        return is_random(value)
    if strength == "medium" and (
        len(value) < 6 or any(map(str.isspace, value)) or _IDENTIFIER.fullmatch(value)
    ):
        return False
    return not is_harmless(value)


def is_random(value: str) -> bool:
    """Say if a value looks random: one long word with letters and digits, or with letters of both cases.

    >>> is_random("a8f5f167f44f4964e6c998de"), is_random("punctuation.definition")
    (True, False)
    """
    digits = sum(map(str.isdigit, value))
    letters = sum(map(str.isalpha, value))
    return (
        len(value) >= _RANDOM_LEAST
        and ((digits >= 3 and letters >= 3) or is_jumbled(value))
        and re.fullmatch(r"[\w+/=.~:!@#$%^&*-]+", value, re.ASCII) is not None
        and not _SHAPES["worded"].fullmatch(value)
        and not is_harmless(value)
    )


def is_jumbled(value: str) -> bool:
    """Return whether capitals and small letters are mixed as no name mixes them.

    >>> is_jumbled("SSVmFDNCFfOHKXQAEckx"), is_jumbled("HTTPServerOfMyApp")
    (True, False)
    """
    upper, lower = sum(map(str.isupper, value)), sum(map(str.islower, value))
    return upper >= 4 and lower >= 4 and _SHORT_RUNS.fullmatch(value) is not None


def looks_random(value: str) -> bool:
    """Return whether a value looks generated, with signs of many kinds in it.

    >>> looks_random("1cvre@2z(=8=jbm%-nig%l4utb2z"), looks_random("f(a[0], b[1], c[2], d[3])")
    (True, False)
    """
    if len(value) < _JUMBLE_LEAST or _SHAPES["expression"].search(value):
        return False
    digits, letters = sum(map(str.isdigit, value)), sum(map(str.isalpha, value))
    signs = set(_SIGNS.findall(value))
    spaces = value.count(" ")
    least = 4 if not spaces else 10
    return digits >= 2 and letters >= 5 and len(signs) >= least and spaces * 10 < len(value)


def is_generated(value: str) -> bool:
    """Say if only a machine can have made a value: hex, or letters of both cases and digits without sense.

    >>> is_generated("p6ZFxTyU0aVwPBL6MvwgM0zkJkAubD"), is_generated("MyHandler2ForEveryEvent")
    (True, False)
    """
    if not re.fullmatch(r"[A-Za-z0-9_+/=.~-]{20,200}", value) or PLACEHOLDER.search(value):
        return False
    digits = sum(map(str.isdigit, value))
    if re.fullmatch(r"(?:[0-9a-f]{16}){2,8}|[0-9a-f]{40}", value):
        return 4 <= digits < len(value) - 4 and len(set(value)) > 8
    upper, lower = sum(map(str.isupper, value)), sum(map(str.islower, value))
    bare = value.rstrip("=")
    return (
        digits >= 3
        and upper >= 3
        and lower >= 3
        and turns(bare) * 5 >= 2 * len(bare)
        and not re.search(r"://|\.\w{1,5}\Z|[./-]{2}|/[a-z]+/", value)
        and not is_harmless(value)
    )


def turns(value: str) -> int:
    """Return how often the kind of the characters changes, which is rare in words."""
    kinds = ["d" if character.isdigit() else "u" if character.isupper() else "l" for character in value]
    return sum(1 for one, other in pairwise(kinds) if one != other)


def is_structured(value: str) -> bool:
    """Say if a short value looks like a password and not like a word: letters with a digit or a sign."""
    return (
        len(value) >= 5
        and any(map(str.isalpha, value))
        and (any(map(str.isdigit, value)) or re.search(r"[!@#$%^&*+~?]", value) is not None)
    )
