"""Small changes of Python code that often are what a bug fix is: each one is a candidate for tests to judge.

They are found by Python's own parser in one definition: a comparison one off, a truth value that should be a
test for None, a name that looks alike, an exception that is not caught. What deletes code, or turns or forces
a condition, is left out: it passes tests without being right. This module runs nothing.
"""

import ast
import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from assist_runner.computed_fixes.candidates import CodeChange, FailureFacts
from assist_runner.computed_fixes.python_code import PythonCode, python_code
from assist_runner.computed_fixes.python_guards import (
    caught_statements,
    condition_changes,
    early_returns,
    guarded_branches,
    handler_changes,
)
from assist_runner.computed_fixes.python_texts import case_changes, text_changes

ALIKE = 0.7  # difflib's likeness of a name that may be meant

_COMPARE: Mapping[type[ast.cmpop], tuple[str, tuple[str, ...]]] = {
    ast.Lt: ("<", ("<=",)),
    ast.LtE: ("<=", ("<",)),
    ast.Gt: (">", (">=",)),
    ast.GtE: (">=", (">",)),
}
_ARITHMETIC: Mapping[type[ast.operator], tuple[str, tuple[str, ...]]] = {
    ast.Add: ("+", ("-",)),
    ast.Sub: ("-", ("+",)),
    ast.Mult: ("*", ("/",)),
    ast.Div: ("/", ("//", "*")),
    ast.FloorDiv: ("//", ("/",)),
    ast.BitAnd: ("&", ("|",)),
    ast.BitOr: ("|", ("&",)),
}
_NEUTRAL = re.compile(r"[-+*/]$")  # before a number
# Functions and methods that take the same arguments, and that are taken one for the other.
_PAIRS = (
    *(("min", "max"), ("any", "all"), ("startswith", "endswith"), ("find", "rfind"), ("index", "rindex")),
    *(("split", "rsplit"), ("partition", "rpartition"), ("lower", "casefold"), ("append", "extend")),
    *(("strip", "lstrip"), ("strip", "rstrip"), ("lstrip", "rstrip"), ("match", "fullmatch")),
    *(("match", "search"), ("isdigit", "isdecimal"), ("floor", "ceil"), ("items", "values")),
)
_TWINS: Mapping[str, tuple[str, ...]] = {
    name: tuple(other for pair in _PAIRS for other in pair if name in pair and other != name)
    for name in {name for pair in _PAIRS for name in pair}
}


