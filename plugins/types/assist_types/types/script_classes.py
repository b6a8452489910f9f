"""The classes in a text of TypeScript or JavaScript, and its exports. It knows no other."""

from collections.abc import Iterator

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_types.types import script_names
from assist_types.types.declarations import (
    UNKNOWN,
    ClassOutline,
    NameDeclaration,
    TypedText,
    around,
    field_text,
    is_field,
    members_in,
)
from assist_types.types.script_names import (
    BLOCKS,
    CLASSES,
    FUNCTIONS,
    TYPES,
    function_of,
    import_of,
    type_of,
    value_of,
)
from assist_types.types.words import words_of

_SHAPES = CLASSES | {"interface_declaration", "enum_declaration", "object_type", "object", "internal_module"}


def declarations(text: TypedText, name: str, at: int | None, space: str = "") -> tuple[NameDeclaration, ...]:
    """Find the declarations of a name at a byte, or of an export of the text."""
    exported = tuple(_exports_of(text, name, text.root)) if at is None and text.root is not None else ()
    return exported or script_names.declarations(text, name, at, space)


def _exports_of(text: TypedText, name: str, root: tree_sitter.Node) -> Iterator[NameDeclaration]:
    """Find the exports of a module under a name that it does not have within."""
    if name == "default":
        for statement in root.named_children:
            if statement.type == "export_statement" and any(
                child.type == "default" for child in statement.children
            ):
                yield from _default(statement)
    for node in text.names(name, root):
        above = node.parent
        if above is None:
            continue
        export = around(above, frozenset({"export_statement"}))
        if export is None or above.type not in ("export_specifier", "namespace_export"):
            continue
        alias = above.child_by_field_name("alias")
        if above.type == "export_specifier" and alias is not None and node != alias:
            continue
        module = field_text(export, "source").strip("\"'`")
        taken = "" if above.type == "namespace_export" else field_text(above, "name")
        if module:
            yield import_of(module, taken, node.start_byte)
        elif taken != name:
            yield NameDeclaration("value", taken, root.start_byte)


def _default(statement: tree_sitter.Node) -> Iterator[NameDeclaration]:
    declared = statement.child_by_field_name("declaration")
    value = statement.child_by_field_name("value")
    if declared is not None and declared.type in TYPES:
        yield NameDeclaration("class", at=declared.start_byte)
    elif declared is not None:
        yield function_of(declared)
    elif value is not None:
        yield value_of(value, True)


def _shape_node(text: TypedText, at: int) -> tree_sitter.Node | None:
    node: tree_sitter.Node | None = text.node(at)
    while node is not None and node.start_byte == at:
        if node.is_named and node.type in _SHAPES:
            return node
        node = node.parent
    return None


