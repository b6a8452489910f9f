"""The snippets of the workspace that help at a cursor: every signal, combined into one ranking, within a
deadline.

The signals' lists are combined by reciprocal rank: a candidate of two signals comes before a candidate of
one. This module reads the index and open documents; it knows no model, and counts tokens as characters.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, islice

from assist_context.documents import CHARS_PER_TOKEN, Cursor, Document, Snippet
from assist_context.retrieval import signals
from assist_context.retrieval.candidates import Candidate, overlap, snippet_of, text_of
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.cursor_query import CursorQuery, query_at
from assist_context.retrieval.signals import MOST
from assist_context.syntax.imports import Import
from assist_context.syntax.symbols import symbols

WEIGHTS: Mapping[str, float] = {
    "definition": 2.0,
    "recent-edit": 1.5,
    "search": 0.7,
}
RANKS = (
    60  # added to each rank, as usual for reciprocal rank fusion, so that the first rank does not win by far
)
A_FILE = 2  # snippets of one file
A_SNIPPET = 0.6  # share of the room: a longer definition is cut, to leave room for something else
SHOWN = 0.5  # a snippet is not new if a larger share of its lines is shown already
DEADLINE = 0.015  # seconds
# The share of the deadline after which a signal is late, and its previous answer is used. A search takes 5 to
# 8 ms (p50, p95) and cannot be interrupted, so it begins before half of the time is over; choosing takes 2 to
# 5.
SHARES: Mapping[str, float] = {"definition": 0.4, "search": 0.45}
SIGNALS = 0.6  # the share for every other signal
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
    """The snippets, the best first; `late` names the signals whose previous answer was used."""

    snippets: tuple[Snippet, ...] = ()
    ms: float = 0.0
    late: tuple[str, ...] = ()


class Retriever:
    """Answers requests for one folder, and keeps each file's last answers.

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
        self._count = count(1)
        self._turns: dict[tuple[str, str], int] = {}  # when a signal was last begun for a file
        self._last: dict[tuple[str, str], list[Candidate]] = {}

    def near(self, request: RetrievalRequest, tokens: int, without: Collection[str] = ()) -> RetrievalResult:
        """Finds at most `tokens` tokens of help at a cursor."""
        start = self._clock()
        query = query_at(request.document, request.cursor, request.path)
        lists: dict[str, list[Candidate]] = {}
        late = []

        def is_late(share: float = SIGNALS) -> bool:
            return self._clock() - start > share * self._deadline

        proposals = self._signals(request, query)
        # Definitions come first, then the signals that were late the last time, so that none is always left
        # out.
        turns = {proposal: self._turns.get((request.path, proposal), 0) for proposal in proposals}
        for signal in sorted(proposals, key=lambda each: (each != "definition", turns[each])):
            if signal in without:
                continue
            key = (request.path, signal)
            candidates = list[Candidate]()
            whole = False
            share = SHARES.get(signal, SIGNALS)
            if not is_late(share):
                self._turns[key] = next(self._count)
                candidates, whole = _collect(proposals[signal](), partial(is_late, share))
            if not whole:
                late.append(signal)
            if whole or not self._last.get(key):
                self._last[key] = candidates
            lists[signal] = self._last[key]
        edits = () if "recent-edit" in without else request.edits
        over = partial(is_late, READ)
        chosen = _choose(lists, edits, query, int(tokens * CHARS_PER_TOKEN), over)
        return RetrievalResult(chosen, 1e3 * (self._clock() - start), tuple(late))

    def _signals(
        self, request: RetrievalRequest, query: CursorQuery
    ) -> dict[str, Callable[[], Iterable[Candidate]]]:
        corpus = self.corpus
        return {
            "definition": lambda: signals.definitions(corpus, query, request.imports, self.others),
            "search": lambda: signals.search_hits(corpus, query),
        }


def _collect(answer: Iterable[Candidate], late: Callable[[], bool]) -> tuple[list[Candidate], bool]:
    """A signal's candidates, and whether they are complete; a tuple always is, however late it comes."""
    if isinstance(answer, tuple):
        return list(answer[:MOST]), True
    found: list[Candidate] = []
    for candidate in islice(answer, MOST):
        found.append(candidate)
        if late():
            break
    return found, not late()


def _choose(
    lists: Mapping[str, Sequence[Candidate]],
    edits: Sequence[Snippet],
    query: CursorQuery,
    room: int,
    over: Callable[[], bool],
) -> tuple[Snippet, ...]:
    """The best snippets that fit into `room` characters, the best first; none takes much more than half of
    it.

    Once the time is `over`, only files that were read before are used, and one more, so that in the end all
    are read.
    """
    most = int(room * A_SNIPPET)
    ranked: list[tuple[float, Candidate | Snippet]] = [
        (WEIGHTS["recent-edit"] / (RANKS + rank), edit) for rank, edit in enumerate(reversed(edits), 1)
    ]
    ranked += [
        (sum(_worth(signal, candidate, found) for signal, found in lists.items()), candidate)
        for candidate in (candidate for found in lists.values() for candidate in found)
    ]
    ranked.sort(key=lambda each: -each[0])
    taken: list[Snippet] = []
    lines: set[str] = set(query.shown)
    one_more = False
    for score, candidate in ranked:
        # The checks that read no file come first: they drop most candidates.
        twice = sum(one.path == _shown_path(candidate) for one in taken) >= A_FILE
        if len(candidate.path) >= room or (twice and candidate.signal != "definition"):
            continue
        if isinstance(candidate, Candidate) and not candidate.corpus.is_cached(candidate.path) and over():
            if one_more:
                continue
            one_more = True
        text = candidate.text if isinstance(candidate, Snippet) else text_of(candidate, min(room, most))
        own = [line.strip() for line in text.splitlines() if line.strip()]
        if len(text) + len(candidate.path) > room or not own:
            continue
        if sum(line in lines for line in own) > SHOWN * len(own):
            continue
        snippet = candidate if isinstance(candidate, Snippet) else snippet_of(candidate, text, score)
        taken.append(snippet)
        lines.update(own)
        room -= len(text) + len(snippet.path) + 2
    return tuple(taken)


def _shown_path(each: Candidate | Snippet) -> str:
    """The path that the candidate's snippet will have."""
    named = isinstance(each, Candidate) and each.corpus.name
    return f"{named}/{each.path}" if named else each.path


def _worth(signal: str, candidate: Candidate, found: Sequence[Candidate]) -> float:
    """What a signal adds to a candidate's score, by the rank of its first candidate for the same lines."""
    for rank, other in enumerate(found, 1):
        if other is candidate or (other.path == candidate.path and overlap(other, candidate) > SHOWN):
            return other.worth * WEIGHTS[signal] / (RANKS + rank)
    return 0.0


def retrieve_once(
    corpus: Corpus,
    document: Document,
    cursor: Cursor,
    tokens: int,
    path: str,
    without: Collection[str] = (),
) -> RetrievalResult:
    """Finds help at a cursor once, without a deadline; `path` is the corpus's name of the document."""
    file_symbols = symbols(document.language, document.text)
    corpus.set_open({**corpus.opened, path: OpenFile(document, file_symbols)})
    request = RetrievalRequest(document, cursor, path, file_symbols.imports)
    return Retriever(corpus, deadline=math.inf).near(request, tokens, without)
