"""Resolution of imports to files of the workspace, by paths alone.

This module reads no file: no go.mod, tsconfig.json, package.json, Cargo.toml or pom, and no search path.
What only those files say is guessed from the longest matching end of the path. If several files match
equally well, or an external package is just as likely, the answer is empty.
Namespaces that are not paths (C#, Swift modules) have no answer.

The guesses, by language:
- Python: a package begins at a folder without `__init__.py`, preferably one above the importing file.
- JavaScript and TypeScript: an alias means the file that its tail matches; a package of the workspace is a
  folder of its name that contains a package.json.
- Rust: a path is followed as far as there are files, and its last part may be an item of the last file.
  `#[path]` and modules in braces are ignored, and a crate has the name of its folder.
"""

import sys
from collections.abc import Callable, Iterable, Mapping

from assist_context.code.imports import Import
from assist_context.languages import ECMASCRIPT
from assist_context.relations import path_index
from assist_context.relations.path_index import PathIndex

# --- Python ---

_PYTHON_SUFFIXES = (".py", ".pyi")  # a stub is next to its module, or alone for a module written in C


def resolve_python(files: PathIndex, path: str, import_: Import) -> list[str]:
    """The submodules that are named, then the module or package itself."""
    tail = import_.module.replace(".", "/")
    if import_.level:
        folders = path_index.folders_above(path)
        if import_.level > len(folders):
            return []
        return _python_module(files, path_index.join(folders[import_.level - 1], tail), import_.names)
    base = _python_base(files, path, tail, bool(import_.names)) if tail else None
    return [] if base is None else _python_module(files, base, import_.names)


def _python_module(files: PathIndex, base: str, names: tuple[str, ...]) -> list[str]:
    package = _python_files(files, path_index.join(base, "__init__"))
    if not package and (module := _python_files(files, base)):
        return module
    matches = []
    for name in names:
        inside = path_index.join(base, name)
        matches += _python_files(files, f"{inside}/__init__") or _python_files(files, inside)
    return matches + package


def _python_files(files: PathIndex, stem: str) -> list[str]:
    return [stem + suffix for suffix in _PYTHON_SUFFIXES if stem + suffix in files.paths]


def _python_base(files: PathIndex, path: str, tail: str, namespace: bool) -> str | None:
    """Find where the module `tail` is, without suffix: "src/a/b" for "a/b"."""
    bases_found = {
        file.rpartition(".")[0]: False
        for file in path_index.find_by_tail(files, tail, _PYTHON_SUFFIXES, path)
    }
    for file in path_index.find_by_tail(files, f"{tail}/__init__", _PYTHON_SUFFIXES, path):
        bases_found[file.rpartition("/")[0]] = True
    if not bases_found and namespace:
        bases_found = dict.fromkeys(path_index.folders_ending(files, tail), True)
    if not bases_found:
        return None
    bases = [
        base
        for base, package in bases_found.items()
        if _may_find(files, path, base, tail, package, len(bases_found))
    ]
    bases = path_index.sort_by_distance(
        [f"{base}/" for base in bases], path
    )  # as folders: a/b is nearer to a/b/c.py
    bases.sort(key=lambda base: not path_index.is_above(path_index.find_root(base[:-1], tail), path))
    return bases[0][:-1] if bases else None


def _may_find(files: PathIndex, path: str, base: str, tail: str, package: bool, count: int) -> bool:
    """Return whether an absolute import can find `base` at all."""
    root = base[: len(base) - len(tail)].rstrip("/")
    if root and _python_files(files, f"{root}/__init__"):
        return False  # inside a package, which is imported by its own name
    if path_index.is_above(root, path):
        return True
    if tail.partition("/")[0] in sys.stdlib_module_names:
        return False
    # A file far away with a short name is probably not meant: `import config`.
    return package or "/" in tail or count == 1 or path_index.is_root(root, path)


# --- JavaScript and TypeScript ---

