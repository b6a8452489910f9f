"""A call compared with a literal, as in `f('') == 0`: its two sides, read with the grammar of the language.

It knows the literals of three languages, and not what is called.
"""

from collections.abc import Iterator, Mapping

import tree_sitter

from assist_context.code.trees import grammars
from assist_context.languages import ECMASCRIPT, Language

MAX_CHARACTERS = 2_000
MAX_MICROSECONDS = 20_000
_CALLS = frozenset({"call", "call_expression", "new_expression"})
# A sign before a number, and what holds other literals.
_NUMBERS = frozenset({"unary_operator", "unary_expression", "negative_literal"})
_HOLDERS = frozenset(
    {"list", "tuple", "set", "dictionary", "pair", "array", "object", "parenthesized_expression"}
)
_PYTHON = {"string", "string_start", "string_content", "string_end", "escape_sequence", "integer", "float"}
_PYTHON |= {"true", "false", "none", "concatenated_string"}
_SCRIPT = {"string", "string_fragment", "escape_sequence", "number", "true", "false", "null", "undefined"}
_SCRIPT |= {"property_identifier"}
_RUST = {"string_literal", "string_content", "escape_sequence", "char_literal", "integer_literal"}
_RUST |= {"raw_string_literal", "float_literal", "boolean_literal", "array_expression", "tuple_expression"}
_RUST |= {"unit_expression", "reference_expression", "call_expression", "arguments"}
_LITERALS: Mapping[str, frozenset[str]] = {
    "python": frozenset(_PYTHON),
    "rust": frozenset(_RUST),
    **dict.fromkeys(ECMASCRIPT, frozenset(_SCRIPT)),
}
_NAMES: Mapping[str, frozenset[str]] = {  # that mean a value by themselves, or hold one
    "rust": frozenset({"None", "Some", "Ok", "Err"}),
    **dict.fromkeys(ECMASCRIPT, frozenset({"undefined", "NaN", "Infinity"})),
}


def compared_call(language: Language, text: str) -> tuple[str, str] | None:
    """An expression with a call, and the literal that it is compared with; None if the text is not that.

    >>> from assist_context.languages import language_of
    >>> compared_call(language_of("a.py"), "f('')[0] == -1")
    ("f('')[0]", '-1')
    >>> compared_call(language_of("a.rs"), 'f("") == Some(1)'), compared_call(language_of("a.py"), "f() == a")
    (('f("")', 'Some(1)'), None)
    """
    if language.name not in _LITERALS or len(text) > MAX_CHARACTERS:
        return None
    ended = text if language.blocks == "indent" else f"{text};"
    tree = grammars.parse_tree(language.grammar, ended.encode("utf-8", "replace"), MAX_MICROSECONDS)
    parts = tree.root_node.named_children if tree is not None and not tree.root_node.has_error else []
    if len(parts) != 1 or parts[0].type != "expression_statement" or parts[0].named_child_count != 1:
        return None
    compared = parts[0].named_children[0]
    if len(compared.children) != 3 or compared.children[1].type not in ("==", "==="):
        return None
    call, _, value = compared.children
    if not any(node.type in _CALLS for node in _within(call)) or not _is_literal(value, language.name):
        return None
    return _text(call), _text(value)


def _within(node: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    yield node
    for part in node.named_children:
        yield from _within(part)


def _is_literal(value: tree_sitter.Node, language: str) -> bool:
    """Whether a value is made of literals alone. Signs are before numbers, and calls are of known names."""
    for node in _within(value):
        if node.type == "identifier":
            if _text(node) not in _NAMES.get(language, ()):
                return False
        elif node.type in _NUMBERS:
            if node.child_count and node.children[0].type not in ("-", "+"):
                return False
        elif node.type not in _LITERALS[language] and node.type not in _HOLDERS:
            return False
    return True


def _text(node: tree_sitter.Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")
