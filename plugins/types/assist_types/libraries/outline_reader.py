"""The outline of an installed module, read from its file. It is a parser process that calls this.

A file that is too large or not text has an outline that says nothing.
"""

import os

from assist_context.files.blobs import decode
from assist_context.regular_files import read_regular
from assist_types.libraries.go_outline import go_outline
from assist_types.libraries.installed import InstalledModule, entries
from assist_types.libraries.module_outline import UNKNOWN, LibraryName, ModuleOutline
from assist_types.libraries.python_outline import python_outline
from assist_types.libraries.script_outline import script_outline

MAX_BYTES = 1_500_000  # of a file; the DOM's declarations have 1.3 MB, and more is generated
_CODE = (".py", ".pyi", ".so", ".pyd")


def read_module(module: InstalledModule) -> tuple[int, ModuleOutline]:
    """The size of a module's file, and its outline. Raises OSError."""
    if module.kind == "go":
        return os.path.getsize(module.file), _go_package(module.file)
    data = read_regular(module.file, MAX_BYTES + 1)
    size = os.path.getsize(module.file)
    if len(data) > MAX_BYTES or b"\0" in data:
        return size, UNKNOWN
    text = decode(data)
    if module.kind == "node":
        return size, script_outline(text, module.file)
    stub = module.file.endswith(".pyi")
    found = python_outline(text, module.name, package=module.folder, stub=stub)
    if not module.folder:
        return size, found
    submodules = {
        name: LibraryName(name, "import", target=(f"{module.name}.{name}", ""))
        for name in _submodules(os.path.dirname(module.file))
    }
    return size, ModuleOutline({**submodules, **found.names}, found.stars, found.whole)


def _go_package(folder: str) -> ModuleOutline:
    """The outline of a package of Go, which is a folder."""
    texts: list[str] = []
    room = MAX_BYTES
    for entry in entries(folder):
        if entry.endswith(".go") and not entry.endswith("_test.go"):
            data = read_regular(os.path.join(folder, entry), room + 1)
            room -= len(data)
            if room < 0 or b"\0" in data:
                return UNKNOWN
            texts.append(decode(data))
    return go_outline(texts) if texts else UNKNOWN


def _submodules(folder: str) -> list[str]:
    """The names of the modules in a package's folder."""
    names = {}
    for entry in entries(folder):
        stem, dot, _ = entry.partition(".")
        if stem.isidentifier() and (not dot or entry.endswith(_CODE)):
            names[stem] = True
    return [*names]