_ECMA_SUFFIXES = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte", ".json")
_ALIASES = ("@/", "~/", "#", "$lib/")  # names of the source folder in bundlers and frameworks
_SOURCES_OF = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}
_ENTRIES = ("src/index", "index", "src/main", "main", "lib/index", "src/lib/index")


def resolve_ecma(files: PathIndex, path: str, import_: Import) -> list[str]:
    """The file that is meant; the source, if both the source and the compiled file exist."""
    module = import_.module.partition("?")[0]
    if import_.level or module in {".", ".."}:
        target = path_index.relative_path(path, module)
        return [] if target is None else _ecma_file(files, target)
    if ":" in module or module.startswith("/"):
        return []
    for alias in _ALIASES:
        if module.startswith(alias):
            tail = f"lib/{module[5:]}" if alias == "$lib/" else module.removeprefix(alias).lstrip("/")
            return (
                path_index.sort_by_distance(_ecma_files_anywhere(files, path, tail), path)[:1] if tail else []
            )
    return _ecma_package(files, module) or _from_base_folder(files, path, module)


def _ecma_file(files: PathIndex, target: str) -> list[str]:
    """The file for a path as imports write it: without suffix, or with the suffix of the compiled file."""
    stem, dot, suffix = target.rpartition(".")
    for source in _SOURCES_OF.get(dot + suffix, ()):
        if stem + source in files.paths:
            return [stem + source]
    if target in files.paths:
        return [target]
    for ending in (*_ECMA_SUFFIXES, ".d.ts"):
        if target + ending in files.paths:
            return [target + ending]
    index = path_index.join(target, "index")
    return [index + ending for ending in (*_ECMA_SUFFIXES, ".d.ts") if index + ending in files.paths][:1]


def _ecma_files_anywhere(files: PathIndex, path: str, tail: str) -> list[str]:
    """Every file that `tail` may mean, in any folder."""
    stem, dot, suffix = tail.rpartition(".")
    if dot and suffix and "/" not in suffix:
        exact = path_index.find_by_tail(files, stem, (*_SOURCES_OF.get(f".{suffix}", ()), f".{suffix}"), path)
        if exact:
            return exact
    for name in (tail, f"{tail}/index", f"{tail}.d"):
        if matches := path_index.find_by_tail(files, name, _ECMA_SUFFIXES, path):
            return matches
    return []


def _ecma_package(files: PathIndex, module: str) -> list[str]:
    """A package of the workspace, if exactly one folder with its name has a package.json."""
    parts = module.split("/")
    deep = 2 if module.startswith("@") else 1
    name, inside = "/".join(parts[:deep]), "/".join(parts[deep:])
    for tail in (name, parts[deep - 1] if len(parts) >= deep else name):
        folders = [
            folder
            for folder in path_index.folders_ending(files, tail)
            if folder and f"{folder}/package.json" in files.paths and "node_modules/" not in folder
        ]
        if len(folders) == 1:
            tries = (inside, f"src/{inside}") if inside else _ENTRIES
            return next(
                (matches for try_ in tries if (matches := _ecma_file(files, f"{folders[0]}/{try_}"))), []
            )
    return []


def _from_base_folder(files: PathIndex, path: str, module: str) -> list[str]:
    """A path from a folder that the project uses as its base; in `@name/rest`, `name` may be a folder."""
    tail = module.removeprefix("@")
    if "/" not in tail:
        return []
    matches = _ecma_files_anywhere(files, path, tail)
    return path_index.sort_by_distance(
        [match for match in matches if path_index.is_root(path_index.find_root(match, tail), path)], path
    )[:1]


# --- Rust ---

_ROOTS = ("lib.rs", "main.rs")
_OWN_FOLDER = ("mod.rs", "lib.rs", "main.rs", "build.rs")


