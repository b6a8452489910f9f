"""The process that keeps the index of a workspace up to date: commands come in as lines, events go out.

    python -P -m assist_context.indexer.indexer_process

The first line in is {"do": "open", "folders": [{"root", "database"}], "environ", "parsers", "cap", "once",
"first", "paused", "libraries": {"data", "environ"}}; later lines are "refresh", "changed" and "first" with
"paths", "libraries", "pause", "resume", "stop". Lines out are events: listed, progress, ready, libraries,
problem, reader, writer. `supervisor` is the other side.

The process sleeps until a line arrives, and ends with its standard input. With "once" it ends after one
round, with 0, or 1 after a problem, or 2 if another process is the writer. It may be killed at any moment.
"""

import argparse
import gc
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import IO, Any

from assist_context.files.git_repository import Git, Stopped
from assist_context.indexer import wire
from assist_context.indexer.folder_indexer import FolderIndexer, IndexingEnvironment
from assist_context.indexer.outliner import ImportingFile, Outliner, outliner_source
from assist_context.indexer.parser_pool import (
    Message,
    ParseJob,
    ParseOutcome,
    ParserLimits,
    ParserPool,
    ParsersFailed,
)
from assist_context.indexer.parser_process import limit
from assist_context.indexer.wire import IndexerEvent

NICENESS = 10
# New objects until the garbage collector runs. With Python's 700, the process took 0.70 s instead of 0.66
# (4 pairs) to find 30,000 files unchanged, and 2.9 instead of 2.75 (3 pairs) for a cold index of 3,000.
GARBAGE = 100_000
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}  # a Linux system call that Python has no name for
_IDLE_CLASS = 3 << 13

DONE, PROBLEM, NOT_THE_WRITER = 0, 1, 2


class IndexerLoop:
    """All folders of a workspace, the parsers they share, and the queue that all messages arrive on."""

    def __init__(
        self,
        folders: Sequence[FolderIndexer],
        parsers: ParserPool,
        inbox: "queue.SimpleQueue[Message]",
        libraries: Outliner | None = None,
        once: bool = False,
    ) -> None:
        self._folders = folders
        self._parsers = parsers
        self._inbox = inbox
        self._libraries = libraries
        self._once = once
        self._paused = False

    def pause(self) -> None:
        """Waits until it is told to go on."""
        self._paused = True

    def run(self) -> int:
        """Works until it is told to stop; returns the exit code."""
        try:
            while True:
                timeout = self._step()
                is_idle = self._libraries is None or self._libraries.rested
                if self._once and is_idle and all(map(_is_over, self._folders)):
                    break
                self._receive(timeout)
        except Stopped:
            pass
        for folder in self._folders:
            folder.close()
        self._parsers.close()
        if self._libraries is not None:
            self._libraries.close()
        if any(folder.failed for folder in self._folders):
            return PROBLEM
        return NOT_THE_WRITER if any(folder.waits for folder in self._folders) else DONE

    def _step(self) -> float | None:
        """Does what can be done now; returns the seconds to sleep after it, None for ever."""
        for outcome in self._parsers.kill_overdue():
            self._accept(outcome)
        if self._libraries is not None:
            self._libraries.kill_overdue()
        if not self._paused:
            if any(folder.step() for folder in self._folders):
                if self._libraries is not None:
                    self._libraries.look_again()
                return 0.0
            self._feed()
        if not self._parsers.busy:
            self._parsers.rest()
            if self._libraries is not None and not self._paused and self._libraries.step(self._open_files):
                return 0.0
        ends = [self._parsers.wait_s(), self._libraries.wait_s() if self._libraries is not None else None]
        ends += [] if self._paused else [folder.wait_s() for folder in self._folders]
        return min((end for end in ends if end is not None), default=None)

    def _open_files(self) -> Iterator[ImportingFile]:
        yield_to_others()
        for folder in self._folders:
            yield from ((folder.root, folder.database, path) for path in folder.preferred)

    def _feed(self) -> None:
        try:
            for folder in self._folders:
                while self._parsers.room() and (entry := folder.next_file()) is not None:
                    yield_to_others()  # before a parser starts, which is then as nice
                    self._parsers.give(ParseJob(folder.root, entry))
        except ParsersFailed as error:
            self._parsers.close()
            for folder in self._folders:
                folder.give_up(f"{error}.", "If this happens again, reinstall assist.")

    def _receive(self, timeout: float | None) -> None:
        """Sleeps until a message arrives, and handles all that have arrived by then."""
        with suppress(queue.Empty):
            message = self._inbox.get(timeout=timeout) if timeout != 0 else self._inbox.get_nowait()
            while True:
                self._handle(*message)
                message = self._inbox.get_nowait()

    def _handle(self, source: object, line: bytes | None) -> None:
        if self._libraries is not None and source is not None and self._libraries.receive(source, line):
            return
        if source is not None:
            for outcome in self._parsers.receive(source, line):
                self._accept(outcome)
        elif line is not None:
            with suppress(ValueError, TypeError):  # not a command
                self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        paths = [path for path in command.get("paths", ()) if isinstance(path, str)]
        match command.get("do"):
            case "stop":
                raise Stopped
            case "pause" | "resume" as action:
                self._paused = action == "pause"
            case "libraries":
                if self._libraries is not None:
                    self._libraries.look_again(afresh=True)
            case "refresh" | "changed" | "first" as action:
                if self._libraries is not None:
                    self._libraries.look_again(afresh=action == "refresh")
                for folder in self._folders:
                    folder.retry()
                    if action == "refresh":
                        folder.refresh()
                    elif action == "changed":
                        folder.add_changes(paths)
                    else:
                        folder.prefer(paths)

    def _accept(self, outcome: ParseOutcome) -> None:
        for folder in self._folders:
            if folder.root == outcome.job.root:
                folder.accept(outcome)


