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
from unicodedata import normalize

# What means another sign. A backslash may be there several times, as text may be escaped again.
_ESCAPE = re.compile(
    rb"""
      (?:\x1b|(?<!\\)\\+(?:u001[bB]|x1[bB]|033|e)|\^\[)\[[0-9;]*[A-Za-z]   # a colour of a terminal
    | (?:\x1b|(?<!\\)\\+u001[bB])\][^\x07\x1b\n"]{0,400}?(?:\x07|\x1b\\|\\+u001[bB]\\+|\\+u0007)  # a link
    | \^I                                                          # a tab that is shown
    | (?:&|(?<!\\)\\+u0026)(?:amp;)*(?:lt|gt|quot|apos|nbsp|amp|\#x?[0-9a-fA-F]{1,6});  # HTML
    | (?<!\\)\\+u[dD][89abAB][0-9a-fA-F]{2}(?<!\\)\\+u[dD][c-fC-F][0-9a-fA-F]{2}  # two halves of a character
    | (?<!\\)\\+u[0-9a-fA-F]{4}
    | (?<!\\)\\+x[0-9a-fA-F]{2}
    | (?<!\\)\\+[nrt]
    | \xe2[\x80-\xaf][\x80-\xbf] | \xc2[\x80-\xbf] | \xef\xbb\xbf   # typography, arrows, frames, unseen signs
    | \xcc[\x80-\xbf] | \xcd[\x80-\xaf]                             # accents of their own
    | \xef\xb8[\x80-\x8f] | \xf3\xa0[\x80-\x87][\x80-\xbf]           # variants and tags, which no one sees
    | \xef\xbc[\x80-\xbf] | \xef\xbd[\x80-\x9e]                     # wide letters
    | \xf0\x9d[\x90-\x9f][\x80-\xbf]                               # letters of mathematics
    """,
    re.VERBOSE,
)
_BOLD = re.compile(rb"[^\n]\x08")  # in a terminal: each letter is written twice
_MARKS = (
    b"\\",
    b"&",
    b"^",
    b"\x1b",
    b"\xe2",
    b"\xc2",
    b"\xcc",
    b"\xcd",
    b"\xef",
    b"\xf0\x9d",
    b"\xf3\xa0",
)
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
_TAGGED = re.compile(_LESS + rb"(?:/[A-Za-z]|br\b)")
_TAG = re.compile(_LESS + rb"/?[A-Za-z](?:(?!\\u003)[^<>\n]){0,400}(?:>|\\u003[eE])|&\w{2,8};")
_REMOVED = re.compile(rb"^(?:>[ ]?)*-[^\n]*|\[-[^\n]{1,200}?-\]", re.MULTILINE)
_ADDED = re.compile(rb"^(?:>[ ]?)*\+[^\n]*|\{\+[^\n]{1,200}?\+\}", re.MULTILINE)
_WORDS = (re.compile(rb"\[-[^\n]{1,200}?-\]"), re.compile(rb"\{\+[^\n]{1,200}?\+\}"))  # of a diff by words


def views(text: bytes) -> Iterator[bytes]:
    """The views of a text that may be a quotation, all of its length: at least one, seven at most.

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
    if written.endswith(b";"):
        meant = _letter_of_page(written)
    elif b"[" in bare or b"]" in bare:  # of a terminal
        meant = b""
    elif bare == written:
        meant = _letter(written)
    else:
        meant = _letter_of_code(bare)
    return meant.rjust(len(written))


def _letter_of_code(bare: bytes) -> bytes:
    """What is meant by an escape without its backslashes: `t`, `x41` or `u0041`."""
    if bare == b"t":
        return b"\t"
    if bare[:1] == b"x":
        byte = bytes.fromhex(bare[1:].decode())
        return byte if byte.isalnum() else b""
    units = (int(part[:4], 16) for part in bare.split(b"u")[1:])
    sign = b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be", "replace")
    meant = sign.encode("utf-8")
    if sign.isascii():
        return meant if sign in "\n\r" or sign.isalnum() else b""
    return _letter(meant) if _ESCAPE.fullmatch(meant) else meant


def _letter(sign: bytes) -> bytes:
    """The letter of ASCII that a sign means, or nothing."""
    meant = normalize("NFKC", sign.decode()).encode() if sign.startswith(_WIDE) else b""
    return meant if meant.isascii() and meant.isalnum() else b""


def _letter_of_page(written: bytes) -> bytes:
    """The letter of ASCII that HTML writes as a name or number, or nothing."""
    name = written.rpartition(b"u0026")[2].lstrip(b"&").replace(b"amp;", b"")
    meant = unescape(f"&{name.decode()}").encode("utf-8", "replace")
    return meant if len(meant) == 1 and meant.isalnum() else b""


def _line_end(match: re.Match[bytes]) -> bytes:
    """Line ends on both sides, so that what is replaced belongs to no line."""
    return b"\n" + b" " * (len(match[0]) - 2) + b"\n"


def _blank(match: re.Match[bytes]) -> bytes:
    return b" " * len(match[0])
