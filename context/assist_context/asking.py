"""The questions of the index in SQL: definitions, references, imports, files, links, its state.

Every function takes an open database and may fail with what SQLite or a damaged row raises; `reading`
is the one that catches it.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assist_context.database import Connection, size_of
from assist_context.discover import Entry
from assist_context.imports import Import
from assist_context.removing import PARSED, QUARANTINED, WAITING
from assist_context.rows import (
    DEFINES,
    KIND_NAMES,
    KINDS,
    number,
    plain,
    unpack_imports,
    unpack_outline,
    unpack_places,
)

MOST_DEFINED = 10  # files; a name that more of them define does not tell which is meant


@dataclass(frozen=True, slots=True)
class Found:
    """A definition in one file; lines are from 1, `end_line` included, `parent` is qualified."""

    path: str
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


def definitions(db: Connection, name: str, limit: int) -> tuple[Found, ...]:
    """What a name may mean, by path and line."""
    found: list[Found] = []
    for path, packed in db.execute(_NAMED, (number(name), DEFINES, limit)):
        found += _found(os.fsdecode(path), packed, name)
    return tuple(sorted(found, key=lambda each: (each.path, each.start_line))[:limit])


def few_definitions(db: Connection, name: str, most: int) -> tuple[Found, ...] | None:
    """What a name may mean, `None` if there are more than `most`: files are counted, no outline unpacked."""
    (files,) = db.execute(_DEFINERS, (number(name), DEFINES, most + 1)).fetchone()
    found = definitions(db, name, most + 1) if files <= most else ()
    return None if max(files, len(found)) > most else found


def outline(
    db: Connection, path: str, name: str | None = None, parent: str | None = None
) -> tuple[Found, ...]:
    """The definitions of a file, in order; perhaps only those of a name, or of a qualified parent."""
    row = db.execute(_OUTLINE, (os.fsencode(path),)).fetchone()
    return tuple(_found(path, row[0], name, parent)) if row else ()


def _found(
    path: str, packed: bytes | None, name: str | None = None, parent: str | None = None
) -> list[Found]:
    names, kinds, starts, lines, heads, parents = unpack_outline(packed)
    places: Iterable[int] = range(len(names))
    for column, asked in ((names, name), (parents, parent)):
        if asked is not None:  # most of an outline is not asked for
            wanted = plain(asked)
            places = [at for at in places if column[at] == wanted]
    return [
        Found(path, names[at], kinds[at], starts[at], starts[at] + lines[at], heads[at], parents[at])
        for at in places
    ]


def qualified(outline: bytes | None, definition: int) -> str:
    """The qualified name of a definition in an outline, "" if it has no such."""
    found = unpack_outline(outline)
    if not 0 <= definition < len(found.names):
        return ""
    name, parent = found.names[definition], found.parents[definition]
    return f"{parent}.{name}" if parent else name


def references(db: Connection, name: str, limit: int) -> tuple[Place, ...]:
    """Where a name is called or used as a type, by path and line."""
    places: list[Place] = []
    for path, packed, outline in db.execute(_REFERENCES, (number(name),)):
        where = os.fsdecode(path)
        places += [Place(where, line, qualified(outline, inside)) for line, inside in unpack_places(packed)]
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
    for user, definer, weight in db.execute(_LINKS, (DEFINES, MOST_DEFINED, DEFINES)):
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
