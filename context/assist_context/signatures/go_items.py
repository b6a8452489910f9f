"""The functions and types of a Go file with what a call of them needs, and the calls in its tests.

Types are texts. Broken code is normal input: what cannot be read is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import tree_sitter

from assist_context.documents import Document, split_lines
from assist_context.languages import language_of
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text

_LITERAL = frozenset({"interpreted_string_literal", "raw_string_literal", "int_literal", "rune_literal"})
_CASES = frozenset({"expression_case", "default_case", "type_case", "communication_case"})


@dataclass(frozen=True, slots=True)
class GoFunction:
    """A function with a body. `receiver` is its name and type, ("", "") for none, with "*" for a pointer.

    A variadic parameter has a type with "..."; `bounds` are of type parameters; `body` is its braces and what
    is between them, in characters; `probes` are (line, offset) of the beginnings of its blocks.
    """

    name: str
    receiver: tuple[str, str]
    parameters: tuple[tuple[str, str], ...]
    results: tuple[str, ...]
    bounds: dict[str, str]
    first: int
    last: int
    body: range
    probes: tuple[tuple[int, int], ...]

    @property
    def owner(self) -> str:
        """The name of the receiver's type, "" for a function."""
        return re.sub(r"\[.*", "", self.receiver[1].lstrip("*"))


