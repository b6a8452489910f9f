"""How files of a folder reach one file by their imports: directly, or by a package that passes its names on.

What was looked up is kept for one question, since many lines ask for the same files. It reads no text.
"""

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from assist_context.languages import language_of
from assist_context.relations import import_resolution
from assist_context.relations.path_index import PathIndex
from assist_context.retrieval.corpus import Corpus
from assist_context.syntax.imports import Import

_FRONTS = frozenset({"__init__", "index", "mod", "lib"})  # modules that pass names of others on
_ImportRow = tuple[Import, tuple[str, ...]]  # an import, and the files that it means


@dataclass(slots=True)
class ImportWays:
    """The ways to the file `wanted`. Paths are the corpus's."""

    corpus: Corpus
    wanted: str
    _files: PathIndex = field(init=False)
    _rows: dict[str, tuple[_ImportRow, ...]] = field(default_factory=dict)
    _passed: dict[str, tuple[Import, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files = self.corpus.files()

    def is_imported(self, path: str) -> bool:
        """Whether a file imports the wanted one, or a package that passes its names on; Go's are a folder."""
        language = language_of(path).name
        if language == "go" and _folder(path) == _folder(self.wanted):
            return True
        return any(self._leads(reached) for _, reached in self._imports(path))

    def imports(self, path: str) -> list[tuple[Import, bool]]:
        """What a file imports, each with whether it leads to the wanted file."""
        return [(import_, self._leads(reached)) for import_, reached in self._imports(path)]

    def packages(self, path: str, name: str) -> list[str]:
        """The packages that a file imports and that pass a name of the wanted file on."""
        fronts = {front for _, reached in self._imports(path) for front in reached} - {self.wanted}
        return sorted(
            front for front in fronts if any(_has_name(passed, name) for passed in self._passed_by(front))
        )

    def _leads(self, reached: tuple[str, ...]) -> bool:
        if self.wanted.endswith(".go"):  # of a package with many files, only some are named
            return any(_folder(path) == _folder(self.wanted) for path in reached)
        return self.wanted in reached or any(self._passed_by(front) for front in reached)

    def _passed_by(self, front: str) -> tuple[Import, ...]:
        """The imports by which a package has names of the wanted file; none if it is no package's front."""
        if front not in self._passed:
            rows = self._imports(front) if PurePosixPath(front).stem in _FRONTS else ()
            self._passed[front] = tuple(passed for passed, reached in rows if self.wanted in reached)
        return self._passed[front]

    def _imports(self, path: str) -> tuple[_ImportRow, ...]:
        if path not in self._rows:
            language = language_of(path).name
            self._rows[path] = tuple(
                (import_, import_resolution.resolve(self._files, path, language, import_))
                for import_ in self.corpus.imports(path)
            )
        return self._rows[path]


def _has_name(passed: Import, name: str) -> bool:
    """Whether an import brings a name; a star brings none that begins with "_"."""
    return name in passed.names or ("*" in passed.names and not name.startswith("_"))


def _folder(path: str) -> str:
    return path.rpartition("/")[0]
