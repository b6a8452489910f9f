"""Calls of a Python function: those in a model's script, in docstrings, in tests and in callers.

A script may be a file of tests: then its calls are taken and its expected values dropped. This module reads
texts with Python's own parser, and runs nothing.
"""

import ast
import builtins
import doctest
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath

from assist_runner.characterization_tests.calls import CallOrigin, CallPlace, CallSubject, ProposedCall

MAX_SETUP = 8  # statements before a call
MAX_FOUND = 200  # calls in one script
MAX_CUT = 40  # lines at the end of a cut script that are tried without
MAX_VARIATIONS = 48
_BUILTINS = frozenset(dir(builtins))
_ASSERTING = re.compile(r"assert\w*|expect\w*|print|repr|pprint")
_OPERATOR = re.compile(r"__(?!init__|new__|post_init__)\w+__")
_NODES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class PythonModule:
    """What the file of a subject says about its names."""

    name: str
    tree: ast.Module
    package: str
    defined: frozenset[str]
    imports: dict[str, str]  # bound name: the statement that imports it


def module_of(subject: CallSubject, packages: Iterable[str]) -> PythonModule:
    """The module of a subject; `packages` are the folders that have an `__init__.py`.

    Raises SyntaxError if its text is no Python.
    """
    name, package = module_name(subject.path, frozenset(packages))
    tree = ast.parse(subject.text)
    return PythonModule(name, tree, package, frozenset(_definitions(tree)), _import_statements(tree, package))


