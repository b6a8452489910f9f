"""Private keys over many lines, or on one line with escaped line ends: PEM, PuTTY, JWK and others.

This module knows no token and no assignment. It finds only the key's own text, not the lines that name it.
"""

import re
from collections.abc import Iterator

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
        done = 0
        for match in _PUTTY.finditer(text):
            check()
            if match.start() >= done:
                done = _end_of_lines(text, match.end(), int(match[1]))
                yield from _find_bodies(text, match.end(), done)
    for member in _members(text, _MEMBER, check) if "kty" in lower else ():
        yield Finding(*member.span(1), "PRIVATE_KEY")


def _find_blocks(text: str, check: Check) -> Iterator[Finding]:
    ends = [match.start() for match in _END.finditer(text)]
    done, following = 0, 0  # where the last key ended, and the first end that is still ahead
    for begin in _BEGIN.finditer(text):
        check()
        if begin.start() < done:
            continue
        while following < len(ends) and ends[following] < begin.end():
            yield from _find_headless(text, done, ends[following])
            following += 1
        first = begin.end()
        done = first
        if following < len(ends) and ends[following] - first < _LONGEST:
            done = ends[following]
            following += 1
        else:
            done = _end_of_cut_key(text, first)
        yield from _find_bodies(text, first, done)
    for end in ends[following:]:
        check()
        yield from _find_headless(text, done, end)
        done = end


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
    """Where a key ends whose last line is not in `text`."""
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
    """Where a key begins whose first line is not in `text`."""
    place = text.rfind("\n", least, end) + 1 or least
    while place > least:
        above = text.rfind("\n", least, place - 1) + 1 or least
        line = _LINE.match(text, above)
        if not line or line.end() != place:
            break
        place = above
    return place


def _end_of_lines(text: str, start: int, lines: int) -> int:
    """Where the next `lines` lines after `start` end."""
    place = start
    for _ in range(lines):
        end = text.find("\n", place)
        if end < 0:
            return len(text)
        place = end + 1
    return place


def public_parts(text: str, check: Check) -> list[tuple[int, int]]:
    """Where in `text` the public members of JSON Web Keys and certificates are, in order.

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
