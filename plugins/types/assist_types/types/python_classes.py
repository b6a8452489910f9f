"""The classes in a text of Python, and the text itself as a module. It knows no other file."""

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
    members_in,
)
from assist_types.types.python_names import (
    COMPREHENSIONS,
    PATTERNS,
    assignment_value,
    declarations_in,
    decorators,
    entered_value,
)
from assist_types.types.words import words_of

_OWN = "self|cls"
_CLASS = frozenset({"class_definition"})
_ASSIGNED = frozenset({"assignment", "augmented_assignment"})


def outline(text: TypedText, at: int) -> ClassOutline:
    """Outline the class that begins at a byte."""
    node = around(text.node(at), _CLASS)
    if node is None or node.start_byte != at:
        return ClassOutline(whole=False)
    whole = not node.has_error and not words_of("python").dynamic.search(node_text(node))
    decorated = node.parent
    if decorated is not None and decorated.type == "decorated_definition":
        whole = whole and all(
            words_of("python").has("class_decorators", name) for name in decorators(decorated)
        )
    bases: list[NameDeclaration] = []
    arguments = node.child_by_field_name("superclasses")
    for argument in arguments.named_children if arguments is not None else []:
        if argument.type == "keyword_argument":
            plain = field_text(argument, "name") != "metaclass" or "ABCMeta" in node_text(argument)
            whole = whole and plain
        elif argument.type != "comment":
            bases.append(
                NameDeclaration("value", re.sub(r"\[.*\]\Z", "", node_text(argument), flags=re.DOTALL), at)
            )
    names = set(members_in(node, _OWN))
    body = node.child_by_field_name("body")
    for member in names_bound_in(body) if body is not None else ():
        names.add(node_text(member))
    if slots := re.search(r"__slots__\s*(?::[^=]*)?=\s*([(\[].*?[)\]])", node_text(node), re.DOTALL):
        names |= set(re.findall(r"\w+", slots[1]))
    return ClassOutline(frozenset(names), tuple(bases), whole)


def module_outline(text: TypedText) -> ClassOutline:
    """The names of a module; `bases` are the modules whose names it all imports."""
    if text.root is None:
        return ClassOutline(whole=False)
    written = text.parsed.document.text
    whole = not text.root.has_error and not words_of("python").dynamic_module.search(written)
    names = {node_text(node) for node in names_bound_in(text.root)}
    names |= set(re.findall(r"\w+", " ".join(re.findall(r"^\s+global\s+(.*)", written, re.MULTILINE))))
    stars = re.findall(r"^\s*from\s+(\.*)([\w.]*)\s+import\s+\*", written, re.MULTILINE)
    bases = tuple(NameDeclaration("import", module, level=len(dots)) for dots, module in stars)
    return ClassOutline(frozenset(names), bases, whole)


def names_bound_in(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """The names that are bound in a block, but not within its functions and classes."""
    for child in node.named_children:
        if child.type in ("function_definition", "class_definition"):
            name = child.child_by_field_name("name")
            if name is not None:
                yield name
        elif child.type in _ASSIGNED:
            yield from _targets(child.child_by_field_name("left"))
            yield from names_bound_in(child)
        elif child.type in ("for_statement", "named_expression"):
            yield from _targets(child.child_by_field_name("left") or child.child_by_field_name("name"))
            yield from names_bound_in(child)
        elif child.type == "as_pattern_target":
            yield from _targets(child)
        elif child.type in ("import_statement", "import_from_statement"):
            yield from _imports(child)
        elif child.type not in ("lambda", "parameters", "string", "comment", *COMPREHENSIONS):
            yield from names_bound_in(child)


def _targets(node: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    if node is None:
        return
    if node.type == "identifier":
        yield node
    elif node.type in PATTERNS or node.type == "as_pattern_target":
        for child in node.named_children:
            yield from _targets(child)


def _imports(statement: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    module = statement.child_by_field_name("module_name")
    for child in statement.named_children:
        if child == module:
            continue
        name = child.child_by_field_name("alias") or child
        yield name.named_children[0] if name.type == "dotted_name" and name.named_children else name


def member(text: TypedText, at: int, name: str) -> tuple[NameDeclaration, ...]:
    """Find the declarations of a member in the class that begins at a byte."""
    node = around(text.node(at), _CLASS)
    if node is None or node.start_byte != at:
        return ()
    own = tuple(declarations_in(text, name, node))
    fields = tuple(_fields(text, name, node))
    written = tuple(declared for declared in (*own, *fields) if declared.kind == "type")
    return written or (*own, *fields)


def _fields(text: TypedText, name: str, node: tree_sitter.Node) -> Iterator[NameDeclaration]:
    """Find the assignments to a field of the object in the methods of a class."""
    for place in text.names(name, node):
        access = place.parent
        if access is None or access.type != "attribute" or not is_field(place, access, "attribute"):
            continue
        if field_text(access, "object") not in _OWN.split("|") or access.parent is None:
            continue
        above = access.parent
        if around(access, _CLASS) != node:
            continue
        if above.type == "assignment" and is_field(access, above, "left"):
            yield assignment_value(above)
        elif above.type in PATTERNS or (
            above.type in ("for_statement", "augmented_assignment") and is_field(access, above, "left")
        ):
            yield UNKNOWN
        elif above.type == "as_pattern_target":
            yield entered_value(above)
