"""The places that follow when a definition got another name: in one text.

A rename is given up if the new name already means something at one of the places, or would then mean the
definition at a place that means something else.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from assist_context.code.names.bindings import Binding
from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.documents import Cursor, Document
from assist_context.next_edit.offer import Change
from assist_context.next_edit.renames.replaced_names import Renaming, ReplacedName, Replacements

_MODIFIERS = re.compile(r"(?:\b(?:ref|mut)\s+)+\Z")  # in a pattern of Rust they belong to the variable


@dataclass(frozen=True, slots=True)
class RenameChain:
    """A rename, and what follows of it in one document. `definition` is its first place as it was before.

    `unsure` counts the changes whose object may be another one. `others` are the places of the old name that
    meant something else.
    """

    name: ReplacedName
    definition: Occurrence
    changes: tuple[Change, ...]
    others: tuple[Occurrence, ...]
    unsure: int = 0
    from_use: bool = False


@dataclass(frozen=True, slots=True)
class RenamedText:
    """A text and some names of it that were replaced. `before` reads it without that, `now` as it is.

    `latest` is where the last of them was replaced: what is below comes first. `accepted` are the lines on
    which accepted offers added a new name, as where a shorthand was written in full.
    """

    replaced: Replacements
    before: NameReader
    now: NameReader
    latest: Cursor
    accepted: frozenset[int]

    def starts(self, renaming: Renaming) -> set[Cursor]:
        """Find where the old name became the new one."""
        return {name.start for name in self.replaced.names if name.renaming == renaming}

    def meant(self, renaming: Renaming) -> dict[ReplacedName, Occurrence]:
        """The places of the old name that became the new one, as they were."""
        old = {
            place.start: place for place in self.before.occurrences(renaming[0]) if place.shorthand != "key"
        }
        own = {name: old.get(self.replaced.before(name.start)) for name in self.replaced.names}
        return {name: was for name, was in own.items() if name.renaming == renaming and was is not None}


def follow_definition(
    name: ReplacedName, definition: Occurrence, text: RenamedText, is_begun: bool = False
) -> RenameChain | None:
    """Find what follows if the replaced name was a definition; `None` if the new one defines another thing.

    `is_begun`: the same name was replaced elsewhere, so that the new one may already be at other places.
    """
    new = (place for place in text.now.occurrences(name.new) if place.start == name.start and place.defines)
    target = next((place.binding for place in new), None)
    if target is None or _captures(name, target, text, is_begun):
        return None
    return _chain(name, definition, target, text)


def _places_now(old: str, places: Iterable[Occurrence], text: RenamedText) -> list[Occurrence]:
    """Some places as they are now, without those that were replaced."""
    places_found = []
    for place in places:
        start = text.replaced.after(place.start)
        if start is not None:
            places_found.append(replace(place, start=start, end=Cursor(start.line, start.column + len(old))))
    return places_found


def _captures(name: ReplacedName, target: Binding, text: RenamedText, is_begun: bool) -> bool:
    """Return whether a place that meant something else now means the definition with its new name."""
    earlier = {place.start: place for place in text.before.occurrences(name.new)}
    own = text.starts(name.renaming)
    for use in text.now.occurrences(name.new):
        if use.binding == target and use.start not in own:
            place = earlier.get(text.replaced.before(use.start))
            is_accepted = is_begun or use.start.line in text.accepted
            if place is not None and (place.binding is not None or not (place.member or is_accepted)):
                return True
    return False


def _chain(
    name: ReplacedName, definition: Occurrence, target: Binding | None, text: RenamedText
) -> RenameChain | None:
    """The chain of the old places that mean the definition; `target` is what they will mean."""
    now = text.now
    guesses = now.rules.guesses
    same: list[Occurrence] = []
    others: list[Occurrence] = []
    for place in text.before.occurrences(name.old):
        follows = place.binding == definition.binding and (place.sure or guesses)
        (same if follows else others).append(place)
    remaining = _places_now(name.old, same, text)
    changes = []
    unsure = 0
    # Where a type and a value are one definition, the new name means nothing yet at the places of the other.
    bindings = {target, None} if any(place.defines for place in remaining) else {target}
    for place in remaining:
        if now.bound(name.new, place.start, place.end, key=place.shorthand == "key") not in bindings:
            if place.sure:
                return None  # there the new name means something else
            continue
        unsure += not place.sure
        changes.append(describe_change(now.parsed.document, place, name.old, name.new))
    in_order = _sort_for_reading(changes, text.latest)
    return RenameChain(name, definition, tuple(in_order), tuple(others), unsure, from_use=target is None)


def describe_change(document: Document, place: Occurrence, old: str, new: str) -> Change:
    """The change of one place; what is short for a key and a variable is written in full."""
    if place.shorthand == "key":
        return Change(document.path, place.start, place.end, f"{new}: {old}")
    if place.shorthand == "value":
        head = document.lines[place.start.line][: place.start.column]
        modifier = _MODIFIERS.search(head)
        words = modifier[0] if modifier else ""
        start = Cursor(place.start.line, place.start.column - len(words))
        return Change(document.path, start, place.end, f"{old}: {words}{new}")
    return Change(document.path, place.start, place.end, new)


def _sort_for_reading(changes: Sequence[Change], place: Cursor) -> list[Change]:
    """Changes below a place first, the nearest first, then those from the top."""

    def key(change: Change) -> tuple[bool, int, int]:
        start = change.start
        return ((start.line, start.column) < (place.line, place.column), start.line, start.column)

    return sorted(changes, key=key)


def follow_use(name: ReplacedName, use: Occurrence, text: RenamedText) -> RenameChain | None:
    """Return what follows if a use got a name that means nothing yet: its definition and the other uses."""
    old = text.before.occurrences(name.old)
    definitions = [place for place in old if place.defines and place.binding == use.binding]
    if (
        use.defines
        or not use.sure
        or not definitions
        or any(definition.what == "import" for definition in definitions)
    ):
        return None
    own = text.starts(name.renaming)
    if any(place.start not in own and place.place == "code" for place in text.now.occurrences(name.new)):
        return None
    return _chain(name, definitions[0], None, text)
