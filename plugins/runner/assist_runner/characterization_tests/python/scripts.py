"""Files of tests as scripts: each test with what its simple fixtures and its first parameters mean.

A fixture is simple if it only returns a value that it makes. This module reads texts and runs nothing.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence

MAX_ROWS = 60  # of a parametrized test: of those that are there, none is proposed again
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def plain_tests(text: str, shared: Iterable[str] = (), names: Collection[str] | None = None) -> str:
    """The text of a file of tests with fixtures and parameters as assignments at the beginning of each test.

    `shared` are the texts of files with fixtures for it, `names` the tests that are meant. It is "" for a
    text that is no Python.

    >>> print(plain_tests("@fixture\\ndef n():\\n    return 3\\n\\ndef test_f(n):\\n    assert f(n) == 4\\n"))
    def test_f():
        n = 3
        assert f(n) == 4
    """
    try:
        tree = ast.parse(text)
        others = [ast.parse(other) for other in shared]
    except (SyntaxError, ValueError):
        return ""
    fixtures = {name: body for part in (*others, tree) for name, body in _fixtures(part)}
    found: list[ast.stmt] = [
        node
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign))
    ]
    for part in others:  # what a fixture makes may be imported there
        found = [*(node for node in part.body if isinstance(node, (ast.Import, ast.ImportFrom))), *found]
    for node in ast.walk(tree):
        if (
            isinstance(node, _FUNCTIONS)
            and node.name.startswith("test")
            and (names is None or node.name in names)
        ):
            found += _as_plain(node, fixtures)
    return ast.unparse(ast.fix_missing_locations(ast.Module(found, [])))


def _fixtures(tree: ast.Module) -> Iterator[tuple[str, list[ast.stmt]]]:
    """The simple fixtures of a file: what makes their value, and the assignment of it to their name."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef) or not any(
            "fixture" in ast.unparse(mark) for mark in node.decorator_list
        ):
            continue
        *body, last = node.body
        body = [
            part for part in body if not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant))
        ]
        value = last.value if isinstance(last, ast.Return) else None
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Yield):
            value = last.value.value
        plain = all(isinstance(part, (ast.Assign, ast.AnnAssign, ast.Expr, *_FUNCTIONS)) for part in body)
        if value is not None and plain and not node.args.args:
            yield node.name, [*body, ast.Assign([ast.Name(node.name, ast.Store())], value)]


def _as_plain(
    node: ast.FunctionDef | ast.AsyncFunctionDef, fixtures: dict[str, list[ast.stmt]]
) -> Iterator[ast.stmt]:
    """A test without parameters, as often as it has rows; nothing if a parameter is not known."""
    names = [argument.arg for argument in node.args.args if argument.arg != "self"]
    rows = list(_rows(node.decorator_list)) or [{}]
    for row in rows[:MAX_ROWS]:
        missing = [name for name in names if name not in row and name not in fixtures]
        if missing:
            continue
        made = [part for name in names if name not in row for part in fixtures[name]]
        made += [
            ast.Assign([ast.Name(name, ast.Store())], value) for name, value in row.items() if name in names
        ]
        plain = ast.arguments([], [], None, [], [], None, [])
        yield ast.FunctionDef(node.name, plain, [*made, *node.body], [], None, lineno=node.lineno)


def _rows(marks: Sequence[ast.expr]) -> Iterator[dict[str, ast.expr]]:
    """What `parametrize` gives, by the names of the parameters: of one mark, since several multiply."""
    for mark in marks:
        if (
            not isinstance(mark, ast.Call)
            or "parametrize" not in ast.unparse(mark.func)
            or len(mark.args) < 2
        ):
            continue
        named, rows = mark.args[0], mark.args[1]
        try:
            given = ast.literal_eval(named)
        except ValueError:
            return
        names = [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
        for given_row in rows.elts if isinstance(rows, (ast.List, ast.Tuple)) else []:
            # A call is one of pytest.param.
            row = ast.Tuple(given_row.args, ast.Load()) if isinstance(given_row, ast.Call) else given_row
            values = row.elts if len(names) > 1 and isinstance(row, (ast.Tuple, ast.List)) else [row]
            if len(values) == len(names):
                yield dict(zip(names, values, strict=True))
        return
