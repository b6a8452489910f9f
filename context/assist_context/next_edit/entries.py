"""An entry for another element, made from the entries of two: equal text stays, what is theirs is replaced.

What is an element's own is its name in all forms, its type and its value. Two entries that differ in anything
else say nothing about a third one. It knows texts only.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_context.next_edit.name_forms import places_of, write_name

MOST_LINES = 24  # of an entry
MOST_CHARACTERS = 2_000

_QUOTE = re.compile(r"[\"'`]")
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class ListElement:
    """What a list has of an element: its name as written there, its type and its value, "" for none."""

    name: str
    type: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class OwnPart:
    """A part of an entry that is an element's own: its name in some forms, or its type or value."""

    what: str
    forms: frozenset[str] = frozenset()


Parts = tuple[str | OwnPart, ...]


@dataclass(frozen=True, slots=True)
class EntryCopy:
    """The text of a new entry. `names` counts the places of the name, `holes` those of type and value."""

    text: str
    names: int
    holes: int


def copy_entry(
    first: tuple[ListElement, str], second: tuple[ListElement, str], new: ListElement, habit: str = ""
) -> EntryCopy | None:
    """The entry of `new` from those of two other elements, written like the first one's.

    `habit` is the form of names of several words in code of the language, "snake" or "camel".

    >>> red, green = ListElement("RED"), ListElement("GREEN")
    >>> copy_entry((red, 'Color.RED: "red"'), (green, 'Color.GREEN: "green"'), ListElement("BLUE")).text
    'Color.BLUE: "blue"'
    """
    if len(first[1]) > MOST_CHARACTERS or first[1].count("\n") >= MOST_LINES:
        return None
    for own in (("type", "value"), ("type",), ("value",), ()):
        one = _parts(*first, own)
        common = _common_parts(one, _parts(*second, own))
        if common is not None:
            return _write(common, (first[0], second[0]), new, habit)
    return None


def mentions(entry: str, element: ListElement) -> bool:
    """Whether an entry has the name of an element in any form."""
    return next(places_of(element.name, entry), None) is not None


def _parts(element: ListElement, entry: str, own: Sequence[str]) -> Parts:
    """An entry as text and what is the element's own."""
    found: list[str | OwnPart] = []
    at = 0
    for place in places_of(element.name, entry):
        found += _split_own(entry[at : place.start], element, own)
        found.append(OwnPart("name", place.forms))
        at = place.end
    found += _split_own(entry[at:], element, own)
    return tuple(each for each in found if each != "")


def _split_own(text: str, element: ListElement, own: Sequence[str]) -> Iterator[str | OwnPart]:
    """A text without the name, divided at the type and the value."""
    texts = {getattr(element, each): each for each in own if getattr(element, each)}
    if not texts:
        yield text
        return
    pattern = "|".join(
        rf"(?<!\w){re.escape(each)}(?!\w)" if each[0].isalnum() and each[-1].isalnum() else re.escape(each)
        for each in sorted(texts, key=len, reverse=True)
    )
    at = 0
    for match in re.finditer(pattern, text):
        yield text[at : match.start()]
        yield OwnPart(texts[match[0]])
        at = match.end()
    yield text[at:]


def _common_parts(one: Parts, two: Parts) -> Parts | None:
    """What both entries have in common, with the white space of the first; `None` if they differ."""
    if len(one) != len(two):
        return None
    found: list[str | OwnPart] = []
    for left, right in zip(one, two, strict=True):
        if isinstance(left, str) and isinstance(right, str):
            if left.split() != right.split() and _tokens(left) != _tokens(right):
                return None
            found.append(left)
        elif isinstance(left, OwnPart) and isinstance(right, OwnPart) and left.what == right.what:
            forms = left.forms & right.forms
            if left.what == "name" and not forms:
                return None
            found.append(OwnPart(left.what, forms))
        else:
            return None
    return tuple(found) if any(isinstance(each, OwnPart) and each.what == "name" for each in found) else None


def _tokens(text: str) -> list[str]:
    return [each for each in _TOKEN.findall(text) if not each.isspace()]


def _write(
    parts: Parts, known: tuple[ListElement, ListElement], new: ListElement, habit: str
) -> EntryCopy | None:
    written: list[str] = []
    names = 0
    holes = 0
    for each in parts:
        if isinstance(each, str):
            written.append(each)
        elif each.what == "name":
            names += 1
            quoted = len(_QUOTE.findall("".join(written).rpartition("\n")[2])) % 2
            written.append(write_name(new.name, each.forms, "" if quoted else habit))
        else:
            own = getattr(new, each.what)
            values = {getattr(element, each.what) for element in known}
            if each.what == "value" and len(values) == 1 and own not in values:
                return None  # the same value in both may be theirs, or that of the list
            holes += 1
            written.append(own)
    return EntryCopy("".join(written), names, holes) if all(written) else None
