"""The parent's side of the indexer process: starts it, sends it commands, starts it again when it dies.

Nothing here waits for that process: commands go through a queue and a thread of their own. This module
parses nothing and reads no index; `indexer_process` is the other side, and lists the events.
"""

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from assist_context.indexer import wire
from assist_context.indexer.children import start_child
from assist_context.indexer.wire import IndexerEvent

# At most so many restarts in so many seconds: more would be an endless loop.
RESTARTS = 3
RESTARTS_S = 60.0
QUEUED = 1_000  # commands; if more pile up they are dropped, and the process is told to look at everything
CLOSING_S = 1.0  # until a process that does not stop is killed; a transaction takes 0.3


class IndexerSupervisor:
    """The indexer of one workspace: `folders` are (root, database). It owns the process and two threads.

    `on_event` is called on one of these threads, with the indexer's events and at the very end
    {"event": "ended", "code"}. `environ` is for git. `cap` is in bytes, 0 to derive it from the source.
    `once`: the process ends after one round.
    """

    def __init__(
        self,
        folders: Sequence[tuple[str, str]],
        environ: Mapping[str, str],
        on_event: Callable[[IndexerEvent], None],
        parsers: int = 1,
        cap: int = 0,
        once: bool = False,
    ) -> None:
        openings = [
            {"root": os.path.abspath(root), "database": os.path.abspath(database)}
            for root, database in folders
        ]
        self._opening: dict[str, object] = {
            "do": "open", "folders": openings, "environ": dict(environ),
            "parsers": parsers, "cap": cap, "once": once,
        }  # fmt: skip
        self._once = once
        self._on_event = on_event
        self._outbox: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()  # held to start a process, and to close
        self._process: subprocess.Popen[bytes] | None = None
        self._closing = False
        self._paused = False
        self._lost = False
        self._preferred: tuple[str, ...] = ()
        self._code: int | None = None
        self._threads = [
            threading.Thread(target=loop, daemon=True) for loop in (self._run, self._send_commands)
        ]

    def outline_libraries(self, data: str, environ: Mapping[str, str]) -> None:
        """Outlines what open files import, too, into the folder `data`; call it before `start`.

        `environ` says where installed packages are.
        """
        self._opening["libraries"] = {"data": data, "environ": dict(environ)}

    def start(self) -> None:
        """Starts the threads; call it once."""
        for thread in self._threads:
            thread.start()

    def refresh(self) -> None:
        """Anything may have changed."""
        self._send({"do": "refresh"})

    def look_at_libraries(self) -> None:
        """Return what is installed may have changed, or has no outlines yet."""
        self._send({"do": "libraries"})

    def report_changes(self, paths: Sequence[str]) -> None:
        """Absolute paths were saved, created or deleted."""
        self._send({"do": "changed", "paths": list(paths)})

    def first(self, paths: Sequence[str]) -> None:
        """Return which files to parse first: those that are open."""
        self._preferred = tuple(paths)
        self._send({"do": "first", "paths": list(paths)})

    def pause(self) -> None:
        """Stops parsing and writing, after the work that is under way."""
        self._paused = True
        self._send({"do": "pause"})

    def resume(self) -> None:
        """Goes on after `pause`."""
        self._paused = False
        self._send({"do": "resume"})

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code, with `once` or after the last restart; None if the process is still running."""
        self._threads[0].join(timeout)
        return self._code

    def close(self) -> None:
        """Ends the process and waits for it. Calling it twice does no harm."""
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

    def _send(self, command: IndexerEvent) -> None:
        if self._outbox.qsize() >= QUEUED:
            self._lost = True
        else:
            self._outbox.put(wire.line(command))

    def _send_commands(self) -> None:
        """The thread that writes: only this one waits when the process does not read."""
        while (line := self._outbox.get()) is not None:
            self._write(line)
            if self._lost and self._outbox.empty():
                self._lost = False
                self._write(wire.line({"do": "refresh"}))

    def _write(self, line: bytes) -> None:
        if self._process is not None:
            source, _ = wire.open_pipes(self._process)
            with suppress(OSError, ValueError):  # it has ended, and the next process lists everything
                source.write(line)
                source.flush()

    def _run(self) -> None:
        """The thread that reads from the process, and starts the next one."""
        starts: list[float] = []
        while True:
            recent = [start for start in starts if start > time.monotonic() - RESTARTS_S]
            starts = [*recent, time.monotonic()]
            if len(starts) > 1 + RESTARTS:
                self._problem(f"The indexer ended {len(starts) - 1} times in a minute.")
                break
            process = self._start_process()
            if process is None:
                break
            self._read_events(process)
            self._code = process.wait()
            if self._once or self._closing:
                break
        self._on_event({"event": "ended", "code": self._code})

    def _start_process(self) -> subprocess.Popen[bytes] | None:
        """Starts a process and sends the first line; None if it cannot be started, or this is closing."""
        try:
            with self._lock:
                if self._closing:
                    return None
                process = _start()
                command = {**self._opening, "first": list(self._preferred), "paused": self._paused}
                source, _ = wire.open_pipes(process)
                with suppress(OSError):  # it died at once
                    source.write(wire.line(command))
                    source.flush()
                self._process = process
                return process
        except OSError as error:
            self._problem(f"The indexer cannot be started: {error.strerror}.")
            return None

    def _read_events(self, process: subprocess.Popen[bytes]) -> None:
        source, output = wire.open_pipes(process)
        with output:
            for line in output:
                with suppress(ValueError):  # the last line of a killed process
                    event = json.loads(line)
                    self._on_event(event)
        with suppress(OSError):  # it did not read everything
            source.close()

    def _problem(self, message: str) -> None:
        remedy = "Open the workspace again; if this happens again, run `assist doctor`."
        self._on_event({"event": "problem", "root": "", "message": message, "remedy": remedy})


_early: "queue.SimpleQueue[subprocess.Popen[bytes]]" = queue.SimpleQueue()


def start_early() -> None:
    """Starts a process before anyone knows what to index: it loads meanwhile. End it with `drop_early`."""
    with suppress(OSError):  # the supervisor that needs a process says so
        _early.put(_new_process())


def drop_early() -> None:
    """Ends the process that was started early, if no supervisor has taken it."""
    if (process := _take_early()) is not None:
        with process:
            process.kill()


def _take_early() -> subprocess.Popen[bytes] | None:
    try:
        return _early.get_nowait()
    except queue.Empty:
        return None


def _start() -> subprocess.Popen[bytes]:
    return _take_early() or _new_process()


def _new_process() -> subprocess.Popen[bytes]:
    return start_child("assist_context.indexer.indexer_process", low=True)
