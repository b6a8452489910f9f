"""An element was added to a list, or removed, or renamed: other lists that have the elements next to it.

Two neighbours must have entries next to each other in the other list, and these must differ in nothing but
what is theirs: so an entry for the new element can be copied, and nothing is made up.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

from assist_context.next_edit.entries import (
    MOST_CHARACTERS,
    ListElement,
    copy_entry,
    mentions,
)
from assist_context.next_edit.name_forms import EXACT, places_of, words_of, write_name
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation, line_words
from assist_context.next_edit.substitution import IDENTIFIER
from assist_context.syntax.scopes.lists import (
    EntryPlace,
    NamedElement,
    NamedList,
    Span,
    entries_at,
    list_rules,
    lists_at,
)
from assist_context.syntax.scopes.parsed_text import ParsedText

MOST_HUNKS = 3  # back from the last one, whose lists are looked at
MOST_ADDED = 3  # elements in one edit
MOST_PLACES = 60  # of a neighbour's name in one text whose entries are looked at
MOST_FILES = 6  # other ones
MOST_TARGETS = 6  # lists in one text; more are no lists of the same
LONG_ENTRY = 2  # lines after the first; such an entry needs more than two neighbours (1 of 27 was right)
MOST_LEVELS = 3  # lists around an edit whose elements are compared

# Of an entry of another list: the new element is next to it, nothing can be copied, or no neighbour is next
# to it, so that lists further out are looked at.
Outcome = Literal["done", "no", ""]
# How names of several words are written in code that is no type and no constant.
HABITS = {"python": "snake", "rust": "snake"}
_TOKEN = re.compile(r"\w+|\s+|[^\w\s]")
_WORD = re.compile(r"\w")
_GAP = re.compile(r"[\s,;|]*")


@dataclass(frozen=True, slots=True)
class ListEdit:
    """What was done to a list: `elements` came or went between `before` and `after`, the nearest ones first.

    A renamed element is in `elements` with its new name, and `old` has what it was called. `head` is the text
    before the list in what it is a part of, such as the name of the type whose members it lists.
    """

    kind: str
    span: Span | None
    elements: tuple[NamedElement, ...]
    before: tuple[NamedElement, ...]
    after: tuple[NamedElement, ...]
    around: Span
    local: bool
    head: str
    old: str = ""
    removed: bool = False

    @property
    def key(self) -> str:
        names = ", ".join("_".join(words_of(each.name)) for each in self.elements)
        near = next(("_".join(words_of(each.name)) for each in (*self.before, *self.after)), "")
        sign = f"{self.old} -> " if self.old else "-" if self.removed else "+"
        return f"sibling {sign}{names} at {near}"


@dataclass(frozen=True, slots=True)
class SiblingEdit:
    """A change of another list, with what speaks for it."""

    changes: tuple[Change, ...]
    kind: str
    line: int
    features: Mapping[str, float]


def find_siblings(situation: Situation) -> Iterator[Offer]:
    """Edits of lists in the document, then in other files: an offer for each kind of list in each file."""
    document = situation.document
    if list_rules(document.language) is None:
        return
    own = [each for each in situation.hunks if each.path == document.path]
    patterns: set[tuple[str, str]] = set()
    for age, hunk in enumerate(own[: -MOST_HUNKS - 1 : -1]):
        if not hunk.is_example or document.lines[hunk.line : hunk.line + len(hunk.new)] != hunk.new:
            continue
        for offer in _hunk_offers(situation, hunk, age):
            if (offer.path, offer.pattern) not in patterns:
                patterns.add((offer.path, offer.pattern))
                yield offer


def _hunk_offers(situation: Situation, hunk: EditHunk, age: int) -> Iterator[Offer]:
    """What follows from one edit of the document; `age` says how many edits ago it was."""
    for edit in _list_edits(situation, hunk):
        found = list(_offers(situation, edit, situation.parse(situation.document), 0.0))
        near = next((each.name for each in (*edit.before, *edit.after)), "")
        # What one file imports says nothing about what another one imports, unless it is gone. A rename in
        # other files is that of its own kind.
        files = 0 if edit.old or (edit.kind == "imports" and not edit.removed) else MOST_FILES
        for document in situation.others.using(near, files) if files else ():
            if document.path != situation.document.path and list_rules(document.language) is not None:
                found += _offers(situation, edit, situation.parse(document), 1.0)
        for offer in found:
            yield replace(offer, features={**offer.features, "age": math.log1p(age)})
        if found:
            return  # lists further out would say less


# --- what was done to which list ---


def _list_edits(situation: Situation, hunk: EditHunk) -> Iterator[ListEdit]:
    """The lists around an edit to which it added elements, or from which it removed or renamed some."""
    start, old, new = _difference(hunk)
    added = bool(_WORD.search(new))
    removed = bool(_WORD.search(old))
    if added and removed and not (re.fullmatch(r"[\w$-]+", old) and re.fullmatch(r"[\w$-]+", new)):
        return
    if (removed or not added) and hunk is not situation.hunk:
        return  # only the text before the last edit is known, and a rename has followed by now
    document = situation.document if added else situation.before
    parsed = situation.parse(document)
    first = parsed.source.starts[hunk.line] + start
    text = new if added else old
    lead = len(text) - len(text.lstrip(" \t\r\n,;|"))
    last = first + len(text.rstrip(" \t\r\n,;|").encode("utf-8", "replace"))
    first += len(text[:lead].encode("utf-8", "replace"))
    for level, named in enumerate(lists_at(parsed, first, last)):
        if level == MOST_LEVELS:
            return
        edit = None if named.kind == "arguments" else _edit_of(parsed, named, first, last)
        if edit is not None and added and removed:
            yield from _renaming(edit, old, new)
        elif edit is not None and _neighbour_count(edit) > (0 if removed else 1):
            yield replace(edit, span=edit.span if added else None, removed=removed)


def _difference(hunk: EditHunk) -> tuple[int, str, str]:
    """Where the first differing token of a hunk is, in bytes, and the old and new text from there on."""
    old = _TOKEN.findall("".join(hunk.old))
    new = _TOKEN.findall("".join(hunk.new))
    most = min(len(old), len(new))
    first = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - first) if old[-1 - at] != new[-1 - at]), most - first)
    start = len("".join(old[:first]).encode("utf-8", "replace"))
    return start, "".join(old[first : len(old) - tail]), "".join(new[first : len(new) - tail])


def _edit_of(parsed: ParsedText, named: NamedList, start: int, end: int) -> ListEdit | None:
    """The elements of a list that are in some bytes, and those around them."""
    elements = named.elements
    inside = [
        at for at, each in enumerate(elements) if start <= each.name_span[0] and each.name_span[1] <= end
    ]
    if not inside or len(inside) > MOST_ADDED or inside[-1] - inside[0] >= len(inside):
        return None
    names = [each.name for each in elements]
    chosen = elements[inside[0] : inside[-1] + 1]
    if any(names.count(each.name) > 1 for each in chosen):
        return None
    before = tuple(reversed(elements[max(0, inside[0] - 4) : inside[0]]))
    after = elements[inside[-1] + 1 : inside[-1] + 5]
    variables = named.kind == "statements" and named.local and not _are_members(parsed, chosen)
    head = parsed.source.text(named.around[0], named.span[0])[-MOST_CHARACTERS:]
    return ListEdit(named.kind, named.span, chosen, before, after, named.around, variables, head)


def _are_members(parsed: ParsedText, elements: Sequence[NamedElement]) -> bool:
    """Whether elements are fields of an object, as in `self.a = a`, and not variables."""
    return all(parsed.source.data[each.name_span[0] - 1 : each.name_span[0]] == b"." for each in elements)


def _neighbour_count(edit: ListEdit) -> int:
    return len({each.name for each in (*edit.before[:2], *edit.after[:2])})


def _renaming(edit: ListEdit, old: str, new: str) -> Iterator[ListEdit]:
    """An edit that replaced one word of one element's name."""
    if len(edit.elements) != 1 or not _neighbour_count(edit):
        return
    name = edit.elements[0].name
    if name == new:
        yield replace(edit, old=old)


