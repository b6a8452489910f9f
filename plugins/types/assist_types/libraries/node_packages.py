"""The installed module that an import of JavaScript or TypeScript means, and its package's version.

Declarations come before scripts: those that `exports` or `types` of a package.json names, or next to the
script, then `@types/NAME`. A package that only links to a folder of the workspace is not installed.
"""

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from assist_context.regular_files import read_regular
from assist_types.libraries.installed import LOOK_S, InstalledModule, entries

MODULES = "node_modules"
MAX_UP = 16  # folders above a file
MAX_DEEP = 8  # conditions in conditions
MAX_FOUND = 4_000
PACKAGE_BYTES = 1_000_000  # of a package.json
_CONDITIONS = ("types", "import", "module", "node", "default", "browser")
_DECLARATIONS = (".d.ts", ".d.mts", ".d.cts")
_SCRIPTS = {
    ".js": (".d.ts", ".ts"),
    ".mjs": (".d.mts", ".mts"),
    ".cjs": (".d.cts", ".cts"),
    ".jsx": (".d.ts",),
}
# Modules of Node itself; `@types/node` declares each in a file of that name.
BUILT_IN = frozenset(
    {"assert", "async_hooks", "buffer", "child_process", "cluster", "console", "constants", "crypto", "dgram"}
    | {"diagnostics_channel", "dns", "domain", "events", "fs", "http", "http2", "https", "inspector", "net"}
    | {"module", "os", "path", "perf_hooks", "process", "punycode", "querystring", "readline", "repl", "url"}
    | {
        "sqlite",
        "stream",
        "string_decoder",
        "sys",
        "test",
        "timers",
        "tls",
        "tty",
        "util",
        "v8",
        "vm",
        "wasi",
    }
    | {"wasi", "worker_threads", "zlib"}
)


class NodePackages:
    """The modules that files of one folder can import."""

    def __init__(self, folder: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._folder = folder
        self._clock = clock
        self._listed = float("-inf")
        self._names: frozenset[str] = frozenset()
        self._found: dict[tuple[str, str], tuple[float, InstalledModule | None]] = {}

    def find(self, module: str) -> InstalledModule | None:
        """The module that an import in a file of the folder names; None if none is installed."""
        return self._recent(self._folder, module)

    def beside(self, module: str, within: InstalledModule) -> InstalledModule | None:
        """The module that an import in an installed module names."""
        if not module.startswith("."):
            return self._recent(os.path.dirname(within.file), module)
        folder = os.path.dirname(within.file)
        file = _script_file(os.path.normpath(os.path.join(folder, module)))
        top = _package_folder(within.file)
        if not file or not top or not os.path.realpath(file).startswith(os.path.join(top, "")):
            return None
        return _module(within.package, within.version, top, file)

    def is_extended(self, package: str) -> bool:
        """Say whether there is a package that has this one's name in its own, such as a plugin.

        Plugins add members to interfaces of what they extend: `@fastify/jwt` to the ones of `fastify`.
        """
        base = package.removeprefix("@types/").rpartition("/")[2]
        names = self._names_installed() - {package, base, f"@types/{base}"}
        return any(base in re.split(r"[/@_.-]", name) for name in names)

    def _names_installed(self) -> frozenset[str]:
        now = self._clock()
        if now >= self._listed + LOOK_S:
            self._listed = now
            self._names = frozenset(_installed_names(self._folder))
        return self._names

    def _recent(self, folder: str, module: str) -> InstalledModule | None:
        now = self._clock()
        known = self._found.get((folder, module))
        if known is None or now >= known[0] + LOOK_S:
            if len(self._found) >= MAX_FOUND:
                self._found.clear()
            known = (now, _look_for(folder, module))
            self._found[folder, module] = known
        return known[1]


def _installed_names(folder: str) -> Iterator[str]:
    """The names of the packages in the nearest `node_modules`, with their scopes."""
    at = folder
    for _ in range(MAX_UP):
        top = os.path.join(at, MODULES)
        if os.path.isdir(top):
            for name in entries(top):
                yield from (f"{name}/{inner}" for inner in entries(os.path.join(top, name)) if name[0] == "@")
                yield name
            return
        at = os.path.dirname(at)


def _look_for(folder: str, module: str) -> InstalledModule | None:
    module = module.partition("?")[0]
    bare = module.removeprefix("node:")
    if bare.partition("/")[0] in BUILT_IN:
        for top, version in _packages(folder, "@types/node"):
            for file in (os.path.join(top, f"{bare}.d.ts"), os.path.join(top, bare, "index.d.ts")):
                if os.path.isfile(file):
                    found = _module("@types/node", version, top, file)
                    return InstalledModule(
                        found.kind, found.package, version, found.name, file, declared=f"node:{bare}"
                    )
        return None
    parts = module.split("/")
    deep = 2 if module.startswith("@") else 1
    name, inside = "/".join(parts[:deep]), "/".join(parts[deep:])
    if not name or len(parts) < deep or ":" in module or ".." in parts:
        return None
    mangled = name.removeprefix("@").replace("/", "__")
    for package, declared in ((name, True), (f"@types/{mangled}", True), (name, False)):
        for top, version in _packages(folder, package):
            file = _entry(top, inside, declared=declared)
            if file and os.path.realpath(file).startswith(os.path.join(top, "")):
                found = _module(package, version, top, file)
                return InstalledModule("node", package, version, found.name, file, declared=module)
    return None


def _packages(folder: str, name: str) -> Iterator[tuple[str, str]]:
    """The nearest installed package of a name: its folder with links followed, and its version."""
    at = folder
    for _ in range(MAX_UP):
        top = os.path.join(at, MODULES, name)
        if os.path.basename(at) != MODULES and os.path.isfile(os.path.join(top, "package.json")):
            real = os.path.realpath(top)
            version = str(_description(real).get("version", "0"))
            if f"{os.sep}{MODULES}{os.sep}" in real:
                yield real, version
            return
        if at == os.path.dirname(at):
            return
        at = os.path.dirname(at)


def _description(top: str) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):
        value = json.loads(read_regular(os.path.join(top, "package.json"), PACKAGE_BYTES))
        return value if isinstance(value, dict) else {}
    return {}


