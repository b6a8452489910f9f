"""The texts of a workspace folder with their trees, each read once until it changes."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Protocol

from assist_context.documents import Document
from assist_context.languages import language_of
from assist_context.relations.path_index import PathIndex
from assist_types.types.declarations import TypedText, text_of
from assist_types.types.packages import PackageNames, package_of

KEPT = 64  # texts of other files, with their trees
MAX_FILES = 100  # of one package of Go; one with more is unknown


class SourceFiles(Protocol):
    """The files of a workspace folder, as `retrieval/corpus` has them."""

    def lines(self, path: str) -> Sequence[str]:
        """All lines of a file; none if it cannot be read."""
        ...

    def stamp(self, path: str) -> object:
        """A value that changes when a file's text does."""
        ...

    def files(self) -> PathIndex:
        """The paths of all files."""
        ...


class TextStore:
    """Owns the trees of the files that were looked at. One thread; `begin` each request with its document."""

    def __init__(self, files: SourceFiles) -> None:
        self._files = files
        self._own: TypedText | None = None
        self._texts: dict[str, tuple[object, TypedText]] = {}
        self._checked: set[str] = set()  # files and folders that were compared in this request
        self._packages: dict[str, tuple[object, PackageNames]] = {}
        self._folders: tuple[PathIndex | None, dict[str, list[str]]] = (None, {})

    def begin(self, text: TypedText) -> None:
        """Take the text of a request's document in place of its file, and look again what changed."""
        self._own = text
        self._checked = set()

    def paths(self) -> PathIndex:
        """The paths of all files."""
        return self._files.files()

    def text(self, path: str) -> TypedText | None:
        """A file with its tree, None if it cannot be read."""
        if self._own is not None and path == self._own.path:
            return self._own
        stamp, text = self._texts.get(path, (None, None))
        if text is not None and path in self._checked:
            return text
        self._checked.add(path)
        now = self._files.stamp(path)
        if text is None or now != stamp:
            lines = self._files.lines(path)
            if not lines:
                return None
            text = text_of(path, Document(path, tuple(lines), language_of(path)), text)
            self._texts.pop(path, None)
            while len(self._texts) >= KEPT:
                self._texts.pop(next(iter(self._texts)))
            self._texts[path] = now, text
        return text

    def submodule(self, path: str, name: str) -> str:
        """The file of a module within a package of Python, "" for none."""
        folder, _, file = path.rpartition("/")
        if not file.startswith("__init__."):
            return ""
        start = f"{folder}/{name}" if folder else name
        paths = self.paths().paths
        ends = (f"{start}.py", f"{start}/__init__.py", f"{start}.pyi")
        return next((end for end in ends if end in paths), "")

    def submodules(self, path: str) -> frozenset[str]:
        """The names of the modules within a package of Python."""
        folder, _, file = path.rpartition("/")
        if not file.startswith("__init__."):
            return frozenset()
        start = f"{folder}/" if folder else ""
        inside = (other[len(start) :] for other in self.paths().paths if other.startswith(start))
        return frozenset(PurePosixPath(other.partition("/")[0]).stem for other in inside)

    def package(self, folder: str) -> PackageNames:
        """The package of Go in a folder."""
        known, package = self._packages.get(folder, (None, PackageNames({}, {})))
        if known is not None and folder in self._checked:
            return package
        self._checked.add(folder)
        files = self._go_files(folder)
        stamps = [(path, self._files.stamp(path)) for path in files]
        own = self._own if self._own is not None and self._own.path in files else None
        now = (stamps, own and own.parsed.document.text)
        if known != now:
            texts = {path: "".join(self._files.lines(path)) for path in files}
            if own is not None:
                texts[own.path] = own.parsed.document.text
            package = package_of(texts)
            self._packages[folder] = now, package
        return package

    def _go_files(self, folder: str) -> list[str]:
        """The files of a package, none if they are too many."""
        paths = self.paths()
        if self._folders[0] is not paths:
            folders: dict[str, list[str]] = {}
            for path in sorted(paths.paths):
                if path.endswith(".go"):
                    folders.setdefault(path.rpartition("/")[0], []).append(path)
            self._folders = paths, folders
        found = self._folders[1].get(folder, [])
        return found if len(found) <= MAX_FILES else []
