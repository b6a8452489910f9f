"""The ledger's file: how it is created, opened and written to, and what the user is told if that fails.

It is one SQLite file in WAL mode, and this is the only module that imports sqlite3. The file holds what was
spent, so no code here ever repairs, replaces or deletes a damaged one: anything unexpected is an error, and
only the user moves the file away. This module does not know what the rows mean.
"""

import errno
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from assist_context import durable_files
from assist_escalation.errors import EscalationError

LedgerConnection = sqlite3.Connection

VERSION = 1  # raise it with every change to the tables, and `user_version` there
# A write takes 4 to 20 ms, most of it for the disk. SQLite's lock is not a queue: when 64 processes shared
# a tenth of a core and all reserved at once, 99 % of the calls finished within 4 s, and the last in 14 s.
WAIT_S = 20.0

# `micro` is what a request counts as: its reservation, until `state` says otherwise.
# The checks are for a file that another program wrote to: wrong rows are an error, and never a budget.
_TABLES = """
BEGIN;
CREATE TABLE clock(latest REAL NOT NULL CHECK (typeof(latest) = 'real'));
CREATE TABLE request(
    id TEXT PRIMARY KEY,
    at REAL NOT NULL,
    day INTEGER NOT NULL CHECK (typeof(day) = 'integer'),
    repo TEXT NOT NULL,
    user TEXT NOT NULL,
    command TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('reserved', 'settled', 'reconciled', 'released')),
    reserved INTEGER NOT NULL CHECK (typeof(reserved) = 'integer' AND reserved >= 0),
    micro INTEGER NOT NULL CHECK (typeof(micro) = 'integer' AND micro >= 0),
    input INTEGER NOT NULL DEFAULT 0,
    cache_read INTEGER NOT NULL DEFAULT 0,
    cache_write INTEGER NOT NULL DEFAULT 0,
    output INTEGER NOT NULL DEFAULT 0,
    estimated INTEGER NOT NULL DEFAULT 1,
    finish TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
CREATE INDEX request_repo ON request(day, repo, micro);
CREATE INDEX request_user ON request(day, user, micro);
CREATE INDEX request_open ON request(at) WHERE state = 'reserved';
INSERT INTO clock VALUES (0.0);
PRAGMA user_version = 1;
COMMIT;
"""

_ASIDE = (
    "It records what was spent, so assist never replaces it: move it, and the files of the same name that "
    "end in -wal and -shm, to another place. An empty ledger is then created, with today's whole budget."
)
_WRITABLE = "Make the file and its folder writable for you."
_REMEDIES = {
    sqlite3.SQLITE_BUSY: "Another program has locked it: end that program, or try again.",
    sqlite3.SQLITE_LOCKED: "Another program has locked it: end that program, or try again.",
    sqlite3.SQLITE_PROTOCOL: "Another program has locked it: end that program, or try again.",
    sqlite3.SQLITE_FULL: "Make room on the disk.",
    sqlite3.SQLITE_IOERR: "Check whether the disk is full or failing.",
    sqlite3.SQLITE_READONLY: _WRITABLE,
    sqlite3.SQLITE_PERM: _WRITABLE,
    sqlite3.SQLITE_CANTOPEN: _WRITABLE,
    sqlite3.SQLITE_NOMEM: "Free some memory.",
}


class LedgerError(EscalationError):
    """The ledger cannot be read or written, so nothing may be sent. The message has the file and a remedy."""