def resolve_rust(files: PathIndex, path: str, import_: Import) -> list[str]:
    """For each name, the module with that name, or else the module that contains it."""
    parts = [part for part in import_.module.split("::") if part]
    names = import_.names
    if not parts or parts[0] in {"std", "core", "alloc"}:
        return []
    if parts[0] == "crate":
        root = next(
            (
                folder
                for folder in path_index.folders_above(path)
                if _rust_module_file(files, folder, root=True)
            ),
            None,
        )
        return [] if root is None else _rust_names(files, root, parts[1:], names, True)
    if parts[0] in {"self", "super"}:
        return _rust_relative(files, path, import_, parts)
    if import_.level:
        return _rust_module(files, path_index.join(_rust_module_folder(path), "/".join(parts)))
    return _rust_names(files, _rust_module_folder(path), parts, names, False) or _rust_crate(
        files, path, parts, names
    )


def _rust_relative(files: PathIndex, path: str, import_: Import, parts: list[str]) -> list[str]:
    if parts == ["super"] and import_.names == ("*",):
        return []  # nearly always the test module at the end of the file itself
    folders = path_index.folders_above(f"{_rust_module_folder(path)}/")
    if import_.level > len(folders):
        return []
    steps = [part for part in parts if part not in {"self", "super"}]
    return _rust_names(files, folders[import_.level - 1], steps, import_.names, True)


def _rust_module_folder(path: str) -> str:
    """The folder with the files of the modules that a file declares."""
    folder, _, name = path.rpartition("/")
    alone = folder.rpartition("/")[2] in {"tests", "examples", "benches", "bin"}
    return folder if name in _OWN_FOLDER or alone else path.removesuffix(".rs")


def _rust_names(
    files: PathIndex, folder: str, parts: list[str], names: tuple[str, ...], own: bool
) -> list[str]:
    """The files that a path below the module of `folder` leads to. `own`: the module itself is an answer."""
    matches = []
    for name in names or ("",):
        steps = [*parts, name] if name not in {"", "*", "self"} else parts
        for deep in range(len(steps), -1 if own else 0, -1):
            target = path_index.join(folder, "/".join(steps[:deep]))
            if (
                module := _rust_module(files, target)
                if deep
                else _rust_module_file(files, folder, root=False)
            ):
                matches += module
                break
    return matches


def _rust_module(files: PathIndex, target: str) -> list[str]:
    return [file for file in (f"{target}.rs", f"{target}/mod.rs") if file in files.paths][:1]


def _rust_module_file(files: PathIndex, folder: str, *, root: bool) -> list[str]:
    """The file of the module whose submodules are in `folder`."""
    names = [path_index.join(folder, name) for name in _ROOTS]
    if not root:
        names = [f"{folder}.rs", path_index.join(folder, "mod.rs"), *names]
    return [name for name in names if name in files.paths][:1]


def _rust_crate(files: PathIndex, path: str, parts: list[str], names: tuple[str, ...]) -> list[str]:
    """Another crate of the workspace: a folder with its name and a Cargo.toml."""
    folders = {
        folder
        for name in (parts[0], parts[0].replace("_", "-"))
        for folder in path_index.folders_ending(files, name)
        if folder and f"{folder}/Cargo.toml" in files.paths
    }
    for folder in path_index.sort_by_distance(folders, path)[:1]:
        return _rust_names(files, f"{folder}/src", parts[1:], names, True)
    return []


# --- The entry point ---

MAX_FILES = 20  # of one import: a package in Go or Java may have hundreds

_ResolutionRule = Callable[[PathIndex, str, Import], Iterable[str]]


def resolve(files: PathIndex, path: str, language_name: str, import_: Import) -> tuple[str, ...]:
    """The files that an import in the file `path` means, most exact first; () if it is not of the workspace.

    >>> from assist_context.relations.path_index import make_path_index
    >>> files = make_path_index(["src/shop/__init__.py", "src/shop/cart.py", "tests/test_cart.py"])
    >>> resolve(files, "tests/test_cart.py", "python", Import("shop", ("cart",), 1))
    ('src/shop/cart.py', 'src/shop/__init__.py')
    """
    rule = _RULES.get(language_name)
    matches = dict.fromkeys(rule(files, path, import_)) if rule else {}
    matches.pop(path, None)
    return tuple(matches)[:MAX_FILES]