@dataclass(frozen=True, slots=True)
class GoItems:
    """What a file has: `types` by name, with `fields` of those that are structs, and `constants` by type.

    `imports` are paths by the names that they have in the file.
    """

    package: str = ""
    imports: dict[str, str] = field(default_factory=dict)
    functions: tuple[GoFunction, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    fields: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    constants: dict[str, tuple[str, ...]] = field(default_factory=dict)


def go_items(text: str) -> GoItems:
    """The items of a file."""
    parsed = _parse(text)
    if parsed.root is None:
        return GoItems()
    items = GoItems(_package(parsed.root), _imports(parsed.root))
    functions = []
    for node in parsed.root.named_children:
        if node.type in ("function_declaration", "method_declaration"):
            found = _function(parsed, node)
            functions += [found] if found is not None else []
        elif node.type == "type_declaration":
            for spec in (row for row in node.named_children if row.type in ("type_spec", "type_alias")):
                _add_type(items, spec)
        elif node.type == "const_declaration":
            _add_constants(items, node)
    return GoItems(items.package, items.imports, tuple(functions), items.types, items.fields, items.constants)


@dataclass(frozen=True, slots=True)
class GoCall:
    """A call in a text: what is called, without its arguments, its arguments, and its line."""

    called: str
    arguments: tuple[str, ...]
    line: int


def go_calls(text: str, name: str) -> list[GoCall]:
    """The calls of a function or method with that name.

    >>> go_calls("package p\\nfunc f() { a := Sum(1, b); c.Sum() }", "Sum")
    [GoCall(called='Sum', arguments=('1', 'b'), line=2), GoCall(called='c.Sum', arguments=(), line=2)]
    """
    parsed = _parse(text)
    found = []
    for node in _within(parsed.root) if parsed.root is not None else ():
        called = node_text(node.child_by_field_name("function")) if node.type == "call_expression" else ""
        if called and called.rpartition(".")[2] == name and not node.has_error:
            arguments = _children(node.child_by_field_name("arguments"))
            texts = tuple(node_text(row) for row in arguments if row.type != "comment")
            found.append(GoCall(called, texts, node.start_point[0] + 1))
    return found


def go_literals(text: str, first: int = 1, last: int = 1 << 30) -> list[str]:
    """The texts, numbers and characters in some lines, once each; not those of imports."""
    parsed = _parse(text)
    nodes = _within(parsed.root) if parsed.root is not None else ()
    return list(
        dict.fromkeys(
            node_text(node)
            for node in nodes
            if node.type in _LITERAL
            and first <= node.start_point[0] + 1 <= last
            and (node.parent is None or node.parent.type != "import_spec")
        )
    )


def _parse(text: str) -> ParsedText:
    return ParsedText(Document("a.go", split_lines(text), language_of("a.go")))


def _children(node: tree_sitter.Node | None) -> list[tree_sitter.Node]:
    return node.named_children if node is not None else []


def _within(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for child in node.named_children:
        yield from _within(child)


def _text(node: tree_sitter.Node | None) -> str:
    return re.sub(r"\s+", " ", node_text(node)).strip()


def _package(root: tree_sitter.Node) -> str:
    clause = next((node for node in root.named_children if node.type == "package_clause"), None)
    return _text(clause).removeprefix("package ").strip() if clause is not None else ""


def _imports(root: tree_sitter.Node) -> dict[str, str]:
    found = {}
    for node in (node for node in root.named_children if node.type == "import_declaration"):
        for spec in (row for row in _within(node) if row.type == "import_spec"):
            path = _text(spec.child_by_field_name("path")).strip('"`')
            last = re.sub(r"/v\d+$", "", path).rpartition("/")[2]
            found[_text(spec.child_by_field_name("name")) or last] = path
    return {name: path for name, path in found.items() if name not in ("_", ".")}


def _parameters(node: tree_sitter.Node | None) -> Iterator[tuple[str, str]]:
    for row in _children(node):
        kind = _text(row.child_by_field_name("type"))
        names = [_text(name) for name in row.children_by_field_name("name")]
        if row.type == "variadic_parameter_declaration":
            kind = f"...{kind}"
        if kind:
            yield from ((name, kind) for name in names or [""])


def _function(parsed: ParsedText, node: tree_sitter.Node) -> GoFunction | None:
    body = node.child_by_field_name("body")
    if body is None or node.child_by_field_name("name") is None:
        return None
    result = node.child_by_field_name("result")
    plain = result is not None and result.type != "parameter_list"
    results = (_text(result),) if plain else tuple(kind for _, kind in _parameters(result))
    receivers = list(_parameters(node.child_by_field_name("receiver")))
    bounds = {}
    for row in _children(node.child_by_field_name("type_parameters")):
        for name in row.children_by_field_name("name"):
            bounds[_text(name)] = _text(row.child_by_field_name("type"))
    return GoFunction(
        _text(node.child_by_field_name("name")), receivers[0] if receivers else ("", ""),
        tuple(_parameters(node.child_by_field_name("parameters"))), results, bounds,
        node.start_point[0] + 1, node.end_point[0] + 1,
        range(_at(parsed, body.start_byte), _at(parsed, body.end_byte)), tuple(_probes(parsed, body)),
    )  # fmt: skip


def _at(parsed: ParsedText, byte: int) -> int:
    """An offset in characters."""
    return len(parsed.source.data[:byte].decode("utf-8", "replace"))


def _probes(parsed: ParsedText, body: tree_sitter.Node) -> Iterator[tuple[int, int]]:
    for node in _within(body):
        start = next((child for child in node.children if child.type == ":"), None)
        if node.type == "block":
            yield _first_line(node, node), _at(parsed, node.start_byte) + 1
        elif node.type in _CASES and start is not None:
            yield _first_line(node, start), _at(parsed, start.end_byte)


def _first_line(node: tree_sitter.Node, start: tree_sitter.Node) -> int:
    """The line of the first statement after the beginning of a block."""
    after = start.start_byte if start is node else start.end_byte
    inside = [row for row in node.named_children if row.start_byte >= after and row.type != "comment"]
    return (inside[0] if inside else start).start_point[0] + 1


def _add_type(items: GoItems, spec: tree_sitter.Node) -> None:
    name = _text(spec.child_by_field_name("name"))
    kind = spec.child_by_field_name("type")
    if not name or kind is None or spec.child_by_field_name("type_parameters") is not None:
        return
    items.types[name] = _text(kind)
    if kind.type == "struct_type":
        found = []
        for row in (row for row in _within(kind) if row.type == "field_declaration"):
            names = [_text(child) for child in row.children_by_field_name("name")]
            of = _text(row.child_by_field_name("type"))
            own = row.parent is not None and row.parent.parent == kind
            found += [(word, of) for word in names or [of.lstrip("*").rpartition(".")[2]] if own]
        items.fields[name] = tuple(found)


def _add_constants(items: GoItems, node: tree_sitter.Node) -> None:
    """The constants with their type, which the lines below one with `iota` share."""
    last = ""
    for spec in (row for row in _within(node) if row.type == "const_spec"):
        kind = _text(spec.child_by_field_name("type"))
        last = kind if kind or spec.child_by_field_name("value") is not None else last
        names = tuple(_text(name) for name in spec.children_by_field_name("name"))
        if last:
            own = tuple(name for name in names if name not in ("_", ","))
            items.constants[last] = (*items.constants.get(last, ()), *own)
