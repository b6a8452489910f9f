"""What a watch is and what it tells; whole trees, watched as most systems can: a door to watchdog.

This module knows paths that changed and what is ignored; no batches, no remedies.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

BRANCH = frozenset({"HEAD", "index"})  # of `.git`: they change with the branch, and with what is staged
_UNCHANGED = frozenset({"opened", "closed_no_write"})


class WatchListener(Protocol):
    """What a watch tells, from any thread, and asks: whether it has `ended`."""

    def changed(self, path: str) -> None: ...
    def lost(self) -> None: ...
    def failed(self, error: OSError) -> None: ...
    def ended(self) -> bool: ...


class FolderWatch(Protocol):
    """Folders under watch until `close`, which leaves no thread."""

    def close(self) -> None: ...


class TreeWatch(FileSystemEventHandler):
    """Whole trees, watched by the system."""

    def __init__(self, roots: Sequence[str], ignored: Callable[[str], bool], told: WatchListener) -> None:
        self._roots, self._ignored, self._told = roots, ignored, told
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
            root = next((each for each in self._roots if within(each, path)), None)
            if root is not None and (counts := counted(root, path, self._ignored)):
                self._told.changed(counts)


def counted(root: str, path: str, ignored: Callable[[str], bool]) -> str:
    """The path to tell of: the folder of a `.git` whose branch changed, "" for what is ignored.

    >>> paths = ["/a/x/b.py", "/a/b/.git/HEAD", "/a/.git/objects/HEAD", "/a/y/b.py"]
    >>> [counted("/a", path, lambda path: path == "/a/y") for path in paths]
    ['/a/x/b.py', '/a/b', '', '']
    """
    for above in _path_to(root, path):
        folder, name = os.path.split(above)
        if name == ".git":
            return folder if path == above or os.path.relpath(path, above) in BRANCH else ""
        if ignored(above):
            return ""
    return path


def within(root: str, path: str) -> bool:
    """Whether a path is a folder or in it, by their names."""
    return path == root or path.startswith(os.path.join(root, ""))


def _path_to(root: str, path: str) -> Iterator[str]:
    """Every folder below the root on the way to a path, and the path."""
    here = root
    for part in Path(path).relative_to(root).parts:
        here = os.path.join(here, part)
        yield here
