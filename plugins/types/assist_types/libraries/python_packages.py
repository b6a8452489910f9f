"""The installed module that an import of Python means, and the version of its package.

It looks at the environment of a workspace: `.venv` or `venv` next to a file or above it, else the one in the
user's settings name. Stubs come before sources: `NAME-stubs`, then `*.pyi` next to a module; for the standard
library those that mypy or a checker brought along, else those that came with assist. No interpreter is asked.
"""

import base64
import hashlib
import os
import re
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec

from assist_context.files.folder_rules import FOLD
from assist_context.regular_files import read_regular
from assist_types.libraries.installed import FolderState, InstalledModule, entries, real_inside

_USUAL = (".venv", "venv", "env")
_MARK = "pyvenv.cfg"
_SHED = (
    os.path.join("mypy", "typeshed", "stdlib"),
    os.path.join("basedpyright", "dist", "typeshed-fallback", "stdlib"),
)
# typeshed, as a package of data: nothing of it is imported. Sources say less than stubs: of `subprocess` and
# `pathlib` it is not known from them which names there are.
_OWN_SHED = "typeshed_client"
_DIST = re.compile(r"(?P<name>.+?)-(?P<version>[^-]+)(?:-py[\d.]+)?\.(?:dist|egg)-info")
_ENDS = (".pyi", ".py")
MAX_DEEP = 12  # parts of a module's name
MAX_RECORD = 4_000_000  # bytes; the list of files of the largest packages has 2 MB
MAX_PACKAGES = 3_000


def environment_of(folder: str, root: str, environ: Mapping[str, str]) -> str:
    """The environment for the files of a folder in a workspace folder, "" if there is none.

    One to which a link leads out of its folder is not taken: its author could have it lead anywhere.
    """
    at = folder
    while True:
        for name in _USUAL:
            path = os.path.join(at, name)
            if os.path.isfile(os.path.join(path, _MARK)) and real_inside(path, at):
                return path
        if at == root or not at.startswith(root) or at == os.path.dirname(at):
            break
        at = os.path.dirname(at)
    named = (environ.get("VIRTUAL_ENV", ""), _of_poetry(root, environ), environ.get("CONDA_PREFIX", ""))
    return next((path for path in named if os.path.isabs(path) and os.path.isdir(path)), "")


def _of_poetry(root: str, environ: Mapping[str, str]) -> str:
    """The environment that Poetry made for a project outside of it, "" for none."""
    home = environ.get("HOME", "")
    caches = environ.get("XDG_CACHE_HOME", "") or os.path.join(home, ".cache")
    if sys.platform == "darwin":
        caches = os.path.join(home, "Library", "Caches")
    folder = environ.get("POETRY_VIRTUALENVS_PATH", "") or os.path.join(caches, "pypoetry", "virtualenvs")
    if not os.path.isabs(folder) or not os.path.isfile(os.path.join(root, "pyproject.toml")):
        return ""
    digest = hashlib.sha256(os.fsencode(os.path.normcase(os.path.realpath(root)))).digest()
    mark = base64.urlsafe_b64encode(digest).decode()[:8]
    return next((os.path.join(folder, name) for name in entries(folder) if f"-{mark}-py" in name), "")


@dataclass(frozen=True, slots=True)
class _Distributions:
    """The packages in a folder: name and version by the name as an import would write it, and by folder."""

    by_import: Mapping[str, tuple[str, str]]
    records: Mapping[str, tuple[str, ...]]


class StandardStubs:
    """The standard library, by the stubs that came with assist: what is known without an environment.

    What only a newer Python has counts too.
    """

    def find(self, module: str) -> InstalledModule | None:
        """Find the module of this full name, None if the standard library has none."""
        folder, version = _own_shed()
        parts = module.split(".")
        is_standard = parts[0] in sys.stdlib_module_names and all(part.isidentifier() for part in parts)
        if not folder or not is_standard or len(parts) > MAX_DEEP:
            return None
        file = _module_file(folder, parts)
        return _module(_OWN_SHED, version, module, file) if file and real_inside(file, folder) else None

    def beside(self, module: str, within: InstalledModule) -> InstalledModule | None:
        """The module that an import in an installed module names; all names are full ones."""
        del within
        return self.find(module)

    def is_extended(self, package: str) -> bool:
        """Never: there are no interfaces that grow."""
        del package
        return False


@lru_cache(maxsize=1)
def _own_shed() -> tuple[str, str]:
    """The folder of the stubs that came with assist, and their version; "" if they are not installed."""
    from importlib.metadata import version  # noqa: PLC0415  # facts are shown without it

    spec = find_spec(_OWN_SHED)
    if spec is None or not spec.origin:
        return "", ""
    return os.path.join(os.path.dirname(spec.origin), "typeshed"), version(_OWN_SHED)


