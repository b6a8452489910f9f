"""Holes whose answer depends on another file: lines that use a name imported from the same package.

A hole starts right after the name and ends with its line. Python's own `ast` finds the name and its
definition, so that the right answer does not depend on this project's index. Files are read, never run. It
knows no model and no retrieval.
"""

import ast
import io
import random
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.crossfile.packages import Package
from bench.crossfile.score import identifiers

PER_NAME = 2  # holes per name and file: a name used forty times would be the same question forty times
LONGEST = 120  # characters of a hole; longer lines are data
HOPS = 8  # re-exports to follow
DEFINITION_LINES = 40  # lines of a definition that the oracle shows
LEFT_OUT = {"tests", "testing", "_vendor", "vendor"}
GENERATED = ("_pb2.py", "_pb2_grpc.py")
Functions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


@dataclass(frozen=True, slots=True)
class NameDefinition:
    """Where a name is defined: path relative to the root, lines from 1, both ends included."""

    name: str
    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Hole:
    """A file without the rest of one line. `before` and `after` are the whole file around the hole.

    `path` is relative to the folder that holds the package; `line` counts from 0.
    """

    package: str
    young: bool
    path: str
    line: int
    name: str
    before: str
    after: str
    truth: str
    definition: NameDefinition

    @property
    def id(self) -> str:
        return f"{self.path}:{self.line + 1}"


class PackageModules:
    """The modules of one package, each parsed once."""

    def __init__(self, root: Path, folder: str) -> None:
        self.root = root
        self.files = {
            _dotted_name(path.relative_to(root)): path.relative_to(root).as_posix()
            for path in sorted((root / folder).rglob("*.py"))
        }
        self._modules: dict[str, ast.Module | None] = {}

    def text(self, module: str) -> str:
        return (self.root / self.files[module]).read_text(encoding="utf-8", errors="replace")

    def module(self, name: str) -> ast.Module | None:
        """Return a module's syntax tree; None if it does not exist or this Python cannot parse it."""
        if name not in self._modules:
            self._modules[name] = _parse(self.text(name)) if name in self.files else None
        return self._modules[name]

    def is_package(self, module: str) -> bool:
        return self.files[module].endswith("__init__.py")


