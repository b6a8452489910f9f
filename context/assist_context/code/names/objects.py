"""The object in front of a member: the class or struct that owns its members, if a text says so.

An object is followed to what is written down about it: its own class, an annotation, the call that made it.
It knows one text, and no types that are not written there.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import tree_sitter

from assist_context.code.names.bindings import Binding, NameTable, last_word, name_owner
from assist_context.code.names.expected_types import element_type, plain_type
from assist_context.code.names.name_places import NamePlace, ScopeStep, find_place, find_receiver
from assist_context.code.names.scope_rules import ScopeRules
from assist_context.code.names.written_types import written_types
from assist_context.code.trees.parsed_text import ParsedText, node_text

DEEPEST = 5  # an object is followed through so many other names
ELSEWHERE = "elsewhere"  # an object that is certainly none of this text's
UNKNOWN = ""

Owners = Mapping[str, bool]  # the owners that define a member, and whether they are only an object's

_LITERAL = re.compile(
    r"string|integer|float|number|list|dictionary|array|regex|comprehension|lambda|arrow_function"
)
_CLASSES = frozenset({"class", "struct", "type", "enum", "namespace", "import"})
_WORD = re.compile(r"\w+")


@dataclass(slots=True)
class ObjectReader:
    """Follows objects in one text. `table` gives the places and scopes of any name, each made once."""

    parsed: ParsedText
    rules: ScopeRules
    table: Callable[[str], NameTable]

    def owner(self, node: tree_sitter.Node, place: NamePlace, owners: Owners, depth: int = 0) -> str:
        """Return which of the owners an object at a place is, `ELSEWHERE` or `UNKNOWN`."""
        if depth > DEEPEST:
            return UNKNOWN
        text = node_text(node)
        if text in self.rules.self_words:
            return self.enclosing(place, owners, text)
        if node.type in self.rules.names:
            return self._of_name(node, owners, depth)
        return self._resolve_expression(node, place, owners, depth)

    def _resolve_expression(
        self, node: tree_sitter.Node, place: NamePlace, owners: Owners, depth: int
    ) -> str:
        kind = node.type
        if kind in self.rules.wrappers:
            inner = node.named_children
            return self.owner(inner[0], place, owners, depth + 1) if len(inner) == 1 else UNKNOWN
        if kind in self.rules.calls:
            return self._resolve_call(node, place, owners, depth)
        if kind == "super":
            return self._above(place, owners)
        if kind in self.rules.literals:
            class_node = node.child_by_field_name(self.rules.literals[kind])
            return UNKNOWN if class_node is None else self.of_class(last_word(class_node), owners, depth)
        if kind in self.rules.receivers:
            return self._resolve_member(node, place, owners, depth)
        return ELSEWHERE if _LITERAL.search(kind) else UNKNOWN

    def enclosing(self, place: NamePlace, owners: Owners, word: str) -> str:
        """The owner that `self` or `this` means at a place: the class, or a base of it."""
        scope = self_scope(self.rules, place, word)
        if scope is None:
            return UNKNOWN
        own = name_owner(self.rules, place, scope)
        if own in owners:
            return own
        return self._resolve_bases(find_bases(self.rules, place, scope), owners, 1)

    def _above(self, place: NamePlace, owners: Owners) -> str:
        """The owner that `super` means at a place."""
        scope = next((scope for scope in place.scopes if scope.kind == "class"), None)
        return (
            UNKNOWN if scope is None else self._resolve_bases(find_bases(self.rules, place, scope), owners, 1)
        )

    def of_type(self, kind: tree_sitter.Node, place: NamePlace, owners: Owners, depth: int = 0) -> str:
        """The owner that a written type names, or that it is."""
        plain = plain_type(kind)
        if plain is not None and plain.type == "object_type":
            return f"@{plain.start_byte}" if f"@{plain.start_byte}" in owners else ELSEWHERE
        names = written_types(node_text(kind))
        own = next((name for name in names if name in self.rules.self_words), None)
        if own is not None:
            return self.enclosing(place, owners, own)
        results = [self.of_class(name, owners, depth + 1) for name in names]
        return next((owner for owner in results if owner not in (ELSEWHERE, UNKNOWN)), ELSEWHERE)

    def declaration(self, node: tree_sitter.Node) -> tree_sitter.Node | None:
        """The node that defines the name in a node, `None` if it has no name or several definitions."""
        if node.type not in self.rules.names:
            return None
        table = self.table(node_text(node))
        place = find_place(self.parsed, self.rules, node.start_byte, node.end_byte)
        binding = None if place is None else table.lookup(place)
        places = [] if binding is None else table.definitions.get(binding, [])
        return places[0].node if len(places) == 1 else None

    def of_class(self, name: str, owners: Owners, depth: int = 0) -> str:
        """The owner of a name: the class itself, or a base of it."""
        own = next((owner for owner in owners if owner.startswith(f"{name}@")), None)
        if own is not None:
            return own
        if depth > DEEPEST:
            return UNKNOWN
        table = self.table(name)
        bases = [
            base
            for place in table.places
            if place.start in table.defined and place.rule.kind in _CLASSES
            for base in _list_bases(self.rules, place.node)
        ]
        return self._resolve_bases(tuple(bases), owners, depth + 1)

    def _resolve_bases(self, bases: tuple[str, ...], owners: Owners, depth: int) -> str:
        results = (self.of_class(base, owners, depth) for base in bases)
        return next((owner for owner in results if owner not in (ELSEWHERE, UNKNOWN)), ELSEWHERE)

    def _of_name(self, node: tree_sitter.Node, owners: Owners, depth: int) -> str:
        name = node_text(next(iter(node.named_children), node))  # without a sigil
        table = self.table(name)
        place = find_place(self.parsed, self.rules, node.start_byte, node.end_byte)
        binding = None if place is None else table.defined.get(place.start) or table.lookup(place)
        if binding is None:
            return ELSEWHERE
        return self._resolve_binding(table, binding, name, owners, depth)

    def _resolve_binding(
        self, table: NameTable, binding: Binding, name: str, owners: Owners, depth: int
    ) -> str:
        places = table.definitions.get(binding, ())
        results = (self._resolve_definition(place, name, owners, depth + 1) for place in places)
        return next((owner for owner in results if owner != UNKNOWN), UNKNOWN)

    def _resolve_definition(self, place: NamePlace, name: str, owners: Owners, depth: int) -> str:
        """Return what a name is by one of its definitions."""
        kind = place.rule.kind
        if kind in _CLASSES:
            return self.of_class(name, owners, depth)
        if kind in ("function", "method", "macro"):
            return ELSEWHERE
        direct = all(step[0].type in _DIRECT for step in place.steps[place.definer + 1 : -1])
        if not direct:
            return UNKNOWN
        type_node = place.node.child_by_field_name("type") or place.steps[place.definer - 1][
            0
        ].child_by_field_name("type")
        if type_node is not None and place.node.type != "type_switch_statement":
            return self.of_type(type_node, place, owners, depth)
        if kind == "parameter":
            return self.enclosing(place, owners, name) if _is_receiver(self.rules, place) else UNKNOWN
        of_value = self._resolve_element if place.node.type == "for_in_statement" else self._of_value
        return of_value(place, name, owners, depth)

    def _resolve_element(self, place: NamePlace, _: str, owners: Owners, depth: int) -> str:
        """Return what the variable of a loop is, by the type of the array."""
        array = place.node.child_by_field_name("right")
        declaration = None if array is None else self.declaration(array)
        type_node = None if declaration is None else declaration.child_by_field_name("type")
        element = element_type(plain_type(type_node))
        return UNKNOWN if element is None else self.of_type(element, place, owners, depth)

    def _of_value(self, place: NamePlace, name: str, owners: Owners, depth: int) -> str:
        value = _value(self.rules, place)
        if value is None:
            return UNKNOWN
        if value.type in self.rules.weak_owners:
            return self.of_class(name, owners, depth)
        owner_name = self.owner(value, place, owners, depth)
        # Python's `with` gives what the object's `__enter__` returns: mostly itself, if it has one.
        is_entered = place.steps[place.definer - 1][0].type == "with_item"
        return UNKNOWN if is_entered and owner_name == ELSEWHERE else owner_name

    def _resolve_call(self, node: tree_sitter.Node, place: NamePlace, owners: Owners, depth: int) -> str:
        """Return what a call makes: an instance of the class, or what the function says it returns."""
        field = self.rules.calls[node.type]
        callee = node.child_by_field_name(field) if field else node.named_children[0]
        if callee is None:
            return UNKNOWN
        if callee.text == b"super":
            return self._above(place, owners)
        if callee.type in ("identifier", "type_identifier"):
            return self._resolve_function(callee, place, owners, depth)
        path = callee.child_by_field_name("path")
        if path is not None:  # Type::new()
            return self.owner(path, place, owners, depth + 1)
        if callee.type in self.rules.receivers:
            own = self._resolve_member(callee, place, owners, depth)
            return ELSEWHERE if own == ELSEWHERE else UNKNOWN
        return UNKNOWN

    def _resolve_function(
        self, callee: tree_sitter.Node, place: NamePlace, owners: Owners, depth: int
    ) -> str:
        name = last_word(callee)
        table = self.table(name)
        at = find_place(self.parsed, self.rules, callee.start_byte, callee.end_byte)
        binding = None if at is None else table.lookup(at)
        for definition in () if binding is None else table.definitions.get(binding, ()):
            if definition.rule.kind in _CLASSES:
                return self.of_class(name, owners, depth + 1)
            for function in (definition.node, definition.node.child_by_field_name("value")):
                for field_name in ("return_type", "result"):
                    type_node = None if function is None else function.child_by_field_name(field_name)
                    if type_node is not None:
                        return self.of_type(type_node, place, owners, depth + 1)
        return ELSEWHERE if binding is None else UNKNOWN

    def _resolve_member(self, node: tree_sitter.Node, place: NamePlace, owners: Owners, depth: int) -> str:
        """Resolve a member of an object: known for members of `self`, and for none of an object elsewhere."""
        front = find_receiver(self.rules, node)
        if front is None:
            return UNKNOWN
        if node_text(front) not in self.rules.self_words:
            return ELSEWHERE if self.owner(front, place, owners, depth + 1) == ELSEWHERE else UNKNOWN
        name = last_word(node)
        table = self.table(name)
        for other in table.places:
            if other.rule.action == "member" and _is_same_class(self.rules, other, place):
                value = _value(self.rules, other, other.definer - 1)
                around = other.steps[other.definer - 1][0]
                type_node = around.child_by_field_name("type")
                if type_node is not None:
                    return self.of_type(type_node, other, owners, depth + 1)
                if value is not None:
                    return self.owner(value, other, owners, depth + 1)
            elif other.start in table.defined and table.defined[other.start].level == "member":
                type_node = other.node.child_by_field_name("type")
                if type_node is not None and _is_same_class(self.rules, other, place):
                    return self.of_type(type_node, other, owners, depth + 1)
        return UNKNOWN


# Between a definition and its name, where the name has the type that is written.
_DIRECT = frozenset(
    {
        "type",
        "pointer_declarator",
        "reference_declarator",
        "expression_list",
        "mut_pattern",
        "as_pattern_target",
    }
)


def self_scope(rules: ScopeRules, place: NamePlace, word: str) -> ScopeStep | None:
    """The scope of the class, or of the object, that `self` or `this` means at a place."""
    scopes = iter(place.scopes)
    if rules.bare_members == "body":  # a parameter, by whatever name
        for scope in scopes:
            if scope.kind == "function" and _first_parameter(scope.node) == word:
                own = next(scopes, None)
                return own if own is not None and own.kind == "class" else None
        return None
    for scope in scopes:
        if scope.kind == "class":
            return scope
        if scope.node.type in rules.own_this:
            return None
    return None


def _first_parameter(function: tree_sitter.Node) -> str:
    parameters = function.child_by_field_name("parameters")
    first = parameters.named_children[:1] if parameters is not None else []
    return node_text(first[0]) if first else ""


def find_bases(rules: ScopeRules, place: NamePlace, scope: ScopeStep) -> tuple[str, ...]:
    """The names of what the class of a scope is derived from."""
    is_whole = scope.node.child_by_field_name("body") is not None  # else it is the body
    index = scope.index if is_whole else scope.index - 1
    return _list_bases(rules, place.steps[index][0]) if index >= 0 else ()


def _list_bases(rules: ScopeRules, node: tree_sitter.Node) -> tuple[str, ...]:
    keys = {fields[1] for fields in rules.owners.values() if fields[1]}
    results = []
    for at, child in enumerate(node.children):
        if child.type in keys or node.field_name_for_child(at) in keys:
            results += _WORD.findall(node_text(child))
    return tuple(results)


def _value(rules: ScopeRules, place: NamePlace, index: int | None = None) -> tree_sitter.Node | None:
    """The value that a definition gives the name, if no other name gets it."""
    node = place.steps[place.definer if index is None else index][0]
    if node.type not in rules.values:
        return None
    if node.type == "as_pattern":
        return node.named_children[0]
    targets = node.child_by_field_name("left") or node.child_by_field_name("pattern")
    if targets is not None and targets.type == "expression_list" and targets.named_child_count != 1:
        return None
    return node.child_by_field_name(rules.values[node.type])


def _is_receiver(rules: ScopeRules, place: NamePlace) -> bool:
    """Return whether a parameter is the first one of a method, where that is the object itself."""
    if not rules.self_words or rules.bare_members != "body":
        return False
    above = place.node
    function = place.scopes[0]
    outer = next((scope for scope in place.scopes if scope.index < function.index), None)
    first = above.named_children[0] if above.named_children else None
    return (
        outer is not None and outer.kind == "class" and first is not None and first.start_byte == place.start
    )


def _is_same_class(rules: ScopeRules, one: NamePlace, other: NamePlace) -> bool:
    scopes = [next((s for s in place.scopes if s.kind == "class"), None) for place in (one, other)]
    if scopes[0] is None or scopes[1] is None:
        return False
    return name_owner(rules, one, scopes[0]) == name_owner(rules, other, scopes[1])
