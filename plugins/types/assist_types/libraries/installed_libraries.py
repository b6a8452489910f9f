"""The packages installed for the files of a workspace, for a caller that asks about one file at a time.

It is a `TypeSource` that looks from the file that was named last. One thread.
"""

import time
from collections.abc import Callable, Mapping

from assist_context.languages import Language
from assist_types.libraries.finders import Finders
from assist_types.libraries.library_types import LibraryTypes, PlacedName
from assist_types.libraries.outline_store import OutlineStore
from assist_types.types.members import Members

MAKERS = ("__init__", "constructor")  # of the objects of a class


class InstalledLibraries:
    """Owns the outlines that were read. `data` is the folder of the databases.

    `environ` says where environments are; `on_missing` is called when a module has no outline yet.
    """

    def __init__(
        self,
        data: str,
        environ: Mapping[str, str],
        on_missing: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._finders = Finders(environ, clock)
        self._store = OutlineStore(data, on_missing, clock)
        self._types: LibraryTypes | None = None

    def look_from(self, path: str, root: str, language: Language) -> None:
        """Look from this file's imports from now on: its absolute path, and that of its workspace folder."""
        finder = self._finders.of(path, root, language)
        self._types = LibraryTypes(finder, self._store.outline) if finder is not None else None

    def names(self, module: str) -> frozenset[str] | None:
        """The names that a module offers, `None` if that is not known for certain."""
        return self._types.names(module) if self._types is not None else None

    def members(self, module: str, name: str) -> Members | None:
        """The members of a class, of what a value is declared to be, or of a module."""
        return self._types.members(module, name) if self._types is not None else None

    def heads(self, module: str, name: str) -> tuple[str, ...]:
        """The heads of a function, or of a class's own maker; none if they are not known.

        Of what has several, not all may be known: then it is not `whole`.
        """
        placed = self.describe(module, name)
        if placed is None:
            return ()
        makers = [member for member in placed.name.members if member.name in MAKERS]
        known = makers if placed.name.kind == "class" else [placed.name]
        return tuple(head for found in known if found.whole for head in found.bases or (found.head,))

    def describe(self, module: str, name: str) -> PlacedName | None:
        """Find where a name of a module is defined, and what is known of it."""
        return self._types.describe(module, name) if self._types is not None else None
