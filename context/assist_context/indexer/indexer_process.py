"""The process that keeps the index of a workspace: told what happens by lines, it tells what it does.

    python -P -m assist_context.indexer.indexer_process

The first line in is {"do": "open", "folders": [{"root", "database"}], "environ", "parsers", "cap", "once",
"first", "paused"}; then come "refresh", "changed" and "first" with "paths", "pause", "resume", "stop". Lines
out are events: listed, progress, ready, problem, reader, writer. `keeping` is the other end.

It sleeps until it hears something, and ends with its standard input. With "once" it ends after one round:
0, 1 after a problem, 2 where another process is the writer. It may be killed at any moment.
"""

import argparse
import gc
import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

from assist_context.files.git_repository import Git, Stopped
from assist_context.indexer import wire
from assist_context.indexer.folder_indexer import Event, FolderIndexer, IndexingEnvironment
from assist_context.indexer.parser_pool import (
    Message,
    ParseJob,
    ParseOutcome,
    ParserLimits,
    ParserPool,
    ParsersFailed,
)
from assist_context.indexer.parser_process import limit

NICENESS = 10
# New objects until some are looked through. At 700, as Python has it, the process took 0.70 s instead of 0.66
# (4 pairs) to find 30,000 files unchanged, and 2.9 instead of 2.75 (3 pairs) for a cold index of 3,000.
GARBAGE = 100_000
_IOPRIO_SET = {"x86_64": 251, "aarch64": 30}  # Linux's system call, which Python has no name for
_IDLE_CLASS = 3 << 13

DONE, PROBLEM, NOT_THE_WRITER = 0, 1, 2


class IndexerLoop:
    """All folders of a workspace, the parsers they share, and the queue on which all of it is heard."""

    def __init__(
        self,
        rounds: Sequence[FolderIndexer],
        parsers: ParserPool,
        inbox: "queue.SimpleQueue[Message]",
        once: bool = False,
        paused: bool = False,
    ) -> None:
        self._rounds, self._parsers, self._inbox = rounds, parsers, inbox
        self._once, self._paused = once, paused

    def run(self) -> int:
        """Works until it is told to stop; how the process is to end."""
        try:
            while True:
                timeout = self._step()
                if self._once and all(each.done or each.blocked or each.waits for each in self._rounds):
                    break
                self._hear(timeout)
        except Stopped:
            pass
        for each in self._rounds:
            each.close()
        self._parsers.close()
        if any(each.failed for each in self._rounds):
            return PROBLEM
        return NOT_THE_WRITER if any(each.waits for each in self._rounds) else DONE

    def _step(self) -> float | None:
        """Does what can be done; seconds to sleep after it, None for ever."""
        for outcome in self._parsers.overdue():
            self._take(outcome)
        if not self._paused:
            if any(each.step() for each in self._rounds):
                return 0.0
            self._feed()
        if not self._parsers.busy:
            self._parsers.rest()
        ends = [self._parsers.wait_s()]
        ends += [] if self._paused else [each.wait_s() for each in self._rounds]
        return min((end for end in ends if end is not None), default=None)

    def _feed(self) -> None:
        try:
            for each in self._rounds:
                while self._parsers.room() and (entry := each.next()) is not None:
                    self._parsers.give(ParseJob(each.root, entry))
        except ParsersFailed as error:
            self._parsers.close()
            for each in self._rounds:
                each.give_up(f"{error}.", "Install assist again if this stays.")

    def _hear(self, timeout: float | None) -> None:
        """Sleeps until something is said, and takes in all that was said by then."""
        with suppress(queue.Empty):
            message = self._inbox.get(timeout=timeout) if timeout != 0 else self._inbox.get_nowait()
            while True:
                self._heard(*message)
                message = self._inbox.get_nowait()

    def _heard(self, source: object, line: bytes | None) -> None:
        if source is not None:
            for outcome in self._parsers.heard(source, line):
                self._take(outcome)
        elif line is not None:
            with suppress(ValueError, TypeError):  # not one of ours
                self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        paths = [path for path in command.get("paths", ()) if isinstance(path, str)]
        match command.get("do"):
            case "stop":
                raise Stopped
            case "pause" | "resume" as word:
                self._paused = word == "pause"
            case "refresh" | "changed" | "first" as word:
                for each in self._rounds:
                    each.retry()
                    if word == "refresh":
                        each.refresh()
                    elif word == "changed":
                        each.touch(paths)
                    else:
                        each.prefer(paths)

    def _take(self, outcome: ParseOutcome) -> None:
        for each in self._rounds:
            if each.root == outcome.job.root:
                each.take(outcome)


def main() -> None:
    """The process: opens what the first line says."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--parse", default="", help="MODULE:FUNCTION instead of the real one, for tests")
    arguments.add_argument("--parse-seconds", type=float, default=ParserLimits().parse_s)
    options = arguments.parse_args()
    source, sink = wire.own_pipes()
    _yield_to_others()
    limit()
    gc.set_threshold(GARBAGE)

    def tell(event: Event) -> None:
        with suppress(OSError):
            sink.write(wire.line(event))
            sink.flush()

    def fail(kind: type[BaseException], _error: BaseException, trace: TracebackType | None) -> None:
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = f" in {trace.tb_frame.f_code.co_name}, line {trace.tb_lineno}" if trace else ""
        message = f"The indexer ended with {kind.__name__}{place}."  # the text of an error may hold a user's
        tell({"event": "problem", "root": "", "message": message, "remedy": "Please report it."})
        os._exit(PROBLEM)

    sys.excepthook = fail
    opening = json.loads(source.readline(wire.LONGEST))
    stopping = threading.Event()
    inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
    parsers = ParserPool(inbox, opening.get("parsers", 1), options.parse, ParserLimits(options.parse_seconds))

    def heard(line: bytes | None) -> None:
        if line is None:
            parsers.kill()
            os._exit(DONE)
        if b'"stop"' in line:  # also ends a listing, which hears nothing; in a path, quotes are escaped
            stopping.set()
        inbox.put((None, line))

    wire.listen(source, heard)
    roots = tuple(os.path.realpath(each["root"]) for each in opening["folders"])
    world = IndexingEnvironment(
        Git(opening.get("environ", {})), stopping.is_set, tell, opening.get("cap", 0), roots
    )
    rounds = [FolderIndexer(each["root"], each["database"], world) for each in opening["folders"]]
    for each in rounds:
        each.prefer(opening.get("first", ()))
    indexer = IndexerLoop(rounds, parsers, inbox, opening.get("once", False), opening.get("paused", False))
    os._exit(indexer.run())


def _yield_to_others() -> None:
    """Everything else on the machine goes first, the disk included."""
    if sys.platform == "win32":
        return  # `keeping` started it so
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent's to answer
    os.nice(NICENESS)
    if sys.platform == "linux" and (number := _IOPRIO_SET.get(os.uname().machine)):
        import ctypes  # noqa: PLC0415 - only for this

        ctypes.CDLL(None).syscall(number, 1, 0, _IDLE_CLASS)


if __name__ == "__main__":
    main()
