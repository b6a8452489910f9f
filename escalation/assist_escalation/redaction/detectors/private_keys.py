"""Private keys: PEM, PuTTY, JWK and others, over many lines or on one, and lines that can only be of one.

A piece that is cut out of a key holds neither of its marks. What its lines look like is random characters of
base64 or hex and nothing else, 58 to 80 of them, and what shows that such lines are public is a certificate,
a public key, an image, an archive, or a text in base64. Only the key's own text is found, not the lines that
name it. This module knows no token and no assignment.
"""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

from assist_escalation.redaction.findings import Check, Finding

_LONGEST = 20_000  # characters of a key: RSA with 16,384 bits takes 13,000
_KIND = r"(?:[A-Z0-9 ]{0,30}PRIVATE[ ]KEY(?:[ ]BLOCK)?|OpenVPN[ ]Static[ ]key[ ]V1)"
_BEGIN = re.compile(rf"-{{4,5}}[ ]?BEGIN[ ]{_KIND}[ ]?-{{4,5}}", re.IGNORECASE | re.VERBOSE)
_END = re.compile(rf"-{{4,5}}[ ]?END[ ]{_KIND}[ ]?-{{4,5}}", re.IGNORECASE | re.VERBOSE)
# A line of such a key in any language: after quotes, "+" or the sign of a comment, and before "\n".
_LINE = re.compile(
    r"""
    [ \t>|*#/+"'`,.;-]{0,60}+                   # quotes, "+", signs of comments
    (?:
        (?:[A-Za-z0-9-]{3,20}:[ ][^\n]{0,100})  # a header, as in "Proc-Type: 4,ENCRYPTED"
      | [A-Za-z0-9+/=]{1,100}+                  # base64
    )?
    (?:\\+[rn])*+[ \t"'`+,;.)\\]*+              # an escaped line end, and the literal's end
    (?:\r?\n|\Z)
    """,
    re.VERBOSE,
)
_BODY = re.compile(r"[A-Za-z0-9+/=_-]{6,}+")
_RUN = re.compile(r"(?:[A-Za-z0-9+/=]|\\+[nr])*+")  # all on one line
_PUTTY = re.compile(r"Private-Lines: (\d{1,4})\r?\n", re.IGNORECASE)
_KEY_TYPE = re.compile(r"""["']?kty\\?["']?\s{0,4}[:=]""")
_MEMBER = re.compile(
    r"""
    ["']?\b(?:d|k|p|q|dp|dq|qi|oth)\\?["']?\s{0,4}   # the name of a private member
    [:=]\s{0,4}\\?["']([A-Za-z0-9_-]{16,2000})\\?["']
    """,
    re.VERBOSE,
)
# The value of a public member, and of what only describes the key; Python writes a literal a line.
_PUBLIC_MEMBER = re.compile(
    r"""
    ["']?\b(?:kty|kid|alg|use|crv|n|e|x|y|x5[ctu](?:[#]S256)?)\\?["']?\s{0,4}[:=]\s{0,4}[(\[]?
    (?P<value>(?:[\s+]{0,60}b?\\?["'][^"'\n]{0,4000}["'])+)
    """,
    re.VERBOSE,
)
# A certificate or a public key, or a certificate in base64 again, as Kubernetes has it.
_PUBLIC_BLOCK = re.compile(
    r"""
    -----BEGIN[ ](?:CERTIFICATE|PUBLIC[ ]KEY)-----\s{1,60}
    (?P<value>(?:[A-Za-z0-9+/]{64}\s{1,60})*[A-Za-z0-9+/]{1,64}={0,2})\s{1,60}-----END
  | \b(?P<encoded>LS0tLS1CRUdJTiBDRVJUSUZJQ0FUR[\w+/]{1,20000}={0,2})
    """,
    re.VERBOSE,
)
# A name of a program, which a template puts between the marks of a key: `${encodeBase64(der)}`.
_IDENTIFIER = re.compile(r"[a-z]+(?:[A-Z][a-z]+|\d{1,3}(?![a-z]))*")
_AFTER_NAME = ("(", ")", "}", ".", ",", " ")
_JWK_AROUND = 4000  # characters around "kty" that are searched: a key with 4096 bits has 3,400


def find_keys(text: str, check: Check) -> Iterator[Finding]:
    """The body of every private key in `text`, one finding for each line or run of its characters."""
    lower = text.lower()
    if "private" in lower or "static key" in lower:
        yield from _find_blocks(text, check)
        end = 0
        for match in _PUTTY.finditer(text):
            check()
            if match.start() >= end:
                end = _end_of_lines(text, match.end(), int(match[1]))
                yield from _find_bodies(text, match.end(), end)
    for member in _members(text, _MEMBER, check) if "kty" in lower else ():
        yield Finding(*member.span(1), "PRIVATE_KEY")


def _find_blocks(text: str, check: Check) -> Iterator[Finding]:
    ends = [match.start() for match in _END.finditer(text)]
    last_end, following = 0, 0  # where the last key ended, and the first end that is still ahead
    for begin in _BEGIN.finditer(text):
        check()
        if begin.start() < last_end:
            continue
        while following < len(ends) and ends[following] < begin.end():
            yield from _find_headless(text, last_end, ends[following])
            following += 1
        first = begin.end()
        last_end = first
        if following < len(ends) and ends[following] - first < _LONGEST:
            last_end = ends[following]
            following += 1
        else:
            last_end = _end_of_cut_key(text, first)
        yield from _find_bodies(text, first, last_end)
    for end in ends[following:]:
        check()
        yield from _find_headless(text, last_end, end)
        last_end = end


