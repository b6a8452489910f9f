"""What is taken out of the index: paths, contents that no path means any more, and the room they took.

Rows are taken out in one transaction; giving the room back to the disk comes after it, because SQLite
wants it so. It does not decide which contents go, but for the oldest first.
"""

import os
import time
from collections.abc import Callable, Iterable, Sequence

from assist_context.database import SEARCHABLE, Connection, size_of, telling, transaction
from assist_context.terms import terms
from assist_context.varints import unpack

WAITING, PARSED, QUARANTINED = 0, 1, 2  # the states of a content


def path_terms(path: bytes) -> str:
    """A path as it is searched for."""
    return " ".join(terms(os.fsencode(path).decode("utf-8", "replace")))


def leave(db: Connection, path: bytes, blob: int) -> None:
    """`path` means `blob` no more; if no other does, it is remembered as the last."""
    last = "UPDATE blob SET path = ?, seen = ? WHERE id = (SELECT id FROM dead WHERE id = ?)"
    db.execute(last, (path, int(time.time()), blob))


def drop_path(db: Connection, path: bytes, file: int, blob: int) -> None:
    """Takes out a path; its content stays."""
    db.execute("DELETE FROM file WHERE id = ?", (file,))
    if SEARCHABLE:
        db.execute("DELETE FROM paths WHERE rowid = ?", (file,))
    else:
        values = (file, path_terms(path))
        db.execute("INSERT INTO paths(paths, rowid, terms) VALUES ('delete', ?, ?)", values)
    for (other,) in db.execute("SELECT b FROM together WHERE a = ?", (file,)).fetchall():
        db.execute("DELETE FROM together WHERE a = ? AND b = ?", (other, file))
    db.execute("DELETE FROM together WHERE a = ?", (file,))
    leave(db, path, blob)


def drop_blobs(db: Connection, blobs: Iterable[int]) -> None:
    """Takes out contents with all that they gave."""
    for blob in blobs:
        row = db.execute("SELECT names, chunk, chunks FROM blob WHERE id = ?", (blob,)).fetchone()
        names, chunk, chunks = row or (b"", 0, 0)
        name, pairs = 0, []
        for gap in unpack(names or b""):
            name += gap
            pairs.append((name, blob))
        db.executemany("DELETE FROM reference WHERE name = ? AND blob = ?", pairs)
        db.execute("DELETE FROM definition WHERE id BETWEEN ? AND ?", (blob << 16, (blob << 16) + 65_535))
        if chunks:
            ids = [(each,) for each in range(chunk, chunk + chunks)]
            db.executemany("DELETE FROM words WHERE rowid = ?", ids)
            db.execute("DELETE FROM chunk WHERE id BETWEEN ? AND ?", (chunk, chunk + chunks - 1))
        db.execute("DELETE FROM blob WHERE id = ?", (blob,))


def drop_parsed(db: Connection) -> None:
    """Takes out all that was parsed; the contents that are in use wait to be parsed again."""
    db.execute("INSERT INTO words(words) VALUES ('delete-all')")
    db.execute("DELETE FROM definition")
    db.execute("DELETE FROM reference")
    db.execute("DELETE FROM chunk")
    db.execute("DELETE FROM blob WHERE id IN (SELECT id FROM dead)")
    db.execute(
        "UPDATE blob SET state = ?, problem = NULL, imports = NULL, names = NULL, chunk = NULL, chunks = NULL"
        " WHERE state = ?",
        (WAITING, PARSED),
    )


def _sweep(db: Connection) -> None:
    """Takes out names that nothing has any more, and from the word lists what was deleted."""
    db.execute(
        "DELETE FROM name WHERE id NOT IN (SELECT name FROM definition UNION SELECT kind FROM definition"
        " UNION SELECT parent FROM definition WHERE parent IS NOT NULL UNION SELECT name FROM reference)"
    )
    db.execute("INSERT INTO words(words) VALUES ('optimize')")
    db.execute("INSERT INTO paths(paths) VALUES ('optimize')")


def forget(db: Connection, path: str, excluded: Callable[[str], bool]) -> int:
    """Every trace of dead contents whose last path is excluded, down to the bytes in the file."""
    with telling(db, path):
        rows = db.execute(
            "SELECT id, path, id IN (SELECT id FROM dead) FROM blob WHERE path NOT NULL"
        ).fetchall()
    closed = [(blob, dead) for blob, last, dead in rows if excluded(os.fsdecode(last))]
    gone = [blob for blob, dead in closed if dead]
    with transaction(db, path):
        if closed:
            db.executemany("UPDATE blob SET path = NULL WHERE id = ?", [(blob,) for blob, _ in closed])
            if SEARCHABLE:
                drop_blobs(db, gone)
            elif gone:
                drop_parsed(db)
            _sweep(db)
            db.execute("INSERT OR REPLACE INTO meta VALUES ('vacuum', 'due')")
        due = db.execute("SELECT 1 FROM meta WHERE key = 'vacuum'").fetchone()
    if due:
        with telling(db, path):
            db.execute("VACUUM")  # no setting but this takes deleted bytes out of pages that are in use
            db.execute("DELETE FROM meta WHERE key = 'vacuum'")
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return len(gone)


def prune(db: Connection, path: str, cap: int) -> int:
    """Dead contents, the one that was left longest ago first, until the file has `cap` bytes or less."""
    count = 0
    if size_of(path) > cap:
        _give_back(db, path)  # the log alone may have been too much
    while (size := size_of(path)) > cap:
        with transaction(db, path):
            dead = db.execute("SELECT id, COALESCE(chunks, 0) FROM dead ORDER BY seen, id").fetchall()
            (chunks,) = db.execute("SELECT COUNT(*) FROM chunk").fetchone()
            gone = _oldest(dead, chunks * (size - cap) / size)
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
    """The first of (content, its chunks) that have so many chunks together; the bytes follow the chunks."""
    gone = []
    for blob, its in dead:
        gone.append(blob)
        chunks -= its
        if chunks <= 0:
            break
    return gone


def _give_back(db: Connection, path: str) -> None:
    with telling(db, path):
        db.execute("PRAGMA incremental_vacuum").fetchall()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
