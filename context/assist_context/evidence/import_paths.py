"""Import paths from files of a folder to one file: directly, or by a package that passes its names on.

What was looked up is kept for one question, since many lines ask for the same files. It reads no text.
"""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from assist_context.code.imports import Import
from assist_context.languages import language_of
from assist_context.relations import import_resolution
from assist_context.relations.path_index import PathIndex
from assist_context.retrieval.corpus import Corpus

# Modules that pass names of others on.
_FRONTS = frozenset({"__init__", "index", "mod", "lib", "internal", "internals", "exports", "api", "prelude"})
_ImportRow = tuple[Import, tuple[str, ...]]  # an import, and the files that it means


@dataclass(slots=True)
class ImportWays:
    """The ways to the file `wanted`. Paths are the corpus's."""

    corpus: Corpus
    wanted: str
    _files: PathIndex = field(init=False)
    _rows: dict[str, tuple[_ImportRow, ...]] = field(default_factory=dict)
    _passing: dict[tuple[str, str], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files = self.corpus.files()

    def is_imported(self, path: str) -> bool:
        """Say if a file imports the wanted one, or a package that passes its names on; Go's are a folder."""
        language = language_of(path).name
        if language == "go" and _folder(path) == _folder(self.wanted):
            return True
        return any(self._leads(targets) for _, targets in self._imports(path))

    def imports(self, path: str, name: str) -> list[tuple[Import, bool]]:
        """Return what a file imports, each with whether it leads to a name of the wanted file."""
        return [(import_, self._leads(targets, name)) for import_, targets in self._imports(path)]

    def packages(self, path: str, name: str) -> list[str]:
        """The packages that a file imports and that pass a name of the wanted file on."""
        fronts = {front for _, targets in self._imports(path) for front in targets} - {self.wanted}
        return sorted(front for front in fronts if self._passes(front, name))

    def _leads(self, targets: tuple[str, ...], name: str = "") -> bool:
        if self.wanted.endswith(".go"):  # of a package with many files, only some are named
            return any(_folder(path) == _folder(self.wanted) for path in targets)
        return self.wanted in targets or any(self._passes(front, name) for front in targets)

    def _passes(self, front: str, name: str) -> bool:
        """Say if a package has a name of the wanted file, or any for "", itself or from another package."""
        if PurePosixPath(front).stem not in _FRONTS:
            return False
        key = front, name
        if key not in self._passing:
            self._passing[key] = False  # for packages that import each other
            self._passing[key] = any(
                self.wanted in targets or any(self._passes(inner, name) for inner in targets)
                for statement, targets in self._imports(front)
                if not name or _has_name(statement, name)
            )
        return self._passing[key]

    def _imports(self, path: str) -> tuple[_ImportRow, ...]:
        if path not in self._rows:
            language = language_of(path).name
            self._rows[path] = tuple(
                (import_, import_resolution.resolve(self._files, path, language, import_))
                for import_ in self.corpus.imports(path)
            )
        return self._rows[path]


def _has_name(statement: Import, name: str) -> bool:
    """Return whether an import brings a name; a star brings none that begins with "_"."""
    return name in statement.names or ("*" in statement.names and not name.startswith("_"))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
