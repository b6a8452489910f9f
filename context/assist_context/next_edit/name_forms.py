"""The forms of a name: `light_red`, `lightRed`, `LIGHT_RED`, `light-red`, also as a part of other names.

It knows words and how they are joined, no language.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

EXACT = "exact"  # as written, whatever form that is
NOT_IN_CODE = frozenset({"kebab", "title", "spaced", "flat", "upper"})
SHORTEST = 3  # letters of a name that is found in other forms than its own; only ASCII has sure ones
_PART = re.compile(r".?\w")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@dataclass(frozen=True, slots=True)
class FormPlace:
    """Where a text has a name, and the forms that this may be: a single word has many."""

    start: int
    end: int
    forms: frozenset[str]


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name, in lower case.

    >>> words_of("HTTPServer_port2")
    ('http', 'server', 'port', '2')
    """
    return tuple(each.lower() for each in _WORD.findall(name))


@lru_cache(maxsize=256)
def forms_of(name: str) -> dict[str, str]:
    """The name in each form.

    >>> forms_of("light_red")["pascal"], forms_of("LightRed")["constant"]
    ('LightRed', 'LIGHT_RED')
    """
    words = words_of(name)
    found = {EXACT: name}
    if len("".join(words)) < SHORTEST or not name.isascii():
        return found
    titles = [each.capitalize() for each in words]
    found |= {
        "snake": "_".join(words),
        "camel": words[0] + "".join(titles[1:]),
        "pascal": "".join(titles),
        "constant": "_".join(words).upper(),
        "kebab": "-".join(words),
        "title": " ".join(titles),
        "spaced": " ".join(words),
        "flat": "".join(words),
        "upper": "".join(words).upper(),
    }
    return found


def places_of(name: str, text: str) -> Iterator[FormPlace]:
    """Where a text has a name in any form, as a whole word or as a part of one that begins and ends there.

    >>> [(each.start, each.end) for each in places_of("red", "RED, is_red, handleRed, thread, reduce")]
    [(0, 3), (8, 11), (19, 22)]
    """
    forms = forms_of(name)
    for found in _matches(name, text):
        known = frozenset(form for form, written in forms.items() if written == found[0])
        if _PART.match(text[found.start() - 1 : found.start()] + text[found.end() : found.end() + 1]):
            known -= {EXACT}  # a part of another name, which has a form of its own
        yield FormPlace(found.start(), found.end(), known)


def _matches(name: str, text: str) -> Iterator[re.Match[str]]:
    """The matches of the pattern, tried only where its first word is: 20 times as fast in a long text."""
    pattern = _pattern(name)
    is_alone = len(forms_of(name)) == 1
    first, where = (name, text) if is_alone else (words_of(name)[0], text.lower())
    if len(where) != len(text):  # few letters have a small one of two characters
        yield from pattern.finditer(text)
        return
    lead = 0 if is_alone else name.lower().index(first)  # signs before the first word, as in `_name`
    end = 0
    at = where.find(first)
    while at >= 0:
        starts = (start for start in dict.fromkeys((at - lead, at)) if start >= end)
        found = next((match for start in starts if (match := pattern.match(text, start))), None)
        if found is not None:
            end = found.end()
            yield found
        at = where.find(first, max(at + 1, end))


def write_name(name: str, forms: frozenset[str], habit: str = "") -> str:
    """A name in one of some forms, "" if these differ for it.

    The form that it has itself comes first. `habit` is the form of such names in the code of a language; in
    code there are no blanks and hyphens, and words are seldom joined without a sign.

    >>> forms = frozenset({"snake", "camel"})
    >>> write_name("LIGHT_RED", forms), write_name("RED", forms), write_name("LIGHT_RED", forms, "camel")
    ('', 'red', 'lightRed')
    """
    own = forms_of(name)
    if EXACT in forms:
        return name
    possible = forms - NOT_IN_CODE if habit else forms
    written = {own[each] for each in possible if each in own}
    if len(written) == 1:
        return next(iter(written))
    return own.get(habit, "") if habit in forms else ""


@lru_cache(maxsize=256)
def _pattern(name: str) -> re.Pattern[str]:
    """A regular expression for all forms of a name, at the borders of words."""
    forms = forms_of(name)
    whole = rf"(?<![\w$]){re.escape(name)}(?![\w$])"
    parts = {whole: len(name) + 1}
    for written in {each for form, each in forms.items() if form != EXACT}:
        small = written[0].islower()
        title = written[0].isupper() and not written.isupper()
        # `red` may begin `redButton`, `Red` may follow `handle`, and `RED` has no letter next to it.
        before = r"(?<![A-Za-z0-9])" if not title else r"(?<![A-Z])"
        after = r"(?![a-z0-9])" if small or title else r"(?![A-Za-z0-9])"
        parts[before + re.escape(written) + after] = len(written)
    return re.compile("|".join(sorted(parts, key=lambda each: -parts[each])))
