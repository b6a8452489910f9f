"""Arguments that a function may write into: its parameters, and calls that change their object.

A parameter that gets another value anywhere in the function does not count, since what is written then may
be new. The rules for a language are given (`statements`). This module knows one text.
"""

import re
from collections.abc import Collection, Iterator

import tree_sitter

from assist_context.code.calls import Parameter, call_rules, list_parameters
from assist_context.code.trees.parsed_text import node_text
from assist_context.languages import Language

_PARTS = re.compile(r"attribute|subscript|member_|selector_|index_|field_|unary_|parenthesized_|non_null")
_BINDS = frozenset({"left", "pattern", "name", "alias", "parameter"})  # fields that give a name a value
_SEVERAL = re.compile(r"list|pattern|as_pattern_target")  # what is around a name among others there
_NO_VALUE = re.compile(r"keyword_argument|pair|call|parameter")


def written_parameters(language: Language, function: tree_sitter.Node, pattern: str) -> dict[str, Parameter]:
    """The parameters by their names that mean an argument, and no copy, from the first to the last line.

    `pattern` is an expression for the types of those that do, "" for a language in which all do.
    """
    body = function.child_by_field_name("body")
    bound = set(_bound_names(body)) if body is not None else set()
    return {
        parameter.name: parameter
        for parameter in list_parameters(language, function)
        if parameter.kind not in ("receiver", "variadic")
        and parameter.name.isidentifier()
        and parameter.name not in bound
        and re.match(pattern, parameter.type)
    }


def changed_object(
    language: Language, node: tree_sitter.Node, changing: Collection[str]
) -> tree_sitter.Node | None:
    """The object whose method a node calls, if that is one of those that change it."""
    rules = call_rules(language)
    fields = rules.calls.get(node.type) if rules is not None else None
    callee = node.child_by_field_name(fields[0]) if fields else None
    member = rules.members.get(callee.type) if rules is not None and callee is not None else None
    if callee is None or member is None:
        return None
    name = callee.child_by_field_name(member[1])
    return callee.child_by_field_name(member[0]) if node_text(name) in changing else None


def find_whole(part: tree_sitter.Node) -> tree_sitter.Node | None:
    """The name whose part a node is, as `a` of `a.b[0]`; None for a part of the value of a call."""
    while part.named_children:
        if not _PARTS.match(part.type):
            return None
        part = part.named_children[0]
    return part


def _bound_names(body: tree_sitter.Node) -> Iterator[str]:
    """The names that get a value in a body, by themselves or among others, also in functions inside of it."""
    waiting = [(body, False)]
    while waiting:
        node, is_bound = waiting.pop()
        if is_bound and not node.named_child_count:
            yield node_text(node)
        among = is_bound and _SEVERAL.search(node.type) is not None
        gives = _NO_VALUE.search(node.type) is None
        for at, child in enumerate(node.children):
            if child.is_named:
                waiting.append((child, among or (gives and node.field_name_for_child(at) in _BINDS)))
