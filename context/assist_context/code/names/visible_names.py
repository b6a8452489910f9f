"""Names of one text that a place cannot mean, because the text binds them elsewhere only.

A name that the text does not bind, or that is used without being bound, may come from anywhere: nothing is
said about it. Broken code is normal input, so a name is also taken for visible where the indentation says so.
"""

from collections.abc import Iterable
from itertools import islice

import tree_sitter

from assist_context.code.names.bindings import Binding, NameTable, read_table, use_spaces
from assist_context.code.names.name_places import NamePlace
from assist_context.code.names.scope_rules import ScopeRules, scope_rules
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document

MAX_PLACES = 100  # of one name that are looked at: each takes about 0.01 ms
_TAB = 4
_PARAMETERS = frozenset({"parameters", "lambda_parameters", "formal_parameters", "parameter_list"})
_BLOCKS = frozenset({"block", "statement_block", "module", "program", "source_file"})
_NO_NAMES = (("attribute", "attribute"), ("keyword_argument", "name"))


def out_of_sight(text: ParsedText, at: int, names: Iterable[str]) -> frozenset[str]:
    """The given names that this text binds, but not for a place: `at` is the first byte of a line's code.

    Where members are declared, no name is: it may be a new one.
    """
    rules = scope_rules(text.document.language.name)
    if rules is None or text.root is None or text.kind(at, at + 1) != "code":
        return frozenset()
    if declares_members(text, at):
        return frozenset()
    line = text.cursor(at).line
    spots = (at, _end_above(text, line))
    return frozenset(name for name in names if _is_elsewhere(rules, text, line, spots, name))


def is_mentioned(text: ParsedText, name: str) -> bool:
    """Say if code of a text has a name alone: not as a member, as a keyword, or in a string or a comment."""
    if text.root is None:
        return True
    for start, end in islice(text.words(name), MAX_PLACES):
        node = text.node(start, end)
        if node is not None and _is_name(node, text):
            return True
    return False


def _is_name(node: tree_sitter.Node, text: ParsedText) -> bool:
    if "identifier" not in node.type:
        return text.kind(node.start_byte, node.end_byte) == "code"
    around = node.parent
    if node.type in ("property_identifier", "field_identifier") or around is None:
        return around is None
    return not any(
        around.type == kind and around.child_by_field_name(field) == node for kind, field in _NO_NAMES
    )


def _is_elsewhere(rules: ScopeRules, text: ParsedText, line: int, spots: tuple[int, ...], name: str) -> bool:
    words = list(islice(text.words(name), MAX_PLACES + 1))
    if len(words) > MAX_PLACES:
        return False
    table = read_table(text, rules, name, words)
    if not table.defined or any(_is_free(rules, table, place) for place in table.places):
        return False
    document = text.document
    for place in table.places:
        binding = table.defined.get(place.start)
        if binding is None or (binding.level == "member" and rules.bare_members in ("", "body")):
            continue  # a member is not meant without its object
        defined_line = text.cursor(place.start).line
        if _reaches(binding, spots) or _is_open(document, defined_line, line, place.rule.kind == "parameter"):
            return False
    return True


def _is_free(rules: ScopeRules, table: NameTable, place: NamePlace) -> bool:
    """Return whether a place looks the name up and finds nothing: then it comes from outside of the text."""
    looks_up = place.start not in table.defined and bool(use_spaces(rules, place))
    return looks_up and table.lookup(place) is None


def _reaches(binding: Binding, spots: Iterable[int]) -> bool:
    """Return whether a binding is known at one of some bytes."""
    return binding.level != "local" or any(binding.scope[0] <= spot < binding.scope[1] for spot in spots)


def _is_open(document: Document, defined_line: int, line: int, parameter: bool) -> bool:
    """Say if the block in which a line defines something goes on at another line, by the indentation."""
    if defined_line > line:
        return False
    own = _indent(document.lines[defined_line])
    between = (document.lines[at] for at in range(defined_line + 1, line + 1))
    least = min((_indent(text) for text in between if text.strip(" \t\r\n)]}#;")), default=own + 1)
    return least > own or (least == own and not parameter)


def declares_members(text: ParsedText, at: int) -> bool:
    """Return whether the nearest scope around a place is a class, or what a language has for one."""
    rules = scope_rules(text.document.language.name)
    if rules is None:
        return False
    node: tree_sitter.Node | None = text.node(at, at + 1)
    while node is not None:
        kind = rules.scopes.get(node.type)
        if kind in ("class", "function", "module"):
            return kind == "class"
        node = node.parent
    return False


def declares_parameters(text: ParsedText, at: int) -> bool:
    """Return whether a place is in the brackets of a definition's parameters."""
    node = text.node(at, at)
    while node is not None and node.type not in _BLOCKS:
        if node.type in _PARAMETERS:
            return True
        node = node.parent
    return False


def _end_above(text: ParsedText, line: int) -> int:
    """The last byte of the code above a line."""
    start = text.source.starts[line] if line < len(text.source.starts) else len(text.source.data)
    return max(0, len(text.source.data[:start].rstrip()) - 1)


def _indent(line: str) -> int:
    line = line.expandtabs(_TAB)
    return len(line) - len(line.lstrip())
