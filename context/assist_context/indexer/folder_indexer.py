"""Brings the index of one folder up to date: lists its files, compares, writes what was parsed, tidies up.

A round begins with a listing, or with single files that changed, and ends when nothing is left to parse.
The indexer reports what it does as events, and leaves the parsing to its caller.
It knows no other folder and no process.
"""

import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from assist_context.files.blobs import FileEntry
from assist_context.files.folder_rules import FolderRules
from assist_context.files.git_repository import Git, Stop
from assist_context.files.listing import Listing, ListingProgress, list_folder, look_again
from assist_context.index.database import StoreError
from assist_context.indexer.parse_queue import ParseQueue, PendingChanges, make_key
from assist_context.indexer.parser_pool import ParseOutcome
from assist_context.indexer.wire import IndexerEvent
from assist_context.indexer.writer_lease import WriterLease
from assist_context.relations.path_index import is_above

PROGRESS_S = 0.2  # between two progress events
# The default size limit of an index: so many bytes, or this share of the source, whichever is more.
LEAST_CAP = 1 << 30
CAP_SHARE = 0.6


@dataclass(frozen=True, slots=True)
class IndexingEnvironment:
    """The environment of all folders: how to call git, when to stop, where events go, and the other roots.

    `cap`: the most bytes of an index, 0 to derive the limit from the size of the source.
    """

    git: Git
    stop: Stop
    send: Callable[[IndexerEvent], None]
    cap: int = 0
    others: Collection[str] = ()


class _FolderEvents:
    """Sends the events of one folder."""

    def __init__(self, root: str, send: Callable[[IndexerEvent], None]) -> None:
        self._root = root
        self._send = send
        self._progress_at = 0.0

    def send(self, event: str, **details: object) -> None:
        self._send({"event": event, "root": self._root, **details})

    def send_progress(self, finished_count: int, waiting: int) -> None:
        """At most every `PROGRESS_S`."""
        now = time.monotonic()
        if now >= self._progress_at + PROGRESS_S:
            self._progress_at = now
            self.send("progress", done=finished_count, total=finished_count + waiting)


@dataclass(slots=True)
class _Round:
    """Events since the index was last up to date.

    `listed`: the whole folder was listed. `changed`: files that changed between listing and parsing.
    `repeated`: these have had their second chance.
    """

    began: float
    parses: int = 0
    changed: int = 0
    listed: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class _ListedFolder:
    """The result of the last listing: whether git answered, and how large the index may become."""

    by_git: bool = False
    cap: int = 0


