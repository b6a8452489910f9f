"""The logic of a text, statement by statement, and under which conditions each runs.

A unit is one statement without the statements inside of it. Its context is what is known to hold where it is:
the conditions of the branches around it, and the opposite of those that left before it. So a branch that was
turned around, with its sides exchanged, has the same units in the same contexts. This module knows one text.
"""

import re
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import tree_sitter

from assist_context.syntax.scopes.logic.code_texts import string_pieces
from assist_context.syntax.scopes.logic.conditions import (
    CHECKER_ONLY,
    COMPARED,
    JOINS,
    OPPOSITES,
    Formula,
    items_of,
    negate,
    words_of,
)
from assist_context.syntax.scopes.logic.logic_tokens import LogicToken, TokenReader
from assist_context.syntax.scopes.logic.node_kinds import (
    BODIES,
    KINDS,
    always_leaves,
    first_body,
    function_name,
    is_bare_return,
    is_ignored,
    is_lone_text,
    is_type,
    name_given,
    operator_of,
    unwrap,
)
from assist_context.syntax.scopes.logic.same_nodes import (
    default_given,
    filling_calls,
    key_shape,
    last_value,
    passed_on,
)
from assist_context.syntax.scopes.parsed_text import ParsedText, node_text

_NAMED = KINDS["classes"] | {"struct_item", "enum_item", "type_spec", "type_item", "interface_declaration"}
_AROUND = frozenset({"export_statement", "decorated_definition"})
_MEMBERS = re.compile(r"(?:[^\W\d]\w* (?:\?\.|\.|->|::) )+(?=[^\W\d])")
_NAME = re.compile(r"[^\W\d]\w*")
_BRACKETS = frozenset({"(", ")", ",", ";", "{", "}", ":"})


@dataclass(frozen=True, slots=True)
class LogicUnit:
    """A statement: its code without blanks and brackets, its logic, and what holds where it runs.

    `role` is "branch" for a condition (`holds` and `fails` say what its two sides know), "leave" for what
    leaves a function or a round, and "plain" for the rest. The code of a branch is that of its opposite too.
    `within` is the innermost function's name, `assigns` the name that the statement gives a value. `heads`:
    it is the head of a function.
    """

    code: str
    line: int
    role: Literal["branch", "leave", "plain"]
    within: str
    context: frozenset[str]
    tokens: tuple[LogicToken, ...]
    assigns: str = ""
    holds: frozenset[str] = frozenset()
    fails: frozenset[str] = frozenset()
    heads: bool = False


@dataclass(slots=True)
class UnitPlace:
    """Where a statement is."""

    within: str
    context: frozenset[str]


def logic_units(
    parsed: ParsedText, names: Mapping[str, str], same: Container[bytes] = (), lines: Container[int] = ()
) -> list[LogicUnit]:
    """All units of a text in order. `names` says what some names on these `lines` are called now.

    Definitions at the top of the text or of a class whose code is in `same` are left out.
    """
    return _UnitReader(names, same, lines).read(parsed.root) if parsed.root is not None else []


def definition_codes(parsed: ParsedText) -> frozenset[bytes]:
    """The code of all that `logic_units` may leave out."""
    return frozenset(node.text or b"" for node in _definitions(parsed.root))


def defined_names(parsed: ParsedText, same: Container[bytes]) -> dict[str, str]:
    """The names of functions and classes with their parameters, without definitions that are in `same`."""
    found = dict[str, str]()
    waiting = list(_classes(parsed.root))
    for node in _definitions(parsed.root):
        if (node.text or b"") not in same:
            waiting.append(node)
        elif name := function_name(node):
            found[node_text(name)] = ""
    while waiting:
        node = waiting.pop()
        name = function_name(node) or (node.child_by_field_name("name") if node.type in _NAMED else None)
        if name is not None:
            found[node_text(name)] = "".join(node_text(node.child_by_field_name("parameters")).split())
        if node.type not in KINDS["classes"]:
            waiting += node.named_children
    return found


def imported_words(parsed: ParsedText) -> frozenset[str]:
    """The words of the imports at the top of a text."""
    nodes = parsed.root.named_children if parsed.root is not None else []
    texts = [node_text(node) for node in nodes if node.type in KINDS["imports"]]
    return frozenset(word for text in texts for word in _NAME.findall(text))


def body_units(parsed: ParsedText, name: str) -> list[list[LogicUnit]]:
    """The units of each function with a name at the top of a text or of a class."""
    found = (node for node in _definitions(parsed.root) if node_text(function_name(node)) == name)
    return [[unit for unit in _UnitReader({}, (), ()).read(node) if not unit.heads] for node in found]


