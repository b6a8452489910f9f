"""Removes from the index: paths, contents that no path has any more, and the disk space they took.

Rows are removed in one transaction; their space is given back to the disk after it, as SQLite requires. This
module does not decide which contents go, except for the oldest first.
"""

import json
import os
import time
from collections.abc import Callable, Sequence

from assist_context.index.database import (
    PARSED,
    SEARCHABLE,
    WAITING,
    Connection,
    read_size,
    reporting_errors,
    transaction,
)
from assist_context.index.encoding import CHUNK
from assist_context.index.terms import terms

# Each content that lost its last path once, and whether it has none now. `IN dead` would scan every content.
_LEFT = """
SELECT id, path, NOT EXISTS (SELECT 1 FROM file WHERE file.blob = blob.id) FROM blob WHERE path NOT NULL
"""
_CHUNKS = """
SELECT chunk, length(chunks) FROM content WHERE chunk NOT NULL AND blob IN (SELECT value FROM json_each(?))
"""
_DEAD = """
SELECT id, COALESCE(length(chunks), 0) FROM dead LEFT JOIN content ON content.blob = id ORDER BY seen, id
"""


def path_terms(path: bytes) -> str:
    """The search terms of a path."""
    return " ".join(terms(os.fsencode(path).decode("utf-8", "replace")))


def unlink(db: Connection, path: bytes, blob: int) -> None:
    """`path` no longer has the content `blob`; if no other path has it, `path` is stored as its last one."""
    last = "UPDATE blob SET path = ?, seen = ? WHERE id = (SELECT id FROM dead WHERE id = ?)"
    db.execute(last, (path, int(time.time()), blob))


def drop_path(db: Connection, path: bytes, file: int, blob: int) -> None:
    """Removes a path; its content stays."""
    db.execute("DELETE FROM file WHERE id = ?", (file,))
    if SEARCHABLE:
        db.execute("DELETE FROM paths WHERE rowid = ?", (file,))
    else:
        values = (file, path_terms(path))
        db.execute("INSERT INTO paths(paths, rowid, terms) VALUES ('delete', ?, ?)", values)
    unlink(db, path, blob)


def drop_blobs(db: Connection, blobs: Sequence[int]) -> None:
    """Removes contents with all their rows."""
    gone = (json.dumps(blobs),)
    for first, length in db.execute(_CHUNKS, gone).fetchall():
        ids = [(first + offset,) for offset in range(length // CHUNK.size)]
        db.executemany("DELETE FROM words WHERE rowid = ?", ids)
    # This scans all mentions: an index of them by blob would cost space, for a rare operation.
    db.execute("DELETE FROM mention WHERE blob IN (SELECT value FROM json_each(?))", gone)
    db.execute("DELETE FROM content WHERE blob IN (SELECT value FROM json_each(?))", gone)
    db.execute("DELETE FROM blob WHERE id IN (SELECT value FROM json_each(?))", gone)


def drop_parsed(db: Connection) -> None:
    """Removes everything that was parsed; the contents in use wait to be parsed again."""
    db.execute("INSERT INTO words(words) VALUES ('delete-all')")
    db.execute("DELETE FROM mention")
    db.execute("DELETE FROM content")
    db.execute("DELETE FROM blob WHERE id IN (SELECT id FROM dead)")
    db.execute("UPDATE blob SET state = ?, problem = NULL WHERE state = ?", (WAITING, PARSED))


def _sweep(db: Connection) -> None:
    """Removes deleted rows from the word lists for good."""
    db.execute("INSERT INTO words(words) VALUES ('optimize')")
    db.execute("INSERT INTO paths(paths) VALUES ('optimize')")


def forget(db: Connection, path: str, is_excluded: Callable[[str], bool]) -> int:
    """Removes every trace of dead contents whose last path is excluded, down to the bytes in the file."""
    with reporting_errors(db, path):
        rows = db.execute(_LEFT).fetchall()
    excluded_blobs = [(blob, dead) for blob, last, dead in rows if is_excluded(os.fsdecode(last))]
    gone = [blob for blob, dead in excluded_blobs if dead]
    with transaction(db, path):
        if excluded_blobs:
            db.executemany(
                "UPDATE blob SET path = NULL WHERE id = ?", [(blob,) for blob, _ in excluded_blobs]
            )
            if SEARCHABLE:
                drop_blobs(db, gone)
            elif gone:
                drop_parsed(db)
            _sweep(db)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('vacuum', 'due')")
        due = db.execute("SELECT 1 FROM meta WHERE key = 'vacuum'").fetchone()
    if due:
        _give_back(db, path)
        with transaction(db, path):
            db.execute("DELETE FROM meta WHERE key = 'vacuum'")
    return len(gone)


def prune(db: Connection, path: str, cap: int) -> int:
    """Removes dead contents, those that lost their path first, until the file has at most `cap` bytes."""
    count = 0
    if read_size(path) > cap:
        with reporting_errors(db, path):
            _empty_log(db)  # the log alone may have been too large
    while (size := read_size(path)) > cap:
        with transaction(db, path):
            dead = db.execute(_DEAD).fetchall()
            (chunks,) = db.execute("SELECT SUM(length(chunks)) FROM content").fetchone()
            gone = _oldest(dead, (chunks or 0) * (size - cap) / size)
            if not gone:
                break
            if SEARCHABLE:
                drop_blobs(db, gone)
            else:
                drop_parsed(db)
            _sweep(db)
        _give_back(db, path)
        count += len(gone)
    return count


def _oldest(dead: Sequence[tuple[int, int]], chunks: float) -> list[int]:
    """The first of (content, its chunks) that have so many chunks together; bytes grow with chunks."""
    gone = []
    for blob, count in dead:
        gone.append(blob)
        chunks -= count
        if chunks <= 0:
            break
    return gone


def _give_back(db: Connection, path: str) -> None:
    """Returns the space of deleted rows to the disk.

    That includes space inside used pages, because mentions are not sorted by blob.
    """
    with reporting_errors(db, path):
        db.execute("VACUUM")
        _empty_log(db)


def _empty_log(db: Connection) -> None:
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
