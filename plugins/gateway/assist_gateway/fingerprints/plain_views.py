"""The views of a text: the same bytes, with what a quotation adds blanked out.

Files and quotations are treated alike: escapes of JSON, HTML and terminals become what they mean, padded with
blanks to their length, so that a place in a view is the same place in the text. What only a quotation has is
blanked in further views: numbers and names in front of lines, one side of a diff, tags, and the keys and
short values of JSON. Signs such as `>`, `+` and quotes need no view, since only letters and digits count
(`letters`).
"""

import json
import re
from collections.abc import Iterator
from html import unescape
from html.entities import html5
from unicodedata import normalize

# What means another sign. A backslash may be there several times, as text may be escaped again. Each begins
# with one of few signs, which are found quickly.
_ESCAPE = re.compile(
    rb"""
    [\x1b\\^&\xf0\xf3](?:
      (?P<terminal>  # its controls by ECMA-48, its sets of signs, and links
        (?:(?<=\x1b)|(?<=\^)\[|%(first)b\\*(?:u001[bB]|x1[bB]|033|e))(?:\[[0-?]*[ -/]*[@-~]|[()][0-9AB])
      | (?:(?<=\x1b)|%(first)b\\*u001[bB])\][^\x07\x1b\n"]{0,400}?(?:\x07|\x1b\\|\\+u001[bB]\\+|\\+u0007)
      )
    | (?<=\^)I                                                      # a tab that is shown
    | (?P<page>(?:(?<=&)|%(first)b\\*u0026)(?:amp;)*(?:[A-Za-z][A-Za-z0-9]{1,31}|\#x?[0-9a-fA-F]{1,6});)
    | %(first)b\\*(?:
        u[dD][89abAB][0-9a-fA-F]{2}\\+u[dD][c-fC-F][0-9a-fA-F]{2}   # two halves of a character
      | u[0-9a-fA-F]{4}
      | u\{[0-9a-fA-F]{1,5}\}
      | (?P<sign>x[c-fC-F][0-9a-fA-F])(?!\\+x[89abAB])              # no byte of several, but a sign
      | x[0-9a-fA-F]{2} | [0-3][0-7]{2}                             # a byte
      | [nrt]
      )
    | (?<=\xf3)\xa0[\x80-\x87][\x80-\xbf]                           # variants and tags, which no one sees
    | (?<=\xf0)\x9d[\x90-\x9f][\x80-\xbf]                           # letters of mathematics
    )
    """
    % {b"first": rb"(?<=\\)(?<!\\\\)"},
    re.VERBOSE,
)
_BOLD = re.compile(rb"[^\n]\x08")  # in a terminal: each letter is written twice
_MARKS = (b"\\", b"&", b"^", b"\x1b", b"\xf0\x9d", b"\xf3\xa0")
# Of mail: line ends that are none, and bytes.
_QUOTED = re.compile(rb"=(?:[ \t]*\r?\n|[0-9A-F]{2})")
_IS_QUOTED = re.compile(rb"=3D|=[C-F][0-9A-F]=[89AB][0-9A-F]")
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
# Keys of JSON, with their values if these are no words of a text, also of JSON in a string.
_NAME = rb"""[\w.$@/-]{1,60}"""
_KEYS = re.compile(
    rb"""
      (?<!\\)"%(name)b"\s*:(?:\s*(?:-?\d[\w.+-]*|true|false|null|"[^"\s\\]{1,120}")(?=\s*[,}\]]))?
    | (?<=[\[,])\s*-?\d[\d.]*\s*(?=,)
    """
    % {b"name": _NAME},
    re.VERBOSE,
)
_INNER_KEYS = re.compile(
    rb"""
      (?<!\\)\\+"%(name)b\\+"\s*:
      (?:\s*(?:-?\d[\w.+-]*|true|false|null|\\+"[^"\s\\]{1,120}\\+")(?=(?:\s|\\+[nrt])*[,}\]]))?
    | (?<=[\[,])(?:\s|\\+[nrt])*-?\d[\d.]*\s*(?=,)
    """
    % {b"name": _NAME},
    re.VERBOSE,
)
_JSON_LINE = re.compile(rb"""^[ \t]*(?:\w+:[ \t]*)?([{\["][^\n]*)$""", re.MULTILINE)
_INNER_JSON = re.compile(rb"""(?<!\\)"(?:[\s{\[]|\\+[nrt])*[{\[](?:\s|\\+[nrt])*\\+\"""")
# Around the strings of JSON: signs that would be part of a text's first and last line.
_STRINGS = re.compile(rb"""(?<!\\)"\s*[,}\]:] | [,{\[:]\s*" """, re.VERBOSE)
_INNER_STRINGS = re.compile(
    rb"""(?<!\\)\\+"(?:\s|\\+[nrt])*[,}\]:] | [,{\[:](?:\s|\\+[nrt])*\\+" """, re.VERBOSE
)
_LESS = rb"(?:<|(?<!\\)\\+u003[cC])"  # as some programs write JSON
_TAGGED = re.compile(_LESS + rb"(?:/[A-Za-z]|w?br\b)")
_TAG = re.compile(_LESS + rb"/?[A-Za-z](?:(?!\\u003)[^<>\n]){0,400}(?:>|\\u003[eE])")
_REMOVED = re.compile(rb"^(?:>[ ]?)*-[^\n]*|\[-[^\n]{1,200}?-\]", re.MULTILINE)
_ADDED = re.compile(rb"^(?:>[ ]?)*\+[^\n]*|\{\+[^\n]{1,200}?\+\}", re.MULTILINE)
_WORDS = (re.compile(rb"\[-[^\n]{1,200}?-\]"), re.compile(rb"\{\+[^\n]{1,200}?\+\}"))  # of a diff by words


