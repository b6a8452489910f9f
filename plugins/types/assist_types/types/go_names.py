"""The names and types in a text of Go. It knows no other file of its package."""

import re
from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_types.types.declarations import (
    UNKNOWN,
    ClassOutline,
    NameDeclaration,
    TypedText,
    around,
    field_text,
    is_field,
)

_FUNCTIONS = frozenset({"function_declaration", "method_declaration", "func_literal"})
_SPECS = frozenset({"type_spec", "type_alias"})
_VERSION = re.compile(r"/v\d+$|\.v\d+$")
_LISTS = frozenset({"expression_list"})


def declarations(text: TypedText, name: str, at: int | None, _: str = "") -> tuple[NameDeclaration, ...]:
    """Find the declarations of a name at a byte, or at the top of the text; none if nothing there has one."""
    if text.root is None:
        return ()
    node = text.root if at is None else text.node(at)
    while node is not None:
        if node.type in _FUNCTIONS or node.type in _SPECS or node.parent is None:
            places = ((place, _declaration(place)) for place in text.names(name, node))
            found = tuple(one for place, one in places if one is not None and _scope_of(place) == node)
            if found:
                return found
        node = node.parent
    return tuple(_imports(text.root, name))


def _scope_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The function in which a name is declared, or the text."""
    above = node.parent
    if above is not None and (
        above.type in _SPECS or above.type.startswith(("function_decl", "method_decl"))
    ):
        above = above.parent
    while above is not None and above.parent is not None:
        if above.type in _FUNCTIONS or above.type in _SPECS:
            return above
        above = above.parent
    return above


def _declaration(node: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name at its place, None if it does not declare it."""
    above = node.parent
    if above is None:
        return None
    found: NameDeclaration | None = None
    match above.type:
        case "parameter_declaration" | "variadic_parameter_declaration" if not is_field(node, above, "type"):
            spread = "..." if above.type.startswith("variadic") else ""
            found = NameDeclaration("type", f"{spread}{field_text(above, 'type')}", above.start_byte)
        case "var_spec" | "const_spec" if not is_field(node, above, "type"):
            found = _variable(node, above)
        case "function_declaration" if is_field(node, above, "name"):
            found = function_of(above)
        case "type_parameter_declaration":
            found = UNKNOWN
        case "expression_list":
            found = _target(node, above)
        case "type_spec" | "type_alias" if is_field(node, above, "name"):
            found = NameDeclaration("class", at=above.start_byte)
    return found


def function_of(function: tree_sitter.Node) -> NameDeclaration:
    """A function with what it returns: a type, or several in brackets."""
    result = function.child_by_field_name("result")
    at = function.start_byte if result is None else result.start_byte
    return NameDeclaration("function", node_text(result), at)


def _variable(node: tree_sitter.Node, spec: tree_sitter.Node) -> NameDeclaration | None:
    kind = spec.child_by_field_name("type")
    if kind is not None:
        return NameDeclaration("type", node_text(kind), kind.start_byte)
    names = [child for child in spec.children_by_field_name("name") if child.is_named]
    return _part(names.index(node), len(names), spec.child_by_field_name("value")) if node in names else None


