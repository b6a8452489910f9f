"""Writes the index: which paths have which contents, and what was found in each content.

A content is identified by its git blob id and its language. It stays when no path has it any more, so that
a branch switch, a rename or an undo only points to rows that exist already. Every call is one transaction.
This module reads no source file.
"""

import json
import os
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter

from assist_context.files.blobs import FileEntry
from assist_context.files.listing import Listing
from assist_context.index import pruning
from assist_context.index.database import (
    PARSED,
    QUARANTINED,
    WAITING,
    Connection,
    Damage,
    IndexStatus,
    index_status,
    open_write,
    transaction,
)
from assist_context.index.encoding import (
    CHUNK,
    DEFINES,
    HEAD,
    KIND_NAMES,
    KINDS,
    MAX_DEFINITIONS,
    NAME,
    NOWHERE,
    REFERS,
    PackedChunk,
    number,
    pack_chunks,
    pack_imports,
    pack_outline,
    plain,
)
from assist_context.index.extraction import ChunkRow, DefinitionRow, ParsedFile
from assist_context.index.pruning import drop_path, path_terms, unlink
from assist_context.languages import language_of
from assist_context.pages import SECTION

_NEXT = "SELECT chunk + length(chunks) / ? FROM content WHERE chunk NOT NULL ORDER BY chunk DESC LIMIT 1"


def write_content(db: Connection, blob: int, file: ParsedFile) -> None:
    """Writes the rows of the content `blob`."""
    rows = file.definitions[:MAX_DEFINITIONS]
    places = {number(name): data for name, data in file.references}
    numbers = {number(row.name) for row in rows if row.kind != SECTION}  # a heading defines no name
    mentions = [(name, DEFINES, blob, places.get(name)) for name in numbers]
    mentions += [(name, REFERS, blob, data) for name, data in places.items() if name not in numbers]
    mentions.sort(key=itemgetter(0))  # neighbours are in one page of the database
    db.executemany("INSERT INTO mention VALUES (?, ?, ?, ?)", mentions)
    (first,) = db.execute(_NEXT, (CHUNK.size,)).fetchone() or (1,)
    _add_words(db, file.chunks, first)
    chunks = pack_chunks(_chunk_rows(rows, file.chunks))
    values = blob, first if chunks else None, chunks, pack_imports(file.imports), pack_outline(rows)
    db.execute("INSERT OR REPLACE INTO content VALUES (?, ?, ?, ?, ?)", values)
    problem = plain(file.problem) or None
    db.execute("UPDATE blob SET state = ?, problem = ? WHERE id = ?", (PARSED, problem, blob))


def _chunk_rows(rows: Sequence[DefinitionRow], pieces: Sequence[ChunkRow]) -> list[PackedChunk]:
    indexes: dict[str, int] = {}
    for index, row in enumerate(rows):
        indexes.setdefault(row.qualified, index)
    return [
        (start, end - start, indexes.get(name, NOWHERE), _count(terms), _count(name_ids), _count(head))
        for start, end, name, terms, name_ids, head in pieces
    ]


def _count(terms: str) -> int:
    return terms.count(" ") + 1 if terms else 0


def _add_words(db: Connection, pieces: Sequence[ChunkRow], first: int) -> None:
    """Writes the words of chunks, whose numbers start at `first`."""
    words = [
        (at, plain(piece.terms) + _add_mark(NAME, piece.named) + _add_mark(HEAD, piece.headed))
        for at, piece in enumerate(pieces, first)
    ]
    db.executemany("INSERT INTO words(rowid, terms) VALUES (?, ?)", words)


def _add_mark(mark: str, terms: str) -> str:
    """Terms with their field's prefix, to be appended to others."""
    return f" {mark}{plain(terms).replace(' ', ' ' + mark)}" if terms else ""


