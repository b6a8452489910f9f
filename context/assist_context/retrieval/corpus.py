"""One workspace folder as retrieval sees it: its index, overlaid with the documents that are open.

An open document hides its stored rows, and its text is the editor's. Every other file is read as it was
indexed, so that a line that has moved is left out instead of shown wrongly. Paths are relative to the
folder, with "/". Use it from one thread at a time.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.code.imports import Import
from assist_context.code.symbols import Definition, Symbols
from assist_context.documents import Document
from assist_context.files.blobs import FileEntry, excerpt
from assist_context.index.reader import IndexedDefinition, IndexReader, ReferenceSite
from assist_context.index.search import Among, SearchHit
from assist_context.languages import Language
from assist_context.pages import SECTION, page_lines, sections
from assist_context.relations import import_resolution
from assist_context.relations.path_index import PathIndex, make_path_index
from assist_context.relations.translations import PageCopies, page_copies

KEPT_FILES = 64  # files whose lines are cached between two requests


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A document that is open in the editor, and its symbols."""

    document: Document
    symbols: Symbols = field(default_factory=Symbols)


class Corpus:
    """The files of one folder. `name` is put before its paths if there are several folders.

    No line of a `hidden` path is ever returned: the rules may be newer than the index. With `pages`, it is a
    folder of documentation next to the workspace.
    """

    def __init__(
        self,
        root: str,
        reader: IndexReader,
        name: str = "",
        hidden: Callable[[str], bool] = lambda _: False,
        *,
        pages: bool = False,
    ) -> None:
        self.root = root
        self.pages = pages
        self._hidden = hidden
        self.name = name
        self.reader = reader
        self._open: Mapping[str, OpenFile] = {}
        self._open_references: dict[str, list[ReferenceSite]] | None = None  # by name
        self._files: tuple[int, PathIndex] = (-1, make_path_index(()))
        self._copies: tuple[frozenset[str], PageCopies] = (frozenset(), PageCopies())
        self._unwanted: dict[str, frozenset[str]] = {}  # by language
        self._latest: dict[tuple[str, int], tuple[int, tuple[str, ...]]] = {}
        self._texts: dict[str, tuple[object, tuple[str, ...]]] = {}
        self._sections: dict[str, tuple[Document, tuple[IndexedDefinition, ...]]] = {}  # of an open page

    def hides(self, path: str) -> bool:
        """Return whether the rules exclude a path now."""
        return self._hidden(path)

    def set_open(self, files: Mapping[str, OpenFile]) -> None:
        """Sets the open documents, by path."""
        self._open = files
        self._open_references = None

    @property
    def opened(self) -> Mapping[str, OpenFile]:
        return self._open

    def files(self) -> PathIndex:
        """The path index of all files; it is built again after the index changed."""
        generation = self.reader.generation()
        if self._files[0] != generation:
            paths = self.reader.files()
            if len(paths) != len(self._files[1].paths) or frozenset(paths) != self._files[1].paths:
                self._files = generation, make_path_index(paths)
            else:
                self._files = generation, self._files[1]
        return self._files[1]

    def unwanted_pages(self, language: str) -> frozenset[str]:
        """Translations that a reader of a language does not need; they are found again as `files` is."""
        copies = self._page_copies()
        if language not in self._unwanted:
            self._unwanted[language] = copies.surplus(language)
        return self._unwanted[language]

    def _page_copies(self) -> PageCopies:
        paths = self.files().paths
        if self._copies[0] is not paths:
            self._copies = paths, page_copies(paths)
            self._unwanted = {}
        return self._copies[1]

    def definitions(self, name: str, limit: int = 20) -> tuple[IndexedDefinition, ...]:
        """Return what a name may mean, anywhere in the folder."""
        return self._add_open(name, self.reader.definitions(name, limit))

    def few_definitions(self, name: str, most: int) -> tuple[IndexedDefinition, ...] | None:
        """Return what a name may mean, `None` if there are more than `most`: such a name is too common."""
        few = self.reader.few_definitions(name, most)
        definitions = () if few is None else self._add_open(name, few)
        return None if few is None or len(definitions) > most else definitions

    def _add_open(self, name: str, definitions: Iterable[IndexedDefinition]) -> tuple[IndexedDefinition, ...]:
        shadow = [
            to_indexed(path, definition)
            for path, file in self._open.items()
            for definition in file.symbols.definitions
            if definition.name == name
        ]
        return (*shadow, *(definition for definition in definitions if definition.path not in self._open))

    def references(self, name: str, limit: int = 200) -> tuple[ReferenceSite, ...]:
        """Find where a name is called or used as a type; references in open documents come first."""
        if self._open_references is None:
            self._open_references = {}
            for path, file in self._open.items():
                for reference in file.symbols.references:
                    self._open_references.setdefault(reference.name, []).append(
                        ReferenceSite(path, reference.line, reference.inside)
                    )
        rows = [
            reference for reference in self.reader.references(name, limit) if reference.path not in self._open
        ]
        return (*self._open_references.get(name, ()), *rows)[:limit]

    def outline(
        self, path: str, name: str | None = None, parent: str | None = None
    ) -> tuple[IndexedDefinition, ...]:
        """The definitions of a file in order, or only those with a name or with a qualified parent."""
        if path not in self._open:
            return self.reader.outline(path, name, parent)
        return tuple(
            definition
            for definition in (*self._open_definitions(path), *self._open_sections(path))
            if name in {None, definition.name} and parent in {None, definition.parent}
        )

    def _open_definitions(self, path: str) -> list[IndexedDefinition]:
        return [to_indexed(path, definition) for definition in self._open[path].symbols.definitions]

    def _open_sections(self, path: str) -> tuple[IndexedDefinition, ...]:
        """The sections of an open page; they are found again only if the page changed."""
        document = self._open[path].document
        if not document.language.markup:
            return ()
        old_text, definitions = self._sections.get(path, (None, ()))
        if old_text is not document:
            lines = page_lines(path, document.lines)
            rows = sections(document.language.markup, lines)
            definitions = tuple(
                IndexedDefinition(
                    path, row.name, SECTION, row.start_line, row.end_line, row.head_lines, row.parent
                )
                for row in rows
            )
            self._sections = {path: (document, definitions)}
        return definitions

    def imports(self, path: str) -> tuple[Import, ...]:
        """Return what a file imports."""
        return self._open[path].symbols.imports if path in self._open else self.reader.imports(path)

    def resolve(self, path: str, language: str, import_: Import) -> tuple[str, ...]:
        """The files that an import means."""
        return import_resolution.resolve(self.files(), path, language, import_)

    def search(self, terms: Sequence[str], limit: int) -> tuple[SearchHit, ...]:
        """The chunks that match best, without names; chunks of open documents are of the saved file."""
        return self.reader.search(terms, limit, with_names=False)

    def holders(self, terms: Sequence[str], most: int) -> tuple[str, ...]:
        """Files with all of these terms, in no order; open documents are searched as they were saved."""
        return self.reader.holders(terms, most)

    def search_for_question(
        self, terms: Sequence[str], limit: int, among: Among, around: Sequence["Corpus"] = ()
    ) -> tuple[SearchHit, ...]:
        """The sections of pages, or the pieces of code, that match best; it takes longer than `search`.

        Scores can be compared with scores of the folders `around`, if these are given there as well.
        """
        counts = [count for corpus in around if (count := corpus.reader.counts())]
        return self.reader.search_for_question(terms, limit, among, counts)

    def entry(self, path: str) -> FileEntry | None:
        """A file as it was listed; an open file has no blob."""
        if path in self._open:
            return FileEntry(path, "", 0, 0, "text")
        return self.reader.file(path)

    def latest(self, language: Language, most: int) -> tuple[str, ...]:
        """The files of a language that were changed last, the newest first."""
        key = (language.name, most)
        generation = self.reader.generation()
        if self._latest.get(key, (-1, ()))[0] != generation:
            self._latest[key] = generation, self.reader.latest(language.suffixes, most)
        return self._latest[key][1]

    def stamp(self, path: str) -> object:
        """A value that changes when a file's text does."""
        if path in self._open:
            return self._open[path].document
        entry = self.reader.file(path)
        return entry and (entry.blob, entry.mtime_ns)

    def is_cached(self, path: str) -> bool:
        """Return whether `lines` needs to read no file."""
        return path in self._open or path in self._texts

    def lines(self, path: str) -> Sequence[str]:
        """All lines of a file as they were indexed, with their ends; none if they cannot be read."""
        if path in self._open:
            return self._open[path].document.lines
        entry = self.reader.file(path)
        if entry is None or entry.kind != "text" or self._hidden(path):
            return ()
        stamp = entry.blob, entry.mtime_ns
        document, lines = self._texts.get(path, (None, ()))
        if document != stamp:
            lines = excerpt(self.root, entry) or ()
            self._texts.pop(path, None)
            while len(self._texts) >= KEPT_FILES:
                self._texts.pop(next(iter(self._texts)))
            self._texts[path] = stamp, lines
        return lines


def to_indexed(path: str, each: Definition) -> IndexedDefinition:
    """A definition of a text as the index has it."""
    head = each.signature.count("\n") + 1
    return IndexedDefinition(path, each.name, each.kind, each.start_line, each.end_line, head, each.parent)
