"""The things that a diff changes: a value for each, alike ones join_alike, the most important first."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

ThingKind = Literal[
    "entry", "option", "added", "removed", "renamed", "moved", "signature", "behaviour", "value", "changed",
    "import", "dependency", "version", "file", "test", "docs", "setting", "format",
]  # fmt: skip

# How important a kind is. What a change log says is for users; code is before tests, documents and settings.
WEIGHTS: dict[ThingKind, int] = {
    "entry": 200, "option": 190, "removed": 182, "added": 180, "moved": 179, "renamed": 179,
    "signature": 174, "behaviour": 170, "value": 168, "changed": 150, "file": 145, "import": 60,
    "dependency": 40, "version": 38, "test": 30, "docs": 24, "setting": 20, "format": 10,
}  # fmt: skip
PRIVATE = 25  # less for what only the same file, class or package uses
IN_TEST = 400  # less for what changes in code of tests, which makes it negative
_CALL = re.compile(r"(?<=\w)\(.*\)`$")  # the arguments of a call
_NAMED = 3  # names that one line has
# What is done to several names in one line; other words are about one name.
_LISTING = frozenset({
    "Add", "Remove", "Call", "Set", "Document", "Update", "Import", "Add test", "Remove test", "Change test",
    "Move", "Add option", "Remove option", "Add parameter", "Remove parameter", "Add dependency", "Change",
    "Remove dependency", "Catch",
})  # fmt: skip


ThingPlace = tuple[str, tuple[str, ...]]  # a word and the names that it belongs to: ("in", ("`Cart.total`",))


@dataclass(frozen=True, slots=True)
class ChangedThing:
    """One thing that changed: `verb` in the imperative, the names of what it was done to, and the place.

    `tail` is what may be left out of a short line, and `doc` what a definition says of itself. Names have the
    marks of code around them.
    """

    kind: ThingKind
    path: str
    line: int
    verb: str
    names: tuple[str, ...]
    place: ThingPlace = ("", ())
    tail: str = ""
    weight: int = 0
    doc: str = ""

    @property
    def text(self) -> str:
        """All of it, in a line."""
        return self.wording()

    def add_doc(self, doc: str) -> "ChangedThing":
        """The same, with what a definition says of itself."""
        return replace(self, doc=doc)

    def wording(
        self, most: int = _NAMED, *, place: bool = True, short: bool = False, tail: bool = True
    ) -> str:
        """It in a line, with at most so many names; `short` names are the last part of a path."""
        word, places = self.place
        shown = [_last_part(name) for name in places] if short else places
        cut = self.verb == "Call" and not tail
        names = [_CALL.sub("`", name) if cut else name for name in self.names]
        parts = [self.verb, enumeration(names, most)]
        parts += [f"{word} {enumeration(shown, 2)}"] if place and places else []
        return " ".join(filter(None, (*parts, self.tail if tail else "")))


def _last_part(name: str) -> str:
    """The name without what is around it.

    >>> _last_part("`Cart.total`"), _last_part("`shop/cart.py`")
    ('`total`', '`cart.py`')
    """
    plain = name.strip("`")
    last = plain.rpartition("/")[2] if "/" in plain else plain.rpartition(".")[2] or plain
    return f"`{last}`" if name != plain else last


def enumeration(names: Sequence[str], most: int = _NAMED) -> str:
    """Names as a person lists them.

    >>> enumeration(["a", "b", "c"]), enumeration(["a", "b", "c"], 2)
    ('a, b and c', 'a and 2 more')
    """
    if len(names) > most:
        named = names[: max(1, most - 1)]
        return f"{', '.join(named)} and {len(names) - len(named)} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def code(text: str) -> str:
    """A piece of code in a sentence.

    >>> code("a  = 1"), code("`x`")
    ('`a = 1`', "'`x`'")
    """
    plain = " ".join(text.split())
    return f"'{plain}'" if "`" in plain else f"`{plain}`"


def join_alike(things: Iterable[ChangedThing]) -> list[ChangedThing]:
    """The things, the most important first; what was done alike is one: to several, or in several places."""
    rows = sorted(dict.fromkeys(things), key=lambda thing: (-thing.weight, thing.path, thing.line))
    for same in (_same_place, _same_names):
        found = list[ChangedThing]()
        for thing in rows:
            at = next((at for at, other in enumerate(found) if same(thing, other)), -1)
            if at < 0:
                found.append(thing)
            else:
                found[at] = _union(found[at], thing)
        rows = found
    return rows


def _same_place(one: ChangedThing, other: ChangedThing) -> bool:
    if one.verb not in _LISTING:
        return False
    if (one.weight < 0) != (other.weight < 0):
        return False
    return (one.kind, one.verb, one.place, one.tail) == (other.kind, other.verb, other.place, other.tail)


def _same_names(one: ChangedThing, other: ChangedThing) -> bool:
    alike = (one.kind, one.verb, one.names, one.place[0], one.tail)
    return bool(one.place[0]) and alike == (other.kind, other.verb, other.names, other.place[0], other.tail)


def _union(one: ChangedThing, other: ChangedThing) -> ChangedThing:
    names = tuple(dict.fromkeys((*one.names, *other.names)))
    places = tuple(dict.fromkeys((*one.place[1], *other.place[1])))
    return replace(
        one, doc="", names=names, place=(one.place[0], places), weight=max(one.weight, other.weight)
    )


def collect_paths(things: Iterable[ChangedThing]) -> Iterator[str]:
    """The paths of things, each once, that of the most important first."""
    yield from dict.fromkeys(thing.path for thing in things)
