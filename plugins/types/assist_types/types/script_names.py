"""The names in a text of TypeScript or JavaScript. It knows no other file."""

from collections.abc import Callable, Iterator, Mapping

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_types.types.declarations import (
    UNKNOWN,
    NameDeclaration,
    TypedText,
    around,
    field_text,
    is_field,
)

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "generator_function",
        "arrow_function",
        "method_definition",
        "function_signature",
        "method_signature",
        "abstract_method_signature",
        "construct_signature",
        "call_signature",
        "function_type",
        "constructor_type",
    }
)
BLOCKS = frozenset(
    {
        "program",
        "statement_block",
        "for_statement",
        "for_in_statement",
        "switch_body",
        "class_static_block",
        "catch_clause",
    }
)
CLASSES = frozenset({"class_declaration", "abstract_class_declaration", "class"})
TYPES = CLASSES | {"interface_declaration", "enum_declaration", "type_alias_declaration"}
_SCOPES = FUNCTIONS | BLOCKS | TYPES
_OWN_THIS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "generator_function",
        "generator_function_declaration",
        "object",
    }
)
_VALUES_ONLY = frozenset({"variable_declarator", "function_declaration"})
_TYPES_ONLY = frozenset({"interface_declaration", "type_alias_declaration"})
_TARGETS = {
    "variable_declarator": "name",
    "for_in_statement": "left",
    "required_parameter": "pattern",
    "optional_parameter": "pattern",
    "catch_clause": "parameter",
}


def declarations(text: TypedText, name: str, at: int | None, space: str = "") -> tuple[NameDeclaration, ...]:
    """Find the declarations of a name at a byte, or at the top of the text; none if nothing there has one.

    The `space` is "type" or "value".
    """
    root = text.root
    if root is None:
        return ()
    node = root if at is None else text.node(at)
    if name == "this":
        return _this(node)
    while node is not None:
        if node.type in _SCOPES:
            found = tuple(_declarations_in(text, name, node, space))
            if found:
                return found
        node = node.parent
    return ()


def _this(node: tree_sitter.Node | None) -> tuple[NameDeclaration, ...]:
    is_static = False
    while node is not None:
        if node.type in CLASSES:
            return (NameDeclaration("cls" if is_static else "self", at=node.start_byte),)
        if node.type in _OWN_THIS:
            return (UNKNOWN,)
        if node.type in ("method_definition", "public_field_definition", "field_definition"):
            is_static = any(node_text(child) == "static" for child in node.children)
        node = node.parent
    return (UNKNOWN,)


def _declarations_in(
    text: TypedText, name: str, scope: tree_sitter.Node, space: str
) -> Iterator[NameDeclaration]:
    places = []
    for node in text.names(name, scope):
        above = node.parent
        if above is not None and space == "type" and above.type in _VALUES_ONLY:
            continue
        if above is not None and space == "value" and above.type in _TYPES_ONLY:
            continue
        found = _declaration(text, node)
        if found is not None and _scope_of(node) == scope:
            places.append(found)
    written = [found for found in places if found.kind in ("type", "class", "import")]
    yield from written or places
    if places and not written:
        yield from _assignments(text, name, scope)


def _scope_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The scope in which a definition's name is bound."""
    above = node.parent
    if above is None:
        return None
    if above.type == "type_parameter":
        return around(above.parent, _SCOPES)
    declared = above
    while declared.type in (
        "object_pattern",
        "array_pattern",
        "pair_pattern",
        "rest_pattern",
        "object_assignment_pattern",
        "assignment_pattern",
    ):
        if declared.parent is None:
            return None
        declared = declared.parent
    kinds = BLOCKS
    if declared.type in ("required_parameter", "optional_parameter", "formal_parameters", "arrow_function"):
        kinds = FUNCTIONS
    elif declared.type in ("for_in_statement", "catch_clause"):
        return declared
    elif declared.parent is not None and declared.parent.type == "variable_declaration":
        kinds = FUNCTIONS | {"program"}
    return around(declared if kinds is FUNCTIONS else declared.parent, kinds)


