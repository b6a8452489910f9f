"""A crate as far as calls need it: its target and its modules, and the functions and types in its files.

It reads files of the copy, and runs nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assist_runner.characterization_tests.calls import CallSubject
from assist_runner.characterization_tests.language import CannotRunError
from assist_runner.characterization_tests.rust.rust_items import RustFunction, RustItems, RustType, rust_items

MAX_FILES = 120
MAX_CHARACTERS = 1_500_000


@dataclass(frozen=True, slots=True)
class RustTarget:
    """The part of a package that a file is compiled into: options of cargo, and the path of its module.

    `root` is the text of the target's first file, `folder` that of the package in the workspace.
    """

    folder: str
    options: tuple[str, ...]
    module: tuple[str, ...]
    root: str

    @property
    def without_std(self) -> bool:
        """Whether names of the standard library are not there by themselves."""
        found = re.search(r"^#!\[(.*)\bno_std\b", self.root, re.MULTILINE)
        return found is not None and "not(test)" not in found[1]


def target_of(tree: Path, path: str) -> RustTarget:
    """The target of a file. Raises CannotRunError if it belongs to none."""
    file = PurePosixPath(path)
    folders = [folder for folder in file.parents if (tree / folder / "Cargo.toml").is_file()]
    if not folders:
        raise CannotRunError(f"there is no Cargo.toml above {path}")
    folder = folders[0]
    inner = file.relative_to(folder)
    top = tree / folder
    manifest = _text(top / "Cargo.toml")
    own = re.search(r"^\[lib\][^\[]*?^path\s*=\s*\"([^\"]+)\"", manifest, re.MULTILINE | re.DOTALL)
    library = PurePosixPath(own[1] if own else "src/lib.rs")
    main = PurePosixPath("src/main.rs")
    base = library.parent
    if inner.parts[:2] == ("src", "bin"):
        name = inner.parts[2].removesuffix(".rs")
        rest = inner.relative_to("src/bin").parts[1:]
        return RustTarget(str(folder), ("--bin", name), _module(rest), _text(tree / path))
    if not inner.is_relative_to(base):
        raise CannotRunError(f"{path} is not part of the crate")
    rest = inner.relative_to(base).parts
    roots = [root for root in (library, main) if (top / root).is_file()]
    if inner in roots:
        chosen = inner
    else:
        named = [
            root
            for root in roots
            if re.search(rf"\bmod\s+{re.escape(rest[0].removesuffix('.rs'))}\b", _text(top / root))
        ]
        chosen = (named or roots or [library])[0]
    options = ("--lib",) if chosen == library else ("--bins",)
    return RustTarget(str(folder), options, () if inner in roots else _module(rest), _text(top / chosen))


def _module(parts: Sequence[str]) -> tuple[str, ...]:
    """The names of modules of a file below the folder of the target's first one.

    >>> _module(("a", "mod.rs")), _module(("a", "b.rs")), _module(("main.rs",))
    (('a',), ('a', 'b'), ())
    """
    if not parts:
        return ()
    stem = parts[-1].removesuffix(".rs")
    return tuple(parts[:-1]) if stem in ("mod", "lib", "main") else (*parts[:-1], stem)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class RustCrate:
    """The items of a crate's files; those of the subject's file first.

    `paths` say by which path a type is named from the subject's file, `tests` are the modules of tests.
    """

    own: RustItems
    functions: tuple[RustFunction, ...]
    types: dict[str, RustType]
    paths: dict[str, str]
    name: str
    tests: tuple[str, ...] = ()


def tests_in(text: str) -> tuple[str, ...]:
    """The module of tests in a file, from its first line to the end of the file."""
    found = re.search(r"#\[cfg\(test\)\]\s*(?:pub\s+)?mod\s+\w+\s*\{", text)
    return (text[found.end() :],) if found else ()


def crate_of(tree: Path, subject: CallSubject) -> RustCrate:
    """The items of the crate of a subject."""
    target = target_of(tree, subject.path)
    own = rust_items(subject.text)
    functions = list(own.functions)
    types = {row.name: row for row in own.types}
    paths = {row.name: row.name for row in own.types}
    imported = frozenset(
        re.findall(r"\w+", " ".join(re.findall(r"^\s*(?:pub )?use [^;]+;", subject.text, re.M)))
    )
    tests = list(tests_in(subject.text))
    size = 0
    source = tree / target.folder / "src"
    for number, file in enumerate(_files(source)):
        if number >= MAX_FILES or size > MAX_CHARACTERS:
            break
        if file == tree / subject.path:
            continue
        text = _text(file)
        size += len(text)
        items = rust_items(text)
        tests += tests_in(text)
        functions += items.functions
        module = "::".join(("crate", *_module(file.relative_to(source).parts)))
        for row in items.types:
            types.setdefault(row.name, row)
            paths.setdefault(row.name, row.name if row.name in imported else f"{module}::{row.name}")
    manifest = _text(tree / target.folder / "Cargo.toml")
    found = re.search(r"^\[(?:lib|package)\][^\[]*?^name\s*=\s*\"([^\"]+)\"", manifest, re.M | re.DOTALL)
    name = found[1].replace("-", "_") if found else ""
    return RustCrate(own, tuple(functions), types, paths, name, tuple(tests))


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.rs"), key=lambda file: (len(file.parts), file))


def functions_of(subject: CallSubject, items: RustItems) -> list[RustFunction]:
    """The functions that a subject means: itself, or those in the `impl` blocks of a type."""
    same = [
        row
        for row in items.functions
        if row.name == subject.short and subject.first <= row.first and row.last == subject.last
    ]
    if same:
        return same[:1]
    return [row for row in items.functions if owner_name(row.owner) == subject.short and not row.trait]


def owner_name(owner: str) -> str:
    """The name of a type without its parameters and its path.

    >>> owner_name("&mut a::Cart<T>")
    'Cart'
    """
    found = re.search(r"(\w+)\s*(?:<.*)?$", owner)
    return found[1] if found else ""
