"""Definitions that a diff adds, removes, renames and moves."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import Definition
from assist_diffs.messages.code_sides import TYPES, VALUES, CodeFile, CodeSide, weigh_change
from assist_diffs.messages.signatures import signature_things
from assist_diffs.messages.things import WEIGHTS, ChangedThing, ThingKind, ThingPlace, code

_COMING = FUNCTIONS | TYPES | VALUES
_ALIKE = 0.7  # share of equal words from which a definition with another name or place is the same one
_FEWEST_WORDS = 12  # of a definition that is found again by its words alone
_MEMBER, _CONSTANT = 15, 20  # less weight than a function or a type
_WORD = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class _SoleDefinition:
    """A definition that one side of a file has, and the other has not."""

    side: CodeSide
    site: Definition
    file: CodeFile

    @property
    def body(self) -> Counter[str]:
        """The words of its text with how often each is there, but for its name."""
        words = Counter(_WORD.findall(self.side.body(self.site)))
        del words[self.site.name]
        return words

    def thing(
        self, kind: ThingKind, verb: str, words: str, place: ThingPlace = ("", ()), less: int = 0
    ) -> ChangedThing:
        weight = weigh_change(kind, self.side, self.site) - less
        return ChangedThing(kind, self.side.path, self.site.start_line, verb, (words,), place, "", weight)


def definition_things(files: Sequence[CodeFile]) -> Iterator[ChangedThing]:
    """Yield the changes of the definitions of all files."""
    came = [_SoleDefinition(file.new, site, file) for file in files for site in _alone(file.new, file.old)]
    gone = [_SoleDefinition(file.old, site, file) for file in files for site in _alone(file.old, file.new)]
    pairs = dict(_same(gone, came))
    for at, was in enumerate(gone):
        if at in pairs:
            yield _move(was, came[pairs[at]])
        else:
            yield from _came(was, "removed", "Remove", "from")
    for to, now in enumerate(came):
        if to not in pairs.values():
            yield from _came(now, "added", "Add", "to")
    for file in files:
        for site in file.new.definitions.values():
            before = file.before(site)
            if before is None or site.kind in VALUES:
                continue
            if file.old.is_touched(before) or file.new.is_touched(site):
                yield from signature_things(file, before, site)


def _alone(here: CodeSide, there: CodeSide) -> Iterator[Definition]:
    """Definitions that one side alone has, without those in another such one."""
    own = {site.qualified for site in here.definitions.values()}
    names = {name for name, _ in there.definitions}
    for site in here.definitions.values():
        is_alone = site.qualified not in names and site.kind in _COMING
        if is_alone and (site.parent in names or site.parent not in own):
            yield site


def _same(gone: Sequence[_SoleDefinition], came: Sequence[_SoleDefinition]) -> Iterator[tuple[int, int]]:
    """Pair each definition with itself under another name or in another place: the most alike first."""
    near = list[tuple[float, int, int]]()
    after = [now.body for now in came]
    for at, was in enumerate(gone):
        before = was.body
        for to, now in enumerate(came):
            same_name = was.site.name == now.site.name
            if {was.site.kind, now.site.kind} & VALUES or not (same_name or before.total() >= _FEWEST_WORDS):
                continue
            shared = 2 * (before & after[to]).total()
            if shared and shared >= _ALIKE * (before.total() + after[to].total()):
                near.append((shared / (before.total() + after[to].total()) + same_name, at, to))
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, at, to in sorted(near, reverse=True):
        if at not in taken[0] and to not in taken[1]:
            taken[0].add(at)
            taken[1].add(to)
            yield at, to


def _came(found: _SoleDefinition, kind: ThingKind, verb: str, word: str) -> Iterator[ChangedThing]:
    """A definition that came or went: a test, a function or a type; of values, members and constants."""
    side, site = found.side, found.site
    if side.is_test(site):
        title = (code(site.name),)
        yield ChangedThing("test", side.path, site.start_line, f"{verb} test", title, weight=WEIGHTS["test"])
        return
    other = found.file.old if side is found.file.new else found.file.new
    is_member = any(name == site.parent for name, _ in other.definitions)
    where = site.parent if is_member else side.path
    place: ThingPlace = (word, (code(where),)) if other.definitions else ("", ())
    name = code(site.name if is_member else site.qualified)
    if site.kind not in VALUES:
        thing = found.thing(kind, verb, name, place)
        yield thing.add_doc(first_sentence(site.doc, site.name)) if kind == "added" else thing
    elif any(key[0] == site.parent and key[1] in TYPES for key in side.definitions):
        yield found.thing(kind, verb, name, place, _MEMBER)
    elif not site.parent and (site.kind == "constant" or side.is_public(site)):
        yield found.thing(kind, verb, name, place, _CONSTANT)


def first_sentence(doc: str, name: str) -> str:
    """Return the description that a definition gives of itself, without its own name in front.

    >>> first_sentence("Total returns the sum. It is in cents.", "Total")
    'returns the sum'
    """
    text = re.sub(r"^.*@(?:summary|description)\s+|@\w+.*$", "", doc.partition("@name")[2] or doc).strip()
    text = re.split(r"(?<=[\w`)][\w`)])\.(?:\s|$)", text)[0].strip()
    if text.count("(") != text.count(")"):
        text = text.rpartition("(")[0].strip()
    return text.removeprefix(f"{name} ") if len(text.split()) > 2 else ""


def _move(was: _SoleDefinition, now: _SoleDefinition) -> ChangedThing:
    """A definition with another name, or in another place."""
    if was.site.name == now.site.name and was.side.path != now.side.path:
        return now.thing("moved", "Move", code(now.site.qualified), ("to", (code(now.side.path),)))
    short = was.site.parent == now.site.parent
    words = f"{code(was.site.qualified)} to {code(now.site.name if short else now.site.qualified)}"
    if now.side.is_test(now.site):
        weight = WEIGHTS["test"]
        return ChangedThing(
            "test", now.side.path, now.site.start_line, "Rename test", (words,), weight=weight
        )
    return now.thing("renamed", "Rename", words)