def _declaration(text: TypedText, node: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name at its place, None if it does not declare it."""
    above = node.parent
    if above is None:
        return None
    if above.type == "variable_declarator" and is_field(node, above, "name"):
        return _variable(text, above)
    if above.type in _BINDERS:
        field, read = _BINDERS[above.type]
        found = read(node, above) if not field or is_field(node, above, field) else None
        return found or _taken_apart(node)
    return _taken_apart(node)


def _taken_apart(node: tree_sitter.Node) -> NameDeclaration | None:
    """A name that a pattern binds."""
    above = node.parent
    inner = node
    if node.type not in ("identifier", "shorthand_property_identifier_pattern") or above is None:
        return None
    if above.type == "pair_pattern" and not is_field(node, above, "value"):
        return None
    if above.type in ("assignment_pattern", "object_assignment_pattern") and not is_field(
        node, above, "left"
    ):
        return None
    while above is not None and above.type.endswith("_pattern"):
        inner = above
        above = above.parent
    if inner == node or above is None:
        return None
    bound = above.type == "formal_parameters" or is_field(inner, above, _TARGETS.get(above.type, "none"))
    return _taken_member(node, inner, above) if bound else None


def _taken_member(
    node: tree_sitter.Node, pattern: tree_sitter.Node, above: tree_sitter.Node
) -> NameDeclaration:
    """Return the member that `{name}` or `{key: name}` takes from an object of a written value or type."""
    pair = node.parent if node.parent is not None and node.parent.type == "pair_pattern" else None
    holder = node.parent if pair is None else pair.parent
    if pattern.type != "object_pattern" or holder != pattern:
        return UNKNOWN
    key = node_text(node) if pair is None else field_text(pair, "key")
    typed = type_of(above)
    value = above.child_by_field_name("value") if above.type == "variable_declarator" else None
    if typed is not None:
        return NameDeclaration("value", f"(_ as {typed.text}).{key}", typed.at)
    return (
        UNKNOWN
        if value is None
        else NameDeclaration("value", f"({node_text(value)}).{key}", value.start_byte)
    )


def _is_changed(node: tree_sitter.Node, above: tree_sitter.Node) -> bool:
    """Say whether a statement makes something else, and unknown, of a variable."""
    if above.type == "augmented_assignment_expression":
        return is_field(node, above, "left")
    return above.type.endswith("_pattern") and around(above, frozenset({"assignment_expression"})) is not None


def type_of(node: tree_sitter.Node) -> NameDeclaration | None:
    """The annotation of a node, None without one."""
    kind = node.child_by_field_name("type")
    return (
        None
        if kind is None
        else NameDeclaration("type", node_text(kind).removeprefix(":").strip(), kind.start_byte)
    )


def _variable(text: TypedText, declarator: tree_sitter.Node) -> NameDeclaration:
    typed = type_of(declarator)
    value = declarator.child_by_field_name("value")
    if typed is not None:
        return typed
    loop = declarator.parent.parent if declarator.parent is not None else None
    if value is None:
        return (
            UNKNOWN
            if loop is not None and loop.type == "for_in_statement"
            else NameDeclaration("value", "null")
        )
    is_constant = declarator.parent is not None and node_text(declarator.parent).startswith("const")
    return value_of(value, is_constant and text.parsed.document.language.name != "javascript")


def value_of(value: tree_sitter.Node, is_constant: bool = False) -> NameDeclaration:
    """Return a declaration by a value; by an object only for a constant, which rarely gets other members."""
    if value.type in ("arrow_function", "function_expression"):
        return function_of(value)
    if value.type == "object":
        return NameDeclaration("self", at=value.start_byte) if is_constant else UNKNOWN
    return NameDeclaration("value", node_text(value), value.start_byte)


def _assignments(text: TypedText, name: str, scope: tree_sitter.Node) -> Iterator[NameDeclaration]:
    """Find the later assignments to a variable."""
    for node in text.names(name, scope):
        above = node.parent
        if above is None:
            continue
        if above.type == "assignment_expression" and is_field(node, above, "left"):
            value = above.child_by_field_name("right")
            yield UNKNOWN if value is None else value_of(value)
        elif _is_changed(node, above):
            yield UNKNOWN


def function_of(function: tree_sitter.Node) -> NameDeclaration:
    """A function with what it says it returns."""
    kind = function.child_by_field_name("return_type")
    if kind is None:
        return NameDeclaration("function", at=function.start_byte)
    return NameDeclaration("function", node_text(kind).removeprefix(":").strip(), kind.start_byte)


def _alias(declaration: tree_sitter.Node) -> NameDeclaration:
    value = declaration.child_by_field_name("value")
    if value is None:
        return UNKNOWN
    if value.type == "object_type":
        return NameDeclaration("class", at=value.start_byte)
    return NameDeclaration("alias", node_text(value), value.start_byte)


def _import_place(node: tree_sitter.Node, above: tree_sitter.Node) -> NameDeclaration | None:
    alias = above.child_by_field_name("alias")
    if above.type == "import_specifier" and alias is not None and node != alias:
        return None
    statement = around(above, frozenset({"import_statement"}))
    if statement is None:
        return None
    module = field_text(statement, "source").strip("\"'`")
    name = {"import_clause": "default", "namespace_import": ""}.get(above.type)
    taken = field_text(above, "name") if name is None else name
    return import_of(module, taken, node.start_byte) if module else UNKNOWN


def import_of(module: str, name: str, at: int) -> NameDeclaration:
    """A name that an import takes from a module."""
    return NameDeclaration("import", module, at, name=name, level=int(module.startswith(".")))


def _element(_: tree_sitter.Node, loop: tree_sitter.Node) -> NameDeclaration:
    """The variable of a loop."""
    right = loop.child_by_field_name("right")
    if right is None or field_text(loop, "operator") != "of":
        return UNKNOWN
    return NameDeclaration("element", node_text(right), right.start_byte)


def _class(_: tree_sitter.Node, above: tree_sitter.Node) -> NameDeclaration:
    return NameDeclaration("class", at=above.start_byte)


# How the node around a name declares it, and the field in which the name has to be.
_Declarer = tuple[str, Callable[[tree_sitter.Node, tree_sitter.Node], NameDeclaration | None]]
_BINDERS: Mapping[str, _Declarer] = {
    "required_parameter": ("pattern", lambda _, above: type_of(above) or UNKNOWN),
    "optional_parameter": ("pattern", lambda _, above: type_of(above) or UNKNOWN),
    "formal_parameters": ("", lambda *_: UNKNOWN),
    "arrow_function": ("parameter", lambda *_: UNKNOWN),
    "for_in_statement": ("left", _element),
    "catch_clause": ("parameter", lambda *_: UNKNOWN),
    "function_declaration": ("name", lambda _, above: function_of(above)),
    "function_signature": ("name", lambda _, above: function_of(above)),
    "generator_function_declaration": ("name", lambda *_: UNKNOWN),
    "type_alias_declaration": ("name", lambda _, above: _alias(above)),
    "type_parameter": ("name", lambda *_: UNKNOWN),
    "import_specifier": ("", _import_place),
    "import_clause": ("", _import_place),
    "namespace_import": ("", _import_place),
    "internal_module": ("name", _class),
    **dict.fromkeys((*CLASSES, "interface_declaration", "enum_declaration"), ("name", _class)),
}
