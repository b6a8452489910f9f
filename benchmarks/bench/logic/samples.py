"""Refactorings as edits: commits of real repositories, and edits that a program makes of their files.

Which commits is data; their texts are read from clones. No rule was made with those of `held_out.toml`. Those
of `changed.toml` are called refactorings, and change what the code does.
"""

import ast
import random
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from assist_context.documents import split_lines
from assist_context.facts.logic.compared_sides import EditedText
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_context.syntax.symbols import symbols
from bench.index.trees import ENVIRON

SOURCES = (".py", ".ts", ".js", ".go", ".rs")
LISTS = {"seen": "commits.toml", "held out": "held_out.toml", "changed": "changed.toml"}
_NUMBER = re.compile(r"(?<=[ (=])(\d{2,6})(?=[),\s]|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Refactoring:
    """An edit with its wish; `kind` is "commit", or what a program did."""

    id: str
    kind: str
    wish: str
    texts: tuple[EditedText, ...]
    group: str = "seen"  # a name of `LISTS`


def listed_commits(group: str) -> dict[str, Sequence[str]]:
    """The ids of the commits of a list, by repository."""
    found = tomllib.loads(Path(__file__).with_name(LISTS[group]).read_text(encoding="utf-8"))
    return {name: list(commits) for name, commits in found.items()}


def commit_refactorings(folder: Path, group: str) -> Iterator[Refactoring]:
    """The commits of a list, of the repositories that are in a folder. The subject is the wish."""
    for name, commits in listed_commits(group).items():
        root = folder / name
        for commit in commits if root.is_dir() else ():
            subject = _git(root, "log", "-1", "--format=%s", commit).strip()
            paths = _git(root, "diff-tree", "--no-commit-id", "--name-only", "-r", commit).split("\n")
            texts = tuple(
                EditedText(
                    path, _git(root, "show", f"{commit}^:{path}"), _git(root, "show", f"{commit}:{path}")
                )
                for path in paths
                if path.endswith(SOURCES) and not is_test(path)
            )
            yield Refactoring(f"{name} {commit}", "commit", subject, texts, group)


def made_refactorings(folder: Path, count: int, seed: int) -> Iterator[Refactoring]:
    """So many edits of files as they are now, the kinds in turns."""
    rng = random.Random(seed)
    groups = {name: group for group in ("seen", "held out") for name in listed_commits(group)}
    names = [name for name in groups if (folder / name).is_dir()]
    made = 0
    kinds = list(_MAKERS)
    for turn in range(count * 20):
        kind = kinds[made % len(kinds)]
        root = folder / names[turn % len(names)]
        paths = [
            path
            for path in _git(root, "ls-tree", "-r", "--name-only", "HEAD").split("\n")
            if path.endswith(SOURCES) and not is_test(path)
        ]
        path = rng.choice(paths)
        before = _git(root, "show", f"HEAD:{path}")
        if not 40 <= before.count("\n") <= 1_500:
            continue
        found = _MAKERS[kind](path, before, rng)
        if found is not None and found[1] != before:
            made += 1
            texts = (EditedText(path, before, found[1]),)
            name = names[turn % len(names)]
            yield Refactoring(f"{name} {path} {kind}", kind, found[0], texts, groups[name])
        if made == count:
            return


def _git(root: Path, *arguments: str) -> str:
    command = ["git", *arguments]  # a file that is new has no text before
    done = subprocess.run(command, cwd=root, env=ENVIRON, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


_Made = tuple[str, str] | None


def _rename(path: str, text: str, rng: random.Random) -> _Made:
    """A function with another name, everywhere in the file."""
    found = [site.name for site in symbols(language_of(path), text).definitions if site.kind == "function"]
    found = [name for name in found if len(name) > 4 and not re.search(rf"[\"'`][^\n]*\b{name}\b", text)]
    if not found:
        return None
    name = rng.choice(found)
    other = f"{name}_now" if "_" in name or path.endswith((".py", ".rs")) else f"{name}Now"
    return f"rename {name} to {other}", re.sub(rf"\b{name}\b", other, text)


def _constant(path: str, text: str, rng: random.Random) -> _Made:
    """A number as a constant, everywhere in the file."""
    if not path.endswith((".py", ".js", ".ts")):
        return None
    numbers = [
        match[1] for match in _NUMBER.finditer(text) if not re.search(rf"[\"'`#/][^\n]*\b{match[1]}\b", text)
    ]
    if not numbers:
        return None
    number = rng.choice(numbers)
    replaced = re.sub(rf"(?<=[ (=]){number}(?=[),\s]|$)", "LIMIT_OF_IT", text)
    lines = split_lines(replaced)
    last = max(
        (at for at, line in enumerate(lines) if re.match(r"(?:import|from) |const .*require\(", line)),
        default=0,
    )
    if not path.endswith(".py"):
        return f"use a constant for {number}", f"const LIMIT_OF_IT = {number};\n{replaced}"
    try:
        end = next(
            node.end_lineno or 0
            for node in reversed(ast.parse(replaced).body)
            if isinstance(node, ast.ImportFrom | ast.Import)
        )
    except (StopIteration, SyntaxError):
        end = last + 1
    lines = (*lines[:end], f"\nLIMIT_OF_IT = {number}\n", *lines[end:])
    return "take the magic number out", "".join(lines)


def _reorder(path: str, text: str, rng: random.Random) -> _Made:
    """Two neighbouring functions in the other order."""
    lines = split_lines(text)
    tops = [
        site
        for site in symbols(language_of(path), text).definitions
        if site.kind == "function" and not site.parent
    ]
    pairs = [
        (one, other)
        for one, other in pairwise(tops)
        if not "".join(lines[one.end_line : other.start_line - 1]).strip()
    ]
    if not pairs:
        return None
    one, other = rng.choice(pairs)
    first, second = lines[one.start_line - 1 : one.end_line], lines[other.start_line - 1 : other.end_line]
    between = lines[one.end_line : other.start_line - 1]
    moved = (*lines[: one.start_line - 1], *second, *between, *first, *lines[other.end_line :])
    return f"move {other.name} above {one.name}", "".join(moved)


def _comments(path: str, text: str, rng: random.Random) -> _Made:
    """Comments above some lines."""
    mark = language_of(path).comment
    lines = list(split_lines(text))
    places = [at for at, line in enumerate(lines) if re.match(r"[ \t]*(?:if|for|return)\b", line)]
    if not places:
        return None
    for at in sorted(rng.sample(places, min(5, len(places))), reverse=True):
        indent = re.match(r"[ \t]*", lines[at])
        lines.insert(at, f"{indent[0] if indent else ''}{mark} not all of it is == 1\n")
    return "add comments", "".join(lines)


def _format(path: str, text: str, _: random.Random) -> _Made:
    """Python as the standard library prints it, without comments; other files with other white space."""
    if path.endswith(".py"):
        try:
            return "reformat this file", ast.unparse(ast.parse(text)) + "\n"
        except SyntaxError:
            return None
    return "reformat this file", re.sub(r"^\t", "  ", re.sub(r"[ \t]+$", "", text, flags=re.M), flags=re.M)


def _python_tree(path: str, text: str) -> ast.Module | None:
    try:
        return ast.parse(text) if path.endswith(".py") else None
    except SyntaxError:
        return None


def _transform(path: str, text: str, transformer: ast.NodeTransformer, wish: str) -> _Made:
    """A file of Python as a transformer changes it; None if it changes nothing."""
    tree = _python_tree(path, text)
    if tree is None:
        return None
    plain = ast.unparse(tree)
    changed = ast.unparse(ast.fix_missing_locations(transformer.visit(tree)))
    return None if plain == changed else (wish, changed + "\n")


class _Inverter(ast.NodeTransformer):
    """The sides of an `if` with an `else` exchanged, and its condition negated."""

    def __init__(self, only: int) -> None:
        self.left = only

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if node.orelse and not isinstance(node.orelse[0], ast.If) and self.left > 0:
            self.left -= 1
            return ast.If(_opposite(node.test), node.orelse, node.body)
        return node


def _opposite(test: ast.expr) -> ast.expr:
    """The opposite, by the laws of De Morgan."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.BoolOp):
        joined: ast.boolop = ast.Or() if isinstance(test.op, ast.And) else ast.And()
        return ast.BoolOp(joined, [_opposite(value) for value in test.values])
    turned = {
        ast.Eq: ast.NotEq,
        ast.NotEq: ast.Eq,
        ast.In: ast.NotIn,
        ast.NotIn: ast.In,
        ast.Is: ast.IsNot,
        ast.IsNot: ast.Is,
    }
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and type(test.ops[0]) in turned:
        return ast.Compare(test.left, [turned[type(test.ops[0])]()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def _invert(path: str, text: str, _: random.Random) -> _Made:
    """Branches with their sides exchanged."""
    return _transform(path, text, _Inverter(3), "put the short branch first")


class _Leaver(ast.NodeTransformer):
    """Functions that end in an `if` without `else` leave early instead."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        last = node.body[-1]
        if isinstance(last, ast.If) and not last.orelse and not isinstance(last.body[-1], ast.Return):
            node.body[-1:] = [ast.If(_opposite(last.test), [ast.Return(None)], []), *last.body]
        return node


def _leave(path: str, text: str, _: random.Random) -> _Made:
    """Early returns."""
    return _transform(path, text, _Leaver(), "use early returns")


class _Extractor(ast.NodeTransformer):
    """The value that a function of a module returns comes from a new function."""

    def __init__(self) -> None:
        self.made: ast.FunctionDef | None = None

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        last = node.body[-1]
        if self.made or not isinstance(last, ast.Return) or not isinstance(last.value, ast.Call | ast.BinOp):
            return node
        names = sorted({part.id for part in ast.walk(node) if isinstance(part, ast.Name)})
        used = [
            name
            for name in names
            if name in {part.id for part in ast.walk(last.value) if isinstance(part, ast.Name)}
        ]
        arguments = ast.arguments([], [ast.arg(name) for name in used], None, [], [], None, [])
        self.made = ast.FunctionDef("result_of_it", arguments, [ast.Return(last.value)], [], type_params=[])
        called = ast.Call(ast.Name("result_of_it"), [ast.Name(name) for name in used], [])
        node.body[-1] = ast.Return(called)
        return node


def _extract(path: str, text: str, _: random.Random) -> _Made:
    """A new function."""
    tree = _python_tree(path, text)
    if tree is None:
        return None
    extractor = _Extractor()
    for at, node in enumerate(tree.body):
        tree.body[at] = extractor.visit(node) if isinstance(node, ast.FunctionDef) else node
    if extractor.made is None:
        return None
    tree.body.append(extractor.made)
    return "extract a function for the result", ast.unparse(ast.fix_missing_locations(tree)) + "\n"


_MAKERS: dict[str, Callable[[str, str, random.Random], _Made]] = {
    "rename": _rename,
    "constant": _constant,
    "reorder": _reorder,
    "comments": _comments,
    "format": _format,
    "invert": _invert,
    "early return": _leave,
    "extract": _extract,
}
