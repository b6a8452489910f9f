"""Ranks chunks by how well they match terms: BM25 over four fields (BM25F), with numpy.

A term counts once per field: it is in the body of a chunk, in the name of its definition, in its signature,
in its path, or not. The word list only knows which chunk has which term; terms of names and signatures have a
prefix. Paths have a second list, by file, so that a rename indexes no content again. Contents that no path
has are in the list too, and are dropped at the end.
"""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy
from numpy.typing import NDArray

from assist_context.index.database import Connection
from assist_context.index.encoding import CHUNK, HEAD, NAME, NOWHERE, qualified_name
from assist_context.index.search import (
    FieldWeights,
    Frequencies,
    SearchHit,
    SearchQuery,
    newest,
    rarity_among,
)
from assist_context.languages import is_page

# numpy reads one long text three times as fast as SQLite returns 10,000 rows of one number.
_WORDS = "SELECT GROUP_CONCAT(rowid) FROM words WHERE words MATCH ?"
_PATHS = "SELECT GROUP_CONCAT(rowid) FROM paths WHERE paths MATCH ?"
_FIRSTS = """
SELECT chunk FROM file JOIN content USING (blob)
WHERE id IN (SELECT value FROM json_each(?)) AND chunk NOT NULL
"""
_ROWS = """
SELECT value, file.id, substr(chunks, 1 + ?1 * (value - chunk), ?1), file.path, content.blob
FROM json_each(?2) JOIN content ON content.blob =
    (SELECT blob FROM content WHERE chunk <= value ORDER BY chunk DESC LIMIT 1)
JOIN file ON file.blob = content.blob
"""
_NAME = "SELECT outline FROM content WHERE blob = ?"
_FIELDS = ("start", "lines", "definition", "terms", "named", "headed")
_CHUNK = numpy.dtype(
    list(zip(_FIELDS, ("<u4", "<u2", "<u2", "<u2", "u1", "u1"), strict=True))
)  # as in `encoding.CHUNK`

MAX_RANKED = 300  # chunks that are ranked, after a first choice by rare terms alone; ranking all: +0.003
MAX_FILES = 20  # files with the best matching paths, whose first chunk is ranked whatever it contains

# Measured in the same way: 0.24 to 0.28 if FTS5 adds up the fields; as here, 0.319 with 1.2 and 0.328 with 3.
_SATURATION = 3.0
_BY_LENGTH = 0.75  # for name, signature and body; 0.2 to 0.9 differ by 0.006
_LEAST = 0.6  # of the mean body: a chunk of two lines is not more relevant for being short; +0.002 to +0.003

RowIds = NDArray[numpy.int64]
_Row = tuple[int, int, bytes, bytes, int]  # chunk, file, its packed chunk, path, content
# Score, path, first and last line, content, definition, coverage.
_Scored = tuple[float, bytes, int, int, int, int, float]


@dataclass(frozen=True, slots=True)
class _TermRows:
    """The rows of each term in names, paths (of files), bodies and signatures."""

    names: Sequence[RowIds]
    paths: Sequence[RowIds]
    bodies: Sequence[RowIds]
    heads: Sequence[RowIds]


def frequencies(db: Connection) -> Frequencies:
    """Counts the terms: 0.2 s for 90,000 chunks."""
    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.word USING fts5vocab(main, words, row)")
    terms = dict(db.execute("SELECT term, doc FROM temp.word").fetchall())
    chunks = _unpack_chunks(row[0] for row in db.execute("SELECT chunks FROM content"))
    body, name, head = (_mean(chunks[field]) for field in ("terms", "named", "headed"))
    return Frequencies(terms, len(chunks), body, name, head, newest(db))


def _mean(lengths: NDArray[numpy.unsignedinteger[Any]]) -> float:
    """The mean of the lengths that are not 0."""
    lengths_used = lengths[lengths > 0]
    return float(lengths_used.mean()) if len(lengths_used) else 1.0


def _unpack_chunks(chunks: Iterable[bytes]) -> NDArray[numpy.void]:
    return numpy.frombuffer(b"".join(chunks), _CHUNK)


def search(
    db: Connection, query: SearchQuery, frequencies: Frequencies, around: Sequence[Frequencies] = ()
) -> list[SearchHit]:
    """The best chunks of files that exist, best first; a definition in several pieces counts once.

    A term is as rare as it is here and in the indexes `around`, which are searched for the same question.
    """
    terms = query.terms
    limit = query.limit
    if not terms or limit <= 0:
        return []
    rarity = [rarity_among(term, (frequencies, *around)) for term in terms]
    term_rows = _TermRows(
        [_rows_with_term(db, _WORDS, NAME + term) for term in terms],
        [_rows_with_term(db, _PATHS, term) for term in terms],
        [_rows_with_term(db, _WORDS, term) for term in terms],
        [_rows_with_term(db, _WORDS, HEAD + term) for term in terms],
    )
    firsts = _first_chunks(db, _most_valuable(term_rows.paths, rarity, MAX_FILES)) if query.weights[1] else []
    most = max(MAX_RANKED, 4 * limit)
    while True:
        # Docstrings that search for their functions: MRR@10 0.358 if bodies and names count alike, 0.363 so.
        worth_it = [*rarity, *(2 * worth for worth in rarity), *rarity]
        chunks = _most_valuable([*term_rows.bodies, *term_rows.names, *term_rows.heads], worth_it, most)
        rows = _rows(db, [*chunks, *firsts])
        if query.among != "all":
            rows = [row for row in rows if is_page(os.fsdecode(row[3])) == (query.among == "pages")]
        if len(rows) >= limit or len(chunks) < most:
            break  # otherwise no path has most of these contents
        most *= 4
    if not rows:
        return []
    chunk = _unpack_chunks(row[2] for row in rows)
    counts = _weighted_counts(rows, chunk, term_rows, query.weights, frequencies)
    scores = numpy.array(rarity) @ ((_SATURATION + 1) * counts / (_SATURATION + counts))
    coverage = _coverage(counts > 0, terms, rarity)
    best = [
        (score, row[3], start, start + lines, row[4], definition, share)
        for score, share, row, (start, lines, definition, *_) in zip(
            scores.tolist(), coverage.tolist(), rows, chunk.tolist(), strict=True
        )
        if score > 0
    ]
    best.sort(key=lambda each: (-each[0], each[1:]))
    return [_hit(db, repeat, query.named) for repeat in islice(_drop_repeats(best), limit)]


