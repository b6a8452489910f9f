"""The outlines of one version of a package, in one SQLite file that all workspaces of a user share.

A file that is damaged, or was made by another version of this code, is deleted and made again. An outline
counts only while the module's file has the size that it was made from: people do change installed files.
Several processes may write the same file; what they write is the same.
"""

import hashlib
import os
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from functools import cache
from importlib import resources
from urllib.parse import quote

from assist_types.libraries.installed import InstalledModule
from assist_types.libraries.module_outline import ModuleOutline, from_bytes, to_bytes

END = ".sqlite"
BUSY_S = 2.0
_TABLE = "CREATE TABLE module(name TEXT PRIMARY KEY, size INTEGER, outline BLOB) WITHOUT ROWID"


def library_file(data: str, module: InstalledModule) -> str:
    """Return the file of the outlines of a module's package, below a folder."""
    version = re.sub(r"[^\w.+-]", "_", module.version)[:60] or "0"
    package = re.sub(r"[^\w.@+-]", "_", module.package)[:80]
    key = hashlib.sha256(f"{module.package}\0{module.version}".encode()).hexdigest()[:8]
    return os.path.join(data, module.kind, f"{package}-{version}-{key}{END}")


def read_outline(data: str, module: InstalledModule) -> ModuleOutline | None:
    """The outline of a module, None if there is none that counts. Damage counts as none."""
    path = library_file(data, module)
    if not os.path.isfile(path):
        return None
    try:
        with closing(sqlite3.connect(f"file:{quote(path)}?mode=ro", BUSY_S, uri=True)) as db:
            if db.execute("PRAGMA user_version").fetchone() != (code_version(),):
                return None
            row = db.execute("SELECT size, outline FROM module WHERE name = ?", (module.name,)).fetchone()
            if row is None or row[0] != os.path.getsize(module.file):
                return None
            return from_bytes(row[1])
    except (sqlite3.Error, OSError, ValueError, TypeError):
        return None


def write_outlines(data: str, outlines: list[tuple[InstalledModule, int, ModuleOutline]]) -> None:
    """Writes outlines of modules of one package, each with the size of its file. Raises OSError."""
    path = library_file(data, outlines[0][0])
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    rows = [(module.name, size, to_bytes(outline)) for module, size, outline in outlines]
    for fresh in (False, True):
        if fresh:
            with suppress(FileNotFoundError):
                os.unlink(path)
        try:
            with closing(_open(path)) as db:
                db.executemany("INSERT OR REPLACE INTO module VALUES (?, ?, ?)", rows)
                db.execute("COMMIT")
                return
        except sqlite3.OperationalError as error:  # locked, full, not writable: a new file would not help
            if "no such table" not in str(error) and "malformed" not in str(error):
                raise OSError(f"{path}: {error}") from error
        except sqlite3.DatabaseError:
            continue


def _open(path: str) -> sqlite3.Connection:
    """The database in a transaction, empty if it is new or of another version."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    db = sqlite3.connect(path, BUSY_S, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous = OFF")  # it can be made again
        db.execute("BEGIN IMMEDIATE")
        if db.execute("PRAGMA user_version").fetchone() != (code_version(),):
            db.execute("DROP TABLE IF EXISTS module")
            db.execute(_TABLE)
            db.execute(f"PRAGMA user_version = {code_version()}")
    except sqlite3.Error:
        db.close()
        raise
    return db


@cache
def code_version() -> int:
    """Changes whenever an outline may be another one: with this wing and with `syntax`."""
    total = 0
    for folder in (resources.files(__package__), resources.files("assist_context.code")):
        for file in sorted(folder.iterdir(), key=lambda file: file.name):
            if file.name.endswith(".py"):
                total = zlib.crc32(file.read_bytes(), total)
    return total & 0x7FFFFFFF


def library_files(data: str) -> Iterator[tuple[str, os.stat_result]]:
    """The databases of all packages, with their state on the disk."""
    for folder in ("python", "node", "go"):
        with suppress(OSError), os.scandir(os.path.join(data, folder)) as listed:
            for entry in listed:
                if entry.name.endswith(END):
                    with suppress(OSError):
                        yield entry.path, entry.stat(follow_symlinks=False)


def prune(data: str, now: float, most_bytes: int, most_packages: int, most_age_s: float) -> int:
    """Deletes what is too old, then the oldest above the limits; how many were deleted."""
    files = sorted(library_files(data), key=lambda file: file[1].st_mtime, reverse=True)
    total = 0
    deleted = 0
    for count, (path, state) in enumerate(files, 1):
        total += state.st_size
        if total > most_bytes or count > most_packages or state.st_mtime < now - most_age_s:
            with suppress(OSError):
                os.unlink(path)
                deleted += 1
    return deleted