def _same_declarations(text: TypedText, node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """All declarations of one text that make up the same class or interface."""
    name = field_text(node, "name")
    if not name or text.root is None:
        return [node]
    found = [
        place.parent
        for place in text.names(name, text.root)
        if place.parent is not None and place.parent.type in _SHAPES and is_field(place, place.parent, "name")
    ]
    scope = around(node.parent, BLOCKS)
    return [other for other in found if around(other.parent, BLOCKS) == scope] or [node]


def outline(text: TypedText, at: int) -> ClassOutline:
    """Outline the class, interface, enum or object that begins at a byte."""
    node = _shape_node(text, at)
    if node is None:
        return ClassOutline(whole=False)
    names: set[str] = set()
    bases: list[NameDeclaration] = []
    whole = True
    for declaration in _same_declarations(text, node):
        written = node_text(declaration)
        whole = whole and not declaration.has_error and not words_of("script").dynamic.search(written)
        if declaration.type in CLASSES:
            names |= members_in(declaration, "this")
        for member_ in _members(declaration):
            name = _name(member_)
            names.add(name)
            whole = whole and bool(name)
        bases += _bases(declaration)
    return ClassOutline(frozenset(names), tuple(bases), whole)


def _members(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The nodes that are members of a class, an interface, an object or a namespace."""
    body = node if node.type in ("object_type", "object") else node.child_by_field_name("body")
    for child in body.named_children if body is not None else ():
        if child.type in ("comment", "decorator", "class_static_block", "statement_block", ";"):
            continue
        if child.type == "method_definition" and field_text(child, "name") == "constructor":
            parameters = child.child_by_field_name("parameters")
            for parameter in parameters.named_children if parameters is not None else ():
                if any(mark.type in ("accessibility_modifier", "readonly") for mark in parameter.children):
                    yield parameter
        if node.type == "internal_module":
            yield from _declarations(child)
        else:
            yield child


def _declarations(statement: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """Yield the declarations in a statement of a module."""
    declared = (
        statement.child_by_field_name("declaration") if statement.type == "export_statement" else statement
    )
    if declared is not None and declared.type in ("lexical_declaration", "variable_declaration"):
        yield from declared.named_children
    elif declared is not None and declared.child_by_field_name("name") is not None:
        yield declared


def _name(member_: tree_sitter.Node) -> str:
    """The name of a member, "" if it is computed, or means any name."""
    if member_.type in (
        "property_identifier",
        "private_property_identifier",
        "shorthand_property_identifier",
    ):
        return node_text(member_)
    if member_.type == "string":
        return node_text(member_).strip("\"'")
    named = next(
        (
            each
            for key in ("name", "property", "key", "pattern")
            if (each := member_.child_by_field_name(key))
        ),
        None,
    )
    if named is None or named.type in ("computed_property_name", "object_pattern"):
        return ""
    if member_.type == "index_signature":
        return ""
    return node_text(named).strip("\"'")


def _bases(node: tree_sitter.Node) -> Iterator[NameDeclaration]:
    for child in node.named_children:
        if child.type == "class_heritage":
            clause = next((part for part in child.named_children if part.type == "extends_clause"), None)
            value = child.named_children[0] if clause is None and child.named_children else None
            if clause is not None:
                value = clause.child_by_field_name("value")
            if value is not None and value.type != "implements_clause":
                yield NameDeclaration("value", node_text(value), node.start_byte)
        elif child.type == "extends_type_clause":
            for base in child.named_children:
                yield NameDeclaration("type", node_text(base), node.start_byte)


def member(text: TypedText, at: int, name: str) -> tuple[NameDeclaration, ...]:
    """Find the declarations of a member in the class or interface that begins at a byte."""
    node = _shape_node(text, at)
    if node is None:
        return ()
    found = [
        _member(child)
        for declaration in _same_declarations(text, node)
        for child in _members(declaration)
        if _name(child) == name
    ]
    if found or node.type not in CLASSES:
        return tuple(found)
    return tuple(_fields(text, name, node))


def _member(node: tree_sitter.Node) -> NameDeclaration:
    is_read = any(child.type in ("get", "set") for child in node.children)
    if node.type in FUNCTIONS:
        function = function_of(node)
        if is_read:
            return NameDeclaration("type", function.text, function.at) if function.text else UNKNOWN
        return function if not any(child.type == "*" for child in node.children) else UNKNOWN
    if node.type in _SHAPES:
        return NameDeclaration("class", at=node.start_byte)
    typed = type_of(node)
    value = node.child_by_field_name("value")
    if typed is not None or value is None:
        return typed or UNKNOWN
    return value_of(value)


def _fields(text: TypedText, name: str, node: tree_sitter.Node) -> Iterator[NameDeclaration]:
    """Find the assignments to a field in the methods of a class."""
    for place in text.names(name, node):
        access = place.parent
        above = None if access is None else access.parent
        if (
            access is None
            or above is None
            or access.type != "member_expression"
            or field_text(access, "object") != "this"
        ):
            continue
        if above.type == "assignment_expression" and is_field(access, above, "left"):
            value = above.child_by_field_name("right")
            yield UNKNOWN if value is None else value_of(value)


def module_outline(text: TypedText) -> ClassOutline:
    """Outline the names that a module exports; `bases` are the modules whose names it all exports."""
    if text.root is None:
        return ClassOutline(whole=False)
    whole = not text.root.has_error and not words_of("script").dynamic_module.search(
        text.parsed.document.text
    )
    names: set[str] = set()
    bases: list[NameDeclaration] = []
    for statement in text.root.named_children:
        if statement.type != "export_statement":
            continue
        names |= {_name(declared) for declared in _declarations(statement)}
        kinds = {child.type for child in statement.children}
        names |= {"default"} & kinds
        module = field_text(statement, "source").strip("\"'`")
        if "*" in kinds and module:
            bases.append(import_of(module, "", statement.start_byte))
        for child in statement.named_children:
            if child.type == "namespace_export":
                names.add(node_text(child.named_children[0]) if child.named_children else "")
            for name in child.named_children if child.type == "export_clause" else ():
                names.add(node_text(name.child_by_field_name("alias") or name.child_by_field_name("name")))
    return ClassOutline(frozenset(names), tuple(bases), whole)
