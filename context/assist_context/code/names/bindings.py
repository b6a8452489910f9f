"""The bindings of one name in the scopes of one text, before anyone asks what an object's members are.

It knows only the places of that name. A scope that defines it binds it as a whole, or from a place on.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

import tree_sitter

from assist_context.code.names.name_places import NamePlace, ScopeStep, find_place, find_receiver
from assist_context.code.names.scope_rules import ANY, FIELD, ScopeRules
from assist_context.code.trees.parsed_text import ParsedText, node_text

BindingLevel = Literal["local", "module", "member"]
_EVERYTHING = frozenset({"value", "type", "macro"})
# The spaces of a use that a role names; all others are looked up as their node says.
_SPACES = {
    "any": ANY,
    "export": ANY,
    "type": frozenset({"type"}),
    "label": frozenset({"label"}),
    "lifetime": frozenset({"lifetime"}),
    "macro": frozenset({"macro"}),
    "tokens": _EVERYTHING,
}
_NO_USES = frozenset({"foreign", "keyword", "key", "member"})


@dataclass(frozen=True, slots=True)
class Binding:
    """A name's meaning: equal for all places that mean the same. `scope` are the bytes where it is known.

    `since` is the byte from which it is known, 0 if that is the whole scope. `owner` is the class, struct or
    object of a member, as its name, "@" and where its scope starts.
    """

    level: BindingLevel
    scope: tuple[int, int]
    space: str = ""
    since: int = 0
    owner: str = ""


@dataclass(frozen=True, slots=True)
class BindingEntry:
    """A binding as a scope holds it. `bare`: "" always, else where a member is seen without its object."""

    binding: Binding
    spaces: frozenset[str]
    since: int = 0
    header: bool = False
    bare: str = ""


@dataclass(slots=True)
class NameTable:
    """The places of a name, what its scopes hold (by the node's id), and what each definition is bound to."""

    rules: ScopeRules
    places: list[NamePlace] = field(default_factory=list)
    entries: dict[int, list[BindingEntry]] = field(default_factory=dict)
    defined: dict[int, Binding] = field(default_factory=dict)  # by the place's first byte
    definitions: dict[Binding, list[NamePlace]] = field(default_factory=dict)  # `defined`, the other way
    looked_at: int = 0

    def lookup(self, place: NamePlace) -> Binding | None:
        """Return what the name would be bound to at a place, which may be one of another name."""
        spaces = use_spaces(self.rules, place)
        if spaces:
            return self.look_from(place.scopes, place.start, spaces)
        modules = _modules_of_path(self.rules, place)
        return self.look_from(modules, place.start, _EVERYTHING) if modules else None

    def look_from(self, scopes: tuple[ScopeStep, ...], start: int, spaces: frozenset[str]) -> Binding | None:
        """The binding that scopes, the innermost first, hold at a byte."""
        within = True  # whether no function was left on the way up
        for scope in scopes:
            entries = [
                entry
                for entry in self.entries.get(scope.node.id, ())
                if entry.since <= start
                and entry.spaces & spaces
                and (not scope.skipped or entry.header)
                and (within or entry.bare != "body")
                and entry.bare != "never"
            ]
            if entries:
                return max(entries, key=lambda each: each.since).binding
            within = within and (scope.skipped or scope.kind not in ("function", "comprehension"))
        return None


def _modules_of_path(rules: ScopeRules, place: NamePlace) -> tuple[ScopeStep, ...]:
    """The module that a path to a member names by a word: `super::name`."""
    front = find_receiver(rules, place.node) if place.rule.action == "member" else None
    if front is None or front.type not in rules.paths:
        return ()
    modules = [scope for scope in place.scopes if scope.kind == "module"]
    return tuple(modules[rules.paths[front.type] :][:1])


def use_spaces(rules: ScopeRules, place: NamePlace) -> frozenset[str]:
    """The spaces in which a place looks up its name; none for a member's, and for what is in another file."""
    action = place.rule.action
    if action == "key" and _is_value_key(rules, place):
        return rules.names[place.leaf.type]
    if action in _NO_USES or (action in _FOREIGN and _FOREIGN[action](place)):
        return frozenset()
    if action in _SPACES:
        return _SPACES[action]
    spaces = place.rule.spaces or rules.names[place.leaf.type]
    return frozenset() if "member" in spaces else spaces


def follows_dot(place: NamePlace) -> bool:
    """Return whether there is a dot before a token that the grammar leaves as it is."""
    before = place.leaf.prev_sibling
    return before is not None and before.type == "."


def _is_from_elsewhere(place: NamePlace) -> bool:
    """Return whether an export takes its names from another file."""
    return place.steps[max(0, place.definer - 2)][0].child_by_field_name("source") is not None


def _is_html(place: NamePlace) -> bool:
    return (place.leaf.text or b"")[:1].islower() and place.leaf.type == "identifier"


_FOREIGN = {"export": _is_from_elsewhere, "component": _is_html, "tokens": follows_dot}


def _is_value_key(rules: ScopeRules, place: NamePlace) -> bool:
    """Return whether the literal around a key has keys that are variables, as a map of Go."""
    for node, _ in place.steps[place.definer : max(0, place.definer - 4) : -1]:
        kind = node.child_by_field_name("type")
        if kind is not None:
            return kind.type in rules.value_keys
    return False


def _is_definition(rules: ScopeRules, place: NamePlace, name: str) -> bool:
    """Return whether a place defines the name; a capital in a pattern is a constant's in some languages."""
    constant = rules.constants and place.rule.kind == "variable" and name[:1].isupper()
    return place.rule.action == "define" and not constant


def read_table(text: ParsedText, rules: ScopeRules, name: str, words: Iterable[tuple[int, int]]) -> NameTable:
    """Finds what is a place of a name among some bytes that hold it, and binds its definitions."""
    table = NameTable(rules)
    for start, end in words:
        place = find_place(text, rules, start, end)
        if place is not None:
            table.places.append(place)
            table.looked_at += len(place.steps)
    redirections = _redirections(table)
    late: list[tuple[NamePlace, ScopeStep]] = []
    for place in table.places:
        if _is_definition(rules, place, name):
            scope = _find_scope(place)
            if scope is not None and scope.node.id in redirections:
                late.append((place, scope))
            else:
                _define(table, place, scope)
    for scope, outer in redirections.values():
        _redirect(table, scope, outer)
    for place, scope in late:
        entries = table.entries.get(scope.node.id)
        if entries:
            table.defined[place.start] = entries[0].binding
    _sort_definitions(table)
    return table


def _sort_definitions(table: NameTable) -> None:
    for place in table.places:
        if place.start in table.defined:
            table.definitions.setdefault(table.defined[place.start], []).append(place)


def _redirections(table: NameTable) -> dict[int, tuple[ScopeStep, tuple[ScopeStep, ...]]]:
    """The functions that say that the name is another scope's: with `global` the module's."""
    by_scope = {}
    for place in table.places:
        if place.rule.action in ("global", "nonlocal") and place.scopes:
            own, *outer = place.scopes
            scopes = tuple(outer[-1:] if place.rule.action == "global" else outer)
            by_scope[own.node.id] = (own, scopes)
    return by_scope


def _redirect(table: NameTable, scope: ScopeStep, outer: tuple[ScopeStep, ...]) -> None:
    spaces = frozenset(space for spaces in table.rules.names.values() for space in spaces)
    binding = table.look_from(outer, scope.node.start_byte, spaces)
    if binding is None and len(outer) == 1:  # only functions assign the module's name
        module = outer[0].node
        binding = Binding("module", module.byte_range)
        table.entries.setdefault(module.id, []).append(BindingEntry(binding, spaces))
    if binding is not None:
        table.entries[scope.node.id] = [BindingEntry(binding, spaces)]


def _find_scope(place: NamePlace) -> ScopeStep | None:
    """The scope in which a definition is known."""
    return next(_fitting(place), None)


def _fitting(place: NamePlace) -> Iterator[ScopeStep]:
    where = place.rule.where
    for scope in place.scopes:
        outer = scope.index < place.definer
        match where:
            case "around" | "rest":
                fits = outer and scope.kind != "prototype"
            case "function":
                fits = scope.kind in ("function", "module", "class")
            case "beyond":
                fits = outer and scope.kind not in ("function", "prototype")
            case "parameters":
                fits = scope.kind in ("function", "prototype")
            case _:
                fits = scope.kind != "prototype"
        if fits:
            yield scope


def _define(table: NameTable, place: NamePlace, scope: ScopeStep | None) -> None:
    rules = table.rules
    if scope is None:
        return
    spaces = place.rule.spaces
    if place.rule.where == "receiver":
        owner = _owner_named(place, _receiver_type(place), place.definer)
        table.defined[place.start] = Binding("member", (0, 0), owner=owner)
        return
    if place.rule.kind == "property_parameter":
        _define_property(table, place, scope)
        return
    if scope.kind == "class" and place.rule.where != "header":
        binding = Binding("member", (0, 0), owner=name_owner(rules, place, scope))
        bare = rules.bare_members or "never"
        entry = BindingEntry(binding, spaces, bare=bare)
    else:
        space = _space(rules, spaces)
        level: BindingLevel = "module" if scope.kind == "module" else "local"
        rest = place.rule.where == "rest" and scope.kind != "module"
        since = place.node.end_byte if rest else 0
        binding = Binding(level, scope.node.byte_range, space, since)
        entry = BindingEntry(binding, spaces, since, place.rule.where == "header")
    earlier = table.entries.setdefault(scope.node.id, [])
    if rules.reuse and place.rule.where == "rest" and earlier and earlier[-1].spaces & spaces:
        binding = earlier[-1].binding
    else:
        earlier.append(entry)
    table.defined[place.start] = binding


def _define_property(table: NameTable, place: NamePlace, scope: ScopeStep) -> None:
    """A parameter that is a field, too: one definition, seen in the function and as a member."""
    owner = next((scope for scope in place.scopes if scope.kind == "class"), None)
    if owner is not None:
        space = FIELD if table.rules.fields_apart else ""
        binding = Binding("member", (0, 0), space, owner=name_owner(table.rules, place, owner))
        entry = BindingEntry(binding, place.rule.spaces)
        table.entries.setdefault(scope.node.id, []).append(entry)
        table.defined[place.start] = binding


def _space(rules: ScopeRules, spaces: frozenset[str]) -> str:
    if rules.one_binding:
        spaces = spaces - ANY
    return " ".join(sorted(spaces - {"value"}))


def name_owner(rules: ScopeRules, place: NamePlace, scope: ScopeStep) -> str:
    """The class, struct or object of a scope around a place."""
    name = _owner_node(rules, place, scope)
    text = "" if name is None else last_word(name)
    return _owner_named(place, text, scope.index) if text else f"@{scope.node.start_byte}"


def _owner_node(rules: ScopeRules, place: NamePlace, scope: ScopeStep) -> tree_sitter.Node | None:
    """The node that names the owner of a scope: its own field, or that of a node shortly above."""
    first = scope.index if scope.node.child_by_field_name("body") is not None else scope.index - 1
    for index in range(first, max(-1, scope.index - 4), -1):
        node = place.steps[index][0]
        for owner_field in rules.owner_fields:
            name = node.child_by_field_name(owner_field)
            if name is not None:
                return name
        if node.type not in _SEEN_THROUGH:
            return None
    return None


# Between the members and the name of their owner.
_SEEN_THROUGH = frozenset(
    {
        "as_expression",
        "satisfies_expression",
        "parenthesized_expression",
        "struct_type",
        "intersection_type",
        "union_type",
    }
)


def _owner_named(place: NamePlace, name: str, index: int) -> str:
    """The owner that the node at an index names: the same name in another function is another owner."""
    above = (scope for scope in place.scopes if scope.index < index and scope.kind in ("function", "module"))
    scope = next(above, place.scopes[-1])
    return f"{name}@{scope.node.start_byte}"


def _receiver_type(place: NamePlace) -> str:
    receiver = place.node.child_by_field_name("receiver")
    types = [] if receiver is None else [leaf for leaf in _leaves(receiver) if leaf.type == "type_identifier"]
    return last_word(types[0]) if types else ""


def last_word(node: tree_sitter.Node) -> str:
    """The name that a node ends with, without type arguments: "C" of `a.b.C<T>`."""
    text = node_text(node)
    words = text.partition("<")[0].partition("[")[0].replace("::", ".").split(".")
    return words[-1].strip(" &*'\"?:")


def _leaves(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    if not node.child_count:
        yield node
    for child in node.children:
        yield from _leaves(child)
