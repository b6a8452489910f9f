"""What of the workspace helps at a cursor: every signal, fused into one ranking, within a deadline.

The signals' lists are joined by reciprocal rank: what two signals find comes before what one finds. It
reads the index and open documents; it knows no model, and tokens only as characters.
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
from assist_context.retrieval.cursor_query import CursorQuery, spot_of
from assist_context.retrieval.signals import MOST
from assist_context.retrieval.similar_windows import Windows
from assist_context.syntax.imports import Import
from assist_context.syntax.symbols import symbols

WEIGHTS: Mapping[str, float] = {
    "definition": 2.0,
    "recent-edit": 1.5,
    "import": 1.0,
    "similar": 1.0,
    "search": 0.7,
    "related": 0.5,
}
RANKS = 60  # added to each rank, as usual for reciprocal rank fusion: the first is no landslide
A_FILE = 2  # snippets of one file
A_SNIPPET = 0.6  # of the room: a long definition is cut, so that there is something else too
SHOWN = 0.5  # share of a snippet's lines that are on view already; above it the snippet says nothing new
DEADLINE = 0.015  # seconds
# Of it, until a signal is late and gives its last answer. A search takes 5 to 8 ms (p50, p95) and is not cut
# short, so it begins before half of the time is over; choosing takes 2 to 5.
SHARES: Mapping[str, float] = {"definition": 0.4, "search": 0.45}
SIGNALS = 0.6  # of every other signal
READ = 0.8  # and then one more file is read at most


@dataclass(frozen=True, slots=True)
class RetrievalRequest:
    """A cursor in a document that its corpus calls `path`, and what the session knows of it.

    `imports` are the document's own; `edits` snippets of recent edits elsewhere, the newest last;
    `latest` the paths that were looked at, the newest first.
    """

    document: Document
    cursor: Cursor
    path: str
    imports: Sequence[Import] = ()
    edits: Sequence[Snippet] = ()
    latest: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RetrievalResult:
    """The answer: snippets, the best first; `late` names signals whose answer is an earlier one."""

    snippets: tuple[Snippet, ...] = ()
    ms: float = 0.0
    late: tuple[str, ...] = ()


class Retriever:
    """Answers for one folder, and remembers each file's last answers. One thread at a time."""

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
        self._windows = Windows()
        self._count = count(1)
        self._turns: dict[tuple[str, str], int] = {}  # when a signal was last begun for a file
        self._last: dict[tuple[str, str], list[Candidate]] = {}

    def near(self, asked: RetrievalRequest, tokens: int, without: Collection[str] = ()) -> RetrievalResult:
        """At most `tokens` tokens of help at a cursor."""
        start = self._clock()
        spot = spot_of(asked.document, asked.cursor, asked.path)
        lists: dict[str, list[Candidate]] = {}
        late = []

        def is_late(share: float = SIGNALS) -> bool:
            return self._clock() - start > share * self._deadline

        asks = self._signals(asked, spot, is_late)
        # Definitions come first; of the rest what was late the last time, so that none is always left out.
        turns = {each: self._turns.get((asked.path, each), 0) for each in asks}
        for signal in sorted(asks, key=lambda each: (each != "definition", turns[each])):
            if signal in without:
                continue
            key = (asked.path, signal)
            found = list[Candidate]()
            whole = False
            share = SHARES.get(signal, SIGNALS)
            if not is_late(share):
                self._turns[key] = next(self._count)
                found, whole = _taken(asks[signal](), partial(is_late, share))
            if not whole:
                late.append(signal)
            if whole or not self._last.get(key):
                self._last[key] = found
            lists[signal] = self._last[key]
        edits = () if "recent-edit" in without else asked.edits
        over = partial(is_late, READ)
        chosen = _chosen(lists, edits, spot, int(tokens * CHARS_PER_TOKEN), over)
        return RetrievalResult(chosen, 1e3 * (self._clock() - start), tuple(late))

    def _signals(
        self, asked: RetrievalRequest, spot: CursorQuery, late: Callable[[], bool]
    ) -> dict[str, Callable[[], Iterable[Candidate]]]:
        corpus = self.corpus
        return {
            "definition": lambda: signals.definitions(corpus, spot, asked.imports, self.others),
            "search": lambda: signals.searched(corpus, spot),
            "import": lambda: signals.imported(corpus, spot, asked.imports),
            "related": lambda: signals.related(corpus, spot),
            "similar": lambda: self._windows.alike(corpus, spot, asked.latest, late),
        }


