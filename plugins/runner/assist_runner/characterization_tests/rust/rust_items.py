"""The functions and types of a Rust file with what a call of them needs, and the statements of its tests.

Types are texts, without lifetimes. Broken code is normal input: what cannot be read is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter

from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.documents import Document, split_lines
from assist_context.languages import language_of

_LIFETIME = re.compile(r"'\w+(?!')\s*,?\s*(?:\+\s*)?")
_COMMENTS = frozenset({"line_comment", "block_comment"})
_APART = frozenset(
    {"function_item", "impl_item", "const_item", "static_item", "mod_item", "const_block", "type_arguments"}
)
_NO_PROBE = frozenset({"unsafe_block", "const_block", "async_block", "gen_block", "try_block"})


@dataclass(frozen=True, slots=True)
class BlockStart:
    """Where a block of a function begins, as an offset in characters; with `end`, an expression of an arm.

    `line` is that of its first statement.
    """

    line: int
    start: int
    end: int = -1


@dataclass(frozen=True, slots=True)
class RustFunction:
    """A function with a body. `owner` is the type of its `impl`, or its trait; `trait` what that implements.

    `receiver` is "", "self", "&self" or "&mut self"; `bounds` are of type parameters, those of the `impl`
    too; `body` is its braces and what is between them, in characters.
    """

    name: str
    owner: str
    trait: str
    receiver: str
    parameters: tuple[tuple[str, str], ...]
    returns: str
    bounds: dict[str, str]
    words: frozenset[str]
    first: int
    last: int
    body: range
    blocks: tuple[BlockStart, ...]


@dataclass(frozen=True, slots=True)
class RustType:
    """A struct or an enum. A variant, as a field, has a name and the types of what is in it.

    `fields` are (name, type, is public), with the names "0", "1" for those without one; `variants` are
    (name, fields).
    """

    name: str
    kind: str
    parameters: tuple[str, ...] = ()
    fields: tuple[tuple[str, str, bool], ...] = ()
    variants: tuple[tuple[str, tuple[tuple[str, str, bool], ...]], ...] = ()
    derives: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RustStatement:
    """A statement of a script or of a test: what it binds, and the names in it."""

    text: str
    binds: frozenset[str]
    names: frozenset[str]
    line: int


@dataclass(frozen=True, slots=True)
class RustItems:
    """What a file has. `scripts` are the statements of each function that has `#[test]`."""

    functions: tuple[RustFunction, ...] = ()
    types: tuple[RustType, ...] = ()
    scripts: tuple[tuple[RustStatement, ...], ...] = field(default=())


def rust_items(text: str) -> RustItems:
    """The items of a file."""
    parsed = ParsedText(Document("a.rs", split_lines(text), language_of("a.rs")))
    if parsed.root is None:
        return RustItems()
    nodes = list(_items(parsed.root))
    functions = [found for node in nodes if (found := _function(parsed, node)) is not None]
    types = [
        _type(node)
        for node in nodes
        if node.type in ("struct_item", "enum_item", "union_item") and _field(node, "name")
    ]
    scripts = [
        tuple(_statements(node.child_by_field_name("body")))
        for node in nodes
        if node.type == "function_item" and "test" in attributes_of(node)
    ]
    return RustItems(tuple(functions), tuple(types), tuple(scripts))


def rust_script(text: str) -> tuple[tuple[RustStatement, ...], ...]:
    """The statements of a script, which may be bare, and those of each function in it.

    >>> [row.text for row in rust_script("let a = 1;\\nf(a);")[0]]
    ['let a = 1;', 'f(a);']
    """
    parsed = ParsedText(Document("a.rs", split_lines(f"fn main() {{\n{text}\n}}\n"), language_of("a.rs")))
    if parsed.root is None:
        return ()
    bodies = [node for node in _items(parsed.root) if node.type == "function_item"]
    return tuple(tuple(_statements(node.child_by_field_name("body"))) for node in bodies)


def _items(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    for child in node.named_children:
        if child.type in ("function_item", "struct_item", "enum_item", "union_item"):
            yield child
        if child.type in (
            "mod_item",
            "impl_item",
            "trait_item",
            "declaration_list",
            "function_item",
            "block",
        ):
            yield from _items(child)


def _field(node: tree_sitter.Node, name: str) -> str:
    return plain_type(node_text(node.child_by_field_name(name)))


def plain_type(text: str) -> str:
    """A type in one line, without lifetimes.

    >>> plain_type("Option<&'a  str>"), plain_type("Cow<'a, str>"), plain_type("Iter<'_>")
    ('Option<&str>', 'Cow<str>', 'Iter')
    """
    return re.sub(r"\s+", " ", _LIFETIME.sub("", text)).replace("<>", "").strip()


def attributes_of(node: tree_sitter.Node) -> set[str]:
    """The words of the attributes above an item."""
    found: set[str] = set()
    above = node.prev_named_sibling
    while above is not None and above.type in {"attribute_item", *_COMMENTS}:
        if above.type == "attribute_item":
            found |= set(re.findall(r"\w+", node_text(above)))
        above = above.prev_named_sibling
    return found


def _around(node: tree_sitter.Node) -> tree_sitter.Node | None:
    """The `impl` or trait that a function is in."""
    above = node.parent
    return above.parent if above is not None and above.type == "declaration_list" else None


def _function(parsed: ParsedText, node: tree_sitter.Node) -> RustFunction | None:
    body = node.child_by_field_name("body")
    name = _field(node, "name")
    if node.type != "function_item" or body is None or not name:
        return None
    around = _around(node)
    of_impl = around is not None and around.type == "impl_item"
    owner = _field(around, "type") if around is not None and of_impl else ""
    bounds = _bounds(around) if around is not None and of_impl else {}
    trait = _field(around, "trait" if of_impl else "name") if around is not None else ""
    receiver = ""
    parameters = []
    for row in _children_of(node.child_by_field_name("parameters")):
        if row.type == "self_parameter":
            words = plain_type(node_text(row))
            receiver = words.replace("mut self", "self") if not words.startswith("&") else words
        elif row.type == "parameter":
            parameters.append((_field(row, "pattern").removeprefix("mut "), _field(row, "type")))
    modifiers = [node_text(child) for child in node.children if child.type == "function_modifiers"]
    flags = frozenset(" ".join(modifiers).split()) | (attributes_of(node) & {"test", "cfg"})
    flags |= {"pub"} if any(child.type == "visibility_modifier" for child in node.children) else set()
    blocks = () if "const" in flags else tuple(_blocks(parsed, body, first=True))
    return RustFunction(
        name, owner, trait, receiver, tuple(parameters), _field(node, "return_type"),
        {**bounds, **_bounds(node)}, flags, node.start_point[0] + 1, node.end_point[0] + 1,
        range(_at(parsed, body.start_byte), _at(parsed, body.end_byte)), blocks,
    )  # fmt: skip


def _children_of(node: tree_sitter.Node | None) -> list[tree_sitter.Node]:
    return node.named_children if node is not None else []


def _at(parsed: ParsedText, byte: int) -> int:
    """An offset in characters."""
    return len(parsed.source.data[:byte].decode("utf-8", "replace"))


def _bounds(node: tree_sitter.Node) -> dict[str, str]:
    """The type parameters with their bounds, "" for none."""
    found: dict[str, str] = {}
    for row in _children_of(node.child_by_field_name("type_parameters")):
        if row.type == "type_parameter":
            found[_field(row, "name")] = _field(row, "bounds").removeprefix(":").strip()
    clauses = [child for child in node.named_children if child.type == "where_clause"]
    for row in (row for clause in clauses for row in clause.named_children):
        name = _field(row, "left").lstrip("&")
        if row.type == "where_predicate" and name in found:
            more = _field(row, "bounds").removeprefix(":").strip()
            found[name] = f"{found[name]} + {more}" if found[name] else more
    return found


def _blocks(parsed: ParsedText, node: tree_sitter.Node, *, first: bool = False) -> Iterator[BlockStart]:
    """Where blocks begin, outermost first; not those of what is defined inside."""
    if node.type == "block" and (first or (node.parent is not None and node.parent.type not in _NO_PROBE)):
        inside = [child for child in node.named_children if child.type not in _COMMENTS]
        if not any(child.type == "inner_attribute_item" for child in inside):
            line = (inside[0] if inside else node).start_point[0] + 1
            yield BlockStart(line, _at(parsed, node.start_byte) + 1)
    for child in node.named_children:
        if child.type in _APART:
            continue
        value = child.child_by_field_name("value") if child.type == "match_arm" else None
        if value is not None and value.type != "block":
            start, end = _at(parsed, value.start_byte), _at(parsed, value.end_byte)
            yield BlockStart(value.start_point[0] + 1, start, end)
        yield from _blocks(parsed, child)


def _type(node: tree_sitter.Node) -> RustType:
    attributes = attributes_of(node)
    body = node.child_by_field_name("body")
    variants = [
        (_field(row, "name"), _fields(row.child_by_field_name("body")))
        for row in _children_of(body)
        if row.type == "enum_variant"
    ]
    fields = _fields(body) if node.type == "struct_item" else ()
    parameters = tuple(_bounds(node))
    kind = node.type.partition("_")[0]
    return RustType(_field(node, "name"), kind, parameters, fields, tuple(variants), frozenset(attributes))


def _fields(body: tree_sitter.Node | None) -> tuple[tuple[str, str, bool], ...]:
    if body is None:
        return ()
    found = []
    public = False
    for row in body.named_children:
        if row.type == "field_declaration":
            is_public = any(child.type == "visibility_modifier" for child in row.children)
            found.append((_field(row, "name"), _field(row, "type"), is_public))
        elif row.type == "visibility_modifier":
            public = True
        elif body.type == "ordered_field_declaration_list" and row.type not in {"attribute_item", *_COMMENTS}:
            found.append((str(len(found)), plain_type(node_text(row)), public))
            public = False
    return tuple(found)


def _statements(body: tree_sitter.Node | None) -> Iterator[RustStatement]:
    for node in _children_of(body):
        if node.type in _COMMENTS or node.type == "empty_statement" or node.has_error:
            continue
        pattern = node.child_by_field_name("pattern") if node.type == "let_declaration" else None
        binds = frozenset(_names(pattern)) if pattern is not None else frozenset()
        yield RustStatement(node_text(node), binds, frozenset(_names(node)), node.start_point[0] + 1)


def _names(node: tree_sitter.Node) -> Iterator[str]:
    if node.type in ("identifier", "shorthand_field_identifier"):
        yield node_text(node)
    for child in node.named_children:
        yield from _names(child)
