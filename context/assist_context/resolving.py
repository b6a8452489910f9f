"""Which files of the workspace an import means, by paths alone.

It reads no file: no go.mod, tsconfig or pom. What only those could tell is guessed by the longest matching
tail of the path, and left out where several files fit equally or another's package is as likely.
Namespaces that are no paths (C#, Swift modules) give nothing.
"""

from collections.abc import Callable, Iterable, Mapping

from assist_context import files as places
from assist_context.files import Files
from assist_context.imports import Import
from assist_context.resolving_ecma import ecma
from assist_context.resolving_python import python
from assist_context.resolving_rust import rust

MOST_FILES = 20  # of one import: a package of Go or Java may have hundreds

_Rule = Callable[[Files, str, Import], Iterable[str]]

_JVM = (".java", ".kt", ".scala", ".groovy")
_C = frozenset({".h", ".hh", ".hpp", ".hxx", ".inc", ".ipp", ".inl", ".def", ".c", ".cc", ".cpp", ".cxx", ""})
# Repositories of these hosts are three parts deep (host/owner/name), so that much is never a folder of one.
_FORGES = frozenset({"github.com", "gitlab.com", "bitbucket.org", "golang.org", "codeberg.org"})
_GO_STANDARD = frozenset(  # the first parts of its standard library's paths
    ("archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug",
     "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "io",
     "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime",
     "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time",
     "unicode", "unique", "unsafe", "weak")
)  # fmt: skip


def resolve(files: Files, path: str, language_name: str, import_: Import) -> tuple[str, ...]:
    """The files that an import of the file `path` means, most exact first; () where it is not ours.

    >>> from assist_context.files import files_of
    >>> files = files_of(["src/shop/__init__.py", "src/shop/cart.py", "tests/test_cart.py"])
    >>> resolve(files, "tests/test_cart.py", "python", Import("shop", ("cart",), 1))
    ('src/shop/cart.py', 'src/shop/__init__.py')
    """
    rule = _RULES.get(language_name)
    found = dict.fromkeys(rule(files, path, import_)) if rule else {}
    found.pop(path, None)
    return tuple(found)[:MOST_FILES]


def _go(files: Files, path: str, import_: Import) -> list[str]:
    """A package is a folder: the module's name goes ahead of its path, and is not written in any path."""
    parts = import_.module.split("/")
    least = 0
    if "." in parts[0]:
        least = 3 if parts[0] in _FORGES else 1
    most = 1 if parts[0] in _GO_STANDARD else len(parts)
    for dropped in (0, *range(max(1, least), most)):
        tail = "/".join(parts[dropped:])
        folders = [
            folder
            for folder in places.folders_ending(files, tail)
            if _is_module(files, places.root_of(folder, tail))
        ]
        for folder in places.nearest(folders, path):
            if found := [
                each
                for each in files.folders[folder]
                if each.endswith(".go") and not each.endswith("_test.go")
            ]:
                return found
    return []


def _is_module(files: Files, root: str) -> bool:
    name = root.rpartition("/")[2]
    return not root or name in {"src", "vendor"} or f"{root}/go.mod" in files.paths


def _jvm(files: Files, path: str, import_: Import) -> list[str]:
    """A class is a file of its name, or inside one; all of a package is a folder."""
    package = import_.module.replace(".", "/")
    found = []
    for name in import_.names:
        tail = package if name == "*" else f"{package}/{name}"
        if not (classes := _class(files, path, tail)) and name != "*":
            classes = _class(files, path, package) if "/" in package else []
        found += classes
        if name == "*" and not classes:
            for folder in places.nearest(places.folders_ending(files, package), path)[:1]:
                found += [each for each in files.folders[folder] if each.endswith(_JVM)]
    return found


def _class(files: Files, path: str, tail: str) -> list[str]:
    """The file of a class. Kotlin leaves the folders out that all its packages share."""
    if found := places.ending(files, tail, _JVM, path):
        return places.nearest(found, path)[:1]
    if not path.endswith((".kt", ".kts")) or tail.startswith(("java/", "javax/", "kotlin/", "kotlinx/")):
        return []
    parts = tail.split("/")
    for dropped in range(1, len(parts) - 1):
        if found := places.ending(files, "/".join(parts[dropped:]), (".kt",), path):
            return places.nearest(found, path)[:1]
    return []


