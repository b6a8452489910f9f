"""Ghost text from a team's server, and from the local model whenever the server cannot give it in time.

Each has an engine of its own, with its own caches. This module decides which of them is asked, and tells
others when that changes. It does not know what a server is.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace

from assist_completion.engine.circuit_breaker import SHORTEST, CircuitBreaker
from assist_completion.engine.engine import RECENT, REMEMBERED, Engine
from assist_completion.engine.event_loop import call_on
from assist_completion.engine.served_tokens import ServedSource
from assist_completion.errors import ServedError
from assist_completion.inference.llama import Aborted
from assist_completion.inference.worker import Job, Lane, Worker
from assist_completion.suggestion import CompletionRequest, GhostTextEngine, Suggestion
from assist_context.documents import Context

PATIENCE = 3  # times the bound, for the rest of a text that has begun
REST = 65.0  # seconds after a request when what was sent is written down, if not before
# Reasons with which the server's engine ends where the local model may have a text.
UNSERVED = ("server-away", "not-for-server", "model-failed")

Ask = Callable[[GhostTextEngine, CompletionRequest], Awaitable[tuple[Suggestion, ...]]]


@dataclass(frozen=True, slots=True)
class Tier:
    """The writer of ghost text now: "team" or "local", and why not the team's server, or ""."""

    name: str
    why: str = ""


