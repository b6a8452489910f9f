"""What statements a file has, by parsers that are not ours: Python's `ast`, TypeScript's compiler, Go's own.

There is none for Rust: its claims are compared with the text. This module knows no facts.
"""

import ast
import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
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
    else:
        return {}
    done = subprocess.run(command, input=json.dumps(full).encode(), stdout=subprocess.PIPE, check=True)
    return {
        path: [
            SyntaxRow(row["kind"], row["line"], row["last"], row["text"], tuple(map(tuple, row["functions"])))
            for row in rows
        ]
        for path, rows in zip(paths, json.loads(done.stdout), strict=True)
    }


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

    def rows(self, node: ast.AST, functions: tuple[tuple[int, int], ...]) -> Iterator[SyntaxRow]:
        for child in ast.iter_child_nodes(node):
            inner = functions
            if isinstance(child, _CallLike):
                inner = (*functions, (child.lineno, child.end_lineno or 0))
            for kind, line, text in self._of_node(child):
                yield SyntaxRow(kind, line, getattr(child, "end_lineno", line), text, functions)
            yield from self.rows(child, inner)

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
        root = target
        while isinstance(root, ast.Attribute | ast.Subscript | ast.Starred | ast.Call):
            root = root.func if isinstance(root, ast.Call) else root.value
        if root is not target and isinstance(root, ast.Name) and root.id in ("self", "cls"):
            yield "changes", line, self._text(target)

    def _text(self, node: ast.stmt | ast.expr) -> str:
        lines = list(self._lines[node.lineno - 1 : node.end_lineno])
        lines[-1] = lines[-1][: node.end_col_offset]
        lines[0] = lines[0][node.col_offset :]
        return b"".join(lines).decode("utf-8", "replace")


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
