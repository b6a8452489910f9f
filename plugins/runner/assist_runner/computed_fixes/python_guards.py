"""Changes of conditions and of what is handled early: another reading of a condition, a guard, an exception.

They are candidates, as those in `python_repairs`. This module runs nothing.
"""

import ast
from collections.abc import Iterator, Sequence

from assist_runner.computed_fixes.candidates import CodeChange, FailureFacts
from assist_runner.computed_fixes.python_code import PythonCode

LONGEST = 200  # characters of a condition that is written again
_OF_NONE = frozenset({"AttributeError", "TypeError", "IndexError", "KeyError"})
_OF_EMPTY = _OF_NONE | {"ZeroDivisionError", "StopIteration", "ValueError"}
_EMPTY = ("[]", "''", "None", "0", "{}", "iter([])")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)


def condition_changes(test: ast.expr, code: PythonCode, failure: FailureFacts) -> Iterator[CodeChange]:
    """Other readings of a condition: None and nothing else, or not None as well."""
    start, end = code.span(test)
    text = code.text[start:end]
    line = test.lineno
    if len(text) > LONGEST:
        return
    for part in test.values if isinstance(test, ast.BoolOp) else (test,):
        yield from _none_tests(part, code)
    if failure.raised in _OF_NONE:
        for base in _bases(test, code):
            wrapped = f"({text})" if isinstance(test, (ast.BoolOp, ast.IfExp, ast.NamedExpr)) else text
            yield CodeChange(start, end, f"{base} and {wrapped}", "guard", line)


def _none_tests(part: ast.expr, code: PythonCode) -> Iterator[CodeChange]:
    """A test for None in place of one for what is empty, too."""
    start, end = code.span(part)
    if isinstance(part, (ast.Name, ast.Attribute, ast.Call)):
        yield CodeChange(start, end, f"{code.text[start:end]} is not None", "none", part.lineno)
    elif isinstance(part, ast.NamedExpr):
        yield CodeChange(start, end, f"({code.text[start:end]}) is not None", "none", part.lineno)
    elif isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.Not):
        yield CodeChange(start, end, f"{code.of(part.operand)} is None", "none", part.lineno)


def _bases(test: ast.expr, code: PythonCode) -> list[str]:
    """What a condition takes an attribute or an item of, which may be None or empty."""
    inside = [node.value for node in ast.walk(test) if isinstance(node, (ast.Attribute, ast.Subscript))]
    found = [code.of(value) for value in inside if isinstance(value, (ast.Name, ast.Attribute))]
    return [base for base in dict.fromkeys(found) if base not in ("self", "cls")]


def handler_changes(node: ast.ExceptHandler, code: PythonCode, failure: FailureFacts) -> Iterator[CodeChange]:
    """The exception that was raised, caught as well."""
    if node.type is None or not failure.raised or failure.raised == "AssertionError":
        return
    start, end = code.span(node.type)
    known = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    texts = [code.of(one) for one in known]
    if failure.raised not in texts:
        yield CodeChange(start, end, f"({', '.join([*texts, failure.raised])})", "handler", node.lineno)


def early_returns(
    inside: Sequence[ast.stmt], code: PythonCode, failure: FailureFacts
) -> Iterator[CodeChange]:
    """An early return for an argument that is empty or None, where an exception was raised."""
    if failure.raised not in _OF_EMPTY:
        return
    for function in inside:
        if not isinstance(function, _FUNCTIONS) or function.name == "__init__":
            continue
        body = function.body[1:] if ast.get_docstring(function) is not None else function.body
        if not body:
            continue
        at = code.starts[body[0].lineno - 1]
        indent = " " * body[0].col_offset
        yields = any(isinstance(node, (ast.Yield, ast.YieldFrom)) for node in ast.walk(function))
        names = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
        for name in (name for name in names if name not in ("self", "cls")):
            results = ("",) if yields else (*(value for value in _EMPTY if value != name), name)
            for result in results:
                guard = f"{indent}if not {name}:\n{indent}    return {result}".rstrip() + "\n"
                yield CodeChange(at, at, guard, "early return", body[0].lineno)


def caught_statements(
    inside: Sequence[ast.stmt], code: PythonCode, failure: FailureFacts
) -> Iterator[CodeChange]:
    """The statement that raises, with the exception caught around it and an empty result."""
    if not failure.raised or failure.raised == "AssertionError":
        return
    for node in inside:
        last = node.end_lineno or node.lineno
        if not isinstance(node, _SIMPLE) or not any(node.lineno <= line <= last for line in failure.lines):
            continue
        start = code.starts[node.lineno - 1]
        end = code.starts[last]
        indent = " " * node.col_offset
        if code.text[start:end].strip() != code.of(node).strip():
            continue  # more than one statement on a line
        lines = code.text[start:end].splitlines(keepends=True)
        inner = "".join(f"    {line}" if line.strip() else line for line in lines).rstrip("\n")
        for result in _EMPTY:
            new = f"{indent}try:\n{inner}\n{indent}except {failure.raised}:\n{indent}    return {result}\n"
            yield CodeChange(start, end, new, "caught", node.lineno)


def guarded_branches(node: ast.If, code: PythonCode) -> Iterator[CodeChange]:
    """An `else` only for what is not None."""
    if not node.orelse or (len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If)):
        return
    start = code.span(node.body[-1])[1]
    at = code.text.rfind("else:", start, code.span(node.orelse[0])[0])
    names = {one.id for part in node.orelse for one in ast.walk(part) if isinstance(one, ast.Name)}
    for name in sorted(names) if at >= 0 else ():
        yield CodeChange(at, at + 4, f"elif {name} is not None", "guard", node.orelse[0].lineno)