# --- the other lists ---


def _offers(situation: Situation, edit: ListEdit, text: ParsedText, cross: float) -> Iterator[Offer]:
    """An offer for each kind of list in a text."""
    found, done = _sibling_edits(edit, text, cross == 0.0)
    if len(found) > MOST_TARGETS:
        return
    line = situation.hunk.line if not cross else 0
    where = line_words(situation.hunk.line, situation.document.path, text.document.path)
    for kind, group in groupby(sorted(found, key=lambda each: each.kind), key=lambda each: each.kind):
        some = sorted(group, key=lambda each: (each.line < line, each.line))
        features = {
            "examples": float(done),
            "places": math.log1p(len(some)),
            "distance": math.log1p(abs(some[0].line - line)),
            "cross": cross,
            "removed": float(edit.removed),
            "renamed": float(bool(edit.old)),
            f"from_{edit.kind}": 1.0,
            f"to_{kind}": 1.0,
            "same_kind": float(kind == edit.kind),
            **{key: min(each.features[key] for each in some) for key in some[0].features},
        }
        yield Offer(
            "sibling",
            f"{edit.key} in {kind}",
            tuple(change for each in some for change in each.changes),
            f"the list changed in {where}",
            features,
        )


def _sibling_edits(edit: ListEdit, text: ParsedText, is_home: bool) -> tuple[list[SiblingEdit], int]:
    """The changes of other lists, and how many lists have the new elements already."""
    found: dict[Span, SiblingEdit] = {}
    done: set[Span] = set()
    anchor = edit.elements[0] if edit.removed else (edit.before or edit.after)[0]
    name = edit.old or anchor.name
    for span in _code_places(text, name):
        for entry in entries_at(text, *span):
            own = is_home and entry.list_span == edit.span
            if own or entry.span in found or entry.span[1] - entry.span[0] > MOST_CHARACTERS:
                break
            if not _may_follow(edit, entry, is_home):
                continue
            sibling = _sibling_of(edit, text, entry)
            if sibling == "done":
                done.add(entry.list_span)
            elif isinstance(sibling, SiblingEdit):
                found[entry.span] = sibling
            if sibling:
                break
    return list(found.values()), len(done)


