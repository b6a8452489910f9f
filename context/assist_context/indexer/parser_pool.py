"""Runs the parser processes: gives them files, and kills those that hang.

The pool knows which file a process was parsing when it died, and so which file not to parse again. It does
not know what happens to an outcome. It is used from one thread, which receives the messages of all
processes from one queue.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from assist_context.files.blobs import FileEntry
from assist_context.index.extraction import ParsedFile, add_chunks, from_plain, outlined_from_plain
from assist_context.indexer import wire
from assist_context.indexer.children import held_bytes, start_child
from assist_context.indexer.parser_process import CPU_S, MEMORY, NO_MEMORY, READ

# Files that a process is given at a time: 75 ms of work. During 230 transactions, with the chunks made in
# between, a process ran out of work 70 times with 32 files, 35 times with 48 and 26 times with 64.
AHEAD = 48
LOOK_S = 0.2  # seconds between two looks at the memory of processes that work
ENDING_S = 1.0  # from the end of a process's output to the end of the process
KILLS = 3  # a file is to blame if its process was killed so often from outside (memory, a person)
WASTED = 5  # if so many processes in a row read no file, the installation is broken
JOBS = 2_000  # an idle process ends after so many files: its heap has grown, and a new one takes 0.2 s

# What decoding a wrong line may raise.
_NONSENSE = (ValueError, TypeError, LookupError, AttributeError, RecursionError)

Message = tuple[object, bytes | None]  # the sender and the line; None: the sender has ended


class ParsersFailed(Exception):
    """No parser process stays alive long enough to read a file."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """Seconds of the clock. A process limits its processor time itself, to far less.

    These limits stop a process that sleeps. A nice process next to two busy ones gets a tenth of a core:
    2 s become 20.
    """

    parse_s: float = 30.0
    read_s: float = 60.0


@dataclass(frozen=True, slots=True)
class ParseJob:
    """A file to parse, in a folder."""

    root: str
    entry: FileEntry


@dataclass(frozen=True, slots=True)
class ParseOutcome:
    """The end of a job: "parsed", "changed" (not what was listed) or "failed" (do not try it again)."""

    job: ParseJob
    kind: Literal["parsed", "changed", "failed"]
    parsed: ParsedFile | None = None
    why: str = ""


class _Child:
    """One process and its jobs; it is working on the first of them."""

    def __init__(self, inbox: "queue.SimpleQueue[Message]", options: list[str]) -> None:
        self.process = start_child("assist_context.indexer.parser_process", options, MEMORY)
        self.jobs: deque[ParseJob] = deque()
        self.done = 0
        self.began = 0.0
        self.reading = True
        self.hung = False
        self.large = False
        self.input, output = wire.open_pipes(self.process)
        wire.listen(output, lambda line: inbox.put((self, line)))

    def give(self, job: ParseJob) -> None:
        if not self.jobs:
            self.begin()
        self.jobs.append(job)
        entry = job.entry
        full = os.path.join(job.root, entry.path)
        with suppress(OSError):  # it has died, and its last line will arrive
            self.input.write(wire.line([entry.path, full, entry.blob, entry.size, entry.mtime_ns]))
            self.input.flush()

    def record_read(self) -> None:
        """It has read its file, and parses it now."""
        self.reading = False

    def finish_job(self) -> ParseJob:
        """It has parsed its file, and reads the next one."""
        self.done += 1
        self.begin()
        return self.jobs.popleft()

    def kill_hung(self) -> None:
        """Kills it because it took too long."""
        self.hung = True
        self.process.kill()

    def kill_large(self) -> None:
        """Kills it because it holds too much memory."""
        self.large = True
        self.process.kill()

    def begin(self) -> None:
        self.began = time.monotonic()
        self.reading = True

    def end(self, patience_s: float = 0.0) -> int:
        """Waits, then kills the process if it has not ended; returns its exit code."""
        try:
            code = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        with suppress(OSError):  # it did not read everything
            self.input.close()
        return code


class ParserPool:
    """At most `count` processes, started when there is work.

    What they say arrives in `inbox`, for `receive`. With `held`, which says how much memory a process holds,
    a process that holds too much is killed: where the system limits it, none need look.
    """

    def __init__(
        self,
        inbox: "queue.SimpleQueue[Message]",
        count: int = 1,
        parse: str = "",
        limits: ParserLimits = ParserLimits(),
        memory_of: Callable[[int], int] | None = held_bytes if sys.platform == "darwin" else None,
    ) -> None:
        self._inbox = inbox
        self._count = max(1, count)
        self._limits = limits
        self._held = memory_of
        # If a single parser process also makes the chunks, it takes three times as long as this process:
        # 19.1 and 6.5 s for a tree of 106 MB. If this process makes them: 13.9 and 11.0. With several
        # parsers, they would have to wait for this process.
        self._options = ["--parse", parse] if parse else ["--outline"] if self._count == 1 else []
        self._children: list[_Child] = []
        self._again: deque[ParseJob] = deque()
        self._kills: dict[tuple[str, str], int] = {}
        self._wasted = 0

    @property
    def busy(self) -> int:
        """Jobs that have no outcome yet."""
        return len(self._again) + sum(len(child.jobs) for child in self._children)

    def room(self) -> bool:
        """Return whether another job may be given. Raises ParsersFailed, as `give` does."""
        while self._again and self._has_room():
            self.give(self._again.popleft())
        return not self._again and self._has_room()

    def _has_room(self) -> bool:
        if self._wasted >= WASTED:
            raise ParsersFailed(f"{WASTED} parser processes ended without reading a file")
        return len(self._children) < self._count or any(len(child.jobs) < AHEAD for child in self._children)

    def give(self, job: ParseJob) -> None:
        """Gives a file to a process; call it only when there is `room`."""
        least = min(self._children, key=lambda child: len(child.jobs), default=None)
        if least is None or (least.jobs and len(self._children) < self._count):
            try:
                least = _Child(self._inbox, self._options)
            except OSError as error:
                raise ParsersFailed(f"no parser process can be started ({error.strerror})") from error
            self._children.append(least)
        least.give(job)

    def receive(self, child: object, line: bytes | None) -> Iterator[ParseOutcome]:
        """The outcomes that follow from a message of a process.

        Messages of processes that were dropped are ignored.
        """
        if not isinstance(child, _Child) or child not in self._children:
            return
        if line is None:
            yield from self._handle_exit(child)
            return
        if line == READ and child.jobs:  # half of the lines are these
            child.record_read()
            self._wasted = 0
            return
        try:
            file = _decode(line, child.jobs[0].entry.path)
        except _NONSENSE:  # a grammar overwrote the heap
            child.process.kill()
            yield from self._handle_exit(child)
            return
        job = child.finish_job()
        self._wasted = 0
        yield ParseOutcome(job, "parsed" if file else "changed", file)

    def kill_overdue(self) -> Iterator[ParseOutcome]:
        """Kills processes that took too long, or hold too much.

        Call it only after all messages have been received.
        """
        now = time.monotonic()
        for child in tuple(self._children):
            if child.jobs and now >= self._deadline(child):
                child.kill_hung()
                yield from self._handle_exit(child)
            elif self._is_large(child):
                child.kill_large()
                yield from self._handle_exit(child)

    def _is_large(self, child: _Child) -> bool:
        parsing = bool(child.jobs) and not child.reading
        return parsing and self._held is not None and self._held(child.process.pid) > MEMORY

    def wait_s(self) -> float | None:
        """Seconds until a process may be overdue, or may hold too much; None: no job is under way."""
        ends = [self._deadline(child) for child in self._children if child.jobs]
        if not ends:
            return None
        seconds_left = max(0.0, min(ends) - time.monotonic())
        return seconds_left if self._held is None else min(seconds_left, LOOK_S)

    def _deadline(self, child: _Child) -> float:
        return child.began + (self._limits.read_s if child.reading else self._limits.parse_s)

    def _handle_exit(self, child: _Child) -> Iterator[ParseOutcome]:
        """Handles the jobs of a dead process: the first may be to blame, another process gets the others."""
        code = child.end(ENDING_S)  # its pipe ends before it does
        self._children.remove(child)
        if child.reading and not child.hung:
            self._wasted += 1
        if child.jobs:
            job = child.jobs.popleft()
            yield from self._judge(job, child, code)
        self._again.extend(child.jobs)

    def _judge(self, job: ParseJob, child: _Child, code: int) -> Iterator[ParseOutcome]:
        """Yield whether the file that a dead process was working on is tried again."""
        if child.reading and child.hung:
            yield ParseOutcome(job, "changed", why="reading took too long")
        elif child.hung:
            yield ParseOutcome(job, "failed", why=f"the grammar hung for {self._limits.parse_s:.0f} s")
        elif child.reading:
            self._again.appendleft(job)
        elif child.large:
            yield ParseOutcome(job, "failed", why=_exit_reason(NO_MEMORY))
        elif code in (-getattr(signal, "SIGKILL", 9), -signal.SIGTERM):
            key = (job.entry.path, job.entry.blob)
            self._kills[key] = self._kills.get(key, 0) + 1
            if self._kills[key] < KILLS:
                self._again.appendleft(job)
            else:
                yield ParseOutcome(job, "failed", why="the parser process was killed, perhaps for its memory")
        else:
            yield ParseOutcome(job, "failed", why=_exit_reason(code))

    def rest(self) -> None:
        """Keeps one process with its grammars, unless it has grown large; call it when all work is done."""
        self._kills.clear()
        for index, child in enumerate(tuple(self._children)):
            if not child.jobs and (index or child.done >= JOBS):
                child.end()
                self._children.remove(child)

    def close(self) -> None:
        """Ends all processes, and forgets their jobs."""
        self.kill()
        for child in self._children:
            child.end()
        self._children = []
        self._wasted = 0
        self._again.clear()

    def kill(self) -> None:
        """Kills all processes; from any thread, when this process is about to end."""
        for child in tuple(self._children):
            child.process.kill()


def _decode(line: bytes, path: str) -> ParsedFile | None:
    """The result in a message of a process; None: the file has changed. Raises any of `_NONSENSE`."""
    kind, value = json.loads(line)
    if kind == "outlined":
        return add_chunks(path, outlined_from_plain(value))
    if kind not in ("parsed", "changed"):
        raise ValueError(kind)
    return from_plain(value) if kind == "parsed" else None


def _exit_reason(code: int) -> str:
    if code == -getattr(signal, "SIGPROF", 0):
        return f"the grammar took longer than {CPU_S:.0f} s"
    if code == NO_MEMORY:
        return f"the grammar needed more than {MEMORY >> 20} MB of memory"
    if code < 0:
        with suppress(ValueError):
            return f"the grammar crashed ({signal.Signals(-code).name})"
    return f"the parser ended with {code}"
