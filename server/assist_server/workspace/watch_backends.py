"""What watches folders for `watcher`: whole trees where the system can, else one inotify watch a folder.

The door to watchdog. On Linux it uses watchdog's reader of inotify and not its observers: an observer has a
thread for each folder that it does not watch recursively, and swallows the error when the limit is reached
below the first. The reader, `InotifyFD`, has one thread for all, and raises.
This module knows paths that changed and what is ignored; no batches, no remedies.
"""

import errno
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.inotify_c import (
    CallbackId,
    InotifyConstants,
    InotifyEvent,
    InotifyFD,
    Mask,
    WatchDescriptor,
)

BRANCH = frozenset({"HEAD", "index"})  # of `.git`: they change with the branch, and with what is staged
_UNCHANGED = frozenset({"opened", "closed_no_write"})


class Told(Protocol):
    """What a watch tells, from any thread, and asks: whether it has `ended`."""

    def changed(self, path: str) -> None: ...
    def lost(self) -> None: ...
    def failed(self, error: OSError) -> None: ...
    def ended(self) -> bool: ...


class Watch(Protocol):
    """Folders under watch until `close`, which leaves no thread."""

    def close(self) -> None: ...


class TreeWatch(FileSystemEventHandler):
    """Whole trees, watched by the system."""

    def __init__(self, roots: Sequence[str], ignored: Callable[[str], bool], told: Told) -> None:
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


class FolderWatch:
    """The folders below some roots that are not ignored, under watch until `close`.

    Links are not followed. Raises OSError if there are more folders than watches; comes that later,
    `Told.failed` is called and nothing more is told.
    """

    def __init__(self, roots: Sequence[str], ignored: Callable[[str], bool], told: Told) -> None:
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
