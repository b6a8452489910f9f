"""What one content gave, as rows: names once each, definitions, references, chunks and their words.

It writes within the caller's transaction. Which contents are wanted it is told.
"""

from assist_context.database import Connection
from assist_context.parsed import Parsed
from assist_context.removing import PARSED
from assist_context.rows import MOST_DEFINITIONS, pack_imports, pack_places, plain
from assist_context.searching import NAME
from assist_context.terms import terms
from assist_context.varints import pack

MOST_NAMES = 200_000  # whose ids are kept in RAM, about 20 MB


class Names:
    """The ids of names that were written or looked up; void once a transaction failed or names went."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._ids: dict[str, int] = {}

    def id(self, name: str) -> int:
        """The id of a name, which is written if it is new."""
        found = self._ids.get(name)
        if found is None:
            if len(self._ids) >= MOST_NAMES:
                self._ids.clear()
            found = self._ids[name] = self._written(plain(name))
        return found

    def _written(self, name: str) -> int:
        row = self._db.execute("SELECT id FROM name WHERE name = ?", (name,)).fetchone()
        return int(row[0] if row else self._db.execute(_NAME, (name,)).fetchone()[0])

    def clear(self) -> None:
        self._ids.clear()


_NAME = "INSERT INTO name(name) VALUES (?) RETURNING id"
_PARSED = """
UPDATE blob SET state = ?, lines = ?, problem = ?, imports = ?, names = ?, chunk = ?, chunks = ? WHERE id = ?
"""


def add(db: Connection, names: Names, blob: int, parsed: Parsed) -> None:
    """Writes what the content of the row `blob` gave."""
    definitions, referred = _definitions(names, blob, parsed), _references(names, parsed)
    db.executemany("INSERT INTO definition VALUES (?, ?, ?, ?, ?, ?, ?)", definitions)
    rows = [(name, blob, pack_places(places)) for name, places in referred]
    db.executemany("INSERT INTO reference VALUES (?, ?, ?)", rows)
    (first,) = db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM chunk").fetchone()
    _add_chunks(db, blob, parsed, first)
    ids = [name for name, _ in referred]
    gaps = pack(after - before for before, after in zip([0, *ids], ids, strict=False))
    imports, problem = pack_imports(parsed.imports), plain(parsed.problem) or None
    db.execute(_PARSED, (PARSED, parsed.lines, problem, imports, gaps, first, len(parsed.chunks), blob))


def _definitions(names: Names, blob: int, parsed: Parsed) -> list[tuple[int | None, ...]]:
    return [
        (
            (blob << 16) + place,
            names.id(row.name),
            names.id(row.kind),
            row.start_line,
            row.end_line - row.start_line,
            row.head_lines,
            names.id(row.parent) if row.parent else None,
        )
        for place, row in enumerate(parsed.definitions[:MOST_DEFINITIONS])
    ]


def _references(names: Names, parsed: Parsed) -> list[tuple[int, list[tuple[int, int]]]]:
    """The places of every name, in order of the names' ids."""
    places: dict[int, list[tuple[int, int]]] = {}
    for name, line, inside in parsed.references:
        known = inside if inside < MOST_DEFINITIONS else -1
        places.setdefault(names.id(name), []).append((line, known))
    return sorted(places.items())


def _add_chunks(db: Connection, blob: int, parsed: Parsed, first: int) -> None:
    """Writes the chunks under the ids from `first` on, which `removing` counts on."""
    places: dict[str, int] = {}
    for place, row in enumerate(parsed.definitions[:MOST_DEFINITIONS]):
        places.setdefault(f"{row.parent}.{row.name}" if row.parent else row.name, place)
    chunks, words = [], []
    for at, piece in enumerate(parsed.chunks, first):
        body, name = set(piece.terms.split()), {NAME + term for term in terms(piece.name)}
        lines = piece.end_line - piece.start_line
        chunks.append((at, blob, piece.start_line, lines, places.get(piece.name), len(body), len(name)))
        words.append((at, plain(" ".join(body | name))))
    db.executemany("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?, ?)", chunks)
    db.executemany("INSERT INTO words(rowid, terms) VALUES (?, ?)", words)
