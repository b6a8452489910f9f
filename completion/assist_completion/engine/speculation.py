"""Timing: when to ask the model after a key, and work ahead of requests: at a rest, and after accepted texts.

Work ahead yields to a visible request. None of it starts after it has used its share of the time. How long a
request waits for a pause in typing comes from the same times. The clock is a parameter.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from statistics import median

from assist_completion.engine.event_loop import call_on
from assist_completion.inference.generation import Generation, TokenSource
from assist_completion.inference.prefix_cache import CachedPrompt
from assist_completion.inference.worker import Job, JobQueue, Lane
from assist_completion.settings import CompletionSettings
from assist_context.documents import Context

FLOOR = 0.005  # seconds: joins the two edits that auto-closing editors send for one key
GAPS = 9  # keystrokes remembered
PAUSE = 1.0  # seconds: a longer gap is thinking, not typing
SHARE = 0.5  # of a key gap: calling the model earlier wastes a prefill, later is felt
DUTY = 0.5  # of the time, at most, that work ahead of requests may keep the cores busy
REST_DUTY = 0.2  # the same for full heads, which leaves the rest to small heads of new places
WINDOW = 30.0  # seconds over which these shares are measured

REST = 0.4  # seconds without a request after which the full head of a place is read
STAYS = 3  # answers of the model at a small head before that happens on battery
LINES = 1  # lines generated after an accepted text, so that the next request finds an answer
TOKENS = 32


class TypingPace:
    """The key gaps, answer times and work ahead of requests of one session."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self._gaps: deque[float] = deque(maxlen=GAPS)
        self._answers: deque[float] = deque(maxlen=GAPS)
        self._last = -PAUSE
        self._work: deque[tuple[float, float]] = deque()

    def record_key(self) -> None:
        """Note that a request came in."""
        now = self.clock()
        if now - self._last < PAUSE:
            self._gaps.append(now - self._last)
        self._last = now

    def record_answer(self, seconds: float) -> None:
        """Note how long the model took from request to answer."""
        self._answers.append(seconds)

    def record_work(self, seconds: float) -> None:
        """Note how long work ahead of requests took."""
        self._work.append((self.clock(), seconds))

    def debounce(self, longest: float) -> float:
        """Seconds to wait before calling the model: a pause in typing, minus the time the answer takes."""
        gap = median(self._gaps) if self._gaps else 0.0
        expected = median(self._answers) if self._answers else 0.0
        return min(longest, max(FLOOR, SHARE * gap - expected))

    def may_speculate(self, duty: float = DUTY) -> bool:
        """Return whether there may be work ahead of requests: below a share of the time."""
        floor = self.clock() - WINDOW
        while self._work and self._work[0][0] < floor:
            self._work.popleft()
        return sum(seconds for _, seconds in self._work) < duty * WINDOW


@dataclass(frozen=True, slots=True)
class RestingPlace:
    """A cursor at which the user may rest, and what becomes of that.

    `write` writes the text that the next key may find, on the owner thread; it runs once all of the place is
    read. `note_read` and `note_written` are called on the event loop.
    """

    context: Context
    write: Callable[[TokenSource], None]
    note_read: Callable[[], None]
    note_written: Callable[[], None]

    def is_place(self, context: Context) -> bool:
        """Return whether another context has the same cursor."""
        return (self.context.path, self.context.before) == (context.path, context.before)


