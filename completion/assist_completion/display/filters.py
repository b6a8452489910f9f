"""The part of a model's text that may be shown at a cursor, and the characters after it that it replaces.

The filters run in a fixed order, each on the result of the one before. A text is shortened where that saves
it, and dropped where nothing useful is left. Each filter that drops has a name, and the caller counts it.
One filter settles closing characters: which of them type over those after the cursor, and which are one too
many. These are pure functions over text: they know no tokens, no probabilities and no editor.
Special tokens are removed by id where tokens are known; here they are only caught by their spelling.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from assist_completion.display import line_policy
from assist_completion.display.cursor_site import (
    TOKEN,
    CursorSite,
    first_line,
    indent,
    is_closing,
    is_substantial,
    last_line,
    opens_block,
    same_lines,
)
from assist_completion.prompt.fim_tokens import SPELLED
from assist_completion.suggestion import Reason
from assist_context.code.trees import fragments
from assist_context.languages import Language
from assist_context.unseen_characters import hides

_ENDS_STRING = re.compile(r"[)\]}>]*[\"'`][)\]}>\"'`;,]*")


@dataclass(frozen=True, slots=True)
class CleanText:
    """The text to show: `text` in place of the first `replace` characters after the cursor, on its line.

    `dropped` names the filter that left nothing. `text` is "" then and only then.
    """

    text: str = ""
    replace: int = 0
    dropped: Reason | None = None


def fit_closers(site: CursorSite, text: str) -> CleanText:
    """Let closers of the text type over those after the cursor, and cut the text at one too many.

    One too many closes what `after` closes already. People see it as an extra bracket (cody#1294).
    """
    ours = fragments.balance(site.language, site.before, text)
    theirs = site.closes_below if ours.closes else ()
    rest = site.rest
    size = 0
    part = text
    brackets = [*ours.open]
    remaining = ours.left
    free = _count_unclosed(ours.open, theirs, site)
    inside = not brackets and not theirs and site.before[:1].isspace()  # in a block that began further up
    may_cut = not inside and bool(site.language.blocks or site.language.comment)
    for token, at in ours.closes:
        fits = bool(brackets) and fragments.PAIRS[brackets[-1][0]] == token
        if token not in fragments.PAIRS.values():
            size += len(token) * rest.startswith(token, size)
        elif fits and token in remaining and brackets[-1][0] in first_line(text[at:]):
            remaining = remaining.replace(token, "", 1)  # its line opens another one, as `} else {` does
            brackets.pop()
        elif fits and free > 0:
            free -= 1
            brackets.pop()
        elif fits and rest.startswith(token, size):
            size += 1
            brackets.pop()
            free = _count_unclosed(brackets, [their for their in theirs if their[1] >= size], site)
        elif may_cut:
            part = text[:at].rstrip()
            break
    size += rest.startswith(">", size) and surplus_angles(part) > 0
    size += part[-1:] in {";", ",", ":"} and rest.startswith(part[-1:], size)
    size = max(size, _string_end(part, rest))
    if not part or (part != text and joins_words(part, rest[size:])):
        return CleanText(dropped="extra-closing-bracket")
    return CleanText(dropped="duplicates-suffix") if part == rest[:size] else CleanText(part, size)


def _string_end(text: str, rest: str) -> int:
    """Count the characters of `rest` that end a string ended by `text` too, as `}"` an f-string.

    `fragments.balance` counts no brackets inside strings, so the characters themselves are compared.
    """
    for size in range(min(len(text), len(rest)), 1, -1):
        if text.endswith(rest[:size]) and _ENDS_STRING.fullmatch(rest[:size]):
            return size
    return 0


def _count_unclosed(
    open_brackets: Sequence[tuple[str, int]], closes: Sequence[tuple[str, int]], site: CursorSite
) -> int:
    """Return how many of the open brackets, counted from the innermost, `after` does not close."""
    brackets = [(token, at) for token, at in closes if token in fragments.PAIRS.values()]
    if not brackets:
        return len(open_brackets)
    (token, at) = brackets[0]
    start = len(open_brackets)
    line_start = site.after.rfind("\n", 0, at) + 1
    lead = site.line * (line_start == 0) + site.after[line_start:at]
    if line_start == 0:  # the brackets that this line opens beyond those it closes are new
        ours = sum(offset >= len(site.before) - len(site.line) for _, offset in open_brackets)
        start -= max(ours - sum(offset <= len(site.rest) for _, offset in brackets), 0)
    owners = [i for i in reversed(range(start)) if fragments.PAIRS[open_brackets[i][0]] == token]
    if not lead.strip():  # it is the first on its line, so its indentation says which bracket it closes
        deep = {i: indent(site.before[site.before.rfind("\n", 0, open_brackets[i][1]) + 1 :]) for i in owners}
        exact = [i for i in owners if deep[i] == indent(lead + token)]
        inner = [i for i in owners if deep[i] > indent(lead + token)]
        if not exact and inner and site.before[:1].isspace():
            return len(open_brackets) - inner[-1]  # it closes one that was opened above the window
        owners = exact or inner[::-1] or owners  # a header of several lines may be indented deeper
    return len(open_brackets) - 1 - owners[0] if owners else len(open_brackets)


def joins_words(before: str, right: str) -> bool:
    """Return whether two texts, put together, make one word of two."""
    return bool(re.search(r"\w\Z", before[-1:]) and re.match(r"\w", right))


def surplus_angles(text: str) -> int:
    """Closing angle brackets minus opening ones. Arrows and comparisons do not count."""
    bare = re.sub(r"[-=]>|[<>]=| [<>] ", "", text)
    return bare.count(">") - bare.count("<")


_MAX_SHOWN = 4_000  # characters of a text: three times what a budget of 128 tokens can give
# A text that ends like this continues on the next line: no grammar can judge it alone.
_GOES_ON = re.compile(r"(?:[-+*/%&|^=<>,.\\(\[?:!~@]|\b(?:and|or|not|in|is|return|as|extends))\s*\Z")
_LEAD = re.compile(r"^[ \t]+(?=\S)", re.MULTILINE)


def clean(site: CursorSite, text: str) -> CleanText:
    """The part of `text` that may be shown at the cursor. Never raises.

    >>> from assist_context.languages import language_of
    >>> clean(CursorSite("print(", ")\\n", language_of("a.py")), "a, b) + c")
    CleanText(text='a, b) + c', replace=1, dropped=None)
    """
    # A file about such tokens may well hold them. Then one more of the same is no leak.
    if any(name in text and name not in site.before and name not in site.after for name in SPELLED):
        return CleanText(dropped="special-token")
    near = site.near
    text = text[:_MAX_SHOWN].replace("\r\n", "\n").replace("\r", "\n")
    text = text if near.is_line_end else first_line(text)
    if not text.strip():
        return CleanText(dropped="empty")
    if line_policy.repeats(text):
        return CleanText(dropped="repetition")
    for reason, step in _STEPS.items():
        text = step(near, text)
        if not text.strip():
            return CleanText(dropped=reason)
    fitting_text = fit_closers(near, text)
    if fitting_text.dropped:
        return fitting_text
    fitting = _fit_spaces(near, _fit_indentation(near, fitting_text.text))
    # A text that hides something is dropped as a whole: what of it can be seen is no better meant.
    hidden = hides(fitting, site.before, site.after)
    return CleanText(dropped="unseen") if hidden else _check_syntax(near, replace(fitting_text, text=fitting))


def _strip_echo(site: CursorSite, text: str) -> str:
    """Without what is before the cursor already: the start of the line, a word, earlier lines."""
    stem = site.line.strip()
    is_glued = site.line[-1:].strip() != ""
    head = text.lstrip(" \t")
    nests = stem.endswith(("(", "[", "{", "<", ">")) and " " not in stem  # f(f(x)) is no echo
    if len(stem) >= 4 and len(TOKEN.findall(stem)) >= 2 and not nests and head.startswith(stem):
        text = head[len(stem) :] if is_glued else head[len(stem) :].lstrip(" \t")
    word = re.search(r"[^\W\d][\w.]{2,}\Z", site.line[-200:])
    if word and text.startswith(word[0]):
        text = text[len(word[0]) :]
    lines = text.split("\n")
    above = [line for line in site.before.split("\n")[-line_policy.BLOCK.max_lines - 1 : -1] if line.strip()]
    for size in range(min(len(lines), len(above)), 0, -1):
        own = [site.line + lines[0], *lines[1:size]]
        if same_lines(own, above[-size:], site.line) and any(map(is_substantial, own)):
            return "" if stem else "\n".join(lines[size:]).lstrip("\n")
    return text


def _strip_suffix(site: CursorSite, text: str) -> str:
    """Without what is after the cursor already: the rest of the line, or the next lines."""
    if site.is_line_end:
        return text[: line_policy.start_of_copy(site, text)].rstrip()
    return _strip_rest(text, site.rest, site.language)


def _strip_rest(text: str, rest: str, language: Language) -> str:
    """Inside a line: without an ending of the text that is also the start of the line's rest."""
    text = text.rstrip() if rest[:1].isspace() else text
    rest = rest.strip()
    if text.strip() == rest or (len(TOKEN.findall(rest)) >= 2 and text.startswith(rest)):
        return ""
    for size in range(min(len(text), len(rest), _MAX_SHOWN), 0, -1):
        part = text[:-size]
        if (
            text.endswith(rest[:size])
            and not joins_words(part, text[-size:])
            and not joins_words(rest[:size], rest[size:])
            and _count_open(part, language) <= _count_open(text, language)
        ):
            return part
    return text


def _count_open(text: str, language: Language) -> int:
    """Return how many brackets a text leaves open, angle brackets included."""
    return len(fragments.balance(language, "", text).left) + max(-surplus_angles(text), 0)


def _strip_closer(site: CursorSite, text: str) -> str:
    """Without a last line that closes what the next line of the file closes: `}`, `end`, a tag.

    Sound code never has two such lines in a row at one indentation, so nothing has to be counted.
    """
    below = next((line for line in site.after.split("\n")[1:] if line.strip()), "")
    lines = text.rstrip().split("\n")
    last = site.line + lines[0] if len(lines) == 1 else lines[-1]
    if is_closing(last) and same_lines([last], [below], ""):
        return "\n".join(lines[:-1]).rstrip()
    return text


_STEPS: Mapping[Reason, Callable[[CursorSite, str], str]] = {
    "echo": _strip_echo,
    "duplicates-suffix": _strip_suffix,
    "duplicate-closer": _strip_closer,
}


def _fit_indentation(site: CursorSite, text: str) -> str:
    """Indent with tabs or spaces as the file does, and on a blank line no deeper than the code allows."""
    if not site.line.strip():
        without_blank_lines = re.sub(r"\A(?:[ \t]*\n)+", "", text)
        return _reduce_indentation(site, _match_style(site, without_blank_lines))
    first, line_break, others = text.partition("\n")
    return first + line_break + _match_style(site, others)


def _match_style(site: CursorSite, text: str) -> str:
    """Indent with tabs where the file has only tabs, and with spaces where it has only spaces."""
    style = set(re.findall(r"^(?:\t| {2})", site.before + site.after, re.MULTILINE))
    leads = _LEAD.findall(text)
    if len(style) != 1 or not leads:
        return text
    if style == {"\t"}:
        unit = math.gcd(*(len(lead) for lead in leads if "\t" not in lead))
        unit = unit if unit in {2, 3, 4} else 4
        return _LEAD.sub(lambda lead: lead[0].expandtabs(unit).replace(" " * unit, "\t"), text)
    unit = min((len(lead) for lead in _LEAD.findall(site.before + site.after) if lead[1:]), default=4)
    return _LEAD.sub(lambda lead: lead[0].expandtabs(unit), text)


def _reduce_indentation(site: CursorSite, text: str) -> str:
    """Remove indentation that is typed already, or that is more than the line above allows."""
    first, *others = text.split("\n")
    lead = first[: len(first) - len(first.lstrip())]
    above = site.code_above
    deep = indent(site.line + first)
    goes_on = site.below_header or _GOES_ON.search(above) is not None
    if site.line and lead.startswith(site.line) and (site.indent > indent(above) or not goes_on):
        size = len(site.line)
    elif site.language.blocks and above and first.lstrip()[:1].isalpha() and not goes_on:
        size = min(max(deep - indent(above), 0), len(lead))
    else:
        size = 0
    deep += opens_block(first, site.language)
    if all(indent(line) >= deep for line in others if line.strip()):
        others = [line.removeprefix(lead[:size]) for line in others]
    return "\n".join([first[size:], *others])


def _fit_spaces(site: CursorSite, text: str) -> str:
    """Remove white space that is there already, before or after the cursor, and any at the line's end."""
    if site.line.strip() and site.line[-1:].isspace() and re.match(r" \S", text):
        text = text[1:]
    return text.rstrip() if site.is_line_end or site.rest[:1].isspace() else text


def _check_syntax(site: CursorSite, clean_text: CleanText) -> CleanText:
    """Drop a text that adds a syntax error, and a single character that does not remove one.

    One character costs as much to accept as to type. It is useful only if it shows that the code is complete.
    """
    language = site.language
    tail = site.after[clean_text.replace :]
    whole = site.before + clean_text.text + tail
    here = (len(site.before) - len(site.line), len(site.before + clean_text.text + first_line(tail)))
    goes_on = _GOES_ON.search(clean_text.text) and not opens_block(last_line(whole[: here[1]]), language)
    new = fragments.errors(language, whole)
    solid = "".join(clean_text.text.split())
    if len(solid) < 2 and "\n" not in clean_text.text:
        old = site.errors
        helps = new is not None and old is not None and new < old and not re.match(r"\w", solid)
        return clean_text if helps else CleanText(dropped="too-short")
    sound = not new or goes_on or not fragments.errors(language, whole, here)
    if sound or new is None or new <= site.own_errors:
        return clean_text
    closers = fragments.balance(language, site.before, clean_text.text).left
    errors = fragments.errors(language, site.before + clean_text.text + closers + tail) if closers else None
    return clean_text if errors is not None and errors <= site.own_errors else CleanText(dropped="syntax")
