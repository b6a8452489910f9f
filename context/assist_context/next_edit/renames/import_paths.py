"""A check that an import means a certain file, by the paths of both.

It is strict: an import that could also mean another file does not. It reads no file and no configuration.
"""

import posixpath

from assist_context.documents import Document

# Files that are called as their folder is.
_PYTHON_INDEX = "__init__"
_ECMA_INDEX = "index"
_RUST_INDEX = "mod"
_ROOTS = frozenset({"lib", "main"})  # of Rust: what `crate` means
_WORDS = frozenset({"crate", "self", "super", ""})


def names_module(module: str, importer: Document, origin: Document) -> bool:
    """Return whether a module, as an import of one document writes it, is the other document."""
    path = _plain(origin.path)
    match importer.language.name:
        case "python":
            return _is_python(module, _plain(importer.path), path)
        case "javascript" | "typescript" | "tsx":
            return _is_ecma(module, _plain(importer.path), path)
        case "rust":
            return _is_rust(module, path)
    return False


def is_same_package(one: Document, other: Document) -> bool:
    """Return whether two documents are of one package of Go: one folder, and one package clause."""
    clauses = [
        next((line.strip() for line in document.lines if line.startswith("package ")), "")
        for document in (one, other)
    ]
    folders = [posixpath.dirname(_plain(document.path)) for document in (one, other)]
    return folders[0] == folders[1] and clauses[0] == clauses[1] != ""


def _plain(path: str) -> str:
    return path.replace("\\", "/")


def _stem(path: str, index: str) -> str:
    """A path without its suffix, and without the name of a file that is called as its folder is."""
    folder, name = posixpath.split(path)
    stem = name.partition(".")[0]
    return folder if stem == index else posixpath.join(folder, stem)


def _is_python(module: str, importer: str, origin: str) -> bool:
    dots = len(module) - len(module.lstrip("."))
    words = [word for word in module.split(".") if word]
    stem = _stem(origin, _PYTHON_INDEX)
    if dots:
        folder = posixpath.dirname(importer)
        for _ in range(dots - 1):
            folder = posixpath.dirname(folder)
        return posixpath.join(folder, *words) == stem
    if not words or stem.split("/")[-len(words) :] != words:
        return False
    top = stem.split("/")[: -len(words)]  # where the search for the module has to begin
    is_near = importer.split("/")[: len(top)] == top
    return is_near or len(words) > 1 or posixpath.basename(origin).startswith("__init__.")


def _is_ecma(module: str, importer: str, origin: str) -> bool:
    if not module.startswith("."):
        return False
    target = posixpath.normpath(posixpath.join(posixpath.dirname(importer), module))
    folder, name = posixpath.split(target)
    stem = posixpath.join(folder, name.partition(".")[0])
    return _stem(origin, _ECMA_INDEX) in (target, stem, _stem(target, _ECMA_INDEX))


def _is_rust(module: str, origin: str) -> bool:
    words = module.split("::")
    names = [word for word in words if word not in _WORDS]
    stem = _stem(origin, _RUST_INDEX).split("/")
    if not names:
        return words[:1] == ["crate"] and stem[-1] in _ROOTS
    return words[0] in _WORDS and stem[-len(names) :] == names
