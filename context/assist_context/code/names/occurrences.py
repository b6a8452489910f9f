"""For one text and one name: which of its places mean the same, by the rules of the language.

Only places of names that are asked about are looked at, never the whole tree. It knows no other text. Broken
code is normal input: then less is bound.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import tree_sitter

from assist_context.code.names.bindings import Binding, NameTable, read_table, use_spaces
from assist_context.code.names.keywords import Called, bind_keywords, keyword_binding
from assist_context.code.names.members import MemberUse, bind_members, find_members, member_use
from assist_context.code.names.name_places import NamePlace, find_place
from assist_context.code.names.objects import ObjectReader
from assist_context.code.names.scope_rules import NO_RULES, scope_rules
from assist_context.code.trees.parsed_text import ParsedText, PlaceKind, node_text
from assist_context.documents import Cursor


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A place of a name. `binding` is what it means, equal for all that mean the same, `None` if not known.

    `what` is the kind of a definition, such as "function" or "parameter". A `member` is named through its
    object. `sure` is False if the object could also be another one. `shorthand` is "value" for a variable
    that names a key too, and "key" for that key, which is an occurrence of its own: `{a}` means `{a: a}`.
    """

    start: Cursor
    end: Cursor
    place: PlaceKind
    binding: Binding | None = None
    defines: bool = False
    member: bool = False
    what: str = ""
    sure: bool = True
    shorthand: str = ""


class NameReader:
    """Reads names of one text, each once. Without rules for its language nothing is bound.

    `within` are bytes of a function if only what is bound in it matters: then other places are not looked at.
    """

    def __init__(self, text: ParsedText, within: tuple[int, int] | None = None) -> None:
        self.parsed = text
        self.within = within
        self.rules = scope_rules(text.document.language.name) or NO_RULES
        self._tables: dict[str, NameTable] = {}
        self._uses: dict[str, dict[int, MemberUse]] = {}
        self._occurrences: dict[str, tuple[Occurrence, ...]] = {}

    @property
    def looked_at(self) -> int:
        """Return how many nodes were on the way to the places of all names so far."""
        return sum(table.looked_at for table in self._tables.values())

    def words(self, name: str) -> Iterator[tuple[int, int]]:
        """Find where a name is a whole word, as bytes."""
        first, last = self.within or (0, len(self.parsed.source.data))
        return (word for word in self.parsed.words(name) if first <= word[0] < last)

    def function_around(self, start: Cursor, end: Cursor) -> tuple[int, int] | None:
        """The bytes of the outermost function around a name, `None` at the top of the text."""
        place = self._place(self.parsed.byte(start), self.parsed.byte(end))
        functions = [scope for scope in place.scopes if scope.kind == "function"] if place is not None else []
        return functions[-1].node.byte_range if functions else None

    def occurrences(self, name: str) -> tuple[Occurrence, ...]:
        """All places of a name, in the order of the text, those in strings and comments too."""
        if name not in self._occurrences:
            self._occurrences[name] = tuple(self._read(name))
        return self._occurrences[name]

    def bound(self, name: str, start: Cursor, end: Cursor, key: bool = False) -> Binding | None:
        """Return what a name would mean where another one is now; with `key`, as the key of a shorthand."""
        place = self._place(self.parsed.byte(start), self.parsed.byte(end))
        if place is None:
            return None
        table = self._table(name)
        if place.rule.action == "keyword":
            return keyword_binding(table, self._members(name), place, self._callee)
        own = self._own_key(place)
        if key or own is not None:
            key_binding = member_use(self._objects(), table, place, key=True).binding
            return key_binding or (own if own in table.defined.values() else None)
        binding = table.lookup(place)
        if binding is not None or use_spaces(self.rules, place):
            return binding
        return member_use(self._objects(), table, place).binding

    def find_members(self, name: str, owner: str, space: str = "") -> tuple[Occurrence, ...]:
        """The places of a name that are members of a class of another text, which this one calls `owner`.

        `space` is that of the member's binding there.
        """
        starts = find_members(self._objects(), self._table(name), owner, space)
        return tuple(place for place in self.occurrences(name) if self.parsed.byte(place.start) in starts)

    def _table(self, name: str) -> NameTable:
        if name not in self._tables:
            self._tables[name] = read_table(self.parsed, self.rules, name, self.words(name))
        return self._tables[name]

    def _objects(self) -> ObjectReader:
        return ObjectReader(self.parsed, self.rules, self._table)

    def _members(self, name: str) -> dict[int, MemberUse]:
        if name not in self._uses:
            self._uses[name] = {}  # what a keyword of a call to itself sees
            self._uses[name] = bind_members(self._objects(), self._table(name))
        return self._uses[name]

    def _place(self, start: int, end: int) -> NamePlace | None:
        return find_place(self.parsed, self.rules, start, end)

    def _own_key(self, place: NamePlace) -> Binding | None:
        """Return what a key in an object means now, if nothing else says what the object has to be."""
        name = node_text(place.leaf)
        binding = self._table(name).defined.get(place.start)
        scope = next((scope for scope in place.scopes if scope.kind == "class"), None)
        is_weak = scope is not None and scope.node.type in self.rules.weak_owners
        return binding if is_weak and binding is not None and binding.level == "member" else None

    def _callee(self, node: tree_sitter.Node) -> Called | None:
        """Return what the name in a node is bound to, whether it is a member or not."""
        name = node_text(node)
        table = self._table(name)
        use = self._members(name).get(node.start_byte)
        place = self._place(node.start_byte, node.end_byte)
        binding = None if use is None else use.binding
        if use is None and place is not None:
            binding = table.defined.get(place.start) or table.lookup(place)
        return None if binding is None else (name, binding)

    def _read(self, name: str) -> Iterator[Occurrence]:
        if not name or not self.rules.names:
            return
        table = self._table(name)
        members = self._members(name)
        keywords = bind_keywords(table, members, self._callee)
        places = {place.start: place for place in table.places}
        for start, end in self.words(name):
            place = places.get(start)
            span = (self.parsed.cursor(start), self.parsed.cursor(end))
            if place is None:
                yield Occurrence(*span, self.parsed.kind(start, end))
                continue
            use = members.get(start) or keywords.get(start)
            key = members.get(-start - 1)
            binding = (use and use.binding) or table.defined.get(start) or table.lookup(place)
            defines = use.defines if use is not None else start in table.defined
            what = place.rule.kind if start in table.defined else "field" if defines else ""
            member = use is not None
            sure = use is None or use.sure
            shorthand = "value" if key is not None else ""
            yield Occurrence(*span, "code", binding, defines, member, what, sure, shorthand)
            if key is not None:
                yield Occurrence(*span, "code", key.binding, key.defines, True, "", key.sure, "key")
