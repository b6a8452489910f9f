"""The modules to outline for the imports of open files: the imported ones, and where these lead.

A re-export leads to another module, and so does a base of a class. The walk goes from module to module as
their outlines come in. It reads no file itself and knows no process.
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_context.code.imports import Import
from assist_types.libraries.installed import InstalledModule, ModuleFinder
from assist_types.libraries.module_outline import LibraryName, ModuleOutline, written_alias
from assist_types.libraries.script_outline import ASSIGNED
from assist_types.libraries.written_results import declared_type

MAX_MODULES = 4_000  # in one walk; what 30 open files import leads to 300
MAX_OF_PACKAGE = 800

BUILT_IN = "builtins"

WantedNames = frozenset[str] | None  # what of a module is wanted; None: all that it offers


@dataclass(frozen=True, slots=True)
class WantedModule:
    """A module that is wanted, who finds the modules that it leads to, and the names in it that matter."""

    module: InstalledModule
    finder: ModuleFinder
    names: WantedNames


class ImportWalk:
    """The modules that are wanted, in their order."""

    def __init__(self) -> None:
        self._queue: deque[WantedModule] = deque()
        self._seen: set[tuple[InstalledModule, WantedNames]] = set()
        self._modules: set[InstalledModule] = set()
        self._counts: dict[tuple[str, str], int] = {}

    def begin(self, imports: Sequence[Import], finder: ModuleFinder) -> None:
        """Wants what a file of the workspace imports, and what needs no import."""
        if (standard := finder.find(BUILT_IN)) is not None and standard.kind == "python":
            self._want(BUILT_IN, finder, None, None)
        for found in imports:
            if found.level or not found.module:
                continue
            self._want(found.module, finder, None, set(found.names) - {"*"} or None)
            if "." in found.module and not found.names:
                self._want(found.module.partition(".")[0], finder, None, None)

    def take(self) -> WantedModule | None:
        """The next module whose outline is wanted."""
        return self._queue.popleft() if self._queue else None

    def follow(self, wanted: WantedModule, outline: ModuleOutline) -> None:
        """Wants the modules to which an outline leads."""
        module, finder = wanted.module, wanted.finder
        outline = outline.of(module.declared)
        names = wanted.names
        whole = names is not None and not outline.stars and not names <= outline.names.keys()
        if names is None or whole:  # the name may be the one that the importing file gives the module
            names = frozenset(name.name for name in outline.names.values() if _is_offered(name))
        names |= {"default", ASSIGNED} & outline.names.keys()
        waiting = [*names]
        done = set()
        while waiting:
            name = waiting.pop()
            if name in done:
                continue
            done.add(name)
            known = outline.names.get(name)
            if known is None:
                for star in outline.stars:
                    self._want(star, finder, module, {name})
            elif known.kind == "import":
                waiting += self._follow_import(wanted, known)
            else:
                waiting += _used_by(known)
        for star in outline.stars if wanted.names is None else ():
            self._want(star, finder, module, None)

    def _follow_import(self, wanted: WantedModule, known: LibraryName) -> Iterator[str]:
        """Wants where an import leads; gives a name of the same module if it leads there."""
        source, name = known.target
        if not source:
            yield name
        elif name:
            self._want(source, wanted.finder, wanted.module, {name})
            if wanted.module.kind == "python" and wanted.names is not None:
                self._want(f"{source}.{name}", wanted.finder, wanted.module, None)
        elif wanted.names is not None:
            self._want(source, wanted.finder, wanted.module, None)

    def _want(
        self, name: str, finder: ModuleFinder, within: InstalledModule | None, names: set[str] | None
    ) -> None:
        found = finder.find(name) if within is None else finder.beside(name, within)
        if found is None or (within is not None and found == within):
            return
        wanted = None if names is None else frozenset(names)
        if (found, wanted) in self._seen or (found, None) in self._seen:
            return
        if found not in self._modules:
            package = found.kind, found.package
            self._counts[package] = self._counts.get(package, 0) + 1
            if self._counts[package] > MAX_OF_PACKAGE or len(self._modules) >= MAX_MODULES:
                return
            self._modules.add(found)
        self._seen.add((found, wanted))
        self._queue.append(WantedModule(found, finder, wanted))
        if within is None and names is not None and found.kind == "python":
            for inner in sorted(names):
                self._want(f"{name}.{inner}", finder, None, None)


def _used_by(known: LibraryName) -> Iterator[str]:
    """The names that the types of a class, of its members or of a function are made of."""
    if known.kind == "class":
        yield from (base.partition(".")[0] for base in known.bases)
    yield from re.findall(r"[A-Z]\w+", written_alias(known))
    for name in (known, *known.members):
        if name.public and not name.name.startswith("_"):
            result = declared_type(name.head) if name.kind == "value" else re.split(r"->|\):", name.head)[-1]
            yield from re.findall(r"[A-Z]\w+", result)


def _is_offered(name: LibraryName) -> bool:
    return name.public and not name.name.startswith("_")
