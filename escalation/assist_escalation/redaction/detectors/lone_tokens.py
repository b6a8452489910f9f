"""Tokens that nothing names: words that only a machine can have made, as a literal or alone after a word.

Hex and UUIDs are names of commits, files and rows more often than keys, so they count only where they are all
that follows a word, such as the name of a service, which is not the name of such an id.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from assist_escalation.redaction.findings import Finding
from assist_escalation.redaction.secret_values import is_generated, turns

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
        made = not match["word"].lower().endswith(_IDS) if group == "id" else _is_made(value)
        if made and not _PUBLIC.search(text, max(0, match.start() - _NEAR), match.start(group) + _DIGEST):
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
    """Whether a value is a text in base64, which is searched on its own."""
    bare = value.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return bool(base64.b64decode(bare[: len(bare) // 4 * 4]).decode())
    except (binascii.Error, ValueError):
        return False
