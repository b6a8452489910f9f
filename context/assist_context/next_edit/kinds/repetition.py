"""The same replacement again: what was just done, wherever else its old text is.

One example gives the replacement itself; two that differ give one with holes. Examples may be in any
document of the session.
"""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate

from assist_context.code.names.occurrences import NameReader
from assist_context.code.trees.parsed_text import ParsedText, PlaceKind
from assist_context.documents import Cursor, Document
from assist_context.next_edit.generalisation import explains, generalise, make_pattern, says_less
from assist_context.next_edit.offer import Change, EditHunk, Offer, Situation, line_words
from assist_context.next_edit.pattern import Pattern, PatternMatch, is_long_name, matches
from assist_context.next_edit.substitution import (
    AROUND,
    IDENTIFIER,
    CodeTokens,
    Site,
    depth,
    line_end,
    line_start,
    sites,
    tokens,
)

_PARAMETERS = re.compile(r"(?:formal_)?parameters|parameter_list")  # as grammars call them
_LITERAL = re.compile(r"\s*(?:true|false|null|none|nil|undefined|[\d.,_\s\"']+)\s*", re.IGNORECASE)

RECENT = 24  # hunks that are compared with the last one
SEEDS = 6  # of the last hunks, whose patterns are looked for
MAX_SITES = 12  # of one hunk
MAX_OFFERS = 12
MAX_COMPARED = 4  # examples whose lines are compared with that of a place
MAX_ELSEWHERE = 3  # patterns that are looked for in other files
OTHER_FILES = 4  # in which a place is looked for, once there are two examples
FEW_TOKENS = 3  # fewer that were only deleted say nothing: "x," or a stray bracket is deleted everywhere


@dataclass(frozen=True, slots=True)
class _Found:
    """A pattern with the sites that it explains, the last one first, and how many hunks ago that was."""

    pattern: Pattern
    examples: tuple[Site, ...]
    age: int


@dataclass(frozen=True, slots=True)
class _Hit:
    """A match in a document, with the tokens around it."""

    match: PatternMatch
    start: Cursor
    end: Cursor
    left: CodeTokens
    old: str
    right: CodeTokens


def find_repetitions(situation: Situation) -> Iterator[Offer]:
    """An offer for each replacement of the last hunks that fits somewhere else."""
    entries = _patterns(situation)
    tree: ParsedText | None = None
    offers: list[tuple[_Found, Offer]] = []
    for entry in entries:
        if not _says_enough(entry, situation.document):
            continue
        text = _plain_text(situation.document)
        hits = list(matches(entry.pattern, text))
        if not hits:
            continue
        tree = tree or situation.parse(situation.document)
        places = _filter_alike(_places(situation.document, text, hits), tree, situation, entry)
        if places:
            offers.append((entry, _offer(situation, situation.document, entry, places)))
        if len(offers) == MAX_OFFERS:
            break
    yield from (
        offer for entry, offer in offers if not any(_is_part(entry, offer, *other) for other in offers)
    )
    several = [entry for entry in entries if len(entry.examples) > 1 and entry.pattern.names]
    for entry in several[:MAX_ELSEWHERE]:
        if not _is_renaming(situation, entry):
            yield from _elsewhere(situation, entry)


def _says_enough(entry: _Found, document: Document) -> bool:
    """Say if one example is enough. Words of prose, numbers and stray signs are changed in one place."""
    if len(entry.examples) > 1:
        return True
    site = entry.examples[0]
    if document.language.markup or (not site.new and len(site.old) < FEW_TOKENS):
        return False
    return any(map(IDENTIFIER.fullmatch, (*site.old, *site.new)))


def _is_part(entry: _Found, offer: Offer, wider: _Found, around: Offer) -> bool:
    """Say if an offer makes only a part of what another one makes there, which as many examples bear out."""
    if len(wider.examples) < max(2, len(entry.examples)):
        return False
    first = offer.changes[0]
    return any(
        change != first
        and change.start <= first.start
        and first.end <= change.end
        and change.text != first.text
        for change in around.changes
    )


def _elsewhere(situation: Situation, entry: _Found) -> Iterator[Offer]:
    """The same in other files, for a replacement that was made at least twice."""
    for document in situation.others.using(entry.pattern.names[0], OTHER_FILES):
        text = _plain_text(document)
        hits = list(matches(entry.pattern, text))
        if hits:
            tree = situation.parse(document)
            places = _filter_alike(_places(document, text, hits), tree, situation, entry)
            if places:
                yield _offer(situation, document, entry, places)


def _is_renaming(situation: Situation, entry: _Found) -> bool:
    """Return whether a name of this document got another one: renames say which other files mean it."""
    own = [site for site in entry.examples if site.path == situation.document.path and site.is_identifier]
    if not own:
        return False
    reader = NameReader(situation.parse(situation.document))
    return any(_is_defined_here(reader, name, site) for site in own for name in (site.new[0], site.old[0]))


