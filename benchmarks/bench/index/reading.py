"""The cost of reading the index: a process like the server, without a model, that searches and edits.

    PYTHONPATH=benchmarks python -m bench.index.reading ROOT DATABASE < paths
                                             paths relative to ROOT, separated by NUL

Prints one JSON object: milliseconds of searches, of looking up definitions, of retrievals for a completion,
of edits to an open document's tree, and the memory of this process.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from assist_context.code.symbols import Symbols, symbols
from assist_context.code.trees.incremental import OpenTree
from assist_context.documents import Cursor, Document, split_lines
from assist_context.index.reader import IndexReader
from assist_context.index.terms import terms
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.retriever import RetrievalRequest, Retriever
from assist_evaluation.statistics import percentile
from bench.processes import peak

ASKED = 200  # questions of each kind
EDITED = 20  # documents to edit
TYPED = " + value_of_it(other, 12)"  # what is typed into each of them
ABOVE = 10  # lines whose terms are searched for
LEAST_LINES = 100  # of an edited document
BUDGET = 512  # tokens for snippets


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50 and p95 of milliseconds."""
    return {"p50": round(percentile(values, 0.5), 3), "p95": round(percentile(values, 0.95), 3)}


def time_call(work: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    start = time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - start)


@dataclass(frozen=True, slots=True)
class CursorSample:
    """A cursor at the end of a random line of a random file; `terms` are those of the lines above it."""

    document: Document
    cursor: Cursor
    terms: list[str]


def cursor_samples(root: Path, paths: Sequence[str], seed: int) -> Iterator[CursorSample]:
    """Yield one sample for each file that is not empty, in random order."""
    rng = random.Random(seed)
    for path in rng.sample(paths, len(paths)):
        lines = split_lines((root / path).read_text(encoding="utf-8", errors="replace"))
        filled = [number for number, line in enumerate(lines) if line.strip()]
        if filled:
            at = rng.choice(filled)
            document = Document(path, lines, language_of(path))
            above = terms("".join(lines[max(0, at - ABOVE) : at + 1]))
            yield CursorSample(document, Cursor(at, len(lines[at].rstrip("\r\n"))), above)


def measure_reading(root: Path, database: str, paths: Sequence[str]) -> dict[str, Any]:
    """Measure everything. The first question of a kind fills caches, so it is reported separately."""
    reader = IndexReader(database)
    found: dict[str, Any] = {"files ms": round(time_call(reader.files), 1)}
    chosen = list(islice(cursor_samples(root, paths, 1), ASKED))
    parsed = {each.document.path: symbols(each.document.language, each.document.text) for each in chosen}
    for name, ask in (
        ("search", partial(_search, reader)),
        ("definitions", partial(_definitions, reader)),
        ("retrieval", partial(_retrieve, Retriever(Corpus(str(root), reader)), parsed)),
    ):
        took = [time_call(partial(ask, sample)) for sample in chosen]
        found |= {f"first {name} ms": round(took[0], 1), f"{name} ms": percentiles(took[1:])}
    found["tree ms"] = percentiles(list(edit_times(cursor_samples(root, paths, 2))))
    reader.close()
    return {**found, "peak mb": round(peak(os.getpid()) / 1e6, 1)}


def _search(reader: IndexReader, sample: CursorSample) -> object:
    return reader.search(sample.terms)


def _definitions(reader: IndexReader, sample: CursorSample) -> object:
    """Look up the definitions of the first word in the cursor's line."""
    return [reader.definitions(word) for word in sample.document.lines[sample.cursor.line].split()[:1]]


def _retrieve(retrieval: Retriever, parsed: Mapping[str, Symbols], sample: CursorSample) -> object:
    """Retrieve as in an editor with this document open."""
    document = sample.document
    corpus = retrieval.corpus
    found = parsed[document.path]
    corpus.set_open({document.path: OpenFile(document, found)})
    request = RetrievalRequest(document, sample.cursor, document.path, found.imports)
    return retrieval.near(request, BUDGET)


def edit_times(at: Iterator[CursorSample]) -> Iterator[float]:
    """Yield the milliseconds from a typed character to the document's definitions."""
    long = (sample for sample in at if len(sample.document.lines) >= LEAST_LINES)
    for sample in islice(long, EDITED):
        tree = OpenTree(sample.document.language, sample.document.lines)
        tree.symbols()
        for typed, character in enumerate(TYPED):
            cursor = Cursor(sample.cursor.line, sample.cursor.column + typed)
            yield time_call(partial(_type, tree, cursor, character))


def _type(tree: OpenTree, at: Cursor, character: str) -> None:
    tree.edit(at, at, character)
    tree.symbols()


def main() -> None:
    named = [line for line in sys.stdin.read().split("\0") if line]
    print(json.dumps(measure_reading(Path(sys.argv[1]), sys.argv[2], named)))


if __name__ == "__main__":
    main()
