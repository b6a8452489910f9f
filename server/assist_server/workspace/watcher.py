"""Watches workspace folders for changes where no editor does, and reports them in batches.

On Linux each folder that is not ignored has a watch of its own. A recursive watch would include folders such
as `node_modules`, and watchdog would not report when the system's limit is reached on the way. On other
systems whole trees are watched, and ignored paths are filtered out. In `.git` only `HEAD` and `index` count.
This module knows paths, not what changed in the files, nor what is indexed.
"""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from assist_server.workspace.tree_watch import FolderWatch, TreeWatch, WatchListener, within

QUIET, MOST = 0.3, 2.0  # seconds: a batch waits for a pause, but not for ever
FLOOD = 500  # paths; listing a whole folder costs less than checking this many
_LIMITS = {  # the inotify limit for each error, and a value that was enough for trees of 10^5 folders
    errno.ENOSPC: ("fs.inotify.max_user_watches", 524_288),
    errno.EMFILE: ("fs.inotify.max_user_instances", 1_024),
}


OpenWatch = Callable[[Sequence[str], Callable[[str], bool], WatchListener], FolderWatch]


class Watcher:
    """Reports in batches, from its own thread, which paths changed below some folders, until it is closed.

    A root among the paths means that anything in it may have changed. That happens after more than `FLOOD`
    paths, when the system lost events, when the branch changed, and once when all watches are set, because
    earlier changes are unknown. A new folder is reported with the files in it; of a removed folder only its
    own path is reported. If it cannot watch, it calls `on_problem` once, with the remedy, and reports
    nothing.
    """

    def __init__(
        self,
        roots: Sequence[str],
        ignores: Callable[[str], bool],
        on_paths: Callable[[Collection[str]], None],
        on_problem: Callable[[str], None],
        open_watch: OpenWatch | None = None,
    ) -> None:
        self._roots = tuple(dict.fromkeys(os.path.abspath(root) for root in roots))
        self._ignored = ignores
        self._on_paths = on_paths
        self._on_problem = on_problem
        self._open_watch = open_watch or best_watch
        self._wake = threading.Condition()
        self._paths: set[str] = set()
        # when the batch began and grew, on the monotonic clock
        self._first = 0.0
        self._latest = 0.0
        self._error: OSError | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the watch; pending changes are not reported. Waits for the threads, but not for its own."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def report_change(self, path: str) -> None:
        with self._wake:
            if self._closed or self._error:
                return
            self._latest = time.monotonic()
            if not self._paths:
                self._first = self._latest
                self._wake.notify()
            self._paths.add(path)
            if len(self._paths) > FLOOD:
                self._paths = self._tops(self._paths)

    def report_loss(self) -> None:
        for root in self._roots:
            self.report_change(root)

    def report_failure(self, error: OSError) -> None:
        with self._wake:
            self._error = self._error or error
            self._wake.notify()

    def has_ended(self) -> bool:
        return self._closed

    def _tops(self, paths: Collection[str]) -> set[str]:
        """The roots that contain some of the paths."""
        return {root for root in self._roots if any(within(root, path) for path in paths)}

    def _run(self) -> None:
        watch: FolderWatch | None = None
        try:
            watch = self._open_watch(self._roots, self._ignored, self)
            self.report_loss()
        except OSError as error:
            self.report_failure(error)
        while (batch := self._batch()) is not None:
            roots = self._tops([path for path in batch if path in self._roots])
            self._on_paths(frozenset(roots | {path for path in batch if not self._tops([path]) & roots}))
        if watch is not None:
            watch.close()
        if self._error and not self._closed:
            self._on_problem(problem_words(self._error))

    def _batch(self) -> set[str] | None:
        """The next paths, after a pause; `None` at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._paths or self._closed or self._error)
            while not (self._closed or self._error):
                seconds = min(self._latest + QUIET, self._first + MOST) - time.monotonic()
                if seconds <= 0:
                    break
                self._wake.wait(seconds)
            batch, self._paths = self._paths, set()
            return None if self._closed or self._error else batch


def problem_words(error: OSError, limits: Path = Path("/proc/sys")) -> str:
    """Return why folders are not watched, and the remedy, in words."""
    effect = "Files are indexed only at startup and when they are saved."
    if error.errno not in _LIMITS:
        return f"The workspace is not watched: {error.strerror or error}. {effect}"
    name, value = _LIMITS[error.errno]
    try:
        now = int((limits / name.replace(".", "/")).read_text(encoding="ascii"))
    except (OSError, ValueError):
        now = 0
    value = max(value, 2 * now)
    count_words = f", {now} now," if now else ""
    return (
        f"The workspace is not watched: the system's limit {name}{count_words} is reached. {effect} To "
        f"raise it: sudo sysctl {name}={value}"
    )


def best_watch(roots: Sequence[str], ignores: Callable[[str], bool], listener: WatchListener) -> FolderWatch:
    """The best kind of watch on this system. Raises OSError if it cannot watch."""
    if sys.platform == "linux":
        from assist_server.workspace.inotify_watch import InotifyWatch  # noqa: PLC0415

        return InotifyWatch(roots, ignores, listener)
    return TreeWatch(roots, ignores, listener)