def python_repairs(text: str, first: int, last: int, failure: FailureFacts) -> Iterator[CodeChange]:
    """The candidates in the lines `first` to `last` of a file; none if it cannot be parsed."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    code = python_code(text)
    inside = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and first <= node.lineno and (node.end_lineno or 0) <= last
    ]
    inner = {child for node in inside for child in ast.iter_child_nodes(node) if isinstance(child, ast.stmt)}
    for top in (node for node in inside if node not in inner):
        names = _NamesInScope.of(top, tree)
        for node in ast.walk(top):
            yield from _changes_of(node, code, names, failure)
    yield from early_returns(inside, code, failure)
    yield from caught_statements(inside, code, failure)


def _changes_of(
    node: ast.AST, code: PythonCode, names: "_NamesInScope", failure: FailureFacts
) -> Iterator[CodeChange]:
    match node:
        case ast.Compare():
            yield from _comparisons(node, code)
            yield from case_changes(node, code)
        case ast.BoolOp():
            yield from _connections(node, code)
        case ast.BinOp() | ast.AugAssign():
            yield from _arithmetic(node, code)
        case ast.Constant():
            yield from _constants(node, code)
            yield from text_changes(node, code, failure)
        case ast.Call():
            yield from _calls(node, code)
        case ast.If() | ast.While() | ast.IfExp():
            yield from condition_changes(node.test, code, failure)
            if isinstance(node, ast.If):
                yield from guarded_branches(node, code)
        case ast.comprehension():
            for condition in node.ifs:
                yield from condition_changes(condition, code, failure)
        case _:
            yield from _other_changes(node, code, names, failure)


def _other_changes(
    node: ast.AST, code: PythonCode, names: "_NamesInScope", failure: FailureFacts
) -> Iterator[CodeChange]:
    match node:
        case ast.Subscript() if isinstance(node.ctx, ast.Load):
            yield from _subscripts(node, code, failure)
        case ast.Name() if isinstance(node.ctx, ast.Load):
            yield from _alike(node, node.id, code, names.local)
        case ast.Attribute():
            yield from _attributes(node, code, names)
        case ast.ExceptHandler():
            yield from handler_changes(node, code, failure)
        case ast.Assign() if isinstance(node.value, ast.Name):
            start, end = code.span(node.value)
            for wrap in ("tuple", "list"):
                yield CodeChange(start, end, f"{wrap}({node.value.id})", "wrap", node.lineno)
        case ast.Raise() if isinstance(node.exc, ast.Call) and failure.wanted:
            start, end = code.span(node.exc.func)
            yield CodeChange(start, end, failure.wanted, "exception", node.lineno)
        case _:
            pass


def _between(code: PythonCode, left: ast.expr, right: ast.expr, sign: str) -> tuple[int, int] | None:
    """Where an operator is between two expressions."""
    start, end = code.span(left)[1], code.span(right)[0]
    pattern = r"\s+".join(map(re.escape, sign.split()))
    if sign[0].isalpha():
        pattern = rf"\b{pattern}\b"
    match = re.search(pattern, code.text[start:end])
    return (start + match.start(), start + match.end()) if match else None


def _comparisons(node: ast.Compare, code: PythonCode) -> Iterator[CodeChange]:
    for (left, right), operator in zip(pairwise((node.left, *node.comparators)), node.ops, strict=True):
        sign, others = _COMPARE.get(type(operator), ("", ()))
        if sign and (place := _between(code, left, right, sign)):
            for other in others:
                yield CodeChange(*place, other, "comparison", node.lineno)


def _connections(node: ast.BoolOp, code: PythonCode) -> Iterator[CodeChange]:
    sign = "and" if isinstance(node.op, ast.And) else "or"
    other = "or" if sign == "and" else "and"
    for left, right in pairwise(node.values):
        if place := _between(code, left, right, sign):
            yield CodeChange(*place, other, "connection", node.lineno)
    first, *others = node.values
    if isinstance(node.op, ast.Or) and len(others) == 1 and isinstance(first, (ast.Name, ast.Attribute)):
        value = code.of(first)
        start, end = code.span(node)
        new = f"{value} if {value} is not None else {code.of(others[0])}"
        yield CodeChange(start, end, f"({new})", "none", node.lineno)


def _arithmetic(node: ast.BinOp | ast.AugAssign, code: PythonCode) -> Iterator[CodeChange]:
    sign, others = _ARITHMETIC.get(type(node.op), ("", ()))
    left, right = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
    text = isinstance(left, ast.Constant) and isinstance(left.value, str)
    if sign and not text and (place := _between(code, left, right, sign)):
        for other in others:
            yield CodeChange(*place, other, "arithmetic", node.lineno)


def _constants(node: ast.Constant, code: PythonCode) -> Iterator[CodeChange]:
    start, end = code.span(node)
    value = node.value
    if isinstance(value, int) and code.text[start:end].isdecimal():
        nothing = _NEUTRAL.search(code.text[:start].rstrip())
        for number in (value - 1, value + 1):
            if nothing and number == (0 if nothing[0] in "+-" else 1):
                continue  # a calculation that does nothing is one that was deleted
            text = f"({number})" if number < 0 else str(number)
            yield CodeChange(start, end, text, "number", node.lineno)


def _calls(node: ast.Call, code: PythonCode) -> Iterator[CodeChange]:
    plain = [one for one in node.args if not isinstance(one, ast.Starred)]
    for left, right in pairwise(plain):
        (start, middle), (again, end) = code.span(left), code.span(right)
        one, other = code.text[start:middle], code.text[again:end]
        if one != other:
            yield CodeChange(start, end, f"{other}{code.text[middle:again]}{one}", "arguments", node.lineno)
    name = code.of(node.func).rpartition(".")[2]
    end = code.span(node.func)[1]
    for twin in _TWINS.get(name, ()):
        yield CodeChange(end - len(name), end, twin, "function", node.lineno)
    if name == "len":
        yield from _one_off(node, code)
    if name == "range":
        yield from _bounds(plain[:2], code)


def _bounds(bounds: Iterable[ast.expr | None], code: PythonCode) -> Iterator[CodeChange]:
    """One more and one less, for each end of a range or a slice that is a name."""
    for bound in bounds:
        if isinstance(bound, (ast.Name, ast.Attribute)):
            yield from _one_off(bound, code)


def _one_off(node: ast.expr, code: PythonCode) -> Iterator[CodeChange]:
    end = code.span(node)[1]
    for more in (" - 1", " + 1"):
        yield CodeChange(end, end, more, "number", node.lineno)


def _subscripts(node: ast.Subscript, code: PythonCode, failure: FailureFacts) -> Iterator[CodeChange]:
    if isinstance(node.slice, ast.Slice):
        yield from _bounds((node.slice.lower, node.slice.upper), code)
        return
    if failure.raised not in ("KeyError", ""):
        return
    start, end = code.span(node)
    value, key = code.of(node.value), code.of(node.slice)
    if not isinstance(node.slice, ast.UnaryOp) and not re.fullmatch(r"\d+", key):
        yield CodeChange(start, end, f"{value}.get({key})", "get", node.lineno)


def _attributes(node: ast.Attribute, code: PythonCode, names: "_NamesInScope") -> Iterator[CodeChange]:
    end = code.span(node)[1]
    own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
    for name in _near(node.attr, names.own if own else names.attributes):
        yield CodeChange(end - len(node.attr), end, name, "name", node.lineno)


def _alike(node: ast.Name, name: str, code: PythonCode, known: Sequence[str]) -> Iterator[CodeChange]:
    start, end = code.span(node)
    for other in _near(name, known):
        yield CodeChange(start, end, other, "name", node.lineno)


def _near(name: str, known: Sequence[str]) -> list[str]:
    found = difflib.get_close_matches(name, [other for other in known if other != name], 3, ALIKE)
    return [other for other in found if len(other) > 1]


@dataclass(frozen=True, slots=True)
class _NamesInScope:
    """Names that may be meant by another: local ones, attributes of the object itself, and others."""

    local: tuple[str, ...]
    own: tuple[str, ...]
    attributes: tuple[str, ...]

    @classmethod
    def of(cls, top: ast.stmt, tree: ast.Module) -> "_NamesInScope":
        local = {node.id for node in ast.walk(top) if isinstance(node, ast.Name)}
        local |= {node.arg for node in ast.walk(top) if isinstance(node, ast.arg)}
        attributes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
        own = {
            node.attr for node in attributes if isinstance(node.value, ast.Name) and node.value.id == "self"
        }
        used = {node.attr for node in ast.walk(top) if isinstance(node, ast.Attribute)}
        return cls(tuple(sorted(local)), tuple(sorted(own)), tuple(sorted(used - own)))