def _definitions(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, _NODES):
            yield node.name
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _import_statements(tree: ast.Module, package: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= dict(_import_lines(node, package))
    return found


def module_name(path: str, packages: frozenset[str]) -> tuple[str, str]:
    """The name by which a file is imported, and that of its package.

    >>> module_name("src/shop/cart.py", frozenset({"src/shop"}))
    ('shop.cart', 'shop')
    >>> module_name("shop/__init__.py", frozenset({"shop"}))
    ('shop', 'shop')
    """
    file = PurePosixPath(path)
    parts: list[str] = []
    folder = file.parent
    while str(folder) in packages:
        parts.insert(0, folder.name)
        folder = folder.parent
    if not parts:  # no package, or one without a file of its own: as a test's import would be guessed
        inner = [part for part in file.parent.parts if part != "src"]
        parts = inner
    package = ".".join(parts)
    stem = [] if file.stem == "__init__" else [file.stem]
    return ".".join([*parts, *stem]), package


def _import_lines(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with a statement that imports it alone, from anywhere."""
    for alias in node.names:
        bound = alias.asname or alias.name.partition(".")[0]
        renamed = f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.Import):
            yield bound, f"import {alias.name}{renamed}"
        elif alias.name != "*":
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*above, *([node.module] if node.module else [])])
            yield bound, f"from {source} import {alias.name}{renamed}"


def definition_in(module: PythonModule, subject: CallSubject) -> ast.AST | None:
    """The definition of a subject in its module."""
    for node in ast.walk(module.tree):
        if isinstance(node, _NODES) and node.name == subject.short and node.end_lineno == subject.last:
            return node
    return None


def target_names(subject: CallSubject, module: PythonModule) -> frozenset[str]:
    """The names by which the subject is called: of a class its own and those of its public methods."""
    node = definition_in(module, subject)
    if isinstance(node, ast.ClassDef):
        own = {part.name for part in node.body if isinstance(part, _NODES)}
        return frozenset({subject.short, *(name for name in own if not name.startswith("_"))})
    if subject.short in ("__init__", "__new__", "__post_init__"):
        return frozenset({subject.name.split(".")[-2]})
    return frozenset({subject.short})


def calls_in_script(
    text: str,
    subject: CallSubject,
    module: PythonModule,
    origin: CallOrigin = "model",
    *,
    anything: bool = False,
) -> list[ProposedCall]:
    """The calls of the subject in a script or a file of tests, each with what it needs, once each.

    With `anything`, all that the script looks at.
    """
    tree = _parse(text)
    lines_of = text.encode().splitlines(keepends=True)
    found: dict[tuple[str, tuple[str, ...]], ProposedCall] = {}
    names = frozenset({"__any__"}) if anything else target_names(subject, module)
    known = {name: line for node in ast.walk(tree) for name, line in _imports_of(node)}
    for body in _sequences(tree):
        for at, statement in enumerate(body):
            for call in _calls_of(statement, names):
                setup = _setup(body, at, call, known)
                imports = _needed_imports([*setup, call], known, module)
                if imports is None or len(setup) > MAX_SETUP:
                    continue
                lines = tuple(_source(lines_of, node) for node in setup)
                proposed = ProposedCall(
                    _source(lines_of, call), imports, lines, origin, line=statement.lineno
                )
                found.setdefault((proposed.call, lines), proposed)
        if len(found) >= MAX_FOUND:
            break
    _free.cache_clear()  # it keeps trees
    _binds.cache_clear()
    return list(found.values())


def _parse(text: str) -> ast.Module:
    """A script as a tree, without the end that cannot be parsed."""
    lines = text.splitlines()
    for cut in range(min(MAX_CUT, len(lines))):
        try:
            return ast.parse("\n".join(lines[: len(lines) - cut]))
        except (SyntaxError, ValueError):
            continue
    return ast.Module([], [])


def _source(lines: Sequence[bytes], node: ast.stmt | ast.expr) -> str:
    """The text of a node; `ast.get_source_segment` divides the whole text into lines each time."""
    rows = list(lines[node.lineno - 1 : node.end_lineno])
    rows[-1] = rows[-1][: node.end_col_offset]
    rows[0] = rows[0][node.col_offset :]
    return b"".join(rows).decode()


def _imports_of(node: ast.AST) -> Iterator[tuple[str, str]]:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        yield from _import_lines(node, "")


def _sequences(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    """The statements that run one after the other: of the script, and of each test after its own."""
    top = list(_flat(tree.body))
    yield top
    shared = [node for node in top if isinstance(node, (ast.Assign, ast.AnnAssign))]
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield [*shared, *_flat(node.body)]


def _flat(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements; those inside of `with pytest.raises(...)`, `try` and `if` in their place."""
    for node in body:
        if (isinstance(node, ast.With) and "raises" in ast.unparse(node.items[0]).lower()) or isinstance(
            node, (ast.If, ast.Try)
        ):
            yield from _flat([*node.body, *(node.orelse if isinstance(node, ast.If) else [])])
        else:
            yield node


def _calls_of(statement: ast.stmt, names: frozenset[str]) -> Iterator[ast.expr]:
    """The expressions of a statement whose values a test would look at."""
    match statement:
        case ast.Assert(test=expression) | ast.Expr(value=expression) | ast.Assign(value=expression):
            pass
        case ast.AnnAssign(value=ast.expr() as expression):
            pass
        case _:
            return
    yield from _within(expression, names)


def _within(node: ast.expr, names: frozenset[str]) -> Iterator[ast.expr]:
    """The expression without what only compares or shows it."""
    if any(map(_OPERATOR.fullmatch, names)):
        yield from _operations(node)
        return
    if not _has_call(node, names):
        return
    inner = _inner(node)
    for side in inner:
        yield from _within(side, names)
    if not inner:
        yield node


def _inner(node: ast.expr) -> Sequence[ast.expr]:
    """The parts of what only compares, shows or awaits them; none for any other expression."""
    match node:
        case ast.Compare():
            return [node.left, *node.comparators]
        case ast.BoolOp():
            return node.values
        case ast.UnaryOp(op=ast.Not(), operand=inner) | ast.Await(value=inner):
            return [inner]
        case ast.Call(func=func) if _is_assertion(func):
            return node.args
        case ast.Call(func=ast.Attribute(attr="run", value=ast.Name(id="asyncio")), args=[inner]):
            return [inner]
    return []


def _operations(node: ast.expr) -> Iterator[ast.expr]:
    """What a line says of an object whose operator is meant: which of them run it is seen when they run."""
    if isinstance(node, ast.Call) and _is_assertion(node.func):
        for side in node.args:
            yield from _operations(side)
        return
    if isinstance(node, ast.Compare) and not isinstance(node.ops[0], (ast.In, ast.NotIn)):
        for side in (node.left, *node.comparators):
            if not isinstance(side, (ast.Constant, ast.Name)):
                yield side
    if not isinstance(node, (ast.Constant, ast.Name)):
        yield node


def _is_assertion(func: ast.expr) -> bool:
    name = func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""
    return _ASSERTING.fullmatch(name) is not None or name == "isinstance"


def _has_call(node: ast.AST, names: frozenset[str]) -> bool:
    return any(_called_name(part) in names for part in ast.walk(node))


def _called_name(node: ast.AST) -> str:
    """The name that is called, or read as an attribute, since that may be a property."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id
    return node.attr if isinstance(node, ast.Attribute) else ""


@lru_cache(maxsize=50_000)
def _free(node: ast.AST) -> set[str]:
    """The names that a piece of code reads and does not bind itself."""
    read = {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Load)
    }
    bound = {
        part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load)
    }
    arguments = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    inner = {part.name for part in ast.walk(node) if isinstance(part, _NODES)}
    assigned = set() if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) else bound
    return read - assigned - arguments - inner


@lru_cache(maxsize=50_000)
def _binds(node: ast.stmt) -> set[str]:
    if isinstance(node, _NODES):
        return {node.name}
    return {
        part.id for part in ast.walk(node) if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _setup(body: Sequence[ast.stmt], at: int, call: ast.expr, known: dict[str, str]) -> list[ast.stmt]:
    """The statements before a call that make what it uses, or change it."""
    needed = _free(call) - known.keys()
    made = {name for node in body[:at] for name in _binds(node)}
    found: list[ast.stmt] = []
    for node in reversed(body[:at]):
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assert, ast.Return)):
            continue
        if isinstance(node, ast.Expr):
            used = bool(_free(node) & needed & made) and isinstance(node.value, (ast.Call, ast.Await))
            used = used and not (isinstance(node.value, ast.Call) and _is_assertion(node.value.func))
        else:
            used = bool(_binds(node) & needed)
        if used:
            found.insert(0, node)
            needed |= _free(node) - known.keys()
    return found


def _needed_imports(
    nodes: Sequence[ast.AST], known: dict[str, str], module: PythonModule
) -> tuple[str, ...] | None:
    """The imports for what code uses; None if a name is of unknown origin."""
    bound = {name for node in nodes if isinstance(node, ast.stmt) for name in _binds(node)}
    found: dict[str, None] = {}
    for name in sorted({name for node in nodes for name in _free(node)} - bound):
        if name in module.defined:
            found[f"from {module.name} import {name}"] = None
        elif name in known:
            found[known[name]] = None
        elif name in module.imports:
            found[module.imports[name]] = None
        elif name in sys.stdlib_module_names:
            found[f"import {name}"] = None
        elif name not in _BUILTINS:
            return None
    return tuple(found)


def calls_in_docstrings(subject: CallSubject, module: PythonModule) -> list[ProposedCall]:
    """The calls in the examples of a docstring, with the values that it says."""
    node = definition_in(module, subject)
    text = ast.get_docstring(node) if isinstance(node, _NODES) else None
    if not text or ">>>" not in text:
        return []
    try:
        examples = doctest.DocTestParser().get_examples(text)
    except ValueError:
        return []
    script = ""
    wanted: dict[int, tuple[str, int]] = {}
    first = node.body[0].lineno if isinstance(node, _NODES) else 0
    for example in examples:
        number = script.count("\n") + 1
        wanted[number] = (example.want.strip(), first + example.lineno)
        script += example.source
    found = calls_in_script(script, subject, module, "example")
    return [
        replace(call, wanted=wanted.get(call.line, ("", 0))[0], line=wanted.get(call.line, ("", 0))[1])
        for call in found
    ]


def calls_in_callers(
    subject: CallSubject, module: PythonModule, places: Iterable[CallPlace]
) -> list[ProposedCall]:
    """The calls of other code whose arguments are all literals."""
    found: dict[str, ProposedCall] = {}
    name = next(iter(target_names(subject, module)))
    if "." in subject.name and name != subject.name.split(".")[0]:
        return []
    for place in places:
        try:
            tree = ast.parse(place.text)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.lineno <= place.line <= (node.end_lineno or 0):
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else _called_name(node)
            if called != name or not all(
                map(_is_literal, [*node.args, *(row.value for row in node.keywords)])
            ):
                continue
            lines = place.text.encode().splitlines(keepends=True)
            arguments = [_source(lines, row) for row in node.args]
            arguments += [f"{row.arg}={_source(lines, row.value)}" for row in node.keywords if row.arg]
            call = f"{name}({', '.join(arguments)})"
            found[call] = ProposedCall(call, (f"from {module.name} import {name}",), (), "caller")
    return list(found.values())


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