def _weighted_counts(
    rows: Sequence[_Row],
    chunk: NDArray[numpy.void],
    term_rows: "_TermRows",
    weights: FieldWeights,
    frequencies: Frequencies,
) -> NDArray[numpy.float64]:
    """Weigh each term, a line of the result, in each of the rows: the sum of its fields' weights."""
    ids, files = numpy.array([row[:2] for row in rows], numpy.int64).T
    name = weights[0] / _share(chunk["named"], frequencies.name)
    body = weights[2] / _share(numpy.maximum(chunk["terms"], _LEAST * frequencies.body), frequencies.body)
    head = weights[3] / _share(chunk["headed"], frequencies.head)
    return numpy.array(
        [
            name * _membership(ids, names)
            + weights[1] * _membership(files, paths)
            + body * _membership(ids, bodies)
            + head * _membership(ids, heads)
            for names, paths, bodies, heads in zip(
                term_rows.names, term_rows.paths, term_rows.bodies, term_rows.heads, strict=True
            )
        ]
    )


def _coverage(
    there: NDArray[numpy.bool_], terms: Sequence[str], rarity: Sequence[float]
) -> NDArray[numpy.float64]:
    """The share of the asked words that each row has; `there` has a line for each term."""
    question_terms = [_asked_as(term, terms) for term in terms]
    coverage_flags = there.copy()
    for at, words in enumerate(question_terms):
        for word in words:
            coverage_flags[word] |= there[at]
    single = numpy.array([worth * (question_terms[at] == [at]) for at, worth in enumerate(rarity)])
    return numpy.asarray(single @ coverage_flags / single.sum(), numpy.float64)


def _asked_as(term: str, terms: Sequence[str]) -> list[int]:
    """The numbers of the two words that a term joins, as in `rarest`; else its own.

    >>> [_asked_as(term, ["fil", "nam", "filenam"]) for term in ("filenam", "nam")]
    [[0, 1], [1]]
    """
    for at, first in enumerate(terms):
        for rest in (term.removeprefix(first), term.removeprefix(f"{first}e")):
            if rest != term and rest in terms:
                return [at, terms.index(rest)]
    return [terms.index(term)]


def _drop_repeats(best: Iterable[_Scored]) -> Iterator[_Scored]:
    """Drops further pieces of a definition in the same file."""
    visited: set[tuple[bytes, int]] = set()
    for hit in best:
        path, index = hit[1], hit[5]
        if index == NOWHERE or (path, index) not in visited:
            yield hit
            visited.add((path, index))


def _rows_with_term(db: Connection, sql: str, term: str) -> RowIds:
    """The rows of a word list that have a term, in order."""
    (size,) = db.execute(sql, (f'"{term}"',)).fetchone()
    return numpy.fromstring(size or "", numpy.int64, sep=",")


def _most_valuable(lists: Sequence[RowIds], worth: Iterable[float], most: int) -> list[int]:
    """Up to `most` rows from the lists: those whose lists are worth most together."""
    sums = numpy.zeros(1 + max((int(list_[-1]) for list_ in lists if len(list_)), default=0), numpy.float32)
    for rows, value in zip(lists, worth, strict=True):
        sums[rows] += value  # a list has no row twice
    positions = numpy.flatnonzero(sums > 0)  # ten times as fast as on the numbers themselves
    if len(positions) > most:
        positions = positions[numpy.argpartition(sums[positions], -most)[-most:]]
    return [int(row) for row in positions]


def _membership(rows: RowIds, ids: RowIds) -> NDArray[numpy.bool_]:
    """Return which of the rows are in a list."""
    if not len(ids):
        return numpy.zeros(len(rows), numpy.bool_)
    positions = numpy.minimum(numpy.searchsorted(ids, rows), len(ids) - 1)
    return numpy.asarray(ids[positions] == rows, numpy.bool_)


def _share(lengths: RowIds | NDArray[numpy.float64], mean: float) -> NDArray[numpy.float64]:
    """BM25's factor for a length relative to the mean."""
    return numpy.asarray(1 - _BY_LENGTH + _BY_LENGTH * lengths / mean, numpy.float64)


def _first_chunks(db: Connection, files: Sequence[int]) -> list[int]:
    return [row[0] for row in db.execute(_FIRSTS, (json.dumps(files),)) if row[0]]


def _rows(db: Connection, chunks: Sequence[int]) -> list[_Row]:
    return db.execute(_ROWS, (CHUNK.size, json.dumps(chunks))).fetchall()


def _hit(db: Connection, hit: _Scored, by_name: bool) -> SearchHit:
    score, path, start, end, blob, definition, coverage = hit
    name = qualified_name(db.execute(_NAME, (blob,)).fetchone()[0], definition) if by_name else ""
    return SearchHit(os.fsdecode(path), start, end, name, score, coverage)
