"""One workspace folder as retrieval sees it: its index, with what is open in the editor laid over it.

Open documents shadow their stored rows, and their text is the editor's. Everything else is read from the
file as it was indexed, so that a line that moved is left out rather than shown wrongly. Paths are
relative to the folder, with "/". One thread at a time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.documents import Document
from assist_context.files.blobs import FileEntry, excerpt
from assist_context.index.reader import IndexedDefinition, IndexReader, ReferenceSite
from assist_context.index.search import SearchHit
from assist_context.languages import Language
from assist_context.relations.import_resolution import resolve
from assist_context.relations.path_index import PathIndex, path_index_of
from assist_context.relations.repo_map import Graph, graph_of
from assist_context.syntax.imports import Import
from assist_context.syntax.symbols import Definition, Symbols

KEPT_FILES = 64  # whose lines are kept between two questions, so that a file is read once


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A document that the editor has open, and what it defines."""

    document: Document
    symbols: Symbols = field(default_factory=Symbols)


class Corpus:
    """The files of one folder. `name` is put ahead of its paths where there are several folders.

    Of paths that are `hidden` no line is ever given: rules may be newer than the index.
    """

    def __init__(
        self, root: str, reader: IndexReader, name: str = "", hidden: Callable[[str], bool] = lambda _: False
    ) -> None:
        self.root = root
        self._hidden = hidden
        self.name = name
        self.reader = reader
        self._open: Mapping[str, OpenFile] = {}
        self._places: dict[str, list[ReferenceSite]] | None = None  # of what is open, by name
        self._graph: tuple[int, Graph | None] = (-1, None)
        self._files: tuple[int, PathIndex] = (-1, path_index_of(()))
        self._latest: dict[tuple[str, int], tuple[int, tuple[str, ...]]] = {}
        self._texts: dict[str, tuple[object, tuple[str, ...]]] = {}

    def hides(self, path: str) -> bool:
        """Whether rules exclude a path by now."""
        return self._hidden(path)

    def lay(self, opened: Mapping[str, OpenFile]) -> None:
        """What is open now, by path."""
        self._open = opened
        self._places = None

    @property
    def opened(self) -> Mapping[str, OpenFile]:
        return self._open

    def files(self) -> PathIndex:
        """The look-up tables of all paths; made anew when the index changed."""
        generation = self.reader.generation()
        if self._files[0] != generation:
            paths = self.reader.files()
            if len(paths) != len(self._files[1].paths) or frozenset(paths) != self._files[1].paths:
                self._files = generation, path_index_of(paths)
            else:
                self._files = generation, self._files[1]
        return self._files[1]

    def definitions(self, name: str, limit: int = 20) -> tuple[IndexedDefinition, ...]:
        """What a name may mean, anywhere in the folder."""
        return self._shadowed(name, self.reader.definitions(name, limit))

    def few_definitions(self, name: str, most: int) -> tuple[IndexedDefinition, ...] | None:
        """What a name may mean, `None` if there are more than `most`: then it does not tell."""
        few = self.reader.few_definitions(name, most)
        found = () if few is None else self._shadowed(name, few)
        return None if few is None or len(found) > most else found

    def _shadowed(self, name: str, found: Iterable[IndexedDefinition]) -> tuple[IndexedDefinition, ...]:
        shadow = [
            _found(path, each)
            for path, opened in self._open.items()
            for each in opened.symbols.definitions
            if each.name == name
        ]
        return (*shadow, *(each for each in found if each.path not in self._open))

    def references(self, name: str, limit: int = 200) -> tuple[ReferenceSite, ...]:
        """Where a name is called or used as a type; those of open documents come first."""
        if self._places is None:
            self._places = {}
            for path, opened in self._open.items():
                for each in opened.symbols.references:
                    self._places.setdefault(each.name, []).append(ReferenceSite(path, each.line, each.inside))
        stored = [each for each in self.reader.references(name, limit) if each.path not in self._open]
        return (*self._places.get(name, ()), *stored)[:limit]

    def graph(self) -> Graph:
        """Which file refers to which, as they were saved; made anew when the index changed."""
        generation = self.reader.generation()
        if self._graph[1] is None or self._graph[0] != generation:
            self._graph = generation, graph_of(self.reader.links())
        return self._graph[1] or graph_of(())

    def outline(
        self, path: str, name: str | None = None, parent: str | None = None
    ) -> tuple[IndexedDefinition, ...]:
        """The definitions of a file, in order; perhaps only those of a name, or of a qualified parent."""
        if path not in self._open:
            return self.reader.outline(path, name, parent)
        return tuple(
            _found(path, each)
            for each in self._open[path].symbols.definitions
            if name in {None, each.name} and parent in {None, each.parent}
        )

    def imports(self, path: str) -> tuple[Import, ...]:
        """What a file imports."""
        return self._open[path].symbols.imports if path in self._open else self.reader.imports(path)

    def resolved(self, path: str, language: str, import_: Import) -> tuple[str, ...]:
        """The files that an import means."""
        return resolve(self.files(), path, language, import_)

    def search(
        self, terms: Sequence[str], limit: int, without: str = "", *, patient: bool = False
    ) -> tuple[SearchHit, ...]:
        """The chunks that fit best; those of open documents are of the file as it was saved.

        Hits have their names only where the search is `patient`.
        """
        return self.reader.search(terms, limit, without=without, patient=patient, named=patient)

    def entry(self, path: str) -> FileEntry | None:
        """A file as it was listed; one that is open has no blob."""
        if path in self._open:
            return FileEntry(path, "", 0, 0, "text")
        return self.reader.file(path)

    def latest(self, language: Language, most: int = 20) -> tuple[str, ...]:
        """The files of a language that were changed last, the newest first."""
        key = (language.name, most)
        generation = self.reader.generation()
        if self._latest.get(key, (-1, ()))[0] != generation:
            self._latest[key] = generation, self.reader.latest(language.suffixes, most)
        return self._latest[key][1]

    def stamp(self, path: str) -> object:
        """What changes when a file's text does."""
        if path in self._open:
            return self._open[path].document
        entry = self.reader.file(path)
        return entry and (entry.blob, entry.mtime_ns)

    def at_hand(self, path: str) -> bool:
        """Whether `lines` reads no file."""
        return path in self._open or path in self._texts

    def lines(self, path: str) -> Sequence[str]:
        """All lines of a file as they were indexed, with their ends; none where that cannot be had."""
        if path in self._open:
            return self._open[path].document.lines
        entry = self.reader.file(path)
        if entry is None or entry.kind != "text" or self._hidden(path):
            return ()
        stamp = entry.blob, entry.mtime_ns
        known, lines = self._texts.get(path, (None, ()))
        if known != stamp:
            lines = excerpt(self.root, entry) or ()
            self._texts.pop(path, None)
            while len(self._texts) >= KEPT_FILES:
                self._texts.pop(next(iter(self._texts)))
            self._texts[path] = stamp, lines
        return lines


def _found(path: str, each: Definition) -> IndexedDefinition:
    head = each.signature.count("\n") + 1
    return IndexedDefinition(path, each.name, each.kind, each.start_line, each.end_line, head, each.parent)
