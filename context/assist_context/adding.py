"""What one content gave, as rows: its mentions of names, its chunks and their words, its outline.

It writes within the caller's transaction. Which contents are wanted it is told.
"""

from collections.abc import Sequence
from operator import itemgetter

from assist_context.database import Connection
from assist_context.parsed import Parsed, Piece, Row
from assist_context.removing import PARSED
from assist_context.rows import (
    CHUNK,
    DEFINES,
    HEAD,
    MOST_DEFINITIONS,
    NAME,
    NOWHERE,
    REFERS,
    Chunk,
    number,
    pack_chunks,
    pack_imports,
    pack_outline,
    plain,
)

_NEXT = "SELECT chunk + length(chunks) / ? FROM content WHERE chunk NOT NULL ORDER BY chunk DESC LIMIT 1"


def add(db: Connection, blob: int, parsed: Parsed) -> None:
    """Writes what the content of the row `blob` gave."""
    rows = parsed.definitions[:MOST_DEFINITIONS]
    places = {number(name): each for name, each in parsed.references}
    defined = {number(row.name) for row in rows}
    mentions = [(name, DEFINES, blob, places.get(name)) for name in defined]
    mentions += [(name, REFERS, blob, each) for name, each in places.items() if name not in defined]
    mentions.sort(key=itemgetter(0))  # those next to each other are in one page
    db.executemany("INSERT INTO mention VALUES (?, ?, ?, ?)", mentions)
    (first,) = db.execute(_NEXT, (CHUNK.size,)).fetchone() or (1,)
    _add_words(db, parsed.chunks, first)
    chunks = pack_chunks(_chunks(rows, parsed.chunks))
    values = blob, first if chunks else None, chunks, pack_imports(parsed.imports), pack_outline(rows)
    db.execute("INSERT OR REPLACE INTO content VALUES (?, ?, ?, ?, ?)", values)
    problem = plain(parsed.problem) or None
    db.execute("UPDATE blob SET state = ?, problem = ? WHERE id = ?", (PARSED, problem, blob))


def _chunks(rows: Sequence[Row], pieces: Sequence[Piece]) -> list[Chunk]:
    places: dict[str, int] = {}
    for place, row in enumerate(rows):
        places.setdefault(row.qualified, place)
    return [
        (start, end - start, places.get(name, NOWHERE), _count(terms), _count(named), _count(headed))
        for start, end, name, terms, named, headed in pieces
    ]


def _count(terms: str) -> int:
    return terms.count(" ") + 1 if terms else 0


def _add_words(db: Connection, pieces: Sequence[Piece], first: int) -> None:
    """Writes the words of chunks, whose numbers begin with `first`."""
    words = [
        (at, plain(each.terms) + _marked(NAME, each.named) + _marked(HEAD, each.headed))
        for at, each in enumerate(pieces, first)
    ]
    db.executemany("INSERT INTO words(rowid, terms) VALUES (?, ?)", words)


def _marked(mark: str, terms: str) -> str:
    """Terms of a field of their own, behind others."""
    return f" {mark}{plain(terms).replace(' ', ' ' + mark)}" if terms else ""