def _may_follow(edit: ListEdit, entry: EntryPlace, is_home: bool) -> bool:
    """Whether lists of a kind follow such an edit at all: in the commits of ten repositories others did not.

    Variables of a function only follow variables (offers for other lists: 2 of 28 right), and what is passed
    in calls only follows members and cases, or parameters in their own function (elsewhere 4 of 28 right).
    """
    if edit.local or edit.kind == "parameters":
        inside = edit.around[0] <= entry.span[0] and entry.span[1] <= edit.around[1]
        passed = entry.kind in ("arguments", "parameters")
        return (
            is_home
            and (not passed or (inside and not edit.local))
            and (entry.kind == "statements" or not edit.local)
        )
    if entry.kind in ("arguments", "parameters"):
        return not edit.removed and edit.kind in ("members", "items", "cases", "imports")
    if edit.kind == "statements" and not is_home:
        return edit.removed and entry.kind == "imports"
    return is_home or entry.kind != "statements"


def _code_places(text: ParsedText, name: str) -> Iterator[Span]:
    """Where a text has a name in any form, in bytes, outside of comments."""
    whole = text.source.text(0, len(text.source.data))
    for count, place in enumerate(places_of(name, whole)):
        if count == MOST_PLACES:
            return
        start = place.start if text.source.ascii else len(whole[: place.start].encode("utf-8", "replace"))
        end = start + len(whole[place.start : place.end].encode("utf-8", "replace"))
        if text.kind(start, end) != "comment":
            yield start, end


