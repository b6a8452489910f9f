"""The index's file: its schema, how it is opened, its state, and what happens to a damaged one.

There is one SQLite file for each workspace folder, in WAL mode, and this module is the package's only door to
sqlite3. A file that is damaged or of another version is built again, never repaired: everything in it can be
read from the sources again. Apart from its status, this module does not know what the rows mean.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from assist_context.index.encoding import KINDS

WAITING, PARSED, QUARANTINED = 0, 1, 2  # the states of a content
Connection = sqlite3.Connection
Failure = sqlite3.Error
Damage = sqlite3.DatabaseError  # also raised for rows that contradict each other

VERSION = sqlite3.sqlite_version  # of SQLite
SEARCHABLE = sqlite3.sqlite_version_info >= (3, 43)  # since then, FTS5 can delete a row without its text
SCHEMA = 4  # increased with every change below
BUSY_MS = 2_000
WAL_BYTES = 8_000_000  # the size that an empty log file keeps
CACHE_KB = 16_000  # mentions are written in random order: with SQLite's 2,000, writing takes 6 % longer
MARK = ".damaged"  # suffix of the file that a reader puts next to a damaged database

# Without positions and counts, the word list takes 8 % of the source, with them 37 %. Only the ranking by
# FTS5's own BM25 would need them, and it finds no more (MRR@10 0.29 with, 0.29 without).
_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE language(id INTEGER PRIMARY KEY, name TEXT UNIQUE);
-- state: 0 not parsed yet, 1 parsed, 2 quarantined. path and seen: the path that left it last, and when.
CREATE TABLE blob(id INTEGER PRIMARY KEY, hash BLOB, language INTEGER, state INTEGER, problem TEXT, path BLOB,
    seen INTEGER);
CREATE UNIQUE INDEX blob_hash ON blob(hash, language);
CREATE INDEX blob_waiting ON blob(id) WHERE state = 0;
CREATE TABLE file(id INTEGER PRIMARY KEY, path BLOB UNIQUE, blob INTEGER, size INTEGER, mtime INTEGER,
    kind INTEGER);
CREATE INDEX file_blob ON file(blob);
-- What a parsed blob gave, packed by `encoding`; `chunk` is the number of its first chunk. Apart from `blob`,
-- which is read whole at every start.
CREATE TABLE content(blob INTEGER PRIMARY KEY, chunk INTEGER, chunks BLOB, imports BLOB, outline BLOB);
CREATE INDEX content_chunk ON content(chunk);
-- name: its number, by `encoding.number`. role: 0 where the blob defines it, 1 where it only refers to it.
CREATE TABLE mention(name INTEGER, role INTEGER, blob INTEGER, places BLOB, PRIMARY KEY(name, role, blob))
    WITHOUT ROWID;
CREATE VIEW listed AS SELECT file.id, file.path, hash, size, mtime, kind, state, blob, problem, language
    FROM file JOIN blob ON blob.id = file.blob;
CREATE VIEW dead AS SELECT * FROM blob WHERE NOT EXISTS (SELECT 1 FROM file WHERE file.blob = blob.id);
CREATE VIRTUAL TABLE words USING fts5(terms, content='', detail=none, tokenize='ascii', contentless_delete=1);
CREATE VIRTUAL TABLE paths USING fts5(terms, content='', detail=none, tokenize='ascii', contentless_delete=1);
"""
_SHAPE = "SELECT name, sql FROM sqlite_master ORDER BY name"
if not SEARCHABLE:
    _TABLES = _TABLES.replace(", contentless_delete=1", "")

_REMEDIES = {
    0: "If this happens again, delete it; it will be rebuilt.",
    sqlite3.SQLITE_CORRUPT: "It will be rebuilt.",
    sqlite3.SQLITE_NOTADB: "It will be rebuilt.",
    sqlite3.SQLITE_CONSTRAINT: "It will be rebuilt.",
    sqlite3.SQLITE_MISMATCH: "It will be rebuilt.",
    sqlite3.SQLITE_BUSY: "Another program has locked it: end that program.",
    sqlite3.SQLITE_LOCKED: "Another program has locked it: end that program.",
    sqlite3.SQLITE_FULL: "Make room on the disk.",
    sqlite3.SQLITE_IOERR: "Check whether the disk is full or failing.",
    sqlite3.SQLITE_READONLY: "Make the file and its folder writable.",
    sqlite3.SQLITE_PERM: "Make the file and its folder writable.",
    sqlite3.SQLITE_CANTOPEN: "Make the file and its folder writable.",
}

# A broken constraint is damage too: the only writer checks before it inserts.
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH}
_NO_LIST = "invalid fts5 file format"  # a damaged word list; SQLite has no error code for it


class StoreError(Exception):
    """The index cannot be read or written. The message names the file and the remedy."""


def open_write(path: str, version: str) -> Connection:
    """Opens the database at `path` for writing; builds it if it is missing, damaged or of another version."""
    if os.path.isdir(path):
        raise StoreError(f"{path} is a folder. Move it away.")
    try:
        os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}. Make the folder writable.") from error
    if os.path.exists(path + MARK):
        discard(path)
    try:
        return _open(path, version)
    except sqlite3.Error as error:
        if not is_damage(error) and getattr(error, "sqlite_errorcode", 0) != sqlite3.SQLITE_ERROR:
            raise store_error(path, error) from error
    discard(path)
    try:
        return _open(path, version)
    except sqlite3.Error as error:
        raise store_error(path, error) from error


