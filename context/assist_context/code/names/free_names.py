"""Free names of one text, which have to come from elsewhere.

A name counts as bound if it is bound anywhere in the text, whatever the scope: so a name that is free surely
lacks an import, unless the language knows it. Only the places of one name are looked at, not the whole tree.
"""

import builtins
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

import tree_sitter

from assist_context.code.names.occurrences import NameReader, Occurrence
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Cursor

MAX_NAMES = 40  # that are looked up: each takes 0.1 ms and more
_NAMES = frozenset(("identifier", "type_identifier", "package_identifier", "shorthand_property_identifier"))
# Other names of imports, and a module within a text, which has its own imports.
_APART = re.compile(
    r"mod_item|(?:use|import|package)_declaration|(?:future_)?import_(?:from_)?statement|package_clause"
)
_WORD = re.compile(r"[^\W\d]\w*")
_KNOWN = frozenset(dir(builtins)) | {"__file__", "__name__", "__doc__", "__path__", "__spec__", "self", "cls"}


def free_names(
    reader: NameReader, first: int, last: int, among: AbstractSet[str]
) -> Iterator[tuple[str, int]]:
    """The given names on the lines `first` to `last` that nothing binds, each with its line, all from 0.

    Lines that a grammar does not understand have none, and neither have modules within the text (Rust).
    """
    tree = reader.parsed
    visited: set[str] = set()
    for line in range(first, min(last + 1, len(tree.document.lines))):
        text = tree.document.lines[line]
        for match in _WORD.finditer(text):
            name = match[0]
            if name not in among or name in visited or _is_known(tree, name) or len(visited) >= MAX_NAMES:
                continue
            at = tree.source.starts[line] + len(text[: match.start()].encode("utf-8", "replace"))
            node = tree.node(at, at + 1)
            if node is None or not _looks_up(tree, node) or _is_broken(node):
                continue
            visited.add(name)
            if _is_free(reader, name, Cursor(line, match.start())):
                yield name, line


def _is_broken(node: tree_sitter.Node) -> bool:
    """Return whether the statement around a node has errors, or is part of one."""
    at: tree_sitter.Node | None = node
    while at is not None and at.parent is not None:
        if at.is_error or at.is_missing:
            return True
        if "statement" in at.type or "definition" in at.type or "declaration" in at.type:
            return _head_has_error(at)
        at = at.parent
    return False


def _head_has_error(statement: tree_sitter.Node) -> bool:
    """Return whether a statement has errors outside of its block."""
    return statement.has_error and any(
        node.is_error
        or node.is_missing
        or (node.has_error and "block" not in node.type and "body" not in node.type)
        for node in statement.children
    )


def _is_free(reader: NameReader, name: str, start: Cursor) -> bool:
    """Return whether a name is used at a place, and bound nowhere in the text."""
    places = [place for place in reader.occurrences(name) if _is_variable(place)]
    if any(place.defines or place.binding is not None for place in places):
        return False
    return any(place.start == start for place in places)


def _is_variable(place: Occurrence) -> bool:
    return place.place == "code" and not place.member and place.shorthand != "key"


def _looks_up(text: ParsedText, node: tree_sitter.Node) -> bool:
    """Return whether a node is a name that this text looks up by itself."""
    around = node.parent
    if node.type not in _NAMES or around is None or _is_of_another(node, around):
        return False
    if text.document.language.name == "rust" and _is_of_macro(node, around):
        return False
    if text.document.language.name == "go":  # only packages, which are written before a dot
        return around.type in ("selector_expression", "qualified_type") and around.child(0) == node
    while around is not None and not _APART.fullmatch(around.type):
        around = around.parent
    return around is None


def _is_of_another(node: tree_sitter.Node, around: tree_sitter.Node) -> bool:
    """Say if a name belongs to what is written before it, to the function that is called, or to a module."""
    match around.type:
        case "attribute" | "scoped_identifier" | "scoped_type_identifier":
            return node.start_byte != around.start_byte
        case "keyword_argument":
            return node == around.child_by_field_name("name")
        case "method_invocation":
            return (
                node == around.child_by_field_name("name")
                and around.child_by_field_name("object") is not None
            )
        case "export_specifier":  # `export { name } from "./module"`
            statement = around.parent.parent if around.parent is not None else None
            is_alias = node == around.child_by_field_name("alias")
            return is_alias or statement is None or statement.child_by_field_name("source") is not None
    return False


def _is_of_macro(node: tree_sitter.Node, around: tree_sitter.Node) -> bool:
    """Say if a name belongs to a path within a macro, or to an attribute of the language, as `test` does."""
    before = node.prev_sibling
    if around.type == "token_tree" and before is not None and before.type == "::":
        return True
    attribute: tree_sitter.Node | None = around
    while attribute is not None and attribute.type == "token_tree":
        attribute = attribute.parent
    in_attribute = attribute is not None and attribute.type == "attribute"
    return in_attribute and (node.text or b"")[:1].islower()


def _is_known(text: ParsedText, name: str) -> bool:
    """Return whether the language itself knows a name."""
    return text.document.language.name == "python" and name in _KNOWN
