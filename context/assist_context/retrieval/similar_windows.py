"""Windows of other files that look like the lines above the cursor: what follows there may follow here.

A window is 20 lines, one every 10 lines; similarity is the Jaccard index of identifiers. The identifiers of
a file's windows are kept until the file changes, so that a request compares sets and reads nothing; a long
file is read over several requests.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from assist_context.retrieval.candidates import Candidate
from assist_context.retrieval.corpus import Corpus
from assist_context.retrieval.cursor_query import CursorQuery, identifiers

STRIDE = 10  # lines between two windows; a window is two strides
AHEAD = 10  # lines below a window that are shown with it
LATEST = 20  # files of the same language that are compared
ALIKE = 0.2  # less similar windows share only keywords
MOST_LINES = 5_000  # of a file; a longer one is data
KEPT = 128  # files whose words are cached

Words = list[frozenset[str]]  # of each window of a file


@dataclass(slots=True)
class _ReadFile:
    """What is known of a file: the words of its windows up to line `upto`, and of the last half window."""

    stamp: object
    words: Words = field(default_factory=list)
    last: frozenset[str] = frozenset()
    upto: int = 0
    whole: bool = False

    def read(self, lines: tuple[str, ...], late: Callable[[], bool]) -> None:
        """Reads on until the end or until it is late. Half windows are joined here, not at each request."""
        for at in range(self.upto, len(lines), STRIDE):
            if late():
                return
            words = frozenset(identifiers(lines[at : at + STRIDE]))
            if at:
                self.words.append(self.last | words)
            self.last = words
            self.upto = at + STRIDE
        self.words.append(self.last)
        self.whole = True


class Windows:
    """The words of the files that were compared recently."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _ReadFile] = {}

    def similar(
        self, corpus: Corpus, query: CursorQuery, latest: Sequence[str], late: Callable[[], bool]
    ) -> list[Candidate]:
        """The best window of each file, the most similar first; once it is `late`, only of known files."""
        found = []
        for path in latest[:LATEST]:
            if path == query.path:
                continue
            words = self._words_of(corpus, path, late)
            best = max(_similarities(words, query.window), default=(0.0, 0))
            if best[0] > ALIKE:
                first = best[1] * STRIDE
                span = first + 1, first + 2 * STRIDE + AHEAD
                found.append((best[0], Candidate(path, (span,), "similar", corpus)))
        found.sort(key=lambda each: -each[0])
        return [candidate for _, candidate in found]

    def _words_of(self, corpus: Corpus, path: str, late: Callable[[], bool]) -> Words:
        key = (corpus.root, path)
        stamp = corpus.stamp(path)
        file = self._known.pop(key, None)
        if file is None or file.stamp != stamp:
            file = _ReadFile(stamp)
        if not file.whole and not late():
            file.read(tuple(corpus.lines(path)[:MOST_LINES]), late)
        self._known[key] = file
        if len(self._known) > KEPT:
            self._known.pop(next(iter(self._known)))
        return file.words


def _similarities(words: Words, window: frozenset[str]) -> Iterator[tuple[float, int]]:
    """(similarity, index) of every window."""
    for at, its in enumerate(words):
        shared = len(its & window)
        yield shared / max(1, len(its) + len(window) - shared), at
