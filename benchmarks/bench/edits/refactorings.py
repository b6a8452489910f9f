"""Refactorings whose result a program can check: what is asked, and how the new code must look.

Each one finds out from the syntax tree whether it applies to a function. It knows no model and no file.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

FunctionCheck = Callable[[ast.Module], bool]  # the code that takes the function's place, as a syntax tree


@dataclass(frozen=True, slots=True)
class Refactoring:
    """One wish about a function, in a user's words, and whether the new code grants it."""

    recipe: str
    words: str
    check: FunctionCheck


def refactorings(name: str, text: str) -> Iterator[Refactoring]:
    """Yield the refactorings that apply to a function."""
    node = _function(ast.parse(text), name)
    if node is None:
        return
    for recipe in (_rename, _name_constant, _return_early, _add_parameter, _comprehension, _split, _annotate):
        found = recipe(node)
        if found is not None:
            yield found


def _function(tree: ast.Module, name: str) -> ast.FunctionDef | None:
    return next((each for each in tree.body if isinstance(each, ast.FunctionDef) and each.name == name), None)


def _names(node: ast.AST) -> set[str]:
    """All names that code uses or binds, those of parameters included."""
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return names | {each.arg for each in ast.walk(node) if isinstance(each, ast.arg)}


def _body(node: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    return node.body[1:] if ast.get_docstring(node) is not None else node.body


def _about(node: ast.FunctionDef, check: Callable[[ast.FunctionDef], bool]) -> FunctionCheck:
    """A check of the function itself in the new code."""

    def look(tree: ast.Module) -> bool:
        found = _function(tree, node.name)
        return found is not None and check(found)

    return look


def _rename(node: ast.FunctionDef) -> Refactoring | None:
    old = node.args.args[0].arg if node.args.args else ""
    new = "items" if old != "items" else "values"
    if not old or new in _names(node):
        return None
    return Refactoring(
        "rename",
        f"Rename the parameter `{old}` to `{new}`.",
        _about(node, lambda found: found.args.args[0].arg == new and old not in _names(found)),
    )


def _name_constant(node: ast.FunctionDef) -> Refactoring | None:
    """A number that occurs once gets a name of its own, within the function."""
    numbers = [
        each.value
        for statement in _body(node)
        for each in ast.walk(statement)
        if isinstance(each, ast.Constant) and type(each.value) in (int, float) and each.value not in (0, 1)
    ]
    value = next((each for each in numbers if numbers.count(each) == 1), None)
    if value is None or "limit" in _names(node):
        return None

    def check(found: ast.FunctionDef) -> bool:
        used = [each for each in ast.walk(found) if isinstance(each, ast.Name) and each.id == "limit"]
        bound = [
            each
            for each in ast.walk(found)
            if isinstance(each, ast.Assign)
            and isinstance(each.value, ast.Constant)
            and each.value.value == value
            and any(isinstance(target, ast.Name) and target.id == "limit" for target in each.targets)
        ]
        left = [
            each
            for each in ast.walk(found)
            if isinstance(each, ast.Constant) and type(each.value) is type(value) and each.value == value
        ]
        return len(bound) == 1 and len(used) > 1 and len(left) == 1

    words = f"Give the number {value} a name: put it into a variable `limit` at the top of the function."
    return Refactoring("constant", words, _about(node, check))


def _return_early(node: ast.FunctionDef) -> Refactoring | None:
    """A function whose body is an `if` with an `else` at its end can return first."""
    last = _body(node)[-1] if _body(node) else None
    if not isinstance(last, ast.If) or not last.orelse or isinstance(last.orelse[0], ast.If):
        return None

    def check(found: ast.FunctionDef) -> bool:
        ifs = [each for each in ast.walk(found) if isinstance(each, ast.If)]
        return bool(ifs) and not any(each.orelse for each in ifs)

    words = f"Use an early return in `{node.name}`, so that there is no `else`."
    return Refactoring("early return", words, _about(node, check))


def _add_parameter(node: ast.FunctionDef) -> Refactoring | None:
    if "verbose" in _names(node) or node.args.vararg or node.args.kwarg:
        return None

    def check(found: ast.FunctionDef) -> bool:
        named = [each.arg for each in (*found.args.args, *found.args.kwonlyargs)]
        defaults = [*found.args.defaults, *found.args.kw_defaults]
        off = any(isinstance(each, ast.Constant) and each.value is False for each in defaults)
        prints = any(
            isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "print"
            for each in ast.walk(found)
        )
        return "verbose" in named and off and prints

    words = (
        "Add a parameter `verbose`, False by default. If it is true, print the result before returning it."
    )
    return Refactoring("parameter", words, _about(node, check))


def _comprehension(node: ast.FunctionDef) -> Refactoring | None:
    """The only loop of the function does nothing but append."""
    loops = [each for each in ast.walk(node) if isinstance(each, ast.For | ast.While)]
    if len(loops) != 1 or not isinstance(loops[0], ast.For):
        return None
    body = loops[0].body
    inner = body[0].body if len(body) == 1 and isinstance(body[0], ast.If) and not body[0].orelse else body
    call = inner[0].value if len(inner) == 1 and isinstance(inner[0], ast.Expr) else None
    if not (isinstance(call, ast.Call) and getattr(call.func, "attr", "") == "append"):
        return None

    def check(found: ast.FunctionDef) -> bool:
        return not any(isinstance(each, ast.For | ast.While) for each in ast.walk(found))

    words = "Replace the loop with a list comprehension."
    return Refactoring("comprehension", words, _about(node, check))


def _split(node: ast.FunctionDef) -> Refactoring | None:
    """A function with a loop and some lines gets a helper."""
    lines = (node.end_lineno or 0) - _body(node)[0].lineno + 1 if _body(node) else 0
    if lines < 6 or not any(isinstance(each, ast.For | ast.While) for each in _body(node)):
        return None

    def check(tree: ast.Module) -> bool:
        found = _function(tree, node.name)
        others = {each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)} - {node.name}
        return found is not None and bool(others & _names(found))

    words = f"Move what one pass of the loop in `{node.name}` does into a helper function of its own."
    return Refactoring("split", words, check)


def _annotate(node: ast.FunctionDef) -> Refactoring | None:
    arguments = node.args.args
    if not arguments or node.returns is not None or any(each.annotation for each in arguments):
        return None

    def check(found: ast.FunctionDef) -> bool:
        bare = copy.deepcopy(found)
        return bare.returns is not None and all(each.annotation for each in bare.args.args)

    words = f"Add type annotations to the parameters and the result of `{node.name}`."
    return Refactoring("annotate", words, _about(node, check))