def _is_defined_here(reader: NameReader, name: str, site: Site) -> bool:
    """Return whether a name would mean, at a site, what the text defines otherwise than by an import."""
    start = Cursor(site.line, site.column)
    meant = reader.bound(name, start, Cursor(site.line, site.column + len(site.new[0])))
    return meant is not None and any(
        place.defines and place.binding == meant and place.what != "import"
        for place in reader.occurrences(name)
    )


def _patterns(situation: Situation) -> list[_Found]:
    """The patterns of the last hunks: those that explain more examples come first."""
    groups = [
        list(_list_sites(hunk, situation.document)[:MAX_SITES])
        for hunk in reversed(situation.hunks[-RECENT:])
        if hunk.is_example
    ]
    result: dict[Pattern, _Found] = {}
    for age, newest in enumerate(groups[:SEEDS]):
        for site in newest:
            for pattern in _site_pattern(site, groups[age + 1 :]):
                if pattern not in result:
                    examples = [other for group in groups for other in group if _explains(pattern, other)]
                    result[pattern] = _Found(pattern, tuple(examples or [site]), age)
    entries = [
        entry
        for entry in result.values()
        if not any(
            says_less(entry.pattern, other.pattern) and len(entry.examples) <= len(other.examples)
            for other in result.values()
        )
    ]
    return sorted(entries, key=lambda entry: (entry.age, -len(entry.examples), -len(entry.pattern.old)))


def _site_pattern(site: Site, earlier: Sequence[Sequence[Site]]) -> Iterator[Pattern]:
    if depth(site.old) != depth(site.new):
        return  # a part of an edit whose other half is elsewhere
    own = make_pattern(site)
    if own is not None:
        yield own
    for group in earlier:
        for other in group:
            same = (other.old, other.new) == (site.old, site.new)
            if own is None or own.left or own.right or not same or not _explains(own, other):
                yield from _generalise(site, other)


@lru_cache(maxsize=1024)
def _generalise(one: Site, other: Site) -> tuple[Pattern, ...]:
    return generalise(one, other)


@lru_cache(maxsize=1024)
def _explains(pattern: Pattern, site: Site) -> bool:
    return explains(pattern, site)


def _list_sites(hunk: EditHunk, document: Document) -> tuple[Site, ...]:
    """The sites of a hunk. What is around one in another document is not known."""
    if hunk.path != document.path:
        return _cached_sites(hunk, (), 0)
    first = max(0, hunk.line - 2)
    near = document.lines[first : hunk.line + len(hunk.new) + 2]
    return _cached_sites(hunk, near, first)


@lru_cache(maxsize=256)
def _cached_sites(hunk: EditHunk, near: tuple[str, ...], first: int) -> tuple[Site, ...]:
    lines = ("",) * first + near if near else ("",) * hunk.line + hunk.new
    return sites(hunk, lines)


@lru_cache(maxsize=8)
def _line_starts(document: Document) -> list[int]:
    """Find where the lines begin in the text whose line ends have one character."""
    sizes = (len(line.rstrip("\r\n")) + line.endswith(("\r", "\n")) for line in document.lines[:-1])
    return list(accumulate(sizes, initial=0))


@lru_cache(maxsize=8)
def _plain_text(document: Document) -> str:
    text = document.text
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _places(document: Document, text: str, hits: Sequence[PatternMatch]) -> list[_Hit]:
    """Find where matches are in a document. A line end in the new text becomes that of the document."""
    starts = _line_starts(document)
    result = []
    for hit in hits:
        line = bisect_right(starts, hit.start) - 1
        end = bisect_right(starts, hit.end) - 1
        begin = max(0, hit.start - 80)
        before = tokens(text[begin : hit.start])[-AROUND:]
        right = tokens(text[hit.end : hit.end + 80])[:AROUND]
        start = Cursor(line, hit.start - starts[line])
        old = text[hit.start : hit.end]
        result.append(_Hit(hit, start, Cursor(end, hit.end - starts[end]), before, old, right))
    return result


def _filter_alike(
    places: Sequence[_Hit], text: ParsedText, situation: Situation, entry: _Found
) -> list[_Hit]:
    """The places of the same kind as the last example (code, a string or a comment) and the same meaning."""
    example = entry.examples[0]
    here = example.path == situation.document.path
    origin = situation.parse(situation.document) if here else None
    kind = _place_kind(origin, Cursor(example.line, example.column)) if origin is not None else "code"
    if kind != "code" and len(entry.examples) == 1:
        return []
    alike = [place for place in places if _place_kind(text, place.start) == kind]
    if len(entry.examples) == 1 and not example.new:  # of a parameter: the next function needs its own
        alike = [place for place in alike if not _is_parameter(text, place)]
    if kind != "code" or not example.is_identifier or text.document is not situation.document or not here:
        return alike
    other = _other_meanings(text, example)
    return [place for place in alike if place.start not in other]


