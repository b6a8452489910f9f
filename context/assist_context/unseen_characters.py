r"""Characters that no one sees: which they are, how a preview writes them, and which a text holds or hides.

`visible` writes a character as `<U+202E>`, so that a preview deletes nothing and no line of it is more or
less than a line of the file. Its result determines the text: a file's own "<U+202E>" becomes
"<U+003C>U+202E>".
"""

import re
import tomllib
from collections import Counter
from importlib.resources import files
from unicodedata import category

_TABLE = tomllib.loads((files(__package__) / "unseen_characters.toml").read_text(encoding="utf-8"))
_RANGES = [
    [chr(int(end, 16)) for end in part.split("-")]
    for group in _TABLE["characters"]
    for part in group["ranges"].split()
]
UNSEEN = re.compile("[" + "".join(f"{re.escape(ends[0])}-{re.escape(ends[-1])}" for ends in _RANGES) + "]")

_EQUAL = re.compile(r"(.)\1*", re.DOTALL)
LONGEST_RUN = 80  # blanks in a row; after more of them, the rest of a line may be out of a window's sight

_LONG_BLANKS = re.compile(rf"[^\S\n]{{{LONGEST_RUN + 1},}}")

_PLACE = re.compile(
    rf"""
      [ \t]{{{LONGEST_RUN + 1},}}                           # a long run of blanks, mixed or not
    | [ \t]\Z                                          # the last blank of a line's end
    | <(?=U\+[0-9A-F]{{4,6}}(?:[ ]x[ ][0-9]+)?>)     # what would look like a character written visibly
    | [^\t -~]                                         # any other than ASCII's own
    """,
    re.VERBOSE,
)


def is_unseen(character: str) -> bool:
    r"""Return whether a character draws nothing, or moves, turns or hides what is around it.

    >>> is_unseen("\u202e"), is_unseen("\x1b"), is_unseen("\t"), is_unseen("é")
    (True, True, False, False)
    """
    return UNSEEN.fullmatch(character) is not None


def visible(line: str) -> str:
    r"""A line as a preview shows it, on one line. Only tabs and what has a shape of its own stay as they are.

    Spaces of other kinds, private characters and unassigned ones are written too: they look like others, or
    like nothing. So are a mark at the line's start, which would change the sign before it, and blanks that
    no one would notice.

    >>> visible("if ok:\u202e # \x1b] "), visible("<U+202E>")
    ('if ok:<U+202E> # <U+001B>]<U+0020>', '<U+003C>U+202E>')
    """
    return _PLACE.sub(_write_visibly, line)


def long_blanks_written(text: str) -> str:
    r"""A text in which each run of more than `LONGEST_RUN` blanks is written as `visible` does.

    >>> long_blanks_written("ok()" + " " * 120 + "evil()")
    'ok()<U+0020 x 120>evil()'
    """
    return _LONG_BLANKS.sub(_write_visibly, text)


def unseen_written(text: str) -> str:
    r"""Prose in which each unseen character is written as `visible` does, line ends included."""
    return UNSEEN.sub(_write_visibly, text)


def _write_visibly(match: re.Match[str]) -> str:
    text = match[0]
    is_visible = text.isprintable() and not text.isascii() and not is_unseen(text)
    if is_visible and not (match.start() == 0 and category(text).startswith("M")):
        return text
    return "".join(_run_code(equal[0]) for equal in _EQUAL.finditer(text))


def _run_code(equal: str) -> str:
    times = f" x {len(equal)}" if len(equal) > 1 else ""
    return f"<U+{ord(equal[0]):04X}{times}>"


def list_names(characters: Counter[str]) -> str:
    r"""Characters by their numbers, for a message.

    >>> list_names(Counter("\x1b\x1b\u202e"))
    'U+001B twice, U+202E'
    """
    times = {1: "", 2: " twice"}
    by_character = sorted(characters.items())
    return ", ".join(f"U+{ord(one):04X}{times.get(many, f' {many} times')}" for one, many in by_character)


_MARK = "\ufeff"
_NON_JOINER = "\u200c"
_JOINER = "\u200d"
_SHAPES = "\ufe0e\ufe0f"  # of a pictograph: as text, or in colour
_KEYS = frozenset("0123456789#*")
_KEYCAP = "\u20e3"
# Scripts whose letters are joined or kept apart within a word: Arabic to Vedic, and those of India.
_JOINING = ((0x0600, 0x1CFF), (0xA800, 0xABFF), (0x11000, 0x11FFF))