_LISTED = "SELECT path, hash, size, mtime, kind FROM listed ORDER BY path"
_LISTED_AT = "SELECT path, hash, size, mtime, kind FROM listed WHERE path = ?"
_WANTED = """
SELECT path, hash, size, mtime, kind FROM listed WHERE state = 0 AND kind != ? AND hash != x'' ORDER BY path
"""  # 0 is not a parameter, so that SQLite can use the partial index
_SCAN = "SELECT 1 FROM blob NOT INDEXED WHERE hash = ? AND language = ?"
_OF_PATH = "SELECT path, id, blob FROM file WHERE path = ?"
_BELOW = _OF_PATH + " OR path > ? AND path < ?"
_FILE = "INSERT INTO file(path, blob, size, mtime, kind) VALUES (?, ?, ?, ?, ?) RETURNING id"


@dataclass(frozen=True, slots=True)
class PathChanges:
    """The result of an update of paths: counts of paths, and the entries to parse, by path."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    wanted: tuple[FileEntry, ...] = ()


class IndexWriter:
    """The only writer of one index.

    Every SQLite error leaves as `database.StoreError`. After an error the writer is closed, and a new one may
    be opened: it finds the state before that call.
    """

    def __init__(self, path: str, version: str) -> None:
        self._path = path
        self._db = open_write(path, version)
        self._languages: dict[str, int] = {}
        self._entries: dict[str, FileEntry] | None = None  # of the last listing, while they are up to date
        with transaction(self._db, path) as db:
            self.fresh = not _read_note(db, "listing")  # whether it was empty

    def listing(self) -> Listing | None:
        """The last listing that was applied, with the changes since."""
        with transaction(self._db, self._path) as db:
            note = _read_note(db, "listing")
            if not note:
                return None
            root, skipped_count, git, started_ns = json.loads(note)
            entries = tuple(self._known_entries(db).values())
            return Listing(root, entries, skipped_count, bool(git), started_ns)

    def _known_entries(self, db: Connection) -> dict[str, FileEntry]:
        if self._entries is None:
            self._entries = {entry.path: entry for entry in map(_entry, db.execute(_LISTED))}
        return self._entries

    def apply_listing(self, listing: Listing) -> PathChanges:
        """From now on the folder has these files and no others."""
        with transaction(self._db, self._path) as db:
            old = self._known_entries(db)
            self._entries = {entry.path: entry for entry in listing.entries}
            additions, changes = 0, 0
            for entry in listing.entries:
                row = old.get(entry.path)
                if row is not entry and row != entry:  # nearly always it is the same object
                    additions += row is None
                    changes += row is not None
                    self._link(db, entry)
            gone = [path for path in old if path not in self._entries]
            for path in gone:
                drop_path(db, *db.execute(_OF_PATH, (os.fsencode(path),)).fetchone())
            facts = listing.root, dict(listing.skipped), listing.git, listing.started_ns
            _write_note(db, "listing", json.dumps(facts))
            entries = tuple(map(_entry, db.execute(_WANTED, (KINDS["binary"],))))
            return PathChanges(additions, changes, len(gone), entries)

    def apply_changes(self, entries: Sequence[FileEntry], gone: Sequence[str]) -> PathChanges:
        """Updates these files, and removes the `gone` paths and everything below them; nothing else changes.

        `wanted` contains only entries from `entries`.
        """
        with transaction(self._db, self._path) as db:
            self._entries = None
            removals = sum(_drop_below(db, os.fsencode(path)) for path in gone)
            additions, changes = 0, 0
            missing = []
            for entry in entries:
                row = db.execute(_LISTED_AT, (os.fsencode(entry.path),)).fetchone()
                before = _entry(row) if row else None
                additions += before is None
                changes += before not in (None, entry)
                if self._link(db, entry) == WAITING and entry.kind != "binary" and entry.blob:
                    missing.append(entry)
            missing.sort(key=lambda entry: os.fsencode(entry.path))
            return PathChanges(additions, changes, removals, tuple(missing))

    def add(self, files: Iterable[tuple[str, ParsedFile]]) -> None:
        """Writes parsed contents, by blob id. Contents that no path has any more are left out."""
        with transaction(self._db, self._path) as db:
            for content, parsed_file in files:
                blob, state = self._blob(db, content, parsed_file.language)
                key = bytes.fromhex(content), self._language(db, parsed_file.language)
                if state is None and db.execute(_SCAN, key).fetchone():
                    raise Damage("a content is not in its index")  # it would be parsed again and again
                if state in (WAITING, QUARANTINED):
                    write_content(db, blob, parsed_file)

    def quarantine(self, blob: str, language: str, why: str) -> None:
        """Marks this content not to be parsed again until the version changes."""
        with transaction(self._db, self._path) as db:
            row, _ = self._blob(db, blob, language)
            db.execute("UPDATE blob SET state = ?, problem = ? WHERE id = ?", (QUARANTINED, plain(why), row))

    def forget(self, is_excluded: Callable[[str], bool]) -> int:
        """Removes every trace of contents that no path has, and whose last path is excluded now."""
        return pruning.forget(self._db, self._path, is_excluded)

    def prune(self, cap: int) -> int:
        """Removes contents that no path has, the oldest first, while the file is larger than `cap` bytes."""
        return pruning.prune(self._db, self._path, cap)

    def note(self, key: str, value: str) -> None:
        """Stores a small fact."""
        with transaction(self._db, self._path) as db:
            _write_note(db, "note." + key, value)

    def status(self) -> IndexStatus:
        """The state of the index, for people."""
        with transaction(self._db, self._path) as db:
            return index_status(db, self._path)

    def paths(self) -> Collection[str]:
        """All paths, quick to look up."""
        with transaction(self._db, self._path) as db:
            return self._known_entries(db).keys()

    def close(self) -> None:
        """Closes the database; calling it twice does no harm."""
        self._db.close()

    def _link(self, db: Connection, entry: FileEntry) -> int:
        """Links a path to its content; returns the content's state."""
        path = os.fsencode(entry.path)
        language = language_of(entry.path).name
        blob, state = self._blob(db, entry.blob, language)
        if state is None:
            key = bytes.fromhex(entry.blob), self._language(db, language)
            row = db.execute("INSERT INTO blob(hash, language, state) VALUES (?, ?, 0) RETURNING id", key)
            (blob,) = row.fetchone()
            state = WAITING
        values = blob, entry.size, entry.mtime_ns, KINDS[entry.kind]
        old = db.execute(_OF_PATH, (path,)).fetchone()
        if old is None:
            (file,) = db.execute(_FILE, (path, *values)).fetchone()
            db.execute("INSERT INTO paths(rowid, terms) VALUES (?, ?)", (file, path_terms(path)))
        else:
            _, file, before = old
            update = "UPDATE file SET blob = ?, size = ?, mtime = ?, kind = ? WHERE id = ?"
            db.execute(update, (*values, file))
            if before != blob:
                unlink(db, path, before)
        return state

    def _blob(self, db: Connection, content: str, language: str) -> tuple[int, int | None]:
        """Row and state of a content, (0, None) if it is not known."""
        key = bytes.fromhex(content), self._language(db, language)
        row = db.execute("SELECT id, state FROM blob WHERE hash = ? AND language = ?", key).fetchone()
        return row or (0, None)

    def _language(self, db: Connection, name: str) -> int:
        if name not in self._languages:
            db.execute("INSERT OR IGNORE INTO language(name) VALUES (?)", (name,))
            row = db.execute("SELECT id FROM language WHERE name = ?", (name,)).fetchone()
            self._languages[name] = row[0]
        return self._languages[name]


def _drop_below(db: Connection, path: bytes) -> int:
    rows = db.execute(_BELOW, (path, path + b"/", path + b"0")).fetchall()  # "0" follows "/"
    for row in rows:
        drop_path(db, *row)
    return len(rows)


def _entry(row: tuple[bytes, bytes, int, int, int]) -> FileEntry:
    path, blob, size, mtime_ns, kind = row
    return FileEntry(os.fsdecode(path), blob.hex(), size, mtime_ns, KIND_NAMES[kind])


def _write_note(db: Connection, key: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, plain(value)))


def _read_note(db: Connection, key: str) -> str:
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return str(row[0]) if row else ""