def _sibling_of(edit: ListEdit, text: ParsedText, entry: EntryPlace) -> SiblingEdit | Outcome:
    """What follows for an entry of another list, or why nothing does."""
    if edit.old:
        return _rename_sibling(edit, text, entry) or ""
    if edit.removed:
        return _remove_sibling(edit, text, entry) or ""
    anchor = (edit.before or edit.after)[0].name
    if _is_of_another_type(edit, anchor, text.source.text(*entry.span)):
        return "no"
    return _add_sibling(edit, text, entry)


def _plain(element: NamedElement) -> ListElement:
    return ListElement(element.name, element.type, element.value)


def _entry_of(text: ParsedText, spans: Sequence[Span], elements: Sequence[NamedElement]) -> Span | None:
    """The nearest entry on one side, if it is that of the nearest element there."""
    if spans and elements and spans[0][1] - spans[0][0] <= MOST_CHARACTERS:
        return spans[0] if mentions(text.source.text(*spans[0]), _plain(elements[0])) else None
    return None


def _add_sibling(edit: ListEdit, text: ParsedText, entry: EntryPlace) -> SiblingEdit | Outcome:
    """The entries of new elements next to those of their neighbours."""
    down = bool(edit.before)  # the entry is that of the element above the new ones
    near, far = (edit.before, edit.after) if down else (edit.after, edit.before)
    ahead, back = (entry.after, entry.before) if down else (entry.before, entry.after)
    made = _entry_of(text, ahead, edit.elements if down else edit.elements[::-1])
    if made and _lines(text, made) == _lines(text, entry.span):
        return "done" if _entry_of(text, back, near[1:]) or _entry_of(text, ahead[1:], far) else ""
    beyond = _entry_of(text, ahead, far)
    behind = _entry_of(text, back, near[1:])
    if not (beyond or behind):
        return ""
    sides = (*entry.before, *entry.after)
    around = [entry.span, *(each for each in sides if _lines(text, each) <= _lines(text, entry.span))]
    if any(mentions(text.source.text(*each), _plain(new)) for each in around for new in edit.elements):
        return "no"
    aligned = _count_aligned(edit, text, entry)
    if _lines(text, entry.span) >= LONG_ENTRY and aligned < 2:
        return "no"
    own = (_plain(near[0]), text.source.text(*entry.span))
    for span, other in ((beyond, far[:1]), (behind, near[1:2])):
        if span is None:
            continue
        pair = sorted((span, entry.span))
        gap = text.source.text(pair[0][1], pair[1][0])
        second = (_plain(other[0]), text.source.text(*span))
        habit = HABITS.get(text.document.language.name, "camel")
        copies = [copy_entry(own, second, _plain(each), habit) for each in edit.elements]
        if not _GAP.fullmatch(gap) or any(each is None for each in copies):
            continue
        texts = [each.text for each in copies if each is not None]
        written = "".join(gap + each for each in texts) if down else "".join(each + gap for each in texts)
        at = text.cursor(entry.span[1] if down else entry.span[0])
        change = Change(text.document.path, at, at, written)
        features = {
            "between": float(beyond is not None),
            "aligned": math.log1p(aligned),
            "names": math.log1p(min(each.names for each in copies if each is not None)),
            "holes": math.log1p(max(each.holes for each in copies if each is not None)),
            "lines": math.log1p(written.count("\n")),
            "short": float(min(len(near[0].name), len(other[0].name)) < 3),
        }
        return SiblingEdit((change,), entry.kind, at.line, features)
    return "no"


