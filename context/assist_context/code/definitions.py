"""The definitions of a file, from the matches of a query: each one once, inside its parent.

A `DefinitionSite` is a definition in the making: it has a span, a name and a parent, but no signature and no
comment. A text may be read in parts from the top; each part is then given the scopes around it.
Broken code is normal input. This module knows no tree.
"""

import re
import sys
from bisect import bisect_right
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from assist_context.code import doc_comments
from assist_context.code.trees.grammars import ByteSpan, QueryMatch
from assist_context.code.trees.source_text import Source

NAME_CHARACTERS = 160  # a longer name is a list of selectors, or a heading that is a whole text
MAX_DEEP = 24  # nested definitions; code never nests so deep, but unclosed brackets look like it

FUNCTIONS = frozenset({"function", "method", "constructor"})
_TYPES = frozenset({"class", "struct", "interface", "trait", "enum", "type"})
# Definitions of these kinds are dropped inside a function.
_LOCAL = frozenset({"variable", "constant", "field", "property", "prototype", "key"})
_ONCE = _LOCAL - {"prototype"}  # a second one is an assignment; prototypes may be overloads
_MEMBER = {"function": "method", "prototype": "method", "variable": "field"}
_UNQUALIFIED = frozenset({"this", "self", "prototype"})
_ASSIGNED = frozenset({"def.assigned", "def.variable"})
_CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")

ScopeExtent = tuple[int, int, bool]  # the first byte, the one after the last, and whether it is a function
DefinitionKey = tuple[str, str]  # qualified name and kind of what counts once, however often it is assigned


@dataclass(slots=True)
class DefinitionSite:
    """A definition in the making, or a scope if `kind` is empty; `at` is the offset of its name."""

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

    def merge(self, other: "DefinitionSite") -> None:
        """Adds what another match says about the same name; this one's kind and name win."""
        self.start = min(self.start, other.start)
        self.end = max(self.end, other.end)
        self.body = self.body if self.body >= 0 else other.body
        self.parent = self.parent or other.parent

    def extend_to(self, starts: Iterable[int]) -> None:
        """Begins at the first of these offsets, if that is further up."""
        self.start = min([self.start, *starts])

    def add_doc(self, docs: Iterable[str]) -> None:
        """Takes these texts as the docstring, unless there is one."""
        self.doc = self.doc or "\n".join(docs)

    def nest(self, above: "DefinitionSite | None") -> None:
        """Becomes a member or child of the site around it."""
        if self.parent or (above and above.holds_members):
            self.kind = _MEMBER.get(self.kind, self.kind)
        if above:
            self.parent = f"{above.qualified}.{self.parent}" if self.parent else above.qualified


@dataclass(frozen=True, slots=True)
class EnclosingScopes:
    """The scopes that begin above a part of a text and continue in it, outermost first.

    `extents` has all of them except mere assignments; `stack` has the possible parents, `shown` the
    definitions that a reference may be in. `widest` is where the last scope of the part ends, even if it was
    dropped; `nearest` is where the first of these scopes ends.
    """

    extents: tuple[ScopeExtent, ...] = ()
    stack: tuple[DefinitionSite, ...] = ()
    shown: tuple[DefinitionSite, ...] = ()
    widest: int = 0
    nearest: int = sys.maxsize


NO_SCOPES = EnclosingScopes()


def definition_sites(
    source: Source,
    matches: Iterable[QueryMatch],
    keys: set[DefinitionKey],
    before: AbstractSet[DefinitionKey] = frozenset(),
) -> list[DefinitionSite]:
    """Every definition and scope in source order, each with its parent, without local and repeated ones.

    `keys` receives what counts once; `before` has the keys from further up.
    """
    return definitions_in_part(source, matches, keys, before)[0]


