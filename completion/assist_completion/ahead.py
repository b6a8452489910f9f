"""Work that nobody asked for yet: full heads behind small ones, moved anchors, what follows a shown text.

Everything here yields to a visible request, and stops on battery or above a share of the time.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable

from assist_completion.flight import Flight
from assist_completion.generate import REANCHOR, Generation, Model, extend, warm
from assist_completion.rhythm import Rhythm
from assist_completion.settings import Settings
from assist_completion.worker import Job, Lane, Worker
from assist_context.model import Context

IDLE = 0.3  # seconds without a request before the anchor may be moved
LINES = 2  # generated behind a shown text, so that accept and newline find an answer
TOKENS = 40


class Ahead:
    """Plans the lower lanes of one worker. Event loop only."""

    def __init__(
        self, worker: Worker[Model], settings: Settings, rhythm: Rhythm, counts: Counter[str]
    ) -> None:
        self._worker = worker
        self._settings = settings
        self._rhythm = rhythm
        self._counts = counts
        self._warming: Job[Model] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def prewarm(self, context: Context) -> None:
        """Evaluate the prompt for a cursor before anybody asks; a newer call replaces an older one."""
        if self._settings.mode != "manual":
            self._warm(context, Lane.PREWARM)

    def answered(self, gen: Generation) -> None:
        """A request got its answer from the model: warm a cold place, or move a far anchor, when idle."""
        if gen.cold or gen.typed > REANCHOR:
            self.busy()
            loop = asyncio.get_running_loop()
            delay = 0.0 if gen.cold else IDLE
            self._timer = loop.call_later(delay, self._warm, gen.context, Lane.WARM)

    def busy(self) -> None:
        """A request came: do not move the anchor now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def shown(self, flight: Flight, remember: Callable[[], None]) -> bool:
        """The user sees this answer: go on behind it, into the cache, while nothing else is to do."""
        gen, base = flight.gen, len(flight.gen.text)
        wanted = self._settings.speculate and self._rhythm.may_speculate()
        if not wanted or gen.ended or not flight.done or gen.extended:
            return False
        gen.extended = True
        written = gen.generated

        def enough(text: str) -> bool:
            return text[base:].count("\n") >= LINES

        def landed() -> None:
            self._counts["tokens-written"] += gen.generated - written
            remember()

        self._submit(Job[Model](Lane.CONTINUE, lambda model: extend(model, gen, enough, TOKENS)), landed)
        return True

    def _warm(self, context: Context, lane: Lane) -> None:
        if not self._rhythm.may_speculate():
            return
        if self._warming is not None and not self._warming.done.done():
            self._worker.cancel(self._warming)
        self._warming = Job(lane, lambda model: warm(model, context), resumable=True)
        self._submit(self._warming, lambda: None)

    def _submit(self, job: Job[Model], then: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        run, spent, read = job.run, [0.0], [0]

        def measured(model: Model) -> None:
            start, known = time.perf_counter(), model.places.read
            try:
                run(model)
            finally:
                spent[0] += time.perf_counter() - start
                read[0] += model.places.read - known

        def landed() -> None:
            self._rhythm.worked(spent[0])
            self._counts["tokens-read"] += read[0]
            self._counts["tokens-warmed"] += read[0]
            then()

        job.run = measured
        job.done.add_done_callback(lambda _: loop.call_soon_threadsafe(landed))
        self._worker.submit(job)
