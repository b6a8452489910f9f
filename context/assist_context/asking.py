"""The questions of the index in SQL: definitions, references, imports, files, links, its state.

Every function takes an open database and may fail with what SQLite or a damaged row raises; `reading`
is the one that catches it.
"""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assist_context.database import Connection, size_of
from assist_context.discover import Entry
from assist_context.imports import Import
from assist_context.removing import PARSED, QUARANTINED, WAITING
from assist_context.rows import KIND_NAMES, KINDS, unpack_imports, unpack_places

MOST_DEFINED = 10  # files; a name that more of them define does not tell which is meant


@dataclass(frozen=True, slots=True)
class Found:
    """A definition in one file, with what `excerpt` wants to know of the file."""

    path: str
    blob: str
    size: int
    mtime_ns: int
    name: str
    kind: str
    start_line: int
    end_line: int
    head_lines: int
    parent: str


@dataclass(frozen=True, slots=True)
class Place:
    """A reference; `inside` is the qualified name of the definition around it."""

    path: str
    line: int
    inside: str


@dataclass(frozen=True, slots=True)
class Status:
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
SELECT path, hash, size, mtime, name, kind, start, lines, head, parent FROM found
WHERE named = (SELECT id FROM name WHERE name = ?) LIMIT ?
"""
_OUTLINE = """
SELECT path, hash, size, mtime, name, kind, start, lines, head, parent FROM found
WHERE id BETWEEN ? AND ? AND path = ? ORDER BY id
"""
_QUALIFIED = (
    "SELECT parents.name, name.name FROM definition JOIN name ON name.id = definition.name"
    " LEFT JOIN name parents ON parents.id = definition.parent WHERE definition.id = ?"
)
_REFERENCES = (
    "SELECT file.path, reference.blob, places FROM reference JOIN file ON file.blob = reference.blob"
    " WHERE reference.name = (SELECT id FROM name WHERE name = ?) ORDER BY file.path"
)
_IMPORTS = "SELECT imports FROM blob WHERE id = (SELECT blob FROM file WHERE path = ?)"
_FILE = "SELECT hash, size, mtime, kind FROM listed WHERE path = ?"
_LINKS = """
WITH definer AS (
    SELECT DISTINCT name, id >> 16 AS blob FROM definition
), few AS (
    SELECT name, 1.0 / COUNT(*) AS share FROM definer GROUP BY name HAVING COUNT(*) <= ?
), pair AS (
    SELECT reference.blob AS user, definer.blob AS definer, SUM(share) AS weight
    FROM few JOIN definer ON definer.name = few.name JOIN reference ON reference.name = few.name
    WHERE reference.blob != definer.blob GROUP BY 1, 2
)
SELECT used.path, defined.path, weight FROM pair
JOIN file used ON used.blob = user JOIN file defined ON defined.blob = definer
"""
_TOGETHER = (
    "SELECT file.path, weight FROM together JOIN file ON file.id = b"
    " WHERE a = (SELECT id FROM file WHERE path = ?) ORDER BY weight DESC, file.path"
)
_COUNTS = "SELECT state, COUNT(*) FROM listed WHERE kind != ? AND hash != x'' GROUP BY state"
_QUARANTINED = "SELECT path, problem FROM listed WHERE state = ? ORDER BY path"
_OUTLINES = (
    "SELECT language.name, problem, COUNT(*) FROM listed JOIN language ON language.id = language"
    " WHERE state = ? AND problem IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
)


def definitions(db: Connection, name: str, limit: int) -> tuple[Found, ...]:
    """What a name may mean, by path and line."""
    found = map(_found, db.execute(_NAMED, (name, limit)))
    return tuple(sorted(found, key=lambda each: (each.path, each.start_line)))


def outline(db: Connection, path: str) -> tuple[Found, ...]:
    """The definitions of a file, in order."""
    row = db.execute("SELECT blob FROM file WHERE path = ?", (os.fsencode(path),)).fetchone()
    if row is None:
        return ()
    first = row[0] << 16
    rows = db.execute(_OUTLINE, (first, first + 65_535, os.fsencode(path)))
    return tuple([_found(row, path) for row in rows])


def _found(
    row: tuple[bytes, bytes, int, int, str, str, int, int, int, str | None], decoded: str = ""
) -> Found:
    """A row as a value; `decoded` is its path where that is known: to decode it took a third of the time."""
    path, blob, size, mtime, name, kind, start, lines, head, parent = row
    where = decoded or os.fsdecode(path)
    return Found(where, blob.hex(), size, mtime, name, kind, start, start + lines, head, parent or "")


def qualified(db: Connection, blob: int, definition: int) -> str:
    """The qualified name of a content's definition, "" if it has no such."""
    row = db.execute(_QUALIFIED, ((blob << 16) + definition,)).fetchone()
    return ".".join(filter(None, row or ()))


def references(db: Connection, name: str, limit: int) -> tuple[Place, ...]:
    """Where a name is called or used as a type, by path and line."""
    places: list[Place] = []
    known: dict[tuple[int, int], str] = {}
    for path, blob, packed in db.execute(_REFERENCES, (name,)).fetchall():
        for line, inside in unpack_places(packed):
            key = (blob, inside)
            if inside >= 0 and key not in known:
                known[key] = qualified(db, blob, inside)
            places.append(Place(os.fsdecode(path), line, known.get(key, "")))
        if len(places) >= limit:
            break
    return tuple(places[:limit])


def imports(db: Connection, path: str) -> tuple[Import, ...]:
    """What a file imports, in order."""
    row = db.execute(_IMPORTS, (os.fsencode(path),)).fetchone()
    return unpack_imports(row[0]) if row else ()


def file(db: Connection, path: str) -> Entry | None:
    """A file as it was listed."""
    row = db.execute(_FILE, (os.fsencode(path),)).fetchone()
    return Entry(path, row[0].hex(), row[1], row[2], KIND_NAMES[row[3]]) if row else None


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
    for user, definer, weight in db.execute(_LINKS, (MOST_DEFINED,)):
        yield os.fsdecode(user), os.fsdecode(definer), weight


def together(db: Connection, path: str) -> tuple[tuple[str, float], ...]:
    """The files that change together with one, the closest first."""
    return tuple(
        (os.fsdecode(other), weight) for other, weight in db.execute(_TOGETHER, (os.fsencode(path),))
    )


def status(db: Connection, path: str) -> Status:
    """The state of the index at `path`."""
    counts = dict(db.execute(_COUNTS, (KINDS["binary"],)).fetchall())
    state = db.execute("SELECT value FROM meta WHERE key = 'note.state'").fetchone()
    return Status(
        files=db.execute("SELECT COUNT(*) FROM file").fetchone()[0],
        parsed=counts.get(PARSED, 0),
        waiting=counts.get(WAITING, 0),
        quarantined=tuple((os.fsdecode(of), why) for of, why in db.execute(_QUARANTINED, (QUARANTINED,))),
        outlines=tuple(db.execute(_OUTLINES, (PARSED,)).fetchall()),
        bytes=size_of(path),
        state=str(state[0]) if state else "",
    )
