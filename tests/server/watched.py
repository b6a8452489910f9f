"""Watched folders, and waiting for what the watcher reports."""

import os
import queue
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from assist_server.workspace.watcher import FolderWatch, Watcher

PATIENCE = 60


def ignored(path: str) -> bool:
    return os.path.basename(path) in {"node_modules", "ignored.txt"}


class Watching:
    """A watcher of some folders, and what it reported."""

    def __init__(self, *roots: Path, begin: Callable[..., FolderWatch] | None = None) -> None:
        self.batches: queue.Queue[Collection[str]] = queue.Queue()
        self.problems: queue.Queue[str] = queue.Queue()
        self.watcher = Watcher(
            [str(root) for root in roots], ignored, self.batches.put, self.problems.put, begin
        )

    def told(self, *expected: Path) -> set[str]:
        """Collect batches until all expected paths were reported; returns all reported paths."""
        found: set[str] = set()
        while not {str(path) for path in expected} <= found:
            found |= set(self.batches.get(timeout=PATIENCE))
        return found


def put(path: Path, text: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


Start = Callable[..., Watching]


@contextmanager
def watch_starter() -> Iterator[Start]:
    """A function that starts watching. At the end it checks that no thread and no open file is left."""
    started: list[Watching] = []

    def begin(*roots: Path, begin: Callable[..., FolderWatch] | None = None) -> Watching:
        watching = Watching(*roots, begin=begin)
        started.append(watching)
        watching.told(*roots)  # all watches are set
        return watching

    threads = set(threading.enumerate())
    files = psutil.Process().num_fds() if sys.platform != "win32" else 0
    yield begin
    for each in started:
        each.watcher.close()
    assert set(threading.enumerate()) <= threads
    if sys.platform != "win32":
        assert psutil.Process().num_fds() <= files