@contextmanager
def write_transaction(path: Path, wait_s: float = WAIT_S) -> Iterator[LedgerConnection]:
    """An exclusive transaction on the newest rows. Its end puts them on the disk.

    It creates the file if there is none. An exception inside rolls everything back. Raises `LedgerError`.
    """
    _make(path)
    with _map_errors(path), closing(_open(path, wait_s)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")  # to close without it is to roll back


@contextmanager
def read_transaction(path: Path, wait_s: float = WAIT_S) -> Iterator[LedgerConnection]:
    """A consistent view of the rows. Without a file there are none, and none is created. `LedgerError`."""
    with _map_errors(path), closing(_open(path, wait_s) if _exists(path) else _empty()) as db:
        db.execute("BEGIN")
        yield db


class LedgerAnchor:
    """A connection that no transaction uses, for a process that reserves often; several threads may share it.

    When the last connection to a file closes, SQLite moves all rows from the WAL file into the ledger, with
    four more writes to the disk: a reservation then takes 32 ms, and 9 ms next to this one (two busy cores).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._held: tuple[tuple[int, int], LedgerConnection] | None = None

    def hold(self) -> None:
        """Hold the file that is there now; an older, moved file is let go. Never raises."""
        with self._lock, suppress(OSError, sqlite3.Error, LedgerError):
            facts = self._path.stat()
            there = (facts.st_dev, facts.st_ino)
            if self._held is None or self._held[0] != there:
                self._let_go()
                self._held = (there, _open(self._path, 0))

    def close(self) -> None:
        """Let the file go."""
        with self._lock:
            self._let_go()

    def _let_go(self) -> None:
        if self._held is not None:
            self._held[1].close()
            self._held = None


def _open(path: Path, wait_s: float) -> LedgerConnection:
    # Opened for each use, so that nothing is written to a ledger that was moved away, or shared over a fork.
    # rw: SQLite itself would create a missing file that everyone can read.
    uri = f"file:{quote(str(path.absolute()))}?mode=rw"
    # Each connection has one user at a time; that of `LedgerAnchor` may be closed by another thread.
    db = sqlite3.connect(uri, timeout=wait_s, isolation_level=None, uri=True, check_same_thread=False)
    try:
        db.execute("PRAGMA synchronous = FULL")  # a reservation survives a loss of power
        db.execute("PRAGMA cell_size_check = ON")
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if version != VERSION:  # 0: an empty file, which this module never leaves
            raise LedgerError(
                f"{path} is not a ledger that this version knows ({version}, not {VERSION}). {_ASIDE}"
            )
    except (sqlite3.Error, LedgerError):
        db.close()
        raise
    return db


def _empty() -> LedgerConnection:
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(_TABLES)
    return db


def _exists(path: Path) -> bool:
    """Return whether there is a ledger. A WAL file without its ledger means that rows were lost: an error."""
    try:
        # The WAL file first: a ledger that is created meanwhile exists before its WAL file.
        if os.path.lexists(f"{path}-wal") and not os.path.lexists(path):
            raise LedgerError(f"{path} is gone, but {path}-wal is not: restore the first or move both.")
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _os_failure(path, error) from error
    return True


def _make(path: Path) -> None:
    """Create an empty ledger at `path` if there is none. It appears complete, whoever else creates one."""
    if _exists(path):
        return
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(".new", f"{path.name}.", path.parent)  # mode 0600
        os.close(handle)
    except OSError as error:
        raise _os_failure(path, error) from error
    with _map_errors(path):
        try:
            with closing(sqlite3.connect(name, isolation_level=None)) as db:
                if db.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
                    raise LedgerError(f"{path} is on a disk without shared memory. Use a local disk.")
                db.executescript(_TABLES)
            _publish(name, path)
        except OSError as error:
            raise _os_failure(path, error) from error
        finally:
            for suffix in ("", "-wal", "-shm"):
                with suppress(OSError):
                    os.unlink(name + suffix)


def _publish(name: str, path: Path) -> None:
    durable_files.publish(Path(name), path)  # if another process was faster, its ledger is used
    durable_files.sync(path.parent)  # the name must be as durable as the rows


@contextmanager
def _map_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 255
        # If it is no lock, disk or permission, the file is at fault: it holds what we never write.
        raise LedgerError(f"{path}: {error}. {_REMEDIES.get(code, _ASIDE)}") from error


def _os_failure(path: Path, error: OSError) -> LedgerError:
    full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
    return LedgerError(f"{path}: {error.strerror}. {'Make room on the disk.' if full else _WRITABLE}")
