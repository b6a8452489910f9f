"""The questions that the index answers: definitions, references, outlines, words, links between files.

It writes nothing. Without a database, or with one that cannot be read, every answer is empty and
`status` says why: no question is worth an error in an editor.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from assist_context.files.blobs import FileEntry
from assist_context.index import search
from assist_context.index.database import (
    PARSED,
    QUARANTINED,
    WAITING,
    Connection,
    Failure,
    damaged,
    mark,
    open_read,
    size_of,
)
from assist_context.index.encoding import (
    DEFINES,
    KIND_NAMES,
    KINDS,
    number,
    plain,
    qualified,
    unpack_imports,
    unpack_outline,
    unpack_places,
)
from assist_context.index.search import Frequencies, SearchHit, SearchQuery, Weights
from assist_context.syntax.imports import Import

MOST_DEFINED = 10  # files; a name that more of them define does not tell which is meant


@dataclass(frozen=True, slots=True)
class IndexedDefinition:
    """A definition in one file; lines are from 1, `end_line` included, `parent` is qualified."""

    path: str
    name: str
    kind: str
    start_line: int
    end_line: int
    head_lines: int
    parent: str


@dataclass(frozen=True, slots=True)
class ReferenceSite:
    """A reference; `inside` is the qualified name of the definition around it."""

    path: str
    line: int
    inside: str


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of the index. `waiting`: files to be parsed. `quarantined`: (path, why).

    `outlines`: (language, problem, files). `problem`: why nothing can be read, "" if it can.
    """

    files: int = 0
    parsed: int = 0
    waiting: int = 0
    quarantined: tuple[tuple[str, str], ...] = ()
    outlines: tuple[tuple[str, str, int], ...] = ()
    bytes: int = 0
    state: str = ""
    problem: str = ""


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
_IMPORTS = "SELECT imports FROM content WHERE blob = (SELECT blob FROM file WHERE path = ?)"
_FILE = "SELECT hash, size, mtime, kind FROM listed WHERE path = ?"
_LINKS = """
WITH few AS (
    SELECT name, 1.0 / COUNT(*) AS share FROM mention WHERE role = ? GROUP BY name HAVING COUNT(*) <= ?
), pair AS (
    SELECT user.blob AS user, definer.blob AS definer, SUM(share) AS weight
    FROM few JOIN mention definer ON definer.name = few.name AND definer.role = ?
    JOIN mention user ON user.name = few.name AND user.places NOT NULL
    WHERE user.blob != definer.blob GROUP BY 1, 2
)
SELECT used.path, defined.path, weight FROM pair
JOIN file used ON used.blob = user JOIN file defined ON defined.blob = definer
"""
_TOGETHER = (
    "SELECT file.path, weight FROM together JOIN file ON file.id = b"
    " WHERE a = (SELECT id FROM file WHERE path = ?) ORDER BY weight DESC, file.path"
)
_COUNTS = "SELECT state, COUNT(*) FROM listed WHERE kind != ? AND hash != x'' GROUP BY state"
_QUARANTINED = """
SELECT file.path, problem FROM blob CROSS JOIN file ON file.blob = blob.id WHERE state = ? ORDER BY file.path
"""  # CROSS: contents first, of which few are
_OUTLINES = (
    "SELECT language.name, problem, COUNT(*) FROM listed JOIN language ON language.id = language"
    " WHERE state = ? AND problem IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
)


def definitions(db: Connection, name: str, limit: int) -> tuple[IndexedDefinition, ...]:
    """What a name may mean, by path and line."""
    found: list[IndexedDefinition] = []
    for path, packed in db.execute(_NAMED, (number(name), DEFINES, limit)):
        found += _found(os.fsdecode(path), packed, name)
    return tuple(sorted(found, key=lambda each: (each.path, each.start_line))[:limit])


def few_definitions(db: Connection, name: str, most: int) -> tuple[IndexedDefinition, ...] | None:
    """What a name may mean, `None` if there are more than `most`: files are counted, no outline unpacked."""
    (files,) = db.execute(_DEFINERS, (number(name), DEFINES, most + 1)).fetchone()
    found = definitions(db, name, most + 1) if files <= most else ()
    return None if max(files, len(found)) > most else found


def outline(
    db: Connection, path: str, name: str | None = None, parent: str | None = None
) -> tuple[IndexedDefinition, ...]:
    """The definitions of a file, in order; perhaps only those of a name, or of a qualified parent."""
    row = db.execute(_OUTLINE, (os.fsencode(path),)).fetchone()
    return tuple(_found(path, row[0], name, parent)) if row else ()


