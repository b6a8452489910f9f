"""Measures an open model again in the first quiet minute, where its speed was measured on a busy machine.

It runs in the lowest lane of the model's own thread, so any other job interrupts it, and so does a key.
What is measured, it does not know.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from assist_completion.engine.event_loop import call_on
from assist_completion.inference.worker import Job, JobQueue, Lane, Resource

QUIET_MINUTE = 60.0  # seconds without a key

S = TypeVar("S", bound=Resource)


class IdleProbe(Generic[S]):
    """Owns the timer and the job. Event loop only.

    `measure` returns whether that was enough. If not, or if it is interrupted, it comes again after the next
    quiet minute, and never while the machine `is_busy`.
    """

    def __init__(
        self,
        jobs: JobQueue[S],
        measure: Callable[[S], bool],
        is_busy: Callable[[], bool],
        after: float = QUIET_MINUTE,
    ) -> None:
        self._jobs = jobs
        self._measure = measure
        self._is_busy = is_busy
        self._after = after
        self._timer: asyncio.TimerHandle | None = None
        self._job: Job[S] | None = None
        self._touched = 0.0

    def start(self) -> None:
        """Begin to wait for a quiet minute."""
        loop = asyncio.get_running_loop()
        self._touched = loop.time()
        self._timer = loop.call_later(self._after, self._look)

    def touch(self) -> None:
        """A key came: stop measuring, and wait again."""
        self._touched = asyncio.get_running_loop().time()
        if self._job is not None:
            self._jobs.cancel(self._job)

    def close(self) -> None:
        """Measure no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._job is not None:
            self._jobs.cancel(self._job)
        self._after = 0.0

    def _look(self) -> None:
        """Measure if the minute was quiet, else look again when it may be."""
        loop = asyncio.get_running_loop()
        seconds = self._touched + self._after - loop.time()
        if seconds > 0 or self._is_busy():
            self._timer = loop.call_later(seconds if seconds > 0 else self._after, self._look)
            return
        enough: list[bool] = []
        job = Job[S](Lane.MEASURE, lambda resource: enough.append(self._measure(resource)))
        self._job = job
        job.done.add_done_callback(lambda _: call_on(loop, self._end, enough))
        self._jobs.submit(job)

    def _end(self, enough: list[bool]) -> None:
        self._job = None
        if self._after and enough != [True]:
            self.start()
