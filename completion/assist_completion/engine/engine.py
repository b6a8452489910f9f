"""From a request to a suggestion: what is known, what is on its way, and only then the model.

Lives on one event loop; the model lives on the worker's thread. It knows no LSP and no files.
"""

import asyncio
import itertools
import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from assist_completion.display import confidence, line_policy
from assist_completion.display.line_policy import Shape
from assist_completion.display.postprocess import finish
from assist_completion.display.suggestion_cache import ENTRIES, REACH, Cache, CachedAnswer, KnownText
from assist_completion.engine.in_flight import PendingGeneration
from assist_completion.engine.pacing import TypingPace
from assist_completion.engine.speculation import Speculator
from assist_completion.errors import CompletionError
from assist_completion.inference.generation import Generation, Model, TokenBudget, generate
from assist_completion.inference.llama import Aborted
from assist_completion.inference.worker import Job, Lane, Worker
from assist_completion.prompt.layout import suffix_of
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Millis, Suggestion, Tokens
from assist_context.documents import Context

log = logging.getLogger(__name__)

LONGEST_LINE = 4_000  # characters before the cursor on its line; beyond that it is data, not code
REMEMBERED = 32  # suggestions that can still be reported as shown
RECENT = 2_048  # suggestions whose cost can be asked for


class Engine:
    """Answers requests for one model. Use it from one event loop only; `close` it at the end."""

    def __init__(
        self,
        worker: Worker[Model],
        settings: CompletionSettings,
        budget: TokenBudget,
        name: str,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.recent: deque[Suggestion] = deque(maxlen=RECENT)
        self._settings = settings
        self._budget = budget
        self._name = name
        self._worker = worker
        self._clock = clock
        self._cache = Cache()
        self._rhythm = TypingPace(clock)
        self._ahead = Speculator(worker, settings, self._rhythm, self.counts)
        self._ids = itertools.count(1)
        self._flight: PendingGeneration | None = None
        self._flights: dict[int, PendingGeneration] = {}
        self._used: OrderedDict[int, int] = OrderedDict()  # tokens of a generation that were ever shown

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """One suggestion; raises nothing but cancellation. `reason` says why nothing is shown."""
        start = self._clock()
        self._rhythm.key()
        self._ahead.busy()
        try:
            answer = await self._answer(request)
        except asyncio.CancelledError:
            self.counts["cancelled"] += 1
            raise
        total = 1e3 * (self._clock() - start)
        answer = replace(
            answer,
            id=next(self._ids),
            model=self._name,
            ms=replace(answer.ms, total=total, gather=request.gather_ms),
        )
        if self._flight is not None and answer.shown:
            self._flights[answer.id] = self._flight
            if len(self._flights) > REMEMBERED:
                self._flights.pop(next(iter(self._flights)))
        self._count(answer)
        return answer

    @property
    def snippet_tokens(self) -> int:
        """What a prompt has room for from other files, in tokens."""
        return self._budget.snippets

    def prewarm(self, context: Context, *, full: bool = False) -> None:
        """Read a small head for a cursor, or the full one, before anybody asks; the last call counts."""
        self._ahead.prewarm(context, full=full)

    def shown(self, suggestion_id: int) -> None:
        """The editor shows this suggestion."""
        self.counts["displayed"] += suggestion_id in self._flights

    def accepted(self, suggestion_id: int) -> None:
        """The user took this suggestion, or a part of it: what may follow is generated ahead."""
        self.counts["accepted"] += 1
        flight = self._flights.get(suggestion_id)
        if flight is not None and self._ahead.accepted(flight, lambda: self._remember(flight)):
            self.counts["speculated"] += 1

    def close(self) -> None:
        """Stop everything and free the model, within two seconds."""
        self._ahead.busy()
        self._worker.close()

    def _count(self, answer: Suggestion) -> None:
        self.counts["requests"] += 1
        self.counts["shown" if answer.shown else answer.reason] += 1
        self.counts[f"source-{answer.source}"] += 1
        self.counts["prompt-tokens"] += answer.tokens.prompt
        self.counts["prompt-tokens-evaluated"] += answer.tokens.evaluated
        self.counts["tokens-generated"] += answer.tokens.generated
        self.recent.append(replace(answer, text="", candidate=""))

    async def _answer(self, request: CompletionRequest) -> Suggestion:
        context = request.context
        if self._settings.mode == "manual" and not request.manual:
            return Suggestion(reason="manual-only")
        if len(context.before) - context.before.rfind("\n") > LONGEST_LINE:
            return Suggestion(reason="long-line")
        shape = self._shape(request)
        below = suffix_of(context.after, 3, 60)
        known = self._known(request, shape, below)
        if known is None and self._flight is not None:
            extra = self._flight.typed_since(context.path, context.before, below)
            if extra is not None and await self._flight.finished(extra):
                known = self._known(request, shape, below)
        if known is not None:
            return known
        if not request.manual and self._flight is not None and self._flight.unsure_here(context, below):
            return Suggestion(reason="low-confidence", source="cache")
        if not request.manual and not request.immediate:
            await asyncio.sleep(self._rhythm.debounce(self._settings.debounce_ms_max / 1e3))
        return await self._ask(request, shape, below)

    def _shape(self, request: CompletionRequest) -> Shape:
        c = request.context
        shape = line_policy.policy(
            c.before, c.after, c.language, manual=request.manual, after_accept=request.after_accept
        )
        limit = request.max_lines or self._settings.max_lines
        return line_policy.ONE_LINE if limit == 1 else replace(shape, max_lines=min(shape.max_lines, limit))

    def _known(self, request: CompletionRequest, shape: Shape, below: str) -> Suggestion | None:
        """An answer without inference, if a text that is known still holds here and is enough."""
        context = request.context
        hit = self._cache.find(context.path, context.before, below)
        if hit is None:
            return None
        least = confidence.limit(self._settings.mode, manual=request.manual)
        whole = (
            hit.ended
            or confidence.doubt(hit.text, hit.spans, least) is not None
            or line_policy.finished(context.before, hit.text, context.language, shape)
        )
        answer = self._finish(request, shape, hit)
        usable = whole
        if hit.skipped and not request.manual:  # of a doubted token one letter is waited for
            usable = answer.shown or (bool(answer.candidate) and hit.skipped == 1)
        return replace(answer, source="typed-through" if hit.skipped else "cache") if usable else None

    def _finish(self, request: CompletionRequest, shape: Shape, hit: KnownText) -> Suggestion:
        answer = finish(request, shape, hit, self._settings.mode)
        if answer.shown:
            reach = hit.reach(len(answer.text))
            known = self._used.get(hit.origin, 0)
            self.counts["tokens-used"] += max(0, reach - known)
            self._used[hit.origin] = max(reach, known)
            if len(self._used) > ENTRIES:
                self._used.popitem(last=False)
        return answer

    async def _ask(self, request: CompletionRequest, shape: Shape, below: str) -> Suggestion:
        """Run the model, in place of whatever runs for an older request."""
        if self._flight is not None and not self._flight.done:
            self._worker.cancel(self._flight.job)
        start = self._clock()
        flight = self._flight = self._launch(request, shape, below)
        await flight.finished("")
        try:
            flight.job.done.result()
        except Aborted:
            return Suggestion(reason="superseded")
        except CompletionError as error:
            log.warning("%s", error)
            return Suggestion(reason="model-failed")
        gen = flight.gen
        self._rhythm.answered(self._clock() - start)
        self._ahead.answered(gen)
        return replace(
            self._finish(request, shape, gen.hit()),
            ms=Millis(prefill=gen.prefill_ms, decode=gen.decode_ms),
            tokens=Tokens(gen.prompt_tokens, gen.evaluated, gen.generated),
        )

    def _launch(self, request: CompletionRequest, shape: Shape, below: str) -> PendingGeneration:
        loop = asyncio.get_running_loop()
        context = request.context
        stop = partial(line_policy.finished, context.before, language=context.language, shape=shape)
        limit = self._budget.block_tokens if shape.multi else self._budget.line_tokens
        least = confidence.limit(self._settings.mode, manual=request.manual)
        gen = Generation(context, stop, limit, sure=least, number=next(self._ids))
        self.counts["model-runs"] += 1
        flight = PendingGeneration(
            gen, Job(Lane.VISIBLE, lambda model: generate(model, gen)), below, self._worker
        )

        def landed() -> None:
            self.counts["tokens-read"] += gen.evaluated
            self.counts["tokens-written"] += gen.generated
            self._remember(flight)
            flight.changed.set()

        gen.on_text = lambda: loop.call_soon_threadsafe(flight.changed.set)
        flight.job.done.add_done_callback(lambda _: loop.call_soon_threadsafe(landed))
        self._worker.submit(flight.job)
        return flight

    def _remember(self, flight: PendingGeneration) -> None:
        context = flight.gen.context
        hit = flight.gen.hit()
        before = context.before[-REACH:]
        self._cache.put(
            CachedAnswer(context.path, before, flight.below, hit.text, hit.spans, hit.ended, hit.origin)
        )