# --- Go ---

# A repository on these hosts has three parts (host/owner/name), which are never folders of the repository.
_FORGES = frozenset({"github.com", "gitlab.com", "bitbucket.org", "golang.org", "codeberg.org"})
_GO_STANDARD = frozenset(  # the first parts of the paths in Go's standard library
    ("archive", "bufio", "bytes", "cmp", "compress", "container", "context", "crypto", "database", "debug",
     "embed", "encoding", "errors", "expvar", "flag", "fmt", "go", "hash", "html", "image", "index", "io",
     "iter", "log", "maps", "math", "mime", "net", "os", "path", "plugin", "reflect", "regexp", "runtime",
     "slices", "sort", "strconv", "strings", "structs", "sync", "syscall", "testing", "text", "time",
     "unicode", "unique", "unsafe", "weak")
)  # fmt: skip


def resolve_go(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A package is a folder. Its import path begins with the module's name, which is part of no file path."""
    parts = import_.module.split("/")
    if parts[0] in _GO_STANDARD:  # a folder `log` of the workspace has a longer path
        return []
    least = 0
    if "." in parts[0]:
        least = 3 if parts[0] in _FORGES else 1
    for count in (0, *range(max(1, least), len(parts))):
        tail = "/".join(parts[count:])
        folders = [
            folder
            for folder in path_index.folders_ending(files, tail)
            if _is_go_module(files, path_index.find_root(folder, tail))
        ]
        for folder in path_index.sort_by_distance(folders, path):
            if matches := [
                file
                for file in files.folders[folder]
                if file.endswith(".go") and not file.endswith("_test.go")
            ]:
                return matches
    return []


def _is_go_module(files: PathIndex, root: str) -> bool:
    name = root.rpartition("/")[2]
    return not root or name in {"src", "vendor"} or f"{root}/go.mod" in files.paths


# --- Java, Kotlin and Scala ---

_JVM = (".java", ".kt", ".scala", ".groovy")


def resolve_jvm(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A class is a file of its name, or inside one; a whole package is a folder."""
    package = import_.module.replace(".", "/")
    matches = []
    for name in import_.names:
        tail = package if name == "*" else f"{package}/{name}"
        if not (classes := _jvm_class(files, path, tail)) and name != "*":
            classes = _jvm_class(files, path, package) if "/" in package else []
        matches += classes
        if name == "*" and not classes:
            for folder in path_index.sort_by_distance(path_index.folders_ending(files, package), path)[:1]:
                matches += [file for file in files.folders[folder] if file.endswith(_JVM)]
    return matches


def _jvm_class(files: PathIndex, path: str, tail: str) -> list[str]:
    """The file of a class. Kotlin omits the folders that all its packages share."""
    if matches := path_index.find_by_tail(files, tail, _JVM, path):
        return path_index.sort_by_distance(matches, path)[:1]
    if not path.endswith((".kt", ".kts")) or tail.startswith(("java/", "javax/", "kotlin/", "kotlinx/")):
        return []
    parts = tail.split("/")
    for count in range(1, len(parts) - 1):
        if matches := path_index.find_by_tail(files, "/".join(parts[count:]), (".kt",), path):
            return path_index.sort_by_distance(matches, path)[:1]
    return []


# --- C and C++ ---

_C = frozenset({".h", ".hh", ".hpp", ".hxx", ".inc", ".ipp", ".inl", ".def", ".c", ".cc", ".cpp", ".cxx", ""})


def resolve_c(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A header next to the file, or else in a folder that the compiler may search."""
    is_quoted = import_.level > 0
    target = path_index.relative_path(path, import_.module) if is_quoted else None
    if target and target in files.paths:
        return [target]
    tail = import_.module.lstrip("./")
    name = tail.rpartition("/")[2]
    dot = name.rfind(".")
    suffix = name[dot:] if dot > 0 else ""
    if not tail or suffix not in _C:
        return []
    stem = tail.removesuffix(suffix)
    matches = path_index.find_by_tail(files, stem, (suffix,), path)
    if not is_quoted and "/" not in tail:  # the compiler has <string.h>, unless the workspace does
        matches = [match for match in matches if match.rpartition("/")[0].endswith(("include", "inc"))]
    return path_index.sort_by_distance(matches, path)[:1]


# --- Ruby, PHP and Lua ---


def resolve_ruby(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A file next to this one for `require_relative`, or else one below a load path."""
    module = import_.module.removesuffix(".rb")
    if import_.level:
        return _first_existing(files, path_index.relative_path(path, module), (".rb",))
    matches = path_index.find_by_tail(files, module, (".rb",), path)
    roots = ("spec", "test", "models", "controllers", "helpers", "jobs", "services")
    return _nearest_at_root(matches, module, path, roots)


def resolve_php(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A class as PSR-4 places it: the head of the namespace is any folder, the rest are folders in it."""
    module = import_.module.replace("\\", "/").strip("/")
    if not import_.names:
        if module.endswith(".php"):
            target = path_index.relative_path(path, module)
            matches = _first_existing(files, target, ("",))
            tail = module.removesuffix(".php").lstrip("./")
            return matches or _nearest_at_root(
                path_index.find_by_tail(files, tail, (".php",), path), tail, path, ()
            )
        return []
    matches = []
    for name in import_.names:
        parts = [part for part in (*module.split("/"), name) if part]
        for count in range(len(parts)):
            tail = "/".join(parts[count:])
            classes = path_index.find_by_tail(files, tail, (".php",), path)
            if classes and (len(parts) - count > 1 or len(classes) == 1):
                matches += path_index.sort_by_distance(classes, path)[:1]
                break
    return matches


def resolve_lua(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A module is a file, or a folder with an `init` file."""
    module = import_.module.replace(".", "/")
    for tail in (module, f"{module}/init"):
        matches = path_index.find_by_tail(files, tail, (".lua", ".luau"), path)
        if matches and ("/" in module or len(matches) == 1):
            return path_index.sort_by_distance(matches, path)[:1]
        if matches := _nearest_at_root(matches, tail, path, ()):
            return matches
    return []


# --- Shell, CSS and HTML ---


def resolve_relative(files: PathIndex, path: str, import_: Import) -> list[str]:
    """A path as written: scripts, style sheets and pages write it in full."""
    return _first_existing(
        files,
        path_index.relative_path(path, import_.module) if import_.level else None,
        ("", ".css", ".scss"),
    )


# --- Shared by several languages ---


def _first_existing(files: PathIndex, target: str | None, suffixes: Iterable[str]) -> list[str]:
    return (
        []
        if target is None
        else [target + suffix for suffix in suffixes if target + suffix in files.paths][:1]
    )


def _nearest_at_root(matches: list[str], tail: str, path: str, roots: tuple[str, ...]) -> list[str]:
    """The nearest of the files whose `tail` begins where such paths may begin."""
    fitting = []
    for match in matches:
        root = path_index.find_root(match, tail)
        if path_index.is_root(root, path) or root.rpartition("/")[2] in roots:
            fitting.append(match)
    return path_index.sort_by_distance(fitting, path)[:1]


_RULES: Mapping[str, _ResolutionRule] = {
    "python": resolve_python,
    **dict.fromkeys(ECMASCRIPT, resolve_ecma),
    "go": resolve_go,
    "rust": resolve_rust,
    **dict.fromkeys(("java", "kotlin", "scala"), resolve_jvm),
    **dict.fromkeys(("c", "cpp"), resolve_c),
    "ruby": resolve_ruby,
    "php": resolve_php,
    "lua": resolve_lua,
    **dict.fromkeys(("shellscript", "css", "html"), resolve_relative),
}
