"""The names and types in a text of Rust. It knows no other file.

Of a type only its fields are told for certain: a method may be of any trait.
"""

import re
from collections.abc import Callable, Iterator, Mapping

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

_TYPES = frozenset({"struct_item", "enum_item", "union_item"})
_SCOPES = frozenset({"function_item", "function_signature_item", "impl_item", "trait_item", *_TYPES})
_PATTERNS = re.compile(r"pattern|closure_parameters|let_condition|let_chain|captured")
_FRONTS = frozenset({"mut_pattern", "ref_pattern", "reference_pattern"})
# Attributes that leave the fields of a struct as they are.
_PLAIN = re.compile(r"#\[(?:derive|cfg|cfg_attr|allow|doc|repr|non_exhaustive|must_use|serde|deprecated)\b")


def declarations(text: TypedText, name: str, at: int | None, _: str = "") -> tuple[NameDeclaration, ...]:
    """Find the declarations of a name at a byte, or at the top of the text; none if nothing there has one."""
    if text.root is None:
        return ()
    node = text.root if at is None else text.node(at)
    if name in ("self", "Self"):
        return _own(node, name)
    while node is not None:
        if node.type in _SCOPES or node.parent is None:
            places = ((place, _declaration(place)) for place in text.names(name, node))
            found = tuple(one for place, one in places if one is not None and _scope_of(place) == node)
            if found:
                return found
        node = node.parent
    return ()


def _own(node: tree_sitter.Node | None, name: str) -> tuple[NameDeclaration, ...]:
    """The type of the block of methods around a node."""
    block = around(node, frozenset({"impl_item", "trait_item"}))
    kind = block.child_by_field_name("type") if block is not None and block.type == "impl_item" else None
    if kind is None:
        return (UNKNOWN,)
    return (NameDeclaration("type" if name == "self" else "alias", node_text(kind), kind.start_byte),)


def _scope_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The function or item in which a name is declared, or the text."""
    above = node.parent
    if above is not None and above.type in _SCOPES and is_field(node, above, "name"):
        above = above.parent
    while above is not None and above.parent is not None and above.type not in _SCOPES:
        above = above.parent
    return above


def _declaration(node: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name at its place, None if it does not declare it."""
    inner = node
    above = node.parent
    while above is not None and above.type in _FRONTS:
        inner = above
        above = above.parent
    if above is None:
        return None
    if above.type in _ITEMS and is_field(node, above, "name"):
        return _ITEMS[above.type](above)
    if above.type in ("parameter", "let_declaration") and is_field(inner, above, "pattern"):
        return _variable(above)
    if above.type == "for_expression" and is_field(inner, above, "pattern"):
        value = above.child_by_field_name("value")
        return UNKNOWN if value is None else NameDeclaration("element", node_text(value), value.start_byte)
    if above.type in ("use_declaration", "use_list", "use_as_clause", "scoped_identifier"):
        return _import(node, above)
    bound = _PATTERNS.search(above.type) is not None and not is_field(node, above, "type")
    return UNKNOWN if bound or "type_parameter" in above.type else None


def _variable(node: tree_sitter.Node) -> NameDeclaration:
    kind = node.child_by_field_name("type")
    value = node.child_by_field_name("value")
    if kind is not None:
        return NameDeclaration("type", node_text(kind), kind.start_byte)
    return UNKNOWN if value is None else NameDeclaration("value", node_text(value), value.start_byte)


def _function(function: tree_sitter.Node) -> NameDeclaration:
    kind = function.child_by_field_name("return_type")
    at = function.start_byte if kind is None else kind.start_byte
    is_async = "async" in node_text(function).partition("fn")[0]
    return NameDeclaration("function", "" if is_async else node_text(kind), at)


def _alias(node: tree_sitter.Node) -> NameDeclaration:
    kind = node.child_by_field_name("type")
    return UNKNOWN if kind is None else NameDeclaration("alias", node_text(kind), kind.start_byte)


# How an item declares its name.
_ITEMS: Mapping[str, Callable[[tree_sitter.Node], NameDeclaration]] = {
    "function_item": _function,
    "function_signature_item": _function,
    "type_item": _alias,
    "const_item": _variable,
    "static_item": _variable,
    "trait_item": lambda _: UNKNOWN,
    "mod_item": lambda _: UNKNOWN,
    "associated_type": lambda _: UNKNOWN,
    **dict.fromkeys(_TYPES, lambda item: NameDeclaration("class", at=item.start_byte)),
}


def _import(node: tree_sitter.Node, above: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name by a `use`."""
    if above.type == "use_as_clause":
        if not is_field(node, above, "alias"):
            return None
        path = field_text(above, "path")
    elif above.type == "scoped_identifier":
        if not is_field(node, above, "name") or above.parent is None or "use" not in above.parent.type:
            return None
        if above.parent.type in ("use_as_clause", "scoped_use_list"):
            return None
        path = node_text(above)
    else:
        path = node_text(node)
    outer = above.parent
    while outer is not None and outer.type != "source_file":
        if outer.type == "scoped_use_list":
            path = f"{field_text(outer, 'path')}::{path}"
        outer = outer.parent
    module, _, name = path.rpartition("::")
    return NameDeclaration("import", module, node.start_byte, name=name) if module else UNKNOWN


def _item(text: TypedText, at: int) -> tree_sitter.Node | None:
    node = around(text.node(at), _TYPES)
    return node if node is not None and node.start_byte == at else None


def outline(text: TypedText, at: int) -> ClassOutline:
    """The fields of the struct that begins at a byte; an enum has none."""
    node = _item(text, at)
    if node is None or node.has_error:
        return ClassOutline(whole=False)
    name = field_text(node, "name")
    derefs = re.search(rf"\bDeref\s+for\s+{name}\b", text.parsed.document.text) is not None
    before = node.prev_sibling
    whole = not derefs
    while before is not None and before.type in ("attribute_item", "line_comment", "block_comment"):
        whole = whole and (before.type != "attribute_item" or _PLAIN.match(node_text(before)) is not None)
        before = before.prev_sibling
    return ClassOutline(
        frozenset(node_text(field.child_by_field_name("name")) for field in _fields(node)), (), whole
    )


def _fields(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    body = node.child_by_field_name("body")
    if body is not None and node.type != "enum_item":
        yield from (child for child in body.named_children if child.type == "field_declaration")


def member(text: TypedText, at: int, name: str) -> tuple[NameDeclaration, ...]:
    """A field of the struct that begins at a byte, or one of the methods that this text gives it."""
    node = _item(text, at)
    if node is None or text.root is None:
        return ()
    for field in _fields(node):
        if field_text(field, "name") == name:
            return (_variable(field),)
    owner = field_text(node, "name")
    for place in text.names(name, text.root):
        block = around(place, frozenset({"impl_item"}))
        function = place.parent
        if block is None or function is None or function.type != "function_item":
            continue
        if is_field(place, function, "name") and re.match(rf"{owner}\b", field_text(block, "type")):
            return (_function(function),)
    return ()


def module_outline(_: TypedText) -> ClassOutline:
    """Nothing: macros make names."""
    return ClassOutline(whole=False)