def _found(
    path: str, packed: bytes | None, name: str | None = None, parent: str | None = None
) -> list[IndexedDefinition]:
    names, kinds, starts, lines, heads, parents = unpack_outline(packed)
    places: Iterable[int] = range(len(names))
    for column, asked in ((names, name), (parents, parent)):
        if asked is not None:  # most of an outline is not asked for
            wanted = plain(asked)
            places = [at for at in places if column[at] == wanted]
    return [
        IndexedDefinition(
            path, names[at], kinds[at], starts[at], starts[at] + lines[at], heads[at], parents[at]
        )
        for at in places
    ]


def references(db: Connection, name: str, limit: int) -> tuple[ReferenceSite, ...]:
    """Where a name is called or used as a type, by path and line."""
    places: list[ReferenceSite] = []
    for path, packed, outline in db.execute(_REFERENCES, (number(name),)):
        where = os.fsdecode(path)
        places += [
            ReferenceSite(where, line, qualified(outline, inside)) for line, inside in unpack_places(packed)
        ]
        if len(places) >= limit:
            break
    return tuple(places[:limit])


def imports(db: Connection, path: str) -> tuple[Import, ...]:
    """What a file imports, in order."""
    row = db.execute(_IMPORTS, (os.fsencode(path),)).fetchone()
    return unpack_imports(row[0]) if row else ()


def file(db: Connection, path: str) -> FileEntry | None:
    """A file as it was listed."""
    row = db.execute(_FILE, (os.fsencode(path),)).fetchone()
    return FileEntry(path, row[0].hex(), row[1], row[2], KIND_NAMES[row[3]]) if row else None


def files(db: Connection) -> tuple[str, ...]:
    """All paths, in order of their bytes."""
    return tuple(os.fsdecode(row[0]) for row in db.execute("SELECT path FROM file ORDER BY path"))


def latest(db: Connection, suffixes: Sequence[str], most: int) -> tuple[str, ...]:
    """The files with one of these endings that were changed last, the newest first."""
    ends = tuple(map(os.fsencode, suffixes))
    rows = db.execute("SELECT path FROM file ORDER BY mtime DESC, path")
    return tuple(islice((os.fsdecode(row[0]) for row in rows if row[0].endswith(ends)), most))


def links(db: Connection) -> Iterator[tuple[str, str, float]]:
    """(referring path, defining path, weight): for each shared name 1, divided among those who define it."""
    for user, definer, weight in db.execute(_LINKS, (DEFINES, MOST_DEFINED, DEFINES)):
        yield os.fsdecode(user), os.fsdecode(definer), weight


def together(db: Connection, path: str) -> tuple[tuple[str, float], ...]:
    """The files that change together with one, the closest first."""
    return tuple(
        (os.fsdecode(other), weight) for other, weight in db.execute(_TOGETHER, (os.fsencode(path),))
    )


def status(db: Connection, path: str) -> IndexStatus:
    """The state of the index at `path`."""
    counts = dict(db.execute(_COUNTS, (KINDS["binary"],)).fetchall())
    state = db.execute("SELECT value FROM meta WHERE key = 'note.state'").fetchone()
    return IndexStatus(
        files=db.execute("SELECT COUNT(*) FROM file").fetchone()[0],
        parsed=counts.get(PARSED, 0),
        waiting=counts.get(WAITING, 0),
        quarantined=tuple((os.fsdecode(of), why) for of, why in db.execute(_QUARANTINED, (QUARANTINED,))),
        outlines=tuple(db.execute(_OUTLINES, (PARSED,)).fetchall()),
        bytes=size_of(path),
        state=str(state[0]) if state else "",
    )


# Without the signature MRR@10 of docstrings that look for their functions is lower by 0.017 to 0.022.
NAME_PATH_BODY_HEAD: Weights = (4.0, 2.0, 1.0, 2.0)
RECOUNT = 0.25  # of the chunks come or gone, and the terms are counted again

_Answer = TypeVar("_Answer")


