"""What of a model's text may be shown at a cursor: trimmed where it can be saved, dropped where not.

The filters run in a fixed order, each on what the one before left. Each drop has a name, which the caller
counts. One of them settles closing characters: which of them type over those after the cursor, and which
are one too many.
Pure functions over text: no tokens, no probabilities, no editor. Special tokens are stripped by id where
tokens are; here is only the last net.
"""

import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assist_completion.display import line_policy
from assist_completion.display.line_policy import at_line_end, first_line, indent, last_line
from assist_context.languages import Language
from assist_context.syntax import fragments

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
class CursorSite:
    """The cursor: the texts around it, and of these its own line before (`line`) and after (`rest`)."""

    before: str
    after: str
    language: Language
    line: str
    rest: str


def settle(text: str, place: CursorSite) -> Cleaned:
    """Let closers of the text type over those behind the cursor, and cut at one too many.

    One too many closes what `after` closes already: what people see as extra brackets (cody#1294).
    """
    ours = fragments.balance(place.language, place.before, text)
    theirs = fragments.balance(place.language, place.before, place.after).closes if ours.closes else ()
    rest = place.rest
    used = 0
    kept = text
    opened = [*ours.open]
    left = ours.left
    free = _free(ours.open, theirs, place)
    inside = not opened and not theirs and place.before[:1].isspace()  # of a block that began above
    may_cut = not inside and bool(place.language.blocks or place.language.comment)
    for token, at in ours.closes:
        fits = bool(opened) and fragments.PAIRS[opened[-1][0]] == token
        if token not in fragments.PAIRS.values():
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


def _free(opened: Sequence[tuple[str, int]], closes: Sequence[tuple[str, int]], place: CursorSite) -> int:
    """How many of the open brackets, from the inside, `after` does not close."""
    brackets = [(token, at) for token, at in closes if token in fragments.PAIRS.values()]
    if not brackets:
        return len(opened)
    (token, at) = brackets[0]
    start = len(opened)
    line_start = place.after.rfind("\n", 0, at) + 1
    lead = place.line * (line_start == 0) + place.after[line_start:at]
    if line_start == 0:  # of the brackets opened and closed on this line, those are new that are more
        ours = sum(offset >= len(place.before) - len(place.line) for _, offset in opened)
        start -= max(ours - sum(offset <= len(place.rest) for _, offset in brackets), 0)
    owners = [i for i in reversed(range(start)) if fragments.PAIRS[opened[i][0]] == token]
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


_MOST_SHOWN = 4_000  # characters of a text: three times what a budget of 128 tokens can give
# A text that ends like this goes on in the next line: no grammar can judge it alone.
_GOES_ON = re.compile(r"(?:[-+*/%&|^=<>,.\\(\[?:!~@]|\b(?:and|or|not|in|is|return|as|extends))\s*\Z")
# Endings of a half-typed line, {} for its open brackets, in the order of what they explain.
_ENDINGS = {
    "indent": ("{}", "x{}", "{}:", "x{}:", "x{} else x"),
    "brace": ("{};", "x{};", "{} {{}}", "x{} {{}}", "x{}", "{};}}"),
}
_LEAD = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)


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
    before, after, text = before[-line_policy.MOST_READ :], after[: line_policy.MOST_READ], text[:_MOST_SHOWN]
    place = CursorSite(before, after, language, last_line(before), first_line(after))
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text if at_line_end(after) else first_line(text)
    if not text.strip():
        return Cleaned(dropped="empty")
    if line_policy.repeats(text):
        return Cleaned(dropped="repetition")
    for reason, step in _STEPS.items():
        text = step(text, place)
        if not text.strip():
            return Cleaned(dropped=reason)
    shown = settle(text, place)
    if shown.dropped:
        return shown
    return _judge(replace(shown, text=_spaced(_indented(shown.text, place), place)), place)


def _without_echo(text: str, place: CursorSite) -> str:
    """Without what stands before the cursor already: the start of the line, a word, earlier lines."""
    stem = place.line.strip()
    glued = place.line[-1:].strip() != ""
    head = text.lstrip(" \t")
    nests = stem.endswith(("(", "[", "{", "<", ">")) and " " not in stem  # f(f(x)) is no echo
    if len(stem) >= 4 and len(line_policy.TOKEN.findall(stem)) >= 2 and not nests and head.startswith(stem):
        text = head[len(stem) :] if glued else head[len(stem) :].lstrip(" \t")
    word = re.search(r"[^\W\d][\w.]{2,}\Z", place.line[-200:])
    if word and text.startswith(word[0]):
        text = text[len(word[0]) :]
    lines = text.split("\n")
    above = [line for line in place.before.split("\n")[-line_policy.BLOCK.max_lines - 1 : -1] if line.strip()]
    for size in range(min(len(lines), len(above)), 0, -1):
        own = [place.line + lines[0], *lines[1:size]]
        if line_policy.alike(own, above[-size:], place.line) and any(map(line_policy.substantial, own)):
            return "" if stem else "\n".join(lines[size:]).lstrip("\n")
    return text


def _without_suffix(text: str, place: CursorSite) -> str:
    """Without what stands behind the cursor already: the rest of the line, or the next lines."""
    if at_line_end(place.after):
        return text[: line_policy.reaches_next(place.before, text, place.after)].rstrip()
    return _without_rest(text, place.rest, place.language)


