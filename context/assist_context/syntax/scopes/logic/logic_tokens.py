"""The logic of one statement: its operators, negations, literals, calls, and words such as `await`.

Blocks and branches inside of it are handed to whoever asked: they are statements of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import tree_sitter

from assist_context.syntax.scopes.logic.code_texts import PLACES, plain_number, string_pieces
from assist_context.syntax.scopes.logic.conditions import (
    COMPARED,
    JOINS,
    MIRRORED,
    OPPOSITES,
    OTHER_JOIN,
    negated_word,
)
from assist_context.syntax.scopes.logic.node_kinds import (
    BODIES,
    KINDS,
    TABLE,
    called_name,
    is_ignored,
    is_type,
    is_value,
    operator_of,
    value_of_return,
)
from assist_context.syntax.scopes.parsed_text import node_text

LogicKind = Literal["operator", "negation", "literal", "call", "argument", "word", "shape", "branch", "leave"]

_SHAPES = frozenset(shape for idiom in TABLE["idioms"] for shape in idiom["shapes"])
_ARITHMETIC = frozenset(
    ("+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "??", ">>>", "&^")
)
_CHOICES = frozenset({"conditional_expression", "ternary_expression", "match_arm", "match_pattern"})
_STEPS = {"++": "+", "--": "-"}


@dataclass(frozen=True, slots=True)
class LogicToken:
    """A piece of logic; `text` is the same for what means the same, `line` counts from 1."""

    kind: LogicKind
    text: str
    line: int


class InnerStatements(Protocol):
    """Who reads the statements inside of a statement."""

    def inner_statement(self, node: tree_sitter.Node) -> None:
        """A block, a branch or a function inside of a statement."""

    def name_of(self, node: tree_sitter.Node, text: str) -> str:
        """What a name at a node is called now."""


class TokenReader:
    """The logic of one statement; statements inside of it are handed back to the reader of units."""

    def __init__(self, inner: InnerStatements) -> None:
        self._inner = inner
        self.found: list[LogicToken] = []

    def read(self, node: tree_sitter.Node) -> None:
        """A statement: what it consists of counts as it is."""
        self._walk(node, negated=False)

    def read_condition(self, node: tree_sitter.Node) -> None:
        """A part of a branch before its block."""
        if not is_ignored(node):
            self._walk(node, negated=False)

    def _add(self, kind: LogicKind, text: str, node: tree_sitter.Node) -> None:
        self.found.append(LogicToken(kind, text, node.start_point.row + 1))

    def _walk(self, node: tree_sitter.Node, *, negated: bool) -> None:
        """One node. `negated`: an odd number of negations is around it, none of which is counted so far."""
        kind = node.type
        operator = operator_of(node)
        if kind in KINDS["wrappers"] and len(node.named_children) == 1:
            self._walk(node.named_children[0], negated=negated)
        elif operator in ("not", "!") and kind in KINDS["negations"]:
            self._walk(node.named_children[-1], negated=not negated)
        elif operator in JOINS and kind in KINDS["binaries"]:
            joined = JOINS[operator]
            self._add("operator", OTHER_JOIN[joined] if negated else joined, node)
            for child in node.named_children:
                self._walk(child, negated=negated)
        elif kind in KINDS["comparisons"] and operator in COMPARED:
            self._compare(node, operator, negated=negated)
        else:
            if negated:
                self._add("negation", "not", node)
            self._other(node, operator)

    def _compare(self, node: tree_sitter.Node, operator: str, *, negated: bool) -> None:
        sides = [child for child in node.named_children if "comment" not in child.type]
        if len(sides) == 2 and is_value(sides[0]) and not is_value(sides[1]):
            operator = MIRRORED.get(operator, operator)
            sides.reverse()
        if len(sides) == 2 and (inner := _emptiness(sides, operator)) is not None:
            self._add("operator", "is empty" if (inner[1] == negated) else "is not empty", node)
            self._walk(inner[0], negated=False)
            return
        plain = OPPOSITES.get(operator, operator)
        opposite = (operator in OPPOSITES) != negated
        self._add("operator", negated_word(plain) if opposite else plain, node)
        for child in sides:
            self._walk(child, negated=False)

    def _other(self, node: tree_sitter.Node, operator: str) -> None:
        """A node that is no part of a condition."""
        kind = node.type
        if kind in KINDS["strings"]:
            self._string(node)
        elif kind in KINDS["numbers"]:
            self._add("literal", plain_number(node_text(node)), node)
        elif kind in KINDS["constants"] and not node.child_count:
            self._constant(node)
        elif kind in KINDS["calls"] and called_name(node) in KINDS["silent_calls"]:
            self._cast_value(node)
        else:
            self._compound(node, operator)
            self._children(node)

    def _compound(self, node: tree_sitter.Node, operator: str) -> None:
        """What a node says by itself, apart from what is in it."""
        kind = node.type
        if kind in KINDS["calls"]:
            self._call(node)
        elif kind in KINDS["binaries"] and operator in _ARITHMETIC:
            self._add("operator", operator, node)
        elif kind in KINDS["closures"]:
            self._closure(node)
        elif kind in KINDS["returning"]:
            self._add("leave", "return" if value_of_return(node) is None else "return a value", node)
        elif _divides(node):
            self._add("branch", "if", node)
        if kind == "try_expression":
            self._add("operator", "?", node)
        if kind in _SHAPES:
            self._add("shape", kind, node)

    def _cast_value(self, node: tree_sitter.Node) -> None:
        """The value of a call that is only for a checker of types."""
        listing = node.child_by_field_name("arguments")
        if called_name(node) == "cast" and listing is not None and listing.named_children:
            self._walk(listing.named_children[-1], negated=False)

    def _children(self, node: tree_sitter.Node) -> None:
        for at, child in enumerate(node.children):
            if is_ignored(child) or is_type(node, at):
                continue
            if child.type in BODIES or _is_statement(child):
                self._inner.inner_statement(child)
            elif child.is_named:
                if child.type == "if_clause":
                    self._add("branch", "if", child)
                self._walk(child, negated=False)
            else:
                self._sign(child, node)

    def _sign(self, leaf: tree_sitter.Node, around: tree_sitter.Node) -> None:
        """A word or an operator that no rule took."""
        text = node_text(leaf)
        if text in KINDS["keywords"] and around.type != "impl_item":
            self._add("word", "catch" if text == "except" else text, leaf)
        elif text in _STEPS:
            self._add("operator", _STEPS[text], leaf)
            self._add("literal", "1", leaf)
        elif len(text) > 1 and text.endswith("=") and text[:-1] in _ARITHMETIC:
            self._add("operator", text[:-1], leaf)
        elif text in ("if", "?") and around.type in _CHOICES:
            self._add("branch", "if", leaf)
        elif text == "-" and around.type in KINDS["negations"] | {"unary_operator"}:
            self._add("operator", "-", leaf)

    def _constant(self, node: tree_sitter.Node) -> None:
        text = node_text(node).lower()
        around = node.parent
        returned = around is not None and around.type in KINDS["returning"]
        if not returned or text not in ("none", "null", "nil", "undefined"):  # else it is as `return` alone
            self._add("literal", text, node)

    def _closure(self, node: tree_sitter.Node) -> None:
        body = node.child_by_field_name("body")
        if body is not None and body.type not in BODIES:
            self._add("leave", "return a value", node)

    def _call(self, node: tree_sitter.Node) -> None:
        name = called_name(node)
        if not name:
            return
        name = self._inner.name_of(node, name)
        self._add("call", name, node)
        listing = node.child_by_field_name("arguments")
        given = [child for child in listing.named_children if "comment" not in child.type] if listing else []
        if listing is not None and listing.type not in ("argument_list", "arguments"):
            given = [listing]
        for _ in given:
            self._add("argument", name, node)
        if name in KINDS["panics"]:
            self._add("word", "raise", node)

    def _string(self, node: tree_sitter.Node) -> None:
        """The words of a text, without what is put into it."""
        pieces: list[str] = []
        for piece in string_pieces(node):
            if isinstance(piece, str):
                pieces.append(piece)
                continue
            self._add("shape", piece.type, piece)
            pieces.append(" ")
            for child in piece.named_children:
                if child.type not in ("type_conversion", "format_specifier"):
                    self._walk(child, negated=False)
        text = "".join(pieces)
        words = PLACES.sub(" ", text).split()
        for word in words:
            self._add("literal", word, node)
        if not words and text and not PLACES.search(text):
            self._add("literal", repr(text), node)


def _divides(node: tree_sitter.Node) -> bool:
    """Whether a node is a branch that is no statement: one of several arms, or a binding that may fail."""
    around = node.parent
    is_arm = node.type in KINDS["arms"] and around is not None and around.named_children[-1] != node
    return is_arm or (node.type == "let_declaration" and node.child_by_field_name("alternative") is not None)


def _is_statement(node: tree_sitter.Node) -> bool:
    if node.type in KINDS["branches"]:
        return node.child_by_field_name("condition") is not None
    return node.is_named and node.type in KINDS["functions"]


def _emptiness(sides: Sequence[tree_sitter.Node], operator: str) -> tuple[tree_sitter.Node, bool] | None:
    """What a comparison wants to be empty, or not to be, as `len(x) > 0` and `x != ""` do."""
    value = node_text(sides[1])
    thing = sides[0]
    wanted = {">": True, "!=": True, "!==": True, "==": False, "===": False}.get(operator)
    if wanted is None or value not in ("0", '""', "''"):
        return None
    if value == "0":
        listing = thing.child_by_field_name("arguments") if thing.type in KINDS["calls"] else None
        if called_name(thing) != "len" or listing is None or len(listing.named_children) != 1:
            return None
        thing = listing.named_children[0]
    return (thing, wanted) if value == "0" or operator != ">" else None
