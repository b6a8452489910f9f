"""Workspace folders watched for changes, where no editor does it, told in batches.

On Linux each folder that is not ignored has a watch of its own: a recursive one would also take those of
`node_modules`, and watchdog keeps it to itself when the system's limit is reached underway. Elsewhere the
system watches whole trees, and what is ignored is sifted out. Of `.git` only `HEAD` and `index` count.
It knows paths; what has changed about them, and what is indexed, is for others to find out.
"""

import errno
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from assist_server.workspace.watching.tree_watch import FolderWatch, TreeWatch, WatchListener, within

QUIET, MOST = 0.3, 2.0  # seconds: a batch waits for a pause, but not for ever
FLOOD = 500  # paths; listing a folder anew costs less than so many questions about it
_LIMITS = {  # which limit of inotify an error is about, and a value that was enough for trees of 10^5 folders
    errno.ENOSPC: ("fs.inotify.max_user_watches", 524_288),
    errno.EMFILE: ("fs.inotify.max_user_instances", 1_024),
}


Begin = Callable[[Sequence[str], Callable[[str], bool], WatchListener], FolderWatch]


class Watcher:
    """Tells in batches which paths changed below some folders, from its thread, until it is closed.

    A root among the paths means that anything in it may have changed: after more than `FLOOD` paths, when
    the system lost events, when the branch changed, and once when all watches stand, as what came ahead
    of them is unknown. A new folder comes with the files in it; of one that went, only its own path.
    Without watches (`on_problem` is told once, with the remedy) it stays silent.
    """

    def __init__(
        self,
        roots: Sequence[str],
        ignored: Callable[[str], bool],
        on_paths: Callable[[Collection[str]], None],
        on_problem: Callable[[str], None],
        begin: Begin | None = None,
    ) -> None:
        self._roots = tuple(dict.fromkeys(os.path.abspath(root) for root in roots))
        self._ignored, self._on_paths, self._on_problem = ignored, on_paths, on_problem
        self._begin = begin or native
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
        """End the watch; what was not told yet is not told. Waits for the threads, but not for its own."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def changed(self, path: str) -> None:
        with self._wake:
            if self._closed or self._error:
                return
            self._latest = time.monotonic()
            if not self._paths:
                self._first = self._latest
                self._wake.notify()
            self._paths.add(path)
            if len(self._paths) > FLOOD:
                self._paths = self._whole(self._paths)

    def lost(self) -> None:
        for root in self._roots:
            self.changed(root)

    def failed(self, error: OSError) -> None:
        with self._wake:
            self._error = self._error or error
            self._wake.notify()

    def ended(self) -> bool:
        return self._closed

    def _whole(self, paths: Collection[str]) -> set[str]:
        """The roots that some paths are in."""
        return {root for root in self._roots if any(within(root, path) for path in paths)}

    def _run(self) -> None:
        watch: FolderWatch | None = None
        try:
            watch = self._begin(self._roots, self._ignored, self)
            self.lost()
        except OSError as error:
            self.failed(error)
        while (batch := self._batch()) is not None:
            whole = self._whole([path for path in batch if path in self._roots])
            self._on_paths(frozenset(whole | {path for path in batch if not self._whole([path]) & whole}))
        if watch is not None:
            watch.close()
        if self._error and not self._closed:
            self._on_problem(problem(self._error))

    def _batch(self) -> set[str] | None:
        """The next paths, when they have come to rest; `None` at the end."""
        with self._wake:
            self._wake.wait_for(lambda: self._paths or self._closed or self._error)
            while not (self._closed or self._error):
                left = min(self._latest + QUIET, self._first + MOST) - time.monotonic()
                if left <= 0:
                    break
                self._wake.wait(left)
            batch, self._paths = self._paths, set()
            return None if self._closed or self._error else batch


def problem(error: OSError, limits: Path = Path("/proc/sys")) -> str:
    """Why folders are not watched, and the remedy, in words."""
    then = "Files are indexed when saved and at the start only."
    if error.errno not in _LIMITS:
        return f"The workspace is not watched: {error.strerror or error}. {then}"
    name, value = _LIMITS[error.errno]
    try:
        now = int((limits / name.replace(".", "/")).read_text(encoding="ascii"))
    except (OSError, ValueError):
        now = 0
    value, known = max(value, 2 * now), f", {now} now," if now else ""
    return (
        f"The workspace is not watched: the system's limit {name}{known} is used up. {then} "
        f"To raise it: sudo sysctl {name}={value}"
    )


def native(roots: Sequence[str], ignored: Callable[[str], bool], told: WatchListener) -> FolderWatch:
    """The watch that this system is best at. Raises OSError without one."""
    if sys.platform == "linux":
        from assist_server.workspace.watching.inotify_watch import InotifyWatch  # noqa: PLC0415

        return InotifyWatch(roots, ignored, told)
    return TreeWatch(roots, ignored, told)
