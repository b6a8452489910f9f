"""The facts of a file or a folder: what is defined there, what of it others use, and what it imports.

This module reads the index and open documents through a corpus.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.outline import OutlinePart, fitting
from assist_context.code.symbols import symbols
from assist_context.documents import Document
from assist_context.evidence.import_paths import ImportWays
from assist_context.facts.code_uses import imported_uses
from assist_context.facts.definition_facts import member_parts
from assist_context.index.reader import IndexedDefinition
from assist_context.languages import language_of
from assist_context.pages import SECTION
from assist_context.retrieval.corpus import Corpus

MAX_PARTS = 40  # definitions that are listed, the most used first
MAX_FILES = 15
_LOOKED_UP = 400  # definitions of a folder whose uses are counted: 0.1 ms each
_REFERENCES = 500  # of one name that are counted


@dataclass(frozen=True, slots=True)
class UsedPart:
    """A definition at the top of a file, and how many other files, or files outside of the folder, use it."""

    definition: IndexedDefinition
    users: int


@dataclass(frozen=True, slots=True)
class FileFacts:
    """Facts of a file or a folder.

    `parts` are its top definitions: of a file in order, of a folder the most used ones; `part_count` is how
    many there are. `imports` are files of the workspace that it imports, `importers` those that import
    it and use a name of it. The `outline` of a file has its definitions in order, and methods of classes.
    """

    path: str
    files: int
    lines: int
    parts: tuple[UsedPart, ...]
    part_count: int
    imports: tuple[str, ...]
    importers: tuple[str, ...]
    outline: tuple[OutlinePart, ...] = ()


def file_facts(corpus: Corpus, path: str) -> FileFacts:
    """The facts of one file that is indexed or open."""
    tops = list(_tops(corpus, [path]))
    parts = _used_parts(corpus, tops[:MAX_PARTS])
    return FileFacts(
        path,
        1,
        sum(line != "" for line in corpus.lines(path)),  # after the last line's end there is none
        tuple(parts),
        len(tops),
        tuple(sorted(_list_imports(corpus, path) - {path}))[:MAX_FILES],
        tuple(sorted(_importers(corpus, {path})))[:MAX_FILES],
        _outline(corpus, path),
    )


def _outline(corpus: Corpus, path: str) -> tuple[OutlinePart, ...]:
    """The definitions at the top of a file and the methods of its classes, in their order."""
    document = Document(path, tuple(corpus.lines(path)), language_of(path))
    definitions = symbols(document.language, document.text).definitions
    tops = {site.qualified: site for site in definitions if not site.parent and site.kind != SECTION}
    methods = [site for site in definitions if site.parent in tops and site.kind in FUNCTIONS]
    parts = [*member_parts(list(tops.values())), *member_parts(methods, 1)]
    return fitting(sorted(parts, key=lambda part: part.line))


def folder_facts(corpus: Corpus, folder: str) -> FileFacts:
    """The facts of a folder by its path in the corpus, "" for all of it."""
    inside = f"{folder}/" if folder else ""
    paths = [path for path in corpus.files().paths if path.startswith(inside) and not corpus.hides(path)]
    tops = list(_tops(corpus, sorted(paths)))
    parts = _used_parts(corpus, tops[:_LOOKED_UP], inside)
    parts.sort(key=lambda part: (-part.users, part.definition.path, part.definition.start_line))
    own = set(paths)
    counts = Counter(
        other for path in sorted(own)[:_LOOKED_UP] for other in _list_imports(corpus, path) - own
    )
    return FileFacts(
        folder,
        len(paths),
        0,
        tuple(parts[:MAX_PARTS]),
        len(tops),
        tuple(path for path, _ in counts.most_common(MAX_FILES)),
        tuple(sorted(_importers(corpus, own) - own))[:MAX_FILES] if inside else (),
    )


def _tops(corpus: Corpus, paths: Iterable[str]) -> Iterator[IndexedDefinition]:
    """The definitions at the top of files, of overloads the first, of pages none."""
    for path in paths:
        tops: dict[str, IndexedDefinition] = {}
        for site in corpus.outline(path, parent=""):
            tops.setdefault(site.name, site)
        yield from (site for site in tops.values() if site.kind != SECTION)


def _used_parts(corpus: Corpus, tops: Iterable[IndexedDefinition], inside: str = "") -> list[UsedPart]:
    """Definitions with the number of other files that surely use them, of those outside of a folder."""
    parts: list[UsedPart] = []
    ways: ImportWays | None = None
    for site in tops:
        if ways is None or ways.wanted != site.path:
            ways = ImportWays(corpus, site.path)
        users = imported_uses(ways, site) - {site.path}
        sure = [path for path in users if not inside or not path.startswith(inside)]
        parts.append(UsedPart(site, len(sure)))
    return parts


def _list_imports(corpus: Corpus, path: str) -> set[str]:
    language = language_of(path).name
    return {file for import_ in corpus.imports(path) for file in corpus.resolve(path, language, import_)}


def _importers(corpus: Corpus, paths: set[str]) -> set[str]:
    """The files that use a name of these files and import one of them."""
    names = {site.name for path in sorted(paths)[:_LOOKED_UP] for site in corpus.outline(path, parent="")}
    candidates = {
        path for name in sorted(names)[:_LOOKED_UP] for path in corpus.reader.mentions(name, _REFERENCES)
    }
    if len(paths) == 1:
        [own] = paths
        ways = ImportWays(corpus, own)
        return {path for path in candidates - paths if ways.is_imported(path)}
    return {path for path in candidates - paths if _list_imports(corpus, path) & paths}
