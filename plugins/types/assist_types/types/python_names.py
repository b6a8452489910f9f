"""The names in a text of Python: parameters, variables, loops, imports. It knows no other file."""

import re
from collections.abc import Callable, Iterator, Mapping

import tree_sitter

from assist_context.code.trees.parsed_text import node_text
from assist_types.types.declarations import (
    UNKNOWN,
    DeclarationKind,
    NameDeclaration,
    TypedText,
    field_text,
    is_field,
)
from assist_types.types.words import words_of

_FUNCTIONS = frozenset({"function_definition", "lambda"})
COMPREHENSIONS = frozenset(
    {"list_comprehension", "set_comprehension", "dictionary_comprehension", "generator_expression"}
)
_SCOPES = _FUNCTIONS | COMPREHENSIONS | {"class_definition", "module"}
PATTERNS = frozenset({"pattern_list", "tuple_pattern", "list_pattern", "list_splat_pattern"})
_CLASS_BLOCKS = frozenset({"if_statement", "else_clause", "block", "try_statement"})


def declarations(text: TypedText, name: str, at: int | None, _: str = "") -> tuple[NameDeclaration, ...]:
    """Find the declarations of a name at a byte, or at the top of the text; none if nothing there has one."""
    root = text.root
    if root is None:
        return ()
    node = root if at is None else text.node(at)
    inside_function = False
    while node is not None:
        if node.type == "except_clause" and (raised := _of_except(node, name)) is not None:
            return (raised,)
        if node.type in _SCOPES and not (node.type == "class_definition" and inside_function):
            found = tuple(declarations_in(text, name, node))
            if found:
                return found
        inside_function = inside_function or node.type in _FUNCTIONS
        node = node.parent
    return ()


def _of_except(clause: tree_sitter.Node, name: str) -> NameDeclaration | None:
    """Return the declaration of a name in an `except` that binds it; None if it binds another one."""
    pattern = clause.named_children[0] if clause.named_children else None
    target = pattern.child_by_field_name("alias") if pattern is not None else None
    if target is None or node_text(target) != name or target.type != "as_pattern_target":
        return None
    return entered_value(target)


def declarations_in(text: TypedText, name: str, scope: tree_sitter.Node) -> Iterator[NameDeclaration]:
    """Find the declarations of a name in one scope."""
    for node in text.names(name, scope):
        found = declaration(node)
        if found is not None and _scope_of(node) == scope:
            yield found


