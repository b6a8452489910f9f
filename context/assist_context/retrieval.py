"""What of the workspace helps at a cursor: every signal, fused into one ranking, within a deadline.

The signals' lists are joined by reciprocal rank: what two signals find comes before what one finds. It
reads the index and open documents; it knows no model, and tokens only as characters.
"""

import math
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice

from assist_context import signals
from assist_context.candidates import Candidate, overlap, snippet_of, text_of
from assist_context.corpus import Corpus, Open
from assist_context.imports import Import
from assist_context.model import CHARS_PER_TOKEN, Cursor, Document, Snippet
from assist_context.signals import MOST
from assist_context.spot import Spot, spot_of
from assist_context.symbols import symbols
from assist_context.windows import Windows

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
DEADLINE = 0.015  # seconds for all signals; what is late gives its last answer


@dataclass(frozen=True, slots=True)
class Asked:
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
class Near:
    """The answer: snippets, the best first; `late` names signals whose answer is an earlier one."""

    snippets: tuple[Snippet, ...] = ()
    ms: float = 0.0
    late: tuple[str, ...] = ()


class Retrieval:
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

    def near(self, asked: Asked, tokens: int, without: Collection[str] = ()) -> Near:
        """At most `tokens` tokens of help at a cursor."""
        start = self._clock()
        spot = spot_of(asked.document, asked.cursor, asked.path)
        lists: dict[str, list[Candidate]] = {}
        late = []

        def is_late() -> bool:
            return self._clock() - start > self._deadline

        asks = self._signals(asked, spot, is_late)
        # Definitions come first; of the rest what was late the last time, so that none is always left out.
        turns = {each: self._turns.get((asked.path, each), 0) for each in asks}
        for signal in sorted(asks, key=lambda each: (each != "definition", turns[each])):
            if signal in without:
                continue
            key, found = (asked.path, signal), []
            if not is_late():
                self._turns[key] = next(self._count)
                for each in islice(asks[signal](), MOST):
                    found.append(each)
                    if is_late():
                        break
            if is_late():
                late.append(signal)
            if signal not in late or not self._last.get(key):
                self._last[key] = found
            lists[signal] = self._last[key]
        edits = () if "recent-edit" in without else asked.edits
        chosen = _chosen(lists, edits, spot, int(tokens * CHARS_PER_TOKEN))
        return Near(chosen, 1e3 * (self._clock() - start), tuple(late))

    def _signals(
        self, asked: Asked, spot: Spot, late: Callable[[], bool]
    ) -> dict[str, Callable[[], Iterable[Candidate]]]:
        corpus = self.corpus
        return {
            "definition": lambda: signals.definitions(corpus, spot, asked.imports, self.others),
            "import": lambda: signals.imported(corpus, spot, asked.imports),
            "search": lambda: signals.searched(corpus, spot),
            "related": lambda: signals.related(corpus, spot),
            "similar": lambda: self._windows.alike(corpus, spot, asked.latest, late),
        }


def _chosen(
    lists: Mapping[str, Sequence[Candidate]], edits: Sequence[Snippet], spot: Spot, room: int
) -> tuple[Snippet, ...]:
    """The best snippets that fit into `room` characters, the best first; none takes much over half of it."""
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
    for score, each in ranked:
        text = each.text if isinstance(each, Snippet) else text_of(each, min(room, most))
        own = [line.strip() for line in text.splitlines() if line.strip()]
        if len(text) + len(each.path) > room or not own:
            continue
        if sum(line in lines for line in own) > SHOWN * len(own):
            continue
        snippet = each if isinstance(each, Snippet) else snippet_of(each, text, score)
        if sum(one.path == snippet.path for one in taken) >= A_FILE and snippet.signal != "definition":
            continue
        taken.append(snippet)
        lines.update(own)
        room -= len(text) + len(snippet.path) + 2
    return tuple(taken)


def _worth(signal: str, candidate: Candidate, found: Sequence[Candidate]) -> float:
    """What a signal says for a candidate: the reciprocal rank of the first of its own that is about the
    same lines."""
    for rank, each in enumerate(found, 1):
        if each is candidate or (each.path == candidate.path and overlap(each, candidate) > SHOWN):
            return each.worth * WEIGHTS[signal] / (RANKS + rank)
    return 0.0


def look(
    corpus: Corpus,
    document: Document,
    cursor: Cursor,
    tokens: int,
    path: str,
    without: Collection[str] = (),
) -> Near:
    """What helps at a cursor for who asks once, without a deadline; `path` is the corpus's.

    The files that were changed last stand for those that the user looked at.
    """
    found = symbols(document.language, document.text)
    corpus.lay({**corpus.opened, path: Open(document, found)})
    asked = Asked(document, cursor, path, found.imports, (), corpus.latest(document.language))
    return Retrieval(corpus, deadline=math.inf).near(asked, tokens, without)