def _taken(answer: Iterable[Candidate], late: Callable[[], bool]) -> tuple[list[Candidate], bool]:
    """A signal's candidates, and whether they are its whole answer; a tuple is, however late it comes."""
    if isinstance(answer, tuple):
        return list(answer[:MOST]), True
    found: list[Candidate] = []
    for each in islice(answer, MOST):
        found.append(each)
        if late():
            break
    return found, not late()


def _chosen(
    lists: Mapping[str, Sequence[Candidate]],
    edits: Sequence[Snippet],
    spot: CursorQuery,
    room: int,
    over: Callable[[], bool],
) -> tuple[Snippet, ...]:
    """The best snippets that fit into `room` characters, the best first; none takes much over half of it.

    Once the time is `over`, of what was read before and one file more, so that all are read in the end.
    """
    most = int(room * A_SNIPPET)
    ranked: list[tuple[float, Candidate | Snippet]] = [
        (WEIGHTS["recent-edit"] / (RANKS + rank), each) for rank, each in enumerate(reversed(edits), 1)
    ]
    ranked += [
        (sum(_worth(signal, each, found) for signal, found in lists.items()), each)
        for each in (each for found in lists.values() for each in found)
    ]
    ranked.sort(key=lambda each: -each[0])
    taken: list[Snippet] = []
    lines: set[str] = set(spot.shown)
    one_more = False
    for score, each in ranked:
        # What reads no file comes first: most of what is ranked ends here.
        twice = sum(one.path == _shown_path(each) for one in taken) >= A_FILE
        if len(each.path) >= room or (twice and each.signal != "definition"):
            continue
        if isinstance(each, Candidate) and not each.corpus.at_hand(each.path) and over():
            if one_more:
                continue
            one_more = True
        text = each.text if isinstance(each, Snippet) else text_of(each, min(room, most))
        own = [line.strip() for line in text.splitlines() if line.strip()]
        if len(text) + len(each.path) > room or not own:
            continue
        if sum(line in lines for line in own) > SHOWN * len(own):
            continue
        snippet = each if isinstance(each, Snippet) else snippet_of(each, text, score)
        taken.append(snippet)
        lines.update(own)
        room -= len(text) + len(snippet.path) + 2
    return tuple(taken)


def _shown_path(each: Candidate | Snippet) -> str:
    """The path that the snippet of it has."""
    named = isinstance(each, Candidate) and each.corpus.name
    return f"{named}/{each.path}" if named else each.path


def _worth(signal: str, candidate: Candidate, found: Sequence[Candidate]) -> float:
    """What a signal says for a candidate: the reciprocal rank of the first of its own that is about the
    same lines."""
    for rank, each in enumerate(found, 1):
        if each is candidate or (each.path == candidate.path and overlap(each, candidate) > SHOWN):
            return each.worth * WEIGHTS[signal] / (RANKS + rank)
    return 0.0


def retrieve_once(
    corpus: Corpus,
    document: Document,
    cursor: Cursor,
    tokens: int,
    path: str,
    without: Collection[str] = (),
) -> RetrievalResult:
    """What helps at a cursor for who asks once, without a deadline; `path` is the corpus's.

    The files that were changed last stand for those that the user looked at.
    """
    found = symbols(document.language, document.text)
    corpus.lay({**corpus.opened, path: OpenFile(document, found)})
    asked = RetrievalRequest(document, cursor, path, found.imports, (), corpus.latest(document.language))
    return Retriever(corpus, deadline=math.inf).near(asked, tokens, without)
