"""One inotify watch for each folder, on Linux: a door to watchdog's reader of inotify, not to its observers.

An observer has a thread for each folder that it does not watch recursively, and swallows the error when
the limit is reached below the first. Its reader, `InotifyFD`, has one thread for all, and raises.
Import it on Linux only: watchdog looks for inotify in libc at once. It knows no batches and no remedies.
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

from assist_server.workspace.watching.tree_watch import BRANCH, WatchListener

_FATAL = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})
_ID = CallbackId(0)  # of the one callback that each watch has
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
    """The folders below some roots that are not ignored, under watch until `close`.

    Links are not followed. Raises OSError if there are more folders than watches; comes that later,
    `WatchListener.failed` is called and nothing more is told.
    """

    def __init__(self, roots: Sequence[str], ignored: Callable[[str], bool], told: WatchListener) -> None:
        self._roots, self._ignored, self._told = roots, ignored, told
        self._lock = threading.RLock()  # the reader's thread comes while the first watches are still set
        self._paths: dict[WatchDescriptor, str] = {}
        self._watches: dict[str, WatchDescriptor] = {}
        self._repositories: dict[WatchDescriptor, str] = {}  # of the watches of a `.git`: where it stands
        self._reader = InotifyFD()
        self._reader.start()
        try:
            for root in roots:
                with self._lock:
                    for _ in self._enter(root):
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
                    self._told.changed(repository)
            elif (folder := self._paths.get(event.wd)) is not None:
                try:
                    self._happened(event, folder, name)
                except OSError as error:
                    self._told.failed(error)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Called by the reader when a watched folder is gone, or at the end."""
        with self._lock:
            path = self._paths.pop(wd, None)
            self._repositories.pop(wd, None)
            if path is not None and self._watches.get(path) == wd:
                del self._watches[path]

    def on_queue_overflow(self) -> None:
        """Called by the reader: new folders may have been missed, so all are looked at again."""
        try:
            for root in self._roots:
                with self._lock:
                    for _ in self._enter(root):
                        pass
        except OSError as error:
            self._told.failed(error)
        self._told.lost()

    def _happened(self, event: InotifyEvent, folder: str, name: str) -> None:
        path = os.path.join(folder, name) if name else folder
        if event.is_delete_self or event.is_move_self:
            if folder in self._roots:  # the others' parents tell it
                self._leave(folder)
                self._told.changed(folder)
        elif name == ".git":
            if event.is_create or event.is_moved_to:
                self._repository(folder)
            self._told.changed(folder)
        elif not self._ignored(path):
            if event.is_directory and (event.is_moved_from or event.is_delete):
                self._leave(path)
            self._told.changed(path)
            if event.is_directory and (event.is_create or event.is_moved_to):
                for file in self._enter(path):
                    self._told.changed(file)

    def _enter(self, top: str) -> Iterator[str]:
        """Watch a folder and all below; gives the files. Raises OSError when there are no more watches."""
        waiting = [top]
        while waiting and not self._told.ended():
            folder = waiting.pop()
            if not self._watch(folder):
                continue
            try:
                with os.scandir(folder) as entries:  # after its watch: what comes later is told by that
                    found = list(entries)
            except OSError:
                continue
            for entry in found:
                if entry.name == ".git":
                    self._repository(folder)
                elif not self._ignored(entry.path):
                    if _is_folder(entry):
                        waiting.append(entry.path)
                    else:
                        yield entry.path

    def _repository(self, folder: str) -> None:
        """Watch a `.git`, or the folder elsewhere that a `.git` file leads to."""
        place = os.path.join(folder, ".git")
        if os.path.isfile(place):
            try:
                with open(place, encoding="utf-8", errors="surrogateescape") as file:
                    key, _, where = file.read(4_096).partition(":")
            except OSError:
                return
            if key != "gitdir":
                return
            place = os.path.join(folder, where.strip())
        if self._watch(place):
            self._repositories[self._watches[place]] = folder

    def _watch(self, path: str) -> bool:
        """Whether a folder is under watch; it may be gone, or not be one. Raises OSError at the limit."""
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
        self._paths[wd], self._watches[path] = path, wd
        return True

    def _leave(self, top: str) -> None:
        """Give up the watches of a folder that went and of all below: elsewhere it has another name."""
        gone = [path for path in self._watches if path == top or path.startswith(top + os.sep)]
        watches = [self._watches.pop(path) for path in gone]
        for wd in watches:
            self._paths.pop(wd, None)
            self._repositories.pop(wd, None)
        self._reader.remove_callbacks([(wd, _ID) for wd in watches])


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False
