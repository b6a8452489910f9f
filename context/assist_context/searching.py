"""Word search over the chunks: which terms to look for, and which chunks fit them best.

BM25 over three fields (BM25F) that counts a term once a field: it is in the body of a chunk, in the name
of its definition, in its path, or not. The word list knows only which chunk has which term, the names'
terms under a mark of their own; paths have another list, by file, so that a rename indexes no content
anew. Contents that no path means are listed too and left out at the end.
"""

import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy
from numpy.typing import NDArray

from assist_context.asking import qualified
from assist_context.database import Connection

# One long text, read by numpy, is three times as fast as 10,000 rows of one number.
_WORDS = "SELECT GROUP_CONCAT(rowid) FROM words WHERE words MATCH ?"
_PATHS = "SELECT GROUP_CONCAT(rowid) FROM paths WHERE paths MATCH ?"
_FIRSTS = """
SELECT chunk FROM file JOIN blob ON blob.id = blob WHERE file.id IN (SELECT value FROM json_each(?))
"""
_ROWS = """
SELECT chunk.id, file.id, terms, named, file.path, start, chunk.lines, chunk.blob, definition
FROM chunk JOIN file ON file.blob = chunk.blob
WHERE chunk.id IN (SELECT value FROM json_each(?)) AND file.path != ?
"""

# Sentences of docstrings that look for their functions in the standard library, MRR@10: 0.282 with the
# 8 rarest terms, 0.292 with 12, 0.305 with 20, 0.303 with 40.
MOST_TERMS = 20
MOST_POSTINGS = (
    20_000  # of the terms together, lest a query of common words takes longer than an editor waits
)
MOST_RANKED = 300  # chunks that are ranked after a first choice by rare terms alone; all of them: +0.003
MOST_FILES = 20  # whose path fits best, and whose first chunk is ranked whatever stands in it
NAME = "\u00b7"  # before a term of a name; for the tokenizer all that is not ASCII is a letter

# Measured in the same way: fields added up by FTS5 0.24 to 0.28, as here 0.319 with 1.2 and 0.328 with 3.
_SATURATION = 3.0
_BY_LENGTH = (0.5, 0.75)  # of name and body; 0 to 0.9 differ by 0.006

Ids = NDArray[numpy.int64]
# chunk, file, terms of the body and of the name, path, first line, lines after it, content, definition
_Row = tuple[int, int, int, int, bytes, int, int, int, int | None]
Weights = tuple[float, float, float]  # of name, path and body


@dataclass(frozen=True, slots=True)
class Hit:
    """Lines of a file, from 1, both ends included; `name` is the definition's, the best score the highest."""

    path: str
    start_line: int
    end_line: int
    name: str
    score: float


@dataclass(frozen=True, slots=True)
class Frequencies:
    """In how many of `chunks` each term is, those of names under their mark.

    `body` and `name`: how many terms they have in the mean.
    """

    terms: Mapping[str, int]
    chunks: int
    body: float
    name: float

    def rarity(self, term: str) -> float:
        """BM25's weight of a term."""
        count = self.terms.get(term, 0)
        return math.log((max(self.chunks, count) - count + 0.5) / (count + 0.5) + 1)


def frequencies(db: Connection) -> Frequencies:
    """Counted anew: 0.2 s at 90,000 chunks."""
    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab(main, words, row)")
    terms = dict(db.execute("SELECT term, doc FROM temp.word").fetchall())
    chunks, body, name = db.execute(
        "SELECT COUNT(*), AVG(terms), AVG(NULLIF(named, 0)) FROM chunk"
    ).fetchone()
    return Frequencies(terms, chunks, body or 1.0, name or 1.0)


def rarest(asked: Sequence[str], known: Frequencies) -> list[str]:
    """The terms worth looking for, the rarest first; neighbours that are one word somewhere count as such.

    Terms that are nowhere come last: they cost little, and `known` may be a while old.
    """
    joined = (
        each for a, b in pairwise(asked) for each in (a + b, f"{a}e{b}")
    )  # terms have lost their last e
    pairs = [each for each in joined if each in known.terms]
    unique = [term for term in dict.fromkeys([*asked, *pairs]) if term.isalnum()]
    counts = {term: known.terms.get(term, 0) + known.terms.get(NAME + term, 0) for term in unique}
    chosen: list[str] = []
    postings = 0
    for term in sorted(filter(counts.__getitem__, unique), key=counts.__getitem__):
        postings += counts[term]
        if len(chosen) >= MOST_TERMS or (chosen and postings > MOST_POSTINGS):
            break
        chosen.append(term)
    return chosen + [term for term in unique if not counts[term]][:MOST_TERMS]


