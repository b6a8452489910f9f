"""Finds tokens: those that have a published format, wherever they are written, and those that nothing names.

The formats are in the files of `formats/`, by subject; `token_formats.toml` says how one is written. A format
is tried only where its mark occurs, which makes the search fast. What nothing names are words that only a
machine can have made, as a literal or alone after a word. Hex and UUIDs are names of commits, files and rows
more often than keys, so they count only where they are all that follows a word, such as the name of a
service, which is not the name of such an id. This module knows nothing about names of secrets.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain
from zlib import crc32

from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.rule_tables import Rule, WordSieve, numbers_by_word, read_rules
from assist_escalation.redaction.secret_names import lower_case
from assist_escalation.redaction.secret_values import is_generated, turns

SUBJECTS = (
    "clouds", "code_hosting", "models", "payments", "messages", "monitoring", "databases", "business",
    "identity",
)  # fmt: skip
_LEFT = r"(?<![A-Za-z0-9])"
_HEX = ("[0-9a-f]", "[0-9A-F]", "[0-9a-fA-F]")
_RIGHT = r"(?![A-Za-z0-9])"
_PLACES = ("start", "inside", "before", "anywhere")
_KEYS = "service what type body prefix? near? near_key? checksum?"
_PART = re.compile(
    r"""
      '(?P<literal>[^']+)'                                               # '.atlasv1.'
    | (?P<alphabet>[A-Za-z]\w*)(?:\{(?P<least>\d+)(?:,(?P<most>\d+))?\})?  # hex{32}, base62{20,40}, uuid
    """,
    re.VERBOSE,
)
_UUID = "hex{8} '-' hex{4} '-' hex{4} '-' hex{4} '-' hex{12}"
_KEY_WORD = r"(?:key|token|secret|auth|credential|passw|bearer)"
_SHORTEST = 12  # characters: no token is shorter, so most words of a text are none
_HEAD = re.compile(r"(?<![a-z0-9])(?=([^\n]{3}))")
_DIGIT = re.compile(r"\d")
_BEFORE_RUN = re.compile(r"[\w.+/-]")  # a token of a long run does not begin after one of these
# What may be a token after the name of its service, and how far before it the name may be.
_VALUE = re.compile(r"[\s\"'`=:,(>]([\w+/.:~|*-]{16,})")
_REACH = 130
# A name of a program, which no random text looks like: no digit but at its end, and few capitals.
_NAME = re.compile(r"(?:[A-Za-z]|[_-](?=[A-Za-z])){16,}[0-9_-]{0,4}")
_MASKED = re.compile(r"x{8}|\*{4}|\.{4}", re.IGNORECASE)  # written so in documentation
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a token: a literal, or `least` to `most` characters of a class such as `[0-9a-f]`."""

    text: str
    least: int = 0
    most: int = 0

    def expression(self) -> str:
        if not self.most:
            return re.escape(self.text)
        return f"{self.text}{{{self.least},{self.most}}}"


@dataclass(frozen=True, slots=True)
class Token:
    """A row of a table: the services with this format, and the forms of the token after its prefix.

    `near` are words, at least one before the token, at most 40 characters away; with `key_word`, a word
    such as "key" is between them.
    """

    services: tuple[str, ...]
    prefixes: tuple[str, ...]
    bodies: tuple[tuple[Part, ...], ...]
    near: tuple[str, ...] = ()
    key_word: bool = False
    checksum: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """The format of a token: its type, words in lower case, at least one of them needed, and its expression.

    If the expression has a group, the group is the secret. `leads`: every match begins with a word.
    `near`: the words are before the token, not in it. `random`: what follows the word is random, so a name of
    a program is not a token.
    """

    type: str
    words: tuple[str, ...]
    expression: str
    leads: bool = False
    near: bool = False
    random: bool = False
    checksum: str = ""

    @property
    def regex(self) -> re.Pattern[str]:
        return _pattern(self.expression)


@cache
def _pattern(expression: str) -> re.Pattern[str]:
    """Compiled when a word of the format is found first: most formats of 500 are never met in a run."""
    return re.compile(expression, re.VERBOSE)


def github_checksum(token: str) -> str:
    """The last six characters of a token of GitHub or npm, made from what is between its "_" and them.

    A right checksum proves a token. A wrong one proves nothing, since people cut and mistype keys.

    >>> github_checksum("npm_" + "a" * 30 + "......")
    '1yLcDB'
    """
    number = crc32(token.rpartition("_")[2][:-6].encode())
    digits = ""
    for _ in range(6):
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits


