"""The class, struct or object that the members of one name belong to.

Members with a definition belong to its owner. For all others the object in front of them is asked; `objects`
says what it is. An unknown object belongs to the only class that defines the member.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import tree_sitter

from assist_context.code.names.bindings import Binding, NameTable, follows_dot, name_owner
from assist_context.code.names.expected_types import expected_type
from assist_context.code.names.name_places import NamePlace, ScopeStep, find_receiver, match_rule
from assist_context.code.names.objects import (
    ELSEWHERE,
    UNKNOWN,
    ObjectReader,
    Owners,
    find_bases,
    self_scope,
)
from assist_context.code.names.scope_rules import FIELD, ScopeRules
from assist_context.code.trees.parsed_text import node_text


@dataclass(frozen=True, slots=True)
class MemberUse:
    """The binding of a member's place, if it has any. `sure`: the text says so, or it defines the member."""

    binding: Binding | None
    sure: bool = True
    defines: bool = False


@dataclass(frozen=True, slots=True)
class MemberDefinition:
    """A place that defines a member of `owner`, which is derived from `bases`. `weak`: of an object only."""

    place: NamePlace
    owner: str
    weak: bool
    bases: tuple[str, ...]


def bind_members(reader: ObjectReader, table: NameTable) -> dict[int, MemberUse]:
    """Return what the places of a name that are members are bound to, by their first byte."""
    uses = _bind(reader, table, "")
    return uses | _bind(reader, table, FIELD) if reader.rules.fields_apart else uses


def _bind(reader: ObjectReader, table: NameTable, space: str) -> dict[int, MemberUse]:
    rules = reader.rules
    places = _filter_places(rules, table, space)
    definitions = list(_definitions(reader, table, space))
    owners = _collect_owners(definitions)
    uses = {
        definition.place.start: MemberUse(
            Binding("member", (0, 0), space, owner=definition.owner), defines=True
        )
        for definition in definitions
    }
    for place in places:
        binding = table.defined.get(place.start)
        if binding is not None and owners.get(binding.owner):  # an object may have a type that is written
            use = _use_of_key(reader, place, owners, space)
            if use.binding is not None:
                uses[place.start] = use
    for place in places:
        if place.start not in uses and is_member(rules, place):
            uses[place.start] = _use(reader, place, owners, space)
        if _is_shorthand(rules, place):  # a key, too; its own byte is the variable's
            uses[-place.start - 1] = _use_of_key(reader, place, owners, space)
    return _merge(reader, uses, definitions) if rules.overrides else uses


def member_use(reader: ObjectReader, table: NameTable, place: NamePlace, key: bool = False) -> MemberUse:
    """Return what a member, or the key of a shorthand, would be bound to at a place of another name."""
    space = FIELD if is_field(reader.rules, place) else ""
    definitions = list(_definitions(reader, table, space))
    owners = _collect_owners(definitions)
    use = _use_of_key(reader, place, owners, space) if key else _use(reader, place, owners, space)
    return _merge(reader, {0: use}, definitions)[0] if reader.rules.overrides else use


def find_members(reader: ObjectReader, table: NameTable, owner: str, space: str) -> frozenset[int]:
    """The places, by their first byte, that are certainly members of a class that this text calls `owner`.

    `space` is FIELD for its fields, where they have names of their own.
    """
    owners = {f"{owner}@": False}
    places = set()
    for place in _filter_places(reader.rules, table, space):
        binding = table.defined.get(place.start)
        scope = next((scope for scope in place.scopes if scope.kind == "class"), None)
        if binding is not None and scope is not None and binding.level == "member":
            bases = find_bases(reader.rules, place, scope)
            if any(reader.of_class(base, owners) in owners for base in bases):
                places.add(place.start)  # a derived class defines it again
        elif is_member(reader.rules, place) and _owner(reader, place, owners) in owners:
            places.add(place.start)
    return frozenset(places)


def _is_shorthand(rules: ScopeRules, place: NamePlace) -> bool:
    """Return whether a variable is also the name of a key, as in `{a}`."""
    return place.leaf.type in rules.shorthands or place.rule.action == "shorthand"


def is_member(rules: ScopeRules, place: NamePlace) -> bool:
    """Return whether a place is a member of something, or a key that may be one."""
    action = place.rule.action
    if action == "tokens":
        return follows_dot(place)
    return action in ("member", "key") or (action == "use" and "member" in rules.names[place.leaf.type])


def is_field(rules: ScopeRules, place: NamePlace) -> bool:
    """Return whether a place can only be a field, in a language where fields have names of their own."""
    if not rules.fields_apart or _is_shorthand(rules, place):
        return bool(rules.fields_apart)
    match place.rule.action:
        case "define":
            return place.rule.kind in ("field", "property_parameter")
        case "tokens":
            after = place.leaf.next_sibling
            return node_text(place.leaf.prev_sibling) == "." and node_text(after)[:1] != "("
        case "member":
            above = place.node.parent
            is_call = above is not None and above.type == "call_expression"
            return place.node.type in rules.fields_apart and not is_call
    return place.rule.action == "key"


def _filter_places(rules: ScopeRules, table: NameTable, space: str) -> list[NamePlace]:
    """The places of a name that can be in a space."""
    return [place for place in table.places if is_field(rules, place) is (space == FIELD)]