def search(
    db: Connection, terms: Sequence[str], known: Frequencies, limit: int, weights: Weights, without: str = ""
) -> list[Hit]:
    """The best chunks of living files, best first; one hit a chunk and path."""
    if not terms or limit <= 0:
        return []
    rarity = [known.rarity(term) for term in terms]
    bodies = [_listed(db, _WORDS, term) for term in terms]
    names = [_listed(db, _WORDS, NAME + term) for term in terms]
    paths = [_listed(db, _PATHS, term) for term in terms]
    firsts = _first_chunks(db, _likely(paths, rarity, MOST_FILES)) if weights[1] else []
    most = max(MOST_RANKED, 4 * limit)
    while True:
        chunks = _likely([*bodies, *names], rarity * 2, most)
        rows = _rows(db, [*chunks, *firsts], os.fsencode(without))
        if len(rows) >= limit or len(chunks) < most:
            break  # otherwise most of them were contents that no path means
        most *= 4
    if not rows:
        return []
    ids, files, lengths, named = numpy.array([row[:4] for row in rows], numpy.int64).T
    body = weights[2] / _share(lengths, known.body, _BY_LENGTH[1])
    name = weights[0] / _share(named, known.name, _BY_LENGTH[0])
    scores = numpy.zeros(len(rows))
    for at, worth in enumerate(rarity):
        found = name * _among(ids, names[at]) + body * _among(ids, bodies[at])
        found += weights[1] * _among(files, paths[at])
        scores += worth * (_SATURATION + 1) * found / (_SATURATION + found)
    best = sorted(zip(scores.tolist(), rows, strict=True), key=lambda each: (-each[0], each[1][4:6]))
    return [_hit(db, row, score) for score, row in best[:limit] if score > 0]


def _listed(db: Connection, sql: str, term: str) -> Ids:
    """The rows of a word list that have a term, in order."""
    (found,) = db.execute(sql, (f'"{term}"',)).fetchone()
    return numpy.fromstring(found or "", numpy.int64, sep=",")


def _likely(lists: Sequence[Ids], worth: Iterable[float], most: int) -> list[int]:
    """Up to `most` rows that are in the lists: those whose lists are worth most together."""
    sums = numpy.zeros(1 + max((int(each[-1]) for each in lists if len(each)), default=0))
    for each, its in zip(lists, worth, strict=True):
        sums[each] += its  # a list has no row twice
    found = numpy.flatnonzero(sums)
    if len(found) > most:
        found = found[numpy.argpartition(sums[found], -most)[-most:]]
    return [int(each) for each in found]


def _among(rows: Ids, listed: Ids) -> NDArray[numpy.bool_]:
    """Which of the rows are in a list."""
    if not len(listed):
        return numpy.zeros(len(rows), numpy.bool_)
    places = numpy.minimum(numpy.searchsorted(listed, rows), len(listed) - 1)
    return numpy.asarray(listed[places] == rows, numpy.bool_)


def _share(lengths: Ids, mean: float, weight: float) -> NDArray[numpy.float64]:
    """BM25's measure of a length against the mean."""
    return numpy.asarray(1 - weight + weight * lengths / mean, numpy.float64)


def _first_chunks(db: Connection, files: Sequence[int]) -> list[int]:
    return [row[0] for row in db.execute(_FIRSTS, (json.dumps(files),)) if row[0]]


def _rows(db: Connection, chunks: Sequence[int], without: bytes) -> list[_Row]:
    return db.execute(_ROWS, (json.dumps(chunks), without)).fetchall()


def _hit(db: Connection, row: _Row, score: float) -> Hit:
    path, start, lines, blob, definition = row[4:]
    name = "" if definition is None else qualified(db, blob, definition)
    return Hit(os.fsdecode(path), start, start + lines, name, score)
