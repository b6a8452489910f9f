"""The snippets that help at a cursor: definitions of the names near it, and recent edits, within a deadline.

Nothing else is looked for. Heads of imported files, of tests and of files that change together, similar lines
and chunks with the same rare words were shown too. The definition of the name before the cursor is in the
snippets at 345 of 347 places with them and without them, in 469 and in 375 tokens (`crossfile.py --no-model
--holes 25`).

This module reads the index and open documents; it knows no model, and counts tokens as characters.
"""

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from assist_context.code.imports import Import
from assist_context.code.symbols import symbols
from assist_context.documents import CHARS_PER_TOKEN, Cursor, Document, Snippet
from assist_context.retrieval import meanings
from assist_context.retrieval.candidates import Candidate, get_text, make_snippet
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.cursor_query import CursorQuery, make_query

MOST = 16  # definitions
BEST = 2.0  # times the worth of a definition, divided by its rank and `RANKS`, is its score
RANKS = 60  # added to each rank, so that the first one does not win by far
A_FILE = 2  # snippets of one file; a recent edit of it is not shown after them
A_SNIPPET = 0.6  # share of the room: a longer definition is cut, to leave room for something else
SHOWN = 0.5  # a snippet is not new if a larger share of its lines is shown already
DEADLINE = 0.015  # seconds
# The share of the deadline after which definitions are late, and those of the last answer are used. Choosing
# takes 2 to 5 ms.
FOUND = 0.4
READ = 0.8  # after this share, at most one more file is read


@dataclass(frozen=True, slots=True)
class RetrievalRequest:
    """A cursor in a document that its corpus calls `path`, and what the session knows about it.

    `imports` are the document's own; `edits` are snippets of recent edits elsewhere, the newest last.
    """

    document: Document
    cursor: Cursor
    path: str
    imports: Sequence[Import] = ()
    edits: Sequence[Snippet] = ()


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """The snippets, the best first; `late` says that definitions of an earlier answer may be among them."""

    snippets: tuple[Snippet, ...] = ()
    ms: float = 0.0
    late: bool = False


class Retriever:
    """Answers requests for one folder, and keeps the last definitions of each file.

    Use it from one thread at a time.
    """

    def __init__(
        self,
        corpus: Corpus,
        others: Sequence[Corpus] = (),
        clock: Callable[[], float] = time.perf_counter,
        deadline: float = DEADLINE,
    ) -> None:
        self.corpus = corpus
        self.others = others
        self._clock = clock
        self._deadline = deadline
        self._last: dict[str, list[Candidate]] = {}

    def near(self, request: RetrievalRequest, tokens: int) -> RetrievalResult:
        """Finds at most `tokens` tokens of help at a cursor."""
        start = self._clock()
        query = make_query(request.document, request.cursor, request.path)

        def is_late(share: float) -> bool:
            return self._clock() - start > share * self._deadline

        candidates = meanings.definitions(self.corpus, query, request.imports, self.others)
        definitions, whole = _collect(candidates, partial(is_late, FOUND))
        if whole or not self._last.get(request.path):
            self._last[request.path] = definitions
        room = int(tokens * CHARS_PER_TOKEN)
        snippets = _choose(self._last[request.path], request.edits, query, room, partial(is_late, READ))
        return RetrievalResult(snippets, 1e3 * (self._clock() - start), late=not whole)


def _collect(candidates: Iterable[Candidate], late: Callable[[], bool]) -> tuple[list[Candidate], bool]:
    """The first candidates, and whether they are complete."""
    definitions: list[Candidate] = []
    for candidate in islice(candidates, MOST):
        definitions.append(candidate)
        if late():
            break
    return definitions, not late()


def _choose(
    definitions: Sequence[Candidate],
    edits: Sequence[Snippet],
    query: CursorQuery,
    room: int,
    over: Callable[[], bool],
) -> tuple[Snippet, ...]:
    """The best snippets that fit into `room` characters, definitions before edits; none takes much more than
    half of it.

    Once the time is `over`, only files that were read before are used, and one more, so that in the end all
    are read.
    """
    most = int(room * A_SNIPPET)
    parts: list[Snippet] = []
    lines: set[str] = set(query.shown)
    one_more = False
    candidates: list[Candidate | Snippet] = [*definitions, *reversed(edits)]
    for rank, candidate in enumerate(candidates, 1):
        # The checks that read no file come first: they drop most candidates.
        if len(candidate.path) >= room or (isinstance(candidate, Snippet) and _has_enough(parts, candidate)):
            continue
        if isinstance(candidate, Candidate) and not candidate.corpus.is_cached(candidate.path) and over():
            if one_more:
                continue
            one_more = True
        text = candidate.text if isinstance(candidate, Snippet) else get_text(candidate, min(room, most))
        own = [line.strip() for line in text.splitlines() if line.strip()]
        if len(text) + len(candidate.path) > room or not own:
            continue
        if sum(line in lines for line in own) > SHOWN * len(own):
            continue
        if isinstance(candidate, Candidate):
            snippet = make_snippet(candidate, text, BEST * candidate.worth / (RANKS + rank))
        else:
            snippet = candidate
        parts.append(snippet)
        lines.update(own)
        room -= len(text) + len(snippet.path) + 2
    return tuple(parts)


def _has_enough(parts: Sequence[Snippet], edit: Snippet) -> bool:
    """Return whether a file has its share of snippets, so that an edit of it is one too many."""
    return sum(snippet.path == edit.path for snippet in parts) >= A_FILE


def retrieve_once(
    corpus: Corpus, document: Document, cursor: Cursor, tokens: int, path: str
) -> RetrievalResult:
    """Finds help at a cursor once, without a deadline; `path` is the corpus's name of the document."""
    file_symbols = symbols(document.language, document.text)
    corpus.set_open({**corpus.opened, path: OpenFile(document, file_symbols)})
    request = RetrievalRequest(document, cursor, path, file_symbols.imports)
    return Retriever(corpus, deadline=math.inf).near(request, tokens)