def _c(files: Files, path: str, import_: Import) -> list[str]:
    """A header beside the file, else in a folder that the compiler may have been told of."""
    quoted = import_.level > 0
    place = places.beside(path, import_.module) if quoted else None
    if place and place in files.paths:
        return [place]
    tail = import_.module.lstrip("./")
    name = tail.rpartition("/")[2]
    dot = name.rfind(".")
    suffix = name[dot:] if dot > 0 else ""
    if not tail or suffix not in _C:
        return []
    stem = tail.removesuffix(suffix)
    found = places.ending(files, stem, (suffix,), path)
    if not quoted and "/" not in tail:  # <string.h> is the compiler's, unless the workspace has such headers
        found = [each for each in found if each.rpartition("/")[0].endswith(("include", "inc"))]
    return places.nearest(found, path)[:1]


def _ruby(files: Files, path: str, import_: Import) -> list[str]:
    module = import_.module.removesuffix(".rb")
    if import_.level:
        return _existing(files, places.beside(path, module), (".rb",))
    found = places.ending(files, module, (".rb",), path)
    roots = ("spec", "test", "models", "controllers", "helpers", "jobs", "services")
    return _rooted(found, module, path, roots)


def _php(files: Files, path: str, import_: Import) -> list[str]:
    """A class as PSR-4 lays it out: the namespace's head is a folder of any name, its tail folders."""
    module = import_.module.replace("\\", "/").strip("/")
    if not import_.names:
        if module.endswith(".php"):
            place = places.beside(path, module)
            found = _existing(files, place, ("",))
            tail = module.removesuffix(".php").lstrip("./")
            return found or _rooted(places.ending(files, tail, (".php",), path), tail, path, ())
        return []
    found = []
    for name in import_.names:
        parts = [part for part in (*module.split("/"), name) if part]
        for dropped in range(len(parts)):
            tail = "/".join(parts[dropped:])
            classes = places.ending(files, tail, (".php",), path)
            if classes and (len(parts) - dropped > 1 or len(classes) == 1):
                found += places.nearest(classes, path)[:1]
                break
    return found


def _lua(files: Files, path: str, import_: Import) -> list[str]:
    module = import_.module.replace(".", "/")
    for tail in (module, f"{module}/init"):
        found = places.ending(files, tail, (".lua", ".luau"), path)
        if found and ("/" in module or len(found) == 1):
            return places.nearest(found, path)[:1]
        if found := _rooted(found, tail, path, ()):
            return found
    return []


def _beside(files: Files, path: str, import_: Import) -> list[str]:
    """A path as it stands: scripts, style sheets and pages say all of it."""
    return _existing(
        files, places.beside(path, import_.module) if import_.level else None, ("", ".css", ".scss")
    )


def _existing(files: Files, place: str | None, suffixes: Iterable[str]) -> list[str]:
    return (
        [] if place is None else [place + suffix for suffix in suffixes if place + suffix in files.paths][:1]
    )


def _rooted(found: list[str], tail: str, path: str, roots: tuple[str, ...]) -> list[str]:
    """The nearest of the files whose `tail` begins where such paths may begin."""
    fitting = []
    for each in found:
        root = places.root_of(each, tail)
        if places.is_root(root, path) or root.rpartition("/")[2] in roots:
            fitting.append(each)
    return places.nearest(fitting, path)[:1]


_RULES: Mapping[str, _Rule] = {
    "python": python,
    **dict.fromkeys(("javascript", "typescript", "tsx"), ecma),
    "go": _go,
    "rust": rust,
    **dict.fromkeys(("java", "kotlin", "scala"), _jvm),
    **dict.fromkeys(("c", "cpp"), _c),
    "ruby": _ruby,
    "php": _php,
    "lua": _lua,
    **dict.fromkeys(("shellscript", "css", "html"), _beside),
}
