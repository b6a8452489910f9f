"""The forms in which a text is searched for secrets, each with a map back to the original text.

The first form is the text in NFKC without invisible characters. Each further form decodes the one before:
string literals that a language joins, base64, hex, percent signs and escapes. A diff is also searched without
the marks of its lines, since what goes over several lines looks otherwise with them. This module knows no
secret.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from unicodedata import category, normalize

from assist_escalation.redaction.findings import Check

# Joins two literals: "a" "b"; "a" + "b"; "a" \ "b"; also over the end of a line, in a diff and in a comment.
# "\" and the end of a line continue a string or a shell command.
_OPERATOR = r"(?:\+|\.\.?|&|\|\||<>)?"  # the operators that join strings in some language
_JOIN = re.compile(
    rf"""
      (?P<q>["'`])
      (?:
          (?<=\w.)(?P=q)(?=\w)                    # "" within a word, as in SQL and batch files
        | (?!(?P=q))[ \t]{{0,80}}+{_OPERATOR}[ \t]{{0,80}}+
          (?:[\\`_]?\r?\n[ \t]{{0,80}}+[+-]?[ \t]{{0,80}}+)?   # the next line, maybe of a diff
          {_OPERATOR}[ \t]{{0,80}}+
          [rbufLN@$]{{0,2}}(?P=q)                 # the next literal
      )
    | \\\r?\n[ \t]{{0,80}}+                       # a continued line
    """,
    re.VERBOSE,
)
# ["a", "b"].join(""), "".join(["a", "b"]), concat("a", "b")
_ITEM = r"""[ \t\r\n]{0,40}+[rbuf]?(?:"[^"\\\n]{0,200}+"|'[^'\\\n]{0,200}+')[ \t\r\n]{0,40}+"""
_LIST = re.compile(
    rf"""
    (?:
        (?:\"\"|'')\.join\([\[(]                 # "".join([
      | \bconcat!?\(                             # concat(
      | [\[(]                                    # [
    )
    (?P<items>{_ITEM}(?:,{_ITEM}){{1,20}}+),?
    [ \t]{{0,9}}[\])]
    (?P<joined>[ \t]{{0,9}}\.join\((?:\"\"|'')\))?   # ].join("")
    """,
    re.VERBOSE,
)
_COMMA = re.compile(r"""["'][ \t\r\n]{0,40}+,[ \t\r\n]{0,40}+[rbuf]?["']""")


def joints(text: str) -> Iterator[re.Match[str]]:
    """The texts between two literals that follow each other.

    >>> [match[0] for match in joints('a = "x" + "y"')]
    ['" + "']
    """
    return _JOIN.finditer(text)


def commas(text: str) -> Iterator[re.Match[str]]:
    """The texts between the literals of a list that a program joins.

    >>> [match[0] for match in commas("['x', 'y'].join('')")]
    ["', '"]
    """
    if "join" not in text and "concat" not in text:
        return
    for match in _LIST.finditer(text):
        if match["joined"] or match[0].startswith(("'", '"', "concat")):
            yield from _COMMA.finditer(text, *match.span("items"))


_GAP = r"[ \t\r\n]{0,40}+,[ \t\r\n]{0,40}+"
_ARGUMENTS = re.compile(
    rf"""
    [\[(][ \t\r\n]{{0,40}}+["'][\w./-]{{2,40}}["']                       # ["program"
    (?=(?:{_GAP}["'][^"'\n]{{0,80}}["']){{0,8}}?{_GAP}["']-\w)           # an option follows
    (?P<rest>(?:{_GAP}[rbuf]?(?:"[^"\n]{{0,200}}+"|'[^'\n]{{0,200}}+'|[\w.()]{{1,40}}+)){{1,30}}+)
    """,
    re.VERBOSE,
)
_ANY_COMMA = re.compile(r"""["']?[ \t\r\n]{0,40}+,[ \t\r\n]{0,40}+[rbuf]?["']?""")


def argument_commas(text: str) -> Iterator[re.Match[str]]:
    """The texts between the arguments of a command that a program calls.

    >>> [match[0] for match in argument_commas('run(["mysql", "-px", "db"])')]
    ['", "', '", "']
    """
    for match in _ARGUMENTS.finditer(text):
        yield from _ANY_COMMA.finditer(text, match.start("rest") - 1, match.end("rest"))


DEPTH = 3  # join literals once, then decode twice
_AROUND = 200  # characters before and after a join or an escape, which hold the name of the value
_LEAST = 11  # base64 digits for 8 bytes, the shortest known value

_DIGITS = re.compile(rf"[A-Za-z0-9+/_-]{{{_LEAST},}}+={{0,2}}")
_WRAPPED = 40  # characters of a line, from which on the next line may continue it
_RUNS = (  # separate expressions, so that `key_` before base64 is not part of it
    (re.compile(rf"[A-Za-z0-9+/]{{{_LEAST},}}+={{0,2}}"), 6),
    (re.compile(rf"[A-Za-z0-9_-]{{{_LEAST},}}+={{0,2}}"), 6),
    (re.compile(r"(?<![0-9A-Za-z])(?:0x)?((?:[0-9A-Fa-f]{2}){8,}+)(?![0-9A-Za-z])"), 4),
)
_ESCAPE = re.compile(
    r"""
      %[0-9A-Fa-f]{2}                                   # URLs
    | \\x[0-9A-Fa-f]{2}                                 # most languages
    | \\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,6}\}
    | &[#][0-9]{1,7};|&[#][xX][0-9A-Fa-f]{1,6};         # HTML and XML
    | &(?:amp|lt|gt|quot|apos);
    | \\[\"'\\/@$]                                      # an escaped sign
    """,
    re.VERBOSE,
)
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_TEXT_BYTES = bytes(range(32, 127)) + b"\t\r\n"


_HUNK = re.compile(r"^@@ -\d", re.MULTILINE)
_GIT_MARK = re.compile(r"^[ +-]", re.MULTILINE)
_SPACED_MARK = re.compile(r"^[ +-](?:[ ]|$)", re.MULTILINE)
_CHANGE = re.compile(r"[+-]")
_NUMBERED_MARK = re.compile(r"^(?:[ ]{0,5}[0-9]{0,9}[ ][ +-](?:[ ]|$)|[ ]{0,4}[0-9]{1,9}$)", re.MULTILINE)
_NUMBERED_CHANGE = re.compile(r"[ ]{0,5}[0-9]{0,9}[ ][+-]")


@dataclass(frozen=True, slots=True)
class TextForm:
    """A form of a text. Character i comes from `starts[i]` to `ends[i]` of the original; None: no change."""

    text: str = field(repr=False)
    starts: Sequence[int] | None = field(default=None, repr=False)
    ends: Sequence[int] | None = field(default=None, repr=False)

    def origin(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """The pieces of the original that characters `start` to `end` come from, in order.

        >>> list(TextForm("ab", [0, 5], [1, 6]).origin(0, 2))
        [(0, 1), (5, 6)]
        """
        if self.starts is None or self.ends is None:
            yield start, end
            return
        low = -1
        high = -1
        for first, last in zip(self.starts[start:end], self.ends[start:end], strict=True):
            if last <= first:
                continue
            if low <= first <= high:
                high = max(high, last)
                continue
            if high > low:
                yield low, high
            low, high = first, last
        if high > low:
            yield low, high


class _Pieces:
    """Collects a derived form: a string, and for each character where it comes from."""

    def __init__(self, source: TextForm) -> None:
        self.source = source
        self.parts = list[str]()
        self.starts, self.ends = list[int](), list[int]()

    def copy(self, start: int, end: int) -> None:
        self.parts.append(self.source.text[start:end])
        if self.source.starts is None or self.source.ends is None:
            self.starts.extend(range(start, end))
            self.ends.extend(range(start + 1, end + 1))
        else:
            self.starts.extend(self.source.starts[start:end])
            self.ends.extend(self.source.ends[start:end])

    def put(self, text: str, start: int, end: int) -> None:
        """Add `text`, whose characters each come from all of the source's `start` to `end`."""
        at, upto = start, end
        if self.source.starts is not None and self.source.ends is not None:
            at = self.source.starts[start]
            upto = self.source.ends[end - 1]
        self.parts.append(text)
        self.starts.extend([at] * len(text))
        self.ends.extend([upto] * len(text))

    def close(self) -> None:
        """End a piece: what follows comes from another place."""
        self.parts.append("\n")
        place = self.ends[-1] if self.ends else 0
        self.starts.append(place)
        self.ends.append(place)

    def form(self) -> TextForm:
        return TextForm("".join(self.parts), self.starts, self.ends)


def text_forms(text: str, check: Check) -> Iterator[TextForm]:
    """The forms of `text`. `check` is called now and then."""
    plain = _plain_form(text, check)
    yield from _decoded_forms(plain, check)
    if mark := _line_mark(plain.text):
        yield from _decoded_forms(_without(plain, mark), check)


def _decoded_forms(form: TextForm, check: Check) -> Iterator[TextForm]:
    yield form
    for _ in range(DEPTH):
        form = _derive(form, check)
        if not form.text:
            return
        yield form


def _line_mark(text: str) -> re.Pattern[str] | None:
    """Find the mark of lines in a diff, as git or our own commands write it; None for others."""
    if _HUNK.search(text):
        return _GIT_MARK
    lines = [line for line in text.split("\n") if line.strip()]
    for mark, change in ((_SPACED_MARK, _CHANGE), (_NUMBERED_MARK, _NUMBERED_CHANGE)):
        if all(map(mark.match, lines)) and any(map(change.match, lines)):
            return mark
    return None


def _without(form: TextForm, mark: re.Pattern[str]) -> TextForm:
    pieces = _Pieces(form)
    end = 0
    for match in mark.finditer(form.text):
        pieces.copy(end, match.start())
        end = match.end()
    pieces.copy(end, len(form.text))
    return pieces.form()


@lru_cache(maxsize=4096)
def fold(character: str) -> str:
    """The character in NFKC, or "" if it is invisible: it joins, hides, turns or tags text.

    >>> fold("Ａ"), fold("\\u200b")
    ('A', '')
    """
    if character == "\xad" or category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f":
        return ""
    return normalize("NFKC", character)


_SAME = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")  # ASCII is its own NFKC


def _plain_form(text: str, check: Check) -> TextForm:
    if text.isascii():
        return TextForm(text)
    parts, starts, ends = list[str](), list[int](), list[int]()
    for count, match in enumerate(_SAME.finditer(text)):
        if not count % 10_000:
            check()
        first, last = match.span()
        if last - first > 1 or text[first] < "\x80":
            parts.append(match[0])
            starts.extend(range(first, last))
            ends.extend(range(first + 1, last + 1))
        elif plain := fold(match[0]):
            parts.append(plain)
            starts.extend([first] * len(plain))
            ends.extend([last] * len(plain))
        elif ends:
            ends[-1] = last  # an invisible character belongs to the one before it
    return TextForm("".join(parts), starts, ends)


def _derive(form: TextForm, check: Check) -> TextForm:
    pieces = _Pieces(form)
    for find in (_join_literals, _join_arguments, _unescape_text, _decode):
        find(form.text, pieces, check)
    return pieces.form()


def _join_literals(text: str, pieces: _Pieces, check: Check) -> None:
    _rewrite(text, joints(text), lambda _: "", pieces, check)
    _rewrite(text, commas(text), lambda _: "", pieces, check)


def _join_arguments(text: str, pieces: _Pieces, check: Check) -> None:
    """Write a list of a command's arguments as a shell does: `["mysql", "-px"]` as `"mysql -px"`."""
    if '"-' in text or "'-" in text:
        _rewrite(text, argument_commas(text), lambda _: " ", pieces, check)


def _unescape_text(text: str, pieces: _Pieces, check: Check) -> None:
    if "\\" in text or "%" in text or "&" in text:
        _rewrite(text, _ESCAPE.finditer(text), lambda match: _unescape(match[0]), pieces, check)


def _unescape(escape: str) -> str:
    if escape in _NAMED:
        return _NAMED[escape]
    digits = escape.strip("%\\xXu{}&#;")
    if escape[0] == "\\" and escape[1] not in "xu":
        return escape[1]
    code = int(digits, 10 if escape[0] == "&" and escape[2] not in "xX" else 16)
    return chr(code) if 0x20 <= code < 0x11_0000 or code in (9, 10, 13) else " "


def _rewrite(
    text: str,
    matches: Iterator[re.Match[str]],
    to: Callable[[re.Match[str]], str],
    pieces: _Pieces,
    check: Check,
) -> None:
    """Add the text around each match, with the match replaced by the result of `to`."""
    end = -1  # where the copied text ends
    for count, match in enumerate(matches):
        if not count % 1000:
            check()
        least = max(0, match.start() - _AROUND)
        low = text.rfind("\n", least, match.start()) + 1
        if low and text[low : match.start()].lstrip(" \t+-")[:1] in ("'", '"'):
            low = text.rfind("\n", least, low - 1) + 1  # the literal's name is on the line above
        low = low or least
        if end < 0:
            pieces.copy(low, match.start())
        elif low <= end + _AROUND:
            pieces.copy(end, match.start())
        else:
            _tail(text, end, pieces)
            pieces.close()
            pieces.copy(low, match.start())
        replacement = to(match)
        if replacement:
            pieces.put(replacement, match.start(), match.end())
        end = match.end()
    if end >= 0:
        _tail(text, end, pieces)
        pieces.close()


def _tail(text: str, start: int, pieces: _Pieces) -> None:
    end = text.find("\n", start, start + _AROUND)
    pieces.copy(start, min(len(text), start + _AROUND) if end < 0 else end)


def _decode(text: str, pieces: _Pieces, check: Check) -> None:
    for start, end in _digits(text, check):
        whole = text[start:end]
        if whole.isalpha() and (whole.islower() or whole.isupper()):
            continue  # encoded text has both cases, or digits
        places: Sequence[int] = range(start, end)
        if "\n" in whole:
            places = [place for place in places if not text[place].isspace()]
            whole = "".join(whole.split())
        spans = set[tuple[int, int]]()
        for regex, bits in _RUNS:
            for run in regex.finditer(whole):
                low, high = run.span(run.lastindex or 0)
                data = b"" if (low, high) in spans and bits == 6 else _decode_digits(whole[low:high], bits)
                spans.add((low, high))
                if data:
                    _put_bytes(data, places[low:high], bits, pieces)


def _digits(text: str, check: Check) -> Iterator[tuple[int, int]]:
    """Find where there are digits of base64 or hex. Lines that continue each other count as one place."""
    start = 0
    end = 0
    for count, match in enumerate(_DIGITS.finditer(text)):
        if not count % 1000:
            check()
        low, high = match.span()
        gap = text[end:low]
        if (
            end
            and len(gap) < 40
            and "\n" in gap
            and gap.isspace()
            and high - low >= 2
            and end - text.rfind("\n", 0, end) > _WRAPPED
        ):
            end = high
            continue
        if end:
            yield start, end
        start, end = low, high
    if end:
        yield start, end


def _decode_digits(digits: str, bits: int) -> bytes:
    """The bytes that digits of `bits` bits encode, or none if they are not text."""
    try:
        if bits == 4:
            data = bytes.fromhex(digits)
        else:
            bare = digits.rstrip("=").replace("-", "+").replace("_", "/")
            bare = bare[: len(bare) - (len(bare) % 4 == 1)]
            data = base64.b64decode(bare + "=" * (-len(bare) % 4))
    except (binascii.Error, ValueError):
        return b""
    data_seen = data.replace(b"\0", b"")  # in UTF-16, every second byte of plain letters is 0
    if 2 * len(data_seen) < len(data):
        return b""
    return data if not data_seen.translate(None, _TEXT_BYTES) or _is_utf8(data_seen) else b""


def _is_utf8(data: bytes) -> bool:
    try:
        return data.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        return False


def _put_bytes(data: bytes, places: Sequence[int], bits: int, pieces: _Pieces) -> None:
    """Add decoded text. A character comes from all digits that hold any of its bits."""
    offset = 0
    for character in data.decode("utf-8", "replace"):
        size = len(character.encode("utf-8")) if character != "\ufffd" else 1
        first = offset * 8 // bits
        last = (offset + size) * 8 // bits + bool((offset + size) * 8 % bits)
        offset += size
        if character != "\0":
            pieces.put(character, places[first], places[min(last, len(places)) - 1] + 1)
    pieces.close()
