"""Keyword arguments of a name, and the parameter or field that each sets in the called function.

It knows the definitions in one text only, and asks what the called name is bound to.
"""

from collections.abc import Callable, Iterator

import tree_sitter

from assist_context.code.names.bindings import Binding, NameTable
from assist_context.code.names.members import MemberUse
from assist_context.code.names.name_places import NamePlace
from assist_context.code.trees.parsed_text import node_text

CONSTRUCTORS = frozenset({"__init__", "__new__", "__call__"})
Called = tuple[str, Binding]  # a name and what it is bound to
BoundAt = Callable[[tree_sitter.Node], Called | None]


def bind_keywords(table: NameTable, members: dict[int, MemberUse], bound: BoundAt) -> dict[int, MemberUse]:
    """Bind keyword arguments, by their first byte; other functions' are left out."""
    keywords = [place for place in table.places if place.rule.action == "keyword"]
    bindings = {place.start: keyword_binding(table, members, place, bound) for place in keywords}
    return {start: MemberUse(binding) for start, binding in bindings.items() if binding is not None}


def keyword_binding(
    table: NameTable, members: dict[int, MemberUse], place: NamePlace, bound: BoundAt
) -> Binding | None:
    """Return what the table's name would mean as a keyword at a place, perhaps of another name."""
    callee = _callee(place)
    target = None if callee is None else bound(callee)
    if target is None:
        return None
    matches = {parameter for function, parameter in _functions(table, members, bound) if function == target}
    return matches.pop() if len(matches) == 1 else None


def _functions(
    table: NameTable, members: dict[int, MemberUse], bound: BoundAt
) -> Iterator[tuple[Called, Binding]]:
    """Yield what a call has to name for a keyword to be this name, and what the keyword then is bound to."""
    for place in table.places:
        binding = table.defined.get(place.start)
        if binding is None:
            continue
        use = members.get(place.start)
        scopes = [scope for scope in place.scopes if scope.node.child_by_field_name("name") is not None]
        if use is not None and scopes and use.defines:  # a field of a class whose constructor is generated
            names = [scopes[0].node]
        elif place.rule.kind == "parameter" and scopes and scopes[0] is place.scopes[0]:
            names = [scopes[0].node]
            own = names[0].child_by_field_name("name")
            if node_text(own) in CONSTRUCTORS and len(scopes) > 1:
                names = [scopes[1].node]
        else:
            continue
        name = names[0].child_by_field_name("name")
        function = None if name is None else bound(name)
        if function is not None:
            yield function, binding


def _callee(place: NamePlace) -> tree_sitter.Node | None:
    """The name that the call around a keyword ends with."""
    for index in range(place.definer, max(-1, place.definer - 3), -1):
        node = place.steps[index][0]
        if node.type == "call":
            function = node.child_by_field_name("function")
            while function is not None and function.type == "attribute":
                function = function.child_by_field_name("attribute")
            return function if function is not None and function.type == "identifier" else None
    return None
