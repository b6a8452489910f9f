"""The queries that the index answers: definitions, references, outlines, search.

This module writes nothing. If there is no database, or it cannot be read, every answer is empty and
`status` says why: no query is worth an error in an editor.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import wraps
from itertools import islice
from typing import Any, TypeVar, cast

from assist_context.code.imports import Import
from assist_context.files.blobs import FileEntry
from assist_context.index.database import (
    PARSED,
    Connection,
    Failure,
    IndexStatus,
    index_status,
    is_damage,
    mark_damaged,
    open_read,
    read_size,
)
from assist_context.index.encoding import (
    DEFINES,
    KIND_NAMES,
    full_name,
    number,
    plain,
    qualified_name,
    unpack_imports,
    unpack_outline,
    unpack_places,
)
from assist_context.index.search import (
    Among,
    FieldWeights,
    Frequencies,
    SearchHit,
    SearchQuery,
    newest,
    rarest,
)
from assist_context.pages import BETWEEN, SECTION

# Without the signature, MRR@10 of docstrings that search for their functions is 0.017 to 0.022 lower.
NAME_PATH_BODY_HEAD: FieldWeights = (4.0, 2.0, 1.0, 2.0)
RECOUNT = 0.25  # share of the chunks; the terms are counted again after so many came or went


@dataclass(frozen=True, slots=True)
class IndexedDefinition:
    """A definition in one file; lines count from 1, `end_line` is included, `parent` is qualified."""

    path: str
    name: str
    kind: str
    start_line: int
    end_line: int
    head_lines: int
    parent: str

    @property
    def qualified(self) -> str:
        return full_name(self.name, self.kind, self.parent)

    @property
    def depth(self) -> int:
        """Return how many definitions or headings are around it."""
        between = BETWEEN if self.kind == SECTION else "."
        return self.parent.count(between) + bool(self.parent)


@dataclass(frozen=True, slots=True)
class ReferenceSite:
    """A reference; `inside` is the qualified name of the definition around it."""

    path: str
    line: int
    inside: str


_NAMED = """
SELECT path, outline FROM mention JOIN file USING (blob) JOIN content USING (blob)
WHERE name = ? AND role = ? LIMIT ?
"""
_DEFINERS = """
SELECT COUNT(*) FROM (SELECT 1 FROM mention JOIN file USING (blob) WHERE name = ? AND role = ? LIMIT ?)
"""
_OUTLINE = "SELECT outline FROM content WHERE blob = (SELECT blob FROM file WHERE path = ?)"
_REFERENCES = """
SELECT path, places, outline FROM mention JOIN file USING (blob) JOIN content USING (blob)
WHERE name = ? AND places NOT NULL ORDER BY path
"""
_MENTIONS = """
SELECT DISTINCT path FROM mention JOIN file USING (blob)
WHERE name = ? AND (role = ? OR places NOT NULL) LIMIT ?
"""
_HOLDERS = """
SELECT DISTINCT path FROM words JOIN content ON content.blob =
    (SELECT blob FROM content WHERE chunk <= words.rowid ORDER BY chunk DESC LIMIT 1)