def list_parts(rule: Rule, body: str, alphabets: dict[str, str]) -> tuple[Part, ...]:
    """The parts of a body, which is written as in `base62{14} '.atlasv1.' base64url{60,70}`."""
    parts = list[Part]()
    end = 0
    for match in _PART.finditer(body.replace("uuid", _UUID)):
        if match.string[end : match.start()].strip():
            break
        end = match.end()
        if match["literal"]:
            parts.append(Part(match["literal"]))
            continue
        if match["alphabet"] not in alphabets or not match["least"]:
            raise rule.error("body", f"has {match[0]!r}, but an alphabet and a length must be there")
        parts.append(
            Part(alphabets[match["alphabet"]], int(match["least"]), int(match["most"] or match["least"]))
        )
    if not parts or body.replace("uuid", _UUID)[end:].strip():
        raise rule.error("body", f"is {body!r}, but must consist of parts such as hex{{32}} and '-'")
    return tuple(parts)


def read_token(rule: Rule, alphabets: dict[str, str]) -> Token:
    """Return what one `[[token]]` says.

    >>> values = {"service": "X", "prefix": "x-", "body": "hex{4}"}
    >>> read_token(Rule("t", values), {"hex": "[0-9a-f]"}).bodies
    ((Part(text='[0-9a-f]', least=4, most=4),),)
    """
    body = rule.values.get("body")
    bodies = [body] if isinstance(body, str) else rule.words("body")
    near = "near_key" if "near_key" in rule.values else "near"
    checksum = rule.text("checksum", ("github",)) if "checksum" in rule.values else ""
    return Token(
        services=tuple(rule.text("service").split(", ")),
        prefixes=rule.words("prefix") if "prefix" in rule.values else (),
        bodies=tuple(list_parts(rule, pattern, alphabets) for pattern in bodies),
        near=rule.words(near) if near in rule.values else (),
        key_word=near == "near_key",
        checksum=checksum,
    )


def token_format(rule: Rule, token: Token) -> Format:
    """Return how to search for a token."""
    kind = rule.text("type")
    if token.near:
        return Format(kind, _marks(token.near), _follows_name(token), near=True, random=True)
    forms = "|".join(map(_expression, token.bodies))
    if token.prefixes:
        prefixes = "|".join(map(re.escape, sorted(token.prefixes, key=len, reverse=True)))
        expression = f"{_LEFT}(?:{prefixes})(?:{forms}){_RIGHT}"
        return Format(
            kind, _marks(token.prefixes), expression, leads=True, random=True, checksum=token.checksum
        )
    marks = [max((part.text for part in body if not part.most), key=len, default="") for body in token.bodies]
    if not all(marks):
        raise rule.error("body", "must contain literal text in each alternative, or set prefix or near")
    return Format(kind, _marks(marks), f"{_LEFT}(?:{forms}){_RIGHT}")


def _expression(body: tuple[Part, ...]) -> str:
    return "".join(part.expression() for part in body)


def _follows_name(token: Token) -> str:
    """The expression of a token after the name of its service; the group is the token."""
    forms = list[str]()
    for body in token.bodies:
        # What ends the token is no character of its own alphabet, so that a path is no key.
        end = f"(?![A-Za-z0-9{body[-1].text[1:-1] if body[-1].most else ''}])"
        # Nor is a hash or a word of small letters a key whose alphabet has more.
        poor = (
            f"(?!(?:[0-9a-f]+|[0-9A-F]+|[a-z]+){end})" if len(body) == 1 and body[0].text not in _HEX else ""
        )
        forms.append(f"{poor}{_expression(body)}{end}")
    names = "|".join(map(re.escape, token.near))
    between = rf"[^\n]{{0,40}}?(?i:{_KEY_WORD})" if token.key_word else ""
    return f"(?i:{names}){between}[^\\n]{{0,40}}?[\\s\"'`=:,(>]({'|'.join(forms)})"


def _marks(words: tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word.lower() for word in words))


def find_format(rule: Rule) -> Format:
    """The format that one `[[format]]` describes.

    >>> rule = Rule("x", {"type": "X", "words": "x-", "place": "start", "expression": "x-[0-9]{4}"})
    >>> find_format(rule).regex.search("key=x-1234")[0]
    'x-1234'
    """
    place = rule.text("place", _PLACES)
    words = rule.words()
    expression = rule.text("expression")
    if place in ("start", "inside"):
        expression = f"{_LEFT}(?:{expression}\n){_RIGHT}"
    elif place == "before":
        expression = f"(?i:{re.escape(words[0])})[^\\n]{{0,40}}?[\\s\"'=:,(>]({expression}\n){_RIGHT}"
    rule.regex(expression)
    return Format(rule.text("type"), words, expression, leads=place == "start", near=place == "before")


