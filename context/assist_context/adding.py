"""What one content gave, as rows: names once each, definitions, references, chunks and their words.

It writes within the caller's transaction. Which contents are wanted it is told.
"""

from collections.abc import Iterable, Mapping
from itertools import chain
from operator import itemgetter

from assist_context.database import Connection
from assist_context.parsed import Parsed, Piece, Row
from assist_context.removing import PARSED
from assist_context.rows import HEAD, MOST_DEFINITIONS, NAME, pack_imports, plain
from assist_context.varints import pack

MOST_NAMES = 200_000  # whose ids are kept in RAM, about 20 MB
ASKED = 500  # names in one question; SQLite takes 999 values where it is old

_KNOWN = "SELECT name, id FROM name WHERE name IN (?)"
_PARSED = """
UPDATE blob SET state = ?, lines = ?, problem = ?, imports = ?, names = ?, chunk = ?, chunks = ? WHERE id = ?
"""


class Names:
    """The ids of names that were written or looked up; void once a transaction failed or names went."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._ids: dict[str, int] = {}

    def ids(self, names: Iterable[str]) -> Mapping[str, int]:
        """The ids of these names, and perhaps of others; names that are new are written.

        All of a content at once: one by one, to look up and to write took a third of an index's time.
        """
        asked = dict.fromkeys(names)
        if len(self._ids) + len(asked) > MOST_NAMES:
            self._ids.clear()
        missing = {name: plain(name) for name in asked if name not in self._ids}
        written = self._written(list(dict.fromkeys(missing.values()))) if missing else {}
        self._ids.update((name, written[stored]) for name, stored in missing.items())
        return self._ids

    def _written(self, names: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for at in range(0, len(names), ASKED):
            some = names[at : at + ASKED]
            found.update(self._db.execute(_KNOWN.replace("?", ",".join("?" * len(some))), some))
        (last,) = self._db.execute("SELECT COALESCE(MAX(id), 0) FROM name").fetchone()
        new = {name: last + place for place, name in enumerate((n for n in names if n not in found), 1)}
        self._db.executemany("INSERT INTO name(name, id) VALUES (?, ?)", new.items())
        return found | new

    def clear(self) -> None:
        self._ids.clear()


def add(db: Connection, names: Names, blob: int, parsed: Parsed) -> None:
    """Writes what the content of the row `blob` gave."""
    rows = parsed.definitions[:MOST_DEFINITIONS]
    spoken = ((row.name, row.kind, row.parent) if row.parent else (row.name, row.kind) for row in rows)
    ids = names.ids(chain(chain.from_iterable(spoken), map(itemgetter(0), parsed.references)))
    db.executemany("INSERT INTO definition VALUES (?, ?, ?, ?, ?, ?, ?)", _definitions(ids, blob, rows))
    places = {ids[name]: (blob, each) for name, each in parsed.references}
    order = sorted(places)
    db.executemany("INSERT INTO reference VALUES (?, ?, ?)", [(name, *places[name]) for name in order])
    (first,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM chunk").fetchone()
    _add_chunks(db, blob, rows, parsed.chunks, first)
    gaps = pack(after - before for before, after in zip([0, *order], order, strict=False))
    imports, problem = pack_imports(parsed.imports), plain(parsed.problem) or None
    db.execute(_PARSED, (PARSED, parsed.lines, problem, imports, gaps, first, len(parsed.chunks), blob))


def _definitions(ids: Mapping[str, int], blob: int, rows: tuple[Row, ...]) -> list[tuple[int | None, ...]]:
    return [
        (
            (blob << 16) + place,
            ids[row.name],
            ids[row.kind],
            row.start_line,
            row.end_line - row.start_line,
            row.head_lines,
            ids[row.parent] if row.parent else None,
        )
        for place, row in enumerate(rows)
    ]


def _add_chunks(
    db: Connection, blob: int, rows: tuple[Row, ...], pieces: tuple[Piece, ...], first: int
) -> None:
    """Writes the chunks under the ids from `first` on, which `removing` counts on."""
    places: dict[str, int] = {}
    for place, row in enumerate(rows):
        places.setdefault(f"{row.parent}.{row.name}" if row.parent else row.name, place)
    chunks, words = [], []
    for at, (start, end, name, terms, named, headed) in enumerate(pieces, first):
        counts = [each.count(" ") + 1 if each else 0 for each in (terms, named, headed)]
        chunks.append((at, blob, start, end - start, places.get(name), *counts))
        words.append((at, plain(terms) + _marked(NAME, named) + _marked(HEAD, headed)))
    db.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?, ?)", chunks)
    db.executemany("INSERT INTO words(rowid, terms) VALUES (?, ?)", words)


def _marked(mark: str, terms: str) -> str:
    """Terms of a field of their own, behind others."""
    return f" {mark}{plain(terms).replace(' ', ' ' + mark)}" if terms else ""