class FolderIndexer:
    """Indexes one folder, round after round. It owns the lock on the index, and the writer."""

    def __init__(self, root: str, database: str, environment: IndexingEnvironment) -> None:
        self.root = os.path.realpath(root)
        self.blocked = False  # after a failure, until `retry`
        self.done = False  # a round ended well
        self.failed = False
        self._names = dict.fromkeys((self.root, os.path.abspath(root)))
        self._environment = environment
        self._events = _FolderEvents(self.root, environment.send)
        self._lease = WriterLease(database)
        self._changes = PendingChanges()
        self._queue = ParseQueue()
        self._round: _Round | None = None
        self._listed_folder = _ListedFolder()

    @property
    def waits(self) -> bool:
        """Return whether another process is the writer of this index."""
        return self._lease.waiting

    def add_changes(self, paths: Sequence[str]) -> None:
        """Absolute paths were saved, created or deleted. Paths outside the folder do not matter."""
        now = time.monotonic()
        for path in paths:
            inner = self._inner(path)
            # An index in its own folder would otherwise never come to rest.
            if inner is not None and not path.startswith(self._lease.database):
                self._changes.add_path(inner, now)

    def refresh(self) -> None:
        """Anything may have changed."""
        self._changes.add_anything()
        self._changes.look_at_once()

    def prefer(self, paths: Sequence[str]) -> None:
        """Parses these files first, then their neighbours."""
        self._queue.prefer(tuple(inner for path in paths if (inner := self._inner(path))))

    @property
    def preferred(self) -> tuple[str, ...]:
        """The paths, below the folder, of files that are open."""
        return self._queue.preferred

    @property
    def database(self) -> str:
        """The file of the index."""
        return self._lease.database

    def retry(self) -> None:
        """Return what failed before may work now."""
        self.blocked = False
        self._lease.reset_failures()

    def _inner(self, path: str) -> str | None:
        """A path relative to the root; "" for the root and the folders above it, None for any other."""
        for name in self._names:
            inside = os.path.join(name, "")
            if path.startswith(inside):
                return os.path.relpath(path, name).replace(os.sep, "/")
            if inside.startswith(os.path.join(path, "")):
                return ""
        return None

    def step(self) -> bool:
        """Does one thing that is due, except parsing; whether there was any. Raises Stopped."""
        now = time.monotonic()
        if self.blocked or not self._lease.may_try(now):
            return False
        with self._handle_store_errors():
            if not self._become_writer(now):
                return False
            write_due = self._queue.write_due()
            if write_due is not None and now >= write_due:
                self._write()
            elif self._changes.listing_is_due(now):
                self._list_folder()
            elif self._changes.paths_are_due(now):
                self._look_at_changes()
            elif self._round is not None and not self._queue.wanted:
                self._finish(self._round)
            else:
                return False
        return True

    def wait_s(self) -> float | None:
        """Seconds until `step` has something to do; None: nothing until there is news."""
        if self.blocked:
            return None
        times = (self._lease.retry_at,) if self.waits else (self._queue.write_due(), self._changes.due)
        first = min(filter(None, times), default=None)
        return None if first is None else max(0.0, first - time.monotonic())

    def next_file(self) -> FileEntry | None:
        """A file to parse; None: there is none for now."""
        return None if self.blocked else self._queue.take_next()

    def accept(self, outcome: ParseOutcome) -> None:
        """Takes in the outcome of parsing a file."""
        entry = outcome.job.entry
        if not self._queue.put_back(entry, outcome.parsed):
            return
        with self._handle_store_errors():
            round_ = self._current_round()
            round_.parses += outcome.kind != "changed"
            round_.changed += outcome.kind == "changed"
            if outcome.kind == "failed":
                self._lease.writer.quarantine(*make_key(entry), outcome.why)
            self._send_progress(round_)

    def fail(self, message: str, remedy: str) -> None:
        """Gives up until there is news; the index stays as it was."""
        self._drop_round()
        self.blocked = True
        self.failed = True
        self._events.send("problem", message=message, remedy=remedy)

    def give_up(self, message: str, remedy: str) -> None:
        """Like `fail`, when the files that are being parsed will not come back."""
        preference = self._queue.preferred
        self._queue = ParseQueue()
        self._queue.prefer(preference)
        self.fail(message, remedy)

    def close(self) -> None:
        """Writes the results there are, and releases the index."""
        with self._handle_store_errors():
            if self._lease.is_open and self._queue.results:
                self._write()
        self._drop_round()
        self._lease.release()

    @contextmanager
    def _handle_store_errors(self) -> Iterator[None]:
        try:
            yield
        except StoreError as error:
            if self._lease.record_failure():
                self.fail(str(error), "The index is updated again at the next save or request.")
            else:
                self._drop_round()

    def _drop_round(self) -> None:
        self._lease.close_writer()
        self._changes.add_anything()
        self._round = None
        self._queue.clear()

    def _become_writer(self, now: float) -> bool:
        """Return whether this process is the writer of the index, now or already."""
        if self._lease.is_open:
            return True
        was_waiting = self._lease.waiting
        if not self._lease.lock(now):
            if not was_waiting:
                self._events.send("reader")
            return False
        if was_waiting:
            self._events.send("writer")
        self.refresh()
        self._lease.open_writer()
        return True

    def _current_round(self) -> _Round:
        """The round under way; if there is none, it begins."""
        if self._round is None:
            self._round = _Round(time.monotonic())
        return self._round

    def _list_folder(self) -> None:
        """Lists all files, and queues those whose contents are not parsed yet."""
        round_ = self._current_round()
        writer = self._lease.writer
        environment = self._environment
        self._changes.take_all()
        writer.note("state", "indexing")
        progress = ListingProgress(environment.stop)
        listing = list_folder(self.root, writer.listing(), environment.git, progress, environment.others)
        self._queue.clear()  # files that are being parsed may be excluded now
        self._queue.want(writer.apply_listing(listing).wanted)
        paths = writer.paths()
        self._forget(lambda path: os.path.lexists(os.path.join(self.root, path)), paths)
        self._listed_folder = _ListedFolder(listing.git, environment.cap or _default_cap(listing))
        round_.listed = True
        counts = {"files": len(paths), "wanted": len(self._queue.wanted)}
        self._events.send("listed", **counts, skipped=dict(listing.skipped))

    def _look_at_changes(self) -> None:
        """Looks at single files as they are now."""
        paths = self._changes.take_all()
        environment = self._environment
        by_git = self._listed_folder.by_git
        files = look_again(self.root, paths, by_git, environment.git, environment.others, environment.stop)
        # A content that is still wanted may have to be read from another path now.
        if files is None or {entry.path for entry in self._queue.wanted.values()} & set(paths):
            self._changes.add_anything()
            return
        self._current_round()
        self._queue.want(self._lease.writer.apply_changes(files.entries, files.gone).wanted)
        if any(os.path.lexists(os.path.join(self.root, path)) for path in files.gone):
            # A file that is excluded now may be in the index under a name that vanished together with it.
            self._forget(lambda path: any(is_above(gone, path + "/") for gone in files.gone))

    def _forget(self, too: Callable[[str], bool], live: Collection[str] = ()) -> None:
        """Removes contents at once whose last path is excluded now, by a rule or by `too`."""
        folder = FolderRules(self.root, self._environment.others)
        self._lease.writer.forget(
            lambda path: (
                path not in live and (bool(folder.exclusion_reason(path, by_git_rules=True)) or too(path))
            )
        )

    def _write(self) -> None:
        self._lease.writer.add(self._queue.results)
        self._queue.mark_written()
        self._send_progress(self._current_round())

    def _finish(self, round_: _Round) -> None:
        if round_.changed and not round_.repeated:  # changed files get a second chance, not a third
            round_.changed = 0
            round_.repeated = True
            self._changes.add_anything()
            return
        writer = self._lease.writer
        writer.prune(self._listed_folder.cap)
        if round_.listed:
            writer.note("state", "ready")
        self._round = None
        self.failed = False
        self.done = True
        self._lease.reset_failures()
        status = writer.status()
        seconds = round(time.monotonic() - round_.began, 3)
        counts: IndexerEvent = {"files": status.files, "parsed": status.parsed, "seconds": seconds}
        self._events.send("ready", **counts, quarantined=len(status.quarantined), parses=round_.parses)

    def _send_progress(self, round_: _Round) -> None:
        self._events.send_progress(round_.parses, len(self._queue.wanted) - len(self._queue.results))


def _default_cap(listing: Listing) -> int:
    source = sum(entry.size for entry in listing.entries if entry.kind != "binary")
    return max(LEAST_CAP, int(CAP_SHARE * source))
