"""What of a model's text may be shown at a cursor: trimmed where it can be saved, dropped where not.

The filters run in a fixed order, each on what the one before left, and each drop has a name, to be
counted by the caller. Pure functions over text: no tokens, no probabilities, no editor. Special
tokens are stripped by id where tokens are; here is only the last net.
"""

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
    """Indented as the file is and as the place wants, where the cursor's line is still blank."""
    lead = re.compile(r"^[ \t]*(?=\S)", re.MULTILINE)
    if place.line.strip():
        first, rest = text.partition("\n")[0], text[len(text.partition("\n")[0]) :]
        return first + lead.sub(_restyle(rest, place), rest)
    text = lead.sub(_restyle(text, place), re.sub(r"\A(?:[ \t]*\n)+", "", text))
    return text
