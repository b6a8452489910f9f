"""The index of one tree, timed from outside through `IndexerSupervisor`: cold, warm, a branch switch, a save.

It owns the indexer's process while a phase runs, and measures its memory. It prints nothing.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from assist_context.index.reader import IndexReader
from assist_context.indexer.supervisor import IndexerSupervisor
from bench.index.reading import percentiles
from bench.index.trees import ENVIRON, git
from bench.processes import peak

SAVES = 30
SAVED = "saved_by_the_benchmark.py"
LONGEST_S = 3_600.0  # the longest a phase may take
POLL_S = 0.002
SAMPLE_S = 1.0  # between two samples of the memory of the indexer and its children; one takes 10 ms


class IndexFailed(Exception):
    """The indexer reported a problem, or was not ready in time."""


class EventQueue:
    """A supervisor's events as a queue; `ready` waits for the end of an indexing run."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self.put = self._queue.put

    def ready(self, seconds: float = LONGEST_S) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while True:
            try:
                event = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise IndexFailed(f"The index was not ready within {seconds:.0f} s.") from None
            if event["event"] == "ready":
                return event
            if event["event"] in ("problem", "reader", "ended"):
                raise IndexFailed(f"{event}")


class MemorySampler:
    """The most memory of each child process, by the name of its module. A thread takes the samples."""

    def __init__(self) -> None:
        self.peaks: dict[str, int] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        over = False
        while not over:  # and once more at the end
            over = self._over.wait(SAMPLE_S)
            for child in psutil.Process().children(recursive=True):
                try:
                    name = next((part for part in child.cmdline() if part.startswith("assist_context.")), "")
                    if name:
                        self.peaks[name] = max(self.peaks.get(name, 0), peak(child.pid))
                except psutil.Error:
                    continue  # it has ended


@contextmanager
def running_indexer(
    root: Path, database: Path, parsers: int = 1
) -> Iterator[tuple[IndexerSupervisor, EventQueue]]:
    """Run the indexer of one folder."""
    events = EventQueue()
    supervisor = IndexerSupervisor([(str(root), str(database))], ENVIRON, events.put, parsers=parsers)
    supervisor.start()
    try:
        yield supervisor, events
    finally:
        supervisor.close()


def time_phase(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Time a phase: seconds until the index was ready, and how many files were parsed for it."""
    start = time.perf_counter()
    event = work()
    return {"s": round(time.perf_counter() - start, 3), "parses": event["parses"], "files": event["files"]}


def measure(root: Path, database: Path, parsers: int = 1, saves: int = SAVES) -> dict[str, Any]:
    """Measure every phase in turn. The tree is on `main` before and after. Raises `IndexFailed`."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    found: dict[str, Any] = {"parsers": parsers}
    memory = MemorySampler()
    with running_indexer(root, database, parsers) as (_, events):
        found["cold"] = time_phase(events.ready)
        memory.close()
    found["peak mb"] = {name: round(size / 1e6, 1) for name, size in memory.peaks.items()}
    found["database bytes"] = database.stat().st_size
    with running_indexer(root, database) as (supervisor, events):
        found["warm"] = time_phase(events.ready)
        for phase, branch in (("branch, unknown", "other"), ("branch, known", "main")):
            git(root, "checkout", "--quiet", branch)
            supervisor.refresh()
            found[phase] = time_phase(events.ready)
        found["save ms"] = percentiles(list(_save_times(root, database, supervisor, saves)))
        git(root, "clean", "-fdq")
    return found


def _save_times(root: Path, database: Path, supervisor: IndexerSupervisor, count: int) -> Iterator[float]:
    """Yield the milliseconds from each save until the saved text is found."""
    reader = IndexReader(str(database))
    file = root / SAVED
    for number in range(count):
        name = f"saved_just_now_{os.getpid()}_{number}"
        file.write_text(f"def {name}(value):\n    return value + {number}\n", encoding="utf-8")
        start = time.perf_counter()
        supervisor.report_changes([str(file)])
        while not reader.definitions(name):
            if time.perf_counter() - start > 30:
                raise IndexFailed(f"{file.name} was not found within 30 s of its save.")
            time.sleep(POLL_S)
        yield 1e3 * (time.perf_counter() - start)
    reader.close()
