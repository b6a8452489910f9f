"""One thread owns the model. All other threads give it jobs, each in a lane.

A job in a higher lane pre-empts the running one: the abort flag is set, and the running job gets `Aborted`.
A job that can be resumed is queued again, any other one is given up. Where a device fails or hangs, the model
is opened again, by the processor. This module knows no tokens and no text.
"""

import contextlib
import heapq
import itertools
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from enum import IntEnum
from functools import partial
from typing import Generic, Protocol, TypeVar

from assist_completion.errors import DeviceError, ServedError
from assist_completion.inference.devices import give_up, note_computing, outlive
from assist_completion.inference.llama import Abort, Aborted

log = logging.getLogger(__name__)

# The thread that decodes yields to the event loop and to the editor. On two cores 5 and 10 give edits the
# same p99 (benchmarks/lsp.py editing). The higher value leaves more to the user's other programs.
NICENESS = 10
WATCHING = 0.5  # seconds between two looks at whether a device is late


class Lane(IntEnum):
    """The priority of a job: the lower the number, the sooner."""

    VISIBLE = 0
    PREWARM = 1
    CONTINUE = 2
    GUEST = 3  # ghost text in another program: short, so an answer waits for it as for ours
    ANSWER = 4  # before WARM: a user waits for an answer, and a head that is read ahead is a guess
    WARM = 5
    MEASURE = 6  # the speed of the model, while nothing else happens


class Resource(Protocol):
    """The resource that the thread owns."""

    def close(self) -> None:
        """Give everything back. Called once, on the owner thread."""


R = TypeVar("R", bound=Resource)
R_co = TypeVar("R_co", bound=Resource, covariant=True)
R_contra = TypeVar("R_contra", bound=Resource, contravariant=True)


@dataclass(eq=False, slots=True)
class Job(Generic[R_contra]):
    """Work for the owner thread, and the future of its end.

    After a pre-emption, `resumable` work runs again before younger jobs of its lane, and finds its half-done
    results.
    """

    lane: Lane
    run: Callable[[R_contra], None]
    resumable: bool = False
    done: "Future[None]" = field(default_factory=Future)
    cancelled: bool = False

    def cancel(self) -> None:
        """Do not resume this job. Only its worker calls this."""
        self.cancelled = True

    def finish(self, error: Exception | None = None) -> None:
        """Resolve the future, unless that has happened already."""
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


QueuedJob = tuple[int, int, Job[R]]
"""A lane, a number that grows with each submission, and the job, in the order of a heap."""


class JobQueue(Protocol[R_co]):
    """The queue of jobs, for callers that do not own the thread. Event loop only."""

    def submit(self, job: Job[R_co]) -> None:
        """Queue a job."""

    def cancel(self, job: Job[R_co]) -> None:
        """Stop a job, whether it runs or waits."""

    def close(self, timeout: float = 2.0) -> None:
        """Nothing more comes from this side."""


