"""Lists of one text: which entries are next to each other, and what each of them is about.

A list is whatever has entries: members, cases, parameters, imports, statements. Which nodes these are in a
language is data (`list_rules.toml`). It knows no second text, and not which lists belong together.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import tree_sitter

from assist_context.languages import Language
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text

ListKind = Literal["statements", "members", "items", "pairs", "cases", "imports", "arguments", "parameters"]
Span = tuple[int, int]

MOST_ENTRIES = 400  # of a list whose elements are named
MOST_NEIGHBOURS = 4  # on each side of an entry
MOST_DEEP = 14  # nodes around a place in which an entry is looked for
_NAME_DEEP = 8

_TABLE: dict[str, Any] = tomllib.loads((files(__package__) / "list_rules.toml").read_text(encoding="utf-8"))
_SHARED = {"typescript": "javascript", "tsx": "javascript"}
# The fields in which a node has what it is called, in the order in which they are asked.
_NAME_FIELDS = (
    "name",
    "key",
    "left",
    "declarator",
    "pattern",
    "attribute",
    "property",
    "field",
    "definition",
)
# Statements that are no elements of anything, whatever names are in them.
_NO_ELEMENTS = re.compile(
    r"""import|package|use_|return|if_|for_|while|with_|try|export_statement  # statements
    | (?:switch|match)_(?:statement|expression|block)$  # not their cases
    | enum_body_declarations  # Java's members after the constants
    | spread|list_splat|dictionary_splat|rest_  # any number of elements
    """,
    re.VERBOSE,
)
_NAME = re.compile(r"[^\W\d][\w$-]*(?<!__)|\$[\w$]+")
_VALUES = frozenset({"None", "True", "False", "null", "undefined", "true", "false", "nil", "self", "this"})
_FUNCTION = re.compile(r"function|method|closure|lambda|func_literal|constructor")
_CLASS = re.compile(r"class|interface|\bstruct|impl_item|trait_item|enum")
_NO_NAME = re.compile(r"comment|modifier|^decorator$|attribute_item")
_LAST_PART = ("dotted_name", "scoped_type_identifier")


@dataclass(frozen=True, slots=True)
class NamedElement:
    """An entry that is called something; `type` and `value` are as written, "" for none."""

    name: str
    span: Span
    name_span: Span
    type: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class NamedList:
    """A list with the entries that are called something, in order.

    `around` is what the list is a part of, such as the function of parameters; `local` says whether it is in
    a function.
    """

    kind: ListKind
    span: Span
    elements: tuple[NamedElement, ...]
    around: Span = (0, 0)
    local: bool = False


@dataclass(frozen=True, slots=True)
class EntryPlace:
    """An entry of a list with its neighbours, the nearest ones first. `list_span` is all of the list."""

    kind: ListKind
    span: Span
    list_span: Span
    before: tuple[Span, ...]
    after: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class ListRules:
    """The rules of one language, as in the file."""

    lists: Mapping[str, ListKind]
    besides: tuple[str, ...]
    only: Mapping[str, str]
    nested: Mapping[str, str]


@lru_cache
def list_rules(language: Language) -> ListRules | None:
    """The rules of a language, `None` for one whose lists are not known."""
    row = _TABLE.get(_SHARED.get(language.name, language.name))
    if row is None:
        return None
    return ListRules(row["lists"], tuple(row["besides"]), row["only"], row["nested"])


def lists_at(parsed: ParsedText, start: int, end: int) -> Iterator[NamedList]:
    """The lists that have entries in some bytes, from inside out, each with the entries nearby."""
    rules = list_rules(parsed.document.language)
    node = parsed.node(start, end)
    for _ in range(MOST_DEEP):
        if rules is None or node is None:
            return
        if node.type in rules.lists and not _is_inner(rules, node):
            entries = list(_entries(rules, node))
            inside = [
                at for at, each in enumerate(entries) if each.end_byte > start and each.start_byte < end
            ]
            elements = [element for at in inside if (element := _element(entries[at]))]
            if any(start <= each.name_span[0] and each.name_span[1] <= end for each in elements):
                near = entries[max(0, inside[0] - MOST_NEIGHBOURS) : inside[-1] + 1 + MOST_NEIGHBOURS]
                named = tuple(found for each in near if (found := _element(each)))
                around = (node.parent or node).byte_range
                yield NamedList(_kind(rules, node), node.byte_range, named, around, _is_local(node))
        node = node.parent


def entries_at(parsed: ParsedText, start: int, end: int) -> Iterator[EntryPlace]:
    """The entries around some bytes with their neighbours, from inside out."""
    rules = list_rules(parsed.document.language)
    node = parsed.node(start, end)
    for _ in range(MOST_DEEP):
        if rules is None or node is None or node.parent is None:
            return
        parent = node.parent
        if parent.type in rules.lists and _is_entry(rules, parent, node):
            outer = _outermost(rules, parent)
            before = tuple(_neighbours(rules, parent, node, False))
            after = tuple(_neighbours(rules, parent, node, True))
            yield EntryPlace(_kind(rules, parent), node.byte_range, outer.byte_range, before, after)
        node = parent


def _kind(rules: ListRules, node: tree_sitter.Node) -> ListKind:
    """The kind of a list: what looks like statements are members in a class."""
    kind = rules.lists[node.type]
    in_class = kind == "statements" and node.parent is not None and _CLASS.search(node.parent.type)
    return "members" if in_class else kind


def _is_inner(rules: ListRules, node: tree_sitter.Node) -> bool:
    return node.type in rules.nested and node.parent is not None and node.parent.type == node.type


def _is_local(node: tree_sitter.Node) -> bool:
    """Whether a node is in a function, and not in a class that is nearer."""
    current = node.parent
    while current is not None:
        if _FUNCTION.search(current.type):
            return True
        if _CLASS.search(current.type):
            return False
        current = current.parent
    return False


def _outermost(rules: ListRules, node: tree_sitter.Node) -> tree_sitter.Node:
    while _is_inner(rules, node) and node.parent is not None:
        node = node.parent
    return node


def _is_entry(rules: ListRules, parent: tree_sitter.Node, node: tree_sitter.Node) -> bool:
    """Whether a child of a list is one of its entries."""
    if not node.is_named or "comment" in node.type or node.type == "ERROR":
        return False
    if node.type == parent.type and parent.type in rules.nested:
        return False
    if parent.type in rules.only and node.type != rules.only[parent.type]:
        return False
    if parent.type in rules.nested and not any(each.type == "|" for each in parent.children):
        return False
    return all(parent.child_by_field_name(each) != node for each in rules.besides)


def _entries(rules: ListRules, node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    count = 0
    for child in node.named_children:
        if child.type == node.type and node.type in rules.nested:
            yield from _entries(rules, child)
        elif _is_entry(rules, node, child):
            yield child
            count += 1
            if count == MOST_ENTRIES:
                return


def _neighbours(
    rules: ListRules, parent: tree_sitter.Node, node: tree_sitter.Node, after: bool
) -> Iterator[Span]:
    """The entries on one side, the nearest first."""
    if parent.type in rules.nested:
        flat = [each.byte_range for each in _entries(rules, _outermost(rules, parent))]
        at = flat.index(node.byte_range)
        yield from flat[at + 1 :] if after else flat[:at][::-1]
        return
    count = 0
    current = node.next_named_sibling if after else node.prev_named_sibling
    while current is not None and count < MOST_NEIGHBOURS:
        if _is_entry(rules, parent, current):
            yield current.byte_range
            count += 1
        current = current.next_named_sibling if after else current.prev_named_sibling


def _element(node: tree_sitter.Node) -> NamedElement | None:
    """An entry by its name, `None` if it has none."""
    name = None if _NO_ELEMENTS.match(node.type) else _name_node(node, 0)
    if name is None:
        return None
    text = node_text(name)
    if not _NAME.fullmatch(text) or text in _VALUES:
        return None
    inner = node.named_child(0) if node.type == "expression_statement" else node
    typed = _field_text(inner, ("type",)).removeprefix(":").strip()
    return NamedElement(text, node.byte_range, name.byte_range, typed, _field_text(inner, ("value", "right")))


def _name_node(node: tree_sitter.Node, deep: int) -> tree_sitter.Node | None:
    """The node of a name: that of a field for it, else of the first child."""
    if not node.named_child_count:
        return node if node.is_named else None
    if deep == _NAME_DEEP or "call" in node.type or "invocation" in node.type:
        return None  # what is called says nothing about an entry
    children = [each for each in node.named_children if not _NO_NAME.search(each.type)]
    if "string" in node.type:
        children = [each for each in children if "content" in each.type or "fragment" in each.type]
    elif node.type in _LAST_PART:
        children = children[::-1]
    else:
        fields = (node.child_by_field_name(name) for name in _NAME_FIELDS)
        children = [*(each for each in fields if each is not None), *children]
    return _name_node(children[0], deep + 1) if children else None


def _field_text(node: tree_sitter.Node | None, names: tuple[str, ...]) -> str:
    for name in names:
        child = node.child_by_field_name(name) if node is not None else None
        if child is not None:
            return node_text(child)
    return ""
