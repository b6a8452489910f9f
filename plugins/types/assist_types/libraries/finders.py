"""The finders of the modules that files of a workspace import: one for an environment or a folder.

The environment's variables are given; this module reads none.
"""

import os
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from assist_context.languages import ECMASCRIPT, Language
from assist_types.libraries.go_modules import GoModules, module_of
from assist_types.libraries.installed import LOOK_S, ModuleFinder
from assist_types.libraries.node_packages import NodePackages
from assist_types.libraries.python_packages import PythonPackages, StandardStubs, environment_of

MAX_FINDERS = 256  # folders of which finders are kept


class Finders:
    """Owns what was found out about environments. One thread."""

    def __init__(self, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._environ = environ
        self._clock = clock
        self._environments: dict[tuple[str, str], tuple[float, str]] = {}
        self._python: dict[str, PythonPackages] = {}
        self._node: dict[str, NodePackages] = {}
        self._go: dict[str, GoModules] = {}

    def of(self, path: str, root: str, language: Language) -> ModuleFinder | None:
        """The finder for a file of a workspace folder, by their absolute paths; None for other languages."""
        folder = os.path.dirname(path)
        if language.name == "python":
            return self._of_python(folder, root)
        if language.name == "go":
            return self._of_go(module_of(folder, root))
        if language.name not in ECMASCRIPT:
            return None
        if folder not in self._node:
            _make_room(self._node)
            self._node[folder] = NodePackages(folder, self._clock)
        return self._node[folder]

    def _of_go(self, folder: str) -> ModuleFinder | None:
        if folder and folder not in self._go:
            _make_room(self._go)
            self._go[folder] = GoModules(folder, self._environ, self._clock)
        return self._go.get(folder)

    def _of_python(self, folder: str, root: str) -> ModuleFinder:
        now = self._clock()
        known = self._environments.get((folder, root))
        if known is None or now >= known[0] + LOOK_S:
            _make_room(self._environments)
            known = (now, environment_of(folder, root, self._environ))
            self._environments[folder, root] = known
        environment = known[1]
        if not environment:
            return StandardStubs()
        if environment not in self._python:
            _make_room(self._python)
            self._python[environment] = PythonPackages(environment, self._clock)
        return self._python[environment]


def _make_room(kept: MutableMapping[Any, Any]) -> None:
    if len(kept) >= MAX_FINDERS:
        kept.clear()
