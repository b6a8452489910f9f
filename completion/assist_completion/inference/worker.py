"""One thread owns the model; everyone else hands it jobs, each in a lane.

A job in a higher lane pre-empts the one that runs: the abort flag is set, the job sees `Aborted`
and is queued again if it can be resumed, or given up. This module knows no tokens and no text.
"""

import contextlib
import heapq
import itertools
import logging
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Generic, Protocol, TypeVar

from assist_completion.inference.llama import Abort, Aborted

log = logging.getLogger(__name__)

# The thread that decodes yields to the event loop and to the editor itself. On two cores 5 and 10 give
# edits the same p99 (benchmarks/lsp.py editing); the higher is kinder to what else the user runs.
NICENESS = 10


class Lane(IntEnum):
    """Who goes first: the lower the number, the sooner."""

    VISIBLE = 0
    PREWARM = 1
    CONTINUE = 2
    ANSWER = 3  # somebody waits for it; a head that is read for later is a guess
    WARM = 4


class Resource(Protocol):
    """What the thread owns."""

    def close(self) -> None:
        """Give it back; called once, on the owner thread."""


R = TypeVar("R", bound=Resource)


@dataclass(eq=False, slots=True)
class Job(Generic[R]):
    """Work for the owner thread. `resumable` work is run again after a pre-emption, before younger work of
    its lane: what it left half done is still there.
    """

    lane: Lane
    run: Callable[[R], None]
    resumable: bool = False
    cancelled: bool = False
    order: int = 0
    done: "Future[None]" = field(default_factory=Future)


class Worker(Generic[R]):
    """Opens the resource on its own thread, runs jobs by lane, closes it on the same thread.

    `opened` resolves when the resource is there, or with the error that prevented it.
    """

    def __init__(self, open_resource: Callable[[Abort], R]) -> None:
        self.opened: Future[None] = Future()
        self._open = open_resource
        self._abort = Abort()
        self._wake = threading.Condition()
        self._queue: list[tuple[int, int, Job[R]]] = []
        self._order = itertools.count()
        self._running: Job[R] | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._main, name="assist-model", daemon=True)
        self._thread.start()

    def submit(self, job: Job[R]) -> None:
        """Queue a job; a running one of a lower lane is interrupted at once."""
        with self._wake:
            if self._closing:
                job.done.set_exception(Aborted())
                return
            job.order = next(self._order)
            heapq.heappush(self._queue, (job.lane, job.order, job))
            if self._running is not None and self._running.lane > job.lane:
                self._abort.set()
            self._wake.notify()

    def cancel(self, job: Job[R]) -> None:
        """Stop a job wherever it is; its future ends with `Aborted`."""
        with self._wake:
            job.cancelled = True
            if self._running is job:
                self._abort.set()
            else:
                self._queue = [entry for entry in self._queue if entry[2] is not job]
                heapq.heapify(self._queue)
                _finish(job, Aborted())

    def idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        with self._wake:
            return self._running is None and not self._queue

    def close(self, timeout: float = 2.0) -> None:
        """Abort everything and wait until the resource is closed, at most `timeout` seconds."""
        with self._wake:
            self._closing = True
            self._abort.set()
            for _, _, job in self._queue:
                _finish(job, Aborted())
            self._queue.clear()
            self._wake.notify()
        self._thread.join(timeout)

    def _main(self) -> None:
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            resource = self._open(self._abort)
        except Exception as error:  # noqa: BLE001  (whatever prevents the start reaches the caller)
            self.opened.set_exception(error)
            return
        self.opened.set_result(None)
        try:
            while (job := self._take()) is not None:
                self._run(job, resource)
        finally:
            resource.close()

    def _take(self) -> Job[R] | None:
        with self._wake:
            self._running = None
            while not self._queue and not self._closing:
                self._wake.wait()
            if self._closing:
                return None
            _, _, job = heapq.heappop(self._queue)
            self._running = job
            self._abort.clear()
            return job

    def _run(self, job: Job[R], resource: R) -> None:
        try:
            job.run(resource)
        except Aborted:
            self._interrupted(job)
        except Exception as error:  # the thread must outlive any job
            log.exception("a job in lane %s failed", job.lane.name)
            _finish(job, error)
        else:
            _finish(job, None)

    def _interrupted(self, job: Job[R]) -> None:
        with self._wake:
            if job.resumable and not job.cancelled and not self._closing:
                heapq.heappush(self._queue, (job.lane, job.order, job))
            else:
                _finish(job, Aborted())


def _finish(job: Job[R], error: Exception | None) -> None:
    if job.done.done():
        return
    if error is None:
        job.done.set_result(None)
    else:
        job.done.set_exception(error)