class PythonPackages(StandardStubs):
    """The modules of one environment, and the standard library."""

    def __init__(self, environment: str, clock: Callable[[], float] = time.monotonic) -> None:
        library = "Lib" if sys.platform == "win32" else "lib"
        inner = os.path.join(environment, library)
        versioned = [name for name in entries(inner) if re.fullmatch(r"python\d+\.\d+t?", name)]
        self._home = os.path.join(inner, versioned[-1]) if versioned else inner
        self.site = os.path.join(self._home, "site-packages")
        self.version, base = _of_config(os.path.join(environment, _MARK))
        name = versioned[-1] if versioned else ""
        self._standard = os.path.join(base, library, name) if base else self._home
        self._packages = FolderState(self._read_packages, self.site, clock)
        self._found: dict[str, InstalledModule | None] = {}
        self._of: _Distributions | None = None

    def find(self, module: str) -> InstalledModule | None:
        """The module of this full name, None if it is not installed, or compiled without a stub."""
        packages = self._packages.value()
        if packages is not self._of:
            self._of = packages
            self._found.clear()
        if module not in self._found:
            self._found[module] = self._look_for(module, packages)
        return self._found[module]

    def _look_for(self, module: str, packages: _Distributions) -> InstalledModule | None:
        parts = module.split(".")
        if len(parts) > MAX_DEEP or not all(part.isidentifier() for part in parts):
            return None
        top, *inner = parts
        if top in sys.stdlib_module_names:
            return self._standard_module(parts, packages)
        for first in (f"{top}-stubs", top):
            file = _module_file(self.site, [first, *inner])
            if file and real_inside(file, self.site):
                relative = os.path.relpath(file, self.site).replace(os.sep, "/")
                package, version = self._owner(first, relative, packages)
                return _module(package, version, module, file)
        return None

    def _standard_module(self, parts: Sequence[str], packages: _Distributions) -> InstalledModule | None:
        name = ".".join(parts)
        for shed in _SHED:
            file = _module_file(os.path.join(self.site, shed), parts)
            if file and real_inside(file, self.site):
                package = shed.partition(os.sep)[0]
                _, version = packages.by_import.get(package, (package, "0"))
                return _module(package, version, name, file)
        if (known := super().find(name)) is not None:
            return known
        file = _module_file(self._standard, parts)
        return _module("python", self.version or "0", name, file) if file else None

    def _owner(self, top: str, file: str, packages: _Distributions) -> tuple[str, str]:
        """Name and version of the package that a file belongs to."""
        known = packages.by_import.get(_normal(top))
        stub = top.removesuffix("-stubs")
        known = known or (packages.by_import.get(f"types_{_normal(stub)}") if stub != top else None)
        if known is not None:
            return known
        for folder in packages.records.get(top, ()):
            if file in _record_files(os.path.join(self.site, folder)):
                return _name_and_version(folder) or (top, "0")
        return top, "0"

    def _read_packages(self) -> _Distributions:
        by_import: dict[str, tuple[str, str]] = {}
        folders: list[str] = []
        for name in entries(self.site):
            found = _name_and_version(name)
            if found is not None and len(folders) < MAX_PACKAGES:
                by_import[_normal(found[0])] = found
                folders.append(name)
        return _Distributions(by_import, _Records(self.site, folders))


class _Records(Mapping[str, tuple[str, ...]]):
    """The packages that have files below a name; their lists of files are read at the first question."""

    def __init__(self, site: str, folders: Sequence[str]) -> None:
        self._site = site
        self._folders = folders
        self._tops: dict[str, tuple[str, ...]] | None = None

    def __getitem__(self, top: str) -> tuple[str, ...]:
        return self._read()[top]

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())

    def _read(self) -> dict[str, tuple[str, ...]]:
        if self._tops is None:
            tops: dict[str, dict[str, None]] = {}
            for folder in self._folders:
                for file in _record_files(os.path.join(self._site, folder)):
                    tops.setdefault(file.partition("/")[0].removesuffix(".py"), {})[folder] = None
            self._tops = {top: tuple(folders) for top, folders in tops.items()}
        return self._tops


def _record_files(folder: str) -> frozenset[str]:
    """The files that a package installed, by its own list."""
    with suppress(OSError):
        text = read_regular(os.path.join(folder, "RECORD"), MAX_RECORD).decode("utf-8", "replace")
        return frozenset(line.partition(",")[0].strip('"') for line in text.splitlines())
    return frozenset()


def _name_and_version(folder: str) -> tuple[str, str] | None:
    found = _DIST.fullmatch(folder)
    return (found["name"], found["version"]) if found else None


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()


def _module(package: str, version: str, name: str, file: str) -> InstalledModule:
    front = os.path.basename(file).partition(".")[0] == "__init__"
    return InstalledModule("python", package, version, name, file, front)


def _module_file(base: str, parts: Sequence[str]) -> str:
    """The file of a module below a folder, the stub first; "" if there is none."""
    path = os.path.join(base, *parts)
    for stem in (os.path.join(path, "__init__"), path):
        for end in _ENDS:
            if os.path.isfile(stem + end) and (not FOLD or _is_spelled_so(base, stem + end)):
                return stem + end
    return ""


def _is_spelled_so(base: str, file: str) -> bool:
    """Say whether names below a folder have this case on disk, as Python asks: a class is not a module."""
    while len(file) > len(base):
        file, name = os.path.split(file)
        if name not in entries(file):
            return False
    return True


def _of_config(path: str) -> tuple[str, str]:
    """The version of an environment's Python, and the folder of the installation that it was made from."""
    values: dict[str, str] = {}
    with suppress(OSError):
        for line in read_regular(path, 10_000).decode("utf-8", "replace").splitlines():
            key, _, value = line.partition("=")
            values[key.strip().lower()] = value.strip()
    home = values.get("home", "")
    version = values.get("version_info", "") or values.get("version", "")
    return re.sub(r"[^\w.]", "", version), os.path.dirname(home) if os.path.isabs(home) else ""
