"""The import statements of one text: what each brings in, and where its parts are.

A statement of several names, in whatever form, becomes names with their modules as the language writes them.
It knows Python, JavaScript, TypeScript, Go, Rust and Java, and the top level of a text; it resolves no module
to a file.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import tree_sitter

from assist_context.code.trees.grammars import ByteSpan
from assist_context.code.trees.parsed_text import ParsedText, node_text
from assist_context.languages import ECMASCRIPT

MAX_DEEP = 8  # nested braces
MAX_WAITING = 20_000  # nodes; only generated code has more at its top


@dataclass(frozen=True, slots=True)
class ImportedName:
    """`original` of `module`, called `name` in the text; `span` is its part of the statement in bytes.

    `original` is "" for the module itself, and "*" for all of its names.
    """

    name: str
    module: str
    original: str
    span: ByteSpan


@dataclass(frozen=True, slots=True)
class ImportStatement:
    """One statement, in bytes. `listing` is the list of its names with its brackets, if it has any.

    `nested` is one in a block, such as `try`; a `loose` one may go from there, as from `if TYPE_CHECKING`
    with other code in it.
    """

    names: tuple[ImportedName, ...]
    span: ByteSpan
    listing: ByteSpan | None = None
    nested: bool = False
    loose: bool = False


def import_statements(tree: ParsedText) -> tuple[ImportStatement, ...]:
    """The statements of a text in order, without those in functions and classes."""
    read = _READERS.get(tree.document.language.name)
    return tuple(read(tree.root)) if read and tree.root is not None else ()


def go_package(path: str) -> str:
    """The name that a package of Go probably has, from its path.

    >>> go_package("net/http"), go_package("gopkg.in/yaml.v3"), go_package("github.com/a/go-b/v2")
    ('http', 'yaml', 'b')
    """
    bare = re.sub(r"/v\d+$|\.v\d+$", "", path)
    last = bare.rpartition("/")[2]
    return re.sub(r"^go-|[-.]go$", "", last)


# --- Python ---

_PYTHON_BLOCKS = frozenset(
    (
        "if_statement",
        "try_statement",
        "else_clause",
        "elif_clause",
        "except_clause",
        "finally_clause",
        "block",
    )
)


def _read_python(root: tree_sitter.Node) -> Iterator[ImportStatement]:
    waiting = [(child, False, False) for child in reversed(root.children)]
    while waiting:
        node, is_nested, loose = waiting.pop()
        if node.type == "import_statement":
            names = [_python_module(child) for child in node.children_by_field_name("name")]
            yield ImportStatement(tuple(names), _span(node), None, is_nested, loose)
        elif node.type in ("import_from_statement", "future_import_statement"):
            yield ImportStatement(tuple(_python_names(node)), _span(node), _brackets(node), is_nested, loose)
        elif node.type in _PYTHON_BLOCKS and len(waiting) < MAX_WAITING:
            condition = node.child_by_field_name("condition") if node.type == "if_statement" else None
            for_types = node_text(condition).endswith("TYPE_CHECKING")
            inner = (loose or for_types) if node.type != "block" else loose and node.named_child_count > 1
            waiting += [
                (child, True, inner and child.type != "else_clause") for child in reversed(node.children)
            ]


def _python_names(node: tree_sitter.Node) -> Iterator[ImportedName]:
    module_node = node.child_by_field_name("module_name")
    module = "".join(node_text(module_node).split()) if module_node else "__future__"
    for child in node.children_by_field_name("name"):
        yield _python_name(child, module)
    for child in node.children:
        if child.type == "wildcard_import":
            yield ImportedName("*", module, "*", _span(child))


def _python_module(node: tree_sitter.Node) -> ImportedName:
    original, alias = _renaming(node)
    return ImportedName(alias or original.partition(".")[0], original, "", _span(node))


def _python_name(node: tree_sitter.Node, module: str) -> ImportedName:
    original, alias = _renaming(node)
    return ImportedName(alias or original, module, original, _span(node))


# --- JavaScript and TypeScript ---


def _read_ecma(root: tree_sitter.Node) -> Iterator[ImportStatement]:
    for child in root.children:
        source = child.child_by_field_name("source") if child.type == "import_statement" else None
        if source is None:
            continue
        clause = next((node for node in child.children if node.type == "import_clause"), None)
        names: list[ImportedName] = []
        listing = None
        for part in clause.children if clause is not None else ():
            names += _ecma_names(part, node_text(source).strip("\"'"))
            listing = _span(part) if part.type == "named_imports" else listing
        yield ImportStatement(tuple(names), _span(child), listing)


def _ecma_names(part: tree_sitter.Node, module: str) -> Iterator[ImportedName]:
    if part.type == "identifier":
        yield ImportedName(node_text(part), module, "default", _span(part))
    elif part.type == "namespace_import":
        name = next((node_text(child) for child in part.children if child.type == "identifier"), "*")
        yield ImportedName(name, module, "*", _span(part))
    elif part.type == "named_imports":
        for specifier in part.named_children:
            if specifier.type == "import_specifier":
                original, alias = _renaming(specifier)
                yield ImportedName(alias or original, module, original, _span(specifier))


# --- Go ---


def _read_go(root: tree_sitter.Node) -> Iterator[ImportStatement]:
    """Each path is a statement of its own; `listing` is the list that it is in."""
    for child in root.children:
        if child.type != "import_declaration":
            continue
        inside = next((node for node in child.named_children if node.type == "import_spec_list"), None)
        for spec in (inside or child).named_children:
            path = spec.child_by_field_name("path") if spec.type == "import_spec" else None
            if path is None:
                continue
            module = node_text(path).strip('"`')
            alias = spec.child_by_field_name("name")
            name = node_text(alias) if alias is not None else go_package(module)
            imported_name = ImportedName(name, module, "", _span(spec))
            own = _span(spec) if inside is not None else _span(child)
            yield ImportStatement((imported_name,), own, _span(inside) if inside is not None else None)


# --- Rust ---


def _read_rust(root: tree_sitter.Node) -> Iterator[ImportStatement]:
    for child in root.children:
        argument = child.child_by_field_name("argument") if child.type == "use_declaration" else None
        if argument is not None:
            names = tuple(_rust_leaves(argument, "", MAX_DEEP))
            listing = argument.child_by_field_name("list") if argument.type == "scoped_use_list" else None
            yield ImportStatement(names, _span(child), _span(listing) if listing is not None else None)


def _rust_leaves(node: tree_sitter.Node, prefix: str, deep: int) -> Iterator[ImportedName]:
    if node.type in ("use_list", "scoped_use_list") and deep:
        path = node.child_by_field_name("path")
        inner = _path(prefix, node_text(path)) if path is not None else prefix
        inside = node.child_by_field_name("list") if node.type == "scoped_use_list" else node
        for child in inside.named_children if inside is not None else ():
            yield from _rust_leaves(child, inner, deep - 1)
        return
    alias = node.child_by_field_name("alias")
    path = node.child_by_field_name("path") if node.type == "use_as_clause" else node
    whole = _path(prefix, "".join(node_text(path).split()) if path is not None else "")
    whole = whole.removesuffix("::self")
    module, _, original = whole.rpartition("::")
    name = node_text(alias) if alias is not None else original
    if node.type in ("identifier", "scoped_identifier", "use_as_clause", "use_wildcard", "self", "crate"):
        yield ImportedName(name, module, original, _span(node))


def _path(prefix: str, rest: str) -> str:
    return f"{prefix}::{rest}" if prefix else rest


# --- Java ---


def _read_java(root: tree_sitter.Node) -> Iterator[ImportStatement]:
    for child in root.children:
        path = next((node for node in child.named_children if "identifier" in node.type), None)
        if child.type != "import_declaration" or path is None:
            continue
        every = any(node.type == "asterisk" for node in child.children)
        whole = "".join(node_text(path).split()) + (".*" if every else "")
        module, _, name = whole.rpartition(".")
        yield ImportStatement((ImportedName(name, module, name, _span(path)),), _span(child))


# --- What several languages share ---


def _renaming(node: tree_sitter.Node) -> tuple[str, str]:
    """Return what a part of a statement names, and its other name, "" if it has none."""
    alias = node.child_by_field_name("alias")
    original = node.child_by_field_name("name") or node
    return "".join(node_text(original).split()), node_text(alias)


def _brackets(node: tree_sitter.Node) -> ByteSpan | None:
    marks = [child for child in node.children if child.type in ("(", ")")]
    return (marks[0].start_byte, marks[-1].end_byte) if len(marks) == 2 else None


def _span(node: tree_sitter.Node) -> ByteSpan:
    return node.start_byte, node.end_byte


_READERS: Mapping[str, Callable[[tree_sitter.Node], Iterator[ImportStatement]]] = {
    "python": _read_python,
    **dict.fromkeys(ECMASCRIPT, _read_ecma),
    "go": _read_go,
    "rust": _read_rust,
    "java": _read_java,
}
