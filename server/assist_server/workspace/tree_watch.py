"""The port of a watch, and a watch on whole trees, which most systems support.

This module imports watchdog. It knows changed paths and ignored ones, but no batches and no remedies.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

BRANCH = frozenset({"HEAD", "index"})  # files in `.git` that change with the branch or the staged files
_UNCHANGED = frozenset({"opened", "closed_no_write"})
# Windows drops what does not fit into 64 KB, which is 128 to 500 paths, and watchdog does not say so.
RUSH = 64  # events without a pause, ignored paths too
PAUSE = 0.5  # seconds


class WatchListener(Protocol):
    """The receiver of a watch's reports, on any thread. `ended` says whether the watch should stop."""

    def report_change(self, path: str) -> None: ...
    def report_loss(self) -> None: ...
    def report_failure(self, error: OSError) -> None: ...
    def has_ended(self) -> bool: ...


class FolderWatch(Protocol):
    """Folders that are watched until `close`, which leaves no thread."""

    def close(self) -> None: ...


class Rush:
    """Owns the timer: calls `on_end` after a rush of events, once it is over. Any thread."""

    def __init__(self, on_end: Callable[[], None]) -> None:
        self._on_end = on_end
        self._lock = threading.Lock()
        self._events = 0
        self._latest = 0.0  # monotonic
        self._timer: threading.Timer | None = None
        self._closed = False

    def count_event(self) -> None:
        with self._lock:
            now = time.monotonic()
            self._events = self._events + 1 if now - self._latest < PAUSE else 1
            self._latest = now
            if self._events >= RUSH and self._timer is None and not self._closed:
                self._wait(PAUSE)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            timer = self._timer
        if timer is not None:
            timer.cancel()
            timer.join()

    def _wait(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._look)
        self._timer.daemon = True
        self._timer.start()

    def _look(self) -> None:
        with self._lock:
            seconds = self._latest + PAUSE - time.monotonic()
            if seconds > 0 and not self._closed:
                self._wait(seconds)
                return
            self._timer = None
        self._on_end()


class TreeWatch(FileSystemEventHandler):
    """Watches whole trees with the system's own means. After a rush of events, some may be lost."""

    def __init__(self, roots: Sequence[str], ignores: Callable[[str], bool], listener: WatchListener) -> None:
        self._roots = roots
        self._ignored = ignores
        self._listener = listener
        self._rush = Rush(listener.report_loss)
        self._observer = Observer()
        for root in roots:
            self._observer.schedule(self, root, recursive=True)
        self._observer.start()

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()
        self._rush.close()

    def on_any_event(self, event: FileSystemEvent) -> None:
        self._rush.count_event()
        if event.event_type in _UNCHANGED or (event.is_directory and event.event_type == "modified"):
            return
        for path in filter(None, (os.fsdecode(event.src_path), os.fsdecode(event.dest_path))):
            root = next((root for root in self._roots if within(root, path)), None)
            if root is not None and (path_seen := reported_path(root, path, self._ignored)):
                self._listener.report_change(path_seen)


def reported_path(root: str, path: str, ignores: Callable[[str], bool]) -> str:
    """The path to report: the folder of a `.git` whose branch changed, "" for an ignored path.

    >>> paths = ["/a/x/b.py", "/a/b/.git/HEAD", "/a/.git/objects/HEAD", "/a/y/b.py"]
    >>> [reported_path("/a", path, lambda path: path == "/a/y") for path in paths]
    ['/a/x/b.py', '/a/b', '', '']
    """
    for above in _folders_to(root, path):
        folder, name = os.path.split(above)
        if name == ".git":
            return folder if path == above or os.path.relpath(path, above) in BRANCH else ""
        if ignores(above):
            return ""
    return path


def within(root: str, path: str) -> bool:
    """Return whether a path is a folder or in it, judged by the names alone."""
    return path == root or path.startswith(os.path.join(root, ""))


def _folders_to(root: str, path: str) -> Iterator[str]:
    """Every folder below the root on the way to a path, then the path itself."""
    here = root
    for part in Path(path).relative_to(root).parts:
        here = os.path.join(here, part)
        yield here