def _definitions(reader: ObjectReader, table: NameTable, space: str) -> Iterator[MemberDefinition]:
    rules = reader.rules
    for place in _filter_places(rules, table, space):
        scope = next((scope for scope in place.scopes if scope.kind == "class"), None)
        binding = table.defined.get(place.start)
        if binding is not None and binding.level == "member":
            weak = scope is not None and scope.node.type in rules.weak_owners
            bases = () if scope is None else find_bases(rules, place, scope)
            yield MemberDefinition(place, binding.owner, weak, bases)
        elif (own := _scope_of_field(rules, place)) is not None:
            yield MemberDefinition(place, name_owner(rules, place, own), False, find_bases(rules, place, own))


def _collect_owners(definitions: Sequence[MemberDefinition]) -> dict[str, bool]:
    """The owners that define a member, and whether they are only an object's."""
    owners: dict[str, bool] = {}
    for definition in definitions:
        owners[definition.owner] = owners.get(definition.owner, True) and definition.weak
    return owners


def _scope_of_field(rules: ScopeRules, place: NamePlace) -> ScopeStep | None:
    """The class whose object gets a field at a place: `self.name = 1`."""
    front = find_receiver(rules, place.node) if place.rule.action == "member" else None
    word = node_text(front)
    if word not in rules.self_words:
        return None
    own = place.steps[place.definer][1]
    above = place.steps[place.definer - 1][0]
    if above.type == "assignment_expression":
        defines = own == "left"
    else:
        defines = match_rule(rules, place.steps, place.definer - 1, own)[0].action == "define"
    return self_scope(rules, place, word) if defines else None


def _use(reader: ObjectReader, place: NamePlace, owners: Owners, space: str) -> MemberUse:
    owner = _owner(reader, place, owners)
    if owner == ELSEWHERE:
        return MemberUse(None)
    if owner != UNKNOWN:
        return MemberUse(Binding("member", (0, 0), space, owner=owner))
    strong = [owner_name for owner_name, weak in owners.items() if not weak]
    if len(strong) != 1:
        return MemberUse(None)
    return MemberUse(Binding("member", (0, 0), space, owner=strong[0]), sure=False)


def _use_of_key(reader: ObjectReader, place: NamePlace, owners: Owners, space: str) -> MemberUse:
    owner = _owner_of_key(reader, place, owners)
    is_owned = owner not in (ELSEWHERE, UNKNOWN)
    return MemberUse(Binding("member", (0, 0), space, owner=owner) if is_owned else None)


def _owner(reader: ObjectReader, place: NamePlace, owners: Owners) -> str:
    rules = reader.rules
    if place.rule.action == "key":
        return _owner_of_key(reader, place, owners)
    if place.rule.action == "tokens":
        dot = place.leaf.prev_sibling
        front = None if dot is None else dot.prev_sibling
    else:
        front = find_receiver(rules, place.node)
    return UNKNOWN if front is None else reader.owner(front, place, owners)


def _owner_of_key(reader: ObjectReader, place: NamePlace, owners: Owners) -> str:
    """The owner of a key in a literal or a pattern, by the type that is written at it."""
    for index in range(len(place.steps) - 2, max(0, len(place.steps) - 6), -1):
        node = place.steps[index][0]
        if node.type in ("struct_expression", "struct_pattern", "composite_literal"):
            kind = node.child_by_field_name("name") or node.child_by_field_name("type")
            return UNKNOWN if kind is None else _owner_of_literal(reader, place, owners, kind)
        if node.type in ("object_pattern", "object"):
            return _owner_of_object(reader, place, owners, index)
    return UNKNOWN


def _owner_of_literal(reader: ObjectReader, place: NamePlace, owners: Owners, kind: tree_sitter.Node) -> str:
    """The owner of a literal's keys by its type or by that of its elements, which may be written there."""
    while (element := kind.child_by_field_name("element") or kind.child_by_field_name("value")) is not None:
        kind = element
    if kind.type == "struct_type":
        return next((f"@{node.start_byte}" for node in kind.named_children), UNKNOWN)
    return reader.of_type(kind, place, owners)


def _owner_of_object(reader: ObjectReader, place: NamePlace, owners: Owners, index: int) -> str:
    """The owner of the keys of the object, or the pattern of one, at an index of the steps."""
    above = place.steps[index - 1][0]
    if place.steps[index][0].type == "object":
        kind = expected_type(place.steps, index, reader.declaration)
    else:
        kind = above.child_by_field_name("type")
    if kind is not None:
        return reader.of_type(kind, place, owners)
    value = above.child_by_field_name("value")
    if above.type == "variable_declarator" and place.steps[index][0].type == "object_pattern":
        return UNKNOWN if value is None else reader.owner(value, place, owners)
    return UNKNOWN


def _merge(
    reader: ObjectReader, uses: dict[int, MemberUse], definitions: Sequence[MemberDefinition]
) -> dict[int, MemberUse]:
    """Gives a member the owner of its base, where a member that is defined again is the same."""
    owners = _collect_owners(definitions)
    bases: dict[str, tuple[str, ...]] = {}
    for definition in definitions:
        bases[definition.owner] = (*bases.get(definition.owner, ()), *definition.bases)
    roots = {owner: _root(reader, owner, owners, bases) for owner in owners}
    uses_by_start = {}
    for start, use in uses.items():
        binding = use.binding
        if binding is not None and roots.get(binding.owner, binding.owner) != binding.owner:
            binding = replace(binding, owner=roots[binding.owner])
        uses_by_start[start] = MemberUse(binding, use.sure, use.defines)
    return uses_by_start


def _root(reader: ObjectReader, owner: str, owners: Owners, bases: Mapping[str, tuple[str, ...]]) -> str:
    visited = {owner}
    while True:
        above = [reader.of_class(base, owners) for base in bases[owner]]
        bases_above = [heading for heading in above if heading in owners and heading not in visited]
        if not bases_above:
            return owner
        owner = bases_above[0]
        visited.add(owner)
