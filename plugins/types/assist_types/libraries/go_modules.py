"""The installed package that an import of Go means: of the module cache, as `go.mod` says, or Go's own.

It looks at files only; no `go` is run. What `go.mod` replaces by a folder, a workspace of several modules and
what was never fetched are unknown. So is a `go.mod` from before Go 1.17, which does not list all versions.
"""

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from assist_context.regular_files import read_regular
from assist_types.libraries.installed import LOOK_S, FolderState, InstalledModule, real_inside

MAX_BYTES = 1_000_000  # of a go.mod
MAX_FOUND = 4_000
LISTS_ALL = (1, 17)  # since this version of the language go.mod lists every module
_COMMENT = re.compile(r"//[^\n]*")
_BLOCK = re.compile(r"^(?P<word>require|replace)\s*\((?P<lines>[^)]*)\)", re.MULTILINE)
_LINE = re.compile(r"^(?P<word>require|replace)[ \t]+(?P<rest>[^(\n]+)$", re.MULTILINE)
_LANGUAGE = re.compile(r"^go[ \t]+(\d+)\.(\d+)", re.MULTILINE)
_MODULE = re.compile(r"^module[ \t]+\"?([^\s\"]+)", re.MULTILINE)
_PATH = re.compile(r"[\w~-][\w.~-]*(?:/[\w~-][\w.~-]*)*")
_VERSION = re.compile(r"v[\w.+-]+")
_PROGRAMS = ("/usr/local/go/bin/go", "/usr/bin/go", "/opt/homebrew/bin/go")


class GoModules:
    """The packages that the files of one module can import. `environ` says where the module cache is."""

    def __init__(
        self, folder: str, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._cache = module_cache(environ)
        self._root = go_root(environ)
        self._clock = clock
        file = os.path.join(folder, "go.mod")
        self._versions = FolderState(lambda: _versions(file), file, clock)
        self._found: dict[str, tuple[float, InstalledModule | None]] = {}

    def find(self, module: str) -> InstalledModule | None:
        """The package that an import names, None if none is installed."""
        now = self._clock()
        until, found = self._found.get(module, (now, None))
        if now >= until:
            found = self._look(module)
            if len(self._found) >= MAX_FOUND:
                self._found.clear()
            self._found[module] = (now + LOOK_S, found)
        return found

    def beside(self, module: str, within: InstalledModule) -> InstalledModule | None:
        """The package that an import in an installed package names."""
        return None if module == within.name else self.find(module)

    def is_extended(self, package: str) -> bool:
        """Never: no package adds anything to another one."""
        del package
        return False

    def _look(self, module: str) -> InstalledModule | None:
        if not _PATH.fullmatch(module):
            return None
        if "." not in module.partition("/")[0]:
            folder = os.path.join(self._root, "src", *module.split("/"))
            standard = self._root and os.path.isdir(folder)
            return InstalledModule("go", "go", _go_version(self._root), module, folder) if standard else None
        versions = self._versions.value()
        owner = max((path for path in versions if f"{module}/".startswith(f"{path}/")), key=len, default="")
        path, version = versions.get(owner, ("", ""))
        if not version or not self._cache:
            return None
        folder = f"{os.path.join(self._cache, *cache_name(path).split('/'))}@{cache_name(version)}"
        folder += module[len(owner) :].replace("/", os.sep)
        inside = os.path.isdir(folder) and real_inside(folder, self._cache)
        return InstalledModule("go", owner, version, module, folder) if inside else None


def module_of(folder: str, root: str) -> str:
    """The folder of the nearest `go.mod`, up to that of the workspace; "" for none, or with a `go.work`."""
    found = ""
    at = folder
    while True:
        if not found and os.path.isfile(os.path.join(at, "go.mod")):
            found = at
        if os.path.isfile(os.path.join(at, "go.work")):
            return ""
        if at == root or not at.startswith(root) or at == os.path.dirname(at):
            return found
        at = os.path.dirname(at)


def module_cache(environ: Mapping[str, str]) -> str:
    """The folder of fetched modules."""
    own = environ.get("GOMODCACHE", "")
    home = environ.get("HOME", "") or environ.get("USERPROFILE", "")
    path = environ.get("GOPATH", "").split(os.pathsep)[0] or (os.path.join(home, "go") if home else "")
    return own or (os.path.join(path, "pkg", "mod") if path else "")


def go_root(environ: Mapping[str, str]) -> str:
    """Return the folder where Go itself is installed, "" if that is not known."""
    programs = (os.path.realpath(program) for program in _PROGRAMS if os.path.isfile(program))
    places = (environ.get("GOROOT", ""), *(os.path.dirname(os.path.dirname(program)) for program in programs))
    return next((place for place in places if place and os.path.isdir(os.path.join(place, "src"))), "")


def _go_version(root: str) -> str:
    with suppress(OSError):
        return read_regular(os.path.join(root, "VERSION"), 100).decode("utf-8", "replace").split("\n")[0]
    return ""


def _versions(file: str) -> dict[str, tuple[str, str]]:
    """The module and version that each module path means; the version "" if it is not from the cache."""
    try:
        text = _COMMENT.sub("", read_regular(file, MAX_BYTES).decode("utf-8", "replace"))
    except OSError:
        return {}
    language = _LANGUAGE.search(text)
    if language is None or (int(language[1]), int(language[2])) < LISTS_ALL:
        return {}
    rows = list(_rows(text))
    found = {
        words[0]: (words[0], words[1])
        for word, words in rows
        if word == "require" and len(words) == 2 and _is_sound(*words)
    }
    for word, words in rows:
        if word == "replace" and "=>" in words:
            found[words[0]] = _replacement(words[words.index("=>") + 1 :])
    own = _MODULE.search(text)
    return {**found, **({own[1]: ("", "")} if own is not None else {})}


def _rows(text: str) -> Iterator[tuple[str, list[str]]]:
    for block in _BLOCK.finditer(text):
        for line in block["lines"].split("\n"):
            if words := line.replace('"', "").split():
                yield block["word"], words
    for line in _LINE.finditer(text):
        yield line["word"], line["rest"].replace('"', "").split()


def _replacement(words: list[str]) -> tuple[str, str]:
    return (words[0], words[1]) if len(words) == 2 and _is_sound(*words) else ("", "")


def _is_sound(path: str, version: str) -> bool:
    return _PATH.fullmatch(path) is not None and _VERSION.fullmatch(version) is not None


def cache_name(path: str) -> str:
    """A path as the cache writes it, which is for file systems that do not know capitals.

    >>> cache_name("github.com/BurntSushi/toml")
    'github.com/!burnt!sushi/toml'
    """
    return re.sub(r"[A-Z]", lambda letter: f"!{letter[0].lower()}", path)