class ServerFirst:
    """Asks the server's engine, and the local one if there is any. A text that begins after `bound` is late.

    `bound` is in seconds, from the request on, and `pause` is the shortest between two trials of a
    server that is away. `show` hears each change of the tier.
    """

    def __init__(
        self,
        server: Engine,
        worker: Worker[ServedSource],
        local: GhostTextEngine | None,
        bound: float,
        show: Callable[[Tier], None] = lambda _: None,
        pause: float = SHORTEST,
    ) -> None:
        self._server = server
        self._worker = worker
        self._local = local
        self._bound = bound
        self._show = show
        self._breaker = CircuitBreaker(time.monotonic, pause)
        self._tier = Tier("team")
        self._why = ""
        self._resting: asyncio.TimerHandle | None = None
        self._owners: OrderedDict[int, GhostTextEngine] = OrderedDict()  # by the id of a suggestion

    @property
    def counts(self) -> Counter[str]:
        """Return what both engines counted."""
        return self._server.counts + (self._local.counts if self._local else Counter())

    @property
    def recent(self) -> list[Suggestion]:
        """The last suggestions of both, in their order."""
        both = [*self._server.recent, *(self._local.recent if self._local else ())]
        return sorted(both, key=lambda each: each.id)[-RECENT:]

    @property
    def snippet_tokens(self) -> int:
        """The room for snippets in the prompt of whoever is asked now."""
        return self._asked_first.snippet_tokens

    @property
    def tier(self) -> Tier:
        """Return who writes ghost text now."""
        return self._tier

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """One suggestion, of the server if it has one in time."""

        async def one(engine: GhostTextEngine, request: CompletionRequest) -> tuple[Suggestion, ...]:
            return (await engine.complete(request),)

        return (await self._ask(request, one))[0]

    async def complete_several(self, request: CompletionRequest) -> tuple[Suggestion, ...]:
        """The same, and others only if the local model answers: each would cost a server a request."""

        async def several(engine: GhostTextEngine, request: CompletionRequest) -> tuple[Suggestion, ...]:
            return await engine.complete_several(request)

        return await self._ask(request, several)

    def prewarm(self, context: Context, *, full: bool = False) -> Future[None] | None:
        """Read ahead where the local model is asked. A shared server reads only what was asked for."""
        if self._breaker.state == "closed" or self._local is None:
            return None
        return self._local.prewarm(context, full=full)

    def record_shown(self, suggestion_id: int) -> None:
        """Count that the editor shows this suggestion."""
        self._owner(suggestion_id).record_shown(suggestion_id)

    def record_accepted(self, suggestion_id: int, *, ahead: bool = True) -> None:
        """Count that the user accepted this suggestion or a part of it; `ahead`: go on from there."""
        self._owner(suggestion_id).record_accepted(suggestion_id, ahead=ahead)

    def close(self) -> None:
        """Stop both."""
        if self._resting is not None:
            self._resting.cancel()
        self._server.close()
        if self._local is not None:
            self._local.close()

    @property
    def _asked_first(self) -> GhostTextEngine:
        local = self._local if self._breaker.state != "closed" else None
        return local or self._server

    def _owner(self, suggestion_id: int) -> GhostTextEngine:
        return self._owners.get(suggestion_id, self._asked_first)

    async def _ask(self, request: CompletionRequest, ask: Ask) -> tuple[Suggestion, ...]:
        if self._local is not None:
            if self._breaker.try_again():
                self._try_server(request.context)
            if self._breaker.state != "closed":
                return self._remember(self._local, await ask(self._local, request))
        self._plan_rest()
        answers = await self._wait_in_time(asyncio.ensure_future(ask(self._server, request)))
        if answers is not None and answers[0].reason not in UNSERVED:
            return self._remember(self._server, answers)
        if self._local is None:
            return answers or (Suggestion(reason="server-away"),)
        return self._remember(self._local, await ask(self._local, replace(request, immediate=True)))

    async def _wait_in_time(
        self, task: "asyncio.Future[tuple[Suggestion, ...]]"
    ) -> tuple[Suggestion, ...] | None:
        """Return what the server's engine answers; None if it is late, which the breaker counts."""
        try:
            await asyncio.wait([task], timeout=self._bound if self._local else None)
            if not task.done() and self._server.is_writing:  # a long text takes its time
                await asyncio.wait([task], timeout=PATIENCE * self._bound)
        finally:
            if not task.done():
                task.cancel()
        if task.cancelled() or not task.done():
            self._breaker.record_answer(late=True)
            self._follow("its answer did not start in time: see timeout_ms of the server")
            return None
        answers = task.result()
        reason = answers[0].reason
        if reason in ("server-away", "model-failed"):
            self._breaker.record_failure()
            self._follow(str(self._server.last_error or "it failed"))
        elif reason == "not-for-server":
            error = self._server.last_error
            if not (isinstance(error, ServedError) and error.passing):
                self._change(Tier("local", str(error or "")))
        elif answers[0].source == "model" and reason != "superseded":
            self._breaker.record_answer()
            self._follow()
        return answers

    def _try_server(self, context: Context) -> None:
        """See whether the server is back, without letting a request wait for it."""
        loop = asyncio.get_running_loop()
        start = time.monotonic()
        job = Job[ServedSource](Lane.WARM, lambda source: source.warm(context, full=True))

        def record_end() -> None:
            error = job.done.exception()
            if isinstance(error, Aborted):
                self._breaker.record_nothing()
            elif error is None:
                self._breaker.record_answer(late=time.monotonic() - start > self._bound)
                self._follow()
            elif isinstance(error, ServedError) and not error.away:
                self._breaker.record_nothing()  # this file is none for it
            else:
                self._breaker.record_failure()

        job.done.add_done_callback(lambda _: call_on(loop, record_end))
        self._plan_rest()
        self._worker.submit(job)

    def _plan_rest(self) -> None:
        """Have the source told, once, that nothing is asked any more."""
        if self._resting is None:
            loop = asyncio.get_running_loop()
            self._resting = loop.call_later(REST, self._rest)

    def _rest(self) -> None:
        self._resting = None
        self._worker.submit(Job[ServedSource](Lane.WARM, lambda source: source.rest()))

    def _follow(self, why: str = "") -> None:
        """Show what the breaker's state means for the user."""
        self._why = why or self._why
        self._change(Tier("team") if self._breaker.state == "closed" else Tier("local", self._why))

    def _change(self, tier: Tier) -> None:
        if tier != self._tier:
            self._tier = tier
            self._show(tier)

    def _remember(self, engine: GhostTextEngine, answers: tuple[Suggestion, ...]) -> tuple[Suggestion, ...]:
        for answer in answers:
            self._owners[answer.id] = engine
        while len(self._owners) > REMEMBERED:
            self._owners.popitem(last=False)
        return answers