def _without_rest(text: str, rest: str, language: Language) -> str:
    """Inside a line: without an ending that the rest of the line begins with."""
    text = text.rstrip() if rest[:1].isspace() else text
    rest = rest.strip()
    if text.strip() == rest or (len(line_policy.TOKEN.findall(rest)) >= 2 and text.startswith(rest)):
        return ""
    for size in range(min(len(text), len(rest), _MOST_SHOWN), 0, -1):
        kept = text[:-size]
        if (
            text.endswith(rest[:size])
            and not joins_words(kept, text[-size:])
            and not joins_words(rest[:size], rest[size:])
            and _open(kept, language) <= _open(text, language)
        ):
            return kept
    return text


def _open(text: str, language: Language) -> int:
    """How many brackets a text leaves open, angles included."""
    return len(fragments.balance(language, "", text).left) + max(-angles(text), 0)


def _without_closer(text: str, place: CursorSite) -> str:
    """Without a line at the end that closes what the next line closes: `}`, `end`, a tag.

    Sound code never has two such lines in a row at one indentation, so no count is needed.
    """
    below = next((line for line in place.after.split("\n")[1:] if line.strip()), "")
    lines = text.rstrip().split("\n")
    last = place.line + lines[0] if len(lines) == 1 else lines[-1]
    if line_policy.is_closing(last) and line_policy.alike([last], [below], ""):
        return "\n".join(lines[:-1]).rstrip()
    return text


_STEPS = {"echo": _without_echo, "duplicates-suffix": _without_suffix, "duplicate-closer": _without_closer}


def _indented(text: str, place: CursorSite) -> str:
    """With tabs or spaces as the file has them, and on a blank line no deeper than belongs there."""
    if not place.line.strip():
        return _less_deep(_restyled(re.sub(r"\A(?:[ \t]*\n)+", "", text), place), place)
    first, line_break, others = text.partition("\n")
    return first + line_break + _restyled(others, place)


def _restyled(text: str, place: CursorSite) -> str:
    """Lines led by tabs where the file has only tabs, by spaces where it has only spaces."""
    style = set(re.findall(r"^(?:\t| {2})", place.before + place.after, re.MULTILINE))
    leads = _LEAD.findall(text)
    if len(style) != 1 or not leads:
        return text
    if style == {"\t"}:
        unit = math.gcd(*(len(lead) for lead in leads if "\t" not in lead))
        unit = unit if unit in {2, 3, 4} else 4
        return _LEAD.sub(lambda lead: lead[0].expandtabs(unit).replace(" " * unit, "\t"), text)
    unit = min((len(lead) for lead in _LEAD.findall(place.before + place.after) if lead[1:]), default=4)
    return _LEAD.sub(lambda lead: lead[0].expandtabs(unit), text)


def _less_deep(text: str, place: CursorSite) -> str:
    """Without the indentation that is typed already, or that is more than the line above allows."""
    first, *others = text.split("\n")
    lead = first[: len(first) - len(first.lstrip())]
    above = last_line(place.before.rstrip())
    deep = indent(place.line + first)
    typed = indent(place.line)
    goes_on = line_policy.opens_block(above, place.language) or _GOES_ON.search(above) is not None
    if place.line and lead.startswith(place.line) and (typed > indent(above) or not goes_on):
        size = len(place.line)
    elif place.language.blocks and above and first.lstrip()[:1].isalpha() and not goes_on:
        size = min(max(deep - indent(above), 0), len(lead))
    else:
        size = 0
    deep += line_policy.opens_block(first, place.language)
    if all(indent(line) >= deep for line in others if line.strip()):
        others = [line.removeprefix(lead[:size]) for line in others]
    return "\n".join([first[size:], *others])


def _spaced(text: str, place: CursorSite) -> str:
    """Without white space that is there already: before the cursor, behind it, or at the line's end."""
    if place.line.strip() and place.line[-1:].isspace() and re.match(r" \S", text):
        text = text[1:]
    return text.rstrip() if at_line_end(place.after) or place.rest[:1].isspace() else text


def _judge(shown: Cleaned, place: CursorSite) -> Cleaned:
    """Dropped if it brings a syntax error, or is a single character that takes none away.

    One character costs as much to accept as to type; one that completes the code at least shows it.
    """
    language = place.language
    tail = place.after[shown.replace :]
    whole = place.before + shown.text + tail
    new = fragments.errors(language, whole)
    solid = "".join(shown.text.split())
    if len(solid) < 2 and "\n" not in shown.text:
        old = fragments.errors(language, place.before + place.after)
        helps = new is not None and old is not None and new < old and not re.match(r"\w", solid)
        return shown if helps else Cleaned(dropped="too-short")
    here = (len(place.before) - len(place.line), len(place.before + shown.text + first_line(tail)))
    goes_on = _GOES_ON.search(shown.text) and not line_policy.opens_block(
        last_line(whole[: here[1]]), language
    )
    sound = not new or goes_on or not fragments.errors(language, whole, here)
    if sound or new is None or new <= (allowed := _errors_there(place)):
        return shown
    left = fragments.balance(language, place.before, shown.text).left
    closed = fragments.errors(language, place.before + shown.text + left + tail) if left else None
    return shown if closed is not None and closed <= allowed else Cleaned(dropped="syntax")


def _errors_there(place: CursorSite) -> int:
    """How many syntax errors are there already, and no fault of the text.

    A half-typed line is one, but a text that completes the line must end it. So the line counts only
    if no ending makes it sound: then the mistake is in what the user typed.
    """
    language, line = place.language, place.line
    above = place.before[: len(place.before) - len(line)]
    old = fragments.errors(language, place.before + place.after) or 0
    bare = fragments.errors(language, above + place.after) or 0
    if old <= bare:
        return old
    left = fragments.balance(language, "", line).left
    endings = _ENDINGS.get(language.blocks, ())
    tries = (f"{place.before}{ending.format(left)}{place.after}" for ending in endings)
    return bare if any((fragments.errors(language, each) or 0) <= bare for each in tries) else old