def views(text: bytes) -> Iterator[bytes]:
    """The views of a text that may be a quotation, all of its length: at least one, eight at most.

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
    if _TAGGED.search(text):
        yield _AROUND.sub(_blank, _without_tags(text))
    if _IS_QUOTED.search(text):
        yield _without_quotation(text)
    if (strings := _strings_apart(text, _KEYS, _STRINGS)) != text:
        yield _AROUND.sub(_blank, plain_view(strings))
        if _INNER_JSON.search(text):
            yield _AROUND.sub(_blank, plain_view(_strings_apart(text, _INNER_KEYS, _INNER_STRINGS)))


def line_views(text: bytes) -> Iterator[bytes]:
    """The views of a text in which all letters of a line are in a row, whatever is before and after them."""
    plain = plain_view(text)
    yield plain
    for words in _WORDS:
        one = words.sub(_blank, plain)
        if one != plain:
            yield one
    if _TAGGED.search(text):
        yield _without_tags(text)
    if _IS_QUOTED.search(text):
        yield _without_quotation(text)


def _without_quotation(text: bytes) -> bytes:
    """A mail as it was before its bytes were quoted."""
    return plain_view(_QUOTED.sub(lambda quoted: _byte(quoted[0][1:]).rjust(len(quoted[0])), text))


def _without_tags(text: bytes) -> bytes:
    return plain_view(_TAG.sub(_blank, text))


def _strings_apart(text: bytes, keys: re.Pattern[bytes], strings: re.Pattern[bytes]) -> bytes:
    """The text with the strings of its JSON in lines of their own, if it is JSON or has lines that are.

    What has escaped line ends in it may be cut off, so that it is no JSON any more.
    """

    def apart(json: bytes) -> bytes:
        return strings.sub(_line_end, keys.sub(_blank, json))

    def line_apart(line: re.Match[bytes]) -> bytes:
        return apart(line[0]) if b"\\n" in line[1] or _is_json(line[1]) else line[0]

    return apart(text) if _is_json(text) else _JSON_LINE.sub(line_apart, text)


def _is_json(text: bytes) -> bool:
    """Whether a text is an object or a list of JSON."""
    if text[:40].lstrip()[:1] not in (b"{", b"["):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def plain_view(text: bytes) -> bytes:
    """The text with escapes undone.

    >>> plain_view(b'"a\\\\nb"')
    b'"a\\n\\nb"'
    """
    if b"\x08" in text:
        text = _BOLD.sub(_blank, text)
    return _ESCAPE.sub(_meaning, text) if any(mark in text for mark in _MARKS) else text


def _meaning(escape: re.Match[bytes]) -> bytes:
    written = escape[0]
    bare = written.lstrip(b"\\")
    if bare != written and bare in (b"n", b"r"):
        return _line_end(escape)
    if escape.lastgroup == "terminal":
        meant = b""
    elif escape.lastgroup == "sign":
        meant = chr(int(bare[1:], 16)).encode()
    elif escape.lastgroup == "page":
        meant = _letters_of_page(written)
    elif bare == written:
        meant = _letter(written)
    else:
        meant = _letter_of_code(bare)
    return meant.rjust(len(written))


def _letter_of_code(bare: bytes) -> bytes:
    """What is meant by an escape without its backslashes: `t`, `x41`, `101`, `u0041` or `u{41}`."""
    if bare == b"t":
        return b"\t"
    if not bare.startswith(b"u"):
        return _byte(bare[1:] if bare[:1] == b"x" else b"%02x" % int(bare, 8))
    units = (int(part[:4], 16) for part in bare.split(b"u")[1:])
    if bare[1:2] == b"{":
        sign = chr(int(bare[2:-1], 16))
    else:
        sign = b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
    meant = sign.encode("utf-8", "replace")
    if sign.isascii():
        return meant if sign in "\n\r" or sign.isalnum() else b""
    return _letter(meant) if _ESCAPE.fullmatch(meant) else meant


def _byte(digits: bytes) -> bytes:
    """The byte of two hexadecimal digits, if it is a letter or part of one; nothing for other text."""
    byte = bytes.fromhex(digits.decode()) if digits.isalnum() else b""
    return byte if byte.isalnum() or not byte.isascii() else b""


def _letter(sign: bytes) -> bytes:
    """The letter of ASCII that a sign means, or nothing."""
    meant = normalize("NFKC", sign.decode()).encode() if sign.startswith(b"\xf0\x9d") else b""
    return meant if meant.isascii() and meant.isalnum() else b""


def _letters_of_page(written: bytes) -> bytes:
    """What HTML writes as a name or number, without signs of ASCII; a name that it has not is itself."""
    name = written.rpartition(b"u0026")[2].lstrip(b"&").replace(b"amp;", b"")
    if name and not name.startswith(b"#") and name.decode("utf-8", "replace") not in html5:
        return written
    meant = unescape(f"&{name.decode()}").encode("utf-8", "replace")
    return meant if len(meant) <= len(written) and (meant.isalnum() or not meant.isascii()) else b""


def _line_end(match: re.Match[bytes]) -> bytes:
    """Line ends on both sides, so that what is replaced belongs to no line."""
    return b"\n" + b" " * (len(match[0]) - 2) + b"\n"


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])
