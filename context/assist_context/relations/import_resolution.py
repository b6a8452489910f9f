"""Which files of the workspace an import means, told from paths alone.

It reads no file: no go.mod, tsconfig.json, package.json, Cargo.toml or pom, and no search path.
What only those files could tell is guessed from the longest matching tail of the path. If several files
fit equally well, or a package from outside is as likely, the answer is empty.
Namespaces that are not paths (C#, Swift modules) give nothing.

What is guessed, by language:
- Python: a package begins at a folder without `__init__.py`, preferably one above the importing file.
- JavaScript and TypeScript: an alias is whatever file its tail finds; a package of the workspace is a folder
  of its name that holds a package.json.
- Rust: a path is followed as far as there are files, and its last part may be an item of the last file.
  `#[path]` and modules in braces are not seen, and a crate has the name of its folder.
"""

import sys
from collections.abc import Callable, Iterable, Mapping

from assist_context.relations import path_index as places
from assist_context.relations.path_index import PathIndex
from assist_context.syntax.imports import Import

_PYTHON_SUFFIXES = (".py", ".pyi")  # a stub stands beside its module, or alone for one written in C


def python(files: PathIndex, path: str, import_: Import) -> list[str]:
    """Submodules that are named, then the module or package itself."""
    tail = import_.module.replace(".", "/")
    if import_.level:
        folders = places.above(path)
        if import_.level > len(folders):
            return []
        return _python_module(files, places.join(folders[import_.level - 1], tail), import_.names)
    base = _base(files, path, tail, bool(import_.names)) if tail else None
    return [] if base is None else _python_module(files, base, import_.names)


def _python_module(files: PathIndex, base: str, names: tuple[str, ...]) -> list[str]:
    package = _either(files, places.join(base, "__init__"))
    if not package and (module := _either(files, base)):
        return module
    found = []
    for name in names:
        inside = places.join(base, name)
        found += _either(files, f"{inside}/__init__") or _either(files, inside)
    return found + package


def _either(files: PathIndex, stem: str) -> list[str]:
    return [stem + suffix for suffix in _PYTHON_SUFFIXES if stem + suffix in files.paths]


def _base(files: PathIndex, path: str, tail: str, namespace: bool) -> str | None:
    """Where the module `tail` is, without suffix: "src/a/b" for "a/b"."""
    found = {each.rpartition(".")[0]: False for each in places.with_tail(files, tail, _PYTHON_SUFFIXES, path)}
    for each in places.with_tail(files, f"{tail}/__init__", _PYTHON_SUFFIXES, path):
        found[each.rpartition("/")[0]] = True
    if not found and namespace:
        found = dict.fromkeys(places.folders_ending(files, tail), True)
    if not found:
        return None
    bases = [base for base, package in found.items() if _fits(files, path, base, tail, package, len(found))]
    bases = places.nearest([f"{base}/" for base in bases], path)  # as folders: a/b is nearer to a/b/c.py
    bases.sort(key=lambda base: not places.is_above(places.root_of(base[:-1], tail), path))
    return bases[0][:-1] if bases else None


def _fits(files: PathIndex, path: str, base: str, tail: str, package: bool, count: int) -> bool:
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


_ECMA_SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".json")
_ALIASES = ("@/", "~/", "#", "$lib/")  # bundlers' and frameworks' names of the source folder
_WRITTEN = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_ENTRIES = ("src/index", "index", "src/main", "main", "lib/index", "src/lib/index")


def ecma(files: PathIndex, path: str, import_: Import) -> list[str]:
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


def _at(files: PathIndex, place: str) -> list[str]:
    """The file at a place that is written as imports write it: without suffix, or with the compiled one."""
    stem, dot, suffix = place.rpartition(".")
    for written in _WRITTEN.get(dot + suffix, ()):
        if stem + written in files.paths:
            return [stem + written]
    if place in files.paths:
        return [place]
    for ending in (*_ECMA_SUFFIXES, ".d.ts"):
        if place + ending in files.paths:
            return [place + ending]
    index = places.join(place, "index")
    return [index + ending for ending in (*_ECMA_SUFFIXES, ".d.ts") if index + ending in files.paths][:1]


def _anywhere(files: PathIndex, path: str, tail: str) -> list[str]:
    """Every file that `tail` may name, in any folder."""
    stem, dot, suffix = tail.rpartition(".")
    if dot and suffix and "/" not in suffix:
        exact = places.with_tail(files, stem, (*_WRITTEN.get(f".{suffix}", ()), f".{suffix}"), path)
        if exact:
            return exact
    for name in (tail, f"{tail}/index", f"{tail}.d"):
        if found := places.with_tail(files, name, _ECMA_SUFFIXES, path):
            return found
    return []


def _package(files: PathIndex, module: str) -> list[str]:
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


def _based(files: PathIndex, path: str, module: str) -> list[str]:
    """A path from a folder that the project calls its base; of `@name/rest`, `name` may be a folder."""
    tail = module.removeprefix("@")
    if "/" not in tail:
        return []
    found = _anywhere(files, path, tail)
    return places.nearest([each for each in found if places.is_root(places.root_of(each, tail), path)], path)[
        :1
    ]


_ROOTS = ("lib.rs", "main.rs")
_OWN_FOLDER = ("mod.rs", "lib.rs", "main.rs", "build.rs")


def rust(files: PathIndex, path: str, import_: Import) -> list[str]:
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
        return _rust_module(files, places.join(_folder(path), "/".join(parts)))
    return _names(files, _folder(path), parts, names, False) or _crate(files, path, parts, names)


