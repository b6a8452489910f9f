"""The declared type of an object literal, by its position: TypeScript and JavaScript.

It goes up from the literal to the next annotation, and down again through what that says of keys and
elements. It returns nodes of the tree; whose members they are is known elsewhere.
"""

from collections.abc import Callable, Sequence

import tree_sitter

from assist_context.code.names.name_places import Step
from assist_context.code.trees.parsed_text import node_text

Declaration = Callable[[tree_sitter.Node], tree_sitter.Node | None]  # where a name in a node is defined
_CLEAR = frozenset({"type_annotation", "readonly_type", "parenthesized_type", "union_type"})
_FUNCTIONS = frozenset({"function_declaration", "arrow_function", "method_definition", "function_expression"})
_NOTHING = frozenset({"undefined", "null", "literal_type", "predefined_type"})


def expected_type(steps: Sequence[Step], index: int, declaration: Declaration) -> tree_sitter.Node | None:
    """The type that is expected of the expression at an index of the steps, `None` if none is written."""
    above = steps[index - 1][0]
    type_node: tree_sitter.Node | None = None
    match above.type:
        case "variable_declarator" | "public_field_definition" | "required_parameter" | "optional_parameter":
            type_node = above.child_by_field_name("type")
        case "as_expression" | "satisfies_expression":
            type_node = above.named_children[-1]
        case "parenthesized_expression":
            type_node = expected_type(steps, index - 1, declaration)
        case "pair":
            key = above.child_by_field_name("key")
            outer_type = expected_type(steps, index - 2, declaration)
            type_node = _member_type(outer_type, _text(key), declaration)
        case "array":
            type_node = element_type(expected_type(steps, index - 1, declaration))
        case "return_statement" | "arrow_function":
            type_node = _return_type(steps, index)
        case "arguments":
            type_node = _parameter_type(above, steps[index][0], declaration)
    return plain_type(type_node)


def plain_type(node: tree_sitter.Node | None) -> tree_sitter.Node | None:
    """A type without what does not matter for its members: a colon, `readonly`, `| undefined`."""
    while node is not None and node.type in _CLEAR:
        inner = [child for child in node.named_children if child.type not in _NOTHING]
        inner = [child for child in inner if _text(child) not in _NOTHING]
        node = inner[0] if len(inner) == 1 else None
    return node


def element_type(node: tree_sitter.Node | None) -> tree_sitter.Node | None:
    """Return what is in an array of a type."""
    if node is not None and node.type == "array_type":
        return plain_type(node.named_children[0])
    return _argument(node, ("Array", "ReadonlyArray", "Set", "Iterable"), 0)


def _member_type(
    node: tree_sitter.Node | None, key: str, declaration: Declaration
) -> tree_sitter.Node | None:
    """Return what a type says of one of its keys, where it is written or by its name."""
    target = declaration(node) if node is not None and node.type == "type_identifier" else None
    if target is not None:
        node = plain_type(target.child_by_field_name("value")) or target.child_by_field_name("body")
    if node is not None and node.type in ("object_type", "interface_body"):
        for child in node.named_children:
            name = child.child_by_field_name("name")
            if child.type == "index_signature" or _text(name) == key:
                return plain_type(child.child_by_field_name("type"))
    return _argument(node, ("Record",), 1)


def _argument(node: tree_sitter.Node | None, names: tuple[str, ...], at: int) -> tree_sitter.Node | None:
    name = None if node is None or node.type != "generic_type" else node.child_by_field_name("name")
    arguments = None if node is None else node.child_by_field_name("type_arguments")
    if name is None or arguments is None or _text(name) not in names or arguments.named_child_count <= at:
        return None
    return plain_type(arguments.named_children[at])


def _return_type(steps: Sequence[Step], index: int) -> tree_sitter.Node | None:
    for node, _ in reversed(steps[:index]):
        if node.type in _FUNCTIONS:
            return plain_type(node.child_by_field_name("return_type"))
    return None


def _parameter_type(
    arguments: tree_sitter.Node, argument: tree_sitter.Node, declaration: Declaration
) -> tree_sitter.Node | None:
    """The type of the parameter that an argument is for, or of the array that it is added to."""
    call = arguments.parent
    callee = None if call is None else call.child_by_field_name("function")
    if callee is None:
        return None
    if callee.type == "member_expression":
        array = callee.child_by_field_name("object")
        adds = (callee.text or b"").endswith((b".push", b".unshift", b".add"))
        type_node = declaration(array) if array is not None and adds else None
        return None if type_node is None else element_type(plain_type(type_node.child_by_field_name("type")))
    function = declaration(callee) if callee.type == "identifier" else None
    parameters = None if function is None else function.child_by_field_name("parameters")
    at = [child.start_byte for child in arguments.named_children].index(argument.start_byte)
    if parameters is None or parameters.named_child_count <= at:
        return None
    return plain_type(parameters.named_children[at].child_by_field_name("type"))


def _text(node: tree_sitter.Node | None) -> str:
    return node_text(node).strip("\"'")
