"""Which files a `use` or `mod` of Rust means.

A path is followed as far as there are files; its last part may be an item of the last one. It does not
see `#[path]`, modules in braces, or what Cargo.toml calls a crate: that is a folder's name here.
"""

from assist_context import files as places
from assist_context.files import Files
from assist_context.imports import Import

_ROOTS = ("lib.rs", "main.rs")
_OWN_FOLDER = ("mod.rs", "lib.rs", "main.rs", "build.rs")


def rust(files: Files, path: str, import_: Import) -> list[str]:
    """For each name the module that is called so, or else the one that holds it."""
    parts = [part for part in import_.module.split("::") if part]
    names = import_.names
    if not parts or parts[0] in {"std", "core", "alloc"}:
        return []
    if parts[0] == "crate":
        root = next((each for each in places.above(path) if _file(files, each, root=True)), None)
        return [] if root is None else _names(files, root, parts[1:], names, True)
    if parts[0] in {"self", "super"}:
        return _relative(files, path, import_, parts)
    if import_.level:
        return _module(files, places.join(_folder(path), "/".join(parts)))
    return _names(files, _folder(path), parts, names, False) or _crate(files, path, parts, names)


def _relative(files: Files, path: str, import_: Import, parts: list[str]) -> list[str]:
    if parts == ["super"] and import_.names == ("*",):
        return []  # nearly always the test module at the end of the file itself
    folders = places.above(f"{_folder(path)}/")
    if import_.level > len(folders):
        return []
    steps = [part for part in parts if part not in {"self", "super"}]
    return _names(files, folders[import_.level - 1], steps, import_.names, True)


def _folder(path: str) -> str:
    """Where the modules that a file declares have their files."""
    folder, _, name = path.rpartition("/")
    alone = folder.rpartition("/")[2] in {"tests", "examples", "benches", "bin"}
    return folder if name in _OWN_FOLDER or alone else path.removesuffix(".rs")


def _names(files: Files, folder: str, parts: list[str], names: tuple[str, ...], own: bool) -> list[str]:
    """What a path below the module of `folder` leads to. `own`: the module itself is an answer."""
    found = []
    for name in names or ("",):
        steps = [*parts, name] if name not in {"", "*", "self"} else parts
        for deep in range(len(steps), -1 if own else 0, -1):
            place = places.join(folder, "/".join(steps[:deep]))
            if module := _module(files, place) if deep else _file(files, folder, root=False):
                found += module
                break
    return found


def _module(files: Files, place: str) -> list[str]:
    return [each for each in (f"{place}.rs", f"{place}/mod.rs") if each in files.paths][:1]


def _file(files: Files, folder: str, *, root: bool) -> list[str]:
    """The file of the module whose own modules are in `folder`."""
    names = [places.join(folder, name) for name in _ROOTS]
    if not root:
        names = [f"{folder}.rs", places.join(folder, "mod.rs"), *names]
    return [each for each in names if each in files.paths][:1]


def _crate(files: Files, path: str, parts: list[str], names: tuple[str, ...]) -> list[str]:
    """Another crate of the workspace: a folder of its name with a Cargo.toml."""
    folders = {
        folder
        for name in (parts[0], parts[0].replace("_", "-"))
        for folder in places.folders_ending(files, name)
        if folder and f"{folder}/Cargo.toml" in files.paths
    }
    for folder in places.nearest(folders, path)[:1]:
        return _names(files, f"{folder}/src", parts[1:], names, True)
    return []