def _read_tokens() -> list[tuple[Rule, Token]]:
    alphabets = {
        rule.text("name"): f"[{rule.text('characters')}]"
        for rule in read_rules(__package__, "token_formats.toml", {"alphabet": "name characters"})["alphabet"]
    }
    tables = (
        read_rules(__package__, f"formats/{subject}.toml", {"token": _KEYS})["token"] for subject in SUBJECTS
    )
    return [(rule, read_token(rule, alphabets)) for rule in chain.from_iterable(tables)]


TOKENS = _read_tokens()
_OTHERS = read_rules(
    __package__, "formats/other_forms.toml", {"format": "service what type words place expression"}
)["format"]
FORMATS = (
    *(token_format(rule, token) for rule, token in TOKENS),
    *map(find_format, _OTHERS),
)


def _group_by_head(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Words by their first three characters."""
    heads = dict[str, tuple[str, ...]]()
    for word in words:
        heads[word[:3]] = (*heads.get(word[:3], ()), word)
    return heads


_NUMBERED = tuple(enumerate(FORMATS))
_FIRST = numbers_by_word((number, form) for number, form in _NUMBERED if form.leads)
_INSIDE = numbers_by_word((number, form) for number, form in _NUMBERED if not form.leads and not form.near)
_BEFORE = numbers_by_word((number, form) for number, form in _NUMBERED if form.near)
_INSIDE_WORDS = WordSieve(_INSIDE)
_BEFORE_WORDS = WordSieve(_BEFORE)
_HEADS = _group_by_head(_FIRST)
_SHORT = tuple(word for word in _FIRST if len(word) < 3)


def find_formats(text: str) -> Iterator[Finding]:
    """Every token of a known format in `text`.

    >>> [finding.type for finding in find_formats("key: AKIA" + "Q" * 16)]
    ['AWS_KEY_ID']
    """
    lower = lower_case(text)
    for number in sorted({*_numbers_of_marks(lower), *_numbers_of_names(text, lower)}):
        token_format = FORMATS[number]
        for match in _matches(text, lower, token_format):
            start, end = match.span(match.lastindex or 0)
            if _is_token(text[start:end], token_format):
                yield Finding(start, end, token_format.type)


def find_long_tokens(text: str, start: int, end: int) -> Iterator[Finding]:
    """Every token of a format that leads with a mark in a run of characters, however long it is.

    A window is too short for some of them. A token is sought where a run of its own characters begins, so
    that the time grows with the length alone.
    """
    lower = lower_case(text[start:end])
    for number in sorted(set(_numbers_of_marks(lower))):
        token_format = FORMATS[number]
        for word in token_format.words if token_format.leads else ():
            offset = lower.find(word)
            while offset >= 0:
                place = start + offset
                begins = not place or not _BEFORE_RUN.match(text, place - 1)
                token_match = token_format.regex.match(text, place) if begins else None
                if token_match and _is_token(token_match[token_match.lastindex or 0], token_format):
                    yield Finding(*token_match.span(token_match.lastindex or 0), token_format.type)
                offset = lower.find(word, token_match.end() - start if token_match else offset + 1)


def _numbers_of_marks(lower: str) -> Iterator[int]:
    """The formats one of whose words is in `lower` where a token may be."""
    runs = "\n".join(chunk for chunk in lower.split() if len(chunk) >= _SHORTEST)
    heads = _HEADS.keys() & set(_HEAD.findall(runs))
    for word in chain(_SHORT, *map(_HEADS.__getitem__, heads)):
        if word in runs:
            yield from _FIRST[word]
    for word in _INSIDE_WORDS.find(runs):
        yield from _INSIDE[word]


def _numbers_of_names(text: str, lower: str) -> Iterator[int]:
    """The formats the name of whose service is before something that may be a token."""
    before = "\n".join(
        lower[max(0, match.start() - _REACH) : match.end()]
        for match in _VALUE.finditer(text)
        if not _is_wordy(match[1])
    )
    for word in _BEFORE_WORDS.find(before):
        yield from _BEFORE[word]


def _is_wordy(value: str) -> bool:
    """Return whether a value has no digit, and few capitals: a name of a program, or a path."""
    return not _DIGIT.search(value) and sum(map(str.isupper, value)) * 4 <= len(value)


def _matches(text: str, lower: str, token_format: Format) -> Iterator[re.Match[str]]:
    if not token_format.leads:
        yield from token_format.regex.finditer(text)
        return
    for word in token_format.words:
        offset = lower.find(word)
        while offset >= 0:
            match = token_format.regex.match(text, offset)
            if match:
                yield match
            offset = lower.find(word, match.end() if match else offset + 1)


def _is_token(value: str, token_format: Format) -> bool:
    if token_format.checksum and github_checksum(value) == value[-6:]:
        return True
    if _MASKED.search(value):
        return False
    return not (token_format.random and _is_name(value, token_format))


def _is_name(value: str, token_format: Format) -> bool:
    lower = value.lower()
    mark = max((len(word) for word in token_format.words if lower.startswith(word)), default=0)
    body = value[mark:]
    if not _NAME.fullmatch(body):
        return False
    words = [word for word in re.split("[_-]+", body) if word]
    plain = len(words) > 1 and all(word.islower() or word.isupper() for word in words)
    return plain or sum(map(str.isupper, body)) * 4 <= len(body)


_PLACE = re.compile(
    r"""
      (?P<q>["'`])(?P<literal>[A-Za-z0-9][\w.-]{27,119}+={0,2})(?P=q)
    # nothing but a word before it on its line
    | ^[ \t]*(?:export[ ])?(?P<word>[\w.-]{2,30})(?:[ \t]+|[ \t]*[:=][ \t]*)(?P<q2>["']?)
      (?P<id>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|(?<=["'])[0-9a-f]{32})
      (?P=q2)[ \t,;]*$
    | ^[ \t]*[\w.-]{2,30}(?:[ \t]+|[ \t]*[:=][ \t]*)(?P<alone>[A-Za-z0-9][\w.-]{23,119}+={0,2})[ \t,;]*$
    """,
    re.MULTILINE | re.VERBOSE | re.ASCII,
)
# The last word of the name of an id.
_IDS = (
    "id", "ids", "ref", "sha", "md5", "rev", "hash", "uri", "url", "name", "version", "digest", "etag",
    "state", "namespace", "tenant", "object", "subscription", "client", "account", "org", "group",
    "project", "session", "request", "trace", "span", "device", "instance", "build", "module", "product",
    "type", "key", "node", "guid", "uuid", "serial", "volume", "code", "from", "to", "parent", "return",
    "case", "default",
)  # fmt: skip
_MIXED, _SMALL = 30, 24  # characters of a token with capitals, and of one without: shorter ones are ids
_DIGITS, _LETTERS = 4, 5  # digits, and letters beyond hex, of a token without capitals
_DIGEST = 6  # characters of a token that may say so: sha512
_NEAR = 52  # characters before a token in which a word may say that it is public
_PUBLIC = re.compile(
    r"""
      etag|hash|digest|\bsha-?\d|checksum|integrity|\bsri\b   # of a content
    | (?<![A-Za-z])id\\?["']?[ ]?[:=][ ]?\\?["'`][\w-]{6}\Z   # what an id says
    | ulid|ksuid|\b(?:cids?|kid)\b|commit|revision|request_?id   # ids
    | ipfs|onion|base64|public                                # addresses, encoded texts, public keys
  | signature|ciphertext|payload|thumbprint|encrypted       # parts of a signed or an encrypted message
    """,
    re.IGNORECASE | re.VERBOSE,
)


def find_lone_tokens(text: str) -> Iterator[Finding]:
    """Every literal of `text` that only a machine can have made and nothing calls public.

    >>> text = "visit('q7xk2mzr9tw4b8vn1pj5hd3gf6ys')"
    >>> [text[finding.start : finding.end] for finding in find_lone_tokens(text)]
    ['q7xk2mzr9tw4b8vn1pj5hd3gf6ys']
    """
    for match in _PLACE.finditer(text):
        group = "literal" if match["literal"] else "alone" if match["alone"] else "id"
        value = match[group]
        random = not match["word"].lower().endswith(_IDS) if group == "id" else _is_made(value)
        if random and not _PUBLIC.search(text, max(0, match.start() - _NEAR), match.start(group) + _DIGEST):
            yield Finding(*match.span(group), "TOKEN")


def _is_made(value: str) -> bool:
    if any(map(str.isupper, value)):
        return len(value) >= _MIXED and is_generated(value) and not _is_hex(value) and not _is_text(value)
    if not value.isalnum() or len(value) < _SMALL:
        return False
    digits = sum(map(str.isdigit, value))
    beyond = sum(1 for letter in value if letter > "f")
    return digits >= _DIGITS and beyond >= _LETTERS and turns(value) * 3 >= len(value)


def _is_hex(value: str) -> bool:
    return re.fullmatch(r"(?:0x)?[0-9A-Fa-f]+", value) is not None


def _is_text(value: str) -> bool:
    """Return whether a value is a text in base64, which is searched on its own."""
    bare = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return bool(base64.b64decode(bare[: len(bare) // 4 * 4]).decode())
    except (binascii.Error, ValueError):
        return False
