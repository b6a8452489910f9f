"""Nodes that do what other nodes do, though they are written otherwise: looked at one by one, without names.

What needs more than one statement is known by examples (`facts/logic/equivalences`), or is for `logic_units`.
"""

from collections.abc import Iterator, Sequence

import tree_sitter

from assist_context.syntax.scopes.logic.node_kinds import (
    BODIES,
    KINDS,
    called_name,
    first_body,
    is_value,
    operator_of,
    unwrap,
)
from assist_context.syntax.scopes.parsed_text import node_text

_EMPTY = frozenset({"list", "dictionary", "array", "object", "composite_literal"})
_NOTHING = frozenset({"null", "undefined", "None", "nil"})
_DEFAULTS = frozenset({"switch_default", "default_case"})


def arguments_of(call: tree_sitter.Node) -> list[tree_sitter.Node]:
    """What a call passes, one node each."""
    listing = call.child_by_field_name("arguments")
    if listing is None:
        return []
    if listing.type not in ("argument_list", "arguments"):
        return [listing]
    return [child for child in listing.named_children if "comment" not in child.type]


def own_value(call: tree_sitter.Node) -> tree_sitter.Node | None:
    """The value that a call in Rust only holds in another way, as `Arc::new(x)` and `x.clone()` do."""
    callee = call.child_by_field_name("function")
    if call.type != "call_expression" or callee is None:
        return None
    given = arguments_of(call)
    if callee.type == "scoped_identifier" and len(given) == 1:
        return given[0] if node_text(callee) in KINDS["holders"] else None
    is_same = (not given and called_name(call) in KINDS["borrowing"]) or (
        called_name(call) == "map" and len(given) == 1 and _gives_the_same(given[0])
    )
    return callee.child_by_field_name("value") if callee.type == "field_expression" and is_same else None


def _gives_the_same(closure: tree_sitter.Node) -> bool:
    parameters = closure.child_by_field_name("parameters")
    taken = node_text(parameters).strip("|") if closure.type == "closure_expression" else ""
    return bool(taken) and node_text(closure.child_by_field_name("body")).lstrip("&*") == taken


def bound_function(call: tree_sitter.Node) -> tree_sitter.Node | None:
    """The function of `f.bind(null, ...)`, which is called with the other arguments."""
    callee = call.child_by_field_name("function")
    given = arguments_of(call)
    if callee is None or callee.type != "member_expression" or called_name(call) != "bind":
        return None
    return callee.child_by_field_name("object") if given and node_text(given[0]) in _NOTHING else None


