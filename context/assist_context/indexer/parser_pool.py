"""The parser processes from outside: gives them files, and takes them away when they hang or die.

It knows which file a process was at when it died, and so which one not to parse again. It does not know
what becomes of an outcome. Used from one thread, which hears what the processes say from one queue.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from assist_context.files.blobs import FileEntry
from assist_context.index.extraction import ParsedFile, with_chunks
from assist_context.indexer import wire
from assist_context.indexer.parser_process import CPU_S, MEMORY, NO_MEMORY, READ
from assist_context.indexer.wire import from_plain, outlined_from_plain

# Files a process has in hand: 75 ms of work. Of 230 transactions, with the chunks to be made in between, a
# process had nothing left to do after 70 with 32 files in hand, 35 with 48, 26 with 64.
AHEAD = 48
ENDING_S = 1.0  # from the end of a process's pipe to its own
KILLS = 3  # how often a file sees its process killed from outside (memory, a person) until it is at fault
WASTED = 5  # processes in a row that read no file: the installation is at fault
JOBS = 2_000  # files after which an idle process is ended: its heap has grown, and a new one takes 0.2 s

_NONSENSE = ValueError, TypeError, LookupError, AttributeError, RecursionError  # what a wrong line may raise

Message = tuple[object, bytes | None]  # who said it, and the line; None: that was the last


class ParsersFailed(Exception):
    """No parser process stays alive long enough to read a file."""


@dataclass(frozen=True, slots=True)
class ParserLimits:
    """Seconds of the clock. A process limits its processor time itself, to far less.

    They stop what sleeps. A nice process beside two busy ones has a tenth of a core: 2 s become 20.
    """

    parse_s: float = 30.0
    read_s: float = 60.0


@dataclass(frozen=True, slots=True)
class ParseJob:
    """A file to be parsed, in a folder."""

    root: str
    entry: FileEntry


@dataclass(frozen=True, slots=True)
class ParseOutcome:
    """What became of a job: `parsed`, or "changed" (not what was listed), or "failed" (do not try again)."""

    job: ParseJob
    kind: Literal["parsed", "changed", "failed"]
    parsed: ParsedFile | None = None
    why: str = ""


class _Child:
    """One process and the jobs it has in hand, the first of which it is at."""

    def __init__(self, inbox: "queue.SimpleQueue[Message]", options: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "assist_context.indexer.parser_process", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=os.path.abspath(os.sep),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self.jobs: deque[ParseJob] = deque()
        self.done = 0
        self.since = 0.0
        self.reading = True
        self.hung = False
        self.input, output = wire.pipes_of(self.process)
        wire.listen(output, lambda line: inbox.put((self, line)))

    def give(self, job: ParseJob) -> None:
        if not self.jobs:
            self.begin()
        self.jobs.append(job)
        entry = job.entry
        full = os.path.join(job.root, entry.path)
        with suppress(OSError):  # dead: its last line is on the way
            self.input.write(wire.line([entry.path, full, entry.blob, entry.size, entry.mtime_ns]))
            self.input.flush()

    def begin(self) -> None:
        self.since = time.monotonic()
        self.reading = True

    def end(self, patience_s: float = 0.0) -> int:
        """Kills it if it does not end by itself; how it has ended."""
        try:
            code = self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        with suppress(OSError):  # what was not read any more
            self.input.close()
        return code


class ParserPool:
    """At most `count` processes, started when there is work. They tell `inbox`, and its reader `heard`."""

    def __init__(
        self,
        inbox: "queue.SimpleQueue[Message]",
        count: int = 1,
        parse: str = "",
        limits: ParserLimits = ParserLimits(),
    ) -> None:
        self._inbox = inbox
        self._count = max(1, count)
        self._limits = limits
        # One process takes three times as long as who hears it, if it makes the chunks: 19.1 and 6.5 s of a
        # 106 MB tree, 13.9 and 11.0 if the other does. Several would have to wait for that one.
        self._options = ["--parse", parse] if parse else ["--outline"] if self._count == 1 else []
        self._children: list[_Child] = []
        self._again: deque[ParseJob] = deque()
        self._kills: dict[tuple[str, str], int] = {}
        self._wasted = 0

    @property
    def busy(self) -> int:
        """Jobs in hand."""
        return len(self._again) + sum(len(child.jobs) for child in self._children)

    def room(self) -> bool:
        """Whether another job may be given. Raises ParsersFailed, as `give` does."""
        while self._again and self._has_room():
            self.give(self._again.popleft())
        return not self._again and self._has_room()

    def _has_room(self) -> bool:
        if self._wasted >= WASTED:
            raise ParsersFailed(f"{WASTED} parser processes ended without reading a file")
        return len(self._children) < self._count or any(len(each.jobs) < AHEAD for each in self._children)

    def give(self, job: ParseJob) -> None:
        """Has a file parsed; only when there is `room`."""
        least = min(self._children, key=lambda child: len(child.jobs), default=None)
        if least is None or (least.jobs and len(self._children) < self._count):
            try:
                least = _Child(self._inbox, self._options)
            except OSError as error:
                raise ParsersFailed(f"no parser process can be started ({error.strerror})") from error
            self._children.append(least)
        least.give(job)

    def heard(self, child: object, line: bytes | None) -> Iterator[ParseOutcome]:
        """What follows from a line that a process said. One that was let go is not listened to."""
        if not isinstance(child, _Child) or child not in self._children:
            return
        if line is None:
            yield from self._lost(child)
            return
        if line == READ and child.jobs:  # of half of the lines, at once
            child.reading = False
            self._wasted = 0
            return
        try:
            parsed = _said(line, child.jobs[0].entry.path)
        except _NONSENSE:  # a grammar wrote over the heap
            child.process.kill()
            yield from self._lost(child)
            return
        job = child.jobs.popleft()
        child.begin()
        child.done += 1
        self._wasted = 0
        yield ParseOutcome(job, "parsed" if parsed else "changed", parsed)

    def overdue(self) -> Iterator[ParseOutcome]:
        """Kills what gave nothing for too long. Call it when all that was said has been heard."""
        now = time.monotonic()
        for child in tuple(self._children):
            if child.jobs and now >= self._until(child):
                child.hung = True
                child.process.kill()
                yield from self._lost(child)

    def wait_s(self) -> float | None:
        """Seconds until something may be overdue; None: nothing is under way."""
        ends = [self._until(child) for child in self._children if child.jobs]
        return max(0.0, min(ends) - time.monotonic()) if ends else None

    def _until(self, child: _Child) -> float:
        return child.since + (self._limits.read_s if child.reading else self._limits.parse_s)

    def _lost(self, child: _Child) -> Iterator[ParseOutcome]:
        """A process is gone: the file it was at is at fault, or not, and the others go to the next one."""
        code = child.end(ENDING_S)  # its pipe ends before it does
        self._children.remove(child)
        if child.reading and not child.hung:
            self._wasted += 1
        if child.jobs:
            job = child.jobs.popleft()
            yield from self._blamed(job, child, code)
        self._again.extend(child.jobs)

    def _blamed(self, job: ParseJob, child: _Child, code: int) -> Iterator[ParseOutcome]:
        if child.reading and child.hung:
            yield ParseOutcome(job, "changed", why="reading took too long")
        elif child.hung:
            yield ParseOutcome(job, "failed", why=f"the grammar stood still for {self._limits.parse_s:.0f} s")
        elif child.reading:
            self._again.appendleft(job)
        elif code in (-getattr(signal, "SIGKILL", 9), -signal.SIGTERM):
            key = (job.entry.path, job.entry.blob)
            self._kills[key] = self._kills.get(key, 0) + 1
            if self._kills[key] < KILLS:
                self._again.appendleft(job)
            else:
                yield ParseOutcome(job, "failed", why="the parser process was killed, perhaps for its memory")
        else:
            yield ParseOutcome(job, "failed", why=_reason(code))

    def rest(self) -> None:
        """All work is done: keeps one process with its grammars, unless it has become large."""
        self._kills.clear()
        for index, child in enumerate(tuple(self._children)):
            if not child.jobs and (index or child.done >= JOBS):
                child.end()
                self._children.remove(child)

    def close(self) -> None:
        """Ends all of them, and forgets their jobs."""
        self.kill()
        for child in self._children:
            child.end()
        self._children = []
        self._wasted = 0
        self._again.clear()

    def kill(self) -> None:
        """Kills all of them; from any thread, when this process is about to end."""
        for child in tuple(self._children):
            child.process.kill()


def _said(line: bytes, path: str) -> ParsedFile | None:
    """What a process says that a file gives; None: it has changed. Raises a good deal for nonsense."""
    said, value = json.loads(line)
    if said == "outlined":
        return with_chunks(path, outlined_from_plain(value))
    if said not in ("parsed", "changed"):
        raise ValueError(said)
    return from_plain(value) if said == "parsed" else None


def _reason(code: int) -> str:
    if code == -getattr(signal, "SIGPROF", 0):
        return f"the grammar took longer than {CPU_S:.0f} s"
    if code == NO_MEMORY:
        return f"the grammar wanted more than {MEMORY >> 20} MB of memory"
    if code < 0:
        with suppress(ValueError):
            return f"the grammar crashed ({signal.Signals(-code).name})"
    return f"the parser ended with {code}"
