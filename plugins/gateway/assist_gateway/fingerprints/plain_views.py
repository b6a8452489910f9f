"""The views of a text: the same bytes, with what a quotation adds blanked out.

Files and quotations are treated alike: escapes of JSON, HTML and terminals become what they mean, padded with
blanks to their length, so that a place in a view is the same place in the text. What only a quotation has is
blanked in further views: numbers and names in front of lines, and one side of a diff. Signs such as `>`, `+`
and quotes need no view, since only letters and digits count (`letters`).
"""

import re
from collections.abc import Iterator
from unicodedata import normalize

# What means another sign. A backslash may be there several times, as text may be escaped again.
_ESCAPE = re.compile(
    rb"""
      (?:\x1b|\\+(?:u001[bB]|x1[bB]|033|e))\[[0-9;]*[A-Za-z]        # a colour of a terminal
    | \\+u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}  # two halves of a character
    | \\+u[0-9a-fA-F]{4}
    | \\+[nrt]
    | &(?:amp;)*(?:lt|gt|quot|apos|nbsp|amp|\#x?[0-9a-fA-F]{1,6});  # HTML
    | \xe2[\x80-\xaf][\x80-\xbf] | \xc2[\x80-\xbf] | \xef\xbb\xbf   # typography, arrows, frames, unseen signs
    | \xcc[\x80-\xbf] | \xcd[\x80-\xaf]                             # accents of their own
    | \xef\xb8[\x80-\x8f] | \xf3\xa0[\x80-\x87][\x80-\xbf]           # variants and tags, which no one sees
    | \xef\xbc[\x80-\xbf] | \xef\xbd[\x80-\x9e]                     # wide letters
    | \xf0\x9d[\x90-\x9f][\x80-\xbf]                               # letters of mathematics
    """,
    re.VERBOSE,
)
_MARKS = (b"\\", b"&", b"\x1b", b"\xe2", b"\xc2", b"\xcc", b"\xcd", b"\xef", b"\xf0\x9d", b"\xf3\xa0")
_WIDE = (b"\xef\xbc", b"\xef\xbd", b"\xf0\x9d")
# Around lines: `  12<TAB>`, `12|`, `> 12:`, `L12:`, `Line 12:`, `src/a.py:12:`, `src/a.py-12-`, `src/a.py:`.
_AROUND = re.compile(
    rb"""
      ^[^\w\n]{0,24}(?:[\w.][\w./\\@+-]{0,200}\.\w{1,12}[:-])?(?:[Ll]ine[ ]|L)?\d{1,7}(?=[^\w\n]|\n|\Z)
    | ^[^\w\n]{0,24}[\w.][\w./\\@+-]{0,200}\.\w{1,12}:
    | ^<(?=[\w:-]*(?:file|doc|code|content|output|result|snippet|source|pre|text|std))[\w:-]+[^>\n]*>
    | </[\w:-]*(?:file|doc|code|content|output|result|snippet|source|pre|text|std)[\w:-]*>[ \t]*$
    | ^\^?[0-9a-f]{7,40}[ ][^\n(]{0,80}\([^\n]{0,80}?[ ]\d{1,7}\)   # git blame
    """,
    re.VERBOSE | re.MULTILINE,
)
# Around the strings of JSON, also of JSON in a string: they would be part of a text's first and last line.
_STRINGS = re.compile(rb"""(?<!\\)"\s*:\s*" | (?<!\\)"\s*[,}\]]""", re.VERBOSE)
_INNER_STRINGS = re.compile(rb"""\\?(?<!\\\\)"\s*:\s*\\?" | \\?(?<!\\\\)"\s*[,}\]]""", re.VERBOSE)
_JSON_LINE = re.compile(rb"""^[ \t]*(?:\w+:[ \t]*)?[{\["][^\n]*\\n[^\n]*$""", re.MULTILINE)
_ESCAPED = re.compile(rb"\\n")
_ESCAPED_TWICE = re.compile(rb"\\\\n")
_REMOVED = re.compile(rb"^(?:>[ ]?)*-[^\n]*", re.MULTILINE)
_ADDED = re.compile(rb"^(?:>[ ]?)*\+[^\n]*", re.MULTILINE)


def views(text: bytes) -> Iterator[bytes]:
    """The views of a text that may be a quotation, all of its length: at least one, six at most.

    Each has the lines that one way of quoting would leave, so that a line is whole in at least one of them.

    >>> list(views(b"1| a = 1\\n2| b = 2"))
    [b'1| a = 1\\n2| b = 2', b' | a = 1\\n | b = 2']
    """
    plain = plain_view(text)
    yield plain
    bare = _AROUND.sub(_blank, plain)
    if bare != plain:
        yield bare
    for side in (_REMOVED, _ADDED):
        one = side.sub(_blank, bare)
        if one != bare:
            yield one
    for newline, strings in ((_ESCAPED, _STRINGS), (_ESCAPED_TWICE, _INNER_STRINGS)):
        if newline.search(text) and (split := _apart(text, strings)) != text:
            yield _AROUND.sub(_blank, plain_view(split))


def _apart(text: bytes, strings: re.Pattern[bytes]) -> bytes:
    """The text with line ends around the strings of JSON, where these have line ends of their own."""
    return _JSON_LINE.sub(lambda line: strings.sub(_line_end, line[0]), text)


def plain_view(text: bytes) -> bytes:
    """The text with escapes undone.

    >>> plain_view(b'"a\\\\nb"')
    b'"a\\n\\nb"'
    """
    return _ESCAPE.sub(_meaning, text) if any(mark in text for mark in _MARKS) else text


def _meaning(escape: re.Match[bytes]) -> bytes:
    written = escape[0]
    bare = written.lstrip(b"\\")
    if b"[" in bare:
        return b" " * len(written)
    if len(bare) == len(written):
        return _letter(written).rjust(len(written))
    if bare[:1] != b"u":
        return b"\t".rjust(len(written)) if bare == b"t" else _line_end(escape)
    units = (int(part[:4], 16) for part in bare.split(b"u")[1:])
    sign = b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
    meant = sign.encode("utf-8")
    if sign.isascii():
        return (meant if sign in "\n\r" or sign.isalnum() else b"").rjust(len(written))
    return (_letter(meant) if _ESCAPE.fullmatch(meant) else meant).rjust(len(written))


def _letter(sign: bytes) -> bytes:
    """The letter of ASCII that a sign means, or nothing."""
    meant = normalize("NFKC", sign.decode()).encode() if sign.startswith(_WIDE) else b""
    return meant if meant.isascii() and meant.isalnum() else b""


def _line_end(match: re.Match[bytes]) -> bytes:
    """Line ends on both sides, so that what is replaced belongs to no line."""
    return b"\n" + b" " * (len(match[0]) - 2) + b"\n"


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])