def _relative(files: PathIndex, path: str, import_: Import, parts: list[str]) -> list[str]:
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


def _names(files: PathIndex, folder: str, parts: list[str], names: tuple[str, ...], own: bool) -> list[str]:
    """What a path below the module of `folder` leads to. `own`: the module itself is an answer."""
    found = []
    for name in names or ("",):
        steps = [*parts, name] if name not in {"", "*", "self"} else parts
        for deep in range(len(steps), -1 if own else 0, -1):
            place = places.join(folder, "/".join(steps[:deep]))
            if module := _rust_module(files, place) if deep else _file(files, folder, root=False):
                found += module
                break
    return found


def _rust_module(files: PathIndex, place: str) -> list[str]:
    return [each for each in (f"{place}.rs", f"{place}/mod.rs") if each in files.paths][:1]


def _file(files: PathIndex, folder: str, *, root: bool) -> list[str]:
    """The file of the module whose own modules are in `folder`."""
    names = [places.join(folder, name) for name in _ROOTS]
    if not root:
        names = [f"{folder}.rs", places.join(folder, "mod.rs"), *names]
    return [each for each in names if each in files.paths][:1]


def _crate(files: PathIndex, path: str, parts: list[str], names: tuple[str, ...]) -> list[str]:
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


MOST_FILES = 20  # of one import: a package of Go or Java may have hundreds

_Rule = Callable[[PathIndex, str, Import], Iterable[str]]

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


def resolve(files: PathIndex, path: str, language_name: str, import_: Import) -> tuple[str, ...]:
    """The files that an import of the file `path` means, most exact first; () where it is not ours.

    >>> from assist_context.relations.path_index import path_index_of
    >>> files = path_index_of(["src/shop/__init__.py", "src/shop/cart.py", "tests/test_cart.py"])
    >>> resolve(files, "tests/test_cart.py", "python", Import("shop", ("cart",), 1))
    ('src/shop/cart.py', 'src/shop/__init__.py')
    """
    rule = _RULES.get(language_name)
    found = dict.fromkeys(rule(files, path, import_)) if rule else {}
    found.pop(path, None)
    return tuple(found)[:MOST_FILES]


def _go(files: PathIndex, path: str, import_: Import) -> list[str]:
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


def _is_module(files: PathIndex, root: str) -> bool:
    name = root.rpartition("/")[2]
    return not root or name in {"src", "vendor"} or f"{root}/go.mod" in files.paths


def _jvm(files: PathIndex, path: str, import_: Import) -> list[str]:
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


def _class(files: PathIndex, path: str, tail: str) -> list[str]:
    """The file of a class. Kotlin leaves the folders out that all its packages share."""
    if found := places.with_tail(files, tail, _JVM, path):
        return places.nearest(found, path)[:1]
    if not path.endswith((".kt", ".kts")) or tail.startswith(("java/", "javax/", "kotlin/", "kotlinx/")):
        return []
    parts = tail.split("/")
    for dropped in range(1, len(parts) - 1):
        if found := places.with_tail(files, "/".join(parts[dropped:]), (".kt",), path):
            return places.nearest(found, path)[:1]
    return []


def _c(files: PathIndex, path: str, import_: Import) -> list[str]:
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
    found = places.with_tail(files, stem, (suffix,), path)
    if not quoted and "/" not in tail:  # <string.h> is the compiler's, unless the workspace has such headers
        found = [each for each in found if each.rpartition("/")[0].endswith(("include", "inc"))]
    return places.nearest(found, path)[:1]


def _ruby(files: PathIndex, path: str, import_: Import) -> list[str]:
    module = import_.module.removesuffix(".rb")
    if import_.level:
        return _existing(files, places.beside(path, module), (".rb",))
    found = places.with_tail(files, module, (".rb",), path)
    roots = ("spec", "test", "models", "controllers", "helpers", "jobs", "services")
    return _rooted(found, module, path, roots)


def _php(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A class as PSR-4 lays it out: the namespace's head is a folder of any name, its tail folders."""
    module = import_.module.replace("\\", "/").strip("/")
    if not import_.names:
        if module.endswith(".php"):
            place = places.beside(path, module)
            found = _existing(files, place, ("",))
            tail = module.removesuffix(".php").lstrip("./")
            return found or _rooted(places.with_tail(files, tail, (".php",), path), tail, path, ())
        return []
    found = []
    for name in import_.names:
        parts = [part for part in (*module.split("/"), name) if part]
        for dropped in range(len(parts)):
            tail = "/".join(parts[dropped:])
            classes = places.with_tail(files, tail, (".php",), path)
            if classes and (len(parts) - dropped > 1 or len(classes) == 1):
                found += places.nearest(classes, path)[:1]
                break
    return found


def _lua(files: PathIndex, path: str, import_: Import) -> list[str]:
    module = import_.module.replace(".", "/")
    for tail in (module, f"{module}/init"):
        found = places.with_tail(files, tail, (".lua", ".luau"), path)
        if found and ("/" in module or len(found) == 1):
            return places.nearest(found, path)[:1]
        if found := _rooted(found, tail, path, ()):
            return found
    return []


def _beside(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A path as it stands: scripts, style sheets and pages say all of it."""
    return _existing(
        files, places.beside(path, import_.module) if import_.level else None, ("", ".css", ".scss")
    )


def _existing(files: PathIndex, place: str | None, suffixes: Iterable[str]) -> list[str]:
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
