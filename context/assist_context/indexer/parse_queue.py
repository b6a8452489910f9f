"""The contents of one folder that are still to be parsed, in the order of their worth.

It knows which of them somebody has in hand, and what has come back but is not written yet. It starts
nothing and writes nothing.
"""

import time
from collections.abc import Iterable

from assist_context.files.blobs import FileEntry
from assist_context.index.extraction import ParsedFile
from assist_context.languages import language_of

# of a transaction, whichever is reached first
BATCH_FILES = 40
BATCH_S = 0.3

Key = tuple[str, str]  # blob and language: what is parsed once, however many paths have it


def key_of(entry: FileEntry) -> Key:
    """What an entry's content is known by."""
    return entry.blob, language_of(entry.path).name


class ParseQueue:
    """What is wanted, what is given out, and what has come back."""

    def __init__(self) -> None:
        self.first: tuple[str, ...] = ()
        self.wanted: dict[Key, FileEntry] = {}
        self.results: list[tuple[str, ParsedFile]] = []
        self._out: set[Key] = set()
        self._queue: list[FileEntry] = []  # the next one last
        self._since = 0.0

    def want(self, entries: Iterable[FileEntry]) -> None:
        """More to do."""
        for entry in entries:
            self.wanted.setdefault(key_of(entry), entry)
        self.order(self.first)

    def order(self, first: tuple[str, ...]) -> None:
        """These paths come first, in their order, then what lies beside them, then the latest."""
        self.first = first
        places = {path: place for place, path in enumerate(first)}
        beside = {path.rpartition("/")[0] for path in first}

        def rank(entry: FileEntry) -> tuple[int, int, str]:
            place = places.get(entry.path)
            if place is None:
                place = len(places) + (entry.path.rpartition("/")[0] not in beside)
            return place, -(entry.mtime_ns // 3_600_000_000_000), entry.path  # within an hour: by path

        free = (entry for key, entry in self.wanted.items() if key not in self._out)
        self._queue = sorted(free, key=rank, reverse=True)

    def next(self) -> FileEntry | None:
        """Gives out a file."""
        if not self._queue:
            return None
        entry = self._queue.pop()
        self._out.add(key_of(entry))
        return entry

    def back(self, entry: FileEntry, parsed: ParsedFile | None) -> bool:
        """A file has come back, perhaps with what it gave; whether it is wanted still."""
        key = key_of(entry)
        if key not in self.wanted:
            self._out.discard(key)
            return False
        if parsed is None:
            del self.wanted[key]
            self._out.discard(key)
        else:
            self._since = self._since if self.results else time.monotonic()
            self.results.append((entry.blob, parsed))
        return True

    def until(self) -> float | None:
        """When the results are to be written, by `time.monotonic`; None: there are none."""
        if not self.results:
            return None
        enough = len(self.results) >= BATCH_FILES or len(self.results) == len(self.wanted)
        return self._since if enough else self._since + BATCH_S

    def written(self) -> None:
        """The results are in the index."""
        for blob, parsed in self.results:
            self.wanted.pop((blob, parsed.language), None)
            self._out.discard((blob, parsed.language))
        self.results = []

    def clear(self) -> None:
        """Nothing is wanted, and results are not kept. What is out stays known as such: it will come back."""
        self._out -= {(blob, parsed.language) for blob, parsed in self.results}
        self.wanted.clear()
        self.results, self._queue = [], []
