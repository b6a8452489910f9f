"""How one file of the workspace is written in an import of another one: the reverse of `import_resolution`.

A place is a path without suffix, as imports write it: "src/shop/cart", or a folder for a whole package.
It judges by paths alone, and knows Python's packages and the relative paths of JavaScript and TypeScript.
"""

import posixpath

from assist_context.relations import path_index
from assist_context.relations.path_index import PathIndex
from assist_context.syntax.imports import Import

_INIT = ("__init__.py", "__init__.pyi")


def place_of(path: str, language_name: str, import_: Import) -> str | None:
    """The place that a relative import in `path` names; `None` if it leaves the root, or is not relative.

    >>> place_of("src/shop/till.py", "python", Import("money", ("Money",), 1, level=1))
    'src/shop/money'
    >>> place_of("src/till.ts", "typescript", Import("../lib/money.js", ("Money",), 1, level=2))
    'lib/money.js'
    """
    if not import_.level:
        return None
    if language_name != "python":
        return path_index.relative_path(path, import_.module)
    folders = path_index.folders_above(path)
    if import_.level > len(folders):
        return None
    return path_index.join(folders[import_.level - 1], import_.module.replace(".", "/"))


def place_of_file(path: str) -> str:
    """The place of a file of Python.

    >>> place_of_file("shop/cart.py"), place_of_file("shop/__init__.py")
    ('shop/cart', 'shop')
    """
    folder, _, name = path.rpartition("/")
    return folder if name in _INIT else path.rpartition(".")[0]


def python_module(files: PathIndex, path: str, place: str, *, relative: bool) -> str | None:
    """How a module is imported in the file `path`, with dots before it if it is relative and can be.

    `None` if it is the file itself.
    """
    if place == place_of_file(path):
        return None
    if relative and (written := _relative_module(files, path, place)):
        return written
    folder = place if _is_package(files, place) else place.rpartition("/")[0]
    root = folder
    while _is_package(files, root):
        root = root.rpartition("/")[0]
        if not root:
            break
    inside = place[len(root) :].strip("/") if root else place
    if not _is_package(files, folder):  # a plain folder of modules: they are imported by their own name
        inside = place.rpartition("/")[2]
    return inside.replace("/", ".") or None


def _relative_module(files: PathIndex, path: str, place: str) -> str | None:
    for level, folder in enumerate(path_index.folders_above(path), 1):
        if not _is_package(files, folder):
            return None
        if folder == place or path_index.is_above(folder, place):
            return "." * level + place[len(folder) :].strip("/").replace("/", ".")
    return None


def _is_package(files: PathIndex, folder: str) -> bool:
    return any(path_index.join(folder, name) in files.paths for name in _INIT)


def ecma_module(path: str, place: str) -> str:
    """A relative path to a place, as an import in the file `path` writes it.

    >>> ecma_module("src/app/main.ts", "src/lib/money.js"), ecma_module("src/main.ts", "src/money")
    ('../lib/money.js', './money')
    """
    written = posixpath.relpath(place or ".", path.rpartition("/")[0] or ".")
    return written if written.startswith(".") else f"./{written}"