class Worker(Generic[R_co]):
    """Opens the resource on its own thread, runs jobs by lane, and closes the resource on the same thread.

    `opened` resolves when the resource is open, or with the error that prevented it. If it is `on_device`,
    that may fail or hang: then another one is opened, on a new thread, and what can be resumed goes on there.
    What was opened on such a device is never touched again, not even closed.
    """

    def __init__(self, open_resource: Callable[[Abort], R_co], *, on_device: bool = False) -> None:
        self.opened: Future[None] = Future()
        self._open = open_resource
        self._abort = Abort()
        self._wake = threading.Condition()
        self._queue: list[QueuedJob[R_co]] = []
        self._order = itertools.count()
        self._running: QueuedJob[R_co] | None = None
        self._closing = False
        self._start(on_device)
        if on_device:
            threading.Thread(target=self._watch, name="assist-device", daemon=True).start()

    def _start(self, on_device: bool) -> None:
        words = self._abort, on_device  # by its flag, a thread knows whether it is the one that counts
        self._thread = threading.Thread(target=self._main, args=words, name="assist-model", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        """Leave the device when it is late: its own thread waits for it, and cannot look at a clock.

        While nothing runs, nothing is looked at.
        """
        own, thread = self._abort, self._thread
        while own is self._abort and thread.is_alive():
            with self._wake:
                is_open = self.opened.done() and self.opened.exception() is None
                if is_open and self._running is None and not self._closing:
                    self._wake.wait()
            thread.join(WATCHING)
            if time.monotonic() > own.due:
                self._leave_device(own, "it did not answer in time.")
                return

    def _leave_device(self, own: Abort, why: str) -> None:
        """Give the device up with the thread that has this flag, and go on with a model opened without it."""
        with self._wake:
            if own is not self._abort:
                return
            if self._running is not None:
                self._resume_later(self._running, own)
            self._running = None
            if self._closing:
                return
            give_up(why)
            own.left = True
            own.set()
            self._abort = Abort()
            self._start(on_device=False)

    def submit(self, job: Job[R_co]) -> None:
        """Queue a job. A running job of a lower lane is interrupted at once."""
        with self._wake:
            if self._closing:
                job.finish(Aborted())
                return
            heapq.heappush(self._queue, (job.lane, next(self._order), job))
            if self._running is not None and self._running[2].lane > job.lane:
                self._abort.set()
            self._wake.notify_all()

    def cancel(self, job: Job[R_co]) -> None:
        """Stop a job, whether it runs or waits. Its future ends with `Aborted`."""
        with self._wake:
            job.cancel()
            if self._running is not None and self._running[2] is job:
                self._abort.set()
            else:
                self._queue = [entry for entry in self._queue if entry[2] is not job]
                heapq.heapify(self._queue)
                job.finish(Aborted())

    def idle(self) -> bool:
        """Return whether nothing runs and nothing waits."""
        with self._wake:
            return self._running is None and not self._queue

    def close(self, timeout: float = 2.0) -> None:
        """Abort everything, and wait at most `timeout` seconds until the resource is closed."""
        with self._wake:
            self._closing = True
            self._abort.set()
            for _, _, job in self._queue:
                job.finish(Aborted())
            self._queue.clear()
            self._wake.notify_all()
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def _main(self, own: Abort, on_device: bool) -> None:
        if on_device:
            outlive(partial(self._leave_device, own))
        if sys.platform == "linux":
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            resource = self._open(own)
        except Exception as error:  # any error of the start goes to the caller
            if own is self._abort and not self.opened.done():
                self.opened.set_exception(error)
            elif own is self._abort:
                log.exception("the model could not be opened again")
                self.close(0)
            return
        if not self.opened.done():
            self.opened.set_result(None)
        try:
            while (entry := self._take(own)) is not None:
                self._run(entry, own, partial(entry[2].run, resource))
        finally:
            if own is self._abort:
                resource.close()

    def _take(self, own: Abort) -> QueuedJob[R_co] | None:
        """Wait for the next job; None when the worker closes, or has left the thread with this flag."""
        with self._wake:
            if own is not self._abort:
                return None
            self._running = None
            while not self._queue and not self._closing:
                self._wake.wait()
            if self._closing or own is not self._abort:
                return None
            entry = heapq.heappop(self._queue)
            self._running = entry
            own.clear()
            return entry

    def _run(self, entry: QueuedJob[R_co], own: Abort, run: Callable[[], None]) -> None:
        job = entry[2]
        try:
            note_computing(True)
            run()
        except Aborted:
            self._resume_later(entry, own)
        except DeviceError as error:
            self._leave_device(own, str(error))
        except ServedError as error:  # a server that fails is nothing unexpected
            job.finish(error)
        except Exception as error:  # the thread must outlive any job
            log.exception("a job in lane %s failed", job.lane.name)
            job.finish(error)
        else:
            job.finish()
        finally:
            note_computing(False)

    def _resume_later(self, entry: QueuedJob[R_co], own: Abort) -> None:
        """Queue an interrupted job again at its old place, if it can and should be resumed.

        That was done already for a thread that was left.
        """
        job = entry[2]
        with self._wake:
            if own is not self._abort:
                return
            if job.resumable and not job.cancelled and not self._closing:
                heapq.heappush(self._queue, entry)
            else:
                job.finish(Aborted())
