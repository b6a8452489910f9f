"""Which files an import statement of Python means.

Where packages begin is guessed: at a folder without `__init__.py`, best one above the importing file.
It knows no installed package and no search path.
"""

import sys

from assist_context import files as places
from assist_context.files import Files
from assist_context.imports import Import

_SUFFIXES = (".py", ".pyi")  # a stub stands beside its module, or alone for one written in C


def python(files: Files, path: str, import_: Import) -> list[str]:
    """Submodules that are named, then the module or package itself."""
    tail = import_.module.replace(".", "/")
    if import_.level:
        folders = places.above(path)
        if import_.level > len(folders):
            return []
        return _module(files, places.join(folders[import_.level - 1], tail), import_.names)
    base = _base(files, path, tail, bool(import_.names)) if tail else None
    return [] if base is None else _module(files, base, import_.names)


def _module(files: Files, base: str, names: tuple[str, ...]) -> list[str]:
    package = _either(files, places.join(base, "__init__"))
    if not package and (module := _either(files, base)):
        return module
    found = []
    for name in names:
        inside = places.join(base, name)
        found += _either(files, f"{inside}/__init__") or _either(files, inside)
    return found + package


def _either(files: Files, stem: str) -> list[str]:
    return [stem + suffix for suffix in _SUFFIXES if stem + suffix in files.paths]


def _base(files: Files, path: str, tail: str, namespace: bool) -> str | None:
    """Where the module `tail` is, without suffix: "src/a/b" for "a/b"."""
    found = {each.rpartition(".")[0]: False for each in places.ending(files, tail, _SUFFIXES, path)}
    for each in places.ending(files, f"{tail}/__init__", _SUFFIXES, path):
        found[each.rpartition("/")[0]] = True
    if not found and namespace:
        found = dict.fromkeys(places.folders_ending(files, tail), True)
    if not found:
        return None
    bases = [base for base, package in found.items() if _fits(files, path, base, tail, package, len(found))]
    bases = places.nearest([f"{base}/" for base in bases], path)  # as folders: a/b is nearer to a/b/c.py
    bases.sort(key=lambda base: not places.is_above(places.root_of(base[:-1], tail), path))
    return bases[0][:-1] if bases else None


def _fits(files: Files, path: str, base: str, tail: str, package: bool, count: int) -> bool:
    """Whether an absolute import may find `base` at all."""
    root = base[: len(base) - len(tail)].rstrip("/")
    if root and _either(files, f"{root}/__init__"):
        return False  # inside a package, where only the package's own name leads
    if places.is_above(root, path):
        return True
    if tail.partition("/")[0] in sys.stdlib_module_names:
        return False
    # One file far away with a short name may be anybody's: `import config`.
    return package or "/" in tail or count == 1 or places.is_root(root, path)