def _scope_of(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The scope in which a definition's name is bound."""
    inner = node
    at = node.parent
    while at is not None:
        if at.type in _SCOPES:
            is_name = at.type in ("function_definition", "class_definition") and is_field(inner, at, "name")
            walrus = at.type in COMPREHENSIONS and inner.type == "named_expression"
            if not is_name and not walrus:
                return at
        inner = at
        at = at.parent
    return None


def declaration(node: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name at its place, None if it does not declare it."""
    above = node.parent
    if above is None:
        return None
    if above.type in _BINDERS:
        field, read = _BINDERS[above.type]
        return read(node, above) if not field or is_field(node, above, field) else None
    used = above.parent is not None and above.parent.type in _USERS
    return UNKNOWN if (above.type in _UNTOLD and not used) or _is_taken_apart(node) else None


def _is_taken_apart(node: tree_sitter.Node) -> bool:
    """Say whether a name is one of several targets."""
    inner: tree_sitter.Node = node
    above = node.parent
    while above is not None and above.type in PATTERNS:
        inner = above
        above = above.parent
    targets = ("assignment", "for_statement", "for_in_clause", "augmented_assignment")
    typed = above is not None and above.type in ("typed_parameter", "parameters", "lambda_parameters")
    return (
        above is not None
        and inner != node
        and (typed or (above.type in targets and is_field(inner, above, "left")))
    )


def assignment_value(assignment: tree_sitter.Node) -> NameDeclaration:
    """Return the declaration of a target by its assignment."""
    kind = assignment.child_by_field_name("type")
    if kind is not None:
        written = node_text(kind)
        if written.rpartition(".")[2] not in ("TypeAlias", "Final", "ClassVar"):
            return NameDeclaration("type", written, kind.start_byte)
    right = assignment.child_by_field_name("right")
    while right is not None and right.type == "assignment":
        right = right.child_by_field_name("right")
    return _value(right)


def _value(node: tree_sitter.Node | None, kind: DeclarationKind = "value") -> NameDeclaration:
    return UNKNOWN if node is None else NameDeclaration(kind, node_text(node), node.start_byte)


def entered_value(target: tree_sitter.Node) -> NameDeclaration:
    """Return the declaration of a name after `as`."""
    pattern = target.parent
    around_it = None if pattern is None else pattern.parent
    if pattern is None or around_it is None or not pattern.named_children:
        return UNKNOWN
    if around_it.type == "with_item":
        return _value(pattern.named_children[0], "entered")
    if around_it.type == "except_clause":
        return _value(pattern.named_children[0], "raised")
    return UNKNOWN


def _parameter(node: tree_sitter.Node, above: tree_sitter.Node) -> NameDeclaration:
    kind = above.child_by_field_name("type")
    parameter = node if above.type.endswith("parameters") else above
    own = _self_of(parameter)
    if own is not None and (kind is None or parameter == node or node_text(kind) == "Self"):
        return own
    if kind is None or parameter == node or (node.parent is not None and is_field(node, above, "type")):
        return UNKNOWN
    return NameDeclaration("type", node_text(kind), kind.start_byte)


def _self_of(parameter: tree_sitter.Node) -> NameDeclaration | None:
    """The first parameter of a method: the object itself, or its class; None for other parameters."""
    parameters = parameter.parent
    function = None if parameters is None else parameters.parent
    if parameters is None or function is None or function.type != "function_definition":
        return None
    above = function.parent
    decorated = above is not None and above.type == "decorated_definition"
    names = set(decorators(above)) if above is not None and decorated else set()
    owner = above.parent if above is not None and decorated else above
    while owner is not None and owner.type in _CLASS_BLOCKS:
        owner = owner.parent
    is_method = owner is not None and owner.type == "class_definition" and "staticmethod" not in names
    if owner is None or not is_method or parameters.named_children[0] != parameter:
        return None
    own_class = field_text(function, "name") in ("__new__", "__init_subclass__", "__class_getitem__")
    if own_class or "classmethod" in names:
        return NameDeclaration("cls", at=owner.start_byte)
    words = words_of("python")
    plain = all(words.has("decorators", name) or words.has("properties", name) for name in names)
    return NameDeclaration("self", at=owner.start_byte) if plain else UNKNOWN


def decorators(decorated: tree_sitter.Node) -> Iterator[str]:
    """The last words of the decorators."""
    for child in decorated.named_children:
        if child.type == "decorator":
            found = re.match(r"@\s*([\w.]+)", node_text(child))
            yield found[1].rpartition(".")[2] if found is not None else "?"


def _function(_: tree_sitter.Node, function: tree_sitter.Node) -> NameDeclaration:
    """A function with what it returns, as far as its decorators leave that."""
    above = function.parent
    decorated = above is not None and above.type == "decorated_definition"
    names = set(decorators(above)) if above is not None and decorated else set()
    words = words_of("python")
    kind = function.child_by_field_name("return_type")
    returned = _written_result(function, node_text(kind))
    at = function.start_byte if kind is None else kind.start_byte
    if any(words.has("properties", name) for name in names):
        return NameDeclaration("type", returned, at) if returned else UNKNOWN
    inside = re.fullmatch(r"(?:\w+\.)*\w+\[([^,]*).*\]", returned, re.DOTALL)
    if inside is not None and any(words.has("entered", name) for name in names):
        return NameDeclaration("function", f"ContextManager[{inside[1]}]", at)
    plain = all(words.has("decorators", name) for name in names)
    return NameDeclaration("function", returned if plain else "", at)


def _written_result(function: tree_sitter.Node, returned: str) -> str:
    """Return the result of a function, as it would be written; "" if that is not known."""
    if not returned and field_text(function, "name") in ("__enter__", "__aenter__"):
        values = re.findall(r"\breturn\b[ \t]*(.*)", node_text(function))
        returned = "Self" if values and all(value.strip() == "self" for value in values) else ""
    is_async = bool(function.children) and function.children[0].type == "async"
    is_stream = re.search(r"(?:Iterator|Generator)\[", returned) is not None
    return f"Awaitable[{returned}]" if is_async and returned and not is_stream else returned


def _import(node: tree_sitter.Node, above: tree_sitter.Node) -> NameDeclaration | None:
    """Return the declaration of a name by an import statement."""
    taken = field_text(above, "name") if above.type == "aliased_import" else ""
    is_first = above.named_children[0] == node
    statement = above.parent
    if statement is None or (above.type == "aliased_import" and not is_field(node, above, "alias")):
        return None
    if statement.type in ("case_pattern", "as_pattern"):
        return UNKNOWN if is_first else None
    if not taken and not is_first:
        return None
    if statement.type == "import_statement":
        return NameDeclaration("import", taken or node_text(node), above.start_byte)
    module = statement.child_by_field_name("module_name")
    if statement.type != "import_from_statement" or module is None or above == module:
        return None
    written = node_text(module)
    dots = len(written) - len(written.lstrip("."))
    return NameDeclaration(
        "import", written[dots:], above.start_byte, name=taken or node_text(above), level=dots
    )


# How the node around a name declares it, and the field in which the name has to be.
_Binder = tuple[str, Callable[[tree_sitter.Node, tree_sitter.Node], NameDeclaration | None]]
_BINDERS: Mapping[str, _Binder] = {
    "assignment": ("left", lambda _, above: assignment_value(above)),
    "augmented_assignment": ("left", lambda *_: UNKNOWN),
    "named_expression": ("name", lambda _, above: _value(above.child_by_field_name("value"))),
    "for_statement": ("left", lambda _, above: _value(above.child_by_field_name("right"), "element")),
    "for_in_clause": ("left", lambda _, above: _value(above.child_by_field_name("right"), "element")),
    "as_pattern_target": ("", lambda _, above: entered_value(above)),
    "function_definition": ("name", _function),
    "class_definition": ("name", lambda _, above: NameDeclaration("class", at=above.start_byte)),
    "typed_parameter": ("", _parameter),
    "typed_default_parameter": ("name", _parameter),
    "default_parameter": ("name", _parameter),
    "parameters": ("", _parameter),
    "lambda_parameters": ("", lambda *_: UNKNOWN),
    "dotted_name": ("", _import),
    "aliased_import": ("", _import),
}
_USERS = frozenset({"except_clause", "with_item"})  # `as` after what is only used here
_UNTOLD = frozenset(
    {
        "global_statement",
        "nonlocal_statement",
        "dictionary_splat_pattern",
        "keyword_pattern",
        "case_pattern",
        "splat_pattern",
        "as_pattern",
    }
)
