"""Where the definitions of a file stand, from the matches of a query: each once, in what it stands in.

A place is a definition on its way: it has a span, a name and a parent, no signature and no comment.
A text may be read in parts, from the top: then each part is told what is around it.
Broken code is input, not an error. It knows no tree.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from assist_context.syntax import doc_comments
from assist_context.syntax.grammars import Match, Span
from assist_context.syntax.source_text import Source

NAME_CHARACTERS = 160  # a longer one is a selector list or a heading that is a text


MOST_DEEP = 24  # definitions in definitions; nobody nests so, but unclosed brackets do

FUNCTIONS = frozenset({"function", "method", "constructor"})
_TYPES = frozenset({"class", "struct", "interface", "trait", "enum", "type"})
# Inside a function these are nobody's business but the function's.
_LOCAL = frozenset({"variable", "constant", "field", "property", "prototype", "key"})
_ONCE = _LOCAL - {"prototype"}  # assigned again it is the same; prototypes may be overloads
_MEMBER = {"function": "method", "prototype": "method", "variable": "field"}
_UNQUALIFIED = frozenset({"this", "self", "prototype"})
_ASSIGNED = frozenset({"def.assigned", "def.variable"})
_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")

Extent = tuple[int, int, bool]  # the first byte, the one after the last, and whether it is a function
Key = tuple[str, str]  # the qualified name and the kind of what is said once, however often it is assigned


@dataclass(slots=True)
class DefinitionSite:
    """A definition (or, with an empty kind, a scope) on its way; `at` is where its name stands."""

    at: int
    name: str
    kind: str
    start: int
    end: int
    rank: int = 0
    body: int = -1
    parent: str = ""
    doc: str = ""
    holds_members: bool = False

    @property
    def qualified(self) -> str:
        return f"{self.parent}.{self.name}" if self.parent else self.name


@dataclass(frozen=True, slots=True)
class EnclosingScopes:
    """What began above a part of a text and has not ended there, outermost first.

    `extents` are of all that was found, but for what is only assigned; `stack` is what may be a parent,
    `shown` what a reference may be in. `widest` is where the last of what a part found ends, kept or not;
    `nearest` where the first of these ends.
    """

    extents: tuple[Extent, ...] = ()
    stack: tuple[DefinitionSite, ...] = ()
    shown: tuple[DefinitionSite, ...] = ()
    widest: int = 0
    nearest: int = sys.maxsize


NOTHING = EnclosingScopes()


def definition_sites(
    source: Source, matches: Iterable[Match], keys: set[Key], before: AbstractSet[Key] = frozenset()
) -> list[DefinitionSite]:
    """Every definition and scope in source order, each with its parent, without what is local or said twice.

    `keys` gets what is said once; `before` is what was, further up.
    """
    return definitions_in_part(source, matches, keys, before)[0]


def definitions_in_part(
    source: Source,
    matches: Iterable[Match],
    keys: set[Key],
    before: AbstractSet[Key] = frozenset(),
    around: EnclosingScopes = NOTHING,
    end: int = sys.maxsize,
) -> tuple[list[DefinitionSite], EnclosingScopes]:
    """The places of a part of a text, and what of them goes on beyond its end."""
    found, extents = _found(source, matches, around)
    widest = max((each.end for each in found), default=0)
    kept, stack = _placed(found, keys, before, around)
    if widest <= end:
        return kept, NOTHING
    ends = [each for each in extents if each[1] > end]
    own = [each for each in stack if each.end > end and not any(each is other for other in around.stack)]
    shown = [each for each in kept if each.kind and each.end > end]
    return kept, _around(ends, own, shown, widest)


def scopes_below(around: EnclosingScopes, own: EnclosingScopes, end: int) -> EnclosingScopes:
    """What is around the part below one that ends at `end`; `own` is what goes on of it."""
    if own is NOTHING and around.nearest > end:
        return around
    stack = [each for each in around.stack if each.end > end and each.end >= own.widest]
    return _around(
        [each for each in around.extents + own.extents if each[1] > end],
        [*stack, *own.stack],
        [each for each in around.shown + own.shown if each.end > end],
    )


def _around(
    extents: list[Extent], stack: list[DefinitionSite], shown: list[DefinitionSite], widest: int = 0
) -> EnclosingScopes:
    ends = [*(each[1] for each in extents), *(each.end for each in (*stack, *shown))]
    return EnclosingScopes(tuple(extents), tuple(stack), tuple(shown), widest, min(ends, default=sys.maxsize))


def shifted(around: EnclosingScopes, by: int) -> EnclosingScopes:
    """The same so many bytes further down."""
    if not by or around is NOTHING:
        return around
    stack, shown = (
        tuple([replace(each, at=each.at + by, start=each.start + by, end=each.end + by) for each in some])
        for some in (around.stack, around.shown)
    )
    extents = tuple([(start + by, end + by, function) for start, end, function in around.extents])
    return EnclosingScopes(extents, stack, shown, around.widest + by, around.nearest + by)


def _found(
    source: Source, matches: Iterable[Match], around: EnclosingScopes
) -> tuple[list[DefinitionSite], list[Extent]]:
    """Every definition and scope once, whatever number of patterns found it.

    Beside them the extents of those that are not only assigned, in source order.
    """
    found: dict[int, DefinitionSite] = {}
    extras: list[tuple[int, dict[str, list[Span]]]] = []
    assigned: list[tuple[int, str, dict[str, list[Span]]]] = []
    for rank, captures in matches:
        names = captures.get("name") or captures.get("path")
        if not names:
            continue
        for whole in captures:
            if whole.startswith(("def.", "scope.")):
                break
        else:
            extras.append((names[0][0], captures))
            continue
        if whole in _ASSIGNED and len(captures) == 2 and "name" in captures:
            assigned.append((rank, whole, captures))
        else:
            _put(source, found, rank, whole, captures)
    extents = sorted(
        [(each.start, each.end, each.kind in FUNCTIONS) for each in found.values()],
        key=lambda each: (each[0], -each[1]),
    )
    edges, within = _functions([*around.extents, *extents]) if assigned else ([], [])
    for rank, whole, captures in assigned:
        at = bisect_right(edges, start := captures[whole][0][0]) - 1
        # Of Python's nine of ten, which are not worth a place; at an edge it may be the very same extent.
        if at >= 0 and within[at] and edges[at] < start and captures["name"][0][0] not in found:
            continue
        _put(source, found, rank, whole, captures)
    for at, captures in extras:
        if place := found.get(at):
            place.start = min([place.start, *(start for start, _ in captures.get("outer", ()))])
            docs = [source.text(at, min(end, at + doc_comments.MOST)) for at, end in captures.get("doc", ())]
            place.doc = place.doc or "\n".join(docs)
    return list(found.values()), extents


def _put(
    source: Source, found: dict[int, DefinitionSite], rank: int, whole: str, captures: dict[str, list[Span]]
) -> None:
    """Adds what a match found to what others found under the same name."""
    new = _place(source, rank, whole, captures)
    if new is None:
        return
    known = found.get(new.at)
    if known is None:
        found[new.at] = new
        return
    first, second = (known, new) if known.rank <= rank else (new, known)
    first.start, first.end = min(known.start, new.start), max(known.end, new.end)
    first.body = first.body if first.body >= 0 else second.body
    first.parent = first.parent or second.parent
    found[new.at] = first


def _functions(extents: Iterable[Extent]) -> tuple[list[int], list[bool]]:
    """Bytes in order, and whether from there on the innermost place is a function."""
    edges: list[int] = []
    within: list[bool] = []
    stack: list[Extent] = []

    def leave(until: int) -> None:
        edges.append(min(stack.pop()[1], until))
        within.append(bool(stack) and stack[-1][2])

    for each in extents:
        while stack and (stack[-1][1] <= each[0] or stack[-1][1] < each[1]):
            leave(each[0])
        stack.append(each)
        edges.append(each[0])
        within.append(each[2])
    while stack:
        leave(stack[-1][1])
    return edges, within


def _place(source: Source, rank: int, whole: str, captures: dict[str, list[Span]]) -> DefinitionSite | None:
    """One match as a place; `None` if its name is not one."""
    start, end = source.trimmed(captures[whole][0])
    span = (captures.get("name") or captures["path"])[0]
    name = _name(source.text(*span))
    parent = ""
    if "path" in captures:
        bare = re.sub(r"<[^<>]*>", "", name)
        if not re.fullmatch(r"[\w$#~]+(?:(?:::|[.:])[\w$#~]+)*", bare):
            return None
        parts = [part for part in re.split(r"::|[.:]", bare) if part not in _UNQUALIFIED]
        name = (parts or [""])[-1]
        parent = ".".join(parts[:-1])
    elif above := captures.get("parent"):
        parent = _name(source.text(*above[0]))
    body = captures.get("body", [(-1, -1)])[0][0]
    kind = whole.removeprefix("def.") if whole.startswith("def.") else ""
    if kind == "assigned":
        kind = "constant" if _CONSTANT.fullmatch(name) else "variable"
    name = name.lstrip(":") if kind == "field" else name  # a Ruby symbol
    members = kind in _TYPES or whole == "scope.class"
    return DefinitionSite(span[0], name, kind, start, end, rank, body, parent, "", members) if name else None


def _name(text: str) -> str:
    """A name as people say it: without quotes, on one line."""
    if len(text) <= NAME_CHARACTERS and text.isidentifier():
        return text
    name = " ".join(text[: 2 * NAME_CHARACTERS].split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        name = name[1:-1]
    return name[:NAME_CHARACTERS]


def _placed(
    found: list[DefinitionSite], keys: set[Key], before: AbstractSet[Key], around: EnclosingScopes
) -> tuple[list[DefinitionSite], list[DefinitionSite]]:
    """The places in source order, each with its parent, without what is local or said twice.

    Beside them those that are open after the last of them.
    """
    found.sort(key=lambda each: (each.start, -each.end, each.at))
    kept: list[DefinitionSite] = []
    stack: list[DefinitionSite] = list(around.stack)
    for each in found:
        while stack and (stack[-1].end <= each.start or stack[-1].end < each.end):
            stack.pop()
        above = _above(stack, each)
        local = above and above.kind in FUNCTIONS and each.kind in _LOCAL and not each.parent
        if local or len(stack) >= MOST_DEEP:
            continue
        if above and above.name == each.name and above.kind in _TYPES and each.kind in _TYPES:
            continue  # typedef struct node {...} node
        if each.parent or (above and above.holds_members):
            each.kind = _MEMBER.get(each.kind, each.kind)
        if above:
            each.parent = f"{above.qualified}.{each.parent}" if each.parent else above.qualified
        if each.kind in _ONCE:
            key = each.qualified, each.kind
            again = key in keys or key in before
            keys.add(key)
            if again:
                continue
        kept.append(each)
        if not stack or (stack[-1].start, stack[-1].end) != (each.start, each.end):
            stack.append(each)  # "const a = 1, b = 2" is two definitions side by side
    return kept, stack


def _above(stack: list[DefinitionSite], place: DefinitionSite) -> DefinitionSite | None:
    """The innermost of the open places that is not of the very same extent."""
    for each in reversed(stack):
        if each.start != place.start or each.end != place.end:
            return each
    return None
