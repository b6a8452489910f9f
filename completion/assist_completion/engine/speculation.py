"""Work that nobody asked for yet: full heads behind small ones, moved anchors, what follows a taken text.

Everything here yields to a visible request, and stops on battery or above a share of the time.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from assist_completion.display import confidence
from assist_completion.engine.in_flight import PendingGeneration
from assist_completion.engine.pacing import TypingPace
from assist_completion.inference.generation import REANCHOR, Generation, Model, extend, warm
from assist_completion.inference.prefix_cache import CachedPrompt
from assist_completion.inference.worker import Job, Lane, Worker
from assist_completion.settings import CompletionSettings
from assist_context.documents import Context

STAYS = 3  # answers of the model at a small head before the full one is read
IDLE = 0.3  # seconds without a request before the anchor may be moved
LINES = 1  # generated behind a taken text, so that the next request finds an answer
TOKENS = 32


class Speculator:
    """Plans the lower lanes of one worker. Event loop only."""

    def __init__(
        self, worker: Worker[Model], settings: CompletionSettings, rhythm: TypingPace, counts: Counter[str]
    ) -> None:
        self._worker = worker
        self._settings = settings
        self._rhythm = rhythm
        self._counts = counts
        self._warming: Job[Model] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._stay: tuple[CachedPrompt | None, int] = (None, 0)  # answers of the model at one place in a row

    def prewarm(self, context: Context, *, full: bool) -> None:
        """Read the small head for a cursor, or the full one, before anybody asks; the last call counts."""
        if self._settings.mode != "manual":
            self._warm(context, Lane.PREWARM, full)

    def answered(self, gen: Generation) -> None:
        """A request got its answer from the model: read the full head of a place, or move a far anchor.

        The full head is read once the user has stayed: who jumps, types a word and leaves has no use for it.
        """
        small = gen.place is not None and not gen.place.full
        self._stay = (gen.place, self._stay[1] + 1 if gen.place is self._stay[0] else 1)
        if (small and self._stay[1] >= STAYS) or gen.typed > REANCHOR:
            self.busy()
            loop = asyncio.get_running_loop()
            delay = 0.0 if small else IDLE
            self._timer = loop.call_later(delay, self._warm, gen.context, Lane.WARM, True)

    def busy(self) -> None:
        """A request came: do not move the anchor now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def accepted(self, flight: PendingGeneration, remember: Callable[[], None]) -> bool:
        """The user took this answer: go on behind it, into the cache, while nothing else is to do.

        Behind what is only shown the same work is mostly lost: of the tokens a sixth were ever shown, for 1 %
        more kept characters (benchmarks/replay.py --virtual, three traces).
        """
        gen = flight.gen
        base = len(flight.gen.text)
        wanted = self._settings.speculate and self._rhythm.may_speculate()
        doubted = confidence.doubt(gen.text, gen.spans, gen.sure) is not None
        if not wanted or gen.ended or not flight.done or gen.extended or doubted:
            return False
        gen.extended = True
        written = gen.generated

        def enough(text: str) -> bool:
            return text[base:].count("\n") >= LINES

        def landed() -> None:
            self._counts["tokens-written"] += gen.generated - written
            self._counts["tokens-continued"] += gen.generated - written
            remember()

        self._submit(Job[Model](Lane.CONTINUE, lambda model: extend(model, gen, enough, TOKENS)), landed)
        return True

    def _warm(self, context: Context, lane: Lane, full: bool) -> None:
        if not self._rhythm.may_speculate():
            return
        if self._warming is not None and not self._warming.done.done():
            self._worker.cancel(self._warming)
        self._warming = Job(lane, lambda model: warm(model, context, full=full), resumable=True)
        self._submit(self._warming, lambda: None)

    def _submit(self, job: Job[Model], then: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        run = job.run
        spent = [0.0]
        read = [0]

        def measured(model: Model) -> None:
            start = self._rhythm.clock()
            known = model.places.read
            try:
                run(model)
            finally:
                spent[0] += self._rhythm.clock() - start
                read[0] += model.places.read - known

        def landed() -> None:
            self._rhythm.worked(spent[0])
            self._counts["tokens-read"] += read[0]
            self._counts["tokens-warmed"] += read[0]
            then()

        job.run = measured
        job.done.add_done_callback(lambda _: loop.call_soon_threadsafe(landed))
        self._worker.submit(job)
