"""What statements a file has, by parsers that are not ours: Python's `ast`, TypeScript's compiler, Go's, syn.

Where syn is not installed, claims about Rust are compared with the text. This module knows no facts.
"""

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
CRATES = Path("/usr/share/cargo/registry")  # of Debian's librust-syn-dev
_CallLike = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


@dataclass(frozen=True, slots=True)
class SyntaxRow:
    """A statement, call, type, member or import: lines from 1, and its text as it is written.

    `functions` are the lines of the functions around it, the outermost first.
    """

    kind: str
    line: int
    last: int
    text: str
    functions: tuple[tuple[int, int], ...] = ()


def syntax_rows(
    language: str, root: Path, paths: Sequence[str], installed: Path
) -> dict[str, list[SyntaxRow]]:
    """The rows of files by path; none for a language without a parser."""
    full = [str(root / path) for path in paths]
    if language == "python":
        return {path: python_rows(Path(name).read_bytes()) for path, name in zip(paths, full, strict=True)}
    if language == "typescript":
        command = ["node", str(HERE / "typescript_tree.cjs"), str(installed)]
    elif language == "go" and shutil.which("go"):
        command = ["go", "run", str(HERE / "go_tree.go")]
    elif language == "rust" and CRATES.is_dir():
        command = _rust_command(installed)
    else:
        return {}
    given = "\n".join(full) if language == "rust" else json.dumps(full)
    done = subprocess.run(command, input=given.encode(), stdout=subprocess.PIPE, check=True)
    return {
        path: [
            SyntaxRow(row["kind"], row["line"], row["last"], row["text"], tuple(map(tuple, row["functions"])))
            for row in rows
        ]
        for path, rows in zip(paths, json.loads(done.stdout), strict=True)
        if rows is not None
    }


def _rust_command(installed: Path) -> list[str]:
    """What runs our reader of Rust. It is built below the folder of the servers, which takes minutes once."""
    folder = installed / "rust_tree"
    shutil.copytree(HERE / "rust_tree", folder, dirs_exist_ok=True)
    crates = ('source.crates-io.replace-with="debian"', f'source.debian.directory="{CRATES}"')
    options = [word for row in crates for word in ("--config", row)]
    return [
        "cargo",
        "run",
        "-q",
        "--release",
        "--offline",
        *options,
        "--manifest-path",
        f"{folder}/Cargo.toml",
    ]


def python_rows(data: bytes) -> list[SyntaxRow]:
    """The rows of a text of Python; none if it is broken."""
    text = data.decode("utf-8", "replace")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    return list(_PythonRows(text).rows(tree, ()))


class _PythonRows:
    """Walks a tree, and knows its text."""

    def __init__(self, text: str) -> None:
        self._lines = [line.encode() for line in text.splitlines(keepends=True)]
        self._given: list[set[str]] = [set()]

    def rows(self, node: ast.AST, functions: tuple[tuple[int, int], ...]) -> Iterator[SyntaxRow]:
        for child in ast.iter_child_nodes(node):
            inner = functions
            if isinstance(child, _CallLike):
                inner = (*functions, (child.lineno, child.end_lineno or 0))
                self._given.append(_given_names(child))
            for kind, line, text in self._of_node(child):
                yield SyntaxRow(kind, line, getattr(child, "end_lineno", line), text, functions)
            yield from self.rows(child, inner)
            if isinstance(child, _CallLike):
                self._given.pop()

    def _of_node(self, node: ast.AST) -> Iterator[tuple[str, int, str]]:
        match node:
            case ast.If(body=[ast.Return() | ast.Raise() | ast.Continue() | ast.Break() as only], orelse=[]):
                yield "guard", node.lineno, f"{self._text(node.test)}: {self._text(only)}"
            case ast.Assign():
                for target in node.targets:
                    yield from self._changes(node.lineno, target)
            case ast.AugAssign() | ast.AnnAssign(value=ast.expr()):
                yield from self._changes(node.lineno, node.target)
            case ast.Import() | ast.ImportFrom():
                yield "import", node.lineno, ""
            case ast.ClassDef():
                yield from _members(node)
            case ast.stmt() | ast.expr():
                yield from self._of_flow(node)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = _root(node.func.value, through_calls=False)
            part = owner in ("self", "cls") and not isinstance(node.func.value, ast.Name)
            if part or owner in self._given[-1]:
                yield "changes", node.lineno, f"{self._text(node.func)}(...)"

    def _of_flow(self, node: ast.stmt | ast.expr) -> Iterator[tuple[str, int, str]]:
        """What leaves a function, and what it calls."""
        match node:
            case ast.Return(value=ast.expr()):
                yield "returns", node.lineno, self._text(node).removeprefix("return")
            case ast.Yield():
                yield "yields", node.lineno, self._text(node).removeprefix("yield")
            case ast.YieldFrom():
                yield "yields", node.lineno, self._text(node.value)
            case ast.Raise():
                yield "raises", node.lineno, self._text(node).removeprefix("raise")
            case ast.Call(func=ast.Name() as name):
                yield "call", name.lineno, name.id
            case ast.Call(func=ast.Attribute() as member):
                yield "call", member.end_lineno or 0, member.attr

    def _changes(self, line: int, target: ast.expr) -> Iterator[tuple[str, int, str]]:
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                yield from self._changes(line, part)
            return
        own = _root(target, through_calls=True) in ("self", "cls")
        given = _root(target, through_calls=False) in self._given[-1]
        if not isinstance(target, ast.Name) and (own or given):
            yield "changes", line, self._text(target)

    def _text(self, node: ast.stmt | ast.expr) -> str:
        lines = list(self._lines[node.lineno - 1 : node.end_lineno])
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"".join(lines).decode("utf-8", "replace")


def _root(node: ast.expr, *, through_calls: bool) -> str:
    """The name whose part an expression is, "" for none."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred) or (
        through_calls and isinstance(node, ast.Call)
    ):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _given_names(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> set[str]:
    """The parameters that have no other value anywhere in a function."""
    listed = function.args
    names = {one.arg for one in (*listed.posonlyargs, *listed.args, *listed.kwonlyargs)}
    body = function.body if isinstance(function.body, list) else [function.body]
    for node in (inner for part in body for inner in ast.walk(part)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names.discard(node.id)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            names.discard(node.name)
    return names - {"self", "cls"}


def _members(node: ast.ClassDef) -> Iterator[tuple[str, int, str]]:
    """The members of a class, those that its methods set among them."""
    for inner in ast.walk(node):
        match inner:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield "member", inner.lineno, f"{node.name}.{inner.name}"
            case ast.Name(ctx=ast.Store()):
                yield "member", inner.lineno, f"{node.name}.{inner.id}"
            case ast.Attribute(value=ast.Name(id="self" | "cls"), ctx=ast.Store()):
                yield "member", inner.lineno, f"{node.name}.{inner.attr}"