class IndexReader:
    """One reader, for one thread at a time. It notices a new database in the old one's place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._db: Connection | None = None
        self._file = (0, 0)
        self._opened = 0
        self._problem = ""
        self._known: Frequencies | None = None
        self._paths: tuple[int, tuple[str, ...]] = (-1, ())

    def generation(self) -> int:
        """Another number whenever something was written; 0 while there is nothing to read."""

        def answer(db: Connection) -> int:
            version = int(db.execute("PRAGMA data_version").fetchone()[0])
            return (self._opened << 32) + version

        return self._ask(answer, 0)

    def definitions(self, name: str, limit: int = 50) -> tuple[IndexedDefinition, ...]:
        """What a name may mean, by path and line."""
        return self._ask(lambda db: definitions(db, name, limit), ())

    def few_definitions(self, name: str, most: int) -> tuple[IndexedDefinition, ...] | None:
        """What a name may mean, `None` if there are more than `most`."""
        empty: tuple[IndexedDefinition, ...] | None = ()
        return self._ask(lambda db: few_definitions(db, name, most), empty)

    def outline(
        self, path: str, name: str | None = None, parent: str | None = None
    ) -> tuple[IndexedDefinition, ...]:
        """The definitions of a file, in order; perhaps only those of a name, or of a qualified parent."""
        return self._ask(lambda db: outline(db, path, name, parent), ())

    def references(self, name: str, limit: int = 200) -> tuple[ReferenceSite, ...]:
        """Where a name is called or used as a type, by path and line."""
        return self._ask(lambda db: references(db, name, limit), ())

    def imports(self, path: str) -> tuple[Import, ...]:
        """What a file imports, in order."""
        return self._ask(lambda db: imports(db, path), ())

    def file(self, path: str) -> FileEntry | None:
        """A file as it was listed, `None` if it was not."""
        return self._ask(lambda db: file(db, path), None)

    def files(self) -> tuple[str, ...]:
        """All paths, in order of their bytes; read again only when something was written."""
        generation = self.generation()
        if self._paths[0] != generation:
            self._paths = generation, self._ask(files, ())
        return self._paths[1]

    def latest(self, suffixes: Sequence[str], most: int) -> tuple[str, ...]:
        """The files with one of these endings that were changed last, the newest first."""
        return self._ask(lambda db: latest(db, suffixes, most), ())

    def search(
        self,
        terms: Sequence[str],
        limit: int = 20,
        weights: Weights = NAME_PATH_BODY_HEAD,
        without: str = "",
        *,
        patient: bool = False,
        named: bool = True,
    ) -> tuple[SearchHit, ...]:
        """The chunks that fit terms best, as `terms.terms` gives them, but none of the path `without`.

        `patient`: for a question, whose common words count too; it takes some times as long.
        Hits that are not `named` have no names: a name takes 0.05 ms.
        """

        def answer(db: Connection) -> tuple[SearchHit, ...]:
            known = self._frequencies(db)
            chosen = search.rarest(terms, known, patient=patient)
            query = SearchQuery(chosen, limit, weights, without, named)
            return tuple(search.search(db, query, known))

        return self._ask(answer, ())

    def rarity(self, term: str) -> int:
        """In how many chunks a term is; 0 also for one that came up lately."""
        return self._ask(lambda db: self._frequencies(db).terms.get(term, 0), 0)

    def links(self) -> Iterator[tuple[str, str, float]]:
        """(referring path, defining path, weight): for each name 1, divided among those who define it."""
        found: tuple[tuple[str, str, float], ...] = self._ask(lambda db: tuple(links(db)), ())
        return iter(found)

    def together(self, path: str) -> tuple[tuple[str, float], ...]:
        """The files that change together with one, the closest first."""
        return self._ask(lambda db: together(db, path), ())

    def status(self) -> IndexStatus:
        """The state of the index, as people ask for it."""
        found = self._ask(lambda db: status(db, self._path), None)
        return found or IndexStatus(bytes=size_of(self._path), problem=self._problem)

    def close(self) -> None:
        """Ends it; the next question opens it again."""
        if self._db is not None:
            self._db.close()
        self._db = None
        self._known = None

    def _ask(self, question: Callable[[Connection], _Answer], empty: _Answer) -> _Answer:
        try:
            db = self._current()
            return empty if db is None else question(db)
        except Failure as error:
            self._give_up(error, damage=damaged(error))
        except UnicodeEncodeError:
            pass  # a path or name that no file system and no source can have
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self._give_up(error, damage=True)  # a row that nobody wrote so
        return empty

    def _current(self) -> Connection | None:
        try:
            status = os.stat(self._path)
        except OSError:
            self.close()
            self._problem = f"{self._path}: there is no index yet"
            return None
        if self._db is None or self._file != (status.st_dev, status.st_ino):
            self.close()
            self._db = open_read(self._path)
            self._file = (status.st_dev, status.st_ino)
            self._opened += 1
            self._problem = (
                "" if self._db else f"{self._path}: damaged or of another version; it is made again"
            )
        return self._db

    def _give_up(self, error: Exception, damage: bool) -> None:
        self._problem = f"{self._path}: {error}"
        self.close()
        if damage:
            mark(self._path)

    def _frequencies(self, db: Connection) -> Frequencies:
        known = self._known
        if known is None or abs(search.newest(db) - known.last) > RECOUNT * known.last:
            self._known = known = search.frequencies(db)
        return known
