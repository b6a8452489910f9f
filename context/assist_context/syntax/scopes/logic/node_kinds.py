"""What the nodes of all grammars are: a call, a branch, a text. The names are data (`logic.toml`).

This module looks at single nodes; what they mean together is for others.
"""

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files

import tree_sitter

from assist_context.syntax.scopes.parsed_text import node_text

TABLE = tomllib.loads((files(__package__) / "logic.toml").read_text(encoding="utf-8"))
KINDS: dict[str, frozenset[str]] = {
    name: frozenset(row) for name, row in TABLE.items() if isinstance(row, list) and name != "idioms"
}
BODIES = KINDS["bodies"]
_IGNORED = KINDS["ignored"]
_NAME = re.compile(r"[^\W\d]\w*$")


def operator_of(node: tree_sitter.Node) -> str:
    """The operator of an expression, `not in` as one; "" if it has none or several."""
    named = node.children_by_field_name("operator") or node.children_by_field_name("operators")
    if not named and node.type in KINDS["negations"] | KINDS["binaries"]:
        named = [child for child in node.children if not child.is_named][:1]
    return " ".join(node_text(named[0]).split()) if len(named) == 1 else ""


def always_leaves(node: tree_sitter.Node) -> bool:
    """Whether a side of a branch always leaves."""
    while True:
        inner = unwrap(node)
        if inner.type in KINDS["leaving"]:
            return True
        if inner.type in KINDS["branches"] and inner.type not in KINDS["elses"]:
            return _leaves_on_all_sides(inner)
        if inner.type in KINDS["calls"]:
            return called_name(inner) in KINDS["panics"]
        named = [child for child in inner.named_children if not is_ignored(child)]
        if (inner.type not in BODIES and inner.type not in KINDS["elses"]) or not named:
            return False
        node = named[-1]


def _leaves_on_all_sides(branch: tree_sitter.Node) -> bool:
    others = branch.children_by_field_name("alternative")
    bodies = [branch.child_by_field_name("consequence"), *others]
    bodies = [
        side.child_by_field_name("consequence") if side is not None and side.type == "elif_clause" else side
        for side in bodies
    ]
    last = bool(others) and others[-1].type != "elif_clause"
    return last and all(side is not None and always_leaves(side) for side in bodies)


def function_name(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The name of a function that a statement defines."""
    for _ in range(3):
        if node.type in KINDS["functions"]:
            return node.child_by_field_name("name")
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        if value is not None and value.type in KINDS["function_values"]:
            return node.child_by_field_name("name") or node.child_by_field_name("left")
        inner = [child for child in node.named_children if child.type != "decorator"]
        if not inner or node.type not in (
            "lexical_declaration",
            "export_statement",
            "variable_declaration",
            "decorated_definition",
        ):
            return None
        node = inner[-1] if node.type != "lexical_declaration" else inner[0]
    return None


def is_bare_return(node: tree_sitter.Node) -> bool:
    """Whether a statement leaves a function and gives nothing back."""
    inner = unwrap(node)
    return inner.type in KINDS["returning"] and not inner.named_children


def first_body(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The first block of a node."""
    return next((child for child in node.named_children if child.type in BODIES), None)


def unwrap(node: tree_sitter.Node) -> tree_sitter.Node:
    """The statement in a node that holds nothing else."""
    while node.type in ("expression_statement", "else_clause", "else") and len(node.named_children) == 1:
        inner = node.named_children[0]
        if node.type != "expression_statement" and inner.type not in KINDS["branches"]:
            break
        node = inner
    return node


def is_ignored(node: tree_sitter.Node) -> bool:
    """Whether a node says nothing about what is done: a comment, a type, an import."""
    if node.type == "accessibility_modifier" and node.parent is not None:
        return node.parent.type != "required_parameter"  # there it makes a field
    return node.is_named and (node.type in _IGNORED or (node.type == "var_spec" and _is_type_check(node)))


def _is_type_check(spec: tree_sitter.Node) -> bool:
    """Whether a variable in Go only asks the compiler whether a type has what another one wants."""
    return node_text(spec.child_by_field_name("name")) == "_" and spec.child_by_field_name("type") is not None


def is_type(around: tree_sitter.Node, at: int) -> bool:
    """Whether the child of a node at a position is a type."""
    return around.field_name_for_child(at) in KINDS["typed_fields"] and around.type not in (
        "object_creation_expression",
        "composite_literal",
    )


def is_lone_text(node: tree_sitter.Node) -> bool:
    """Whether a statement is nothing but a text, such as a docstring."""
    inner = unwrap(node)
    return inner.type in KINDS["strings"]


def is_value(node: tree_sitter.Node) -> bool:
    """Whether a node is a literal."""
    return node.type in KINDS["numbers"] | KINDS["strings"] | KINDS["constants"]


def value_of_return(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """What a `return` gives back; None for nothing, and for what means nothing."""
    values = [child for child in node.named_children if "comment" not in child.type]
    if not values or (len(values) == 1 and node_text(values[0]) in ("None", "undefined", "null", "nil")):
        return None
    return values[0]


def called_name(node: tree_sitter.Node) -> str:
    """The last name of what a call calls."""
    for name in ("function", "constructor", "macro", "name", "type", "method"):
        callee = node.child_by_field_name(name)
        if callee is not None:
            break
    else:
        named: Sequence[tree_sitter.Node] = node.named_children
        callee = named[0] if named else None
    while callee is not None:
        if not callee.named_children:
            text = node_text(callee)
            return text if _NAME.match(text) else ""
        inner = [child for child in callee.named_children if child.type not in _IGNORED]
        if callee.type in KINDS["calls"] | KINDS["function_values"] or not inner:
            return ""
        callee = inner[-1]
    return ""


def name_given(node: tree_sitter.Node | None) -> tree_sitter.Node | None:
    """The one name that a statement gives a value, also at the head of a loop."""
    if node is None:
        return None
    clause = next((child for child in node.named_children if child.type == "for_clause"), node)
    waiting = [clause.child_by_field_name("initializer") or node]
    for _ in range(4):
        node = waiting.pop()
        if node.type in KINDS["assigned"]:
            left = node.child_by_field_name("left") or node.child_by_field_name("name")
            left = left or node.child_by_field_name("pattern")
            while left is not None and len(left.named_children) == 1:
                left = left.named_children[0]
            return left if left is not None and not left.named_children else None
        if len(node.named_children) != 1:
            return None
        waiting.append(node.named_children[0])
    return None
