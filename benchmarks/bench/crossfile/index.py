"""The context engine over one package: its index, built once next to the package, and what it finds."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from assist_context.documents import Cursor, Document, Snippet, split_lines
from assist_context.index.reader import IndexReader
from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import IndexerEvent
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.retriever import retrieve_once

FOLDER = ".index"
SECONDS = 600


@lru_cache
def corpus_of(root: Path) -> Corpus:
    """Return the indexed package. The index is built or updated first."""
    database = root.parent / FOLDER / f"{root.name}.sqlite"
    database.parent.mkdir(exist_ok=True, mode=0o700)
    events: list[IndexerEvent] = []
    supervisor = IndexerSupervisor([(str(root), str(database))], {}, events.append, once=True)
    supervisor.start()
    code = supervisor.wait(SECONDS)
    supervisor.close()
    if code != 0:
        raise RuntimeError(f"{root} was not indexed: {events[-2:]}")
    return Corpus(str(root), IndexReader(str(database)))


def retrieve(root: Path, path: str, text: str, cursor: Cursor, tokens: int) -> Sequence[Snippet]:
    """Return the snippets of other files that the engine shows at a cursor."""
    corpus = corpus_of(root)
    document = Document(path, split_lines(text), language_of(path))
    found = retrieve_once(corpus, document, cursor, tokens, path).snippets
    corpus.set_open({})
    return found