def called_later(call: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The functions that a call in Rust is given by name and calls itself: `map(f)` is `map(|x| f(x))`."""
    callee = call.child_by_field_name("function")
    if callee is None or callee.type != "field_expression" or called_name(call) not in KINDS["callers"]:
        return []
    return [
        given
        for given in arguments_of(call)[-1:]
        if given.type in ("identifier", "scoped_identifier")
        and f"{node_text(given)}()" not in KINDS["empty_things"]
    ]


def joined_parts(node: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The parts of a sum, one by one."""
    if node.type in KINDS["binaries"] and operator_of(node) == "+":
        return [part for child in node.named_children for part in joined_parts(child)]
    return [node]


def is_value_dropped(closure: tree_sitter.Node) -> bool:
    """Whether a closure is given to a function that does not look at what it returns."""
    around = closure.parent
    call = around.parent if around is not None else None
    return call is not None and around is not None and called_name(call) in KINDS["value_droppers"]


def compared_values(arm: tree_sitter.Node) -> list[tree_sitter.Node]:
    """The values that an arm compares with; none of an arm with a pattern or a condition."""
    switch = arm.parent.parent if arm.parent is not None and arm.parent.type in BODIES else arm.parent
    if switch is None:
        return []
    value = arm.child_by_field_name("value") if arm.type in ("switch_case", "expression_case") else None
    if arm.type == "expression_case" and value is not None:
        return list(value.named_children) if switch.child_by_field_name("value") is not None else []
    if arm.type == "switch_case" and value is not None:
        return [value] if node_text(switch.child_by_field_name("value")) not in ("(true)", "") else []
    if arm.type == "case_clause":
        patterns = [child for child in arm.named_children if child.type == "case_pattern"]
        inner = [child for pattern in patterns for child in pattern.named_children]
        return [child for child in inner if is_value(child) or child.type == "dotted_name"]
    return []


def is_default(arm: tree_sitter.Node) -> bool:
    """Whether an arm is what is left when no other one is taken."""
    if arm.type in _DEFAULTS:
        return True
    patterns = [child for child in arm.named_children if child.type in ("case_pattern", "match_pattern")]
    return bool(patterns) and all(node_text(child) == "_" for child in patterns)


def emptiness(sides: Sequence[tree_sitter.Node], operator: str) -> tuple[tree_sitter.Node, bool, str] | None:
    """What a comparison wants to be empty, or not to be, as `len(x) > 0` and `x != ""` do, and by what."""
    value = node_text(sides[1])
    thing = sides[0]
    wanted = {">": True, "!=": True, "!==": True, "==": False, "===": False}.get(operator)
    if wanted is None or value not in ("0", '""', "''"):
        return None
    if value != "0":
        return (thing, wanted, "text") if operator != ">" else None
    if thing.type in ("member_expression", "attribute") and node_text(thing).endswith(".length"):
        return thing, wanted, "length"
    listing = thing.child_by_field_name("arguments") if thing.type in KINDS["calls"] else None
    if called_name(thing) != "len" or listing is None or len(listing.named_children) != 1:
        return None
    return listing.named_children[0], wanted, "length" if thing.type == "call" else "text"


def is_undefined_type(sides: Sequence[tree_sitter.Node]) -> bool:
    """Whether `typeof x` is compared with "undefined"."""
    return node_text(sides[0]).startswith("typeof ") and node_text(sides[1])[1:-1] == "undefined"


def chained_sides(
    node: tree_sitter.Node,
) -> list[tuple[tree_sitter.Node, str, tree_sitter.Node]]:
    """The single comparisons of `a < b <= c`; none of a comparison that is single itself."""
    operators = node.children_by_field_name("operators")
    things = [child for child in node.named_children if "comment" not in child.type]
    if node.type != "comparison_operator" or len(things) < 3 or len(operators) != len(things) - 1:
        return []
    words = [" ".join(node_text(operator).split()) for operator in operators]
    return list(zip(things, words, things[1:], strict=False))


def last_value(statement: tree_sitter.Node) -> tree_sitter.Node | None:
    """What the last statement of a function in Rust returns by a `return` that need not be written."""
    inner = unwrap(statement)
    values = [child for child in inner.named_children if "comment" not in child.type]
    return values[0] if inner.type == "return_expression" and len(values) == 1 else None


def tails(node: tree_sitter.Node) -> int:
    """In how many places an expression in Rust gets its value: each side of an `if` is one."""
    if node.type == "if_expression":
        sides = [node.child_by_field_name("consequence"), node.child_by_field_name("alternative")]
        return sum(_tails_of_block(side) for side in sides)
    return 1


def _tails_of_block(block: tree_sitter.Node | None) -> int:
    if block is None:
        return 0
    if block.type == "else_clause":
        return _tails_of_block(block.named_children[-1])
    if block.type == "if_expression":
        return tails(block)
    last = block.named_children[-1] if block.named_children else None
    inner = unwrap(last) if last is not None else None
    ended = last is not None and last.type == "expression_statement" and node_text(last).endswith(";")
    return 0 if inner is None or ended or inner.type in KINDS["leaving"] else tails(inner)


def passed_on(statements: Sequence[tree_sitter.Node]) -> list[tree_sitter.Node]:
    """The statements of a block in Go; `if err != nil { return err }; return nil` is `return err`."""
    found = list(statements)
    if len(found) < 2 or found[-1].type != "return_statement" or found[-2].type != "if_statement":
        return found
    branch, last = found[-2:]
    body = branch.child_by_field_name("consequence")
    condition = branch.child_by_field_name("condition")
    inside = [child for part in (body.named_children if body else []) for child in _statements_in(part)]
    if condition is None or branch.child_by_field_name("alternative") or len(inside) != 1:
        return found
    name, _, nothing = node_text(condition).partition(" != ")
    if nothing != "nil" or node_text(inside[0]) == node_text(last):
        return found
    given, kept = (_values_of_return(statement) for statement in (inside[0], last))
    if [("nil" if text == name else text) for text in given] != kept:
        return found
    initializer = branch.child_by_field_name("initializer")
    return [*found[:-2], *([initializer] if initializer is not None else []), inside[0]]


def _statements_in(node: tree_sitter.Node) -> Sequence[tree_sitter.Node]:
    return node.named_children if node.type == "statement_list" else [node]


def _values_of_return(statement: tree_sitter.Node) -> list[str]:
    if statement.type != "return_statement":
        return []
    return [node_text(child) for part in statement.named_children for child in part.named_children]


def filling_calls(statements: Sequence[tree_sitter.Node]) -> Iterator[tree_sitter.Node]:
    """The calls that put a first thing into a list which the statement before made: `x = []; x.append(1)`."""
    made = ""
    for statement in statements:
        inner = unwrap(statement)
        if inner.type in KINDS["calls"] and called_name(inner) in ("append", "push") and made:
            callee = inner.child_by_field_name("function")
            if callee is not None and node_text(callee).rpartition(".")[0] == made:
                yield inner
                continue
        made = _name_of_empty(inner)


def _name_of_empty(node: tree_sitter.Node) -> str:
    declared = [child for child in node.named_children if child.type == "variable_declarator"]
    node = declared[0] if len(declared) == 1 else node
    value = node.child_by_field_name("right") or node.child_by_field_name("value")
    name = node.child_by_field_name("left") or node.child_by_field_name("name")
    if node.type not in KINDS["assigned"] or value is None or value.type not in _EMPTY:
        return ""
    return node_text(name) if not value.named_children else ""


def default_given(branch: tree_sitter.Node) -> tuple[str, str, tree_sitter.Node] | None:
    """What `if not x: x = y` gives x: the name, the word for `or`, and the value; `and` for `if x: x = y`."""
    condition = branch.child_by_field_name("condition")
    body = branch.child_by_field_name("consequence") or first_body(branch)
    while condition is not None and condition.type == "parenthesized_expression":
        condition = condition.named_children[0] if condition.named_children else None
    if condition is None or body is None or branch.children_by_field_name("alternative"):
        return None
    operator = operator_of(condition) if condition.type in KINDS["negations"] else ""
    if operator in ("not", "!"):
        condition = condition.named_children[-1]
    elif operator or condition.type not in ("identifier", "attribute", "member_expression"):
        return None
    inside = [unwrap(child) for child in body.named_children] if body.type in BODIES else [unwrap(body)]
    if len(inside) != 1 or inside[0].type not in ("assignment", "assignment_expression"):
        return None
    name = node_text(inside[0].child_by_field_name("left"))
    value = inside[0].child_by_field_name("right")
    words = ("or", "and") if inside[0].type == "assignment" else ("||", "&&")
    word = words[0] if operator else words[1]
    return (name, word, value) if name == node_text(condition) and value is not None else None


def key_shape(condition: tree_sitter.Node, consequence: tree_sitter.Node | None) -> str:
    """Whether what runs where a key is in something, or is not in it, looks it up; "" of other conditions."""
    if operator_of(condition) not in ("in", "not in") or len(condition.named_children) != 2:
        return ""
    key, table = (node_text(side) for side in condition.named_children)
    looks = f"{table}[{key}]" in node_text(consequence)
    return f"key_{'inside' if looks else 'outside'} {operator_of(condition)}"
