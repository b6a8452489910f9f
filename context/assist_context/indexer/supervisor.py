"""The parent's end of the process that keeps the index: starts it, tells it what happens, starts it again.

Nothing here waits for that process: commands go through a queue and a thread of their own. It parses
nothing and reads no index; `indexer` is the other end, and says what the events are.
"""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from assist_context.indexer import wire

Event = dict[str, object]

# so often in so many seconds; more would be a loop that warms the room
RESTARTS = 3
RESTARTS_S = 60.0
QUEUED = 1_000  # commands; a process that hears none for so long is told to look at everything
CLOSING_S = 1.0  # until a process that was asked to stop is killed; a transaction takes 0.3


class IndexerSupervisor:
    """The indexer of one workspace: `folders` are (root, database). It owns the process and two threads.

    `on_event` is called on a thread of its own, with the indexer's events and at the very end
    {"event": "ended", "code"}. `environ` is for git. `cap` is in bytes, 0 for what fits the source.
    `once`: one round, then the end.
    """

    def __init__(
        self,
        folders: Sequence[tuple[str, str]],
        environ: Mapping[str, str],
        on_event: Callable[[Event], None],
        parsers: int = 1,
        cap: int = 0,
        once: bool = False,
    ) -> None:
        opened = [
            {"root": os.path.abspath(root), "database": os.path.abspath(database)}
            for root, database in folders
        ]
        self._opening = {
            "do": "open", "folders": opened, "environ": dict(environ),
            "parsers": parsers, "cap": cap, "once": once,
        }  # fmt: skip
        self._once, self._on_event = once, on_event
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # of what follows
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._paused = False
        self._lost = False
        self._first: tuple[str, ...] = ()
        self._code: int | None = None
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._keep, self._write)]

    def start(self) -> None:
        """Once."""
        for thread in self._threads:
            thread.start()

    def refresh(self) -> None:
        """Anything may have changed."""
        self._send({"do": "refresh"})

    def changed(self, paths: Sequence[str]) -> None:
        """Absolute paths were saved, created or deleted."""
        self._send({"do": "changed", "paths": list(paths)})

    def first(self, paths: Sequence[str]) -> None:
        """What to parse first: open files."""
        self._first = tuple(paths)
        self._send({"do": "first", "paths": list(paths)})

    def pause(self) -> None:
        """Nothing more is parsed or written, but for what is under way."""
        self._paused = True
        self._send({"do": "pause"})

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._paused = False
        self._send({"do": "resume"})

    def wait(self, timeout: float | None = None) -> int | None:
        """How the process ended, with `once` or for good; None if it did not within the seconds."""
        self._threads[0].join(timeout)
        return self._code

    def close(self) -> None:
        """Ends the process and waits for that. Twice does no harm."""
        with self._lock:
            self._closing = True
            process = self._process
        self._outbox.put(wire.line({"do": "stop"}))
        self._outbox.put(None)
        if process is not None:
            try:
                process.wait(CLOSING_S)
            except subprocess.TimeoutExpired:
                process.kill()
        for thread in self._threads:
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join()

    def _send(self, command: Event) -> None:
        if self._outbox.qsize() >= QUEUED:
            self._lost = True
        else:
            self._outbox.put(wire.line(command))

    def _write(self) -> None:
        """The thread that writes: it alone waits where the process does not read."""
        while (line := self._outbox.get()) is not None:
            self._tell(line)
            if self._lost and self._outbox.empty():
                self._lost = False
                self._tell(wire.line({"do": "refresh"}))

    def _tell(self, line: bytes) -> None:
        if self._process is not None:
            source, _ = wire.pipes_of(self._process)
            with suppress(OSError, ValueError):  # it has ended: the next one lists everything
                source.write(line)
                source.flush()

    def _keep(self) -> None:
        """The thread that hears the process, and starts the next one."""
        starts: list[float] = []
        while True:
            starts = [*(at for at in starts if at > time.monotonic() - RESTARTS_S), time.monotonic()]
            if len(starts) > 1 + RESTARTS:
                self._problem(f"The indexer ended {len(starts) - 1} times in a minute.")
                break
            process = self._begin()
            if process is None:
                break
            self._hear(process)
            self._code = process.wait()
            if self._once or self._closing:
                break
        self._on_event({"event": "ended", "code": self._code})

    def _begin(self) -> subprocess.Popen[bytes] | None:
        """Starts a process and tells it what it must know; None: it is too late, or cannot be done."""
        try:
            with self._lock:
                if self._closing:
                    return None
                process = _start()
                command = {**self._opening, "first": list(self._first), "paused": self._paused}
                source, _ = wire.pipes_of(process)
                with suppress(OSError):  # dead already
                    source.write(wire.line(command))
                    source.flush()
                self._process = process
                return process
        except OSError as error:
            self._problem(f"The indexer cannot be started: {error.strerror}.")
            return None

    def _hear(self, process: subprocess.Popen[bytes]) -> None:
        source, output = wire.pipes_of(process)
        with output:
            for line in output:
                with suppress(ValueError):  # the last line of one that was killed
                    event = json.loads(line)
                    self._on_event(event)
        with suppress(OSError):  # what it did not read any more
            source.close()

    def _problem(self, message: str) -> None:
        remedy = "Open the workspace again; if this stays, run `assist doctor`."
        self._on_event({"event": "problem", "root": "", "message": message, "remedy": remedy})


def _start() -> subprocess.Popen[bytes]:
    flags = [getattr(subprocess, name, 0) for name in ("CREATE_NO_WINDOW", "BELOW_NORMAL_PRIORITY_CLASS")]
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "assist_context.indexer.indexer_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=os.path.abspath(os.sep),
        creationflags=flags[0] | flags[1],
    )
