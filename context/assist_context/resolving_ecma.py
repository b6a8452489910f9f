"""Which files an import of JavaScript or TypeScript means.

It reads neither tsconfig.json nor package.json: an alias is what its tail finds, a package of the
workspace a folder of its name that holds a package.json.
"""

from assist_context import files as places
from assist_context.files import Files
from assist_context.imports import Import

_SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".json")
_ALIASES = ("@/", "~/", "#", "$lib/")  # bundlers' and frameworks' names of the source folder
_WRITTEN = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_ENTRIES = ("src/index", "index", "src/main", "main", "lib/index", "src/lib/index")


def ecma(files: Files, path: str, import_: Import) -> list[str]:
    """The one file, as source if both it and what is made of it are there."""
    module = import_.module.partition("?")[0]
    if import_.level or module in {".", ".."}:
        place = places.beside(path, module)
        return [] if place is None else _at(files, place)
    if ":" in module or module.startswith("/"):
        return []
    for alias in _ALIASES:
        if module.startswith(alias):
            tail = f"lib/{module[5:]}" if alias == "$lib/" else module.removeprefix(alias).lstrip("/")
            return places.nearest(_anywhere(files, path, tail), path)[:1] if tail else []
    return _package(files, module) or _based(files, path, module)


def _at(files: Files, place: str) -> list[str]:
    """The file at a place that is written as imports write it: without suffix, or with the compiled one."""
    stem, dot, suffix = place.rpartition(".")
    for written in _WRITTEN.get(dot + suffix, ()):
        if stem + written in files.paths:
            return [stem + written]
    if place in files.paths:
        return [place]
    for ending in (*_SUFFIXES, ".d.ts"):
        if place + ending in files.paths:
            return [place + ending]
    index = places.join(place, "index")
    return [index + ending for ending in (*_SUFFIXES, ".d.ts") if index + ending in files.paths][:1]


def _anywhere(files: Files, path: str, tail: str) -> list[str]:
    """Every file that `tail` may name, in any folder."""
    stem, dot, suffix = tail.rpartition(".")
    if dot and suffix and "/" not in suffix:
        exact = places.ending(files, stem, (*_WRITTEN.get(f".{suffix}", ()), f".{suffix}"), path)
        if exact:
            return exact
    for name in (tail, f"{tail}/index", f"{tail}.d"):
        if found := places.ending(files, name, _SUFFIXES, path):
            return found
    return []


def _package(files: Files, module: str) -> list[str]:
    """A package of the workspace, if exactly one folder of its name holds a package.json."""
    parts = module.split("/")
    deep = 2 if module.startswith("@") else 1
    name, inside = "/".join(parts[:deep]), "/".join(parts[deep:])
    for tail in (name, parts[deep - 1] if len(parts) >= deep else name):
        folders = [
            folder
            for folder in places.folders_ending(files, tail)
            if folder and f"{folder}/package.json" in files.paths and "node_modules/" not in folder
        ]
        if len(folders) == 1:
            tries = (inside, f"src/{inside}") if inside else _ENTRIES
            return next((found for each in tries if (found := _at(files, f"{folders[0]}/{each}"))), [])
    return []


def _based(files: Files, path: str, module: str) -> list[str]:
    """A path from a folder that the project calls its base; of `@name/rest`, `name` may be a folder."""
    tail = module.removeprefix("@")
    if "/" not in tail:
        return []
    found = _anywhere(files, path, tail)
    return places.nearest([each for each in found if places.is_root(places.root_of(each, tail), path)], path)[
        :1
    ]