def _is_over(folder: FolderIndexer) -> bool:
    """Return whether a folder needs nothing more in this round."""
    return folder.done or folder.blocked or folder.waits


def _failure(kind: type[BaseException], trace: TracebackType | None) -> IndexerEvent:
    """Describe an error that ends the process; its own text may hold source text."""
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    location = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace else ""
    message = f"The indexer ended with {kind.__name__}{location}."
    return {"event": "problem", "root": "", "message": message, "remedy": "Please report it."}


def main() -> None:
    """Runs the process, with what the first line says."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--parse", default="", help="MODULE:FUNCTION instead of the real one, for tests")
    arguments.add_argument("--parse-seconds", type=float, default=ParserLimits().parse_s)
    options = arguments.parse_args()
    source, sink = wire.own_pipes()
    if sys.platform != "win32":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent handles it
    limit()
    gc.set_threshold(GARBAGE)

    def send(event: IndexerEvent) -> None:
        with suppress(OSError):
            sink.write(wire.line(event))
            sink.flush()

    def fail(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
        send(_failure(kind, trace))
        os._exit(PROBLEM)

    sys.excepthook = fail
    outlining = outliner_source()  # before it is known whether it is wanted: meanwhile nothing waits for it
    opening = _read_opening(source)
    stopping = threading.Event()
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    parsers = ParserPool(inbox, opening.get("parsers", 1), options.parse, ParserLimits(options.parse_seconds))

    table = opening.get("libraries")
    libraries = (
        outlining.outliner(table["data"], table["environ"], inbox, send) if outlining and table else None
    )

    def receive(line: bytes | None) -> None:
        if line is None:
            parsers.kill()
            if libraries is not None:
                libraries.kill()
            os._exit(DONE)
        if b'"stop"' in line:  # ends a listing too, which reads no messages; in a path, quotes are escaped
            stopping.set()
        inbox.put((None, line))

    wire.listen(source, receive)
    folders = _open_folders(opening, stopping, send)
    loop = IndexerLoop(folders, parsers, inbox, libraries, opening.get("once", False))
    if opening.get("paused", False):
        loop.pause()
    os._exit(loop.run())


def _open_folders(
    opening: dict[str, Any], stopping: threading.Event, send: Callable[[IndexerEvent], None]
) -> list[FolderIndexer]:
    """The folders that the first line names."""
    roots = tuple(os.path.realpath(folder["root"]) for folder in opening["folders"])
    environment = IndexingEnvironment(
        Git(opening.get("environ", {})), stopping.is_set, send, opening.get("cap", 0), roots
    )
    folders = [
        FolderIndexer(folder["root"], folder["database"], environment) for folder in opening["folders"]
    ]
    for folder in folders:
        folder.prefer(opening.get("first", ()))
    return folders


def _read_opening(source: IO[bytes]) -> dict[str, Any]:
    """The first line. Without one, the process was started early and is not needed: it ends."""
    line = source.readline(wire.LONGEST)
    if not line:
        os._exit(DONE)
    opening: dict[str, Any] = json.loads(line)
    if not opening.get("once", False):  # else someone waits to hear that nothing changed
        yield_to_others()
    return opening


@cache
def yield_to_others() -> None:
    """Lets everything else on the machine go first from now on, disk access included."""
    if sys.platform == "win32":
        return  # `supervisor` started it with a low priority
    os.nice(NICENESS)
    if sys.platform == "linux" and (number := _IOPRIO_SET.get(os.uname().machine)):
        import ctypes  # noqa: PLC0415 - only for this

        ctypes.CDLL(None).syscall(number, 1, 0, _IDLE_CLASS)


if __name__ == "__main__":
    main()
