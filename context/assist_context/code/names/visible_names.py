"""Which names of one text cannot be meant at a place, because the text binds them elsewhere only.

A name that the text does not bind, or that is used without being bound, may come from anywhere: nothing is
said about it. Broken code is normal input, so a name is also taken for visible where the indentation says so.
"""

from collections.abc import Iterable
from itertools import islice

import tree_sitter

from assist_context.code.names.bindings import Binding, NameTable, read_table, use_spaces
from assist_context.code.names.name_places import NamePlace
from assist_context.code.names.scope_rules import ScopeRules, rules_of
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document

MAX_PLACES = 100  # of one name that are looked at: each takes about 0.01 ms
_TAB = 4
_PARAMETERS = frozenset({"parameters", "lambda_parameters", "formal_parameters", "parameter_list"})
_BLOCKS = frozenset({"block", "statement_block", "module", "program", "source_file"})
_NO_NAMES = (("attribute", "attribute"), ("keyword_argument", "name"))


def out_of_sight(parsed: ParsedText, at: int, names: Iterable[str]) -> frozenset[str]:
    """Those of some names that this text binds, but not for a place: `at` is the first byte of a line's code.

    Where members are declared, no name is: it may be a new one.
    """
    rules = rules_of(parsed.document.language.name)
    if rules is None or parsed.root is None or parsed.kind(at, at + 1) != "code":
        return frozenset()
    if declares_members(parsed, at):
        return frozenset()
    line = parsed.cursor(at).line
    spots = (at, _end_above(parsed, line))
    return frozenset(name for name in names if _is_elsewhere(rules, parsed, line, spots, name))


def is_mentioned(parsed: ParsedText, name: str) -> bool:
    """Whether code of a text has a name alone: not as a member, as a keyword, or in a string or a comment."""
    if parsed.root is None:
        return True
    for start, end in islice(parsed.words(name), MAX_PLACES):
        node = parsed.node(start, end)
        if node is not None and _is_name(node, parsed):
            return True
    return False


def _is_name(node: tree_sitter.Node, parsed: ParsedText) -> bool:
    if "identifier" not in node.type:
        return parsed.kind(node.start_byte, node.end_byte) == "code"
    around = node.parent
    if node.type in ("property_identifier", "field_identifier") or around is None:
        return around is None
    return not any(
        around.type == kind and around.child_by_field_name(field) == node for kind, field in _NO_NAMES
    )


def _is_elsewhere(
    rules: ScopeRules, parsed: ParsedText, line: int, spots: tuple[int, ...], name: str
) -> bool:
    words = list(islice(parsed.words(name), MAX_PLACES + 1))
    if len(words) > MAX_PLACES:
        return False
    table = read_table(parsed, rules, name, words)
    if not table.defined or any(_is_free(rules, table, place) for place in table.places):
        return False
    document = parsed.document
    for place in table.places:
        binding = table.defined.get(place.start)
        if binding is None or (binding.level == "member" and rules.bare_members in ("", "body")):
            continue  # a member is not meant without its object
        defined = parsed.cursor(place.start).line
        if _reaches(binding, spots) or _is_open(document, defined, line, place.rule.kind == "parameter"):
            return False
    return True


def _is_free(rules: ScopeRules, table: NameTable, place: NamePlace) -> bool:
    """Whether a place looks the name up and finds nothing: then it comes from outside of the text."""
    looks_up = place.start not in table.defined and bool(use_spaces(rules, place))
    return looks_up and table.lookup(place) is None


def _reaches(binding: Binding, spots: Iterable[int]) -> bool:
    """Whether a binding is known at one of some bytes."""
    return binding.level != "local" or any(binding.scope[0] <= spot < binding.scope[1] for spot in spots)


def _is_open(document: Document, defined: int, line: int, parameter: bool) -> bool:
    """Whether the block in which a line defines something goes on at another line, by the indentation."""
    if defined > line:
        return False
    own = _indent(document.lines[defined])
    between = (document.lines[at] for at in range(defined + 1, line + 1))
    least = min((_indent(text) for text in between if text.strip(" \t\r\n)]}#;")), default=own + 1)
    return least > own or (least == own and not parameter)


def declares_members(parsed: ParsedText, at: int) -> bool:
    """Whether the nearest scope around a place is a class, or what a language has for one."""
    rules = rules_of(parsed.document.language.name)
    if rules is None:
        return False
    node: tree_sitter.Node | None = parsed.node(at, at + 1)
    while node is not None:
        kind = rules.scopes.get(node.type)
        if kind in ("class", "function", "module"):
            return kind == "class"
        node = node.parent
    return False


def declares_parameters(parsed: ParsedText, at: int) -> bool:
    """Whether a place is in the brackets of a definition's parameters."""
    node = parsed.node(at, at)
    while node is not None and node.type not in _BLOCKS:
        if node.type in _PARAMETERS:
            return True
        node = node.parent
    return False


def _end_above(parsed: ParsedText, line: int) -> int:
    """The last byte of the code above a line."""
    start = parsed.source.starts[line] if line < len(parsed.source.starts) else len(parsed.source.data)
    return max(0, len(parsed.source.data[:start].rstrip()) - 1)


def _indent(line: str) -> int:
    line = line.expandtabs(_TAB)
    return len(line) - len(line.lstrip())