def _entry(top: str, inside: str, *, declared: bool) -> str:
    """The file that a package offers for a path inside it, only one with declarations if `declared`."""
    described = _description(top)
    for path in _candidates(described, inside):
        file = _script_file(os.path.normpath(os.path.join(top, path)))
        if file and (not declared or file.endswith(_DECLARATIONS)):
            return file
    return ""


def _candidates(described: dict[str, Any], inside: str) -> Iterator[str]:
    exports = described.get("exports")
    if exports is not None:
        wanted = f"./{inside}" if inside else "."
        yield from _export_paths(exports, wanted, _CONDITIONS)
        yield from _export_paths(exports, wanted, (*_CONDITIONS, "require"))
    if inside:
        yield inside
        return
    for key in ("types", "typings", "module", "main"):
        if isinstance(value := described.get(key), str):
            yield value
    yield "index"


def _export_paths(exports: Any, wanted: str, conditions: tuple[str, ...]) -> Iterator[str]:
    """The paths that `exports` gives for one, in its order."""
    if not isinstance(exports, dict) or not any(str(key).startswith(".") for key in exports):
        if wanted == ".":
            yield from _conditions(exports, conditions)
        return
    if wanted in exports:
        yield from _conditions(exports[wanted], conditions)
        return
    for key, value in exports.items():
        head, star, tail = str(key).partition("*")
        if star and wanted.startswith(head) and wanted.endswith(tail) and len(wanted) >= len(head + tail):
            middle = wanted[len(head) : len(wanted) - len(tail)]
            yield from (path.replace("*", middle) for path in _conditions(value, conditions))


def _conditions(value: Any, conditions: tuple[str, ...], deep: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value[:MAX_DEEP]:
            yield from _conditions(part, conditions, deep + 1)
    elif isinstance(value, dict) and deep < MAX_DEEP:
        for key, inner in value.items():
            if key in conditions:
                yield from _conditions(inner, conditions, deep + 1)


def _script_file(path: str) -> str:
    """The file for a path as imports write it, the one with declarations first; "" if there is none."""
    stem, suffix = os.path.splitext(path)
    tries = [stem + end for end in _SCRIPTS.get(suffix, ())]
    if suffix in _SCRIPTS or path.endswith((*_DECLARATIONS, ".ts", ".tsx")):
        tries += [path]
    tries += [path + end for end in (*_DECLARATIONS, ".ts", ".tsx", ".mjs", ".js")]
    tries += [os.path.join(path, f"index{end}") for end in (*_DECLARATIONS, ".ts", ".mjs", ".js")]
    return next((file for file in tries if os.path.isfile(file)), "")


def _package_folder(file: str) -> str:
    """The folder of the package that a file belongs to, with links followed; "" if it is in none."""
    real = os.path.realpath(file)
    head, mark, tail = real.rpartition(f"{os.sep}{MODULES}{os.sep}")
    if not mark:
        return ""
    parts = tail.split(os.sep)
    return os.path.join(head, MODULES, *parts[: 2 if tail.startswith("@") else 1])


def _module(package: str, version: str, top: str, file: str) -> InstalledModule:
    inside = os.path.relpath(os.path.realpath(file), os.path.realpath(top)).replace(os.sep, "/")
    return InstalledModule("node", package, version, inside, file)