class Speculator:
    """Plans the jobs that no request waits for. Use it on the event loop only."""

    def __init__(
        self,
        worker: JobQueue[TokenSource],
        settings: CompletionSettings,
        pace: TypingPace,
        counts: Counter[str],
    ) -> None:
        self._worker = worker
        self._settings = settings
        self._pace = pace
        self._counts = counts
        self._warming: Job[TokenSource] | None = None
        self._resting: RestingPlace | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._last_prompt: CachedPrompt | None = None
        self._stays = 0  # answers of the model in a row that used the last prompt

    def prewarm(self, context: Context, *, full: bool) -> Future[None] | None:
        """Read the small head for a cursor, or the full one, before a request comes. The last call counts."""
        if self._settings.mode == "manual":
            return None
        resting = self._resting
        if resting is not None and resting.is_place(context) and self._warming is not None:
            return self._warming.done  # more than that is being read there already
        return self._warm(Lane.PREWARM, lambda source: source.warm(context, full=full))

    def record_answer(self, generation: Generation) -> None:
        """Note which prompt the model answered from."""
        prompt = generation.cached_prompt
        self._stays = self._stays + 1 if prompt is self._last_prompt else 1
        self._last_prompt = prompt

    def plan_rest(self, place: RestingPlace, *, ahead: bool) -> None:
        """Read the full head of a place once the user rests there; without `ahead`, only if they have stayed.

        The same moves an anchor that is far away. It is of no use to users who type a word and leave.
        """
        self.hold_back()
        if (ahead and self._settings.speculate) or self._stays >= STAYS:
            self._timer = asyncio.get_running_loop().call_later(REST, self._rest, place)

    def hold_back(self) -> None:
        """Do not start what was planned: a request came, or the engine closes."""
        self._resting = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _rest(self, place: RestingPlace) -> None:
        """Read the whole place, and then write from it, unless a request has come meanwhile."""
        if not self._pace.may_speculate(REST_DUTY):
            return
        self._resting = place
        loop = asyncio.get_running_loop()

        def read_and_write(source: TokenSource) -> None:
            source.warm(place.context, full=True)
            call_on(loop, place.note_read)
            if self._resting is place:
                place.write(source)

        self._warm(Lane.WARM, read_and_write, place.note_written)

    def continue_after_accept(self, generation: Generation, remember: Callable[[], None]) -> bool:
        """Continue an accepted text that has ended, while there is nothing else to do; whether it started.

        After a text that is only shown, most of this work is lost: a sixth of the tokens were ever shown, for
        1 % more kept characters (benchmarks/replay.py --virtual, three traces).
        """
        is_on = self._settings.speculate and self._pace.may_speculate()
        is_hopeless = generation.is_hopeless(generation.text, generation.spans)
        if not is_on or is_hopeless or not generation.claim_extension():
            return False
        start = len(generation.text)
        tokens = generation.tokens.generated

        def has_enough(text: str) -> bool:
            return text[start:].count("\n") >= LINES

        def record_end() -> None:
            self._counts["tokens-written"] += generation.tokens.generated - tokens
            self._counts["tokens-continued"] += generation.tokens.generated - tokens
            remember()

        self._submit(
            Lane.CONTINUE, lambda source: source.extend(generation, has_enough, TOKENS), then=record_end
        )
        return True

    def _warm(
        self, lane: Lane, work: Callable[[TokenSource], None], then: Callable[[], None] = lambda: None
    ) -> Future[None] | None:
        if not self._pace.may_speculate():
            return None
        if self._warming is not None and not self._warming.done.done():
            self._worker.cancel(self._warming)
        self._warming = self._submit(lane, work, resumable=True, then=then)
        return self._warming.done

    def _submit(
        self,
        lane: Lane,
        work: Callable[[TokenSource], None],
        *,
        resumable: bool = False,
        then: Callable[[], None] = lambda: None,
    ) -> Job[TokenSource]:
        """Queue `work` as a job, count what it costs, and call `then` on the event loop when it has ended."""
        loop = asyncio.get_running_loop()
        seconds = 0.0
        read = 0

        def measure(source: TokenSource) -> None:
            nonlocal seconds, read
            start = self._pace.clock()
            computed_tokens = source.computed
            try:
                work(source)
            finally:
                seconds += self._pace.clock() - start
                read += source.computed - computed_tokens

        def record_end() -> None:
            self._pace.record_work(seconds)
            self._counts["tokens-read"] += read
            self._counts["tokens-warmed"] += read
            then()

        job = Job(lane, measure, resumable)
        job.done.add_done_callback(lambda _: call_on(loop, record_end))
        self._worker.submit(job)
        return job