def _definitions(root: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    """What is at the top of a text, and of its classes."""
    for node, inner in _tops(root):
        if inner.type not in KINDS["classes"] and not is_ignored(node):
            yield node


def _classes(root: tree_sitter.Node | None) -> Iterator[tree_sitter.Node]:
    return (inner for _, inner in _tops(root) if inner.type in KINDS["classes"])


def _tops(root: tree_sitter.Node | None) -> Iterator[tuple[tree_sitter.Node, tree_sitter.Node]]:
    """The same with classes, each with what is in it apart from decorators and `export`."""
    waiting = list(root.named_children) if root is not None else []
    while waiting:
        node = waiting.pop()
        inner = node
        while inner.type in _AROUND and inner.named_children:
            inner = inner.named_children[-1]
        if inner.type in KINDS["classes"]:
            body = first_body(inner)
            waiting += body.named_children if body is not None else []
        yield node, inner


class _InnerReader:
    """Hands what is inside of a statement to a reader, at the statement's place."""

    def __init__(self, reader: "_UnitReader", place: UnitPlace) -> None:
        self._reader = reader
        self._place = place

    def inner_statement(self, node: tree_sitter.Node) -> None:
        """A block, a branch or a function inside of a statement."""
        self._reader.read_inner(node, self._place)

    def name_of(self, node: tree_sitter.Node, text: str) -> str:
        """What a name at a node is called now."""
        return self._reader.name_of(node, text)

    def is_filling(self, call: tree_sitter.Node) -> bool:
        """Whether a call puts a first thing into what the statement before made."""
        return call.id in self._reader.filling


class _UnitReader:
    """Reads one tree; `_found` grows."""

    def __init__(self, names: Mapping[str, str], same: Container[bytes], lines: Container[int]) -> None:
        self._names = names
        self._lines = lines
        self._same = same
        self._found: list[LogicUnit] = []
        self.filling: set[int] = set()  # ids of calls

    def read(self, root: tree_sitter.Node) -> list[LogicUnit]:
        place = UnitPlace("", frozenset())
        if root.type in BODIES:
            self._block(root, place)
        else:
            self._statement(root, place)
        return sorted(self._found, key=lambda unit: unit.line)

    def _block(self, block: tree_sitter.Node, place: UnitPlace) -> None:
        """The statements of a block. After a branch that left, the opposite of its condition holds."""
        inside = UnitPlace(place.within, place.context)
        statements = block.named_children
        around = block.parent
        ends = around is not None and around.type in KINDS["functions"] | KINDS["function_values"]
        if ends and statements and is_bare_return(statements[-1]):
            statements = statements[:-1]  # it ends anyway
        elif ends and statements and (value := last_value(statements[-1])) is not None:
            statements = [*statements[:-1], value]
        statements = passed_on(statements)
        self.filling.update(call.id for call in filling_calls(statements))
        for child in statements:
            if not self._same or place.within or (child.text or b"") not in self._same:
                self._statement(child, inside)

    def _statement(self, node: tree_sitter.Node, place: UnitPlace) -> None:
        if is_ignored(node) or is_lone_text(node):
            return
        inner = unwrap(node)
        if inner.type in KINDS["branches"] and (given := default_given(inner)) is not None:
            self._default(inner, given, place)
            return
        if inner.type in KINDS["branches"] and inner.child_by_field_name("condition") is not None:
            place.context |= self._branch(inner, place)
            return
        if node.type in BODIES:
            self._block(node, place)
            return
        if node.type == "decorated_definition" and any(
            child.type == "decorator" and node_text(child).endswith("overload")
            for child in node.named_children
        ):
            return
        named = function_name(inner)
        inside = UnitPlace(self._text(named), frozenset()) if named is not None else place
        tokens = TokenReader(_InnerReader(self, inside))
        tokens.read(node)
        left = name_given(inner)
        self._found.append(
            LogicUnit(
                self._text(node, flat=True),
                node.start_point.row + 1,
                "leave" if inner.type in KINDS["leaving"] else "plain",
                inside.within,
                place.context,
                tuple(tokens.found),
                self._text(left) if left is not None else "",
                heads=named is not None,
            )
        )

    def _default(
        self, node: tree_sitter.Node, given: tuple[str, str, tree_sitter.Node], place: UnitPlace
    ) -> None:
        """A branch that gives a name a value by what it has is read as an `or`, or an `and`."""
        name, word, value = given
        line = node.start_point.row + 1
        tokens = TokenReader(_InnerReader(self, place))
        tokens.found.append(LogicToken("operator", JOINS[word], line))
        tokens.read(value)
        called = self.name_of(node, name)
        code = " ".join(
            f"{called} = {called} {word} {self._text(value, flat=True)}".replace(".", " . ").split()
        )
        self._found.append(
            LogicUnit(code, line, "plain", place.within, place.context, tuple(tokens.found), called)
        )

    def _branch(self, node: tree_sitter.Node, place: UnitPlace) -> frozenset[str]:
        """The units of a branch; returns what holds after it."""
        condition = node.child_by_field_name("condition")
        if condition is None:
            return frozenset()
        if self._text(condition, flat=True) in CHECKER_ONLY:
            for other in node.children_by_field_name("alternative"):
                self._side(other, place)
            return frozenset()
        formula = self._formula(condition)
        negated = negate(formula)
        if node.type in ("unless", "guard_statement"):
            formula, negated = negated, formula
        holds, fails = items_of(formula), items_of(negated)
        initializer = node.child_by_field_name("initializer")
        if initializer is not None:
            self._statement(initializer, place)
        reader = TokenReader(_InnerReader(self, place))
        reader.found.append(LogicToken("branch", "if", node.start_point.row + 1))
        for child in node.children:
            if child.type in KINDS["elses"] or child.type in BODIES:
                break
            if child != initializer:
                reader.read_condition(child)
        if shape := key_shape(condition, node.child_by_field_name("consequence") or first_body(node)):
            reader.found.append(LogicToken("shape", shape, node.start_point.row + 1))
        self._found.append(
            LogicUnit(
                f"if {min(words_of(formula), words_of(negated))}",
                node.start_point.row + 1,
                "branch",
                place.within,
                place.context,
                tuple(reader.found),
                holds=holds,
                fails=fails,
            )
        )
        return self._sides(node, place, holds, fails)

    def _sides(
        self, node: tree_sitter.Node, place: UnitPlace, holds: frozenset[str], fails: frozenset[str]
    ) -> frozenset[str]:
        """The statements on both sides of a branch; returns what holds after it."""
        consequence = node.child_by_field_name("consequence") or first_body(node)
        left = False
        if consequence is not None:
            self._side(consequence, UnitPlace(place.within, place.context | holds))
            left = always_leaves(consequence)
        otherwise = UnitPlace(place.within, place.context | fails)
        after = fails if left else frozenset()
        for other in node.children_by_field_name("alternative"):
            inner = unwrap(other)
            if inner.type in KINDS["branches"]:
                more = self._branch(inner, otherwise)
                otherwise.context |= self._opposite_of(inner)
                after |= more if left else frozenset()
                continue
            self._side(other, otherwise)
            if always_leaves(other) and not left:
                after = holds
        return after

    def _opposite_of(self, node: tree_sitter.Node) -> frozenset[str]:
        condition = node.child_by_field_name("condition")
        return items_of(negate(self._formula(condition))) if condition is not None else frozenset()

    def _side(self, node: tree_sitter.Node, place: UnitPlace) -> None:
        """What is done on one side of a branch: a block, an `else` with one, or one statement."""
        if node.type in BODIES:
            self._block(node, place)
        elif node.type in KINDS["elses"]:
            for child in node.named_children:
                self._side(child, place)
        else:
            self._statement(node, place)

    def read_inner(self, node: tree_sitter.Node, place: UnitPlace) -> None:
        """A block, a branch or a function inside of a statement."""
        self._statement(node, UnitPlace(place.within, place.context))

    def _formula(self, node: tree_sitter.Node) -> Formula:
        """A condition with negations at its innermost parts only."""
        if node.type in KINDS["wrappers"] and len(node.named_children) == 1:
            return self._formula(node.named_children[0])
        operator = operator_of(node)
        if operator in JOINS and node.type in KINDS["binaries"]:
            sides = [child for child in node.named_children if child.is_named and "comment" not in child.type]
            joined = JOINS[operator]
            parts: list[Formula] = []
            for kind, rest in (self._formula(side) for side in sides):
                parts += rest if kind == joined and isinstance(rest, tuple) else [(kind, rest)]  # type: ignore[list-item]
            return joined, tuple(parts)
        if operator in ("not", "!") and node.type in KINDS["negations"]:
            return negate(self._formula(node.named_children[-1]))
        text = self._plain(node)
        if operator in OPPOSITES and node.type in KINDS["comparisons"]:
            left, right = node.named_children[0], node.named_children[-1]
            return f"{self._plain(left)} {OPPOSITES[operator]} {self._plain(right)}", False
        if operator in COMPARED and node.type in KINDS["comparisons"]:
            left, right = node.named_children[0], node.named_children[-1]
            return f"{self._plain(left)} {operator} {self._plain(right)}", True
        return text, True

    def _plain(self, node: tree_sitter.Node) -> str:
        """A part of a condition; of `a.b.c` only the last name, since the rest may be another way there."""
        return _MEMBERS.sub("", self._text(node, flat=True))

    def _text(self, node: tree_sitter.Node | None, *, flat: bool = False) -> str:
        """The code of a node with the names of now; `flat`: without brackets, types and inner blocks."""
        if node is None:
            return ""
        if not flat:
            return self.name_of(node, node_text(node))
        return " ".join(self._leaves_of(node))

    def _leaves_of(self, node: tree_sitter.Node) -> Iterator[str]:
        for at, child in enumerate(node.children):
            if is_ignored(child) or child.type in BODIES or is_type(node, at):
                continue
            if child.type in KINDS["strings"]:
                yield "".join(
                    f' "{piece}" ' if isinstance(piece, str) else " ".join(self._leaves_of(piece))
                    for piece in string_pieces(child)
                ).replace('"  "', "")
            else:
                yield from self._leaves_of(child)
        if not node.child_count and node.end_byte > node.start_byte:
            text = node_text(node)
            if text not in _BRACKETS:
                yield self.name_of(node, text.replace("'", '"'))

    def name_of(self, node: tree_sitter.Node, text: str) -> str:
        """What a name at a node is called now."""
        return self._names.get(text, text) if node.start_point.row + 1 in self._lines else text