def definitions_in_part(
    source: Source,
    matches: Iterable[QueryMatch],
    keys: set[DefinitionKey],
    before: AbstractSet[DefinitionKey] = frozenset(),
    around: EnclosingScopes = NO_SCOPES,
    end: int = sys.maxsize,
) -> tuple[list[DefinitionSite], EnclosingScopes]:
    """The sites in a part of a text, and the scopes that continue beyond its end."""
    sites, extents = _collect_sites(source, matches, around)
    widest = max((site.end for site in sites), default=0)
    sites_kept, stack = _add_parents(sites, keys, before, around)
    if widest <= end:
        return sites_kept, NO_SCOPES
    ends = [extent for extent in extents if extent[1] > end]
    own = [site for site in stack if site.end > end and not any(site is other for other in around.stack)]
    visible = [site for site in sites_kept if site.kind and site.end > end]
    return sites_kept, _make_scopes(ends, own, visible, widest)


def scopes_below(around: EnclosingScopes, own: EnclosingScopes, end: int) -> EnclosingScopes:
    """The scopes around the part below another up to `end`; `own` begin in that part."""
    if own is NO_SCOPES and around.nearest > end:
        return around
    stack = [site for site in around.stack if site.end > end and site.end >= own.widest]
    return _make_scopes(
        [extent for extent in around.extents + own.extents if extent[1] > end],
        [*stack, *own.stack],
        [site for site in around.shown + own.shown if site.end > end],
    )


def _make_scopes(
    extents: list[ScopeExtent], stack: list[DefinitionSite], visible: list[DefinitionSite], widest: int = 0
) -> EnclosingScopes:
    ends = [*(extent[1] for extent in extents), *(site.end for site in (*stack, *visible))]
    return EnclosingScopes(
        tuple(extents), tuple(stack), tuple(visible), widest, min(ends, default=sys.maxsize)
    )


def shift_scopes(around: EnclosingScopes, by: int) -> EnclosingScopes:
    """The same scopes, so many bytes further down."""
    if not by or around is NO_SCOPES:
        return around
    stack, visible = (
        tuple([replace(site, at=site.at + by, start=site.start + by, end=site.end + by) for site in some])
        for some in (around.stack, around.shown)
    )
    extents = tuple([(start + by, end + by, function) for start, end, function in around.extents])
    return EnclosingScopes(extents, stack, visible, around.widest + by, around.nearest + by)


def _collect_sites(
    source: Source, matches: Iterable[QueryMatch], around: EnclosingScopes
) -> tuple[list[DefinitionSite], list[ScopeExtent]]:
    """Every definition and scope once, however many patterns match it.

    Also returns the extents of those that are not mere assignments, in source order.
    """
    sites: dict[int, DefinitionSite] = {}
    extras: list[tuple[int, dict[str, list[ByteSpan]]]] = []
    matches_by_place: list[tuple[int, str, dict[str, list[ByteSpan]]]] = []
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
            matches_by_place.append((rank, whole, captures))
        else:
            _add_match(source, sites, rank, whole, captures)
    extents = sorted(
        [(site.start, site.end, site.kind in FUNCTIONS) for site in sites.values()],
        key=lambda each: (each[0], -each[1]),
    )
    edges, within = _function_edges([*around.extents, *extents]) if matches_by_place else ([], [])
    for rank, whole, captures in matches_by_place:
        at = bisect_right(edges, start := captures[whole][0][0]) - 1
        # Nine of ten assignments in Python are local, and not worth a site. An assignment right at an edge
        # may have the same extent as the definition there, so it is kept.
        if at >= 0 and within[at] and edges[at] < start and captures["name"][0][0] not in sites:
            continue
        _add_match(source, sites, rank, whole, captures)
    for at, captures in extras:
        if site := sites.get(at):
            site.extend_to([start for start, _ in captures.get("outer", ())])
            site.add_doc(
                [source.text(at, min(end, at + doc_comments.MOST)) for at, end in captures.get("doc", ())]
            )
    return list(sites.values()), extents


def _add_match(
    source: Source,
    sites: dict[int, DefinitionSite],
    rank: int,
    whole: str,
    captures: dict[str, list[ByteSpan]],
) -> None:
    """Adds a match to what other matches found for the same name."""
    new = _site_of_match(source, rank, whole, captures)
    if new is None:
        return
    old_site = sites.get(new.at)
    if old_site is None:
        sites[new.at] = new
    elif old_site.rank <= rank:
        old_site.merge(new)
    else:
        new.merge(old_site)
        sites[new.at] = new


