"""Installed packages for tests: files that look like an environment of Python or a `node_modules`."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from workspaces import put

from assist_types.libraries.installed import InstalledModule, ModuleFinder
from assist_types.libraries.library_types import LibraryTypes
from assist_types.libraries.module_outline import ModuleOutline
from assist_types.libraries.outline_reader import read_module

SITE = ".venv/lib/python3.11/site-packages"


def python_install(root: Path, files: Mapping[str, str], version: str = "1.0") -> Path:
    """Makes `.venv` in a folder, with these files; each top level name is a package of this version."""
    put(root, ".venv/pyvenv.cfg", f"home = {root / 'nowhere' / 'bin'}\nversion = 3.11.4\n")
    for path, text in files.items():
        put(root, f"{SITE}/{path}", text)
        top = path.partition("/")[0].removesuffix(".py").removesuffix("-stubs")
        put(root, f"{SITE}/{top}-{version}.dist-info/RECORD", f"{path},,\n")
    return root / SITE


def node_install(root: Path, package: str, files: Mapping[str, str], **described: object) -> Path:
    """Installs a package in the `node_modules` of a folder."""
    top = root / "node_modules" / package
    put(top, "package.json", json.dumps({"name": package, "version": "1.0.0", **described}))
    for path, text in files.items():
        put(top, path, text)
    return top


def types_of(finder: ModuleFinder) -> LibraryTypes:
    """What a finder's modules offer, each read when it is first asked for."""
    return LibraryTypes(finder, reading())


def reading() -> Callable[[InstalledModule], ModuleOutline | None]:
    known: dict[InstalledModule, ModuleOutline] = {}

    def outline(module: InstalledModule) -> ModuleOutline:
        if module not in known:
            known[module] = read_module(module)[1]
        return known[module]

    return outline
