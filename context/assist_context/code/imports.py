"""The modules that a file imports, from the captures of a query.

The name of the capture says how the language writes a path: `module` is used as written; `module.dots` has
Python's leading dots; in `module.path` the last part is the name; `module.tree` has names in braces;
`module.file` is a path from the file's own folder; `module.beside` is appended to that folder's name.
This module finds no file: that takes a workspace.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from assist_context.code.trees.grammars import QueryMatch
from assist_context.code.trees.source_text import Source

MAX_CHARACTERS = 4_000  # of an import statement
MAX_DEEP = 8  # nested braces

_HERE = re.compile(r"(?:\$\{?\w+\}?|\$\([^)]*\)|__DIR__)/")  # "$DIR/a.sh": nearly always next to the script
_TREE_WORDS = re.compile(r"\s*(?:(?:use|import|function|const|static)\s+)*")
_PART = re.compile(r"(.*?)(?:::|[\\./])?([^\s:\\./]+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Import:
    """One module and the names taken from it, as the module calls them; ("*",) for all, () for the module
    itself.

    `level` is 0 for a path that is looked up elsewhere, 1 for the file's own folder (or module), 2 for the
    one above, and so on. Python's leading dots are only in `level`; other paths stay as written.
    """

    module: str
    names: tuple[str, ...]
    line: int
    level: int = 0


def read_imports(source: Source, matches: tuple[QueryMatch, ...]) -> tuple[Import, ...]:
    """The imports of a file, in source order."""
    modules: dict[int, tuple[str, str, list[tuple[int, str]]]] = {}
    for _, captures in matches:
        if "import" not in captures:
            continue
        capture = next((name for name in captures if name.startswith("module")), "")
        if not capture:
            continue
        start, end = captures[capture][0]
        text = source.text(start, min(end, start + MAX_CHARACTERS))
        names_at = modules.setdefault(start, (capture, text, []))[2]
        names_at += [(at, source.text(at, to)) for at, to in captures.get("import.name", ())]
        names_at += [(at, "*") for at, _ in captures.get("all", ())]
    result = []
    for start in sorted(modules):
        capture, text, names_at = modules[start]
        bindings = tuple(dict.fromkeys(name.strip("\"'") for _, name in sorted(names_at)))
        result += [
            Import(module, names, source.line(start), level)
            for module, names, level in _read_import(capture, text, bindings)
        ]
    return tuple(result)


def _read_import(
    capture: str, text: str, names: tuple[str, ...]
) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """(module, names, level) of one captured path; several if it is a tree."""
    bare = text.strip().strip("\"'`<>").strip()
    if capture == "module.tree":
        yield from _read_tree(bare)
    elif capture == "module.path" and not names:
        module, name = _split_last(bare)
        yield module or name, (name,) if module else (), 0
    elif capture == "module.dots":
        dots = len(bare) - len(bare.lstrip("."))
        yield "".join(bare[dots:].split()), names, dots
    elif capture == "module.beside":
        yield bare.lstrip("/"), names, max(1, _level(bare.lstrip("/")))
    elif capture == "module.file":
        absolute = bare.startswith(("//", "#")) or re.match(r"[a-z][a-z0-9+.-]*:", bare)
        path = _HERE.sub("", bare, count=1) if _HERE.match(bare) else bare
        if bare and not bare.startswith("#"):
            is_rooted = absolute or path.startswith("/")
            yield path, names, 0 if is_rooted else max(1, _level(path))
    elif bare:
        yield bare, names, _level(bare)


def _level(path: str) -> int:
    """Return how far up a path starts: `./` 1, `../` 2, `super::` 2; 0 if it does not say."""
    if dots := re.match(r"(?:\.\.?(?:/|$))+", path):
        return 1 + dots[0].count("..")
    if ups := re.match(r"(?:(?:self|super)(?:::|$))+", path):
        return 1 + ups[0].count("super")
    return 0


def _split_last(path: str) -> tuple[str, str]:
    """A path and its last part.

    >>> _split_last("java.util.List"), _split_last("a::b"), _split_last("os")
    (('java.util', 'List'), ('a', 'b'), ('', 'os'))
    """
    match = _PART.fullmatch(path.strip())
    return (match[1], match[2]) if match else ("", path.strip())


def _read_tree(text: str) -> Iterator[tuple[str, tuple[str, ...], int]]:
    """The modules of a path with braces, as in Rust, Scala and PHP.

    >>> list(_read_tree("use std::{fmt, io::{self, Read as R}};"))
    [('std', ('fmt', 'io'), 0), ('std::io', ('Read',), 0)]
    """
    bindings: dict[str, list[str]] = {}
    for module, name in _tree_leaves(_TREE_WORDS.sub("", text, count=1).strip().rstrip(";"), "", MAX_DEEP):
        bindings.setdefault(module, []).append(name)
    for module, names in bindings.items():
        if module:
            yield module.lstrip("\\"), tuple(dict.fromkeys(names)), _level(module)
        else:
            yield from ((name, (), 0) for name in names)


def _tree_leaves(text: str, prefix: str, deep: int) -> Iterator[tuple[str, str]]:
    """(module, name) of every leaf of a tree."""
    for piece in _split_at_commas(text):
        head, brace, inner = piece.partition("{")
        if brace and deep:
            yield from _tree_leaves(inner.rpartition("}")[0] or inner, prefix + head.strip(), deep - 1)
            continue
        path = re.split(r"\s+as\s+|\s*=>\s*", head.strip())[0]
        path = re.sub(r"^(?:function|const)\s+", "", path)
        if path == "self":
            path = re.sub(r"(?:::|[\\.])$", "", prefix)
            module, name = _split_last(path)
        else:
            module, name = _split_last(prefix + path)
        if re.fullmatch(r"\w+|\*", name):
            yield module, "*" if name == "_" else name


def _split_at_commas(text: str) -> list[str]:
    """Splits `text` at its commas outside of braces."""
    pieces = [""]
    depth = 0
    for mark in re.split(r"([{},])", text):
        depth += (mark == "{") - (mark == "}")
        if mark == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += mark
    return [piece for piece in pieces if piece.strip()]