def _function_edges(extents: Iterable[ScopeExtent]) -> tuple[list[int], list[bool]]:
    """Offsets in order, and whether the innermost scope from there on is a function."""
    edges: list[int] = []
    within: list[bool] = []
    stack: list[ScopeExtent] = []

    def leave(until: int) -> None:
        edges.append(min(stack.pop()[1], until))
        within.append(bool(stack) and stack[-1][2])

    for extent in extents:
        while stack and (stack[-1][1] <= extent[0] or stack[-1][1] < extent[1]):
            leave(extent[0])
        stack.append(extent)
        edges.append(extent[0])
        within.append(extent[2])
    while stack:
        leave(stack[-1][1])
    return edges, within


def _site_of_match(
    source: Source, rank: int, whole: str, captures: dict[str, list[ByteSpan]]
) -> DefinitionSite | None:
    """One match as a site; `None` if its name is not a name."""
    start, end = source.trim(captures[whole][0])
    span = (captures.get("name") or captures["path"])[0]
    name = _readable_name(source.text(*span))
    parent = ""
    if "path" in captures:
        bare = re.sub(r"<[^<>]*>", "", name)
        if not re.fullmatch(r"[\w$#~]+(?:(?:::|[.:])[\w$#~]+)*", bare):
            return None
        parts = [part for part in re.split(r"::|[.:]", bare) if part not in _UNQUALIFIED]
        name = (parts or [""])[-1]
        parent = ".".join(parts[:-1])
    elif above := captures.get("parent"):
        parent = _readable_name(source.text(*above[0]))
    body = captures.get("body", [(-1, -1)])[0][0]
    kind = whole.removeprefix("def.") if whole.startswith("def.") else ""
    if kind == "assigned":
        kind = "constant" if _CONSTANT.fullmatch(name) else "variable"
    name = name.lstrip(":") if kind == "field" else name  # a Ruby symbol
    members = kind in _TYPES or whole == "scope.class"
    return DefinitionSite(span[0], name, kind, start, end, rank, body, parent, "", members) if name else None


def _readable_name(text: str) -> str:
    """A name as people say it: without quotes, on one line."""
    if len(text) <= NAME_CHARACTERS and text.isidentifier():
        return text
    name = " ".join(text[: 2 * NAME_CHARACTERS].split())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'`":
        name = name[1:-1]
    return name[:NAME_CHARACTERS]


def _add_parents(
    sites: list[DefinitionSite],
    keys: set[DefinitionKey],
    before: AbstractSet[DefinitionKey],
    around: EnclosingScopes,
) -> tuple[list[DefinitionSite], list[DefinitionSite]]:
    """The sites in source order, each with its parent, without local and repeated ones.

    Also returns the stack of those that are open after the last one.
    """
    sites.sort(key=lambda each: (each.start, -each.end, each.at))
    sites_kept: list[DefinitionSite] = []
    stack: list[DefinitionSite] = list(around.stack)
    for site in sites:
        while stack and (stack[-1].end <= site.start or stack[-1].end < site.end):
            stack.pop()
        above = _innermost(stack, site)
        local = above and above.kind in FUNCTIONS and site.kind in _LOCAL and not site.parent
        if local or len(stack) >= MAX_DEEP:
            continue
        if above and above.name == site.name and above.kind in _TYPES and site.kind in _TYPES:
            continue  # typedef struct node {...} node
        site.nest(above)
        if site.kind in _ONCE:
            key = site.qualified, site.kind
            again = key in keys or key in before
            keys.add(key)
            if again:
                continue
        sites_kept.append(site)
        if not stack or (stack[-1].start, stack[-1].end) != (site.start, site.end):
            stack.append(site)  # "const a = 1, b = 2" is two definitions with one extent
    return sites_kept, stack


def _innermost(stack: list[DefinitionSite], site: DefinitionSite) -> DefinitionSite | None:
    """The innermost open site that does not have the same extent."""
    for open_site in reversed(stack):
        if open_site.start != site.start or open_site.end != site.end:
            return open_site
    return None
