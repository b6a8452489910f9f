"""An inotify watch for each folder, on Linux, with watchdog's reader of inotify instead of its observers.

An observer has a thread for each folder that it does not watch recursively, and hides the error when the
limit is reached below the first. Its reader, `InotifyFD`, has one thread for all folders, and raises. Import
this module on Linux only: watchdog looks for inotify in libc at import. It knows no batches and no remedies.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence

from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

from assist_server.workspace.tree_watch import BRANCH, WatchListener

_FATAL = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_ID = CallbackId(0)  # each watch has one callback
_MASK = Mask(
    InotifyConstants.IN_CREATE
    | InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_DELETE_SELF
    | InotifyConstants.IN_MOVE_SELF
    | InotifyConstants.IN_ONLYDIR
)


class InotifyWatch:
    """Watches the folders below some roots, except ignored ones, until `close`.

    Links are not followed. Raises OSError if there are more folders than watches. If that happens later,
    `WatchListener.failed` is called, and nothing more is reported.
    """

    def __init__(self, roots: Sequence[str], ignores: Callable[[str], bool], listener: WatchListener) -> None:
        self._roots = roots
        self._ignored = ignores
        self._listener = listener
        self._lock = threading.RLock()  # the reader's thread may call while the first watches are being set
        self._paths: dict[WatchDescriptor, str] = {}
        self._watches: dict[str, WatchDescriptor] = {}
        self._repositories: dict[WatchDescriptor, str] = {}  # for a watch on a `.git`: the folder it is in
        self._reader = InotifyFD()
        self._reader.start()
        try:
            for root in roots:
                with self._lock:
                    for _ in self._watch_tree(root):
                        pass
        except OSError:
            self.close()
            raise

    def close(self) -> None:
        self._reader.stop()
        self._reader.join()

    def on_event(self, event: InotifyEvent) -> None:
        """Called by the reader."""
        name = os.fsdecode(event.name)
        with self._lock:
            if (repository := self._repositories.get(event.wd)) is not None:
                if name in BRANCH:
                    self._listener.report_change(repository)
            elif (folder := self._paths.get(event.wd)) is not None:
                try:
                    self._handle(event, folder, name)
                except OSError as error:
                    self._listener.report_failure(error)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Called by the reader when a watched folder is gone, and at the end."""
        with self._lock:
            path = self._paths.pop(wd, None)
            self._repositories.pop(wd, None)
            if path is not None and self._watches.get(path) == wd:
                del self._watches[path]

    def on_queue_overflow(self) -> None:
        """Called by the reader: reports of new folders may be lost, so all folders are listed again."""
        try:
            for root in self._roots:
                with self._lock:
                    for _ in self._watch_tree(root):
                        pass
        except OSError as error:
            self._listener.report_failure(error)
        self._listener.report_loss()

    def _handle(self, event: InotifyEvent, folder: str, name: str) -> None:
        path = os.path.join(folder, name) if name else folder
        if event.is_delete_self or event.is_move_self:
            if folder in self._roots:  # for other folders, the parent's watch reports it
                self._unwatch_tree(folder)
                self._listener.report_change(folder)
        elif name == ".git":
            if event.is_create or event.is_moved_to:
                self._watch_repository(folder)
            self._listener.report_change(folder)
        elif not self._ignored(path):
            if event.is_directory and (event.is_moved_from or event.is_delete):
                self._unwatch_tree(path)
            self._listener.report_change(path)
            if event.is_directory and (event.is_create or event.is_moved_to):
                for file in self._watch_tree(path):
                    self._listener.report_change(file)

    def _watch_tree(self, top: str) -> Iterator[str]:
        """Watch a folder and all below it, and yield the files. Raises OSError if watches run out."""
        queue = [top]
        while queue and not self._listener.has_ended():
            folder = queue.pop()
            if not self._watch(folder):
                continue
            try:
                with os.scandir(folder) as entries:  # after the watch is set, so that no new file is missed
                    entries_found = list(entries)
            except OSError:
                continue
            for entry in entries_found:
                if entry.name == ".git":
                    self._watch_repository(folder)
                elif not self._ignored(entry.path):
                    if _is_folder(entry):
                        queue.append(entry.path)
                    else:
                        yield entry.path

    def _watch_repository(self, folder: str) -> None:
        """Watch a `.git` folder, or the folder elsewhere that a `.git` file points to."""
        git_folder = os.path.join(folder, ".git")
        if os.path.isfile(git_folder):
            try:
                with open(git_folder, encoding="utf-8", errors="surrogateescape") as file:
                    key, _, where = file.read(4_096).partition(":")
            except OSError:
                return
            if key != "gitdir":
                return
            git_folder = os.path.join(folder, where.strip())
        if self._watch(git_folder):
            self._repositories[self._watches[git_folder]] = folder

    def _watch(self, path: str) -> bool:
        """Return whether a folder is watched now; it may be gone, or be none. Raises OSError at the limit."""
        if path in self._watches:
            return True
        if not os.access(path, os.R_OK | os.X_OK):
            return False
        try:
            wd = self._reader.add_callback(os.fsencode(path), _MASK, self, _ID)
        except OSError as error:
            if error.errno in _FATAL:
                raise
            return False
        self._paths[wd] = path
        self._watches[path] = wd
        return True

    def _unwatch_tree(self, top: str) -> None:
        """End the watches of a removed folder and of all below it; if it was moved, it has a new name now."""
        paths = [path for path in self._watches if path == top or path.startswith(top + os.sep)]
        watches = [self._watches.pop(path) for path in paths]
        for wd in watches:
            self._paths.pop(wd, None)
            self._repositories.pop(wd, None)
        self._reader.remove_callbacks([(wd, _ID) for wd in watches])


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