def _target(node: tree_sitter.Node, targets: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name by `:=` or `range`."""
    statement = targets.parent
    if statement is None or not is_field(targets, statement, "left"):
        return UNKNOWN if statement is not None and statement.type == "type_switch_statement" else None
    names = targets.named_children
    if statement.type == "short_var_declaration":
        return _part(names.index(node), len(names), statement.child_by_field_name("right"))
    if statement.type == "range_clause" and node_text(statement).find(":=") > 0:
        right = statement.child_by_field_name("right")
        is_element = len(names) == 2 and names[1] == node and right is not None
        return (
            NameDeclaration("element", node_text(right), right.start_byte)
            if is_element and right
            else UNKNOWN
        )
    return UNKNOWN if statement.type == "receive_statement" else None


def _part(index: int, count: int, values: tree_sitter.Node | None) -> NameDeclaration:
    """One of the values on the right, or one of the results of the only one there."""
    given = [] if values is None else values.named_children if values.type in _LISTS else [values]
    if len(given) == count:
        value = given[index]
        if value.type == "type_assertion_expression":
            return NameDeclaration("type", field_text(value, "type"), value.start_byte)
        return NameDeclaration("value", node_text(value), value.start_byte)
    if len(given) != 1:
        return UNKNOWN
    if given[0].type == "type_assertion_expression" and index == 0:
        return NameDeclaration("type", field_text(given[0], "type"), given[0].start_byte)
    return NameDeclaration("value", node_text(given[0]), given[0].start_byte, part=index)


def _imports(root: tree_sitter.Node, name: str) -> Iterator[NameDeclaration]:
    """The package that a name means: its own name is the last part of its path, without a version."""
    for child in root.named_children:
        if child.type != "import_declaration":
            continue
        specs = [child, *child.named_children]
        for spec in (one for group in specs for one in group.named_children if one.type == "import_spec"):
            path = field_text(spec, "path").strip('"`')
            alias = field_text(spec, "name")
            last = _VERSION.sub("", path).rpartition("/")[2]
            if name == (alias or last) or (
                not alias and name == last.removeprefix("go-").removesuffix("-go")
            ):
                yield NameDeclaration("import", path, spec.start_byte)
                return


# --- Types ---


def type_name(text: TypedText, at: int) -> str:
    """The name of the type that is declared at a byte."""
    spec = _spec(text, at)
    return "" if spec is None else field_text(spec, "name")


def _spec(text: TypedText, at: int) -> tree_sitter.Node | None:
    spec = around(text.node(at), _SPECS)
    return spec if spec is not None and spec.start_byte == at else None


def outline(text: TypedText, at: int) -> ClassOutline:
    """Outline the type that is declared at a byte: fields, or methods of an interface."""
    spec = _spec(text, at)
    kind = None if spec is None else spec.child_by_field_name("type")
    if spec is None or kind is None or spec.has_error:
        return ClassOutline(whole=False)
    if kind.type not in ("struct_type", "interface_type"):
        named = kind.type in ("type_identifier", "qualified_type", "generic_type")
        bases = (NameDeclaration("type", node_text(kind), kind.start_byte),) if named else ()
        plain = named or kind.type in (
            "map_type",
            "slice_type",
            "array_type",
            "function_type",
            "channel_type",
        )
        return ClassOutline(frozenset(), bases, plain)
    names: set[str] = set()
    embedded: list[NameDeclaration] = []
    whole = True
    for member_ in _members(kind):
        found = [node_text(name) for name in member_.children_by_field_name("name")]
        names.update(found)
        if not found:
            base = member_.child_by_field_name("type") or next(iter(member_.named_children), None)
            whole = whole and base is not None and len(member_.named_children) <= 2
            written = "" if base is None else re.sub(r"\[.*", "", node_text(base)).lstrip("*")
            names.add(written.rpartition(".")[2])
            embedded.append(NameDeclaration("type", written, at))
    return ClassOutline(frozenset(names), tuple(embedded), whole)


def _members(kind: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    fields = next((child for child in kind.named_children if child.type == "field_declaration_list"), kind)
    yield from (child for child in fields.named_children if child.type != "comment")


def member(text: TypedText, at: int, name: str) -> tuple[NameDeclaration, ...]:
    """Find the declarations of a field in the type that is declared at a byte."""
    spec = _spec(text, at)
    kind = None if spec is None else spec.child_by_field_name("type")
    for member_ in _members(kind) if kind is not None else ():
        if name in [node_text(found) for found in member_.children_by_field_name("name")]:
            if member_.type in ("method_elem", "method_spec"):
                return (function_of(member_),)
            written = member_.child_by_field_name("type")
            return (NameDeclaration("type", node_text(written), member_.start_byte),)
    return ()


def method(text: TypedText, owner: str, name: str) -> tuple[NameDeclaration, ...]:
    """A method of a type in this text."""
    if text.root is None:
        return ()
    for place in text.names(name, text.root):
        above = place.parent
        named = above is not None and above.type == "method_declaration" and is_field(place, above, "name")
        if above is not None and named and re.search(rf"\b{owner}\b", field_text(above, "receiver")):
            return (function_of(above),)
    return ()


def module_outline(_: TypedText) -> ClassOutline:
    """Nothing: a package is more than one text."""
    return ClassOutline(whole=False)
