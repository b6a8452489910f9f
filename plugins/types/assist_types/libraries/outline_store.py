"""The outlines of installed modules in memory: the latest that were asked for, from the packages' databases.

What is missing is reported once for each version of a module, so that it can be made. One thread.
"""

import os
import time
from collections.abc import Callable

from assist_types.libraries.installed import LOOK_S, InstalledModule
from assist_types.libraries.library_file import read_outline
from assist_types.libraries.module_outline import ModuleOutline

MAX_KEPT = 600  # outlines; those of 32 imports and of all that they lead to take 40 MB


class OutlineStore:
    """Owns the outlines that are kept. `on_missing` is called for the first of several that are missing."""

    def __init__(
        self,
        data: str,
        on_missing: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._data = data
        self._on_missing = on_missing
        self._clock = clock
        self._kept: dict[InstalledModule, tuple[float, int, ModuleOutline | None]] = {}
        self._missing: set[InstalledModule] = set()

    def outline(self, module: InstalledModule) -> ModuleOutline | None:
        """The outline of a module, None if there is none that counts.

        A file that changed is noticed after `LOOK_S` at most.
        """
        now = self._clock()
        until, size, outline = self._kept.pop(module, (now, -1, None))
        if now >= until:
            found = _size(module.file)
            if outline is None or found != size:
                outline = read_outline(self._data, module)
            if outline is None:
                self._report(module)
            until = now + LOOK_S
            size = found
        self._keep(module, until, size, outline)
        return outline

    def put(self, module: InstalledModule, size: int, outline: ModuleOutline) -> None:
        """Keeps an outline that was just made from a file of this size."""
        self._kept.pop(module, None)
        self._keep(module, self._clock() + LOOK_S, size, outline)

    def _keep(self, module: InstalledModule, until: float, size: int, outline: ModuleOutline | None) -> None:
        self._kept[module] = (until, size, outline)
        if len(self._kept) > MAX_KEPT:
            del self._kept[next(iter(self._kept))]

    def _report(self, module: InstalledModule) -> None:
        if module not in self._missing and len(self._missing) < MAX_KEPT:
            self._missing.add(module)
            self._on_missing()


def _size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return -1
