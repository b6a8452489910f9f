"""A module of an installed package: where its outline is read from, and where that is kept.

This module reads no file but the names in a folder.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

MAX_ENTRIES = 20_000  # of a folder
LOOK_S = 1.0  # a change of an installed version is seen after so many seconds at most

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class InstalledModule:
    """A module by its full name, the package and version that it belongs to, and its file.

    `kind`: "python", "node" or "go", whose file is the package's folder. `folder`: it is a package's front,
    which has submodules. `declared`: the file declares the module under this name, among others.
    """

    kind: str
    package: str
    version: str
    name: str
    file: str
    folder: bool = False
    declared: str = ""


class ModuleFinder(Protocol):
    """Finds what the imports of one file mean. It looks at files at most once in a second."""

    def find(self, module: str) -> InstalledModule | None:
        """The module that an import of the workspace's file names, None if none is installed."""
        ...

    def beside(self, module: str, within: InstalledModule) -> InstalledModule | None:
        """The module that an import in an installed module names."""
        ...

    def is_extended(self, package: str) -> bool:
        """Say whether another installed package may add members to the interfaces of this one."""
        ...


def real_inside(path: str, folder: str) -> str:
    """A path with links followed, "" if it leads out of a folder."""
    real = os.path.realpath(path)
    return real if real.startswith(os.path.join(os.path.realpath(folder), "")) else ""


def entries(folder: str) -> list[str]:
    """The names in a folder, at most `MAX_ENTRIES`; none if it cannot be read."""
    found = []
    try:
        with os.scandir(folder) as listed:
            for entry in listed:
                found.append(entry.name)
                if len(found) >= MAX_ENTRIES:
                    break
    except OSError:
        return []
    return sorted(found)


class FolderState(Generic[Value]):
    """A value that follows from a folder, and is made again when the folder changes.

    A folder changes when a name in it comes or goes; installing another version does that. It is looked at
    once in `LOOK_S`.
    """

    def __init__(self, make: Callable[[], Value], folder: str, clock: Callable[[], float]) -> None:
        self._make = make
        self._folder = folder
        self._clock = clock
        self._looked = float("-inf")
        self._state = -1
        self._value: Value | None = None

    def value(self) -> Value:
        now = self._clock()
        if self._value is None or now >= self._looked + LOOK_S:
            self._looked = now
            state = _changed_ns(self._folder)
            if self._value is None or state != self._state:
                self._state = state
                self._value = self._make()
        return self._value


def _changed_ns(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
