"""What a watch is and what it reports; and a watch on whole trees, which most systems support.

This module imports watchdog. It knows changed paths and ignored ones, but no batches and no remedies.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

BRANCH = frozenset({"HEAD", "index"})  # files in `.git` that change with the branch or the staged files
_UNCHANGED = frozenset({"opened", "closed_no_write"})


class WatchListener(Protocol):
    """What a watch reports to, from any thread. `ended` says whether the watch should stop."""

    def report_change(self, path: str) -> None: ...
    def report_loss(self) -> None: ...
    def report_failure(self, error: OSError) -> None: ...
    def has_ended(self) -> bool: ...


class FolderWatch(Protocol):
    """Folders that are watched until `close`, which leaves no thread."""

    def close(self) -> None: ...


class TreeWatch(FileSystemEventHandler):
    """Watches whole trees with the system's own means."""

    def __init__(self, roots: Sequence[str], ignored: Callable[[str], bool], listener: WatchListener) -> None:
        self._roots = roots
        self._ignored = ignored
        self._listener = listener
        self._observer = Observer()
        for root in roots:
            self._observer.schedule(self, root, recursive=True)
        self._observer.start()

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in _UNCHANGED or (event.is_directory and event.event_type == "modified"):
            return
        for path in filter(None, (os.fsdecode(event.src_path), os.fsdecode(event.dest_path))):
            root = next((root for root in self._roots if within(root, path)), None)
            if root is not None and (reported := reported_path(root, path, self._ignored)):
                self._listener.report_change(reported)


def reported_path(root: str, path: str, ignored: Callable[[str], bool]) -> str:
    """The path to report: the folder of a `.git` whose branch changed, "" for an ignored path.

    >>> paths = ["/a/x/b.py", "/a/b/.git/HEAD", "/a/.git/objects/HEAD", "/a/y/b.py"]
    >>> [reported_path("/a", path, lambda path: path == "/a/y") for path in paths]
    ['/a/x/b.py', '/a/b', '', '']
    """
    for above in _folders_to(root, path):
        folder, name = os.path.split(above)
        if name == ".git":
            return folder if path == above or os.path.relpath(path, above) in BRANCH else ""
        if ignored(above):
            return ""
    return path


def within(root: str, path: str) -> bool:
    """Whether a path is a folder or in it, judged by the names alone."""
    return path == root or path.startswith(os.path.join(root, ""))


def _folders_to(root: str, path: str) -> Iterator[str]:
    """Every folder below the root on the way to a path, then the path itself."""
    here = root
    for part in Path(path).relative_to(root).parts:
        here = os.path.join(here, part)
        yield here