def _open(path: str, version: str) -> Connection:
    try:  # with SQLite's own mode, other users could read it
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}. Make the file and its folder writable.") from error
    db = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute(f"PRAGMA cache_size = {-CACHE_KB}")
        db.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
        (own_version,) = db.execute("PRAGMA user_version").fetchone()
        if own_version == 0 and not db.execute("SELECT 1 FROM sqlite_master").fetchone():
            db.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA};")
            db.execute("INSERT INTO meta VALUES ('version', ?)", (version,))
            db.execute("COMMIT")
        elif own_version != SCHEMA or _version(db) != version:
            raise Damage("of another version")
        if db.execute(_SHAPE).fetchall() != _shape():
            raise Damage("not as it was made")
    except sqlite3.Error:
        db.close()
        raise
    return db


@lru_cache
def _shape() -> list[tuple[str, str | None]]:
    """The list of tables of an intact database."""
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(_TABLES)
        return db.execute(_SHAPE).fetchall()


def _version(db: Connection) -> str:
    row = db.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return str(row[0]) if row else ""


def open_read(path: str) -> Connection | None:
    """Opens the database for reading; `None` if it is missing, damaged or has another schema."""
    if not os.path.isfile(path) or os.path.exists(path + MARK):
        return None
    uri = f"file:{quote(os.path.abspath(path))}?mode=ro"
    db = sqlite3.connect(uri, BUSY_MS / 1000, isolation_level=None, check_same_thread=False, uri=True)
    try:
        if db.execute("PRAGMA user_version").fetchone() == (SCHEMA,):
            return db
    except sqlite3.Error:
        db.close()
        raise
    db.close()
    return None


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether the file is at fault, and not the disk, a lock, a permission or the query."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:  # from this package, or for invalid UTF-8, or because the connection is closed
        return not isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError)
    return (code & 255) in _DAMAGE or _NO_LIST in str(error)


def mark_damaged(path: str) -> None:
    """Records that a reader found damage: the next writer starts from an empty database."""
    with suppress(OSError):
        os.close(os.open(path + MARK, os.O_CREAT | os.O_WRONLY, 0o600))


def discard(path: str) -> None:
    """Deletes the database."""
    for suffix in ("-wal", "-shm", "", MARK):
        try:
            os.unlink(path + suffix)
        except FileNotFoundError:
            continue
        except OSError as error:
            raise StoreError(f"{path}{suffix}: {error.strerror}. Delete it.") from error


@contextmanager
def reporting_errors(db: Connection, path: str) -> Iterator[Connection]:
    """Turns errors into StoreError, deletes a damaged file, and closes the database after any error."""
    with ExitStack() as cleanup:
        cleanup.callback(db.close)
        try:
            if os.path.exists(path + MARK):
                raise Damage("a reader found it damaged")
            yield db
        except sqlite3.Error as error:
            db.close()
            if is_damage(error):
                discard(path)
            raise store_error(path, error) from error
        except UnicodeEncodeError:  # no file system can have such a path
            raise
        except (
            TypeError,
            ValueError,
            LookupError,
            AttributeError,
        ) as error:  # the writer never writes such a row
            db.close()
            discard(path)
            raise StoreError(f"{path}: {error!r}. It will be rebuilt.") from error
        cleanup.pop_all()


@contextmanager
def transaction(db: Connection, path: str) -> Iterator[Connection]:
    """`reporting_errors`, with all or nothing: closing the database rolls back."""
    with reporting_errors(db, path):
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")


def store_error(path: str, error: sqlite3.Error) -> StoreError:
    """Describes an SQLite error with its file and the remedy."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 255
    return StoreError(f"{path}: {error}. {_REMEDIES.get(code, _REMEDIES[0])}")


def read_size(path: str) -> int:
    """Bytes on the disk, the log included."""
    total = 0
    for suffix in ("", "-wal"):
        with suppress(OSError):
            total += os.path.getsize(path + suffix)
    return total


_COUNTS = "SELECT state, COUNT(*) FROM listed WHERE kind != ? AND hash != x'' GROUP BY state"
_QUARANTINED = """
SELECT file.path, problem FROM blob CROSS JOIN file ON file.blob = blob.id WHERE state = ? ORDER BY file.path
"""  # CROSS: contents first, of which few are
_OUTLINES = (
    "SELECT language.name, problem, COUNT(*) FROM listed JOIN language ON language.id = language"
    " WHERE state = ? AND problem IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
)


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """The state of an index. `waiting`: files that are not parsed yet. `quarantined`: (path, reason).

    `outlines`: (language, problem, files). `problem`: why the index cannot be read, "" if it can.
    """

    files: int = 0
    parsed: int = 0
    waiting: int = 0
    quarantined: tuple[tuple[str, str], ...] = ()
    outlines: tuple[tuple[str, str, int], ...] = ()
    bytes: int = 0
    state: str = ""
    problem: str = ""


def index_status(db: Connection, path: str) -> IndexStatus:
    """The state of the index at `path`."""
    counts = dict(db.execute(_COUNTS, (KINDS["binary"],)).fetchall())
    state = db.execute("SELECT value FROM meta WHERE key = 'note.state'").fetchone()
    return IndexStatus(
        files=db.execute("SELECT COUNT(*) FROM file").fetchone()[0],
        parsed=counts.get(PARSED, 0),
        waiting=counts.get(WAITING, 0),
        quarantined=tuple((os.fsdecode(of), why) for of, why in db.execute(_QUARANTINED, (QUARANTINED,))),
        outlines=tuple(db.execute(_OUTLINES, (PARSED,)).fetchall()),
        bytes=read_size(path),
        state=str(state[0]) if state else "",
    )
