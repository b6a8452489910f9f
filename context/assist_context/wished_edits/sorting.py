"""Entries in the order of their texts: `__all__`, and an object whose keys are sorted."""

import re
from collections.abc import Callable
from itertools import pairwise

import tree_sitter

from assist_context.syntax.scopes.imports.additions import ByteEdit
from assist_context.syntax.scopes.imports.order import SortKey, name_orders
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text
from assist_context.wished_edits.code_texts import CodeTexts, WishedCode, WishedEdit, nodes_in, with_edits
from assist_context.wished_edits.reading import SortedEntriesWish

_LISTS = frozenset({"list", "tuple", "dictionary", "object"})


def sort_entries(texts: CodeTexts, code: WishedCode, wish: SortedEntriesWish) -> WishedEdit | None:
    """The edit; `None` if the name has no such literal, or if comments or code are among the entries."""
    path = code.lines.path
    parsed = texts.parse(path)
    literals = [node for node in nodes_in(parsed, (0, len(parsed.source.data))) if _has_name(node, wish.name)]
    if len(literals) != 1:
        return None
    entries = [
        child for child in literals[0].children if child.type not in ("(", ")", "[", "]", "{", "}", ",")
    ]
    keys = [_key(entry) for entry in entries]
    if len(entries) < 2 or "" in keys or len(set(keys)) < len(keys):
        return None
    edits = _new_order(parsed, entries, keys)
    return WishedEdit(f"sort the {len(entries)} entries of `{wish.name}`", {path: with_edits(parsed, edits)})


def _has_name(node: tree_sitter.Node, name: str) -> bool:
    """Whether a node is a literal that is assigned to a name at the top of the text."""
    around = node.parent
    if node.type not in _LISTS or around is None:
        return False
    target = around.child_by_field_name("left") or around.child_by_field_name("name")
    above = around.parent.parent if around.parent is not None else None
    at_top = above is not None and above.type in ("module", "program", "export_statement")
    return at_top and node_text(target) == name


def _key(entry: tree_sitter.Node) -> str:
    """What an entry is sorted by, "" if it is no plain text or pair of one."""
    written = entry.child_by_field_name("key") if entry.type == "pair" else entry
    found = re.fullmatch(r"[\"']([^\"'\\]*)[\"']|([\w$]+)", node_text(written))
    return (found[1] or found[2] or "") if found and "comment" not in entry.type else ""


def _new_order(parsed: ParsedText, entries: list[tree_sitter.Node], keys: list[str]) -> list[ByteEdit]:
    order = _order_of(keys, parsed.document.language.name)
    ordered = sorted(range(len(entries)), key=lambda at: order(keys[at]))
    return [(*entry.byte_range, node_text(entries[at])) for entry, at in zip(entries, ordered, strict=True)]


def _order_of(keys: list[str], language: str) -> Callable[[str], SortKey]:
    """The usual order that the keys nearly have."""

    def wrong(order: Callable[[str], SortKey]) -> int:
        return sum(order(one) > order(other) for one, other in pairwise(keys))

    return min(name_orders(language), key=wrong)
