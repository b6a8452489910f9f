"""One folder on its way into its index: listed, compared, parsed, written, tidied up.

A round begins with a listing, or with single files that were touched, and ends when nothing is left to be
parsed. It tells what it does as events, and leaves the parsing to whoever calls it.
It knows no other folder and no process.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from filelock import FileLock, Timeout

from assist_context.files import git_repository
from assist_context.files.blobs import FileEntry
from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import Git, GitFailed, Stop
from assist_context.files.listing import ListingProgress, list_folder, look_again, moves_others
from assist_context.index.database import StoreError
from assist_context.index.extraction import version
from assist_context.index.writer import IndexWriter
from assist_context.indexer.parse_queue import ParseQueue, key_of
from assist_context.indexer.parser_pool import ParseOutcome
from assist_context.relations import co_change
from assist_context.relations.path_index import is_above

DEBOUNCE_S = 0.3  # editors write a file in several steps, and formatters follow
MOST_TOUCHED = 200  # paths; above it a listing is cheaper than a look at each
LOCK_S = 5.0  # between two tries to become the writer
PROGRESS_S = 0.2
# bytes, and of the source; whichever is more
LEAST_CAP = 1 << 30
CAP_SHARE = 0.6
TRIES = 2  # how often what failed begins anew by itself: what was damaged is made anew by then

Event = dict[str, object]


@dataclass(frozen=True, slots=True)
class IndexingEnvironment:
    """What all folders share: how git is called, who says when to stop, where events go, other roots.

    `cap`: bytes of an index, 0 for what fits its source.
    """

    git: Git
    stop: Stop
    tell: Callable[[Event], None]
    cap: int = 0
    others: Collection[str] = ()


class FolderIndexer:
    """A folder through all its rounds. It owns the lock on the index, and its writer."""

    def __init__(self, root: str, database: str, world: IndexingEnvironment) -> None:
        self.root = os.path.realpath(root)
        self.database = database
        self._world = world
        # for another writer; after a failure, until `retry`
        self.waits = False
        self.blocked = False
        self.done = False
        self.failed = False
        self._names = dict.fromkeys((self.root, os.path.abspath(root)))
        self._lock = FileLock(database + ".lock", thread_local=False)
        self._writer: IndexWriter | None = None
        self._work = ParseQueue()
        self._touched: set[str] = set()
        self._stale, self._under_way = True, False
        # by time.monotonic; 0: not
        self._due = 0.0
        self._retry = 0.0
        self._began = 0.0
        self._told = 0.0
        self._tries = 0
        self._parses = 0
        self._moved = 0
        self._cap = 0
        self._by_git = False
        self._listed = False
        self._again = False

    def touch(self, paths: Sequence[str]) -> None:
        """Absolute paths were saved, created or deleted. Those that lie elsewhere do not matter."""
        for path in paths:
            inner = self._inner(path)
            if inner is None or path.startswith(self.database):  # an index in its own folder never rests else
                continue
            if not inner or moves_others(inner) or len(self._touched) >= MOST_TOUCHED:
                self._stale = True
            else:
                self._touched.add(inner)
            self._due = self._due or time.monotonic() + DEBOUNCE_S

    def refresh(self) -> None:
        """Anything may have changed."""
        self._stale = True
        self._due = 0.0

    def prefer(self, paths: Sequence[str]) -> None:
        """These come first, then what lies beside them."""
        self._work.order(tuple(inner for path in paths if (inner := self._inner(path))))

    def retry(self) -> None:
        """What failed may work now."""
        self.blocked = False
        self._tries = 0

    def _inner(self, path: str) -> str | None:
        """A path relative to the root; "" for the root and what is above it, None elsewhere."""
        for name in self._names:
            inside = os.path.join(name, "")
            if path.startswith(inside):
                return os.path.relpath(path, name).replace(os.sep, "/")
            if inside.startswith(os.path.join(path, "")):
                return ""
        return None

    def step(self) -> bool:
        """Does one thing that is due, but for parsing; whether there was any. Raises Stopped."""
        now = time.monotonic()
        if self.blocked or (self.waits and now < self._retry):
            return False
        with self._guarded():
            until = self._work.until()
            if self._writer is None and not self._hold(now):
                return False
            if until is not None and now >= until:
                self._write()
            elif self._stale and now >= self._due:
                self._list()
            elif self._touched and not self._stale and now >= self._due:
                self._look()
            elif self._under_way and not self._work.wanted:
                self._finish()
            else:
                return False
        return True

    def wait_s(self) -> float | None:
        """Seconds until `step` has something to do by itself; None: not before something is heard."""
        if self.blocked:
            return None
        ends = (self._retry,) if self.waits else (self._work.until() or 0.0, self._due)
        first = min(filter(None, ends), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def next(self) -> FileEntry | None:
        """A file to be parsed; None: there is none for now."""
        return None if self.blocked else self._work.next()

    def take(self, outcome: ParseOutcome) -> None:
        """What became of a file."""
        entry = outcome.job.entry
        if not self._work.back(entry, outcome.parsed):
            return
        with self._guarded():
            self._parses += outcome.kind != "changed"
            self._moved += outcome.kind == "changed"
            if outcome.kind == "failed":
                self._open.quarantine(*key_of(entry), outcome.why)
            self._progress()

    def fail(self, message: str, remedy: str) -> None:
        """Gives up until something is asked for; the index stays as it was."""
        self._drop()
        self.blocked = True
        self.failed = True
        self._tell("problem", message=message, remedy=remedy)

    def give_up(self, message: str, remedy: str) -> None:
        """As `fail`; and what was out does not come back."""
        first, self._work = self._work.first, ParseQueue()
        self._work.order(first)
        self.fail(message, remedy)

    def close(self) -> None:
        """Writes what has come back, and lets go of the index."""
        with self._guarded():
            if self._writer is not None and self._work.results:
                self._write()
        self._drop()
        self._lock.release()

    @property
    def _open(self) -> IndexWriter:
        if self._writer is None:
            raise StoreError(f"{self.database} is closed.")
        return self._writer

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            self._tries += 1
            if self._tries >= TRIES:
                self.fail(str(error), "The index stays as it is until something is saved or asked for.")
            else:
                self._drop()

    def _drop(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = None
        self._stale = True
        self._under_way = False
        self._work.clear()

    def _hold(self, now: float) -> bool:
        """Becomes the only writer, or waits for that."""
        try:
            os.makedirs(os.path.dirname(self.database), mode=0o700, exist_ok=True)
            if not self._lock.is_locked:
                self._lock.acquire(blocking=False)
        except Timeout:
            if not self.waits:
                self._tell("reader")
            self.waits = True
            self._retry = now + LOCK_S
            return False
        except OSError as error:
            raise StoreError(f"{self._lock.lock_file}: {error.strerror}. Make it writable.") from error
        if self.waits:
            self._tell("writer")
        self.waits = False
        self._stale = True
        self._due = 0.0
        self._writer = IndexWriter(self.database, version())
        return True

    def _begin(self) -> None:
        if not self._under_way:
            self._under_way = True
            self._began = time.monotonic()
            self._parses = 0

    def _list(self) -> None:
        """Which files there are, and which of their contents are not parsed."""
        self._begin()
        self._stale = False
        self._due = 0.0
        writer = self._open
        world = self._world
        self._touched.clear()
        writer.note("state", "indexing")
        listing = list_folder(
            self.root, writer.listing(), world.git, ListingProgress(world.stop), world.others
        )
        self._work.clear()  # what is out may be excluded now
        self._work.want(writer.point(listing).wanted)
        live = writer.paths()
        self._forget(lambda path: os.path.lexists(os.path.join(self.root, path)), live)
        self._by_git = listing.git
        self._listed = True
        source = sum(entry.size for entry in listing.entries if entry.kind != "binary")
        self._cap = world.cap or max(LEAST_CAP, int(CAP_SHARE * source))
        counts = {"files": len(live), "wanted": len(self._work.wanted)}
        self._tell("listed", **counts, skipped=dict(listing.skipped))

    def _look(self) -> None:
        """Single files, as they are now."""
        paths = sorted(self._touched)
        world = self._world
        self._due = 0.0
        self._touched.clear()
        found = look_again(self.root, paths, self._by_git, world.git, world.others, world.stop)
        # Of a content that is still wanted, another path may be the one to read now.
        if found is None or {entry.path for entry in self._work.wanted.values()} & set(paths):
            self._stale = True
            return
        self._begin()
        self._work.want(self._open.point_some(found.entries, found.gone).wanted)
        if any(os.path.lexists(os.path.join(self.root, path)) for path in found.gone):
            # What vanished together with that may be it, under the name that it had.
            self._forget(lambda path: any(is_above(each, path + "/") for each in found.gone))

    def _forget(self, too: Callable[[str], bool], live: Collection[str] = ()) -> None:
        """Contents whose last path is excluded now, by a rule or else `too`, leave the index at once."""
        folder = FolderRules(self.root, self._world.others)
        self._open.forget(
            lambda path: (
                path not in live and (bool(folder.exclusion_reason(path, by_git_rules=True)) or too(path))
            )
        )

    def _write(self) -> None:
        self._open.add(self._work.results)
        self._work.written()
        self._progress()

    def _finish(self) -> None:
        if self._moved and not self._again:  # files that changed meanwhile get a second chance, not a third
            self._moved = 0
            self._again = True
            self._stale = True
            return
        writer = self._open
        writer.prune(self._cap)
        if self._listed:
            self._together(writer)
            writer.note("state", "ready")
        self._listed = False
        self._again = False
        self._under_way = False
        self.failed = False
        self._moved = 0
        self._tries = 0
        self.done = True
        status = writer.status()
        seconds = round(time.monotonic() - self._began, 3)
        counts: Event = {"files": status.files, "parsed": status.parsed, "seconds": seconds}
        self._tell("ready", **counts, quarantined=len(status.quarantined), parses=self._parses)

    def _together(self, writer: IndexWriter) -> None:
        """Which files change together, if there are new commits."""
        world = self._world
        try:
            found = git_repository.find_git(world.git, self.root)
            if found is None or not self._by_git:
                return
            head = git_repository.head(git_repository.open_tree(found, self.root, world.stop), world.stop)
        except GitFailed:
            return
        if head != writer.noted("head"):
            live = writer.paths()
            writer.together(co_change.pairs(world.git, self.root, world.stop, live.__contains__))
            writer.note("head", head)

    def _progress(self) -> None:
        now = time.monotonic()
        if now >= self._told + PROGRESS_S:
            self._told = now
            waiting = len(self._work.wanted) - len(self._work.results)
            self._tell("progress", done=self._parses, total=self._parses + waiting)

    def _tell(self, event: str, **details: object) -> None:
        self._world.tell({"event": event, "root": self.root, **details})