def _is_of_another_type(edit: ListEdit, name: str, entry: str) -> bool:
    """Whether an entry is about a member of the same name in another type: `Part.RED` for `Colour`."""
    types = re.findall(rf"\b([A-Z]\w*)(?:::|\.){re.escape(name)}\b", entry)
    own = {"Self", *IDENTIFIER.findall(edit.head)}
    return edit.kind == "members" and bool(types) and own.isdisjoint(types)


def _lines(text: ParsedText, span: Span) -> int:
    """The lines of an entry after its first one."""
    return text.source.line(text.source.trim(span)[1]) - text.source.line(span[0])


def _count_aligned(edit: ListEdit, text: ParsedText, entry: EntryPlace) -> int:
    """How many elements next to the edit have entries in the same order."""
    count = 0
    sides = ((entry.before, edit.before[1:]), (entry.after, edit.after))
    if not edit.before:
        sides = ((entry.before, edit.before), (entry.after, edit.after[1:]))
    for spans, elements in sides:
        for span, element in zip(spans, elements, strict=False):
            if not mentions(text.source.text(*span)[:MOST_CHARACTERS], _plain(element)):
                break
            count += 1
    return count


def _remove_sibling(edit: ListEdit, text: ParsedText, entry: EntryPlace) -> SiblingEdit | None:
    """The entry of a removed element goes, if it is like that of a neighbour."""
    if len(edit.elements) != 1:
        return None
    alike = _like_neighbour(edit, text, entry)
    if alike is None:
        return None
    if not (entry.after or entry.before):
        return None
    span = (entry.span[0], entry.after[0][0]) if entry.after else (entry.before[0][1], entry.span[1])
    gap = text.source.text(*((entry.span[1], span[1]) if entry.after else (span[0], entry.span[0])))
    if not _GAP.fullmatch(gap):
        return None
    change = Change(text.document.path, text.cursor(span[0]), text.cursor(span[1]), "")
    return SiblingEdit((change,), entry.kind, change.start.line, _plain_features(alike, gap))


def _rename_sibling(edit: ListEdit, text: ParsedText, entry: EntryPlace) -> SiblingEdit | None:
    """The name changes in other forms and in strings, in an entry that is like that of a neighbour."""
    alike = _like_neighbour(edit, text, entry)
    if alike is None:
        return None
    own = text.source.text(*entry.span)
    changes = []
    for place in places_of(edit.old, own):
        start, end = (
            entry.span[0] + len(own[:at].encode("utf-8", "replace")) for at in (place.start, place.end)
        )
        if EXACT in place.forms and text.kind(start, end) == "code":
            continue  # a rename's
        written = write_name(edit.elements[0].name, place.forms)
        if not written or written == own[place.start : place.end]:
            return None
        changes.append(Change(text.document.path, text.cursor(start), text.cursor(end), written))
    if not changes:
        return None
    return SiblingEdit(tuple(changes), entry.kind, changes[0].start.line, _plain_features(alike, ""))


def _like_neighbour(edit: ListEdit, text: ParsedText, entry: EntryPlace) -> int | None:
    """How many neighbours' entries are next to one that differs only by what is theirs; `None` for none."""
    element = edit.elements[0]
    gone = ListElement(edit.old or element.name, element.type, element.value)
    own = text.source.text(*entry.span)
    if edit.old:  # the rename may have been here
        own = re.sub(rf"\b{re.escape(element.name)}\b", edit.old, own)
    count = 0
    for spans, elements in ((entry.before, edit.before), (entry.after, edit.after)):
        span = _entry_of(text, spans, elements)
        if span is not None:
            copy = copy_entry((gone, own), (_plain(elements[0]), text.source.text(*span)), gone)
            count += copy is not None
    return count or None


def _plain_features(alike: int, gap: str) -> dict[str, float]:
    return {
        "between": float(alike == 2),
        "aligned": math.log1p(alike),
        "names": 0.0,
        "holes": 0.0,
        "lines": math.log1p(gap.count("\n")),
        "short": 0.0,
    }