def hidden_characters(text: str) -> Counter[str]:
    r"""The unseen characters of a text that do not belong there, counted.

    These belong: line ends, form feeds and a byte order mark at the start; a joiner between two letters of a
    script that has joiners, such as Persian; a joiner between two pictographs, and the selector of its shape
    after one. A lone "\r" belongs only to a text without "\n".

    >>> hidden_characters("می\u200cخواهم ❤\ufe0f\r\n"), hidden_characters("ad\u200cmin")
    (Counter(), Counter({'\u200c': 1}))
    """
    places = (match.start() for match in UNSEEN.finditer(text))
    counts = Counter(text[at] for at in places if not _belongs(text, at))
    if "\n" not in text:
        del counts["\r"]
    return counts


def _belongs(text: str, at: int) -> bool:
    character = text[at]
    if character == "\r":
        return text[at + 1 : at + 2] == "\n"
    if character == "\f":
        return True
    if character == _MARK:
        return at == 0
    return shapes_neighbours(text, at)


def shapes_neighbours(text: str, at: int) -> bool:
    r"""Say if a character is a joiner or a selector that changes how the visible ones next to it look.

    >>> shapes_neighbours("می\u200cخواهم", 2), shapes_neighbours("ad\u200cmin", 2)
    (True, False)
    """
    character = text[at]
    before = text[at - 1] if at else ""
    after = text[at + 1 : at + 2]
    if character in _SHAPES:
        return _is_pictograph(before) or (before in _KEYS and after == _KEYCAP)
    if character == _JOINER and _is_pictograph(after):
        return _is_pictograph(before) or before == _SHAPES[-1]
    return character in (_NON_JOINER, _JOINER) and _is_joining(before) and _is_joining(after)


def _is_pictograph(character: str) -> bool:
    return character >= "©" and category(character).startswith("S") and not is_unseen(character)


def _is_joining(character: str) -> bool:
    letter = character != "" and category(character)[0] in "LM" and not is_unseen(character)
    return letter and any(first <= ord(character) <= last for first, last in _JOINING)


MAX_EMPTY = 10  # lines in a row without a character; after more of them, the next may be below a window
_TAB = 8  # columns at most
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n(?:[^\S\n]*\n)+")
_MANY_EMPTY_LINES = re.compile(rf"\n(?:[^\S\n]*\n){{{MAX_EMPTY + 1}}}")


def is_suspect(text: str) -> bool:
    r"""Return whether a text may hide something: it has an unseen character other than "\r\n", or a long gap.

    It takes 2 us for a line, and 70 us for 4,000 characters.
    """
    text = _plain(text)
    long = " " * (LONGEST_RUN + 1) in text if text.isascii() else _LONG_BLANKS.search(text) is not None
    return long or UNSEEN.search(text) is not None or _MANY_EMPTY_LINES.search(text) is not None


def hides(text: str, before: str, after: str) -> bool:
    r"""Return whether a text hides something from who reads it between two other texts of its file.

    It does by an unseen character, unless that shapes its neighbours, as in Persian and in emoji. And it does
    by a gap after which the rest may be out of sight: more than `LONGEST_RUN` blanks or `MAX_EMPTY` empty
    lines in a row. What the file around it has too, it may have: the same character, or as long a gap.

    >>> hides("a + b  # \u202e", "x = ", ""), hides("'\u202e'", "x = ", " # not '\u202e'")
    (True, False)
    >>> hides("a" + " " * 81 + "evil()", "x = ", "\n"), hides("می\u200cخواهم", "# ", "\n")
    (True, False)
    """
    if not is_suspect(text):
        return False
    text = _plain(text)
    whole = f"{before[-2:]}{text}{after[:1]}"
    start = len(before[-2:])
    for match in UNSEEN.finditer(text):
        is_shaping = shapes_neighbours(whole, start + match.start())
        if not is_shaping and match[0] not in before and match[0] not in after:
            return True
    around = _plain(f"{before}\0{after}")  # no gap of the file goes on where the text is
    for longest, most in ((_longest_blanks, LONGEST_RUN), (_most_empty_lines, MAX_EMPTY)):
        size = longest(text)
        if size > most and size > longest(around):
            return True
    return False


def _plain(text: str) -> str:
    """A text with line ends as "\\n", and tabs as the blanks that they look like."""
    text = text.replace("\r\n", "\n") if "\r" in text else text
    return text.expandtabs(_TAB) if "\t" in text else text


def _longest_blanks(text: str) -> int:
    return max((len(run) for run in _BLANKS.findall(text)), default=0)


def _most_empty_lines(text: str) -> int:
    return max((run.count("\n") - 1 for run in _EMPTY_LINES.findall(text)), default=0)