def _is_parameter(text: ParsedText, place: _Hit) -> bool:
    """Return whether a place is in the parameters of a function."""
    node = text.node(text.byte(place.start), text.byte(place.end))
    while node is not None and not node.type.endswith(("block", "body")):
        if _PARAMETERS.fullmatch(node.type):
            return True
        node = node.parent
    return False


def _place_kind(text: ParsedText, place: Cursor) -> PlaceKind:
    """Return what is around a place: what is replaced there may itself be a whole string."""
    at = text.byte(place)
    return text.kind(at, at)


def _other_meanings(text: ParsedText, example: Site) -> set[Cursor]:
    """Find where the old name means something else than at the example, or is a member unlike it."""
    reader = NameReader(text)
    name = example.old[0]
    start = Cursor(example.line, example.column)
    end = Cursor(example.line, example.column + len(example.new[0]))
    meant = reader.bound(name, start, end)
    member = _is_member(reader, start, example.new[0])
    return {
        place.start
        for place in reader.occurrences(name)
        if place.binding not in (None, meant) or (place.place == "code" and place.member is not member)
    }


def _is_member(reader: NameReader, start: Cursor, name: str) -> bool:
    return any(place.member for place in reader.occurrences(name) if place.start == start)


def _offer(situation: Situation, document: Document, entry: _Found, places: Sequence[_Hit]) -> Offer:
    """The offer of a pattern: the places after the edit first, then those from the top."""
    here = document is situation.document
    own_line = situation.hunk.line if here else -1
    in_order = sorted(
        places, key=lambda place: (place.start.line < own_line, place.start.line, place.start.column)
    )
    changes = tuple(
        Change(document.path, place.start, place.end, _add_ends(place.match.new, document))
        for place in in_order
    )
    return Offer(
        "repeat",
        f"repeat {entry.pattern.key}",
        changes,
        _reason(entry, document),
        _features(situation, document, entry, in_order),
    )


def _add_ends(new: str, document: Document) -> str:
    if "\n" not in new or not document.lines[0].endswith("\r\n"):
        return new
    return new.replace("\n", "\r\n")


def _reason(entry: _Found, document: Document) -> str:
    example = entry.examples[0]
    line = example.line + ("".join(example.new or example.old)[:1] == "\n")
    return f"the same change as in {line_words(line, example.path, document.path)}"


def _features(
    situation: Situation, document: Document, entry: _Found, places: Sequence[_Hit]
) -> dict[str, float]:
    """Return what says how likely an offer is; its first place counts."""
    pattern = entry.pattern
    first = places[0]
    lefts = [_same_end(first.left, site.left) for site in entry.examples]
    rights = [_same_start(first.right, site.right) for site in entry.examples]
    here = document is situation.document
    hunks = [hunk for hunk in situation.hunks if hunk.path == document.path]
    text = situation.parse(document)
    kind = _place_kind(text, first.start)
    is_touched = any(hunk.line <= first.start.line < hunk.line + len(hunk.new) for hunk in hunks)
    old = "".join(item for item in pattern.old if isinstance(item, str))
    new = "".join(item for item in pattern.new if isinstance(item, str))
    long_old = [item for item in pattern.old if is_long_name(item)]
    return {
        "one": float(len(entry.examples) == 1),
        "two": float(len(entry.examples) == 2),
        "examples": math.log1p(len(entry.examples)),
        "places": math.log1p(len(places)),
        "distance": math.log1p(abs(first.start.line - situation.hunk.line)) if here else 0.0,
        "above": float(here and first.start.line < situation.hunk.line),
        "elsewhere": float(not here),
        "identifier": float(entry.examples[0].is_identifier),
        "old": math.log1p(len(old)),
        "new": math.log1p(len(new)),
        "names": math.log1p(len(long_old)),
        "holes": float(pattern.holes),
        "deletion": float(not new.strip()),
        "insertion": float(not old.strip()),
        "left": math.log1p(max(lefts)),
        "right": math.log1p(max(rights)),
        "age": float(entry.age),
        "touched": float(is_touched),
        "sites": math.log1p(min(site.among for site in entry.examples)),
        "line": max(_alike(first, site) for site in entry.examples[:MAX_COMPARED]),
        "number": float(bool(old) and not long_old),
        "literal": float(bool(_LITERAL.fullmatch(old))),
        "prose": float(bool(document.language.markup)),
        "said": float(kind != "code"),
        "known": float(bool(new.strip()) and new.strip() in situation.before.text),
    }


def _alike(place: _Hit, example: Site) -> float:
    """Return how much of the line of a place is as the line of an example was: 1 for all of it."""
    here = Counter((*line_end(place.left), *tokens(place.old), *line_start(place.right)))
    there = Counter(example.before)
    return 2 * (here & there).total() / max(1, here.total() + there.total())


def _same_end(one: CodeTokens, other: CodeTokens) -> int:
    return _same_start(one[::-1], other[::-1])


def _same_start(one: CodeTokens, other: CodeTokens) -> int:
    """Return how many tokens are the same before the first that differs."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
