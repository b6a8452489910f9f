"""Lines that can only be the body of a key: 58 to 80 random characters of base64 or hex, and nothing else.

A piece that is cut out of a key holds neither of its marks. This module knows no marks of private keys, only
what shows that such lines are public: a certificate, a public key, an image, an archive, or a text in base64.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from assist_escalation.redaction.findings import Check, Finding

_LEFT = r"""[ \t]*+(?:\d{1,9}[ ])?(?:[+-][ ]?)?[ \t>|*#"'`;,.(\[{+]*+"""
_RIGHT = r"""(?:\\+[rn])*+[ \t"'`;,.+)\]}\\]*+\r?$"""
_LINE = re.compile(
    rf"""
    ^{_LEFT}
    (?P<body>
        [A-Za-z0-9+/]{{58,80}}={{0,2}}          # base64 of 64, 70 or 76 columns
    )
    {_RIGHT}
    """,
    re.MULTILINE | re.VERBOSE,
)
# What may be the last line of a key, after such lines.
_LAST = re.compile(rf"\r?\n{_LEFT}(?P<body>[A-Za-z0-9+/]{{1,80}}={{0,2}}){_RIGHT}", re.MULTILINE)
# The first line of such lines, after other characters: `const pem = "MII...`.
_HEAD = re.compile(r"""(?<![A-Za-z0-9+/])([A-Za-z0-9+/]{58,80})(?:\\+[rn])*[\s"'`+]*\Z""")
# A certificate, or a public key up to the name of its algorithm, after which are bits (3).
_NAMES = re.compile(rb"0(?:\x82..|\x81.|[\0-\x7f])0(?:([\0-\x7f])|\x82)", re.DOTALL)
_TEXT = bytes(range(32, 127)) + b"\t\r\n"
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-\r\n"
_LEAST_HEX = 2  # lines: one alone is the hash of a file or a commit
_Range = tuple[int, int]  # of the characters of a line, without quotes and signs around them
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_MARK = re.compile(r"-{4,5}[ ]?(?P<side>BEGIN|END)[ ](?P<kind>[A-Z0-9 ]{2,40}?)[ ]?-{4,5}")
_PUBLIC = re.compile(r"CERTIFICATE|PUBLIC|SIGNATURE|MESSAGE|PARAMETERS|CRL|PKCS7|CMS")
_NEAR = 200  # characters before the lines in which a word may say what they are
_SAID = re.compile(r"data:|base64,|image/|font/|integrity|sourcemap|ssh-(?:rsa|dss|ed)|ecdsa-", re.IGNORECASE)
_DIGEST = re.compile(r"sha[-_]?\d|blake|digest|hash|checksum", re.IGNORECASE)  # before two lines of hex
# The first bytes of images, fonts, archives, documents, programs and compressed texts.
_MAGIC = (
    b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"BM", b"\0\0\1\0", b"wOF", b"OTTO", b"\0\1\0\0",
    b"PK\3\4", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"%PDF", b"\x7fELF", b"MZ", b"\0asm",
    b"\x78\x9c", b"\x78\xda", b"\x78\x01", b"ID3", b"OggS", b"fLaC", b"SQLite", b"\x28\xb5\x2f\xfd",
)  # fmt: skip


def find_key_lines(text: str, check: Check) -> Iterator[Finding]:
    r"""The body of each line of a key without its first and last line.

    >>> line = "aZ3bYc4XdWe5VfUg6ThS7" * 3
    >>> [(finding.start, finding.end) for finding in find_key_lines(f"> {line}\n", lambda: None)]
    [(2, 65)]
    """
    marks: list[re.Match[str]] | None = None
    for lines in _blocks(text):
        check()
        if not _is_random(text, lines) or _is_said_public(text, lines):
            continue
        marks = list(_MARK.finditer(text)) if marks is None else marks
        if not _is_public(marks, lines[0][0], lines[-1][1]):
            for start, end in lines:
                yield Finding(start, end, "PRIVATE_KEY")


def _blocks(text: str) -> Iterator[list[_Range]]:
    """The bodies of neighbouring lines, with the shorter last line."""
    found: list[_Range] = []
    end = -1
    for line in _LINE.finditer(text):
        if found and line.start() != end + 1:
            yield from _block(text, found, end)
            found = []
        found.append(line.span("body"))
        end = line.end()
    yield from _block(text, found, end)


def _block(text: str, bodies: list[_Range], end: int) -> Iterator[list[_Range]]:
    if len(bodies) >= (_LEAST_HEX if bodies and _HEX.fullmatch(text, *bodies[0]) else 1):
        last = _LAST.match(text, end)
        yield [*bodies, *([last.span("body")] if last else [])]


def _is_random(text: str, lines: Sequence[_Range]) -> bool:
    """Whether all lines look random, and do not encode a text or a file of a known kind."""
    bodies = [text[start:end] for start, end in lines]
    whole = bodies if len(bodies[-1]) >= len(bodies[0]) else bodies[:-1]
    head = _HEAD.search(text, max(0, lines[0][0] - 100), lines[0][0])
    texts = ("".join(bodies), (head[1] if head else "") + "".join(bodies))
    return len({*whole}) == len(whole) and all(map(_is_mixed, whole)) and not any(map(_is_plain, texts))


def _is_said_public(text: str, lines: Sequence[_Range]) -> bool:
    """Whether words before the lines say that they are public."""
    high = lines[0][0]
    low = max(0, high - _NEAR)
    hex_pair = len(lines) == _LEAST_HEX and _HEX.fullmatch(text, *lines[0]) is not None
    return bool(_SAID.search(text, low, high) or (hex_pair and _DIGEST.search(text, low, high)))


def _is_mixed(line: str) -> bool:
    if _HEX.fullmatch(line):
        return len(line) % 2 == 0 and len(set(line)) >= 8
    kinds = (str.isdigit, str.isupper, str.islower)
    return 20 <= len(set(line)) < len(line) and all(any(map(kind, line)) for kind in kinds)


def _is_public(marks: Sequence[re.Match[str]], start: int, end: int) -> bool:
    """Whether lines are within the marks of something public; one of the two marks is enough."""
    sides = [(mark, "BEGIN") for mark in marks if mark.end() <= start][-1:]
    sides += [(mark, "END") for mark in marks if mark.start() >= end][:1]
    return any(mark["side"] == side and _PUBLIC.search(mark["kind"]) for mark, side in sides)


def _is_plain(digits: str) -> bool:
    """Whether digits encode a file that is no key, or a text, which is searched on its own.

    A text of base64 alone is the body of a key that was encoded twice.
    """
    bare = digits.rstrip("=")
    try:
        data = bytes.fromhex(bare) if _HEX.fullmatch(bare) else base64.b64decode(bare[: len(bare) // 4 * 4])
    except (binascii.Error, ValueError):
        return False
    names = _NAMES.match(data)
    bits = names is not None and (not names[1] or data[names.end() :][names[1][0] :][:1] == b"\3")
    if bits or data.startswith(_MAGIC):
        return True
    texts = len(data) - len(data.translate(None, _TEXT))
    return texts * 100 > len(data) * 90 and len(data.translate(None, _BASE64)) * 20 > len(data)
