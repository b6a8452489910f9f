"""What of a model's text may be shown at a cursor: trimmed where it can be saved, dropped where not.

The filters run in a fixed order, each on what the one before left, and each drop has a name, to be
counted by the caller. Pure functions over text: no tokens, no probabilities, no editor. Special
tokens are stripped by id where tokens are; here is only the last net.
"""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assist_completion.multiline import TOKEN, at_line_end, first_line, indent, is_closing
from assist_completion.multiline import last_line, opens_block, repeats
from assist_context import parse
from assist_context.languages import Language

_LOOK = 12  # lines compared on either side: no more are ever shown (multiline.BLOCK)
# A text that ends like this goes on in the next line: no grammar can judge it alone.
_GOES_ON = re.compile(r"(?:[-+*/%&|^=<>,.\\(\[?:!~@]|\b(?:and|or|not|in|is|return|as|extends))\s*\Z")
_LEAD = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What to show: `text` in place of `replace` characters behind the cursor, on its line.

    `dropped` names the filter that left nothing; `text` is "" then and only then.
    """

    text: str = ""
    replace: int = 0
    dropped: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """The cursor: the texts around it, and of these its own line before (`line`) and after (`rest`)."""

    before: str
    after: str
    language: Language
    line: str
    rest: str


def clean(
    text: str, before: str, after: str, language: Language, *, specials: Collection[str] = ()
) -> Cleaned:
    """What of `text` may be shown between `before` and `after`. Never raises.

    `specials` are the model's special tokens as text.

    >>> from assist_context.languages import language_of
    >>> clean("a, b) + c", "print(", ")\\n", language_of("a.py"))
    Cleaned(text='a, b) + c', replace=1, dropped=None)
    """
    if any(special in text for special in specials if special):
        return Cleaned(dropped="special-token")
    place = _Place(before, after, language, last_line(before), first_line(after))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text if at_line_end(after) else first_line(text)
    if not text.strip():
        return Cleaned(dropped="empty")
    if repeats(text):
        return Cleaned(dropped="repetition")
    for reason, step in _STEPS:
        text = step(text, place)
        if not text.strip():
            return Cleaned(dropped=reason)
    shown = _settle(text, place)
    if shown.dropped:
        return shown
    return _judge(replace(shown, text=_spaced(_indented(shown.text, place), place)), place)


def _without_echo(text: str, place: _Place) -> str:
    """Without what stands before the cursor already: the start of the line, a word, earlier lines."""
    stem, glued = place.line.strip(), place.line[-1:].strip() != ""
    head = text.lstrip(" \t")
    nests = stem.endswith(("(", "[", "{", "<", ">")) and " " not in stem  # f(f(x)) is no echo
    if len(stem) >= 4 and len(TOKEN.findall(stem)) >= 2 and not nests and head.startswith(stem):
        text = head[len(stem) :] if glued else head[len(stem) :].lstrip(" \t")
    word = re.search(r"[^\W\d][\w.]{2,}\Z", place.line[-200:])
    if word and text.startswith(word[0]):
        text = text[len(word[0]) :]
    lines = text.split("\n")
    above = [line for line in place.before.split("\n")[-_LOOK - 1 : -1] if line.strip()]
    for size in range(min(len(lines), len(above)), 0, -1):
        own = [place.line + lines[0], *lines[1:size]]
        if _alike(own, above[-size:], place.line) and any(map(_substantial, own)):
            return "" if stem else "\n".join(lines[size:]).lstrip("\n")
    return text


def _without_suffix(text: str, place: _Place) -> str:
    """Without what stands behind the cursor already: the rest of the line, or the next lines."""
    if not at_line_end(place.after):
        return _without_rest(text, place.rest, place.language)
    lines = text.split("\n")
    full = [place.line + lines[0], *lines[1:]]
    below = [line for line in place.after.split("\n")[1 : 2 * _LOOK] if line.strip()][:_LOOK]
    for start in range(len(lines)):
        own = [line for line in full[start:] if line.strip()]
        size = min(len(own), len(below))
        if (
            lines[start].strip()
            and any(map(_substantial, own[:size]))
            and _alike(own[:size], below[:size], "" if start else place.line)
        ):
            return "\n".join(lines[:start]).rstrip()
    return text


def _substantial(line: str) -> bool:
    """Whether a line says enough to be a copy of another and not just alike, as `else:` lines are."""
    return len(line.strip()) >= 6 and len(TOKEN.findall(line)) >= 3 and not is_closing(line)


def _alike(own: Sequence[str], other: Sequence[str], typed: str) -> bool:
    """Whether lines are the same but for quotes and a last comma; `own` starts with `typed`.

    If that is indentation, the model may have written it once more.
    """
    columns = {indent(own[0])} if typed.strip() else {indent(own[0]), indent(own[0][len(typed) :])}
    same = all(indent(a) == indent(b) for a, b in zip(own[1:], other[1:], strict=True))
    return same and indent(other[0]) in columns and [*map(_plain, own)] == [*map(_plain, other)]


def _plain(line: str) -> str:
    return re.sub(r"\s+", "", line).replace("'", '"').rstrip(",;")


def _without_rest(text: str, rest: str, language: Language) -> str:
    """Inside a line: without an ending that the rest of the line begins with."""
    text = text.rstrip() if rest[:1].isspace() else text
    rest = rest.strip()
    if text.strip() == rest or (len(TOKEN.findall(rest)) >= 2 and text.startswith(rest)):
        return ""
    for size in range(min(len(text), len(rest)), 0, -1):
        kept = text[:-size]
        if (
            text.endswith(rest[:size])
            and not _joins_words(kept, text[-size:])
            and not _joins_words(rest[:size], rest[size:])
            and _open(kept, language) <= _open(text, language)
        ):
            return kept
    return text


def _joins_words(left: str, right: str) -> bool:
    return bool(re.search(r"\w\Z", left[-1:]) and re.match(r"\w", right))


def _open(text: str, language: Language) -> int:
    """How many brackets a text leaves open, angles included."""
    return len(parse.balance(language, "", text).left) + max(-_angles(text), 0)


def _angles(text: str) -> int:
    """Closing angle brackets less opening ones; arrows and comparisons do not count."""
    bare = re.sub(r"[-=]>|[<>]=| [<>] ", "", text)
    return bare.count(">") - bare.count("<")


def _without_closer(text: str, place: _Place) -> str:
    """Without a line at the end that closes what the next line closes: `}`, `end`, a tag.

    Sound code never has two such lines in a row at one indentation, so no count is needed.
    """
    below = next((line for line in place.after.split("\n")[1:] if line.strip()), "")
    lines = text.rstrip().split("\n")
    last = place.line + lines[0] if len(lines) == 1 else lines[-1]
    if is_closing(last) and _plain(last) == _plain(below) and indent(last) == indent(below):
        return "\n".join(lines[:-1]).rstrip()
    return text


_STEPS = (
    ("echo", _without_echo),
    ("duplicates-suffix", _without_suffix),
    ("duplicate-closer", _without_closer),
)


def _settle(text: str, place: _Place) -> Cleaned:
    """Let closers of the text type over those behind the cursor, and cut at one too many.

    One too many closes what `after` closes already: what people see as extra brackets (cody#1294).
    """
    ours = parse.balance(place.language, place.before, text)
    theirs = parse.balance(place.language, place.before, place.after).closes
    rest, used, kept = place.rest, 0, text
    opened, free = [bracket for bracket, _ in ours.open], _free(ours.open, theirs, place)
    for token, at in ours.closes:
        fits = bool(opened) and parse.PAIRS[opened[-1]] == token
        if token not in parse.PAIRS.values():
            used += len(token) * rest.startswith(token, used)
        elif fits and (free > 0 or rest.startswith(token, used)):
            used, free = (used, free - 1) if free > 0 else (used + 1, free)
            opened.pop()
        elif place.language.blocks or place.language.comment:
            kept = text[:at].rstrip()
            break
    if rest.startswith(">", used) and _angles(kept) > 0:
        used += 1
    if kept[-1:] in {";", ",", ":"} and rest.startswith(kept[-1], used):
        used += 1
    if not kept or (kept != text and _joins_words(kept, rest[used:])):
        return Cleaned(dropped="extra-closing-bracket")
    return Cleaned(dropped="duplicates-suffix") if kept == rest[:used] else Cleaned(kept, used)


def _free(opened: Sequence[tuple[str, int]], closes: Sequence[tuple[str, int]], place: _Place) -> int:
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
        lines = {i: place.before[place.before.rfind("\n", 0, opened[i][1]) + 1 :] for i in owners}
        owners = [i for i in owners if indent(lines[i]) == indent(lead + token)] or owners
    return len(opened) - 1 - owners[0] if owners else len(opened)


def _indented(text: str, place: _Place) -> str:
    """With tabs or spaces as the file has them, and on a blank line no deeper than belongs there."""
    if not place.line.strip():
        return _less_deep(_restyled(re.sub(r"\A(?:[ \t]*\n)+", "", text), place), place)
    first, line_break, others = text.partition("\n")
    return first + line_break + _restyled(others, place)


def _restyled(text: str, place: _Place) -> str:
    """Lines led by tabs where the file has only tabs, by spaces where it has only spaces."""
    style = set(re.findall(r"^(?:\t| {2})", place.before + place.after, re.MULTILINE))
    leads = _LEAD.findall(text)
    if len(style) != 1 or not leads:
        return text
    if style == {"\t"}:
        unit = math.gcd(*(len(lead) for lead in leads if "\t" not in lead))
        unit = unit if unit in {2, 3, 4} else 4
        return _LEAD.sub(lambda found: _tabs(len(found[0].expandtabs(unit)), unit), text)
    unit = min(len(lead) for lead in _LEAD.findall(place.before + place.after) if len(lead) > 1)
    return _LEAD.sub(lambda found: found[0].expandtabs(unit), text)


def _tabs(columns: int, unit: int) -> str:
    return "\t" * (columns // unit) + " " * (columns % unit)


def _less_deep(text: str, place: _Place) -> str:
    """Without the indentation that is typed already, or that is more than the line above allows."""
    first, *others = text.split("\n")
    lead, above = first[: len(first) - len(first.lstrip())], last_line(place.before.rstrip())
    deep, typed = indent(place.line + first), indent(place.line)
    goes_on = opens_block(above, place.language) or _GOES_ON.search(above) is not None
    if place.line and lead.startswith(place.line) and (typed > indent(above) or not goes_on):
        size = len(place.line)
    elif place.language.blocks and above and first.lstrip()[:1].isalpha() and not goes_on:
        size = min(max(deep - indent(above), 0), len(lead))
    else:
        size = 0
    if all(indent(line) >= deep + opens_block(first, place.language) for line in others if line.strip()):
        others = [line.removeprefix(lead[:size]) for line in others]
    return "\n".join([first[size:], *others])


def _spaced(text: str, place: _Place) -> str:
    """Without white space that is there already: before the cursor, behind it, or at the line's end."""
    text = text.lstrip(" \t") if place.line.strip() and place.line[-1:].isspace() else text
    inside = not at_line_end(place.after) and not place.rest[:1].isspace()
    return text if inside else text.rstrip()

import os
FILL=os.environ['FILL'].split(',')

def _judge(shown: Cleaned, place: _Place) -> Cleaned:
    """Dropped if it brings a syntax error, or is a single character that takes none away.

    The user is in the middle of typing, so there may be errors before: only their number counts.
    One character costs as much to accept as to type; one that completes the code at least shows it.
    """
    language, tail = place.language, place.after[shown.replace :]
    new = parse.errors(language, place.before + shown.text + tail)
    solid = "".join(shown.text.split())
    if len(solid) < 2 and "\n" not in shown.text:
        old = parse.errors(language, place.before + place.after)
        helps = new is not None and old is not None and new < old and not solid.isalnum() and solid != "_"
        return shown if helps else Cleaned(dropped="too-short")
    if not new or _GOES_ON.search(shown.text):
        return shown
    old = parse.errors(language, place.before + place.after)
    without = place.before[: len(place.before) - len(place.line)]
    bare = parse.errors(language, without + place.after)
    if old is None or bare is None or new <= min(old, bare):
        return shown
    if old > bare:
        lc = parse.balance(language, "", place.line).left
        ends = ("", ":", " else x") if language.name == "python" else (";", " {}", ";}", "")
        fills = [parse.errors(language, place.before + w + lc + t + place.after) for w in ("", "x") for t in ends]
        if all(f is None or f > bare for f in fills):
            bare = old
            if new <= old: return shown
    left = parse.balance(language, place.before, shown.text).left
    whole = parse.errors(language, place.before + shown.text + left + tail) if left else None
    return shown if whole is not None and whole <= min(old, bare) else Cleaned(dropped="syntax")
