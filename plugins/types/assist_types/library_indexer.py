"""Makes the outlines of installed libraries for what the open files of some folders import.

It runs after everything else of the indexer, one module at a time, in a process of its own that may crash.
What is in a package's database already is not read again. It knows no import itself: `import_walk` says what
is wanted, and the folders' indexes what their files import.
"""

import json
import os
import queue
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import astuple

from assist_context.index.reader import IndexReader
from assist_context.indexer import wire
from assist_context.indexer.children import start_child
from assist_context.indexer.outliner import ImportingFile
from assist_context.indexer.parser_pool import Message
from assist_context.indexer.parser_process import MEMORY
from assist_context.indexer.wire import IndexerEvent
from assist_context.languages import language_of
from assist_types.libraries import library_file
from assist_types.libraries.finders import Finders
from assist_types.libraries.import_walk import ImportWalk, WantedModule
from assist_types.libraries.module_outline import UNKNOWN, ModuleOutline, from_plain
from assist_types.libraries.outline_store import OutlineStore

MAX_FILES = 64  # open files whose imports count
READ_S = 30.0  # of the clock; the process itself limits its processor time to far less
# The limits for all packages of a user together. 60 packages of Python take 3 MB.
MAX_MB, MAX_PACKAGES = 200, 1_000
MAX_AGE_S = 90 * 86_400.0  # of a package since its last outline; it is made again if it is wanted
CRASHES = 5  # in a row: then this installation cannot do it


class LibraryIndexer:
    """Owns the process that reads modules, and the queue of those that are wanted.

    `data` is the folder of the databases; `environ` says where environments are.
    """

    def __init__(
        self,
        data: str,
        environ: Mapping[str, str],
        inbox: "queue.SimpleQueue[Message]",
        send: Callable[[IndexerEvent], None],
    ) -> None:
        self._data = data
        self._inbox = inbox
        self._send = send
        self._environ = environ
        self._finders = Finders(environ)
        self._store = OutlineStore(data)
        self._walk = ImportWalk()
        self._files: tuple[ImportingFile, ...] = ()
        self._pending = False  # the open files may import something else
        self._child: _LibraryReader | None = None
        self._crashes = 0
        self._made = 0
        self._pruned = False

    @property
    def rested(self) -> bool:
        """The state in which every wanted module has been outlined."""
        return self._pruned and not self._pending and (self._child is None or self._child.job is None)

    def look_again(self, *, afresh: bool = False) -> None:
        """The index has changed, or other files are open; `afresh`: what is installed may have, too."""
        self._pending = True
        if afresh:
            self._walk = ImportWalk()
            self._finders = Finders(self._environ)

    def step(self, files: Callable[[], Iterable[ImportingFile]]) -> bool:
        """Does one thing that is due; whether there was any. `files` are the open ones."""
        if self._child is not None and self._child.job is not None:
            return False
        if self._pending:
            self._pending = False
            self._want_imports(files())
            return True
        wanted = self._walk.take() if self._crashes < CRASHES else None
        if wanted is None:
            self._rest()
            return False
        known = self._store.outline(wanted.module)
        if known is not None:
            self._walk.follow(wanted, known)
        else:
            self._give(wanted)
        return True

    def receive(self, source: object, line: bytes | None) -> bool:
        """Takes a message of its process; whether it was one."""
        child = self._child
        if child is None or source is not child:
            return isinstance(source, _LibraryReader)
        job = child.job
        child.job = None
        if line is None:
            self._end()
        if job is None:
            return True
        size, outline = _decode(line)
        self._crashes = 0 if line is not None else self._crashes + 1
        if line is None:
            with suppress(OSError):
                size = os.path.getsize(job.module.file)
        if size >= 0:
            self._write(job, size, outline)
            self._walk.follow(job, outline)
        return True

    def kill_overdue(self) -> None:
        """Kills its process if that takes too long; its end arrives as a message."""
        child = self._child
        if child is not None and child.job is not None and time.monotonic() >= child.began + READ_S:
            child.process.kill()

    def wait_s(self) -> float | None:
        """Seconds until its process may be overdue; None: nothing until there is news."""
        if self._child is None or self._child.job is None:
            return None
        return max(0.0, self._child.began + READ_S - time.monotonic())

    def close(self) -> None:
        """Ends the process."""
        self._end()

    def kill(self) -> None:
        """Kills the process; from any thread, when this one is about to end."""
        if (child := self._child) is not None:
            child.process.kill()

    def _want_imports(self, files: Iterable[ImportingFile]) -> None:
        readers: dict[str, IndexReader] = {}
        for root, database, path in list(files)[:MAX_FILES]:
            full = os.path.join(root, path)
            finder = self._finders.of(full, root, language_of(path))
            if finder is not None:
                reader = readers.setdefault(database, IndexReader(database))
                self._walk.begin(reader.imports(path), finder)
        for reader in readers.values():
            reader.close()

    def _give(self, wanted: WantedModule) -> None:
        if self._child is None:
            try:
                self._child = _LibraryReader(self._inbox)
            except OSError:
                self._crashes = CRASHES
                return
        self._child.give(wanted)

    def _write(self, job: WantedModule, size: int, outline: ModuleOutline) -> None:
        self._made += 1
        self._store.put(job.module, size, outline)
        try:
            library_file.write_outlines(self._data, [(job.module, size, outline)])
        except OSError:  # the disk is full: what is not kept is unknown
            self._crashes = CRASHES

    def _rest(self) -> None:
        """All is done for now: lets go of the process and of memory, and says what there is."""
        self._end()
        self._store = OutlineStore(self._data)
        if self._made or not self._pruned:
            self._pruned = True
            library_file.prune(self._data, time.time(), MAX_MB << 20, MAX_PACKAGES, MAX_AGE_S)
            found = [state.st_size for _, state in library_file.library_files(self._data)]
            self._send(
                {"event": "libraries", "packages": len(found), "bytes": sum(found), "made": self._made}
            )
            self._made = 0

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


class _LibraryReader:
    """One process, and the module that it reads."""

    def __init__(self, inbox: "queue.SimpleQueue[Message]") -> None:
        self.process = start_child("assist_types.library_process", memory=MEMORY)
        self.job: WantedModule | None = None
        self.began = 0.0
        self._input, output = wire.open_pipes(self.process)
        wire.listen(output, lambda line: inbox.put((self, line)))

    def give(self, job: WantedModule) -> None:
        self.job = job
        self.began = time.monotonic()
        with suppress(OSError):  # it has died, and its last line will arrive
            self._input.write(wire.line(astuple(job.module)))
            self._input.flush()

    def end(self) -> None:
        with suppress(OSError):
            self._input.close()
        self.process.kill()
        self.process.wait()


def _decode(line: bytes | None) -> tuple[int, ModuleOutline]:
    """A message of the process; of a module that ended it nothing is known, whatever its size."""
    if line is None:
        return -1, UNKNOWN
    try:
        size, value = json.loads(line)
        return int(size), from_plain(value)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return -1, UNKNOWN
