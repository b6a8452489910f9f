"""Closing characters: which of a text type over those behind the cursor, and which are one too many.

It knows brackets, quotes and indentation; the other filters are in `filters`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_completion.multiline import first_line, indent
from assist_context import parse
from assist_context.languages import Language

_ENDS_STRING = re.compile(r"[)\]}>]*[\"'`][)\]}>\"'`;,]*")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What to show: `text` in place of `replace` characters behind the cursor, on its line.

    `dropped` names the filter that left nothing; `text` is "" then and only then.
    """

    text: str = ""
    replace: int = 0
    dropped: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """The cursor: the texts around it, and of these its own line before (`line`) and after (`rest`)."""

    before: str
    after: str
    language: Language
    line: str
    rest: str


def settle(text: str, place: Place) -> Cleaned:
    """Let closers of the text type over those behind the cursor, and cut at one too many.

    One too many closes what `after` closes already: what people see as extra brackets (cody#1294).
    """
    ours = parse.balance(place.language, place.before, text)
    theirs = parse.balance(place.language, place.before, place.after).closes if ours.closes else ()
    rest, used, kept = place.rest, 0, text
    opened, left, free = [*ours.open], ours.left, _free(ours.open, theirs, place)
    inside = not opened and not theirs and place.before[:1].isspace()  # of a block that began above
    may_cut = not inside and bool(place.language.blocks or place.language.comment)
    for token, at in ours.closes:
        fits = bool(opened) and parse.PAIRS[opened[-1][0]] == token
        if token not in parse.PAIRS.values():
            used += len(token) * rest.startswith(token, used)
        elif fits and token in left and opened[-1][0] in first_line(text[at:]):
            left = left.replace(token, "", 1)  # it opens another one, as `} else {` does
            opened.pop()
        elif fits and free > 0:
            free -= 1
            opened.pop()
        elif fits and rest.startswith(token, used):
            used += 1
            opened.pop()
            free = _free(opened, [each for each in theirs if each[1] >= used], place)
        elif may_cut:
            kept = text[:at].rstrip()
            break
    used += rest.startswith(">", used) and angles(kept) > 0
    used += kept[-1:] in {";", ",", ":"} and rest.startswith(kept[-1:], used)
    used = max(used, _string_end(kept, rest))
    if not kept or (kept != text and joins_words(kept, rest[used:])):
        return Cleaned(dropped="extra-closing-bracket")
    return Cleaned(dropped="duplicates-suffix") if kept == rest[:used] else Cleaned(kept, used)


def _string_end(text: str, rest: str) -> int:
    """How many characters of `rest`, from its start, end a string that `text` ends too, as `}"` an f-string.

    What stands inside a string is no bracket to `parse.balance`, so these are compared as they stand.
    """
    for size in range(min(len(text), len(rest)), 1, -1):
        if text.endswith(rest[:size]) and _ENDS_STRING.fullmatch(rest[:size]):
            return size
    return 0


def _free(opened: Sequence[tuple[str, int]], closes: Sequence[tuple[str, int]], place: Place) -> int:
    """How many of the open brackets, from the inside, `after` does not close."""
    brackets = [(token, at) for token, at in closes if token in parse.PAIRS.values()]
    if not brackets:
        return len(opened)
    (token, at), start = brackets[0], len(opened)
    line_start = place.after.rfind("\n", 0, at) + 1
    lead = place.line * (line_start == 0) + place.after[line_start:at]
    if line_start == 0:  # of the brackets opened and closed on this line, those are new that are more
        ours = sum(offset >= len(place.before) - len(place.line) for _, offset in opened)
        start -= max(ours - sum(offset <= len(place.rest) for _, offset in brackets), 0)
    owners = [i for i in reversed(range(start)) if parse.PAIRS[opened[i][0]] == token]
    if not lead.strip():  # it begins its line, so its indentation says which bracket it closes
        deep = {i: indent(place.before[place.before.rfind("\n", 0, opened[i][1]) + 1 :]) for i in owners}
        exact = [i for i in owners if deep[i] == indent(lead + token)]
        inner = [i for i in owners if deep[i] > indent(lead + token)]
        if not exact and inner and place.before[:1].isspace():
            return len(opened) - inner[-1]  # it closes one that was opened above the window
        owners = exact or inner[::-1] or owners  # a header of more lines may be indented deeper
    return len(opened) - 1 - owners[0] if owners else len(opened)


def joins_words(left: str, right: str) -> bool:
    """Whether two texts side by side make one word of two."""
    return bool(re.search(r"\w\Z", left[-1:]) and re.match(r"\w", right))


def angles(text: str) -> int:
    """Closing angle brackets less opening ones; arrows and comparisons do not count."""
    bare = re.sub(r"[-=]>|[<>]=| [<>] ", "", text)
    return bare.count(">") - bare.count("<")