JOIN file ON file.blob = content.blob WHERE words MATCH ? LIMIT ?
"""
_IMPORTS = "SELECT imports FROM content WHERE blob = (SELECT blob FROM file WHERE path = ?)"
_FILE = "SELECT hash, size, mtime, kind FROM listed WHERE path = ?"
_WITHOUT_OUTLINE = """
SELECT path, language.name, problem FROM listed JOIN language ON language.id = language
WHERE state = ? AND problem IS NOT NULL ORDER BY path
"""
_LATEST = "SELECT path FROM file ORDER BY mtime DESC, path"


class _NoIndex(Exception):
    """There is no database, or none that this version can read."""


_Method = TypeVar("_Method", bound=Callable[..., Any])


def _unreadable_gives(empty: object) -> Callable[[_Method], _Method]:
    """Lets a method of `IndexReader` answer `empty` if the database is missing or damaged."""

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def answer(reader: "IndexReader", *args: Any, **kwargs: Any) -> Any:
            try:
                return method(reader, *args, **kwargs)
            except _NoIndex:
                pass
            except Failure as error:
                reader._give_up(error, damage=is_damage(error))
            except UnicodeEncodeError:
                pass  # no file system and no source can have such a path or name
            except (ValueError, TypeError, LookupError, AttributeError) as error:
                reader._give_up(error, damage=True)  # the writer never writes such a row
            return empty

        return cast("_Method", answer)

    return decorate


class IndexReader:
    """Reads one index, from one thread at a time. It notices when a new database replaces the old one."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db: Connection | None = None
        self._identity = (0, 0)  # device and inode of the open file
        self._opened = 0
        self._problem = ""
        self._counted: Frequencies | None = None
        self._paths: tuple[int, tuple[str, ...]] = (-1, ())  # of which generation

    @_unreadable_gives(0)
    def generation(self) -> int:
        """A number that changes whenever something was written; 0 while there is nothing to read."""
        ((version,),) = self._rows("PRAGMA data_version")
        return (self._opened << 32) + int(version)

    @_unreadable_gives(())
    def definitions(self, name: str, limit: int = 50) -> tuple[IndexedDefinition, ...]:
        """Return what a name may mean, by path and line."""
        rows: list[IndexedDefinition] = []
        for path, data in self._rows(_NAMED, number(name), DEFINES, limit):
            rows += _unpack_definitions(os.fsdecode(path), data, name)
        return tuple(sorted(rows, key=lambda each: (each.path, each.start_line))[:limit])

    @_unreadable_gives(())
    def few_definitions(self, name: str, most: int) -> tuple[IndexedDefinition, ...] | None:
        """Return what a name may mean, `None` if there are more than `most`.

        It counts the files first, so that it unpacks no outline for a name that many files define.
        """
        ((files,),) = self._rows(_DEFINERS, number(name), DEFINES, most + 1)
        definitions_found = self.definitions(name, most + 1) if files <= most else ()
        return None if max(files, len(definitions_found)) > most else definitions_found

    @_unreadable_gives(())
    def outline(
        self, path: str, name: str | None = None, parent: str | None = None
    ) -> tuple[IndexedDefinition, ...]:
        """The definitions of a file in order, or only those with a name or with a qualified parent."""
        rows = self._rows(_OUTLINE, os.fsencode(path))
        return tuple(_unpack_definitions(path, rows[0][0], name, parent)) if rows else ()

    @_unreadable_gives(())
    def references(self, name: str, limit: int = 200) -> tuple[ReferenceSite, ...]:
        """Find where a name is called or used as a type, by path and line."""
        sites: list[ReferenceSite] = []
        for raw, data, outline in self._connection().execute(_REFERENCES, (number(name),)):
            path = os.fsdecode(raw)
            sites += [
                ReferenceSite(path, line, qualified_name(outline, inside))
                for line, inside in unpack_places(data)
            ]
            if len(sites) >= limit:
                break
        return tuple(sites[:limit])

    @_unreadable_gives(())
    def mentions(self, name: str, limit: int) -> tuple[str, ...]:
        """The files that define a name or refer to it, in no order; it unpacks nothing."""
        return tuple(os.fsdecode(path) for (path,) in self._rows(_MENTIONS, number(name), DEFINES, limit))

    @_unreadable_gives(())
    def imports(self, path: str) -> tuple[Import, ...]:
        """Return what a file imports, in order."""
        rows = self._rows(_IMPORTS, os.fsencode(path))
        return unpack_imports(rows[0][0]) if rows else ()

    @_unreadable_gives(None)
    def file(self, path: str) -> FileEntry | None:
        """A file as it was listed, `None` if it was not."""
        for blob, size, mtime_ns, kind in self._rows(_FILE, os.fsencode(path)):
            return FileEntry(path, blob.hex(), size, mtime_ns, KIND_NAMES[kind])
        return None

    def files(self) -> tuple[str, ...]:
        """All paths, in the order of their bytes; they are read again only after something was written."""
        generation = self.generation()
        if self._paths[0] != generation:
            self._paths = generation, self._read_paths()
        return self._paths[1]

    @_unreadable_gives(())
    def _read_paths(self) -> tuple[str, ...]:
        return tuple(os.fsdecode(path) for (path,) in self._rows("SELECT path FROM file ORDER BY path"))

    @_unreadable_gives(())
    def latest(self, suffixes: Sequence[str], most: int) -> tuple[str, ...]:
        """The files with one of these suffixes that were changed last, the newest first."""
        endings = tuple(map(os.fsencode, suffixes))
        paths = (path for (path,) in self._connection().execute(_LATEST) if path.endswith(endings))
        return tuple(os.fsdecode(path) for path in islice(paths, most))

    @_unreadable_gives(())
    def search(
        self,
        terms: Sequence[str],
        limit: int = 20,
        weights: FieldWeights = NAME_PATH_BODY_HEAD,
        *,
        with_names: bool = True,
    ) -> tuple[SearchHit, ...]:
        """The chunks that match the terms best; `terms` are as `terms.terms` returns them.

        If `with_names` is false, hits have no names: looking up a name takes 0.05 ms.
        """
        frequencies = self._frequencies()
        query = SearchQuery(rarest(terms, frequencies), limit, weights, with_names)
        return self._best_hits(query, frequencies)

    @_unreadable_gives(())
    def search_for_question(
        self, terms: Sequence[str], limit: int, among: Among, around: Sequence[Frequencies] = ()
    ) -> tuple[SearchHit, ...]:
        """As `search`, but patient, among pages of documentation, or among everything else.

        `around` are the counts of other indexes that are searched for the same question.
        """
        frequencies = self._frequencies()
        terms_chosen = rarest(terms, frequencies, patient=True)
        query = SearchQuery(terms_chosen, limit, NAME_PATH_BODY_HEAD, among=among)
        return self._best_hits(query, frequencies, around)

    def _best_hits(
        self, query: SearchQuery, frequencies: Frequencies, around: Sequence[Frequencies] = ()
    ) -> tuple[SearchHit, ...]:
        from assist_context.index import ranking  # noqa: PLC0415  (numpy, 0.1 s; facts need none of it)

        return tuple(ranking.search(self._connection(), query, frequencies, around))

    @_unreadable_gives(())
    def holders(self, terms: Sequence[str], limit: int) -> tuple[str, ...]:
        """Files with a chunk that has all of these terms, in no order. It is faster than `search`."""
        terms_chosen = [term for term in dict.fromkeys(terms) if term.isalnum()]
        if not terms_chosen:
            return ()
        rows = self._rows(_HOLDERS, " ".join(f'"{term}"' for term in terms_chosen), limit)
        return tuple(os.fsdecode(path) for (path,) in rows)

    @_unreadable_gives(None)
    def counts(self) -> Frequencies | None:
        """In how many chunks each term is; None while there is nothing to read."""
        return self._frequencies()

    @_unreadable_gives(0)
    def rarity(self, term: str) -> int:
        """In how many chunks a term occurs; 0 also for a term that appeared recently."""
        return self._frequencies().terms.get(term, 0)

    @_unreadable_gives(())
    def list_without_outline(self) -> tuple[tuple[str, str, str], ...]:
        """The files that are searched by their words alone: path, language and why."""
        rows = self._rows(_WITHOUT_OUTLINE, PARSED)
        return tuple((os.fsdecode(path), language, why) for path, language, why in rows)

    def status(self) -> IndexStatus:
        """The state of the index, for people."""
        return self._read_status() or IndexStatus(bytes=read_size(self._path), problem=self._problem)

    @_unreadable_gives(None)
    def _read_status(self) -> IndexStatus | None:
        return index_status(self._connection(), self._path)

    def close(self) -> None:
        """Closes the database; the next query opens it again."""
        if self._db is not None:
            self._db.close()
        self._db = None
        self._counted = None

    def _rows(self, sql: str, *values: object) -> list[Any]:
        return self._connection().execute(sql, values).fetchall()

    def _connection(self) -> Connection:
        """The database as it is now. Raises _NoIndex."""
        try:
            status = os.stat(self._path)
        except OSError as error:
            self.close()
            self._problem = f"{self._path}: there is no index yet"
            raise _NoIndex from error
        if self._db is None or self._identity != (status.st_dev, status.st_ino):
            self.close()
            self._db = open_read(self._path)
            self._identity = (status.st_dev, status.st_ino)
            self._opened += 1
            self._problem = (
                "" if self._db else f"{self._path}: damaged or of another version; it will be rebuilt"
            )
        if self._db is None:
            raise _NoIndex
        return self._db

    def _give_up(self, error: Exception, damage: bool) -> None:
        self._problem = f"{self._path}: {error}"
        self.close()
        if damage:
            mark_damaged(self._path)

    def _frequencies(self) -> Frequencies:
        db = self._connection()
        frequencies = self._counted
        if frequencies is None or abs(newest(db) - frequencies.last) > RECOUNT * frequencies.last:
            from assist_context.index import ranking  # noqa: PLC0415  (numpy)

            frequencies = ranking.frequencies(db)
            self._counted = frequencies
        return frequencies


def _unpack_definitions(
    path: str, data: bytes | None, name: str | None = None, parent: str | None = None
) -> list[IndexedDefinition]:
    names, kinds, starts, lines, heads, parents = unpack_outline(data)
    rows: Iterable[int] = range(len(names))
    for column, value in ((names, name), (parents, parent)):
        if value is not None:  # most callers need only a few rows of an outline
            parent_name = plain(value)
            rows = [row for row in rows if column[row] == parent_name]
    return [
        IndexedDefinition(
            path, names[row], kinds[row], starts[row], starts[row] + lines[row], heads[row], parents[row]
        )
        for row in rows
    ]