def _find_headless(text: str, least: int, end: int) -> Iterator[Finding]:
    """The rest of a key whose beginning was cut off."""
    if end > least:
        yield from _find_bodies(text, _start_of_cut_key(text, max(least, end - _LONGEST), end), end)


def _find_bodies(text: str, start: int, end: int) -> Iterator[Finding]:
    for match in _BODY.finditer(text, start, end):
        if _IDENTIFIER.fullmatch(match[0]) and text[match.end() : match.end() + 1] in _AFTER_NAME:
            continue
        # The letter of an escaped line end is not part of the key.
        low, high = match.span()
        if text[low - 1 : low] == "\\" and text[low] in "nr":
            low += 1
        yield Finding(low, high, "PRIVATE_KEY")


def _end_of_cut_key(text: str, start: int) -> int:
    """Find where a key ends whose last line is not in `text`."""
    place = start
    limit = min(len(text), start + _LONGEST)
    while place < limit:
        line = _LINE.match(text, place)
        if not line or line.end() == place:
            run = _RUN.match(text, place)
            return run.end() if run else place
        place = line.end()
    return place


def _start_of_cut_key(text: str, least: int, end: int) -> int:
    """Find where a key begins whose first line is not in `text`."""
    place = text.rfind("\n", least, end) + 1 or least
    while place > least:
        above = text.rfind("\n", least, place - 1) + 1 or least
        line = _LINE.match(text, above)
        if not line or line.end() != place:
            break
        place = above
    return place


def _end_of_lines(text: str, start: int, lines: int) -> int:
    """Find where the next `lines` lines after `start` end."""
    place = start
    for _ in range(lines):
        end = text.find("\n", place)
        if end < 0:
            return len(text)
        place = end + 1
    return place


def public_parts(text: str, check: Check) -> list[tuple[int, int]]:
    """Find where in `text` the public members of JSON Web Keys and certificates are, in order.

    >>> public_parts('{"kty": "RSA", "e": "AQAB"}', lambda: None)
    [(8, 13), (20, 26)]
    """
    blocks = [block.span(block.lastgroup or 0) for block in _PUBLIC_BLOCK.finditer(text)]
    return sorted(blocks + [member.span("value") for member in _members(text, _PUBLIC_MEMBER, check)])


def _members(text: str, member: re.Pattern[str], check: Check) -> Iterator[re.Match[str]]:
    """The members of JSON Web Keys in `text` that this expression is for."""
    around = list[list[int]]()
    for match in _KEY_TYPE.finditer(text):
        low = max(0, match.start() - _JWK_AROUND)
        high = match.end() + _JWK_AROUND
        if around and low <= around[-1][1]:
            around[-1][1] = high
        else:
            around.append([low, high])
    for low, high in around:
        check()
        yield from member.finditer(text, low, high)


_LEFT = r"""[ \t]*+(?:\d{1,9}[ ])?(?:[+-][ ]?)?[ \t>|*#"'`;,.(\[{+]*+"""
_RIGHT = r"""(?:\\+[rn])*+[ \t"'`;,.+)\]}\\]*+\r?$"""
_BODY_LINE = re.compile(
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
        if not _are_random(text, lines) or _is_said_public(text, lines):
            continue
        marks = list(_MARK.finditer(text)) if marks is None else marks
        if not _is_public(marks, lines[0][0], lines[-1][1]):
            for start, end in lines:
                yield Finding(start, end, "PRIVATE_KEY")


def _blocks(text: str) -> Iterator[list[_Range]]:
    """The bodies of neighbouring lines, with the shorter last line."""
    ranges: list[_Range] = []
    end = -1
    for line in _BODY_LINE.finditer(text):
        if ranges and line.start() != end + 1:
            yield from _block(text, ranges, end)
            ranges = []
        ranges.append(line.span("body"))
        end = line.end()
    yield from _block(text, ranges, end)


def _block(text: str, bodies: list[_Range], end: int) -> Iterator[list[_Range]]:
    if len(bodies) >= (_LEAST_HEX if bodies and _HEX.fullmatch(text, *bodies[0]) else 1):
        last = _LAST.match(text, end)
        yield [*bodies, *([last.span("body")] if last else [])]


def _are_random(text: str, lines: Sequence[_Range]) -> bool:
    """Return whether all lines look random, and do not encode a text or a file of a known kind."""
    bodies = [text[start:end] for start, end in lines]
    whole = bodies if len(bodies[-1]) >= len(bodies[0]) else bodies[:-1]
    head = _HEAD.search(text, max(0, lines[0][0] - 100), lines[0][0])
    texts = ("".join(bodies), (head[1] if head else "") + "".join(bodies))
    return len({*whole}) == len(whole) and all(map(_is_mixed, whole)) and not any(map(_is_plain, texts))


def _is_said_public(text: str, lines: Sequence[_Range]) -> bool:
    """Return whether words before the lines say that they are public."""
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
    """Return whether lines are within the marks of something public; one of the two marks is enough."""
    sides = [(mark, "BEGIN") for mark in marks if mark.end() <= start][-1:]
    sides += [(mark, "END") for mark in marks if mark.start() >= end][:1]
    return any(mark["side"] == side and _PUBLIC.search(mark["kind"]) for mark, side in sides)


def _is_plain(digits: str) -> bool:
    """Return whether digits encode a file that is not a key, or a text, which is searched on its own.

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
