"""The logic of one statement: its operators, negations, literals, calls, and words such as `await`.

Blocks and branches inside of it are handed to whoever asked: they are statements of their own.
"""

import re
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
from assist_context.syntax.scopes.logic.same_nodes import (
    arguments_of,
    bound_function,
    called_later,
    chained_sides,
    compared_values,
    emptiness,
    is_default,
    is_undefined_type,
    is_value_dropped,
    joined_parts,
    key_shape,
    own_value,
    tails,
)
from assist_context.syntax.scopes.parsed_text import node_text

LogicKind = Literal[
    "operator", "negation", "literal", "call", "argument", "word", "shape", "branch", "leave", "store"
]

_SHAPES = frozenset(shape for idiom in TABLE["idioms"] for shape in idiom["shapes"]) | KINDS["marks"]
_ARITHMETIC = frozenset(
    ("+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "??", ">>>", "&^")
)
_CHOICES = frozenset({"conditional_expression", "ternary_expression", "match_arm", "match_pattern"})
_STEPS = {"++": "+", "--": "-"}


@dataclass(frozen=True, slots=True)
class LogicToken:
    """A piece of logic; `text` is the same for what means the same, `line` counts from 1.

    `sides` is what a comparison compares.
    """

    kind: LogicKind
    text: str
    line: int
    sides: tuple[str, str] = ("", "")


class InnerStatements(Protocol):
    """Who reads the statements inside of a statement."""

    def inner_statement(self, node: tree_sitter.Node) -> None:
        """A block, a branch or a function inside of a statement."""

    def name_of(self, node: tree_sitter.Node, text: str) -> str:
        """What a name at a node is called now."""

    def is_filling(self, call: tree_sitter.Node) -> bool:
        """Whether a call puts a first thing into what the statement before made."""


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
            sides = [child for child in node.named_children if "comment" not in child.type]
            self._compare(node, sides, operator, negated=negated)
        elif kind in KINDS["comparisons"] and (chain := chained_sides(node)):
            self._chain(node, chain, negated=negated)
        else:
            if negated:
                self._add("negation", "not", node)
            self._other(node, operator)

    def _compare(
        self,
        node: tree_sitter.Node,
        sides: list[tree_sitter.Node],
        operator: str,
        *,
        negated: bool,
        read: bool = True,
    ) -> None:
        """One comparison. `read`: what it compares is read, too."""
        if len(sides) == 2 and is_value(sides[0]) and not is_value(sides[1]):
            operator = MIRRORED.get(operator, operator)
            sides = sides[::-1]
        if len(sides) == 2 and (inner := emptiness(sides, operator)) is not None:
            thing, wanted, by = inner
            if by == "text":
                self._add("operator", "is empty" if (wanted == negated) else "is not empty", node)
            elif wanted == negated:
                self._add("negation", "not", node)
            self._walk(thing, negated=False)
            return
        plain = OPPOSITES.get(operator, operator)
        opposite = (operator in OPPOSITES) != negated
        words = [" ".join(self._inner.name_of(side, node_text(side)).split()) for side in sides]
        compared = (words[0], words[-1]) if words else ("", "")
        word = negated_word(plain) if opposite else plain
        self.found.append(LogicToken("operator", word, node.start_point.row + 1, compared))
        if len(sides) == 2 and is_undefined_type(sides):
            self._add("literal", "undefined", node)
            sides = sides[0].named_children
        for child in sides if read else ():
            self._walk(child, negated=False)

    def _chain(
        self,
        node: tree_sitter.Node,
        chain: Sequence[tuple[tree_sitter.Node, str, tree_sitter.Node]],
        *,
        negated: bool,
    ) -> None:
        """Several comparisons at once, each with what follows."""
        for at, (left, operator, right) in enumerate(chain):
            if at:
                self._add("operator", "or" if negated else "and", node)
            self._compare(node, [left, right], operator, negated=negated, read=False)
        for child in (chain[0][0], *(right for _, _, right in chain)):
            self._walk(child, negated=False)

    def _other(self, node: tree_sitter.Node, operator: str) -> None:
        """A node that is no part of a condition."""
        kind = node.type
        if kind in KINDS["strings"]:
            self._string(node)
        elif kind in KINDS["numbers"]:
            self._add("literal", plain_number(node_text(node)), node)
        elif kind in KINDS["constants"]:
            self._constant(node)
        elif kind in KINDS["calls"] and called_name(node) in KINDS["silent_calls"]:
            self._cast_value(node)
        elif (same := own_value(node)) is not None:
            self._walk(same, negated=False)
        elif kind in KINDS["calls"] and (function := bound_function(node)) is not None:
            self._bound_call(node, function)
        elif kind in KINDS["calls"] and self._writes_sum(node):
            self._written_parts(node)
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
            self._leave(node)
        elif _divides(node):
            self._add("branch", "if", node)
        self._compare_arm(node)
        if kind in KINDS["stores"]:
            self._store(node)
        self._shape(node)

    def _store(self, node: tree_sitter.Node) -> None:
        """A value that is put into something, not only given a name."""
        left = node.child_by_field_name("left")
        written = left.named_children if left is not None and left.type == "expression_list" else [left]
        for place in written:
            if place is not None and place.type in KINDS["places"]:
                inside = "subscript" in place.type or "index" in place.type
                name = place.named_children[0 if inside else -1]
                word = self._inner.name_of(name, node_text(name).rpartition(".")[2])
                self._add("store", word if inside else f".{word}", node)

    def _leave(self, node: tree_sitter.Node) -> None:
        value = value_of_return(node)
        times = tails(value) if value is not None and node.type == "return_expression" else 1
        for _ in range(times):
            self._add("leave", "return" if value is None else "return a value", node)

    def _shape(self, node: tree_sitter.Node) -> None:
        """How something is written, where there are other ways to write it."""
        kind = node.type
        if kind == "try_expression":
            self._add("operator", "?", node)
        if kind == "conditional_expression" and (
            shape := key_shape(node.named_children[1], node.named_children[0])
        ):
            self._add("shape", shape, node)
        if kind in _SHAPES:
            self._add("shape", kind, node)
        elif kind == "let_declaration" and node.child_by_field_name("alternative") is not None:
            self._add("shape", "let_else", node)
        elif kind == "yield" and any(node_text(child) == "from" for child in node.children):
            self._add("shape", "yield_from", node)
        elif kind == "required_parameter" and node.named_children[0].type == "accessibility_modifier":
            self._add("store", f".{node_text(node.child_by_field_name('pattern'))}", node)
        elif kind == "required_parameter" and node.child_by_field_name("value") is not None:
            self._add("shape", "default_value", node)

    def _compare_arm(self, node: tree_sitter.Node) -> None:
        """What an arm compares with, as a branch would."""
        for at, value in enumerate(compared_values(node) if node.type in KINDS["arms"] else ()):
            self._add("operator", "===" if node.type == "switch_case" else "==", value)
            if at:
                self._add("operator", "or", value)

    def _bound_call(self, node: tree_sitter.Node, function: tree_sitter.Node) -> None:
        """A call whose last arguments come later."""
        name = self._inner.name_of(function, node_text(function).rpartition(".")[2])
        self._add("call", name, node)
        for given in arguments_of(node)[1:]:
            self._add("argument", name, node)
            self._walk(given, negated=False)

    def _writes_sum(self, node: tree_sitter.Node) -> bool:
        given = arguments_of(node)
        return (
            called_name(node) in KINDS["writing_calls"]
            and len(given) == 1
            and len(joined_parts(given[0])) > 1
        )

    def _written_parts(self, node: tree_sitter.Node) -> None:
        """A call that writes a sum: it may write the parts one by one."""
        for part in joined_parts(arguments_of(node)[0]):
            self._add("call", called_name(node), node)
            self._add("argument", called_name(node), node)
            self._walk(part, negated=False)

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
        returned = around is not None and around.type in KINDS["returning"] | KINDS["closures"]
        if not returned or text not in ("none", "null", "nil", "undefined"):  # else it is as `return` alone
            self._add("literal", text, node)

    def _closure(self, node: tree_sitter.Node) -> None:
        body = node.child_by_field_name("body")
        nothing = body is None or body.type in BODIES or node_text(body) in ("undefined", "void 0")
        if not nothing and not is_value_dropped(node):
            self._add("leave", "return a value", node)

    def _call(self, node: tree_sitter.Node) -> None:
        name = called_name(node)
        if not name:
            return
        given = arguments_of(node)
        if self._inner.is_filling(node) or _makes_nothing(node, name, given):
            return
        name = self._inner.name_of(node, name)
        self._add("call", name, node)
        if node.type == "call" and name == "super":
            given = []  # what it is given is what it finds by itself
        if any(child.type in KINDS["splats"] for child in given):
            self._add("shape", f"splat {name}", node)
        for _ in given:
            self._add("argument", name, node)
        for function in called_later(node):
            later = self._inner.name_of(function, node_text(function).rpartition("::")[2])
            self._add("call", later, node)
            if not name.endswith("else"):
                self._add("argument", later, node)
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
                    self._walk(_as_text(child, piece), negated=False)
        text = "".join(pieces)
        if node.parent is not None and node.parent.parent and called_name(node.parent.parent) == "require":
            text = re.sub(r"(?:/index)?\.(?:js|json|ts|cjs|mjs)$", "", text)
        words = PLACES.sub(" ", text).split()
        for word in words:
            self._add("literal", word, node)
        if not words and text and not PLACES.search(text):
            self._add("literal", repr(text), node)


def _divides(node: tree_sitter.Node) -> bool:
    """Whether a node is a branch that is no statement: one of several arms, or a binding that may fail."""
    around = node.parent
    if node.type in ("match_arm", "type_case"):
        return around is not None and around.named_children[-1] != node
    is_arm = node.type in KINDS["arms"] and not is_default(node)
    return is_arm or (node.type == "let_declaration" and node.child_by_field_name("alternative") is not None)


def _makes_nothing(node: tree_sitter.Node, name: str, given: Sequence[tree_sitter.Node]) -> bool:
    """Whether a call makes an empty thing, or an object that is only compared with."""
    if name == "make":
        return len(given) == 1 and given[0].type == "map_type"
    text = "".join(node_text(node).split())
    return not given and (text in KINDS["empty_things"] or (node.type == "call" and text == "object()"))


def _as_text(node: tree_sitter.Node, piece: tree_sitter.Node) -> tree_sitter.Node:
    """What is put into a text, without a call that makes a text of it, as the text does by itself."""
    given = arguments_of(node) if node.type in ("call", "call_expression") else []
    plain = len(piece.named_children) == 1 and len(given) == 1 and called_name(node) in ("str", "String")
    return given[0] if plain else node


def _is_statement(node: tree_sitter.Node) -> bool:
    if node.type in KINDS["branches"]:
        return node.child_by_field_name("condition") is not None
    return node.is_named and node.type in KINDS["functions"]