def _parse(text: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes in their code are not our problem
            return ast.parse(text)
    except (SyntaxError, ValueError):
        return None


def _dotted_name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def holes(package: Package, root: Path, most: int, seed: int) -> list[Hole]:
    """Return up to `most` holes drawn with `seed`, always the same ones, in the order of files and lines."""
    tree = PackageModules(root, package.folder)
    rng = random.Random(f"{seed} {package.name} {package.version}")
    found: list[Hole] = []
    for module, path in tree.files.items():
        if LEFT_OUT.isdisjoint(Path(path).parts) and not path.endswith(GENERATED):
            found += _thin_out(list(_holes_in(tree, module, package)), rng)
    return sorted(rng.sample(found, min(most, len(found))), key=lambda hole: (hole.path, hole.line))


def _thin_out(candidates: list[Hole], rng: random.Random) -> list[Hole]:
    by_name: dict[str, list[Hole]] = {}
    for hole in candidates:
        by_name.setdefault(hole.name, []).append(hole)
    return [hole for own in by_name.values() for hole in rng.sample(own, min(PER_NAME, len(own)))]


def _holes_in(tree: PackageModules, module: str, package: Package) -> Iterator[Hole]:
    parsed = tree.module(module)
    if parsed is None:
        return
    text = tree.text(module)
    lines = text.splitlines(keepends=True)
    imported = _imported_names(tree, module, parsed)
    if "".join(lines).count("\n") != text.count("\n") or "\f" in text:
        return
    taken = _comment_lines(text)
    for node in _uses(parsed, imported):
        name = _spelling(node)
        row = node.end_lineno
        if row is None or row in taken or node.end_col_offset is None:
            continue
        found = _find_definition(tree, *imported[name])
        line = lines[row - 1]
        column = len(line.encode()[: node.end_col_offset].decode(errors="replace"))
        truth = line[column:].rstrip()
        if found is None or found.path == tree.files[module]:
            continue
        if len(truth) > LONGEST or not identifiers(truth):
            continue  # another file says nothing about the arguments of f(1) and f("x")
        taken.add(row)
        before = "".join(lines[: row - 1]) + line[:column]
        after = "\n" + "".join(lines[row:])
        path = tree.files[module]
        yield Hole(package.name, package.young, path, row - 1, name, before, after, truth, found)


def _comment_lines(text: str) -> set[int]:
    """Return the lines with a comment: the text of a comment cannot be known."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (tokenize.TokenError, SyntaxError):
        return set()
    return {token.start[0] for token in tokens if token.type == tokenize.COMMENT}


def _uses(parsed: ast.Module, imported: dict[str, tuple[str, str]]) -> list[ast.expr]:
    """Return expressions that use an imported name and have something to predict after them on their line."""
    found = []
    stack: list[ast.AST] = [parsed]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.JoinedStr):
            continue  # its columns are wrong before Python 3.12, and it is a string
        used = None
        match node:
            case ast.Attribute(value=value) if node.end_lineno == value.end_lineno:
                used = value
            case ast.Call(func=func, args=args, keywords=keywords):
                first = min((each.lineno for each in [*args, *(key.value for key in keywords)]), default=0)
                used = func if first == func.end_lineno else None
        if used is not None and _spelling(used) in imported:
            found.append(used)
        stack += ast.iter_child_nodes(node)
    return sorted(found, key=lambda node: (node.end_lineno or 0, node.end_col_offset or 0))


def _spelling(node: ast.AST) -> str:
    """Return `a` or `a.b`, or "" for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return f"{owner}.{name}"
    return ""


def _imported_names(tree: PackageModules, module: str, parsed: ast.Module) -> dict[str, tuple[str, str]]:
    """Map the names that a file imports from other modules of the package to (module, name there).

    Names of a module that is imported whole are written `module.name`. Names that the file also binds itself
    are left out.
    """
    found: dict[str, tuple[str, str]] = {}
    for node in ast.walk(parsed):
        if isinstance(node, ast.ImportFrom):
            source = _absolute_module(tree, module, node)
            for each in node.names:
                inner = f"{source}.{each.name}"
                if inner in tree.files:
                    found |= _members(tree, each.asname or each.name, inner)
                elif source in tree.files and source != module:
                    found[each.asname or each.name] = (source, each.name)
        elif isinstance(node, ast.Import):
            for each in node.names:
                if each.asname and each.name in tree.files:
                    found |= _members(tree, each.asname, each.name)
    own = _bound_names(parsed)
    return {name: where for name, where in found.items() if name.partition(".")[0] not in own}


def _members(tree: PackageModules, name: str, module: str) -> dict[str, tuple[str, str]]:
    parsed = tree.module(module)
    if parsed is None:
        return {}
    return {
        f"{name}.{member}": (module, member) for each in _statements(parsed.body) for member in _names(each)
    }


def _absolute_module(tree: PackageModules, module: str, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    parts = module.split(".")
    up = node.level - tree.is_package(module)
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])


def _bound_names(parsed: ast.Module) -> set[str]:
    """Return every name that a file binds other than by importing it."""
    names = set()
    for node in ast.walk(parsed):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                names.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.ExceptHandler(name=str(name)):
                names.add(name)
    return names


def _find_definition(tree: PackageModules, module: str, name: str, hops: int = HOPS) -> NameDefinition | None:
    """Find where a module gets a name from, through re-exports."""
    parsed = tree.module(module)
    if parsed is None or not hops:
        return None
    follow = partial(_find_definition, tree, hops=hops - 1)
    for node in reversed(list(_statements(parsed.body))):
        if name in _names(node):
            return _definition_at(name, tree.files[module], node)
        if isinstance(node, ast.ImportFrom):
            source = _absolute_module(tree, module, node)
            for each in node.names:
                if name == (each.asname or each.name) and source in tree.files:
                    return follow(source, each.name)
                if each.name == "*" and source in tree.files and (found := follow(source, name)):
                    return found
    return None


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, including those under `if` and `try`."""
    for node in body:
        match node:
            case ast.If(body=first, orelse=second):
                yield from _statements([*second, *first])
            case ast.Try(body=first, handlers=handlers, orelse=second):
                yield from _statements([*(each for one in handlers for each in one.body), *second, *first])
            case _:
                yield node


def _names(node: ast.stmt) -> list[str]:
    """Return the names that a statement defines at the top level of its module."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
    return []


def _definition_at(name: str, path: str, node: ast.stmt) -> NameDefinition:
    decorated = node.decorator_list if isinstance(node, Functions) else []
    start = min([node.lineno, *(each.lineno for each in decorated)])
    return NameDefinition(name, path, start, node.end_lineno or node.lineno)
