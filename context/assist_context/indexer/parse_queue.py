"""The queue of one folder: changed paths until the next look at them, then contents until they are parsed.

The queue knows which contents were taken, and which results are not written yet. It starts nothing, reads no
file and writes nothing.
"""

import time
from collections.abc import Iterable

from assist_context.files.blobs import FileEntry
from assist_context.files.listing import moves_others
from assist_context.index.extraction import ParsedFile
from assist_context.languages import language_of

# A transaction writes so many files, or those of so many seconds, whichever comes first.
BATCH_FILES = 40
BATCH_S = 0.3
HOUR_NS = 3_600_000_000_000  # files that were changed in the same hour are ordered by path

ParseKey = tuple[str, str]  # blob and language: parsed once, however many paths have it


def make_key(entry: FileEntry) -> ParseKey:
    """Identifies the content of an entry."""
    return entry.blob, language_of(entry.path).name


class ParseQueue:
    """The files to parse, those handed out, and the results that came back."""

    def __init__(self) -> None:
        self.preferred: tuple[str, ...] = ()
        self.wanted: dict[ParseKey, FileEntry] = {}
        self.results: list[tuple[str, ParsedFile]] = []
        self._out: set[ParseKey] = set()  # taken, and not written or dropped yet
        self._queue: list[FileEntry] = []  # the next one last
        self._since = 0.0

    def want(self, entries: Iterable[FileEntry]) -> None:
        """Adds files to parse."""
        for entry in entries:
            self.wanted.setdefault(make_key(entry), entry)
        self.prefer(self.preferred)

    def prefer(self, paths: tuple[str, ...]) -> None:
        """Puts these paths first in their order, then the files in the same folders, then the latest."""
        self.preferred = paths
        positions = {path: position for position, path in enumerate(paths)}
        folders = {path.rpartition("/")[0] for path in paths}

        def rank(entry: FileEntry) -> tuple[int, int, str]:
            position = positions.get(entry.path)
            if position is None:
                position = len(positions) + (entry.path.rpartition("/")[0] not in folders)
            return position, -(entry.mtime_ns // HOUR_NS), entry.path

        free = (entry for key, entry in self.wanted.items() if key not in self._out)
        self._queue = sorted(free, key=rank, reverse=True)

    def take_next(self) -> FileEntry | None:
        """Takes a file out of the queue; None: there is none left."""
        if not self._queue:
            return None
        entry = self._queue.pop()
        self._out.add(make_key(entry))
        return entry

    def put_back(self, entry: FileEntry, file: ParsedFile | None) -> bool:
        """Takes a file back, perhaps with its result; whether it is still wanted."""
        key = make_key(entry)
        if key not in self.wanted:
            self._out.discard(key)
            return False
        if file is None:
            del self.wanted[key]
            self._out.discard(key)
        else:
            self._since = self._since if self.results else time.monotonic()
            self.results.append((entry.blob, file))
        return True

    def write_due(self) -> float | None:
        """Return when to write the results, by `time.monotonic`; None: there are none."""
        if not self.results:
            return None
        enough = len(self.results) >= BATCH_FILES or len(self.results) == len(self.wanted)
        return self._since if enough else self._since + BATCH_S

    def mark_written(self) -> None:
        """Drops the results after they were written."""
        for blob, file in self.results:
            self.wanted.pop((blob, file.language), None)
            self._out.discard((blob, file.language))
        self.results = []

    def clear(self) -> None:
        """Forgets everything, results included, except which files are out: they will come back."""
        self._out -= {(blob, file.language) for blob, file in self.results}
        self.wanted.clear()
        self.results, self._queue = [], []


DEBOUNCE_S = 0.3  # editors write a file in several steps, and formatters follow
MAX_TOUCHED = 200  # paths; above it, listing the folder is cheaper than a look at each path


class PendingChanges:
    """The changes that the index does not have yet: single paths, or possibly anything in the folder.

    `due` is a time of `time.monotonic`; 0: at once.
    """

    def __init__(self) -> None:
        self.anything = True
        self.due = 0.0
        self._paths: set[str] = set()

    def add_path(self, path: str, now: float) -> None:
        """A path relative to the folder was saved, created or deleted; "" is the folder itself."""
        if not path or moves_others(path) or len(self._paths) >= MAX_TOUCHED:
            self.anything = True
        else:
            self._paths.add(path)
        self.due = self.due or now + DEBOUNCE_S

    def add_anything(self) -> None:
        """Anything in the folder may have changed: the next look is a listing."""
        self.anything = True

    def look_at_once(self) -> None:
        """Waits for no further changes."""
        self.due = 0.0

    def listing_is_due(self, now: float) -> bool:
        """Return whether it is time to list the whole folder."""
        return self.anything and now >= self.due

    def paths_are_due(self, now: float) -> bool:
        """Return whether it is time to look at single paths, and these are enough."""
        return bool(self._paths) and not self.anything and now >= self.due

    def take_all(self) -> list[str]:
        """Returns the single paths, sorted, and starts from nothing. A listing calls this too."""
        paths = sorted(self._paths)
        self._paths.clear()
        self.anything = False
        self.due = 0.0
        return paths
