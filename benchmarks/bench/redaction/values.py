"""Made-up values for the slots of the corpus: passwords as people choose them, tokens as services issue them.

Every value is drawn from a seed, so no text of the repository looks like a secret. The forms of tokens follow
what the services publish. This module knows no file and no rule of redaction.
"""

import base64
import json
import random
import string
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path

_FORMS = tomllib.loads(Path(__file__).with_name("forms.toml").read_text(encoding="utf-8"))
TOKENS: Mapping[str, str] = _FORMS["tokens"]
WORDS: tuple[str, ...] = tuple(_FORMS["words"])
_ALPHABETS = {
    "a": string.ascii_letters + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "d": string.digits,
    "w": string.ascii_letters + string.digits + "-_",
    "b": string.ascii_letters + string.digits + "+/",
}
_SYLLABLES = [first + vowel for first in "bdfghklmnprstvz" for vowel in "aeio"]
_ENDS = ["l", "m", "n", "r", "s", "t", "x", "sh", "nd", "rk"]
_LINE = 64  # characters in a line of an armoured key


def value(kind: str, rng: random.Random) -> str:
    """Return a new value of a kind such as `human`, `hex:40` or `stripe`.

    >>> value("hex:8", random.Random(1))
    '2914c7ef'
    """
    name, _, size = kind.partition(":")
    if kind in TOKENS:
        return fill(TOKENS[kind], rng)
    if name not in _MAKERS:
        raise ValueError(f"there is no kind of value {kind!r}: use one of {', '.join(kinds())}")
    return _MAKERS[name](rng, int(size) if size else 0)


def kinds() -> list[str]:
    """Return the names of all kinds; some take a length, such as `hex:40`."""
    return sorted({*TOKENS, *_MAKERS})


def fill(form: str, rng: random.Random) -> str:
    """Return a form with `<a24>` and the like replaced by so many characters of that alphabet.

    >>> fill("id_<d3>", random.Random(1))
    'id_291'
    """
    head, *parts = form.split("<")
    for part in parts:
        slot, _, rest = part.partition(">")
        head += _draw(rng, _ALPHABETS[slot[0]], int(slot[1:])) + rest
    return head


def _draw(rng: random.Random, alphabet: str, size: int) -> str:
    return "".join(rng.choices(alphabet, k=size))


def _name(rng: random.Random, syllables: int) -> str:
    return "".join(rng.choices(_SYLLABLES, k=syllables)) + rng.choice(["", *_ENDS])


def _human(rng: random.Random, _: int) -> str:
    """A password as people make one: an invented name with digits, some with a sign."""
    name = _name(rng, rng.choice([2, 3, 3]))
    number = rng.choice(
        [_draw(rng, "123456789", 2), str(rng.randint(1950, 2029)), _draw(rng, "0123456789", 4)]
    )
    sign = rng.choice(["", "", "!", "#", "_", "-", "."])
    return rng.choice(
        [
            f"{name.capitalize()}{number}{sign}",
            f"{name.capitalize()}{sign or '-'}{number}",
            f"{name}{number}",
            f"{name}{sign or '_'}{number}",
            f"{number}{name.capitalize()}{sign or '!'}",
            f"{name.capitalize()}{_name(rng, 2).capitalize()}{number[:2]}",
        ]
    )


def _plain(rng: random.Random, _: int) -> str:
    """A password without any sign that an address would have to escape."""
    return f"{_name(rng, rng.choice([2, 3])).capitalize()}{_draw(rng, '0123456789', rng.choice([2, 4]))}"


def _word(rng: random.Random, _: int) -> str:
    """A dictionary word, most with digits or a second word."""
    word = rng.choice(WORDS)
    return rng.choice(
        [word, f"{word}{rng.randint(1, 99)}", f"{word}{rng.choice(WORDS)}", word.capitalize() + "1!"]
    )


def _phrase(rng: random.Random, _: int) -> str:
    sign = rng.choice([" ", " ", "-", "."])
    return sign.join(rng.choices(WORDS, k=rng.choice([3, 4, 4, 5])))


def _strong(rng: random.Random, size: int) -> str:
    """A password of a password manager, without quotes, backslashes, spaces and dollar signs."""
    size = size or rng.choice([12, 16, 20, 24])
    text = _draw(rng, string.ascii_letters + string.digits + "!#%*+-.=?@^_~", size - 2)
    return _draw(rng, string.ascii_letters, 1) + text + _draw(rng, string.digits, 1)


def _b64(rng: random.Random, size: int) -> str:
    return base64.b64encode(rng.randbytes(size)).decode()


def _b64url(rng: random.Random, size: int) -> str:
    return base64.urlsafe_b64encode(rng.randbytes(size)).decode().rstrip("=")


def _basic(rng: random.Random, _: int) -> str:
    """What follows the word Basic in a header."""
    return base64.b64encode(f"svc-{rng.choice(WORDS)}:{_human(rng, 0)}".encode()).decode()


def _b64word(rng: random.Random, _: int) -> str:
    """A password in base64, as in a Kubernetes secret."""
    return base64.b64encode(_human(rng, 0).encode()).decode()


def _uuid(rng: random.Random, _: int) -> str:
    return fill("<h8>-<h4>-4<h3>-a<h3>-<h12>", rng)


def _jwt(rng: random.Random, _: int) -> str:
    def part(data: Mapping[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data, separators=(",", ":")).encode()).decode().rstrip("=")

    claims = {
        "sub": fill("<d10>", rng),
        "role": rng.choice(["service", "admin"]),
        "iat": rng.randint(10**9, 2 * 10**9),
    }
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{_b64url(rng, 32)}"


def _pem(rng: random.Random, size: int) -> str:
    """The body of a private key, in lines; the lines with its name belong to the template."""
    text = "MII" + _draw(rng, _ALPHABETS["b"], (size or 640) - 3)
    return "\n".join(text[at : at + _LINE] for at in range(0, len(text), _LINE))


def _drawn(alphabet: str) -> Callable[[random.Random, int], str]:
    return lambda rng, size: _draw(rng, _ALPHABETS[alphabet], size)


_MAKERS: Mapping[str, Callable[[random.Random, int], str]] = {
    "human": _human,
    "plain": _plain,
    "word": _word,
    "phrase": _phrase,
    "strong": _strong,
    "b64": _b64,
    "b64url": _b64url,
    "basic": _basic,
    "b64word": _b64word,
    "uuid": _uuid,
    "jwt": _jwt,
    "pem": _pem,
    "hex": _drawn("h"),
    "alnum": _drawn("a"),
    "upper": _drawn("u"),
    "lower": _drawn("l"),
    "digits": _drawn("d"),
}
