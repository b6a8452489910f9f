"""From a request to a suggestion: first from known text, then from a running generation, then from the model.

The engine runs on one event loop, and the model on the worker's thread. It knows no LSP and no files.
"""

import asyncio
import itertools
import logging
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from functools import partial

from assist_completion.display import line_policy, show_gate
from assist_completion.display.confidence import Gate, choose_gate
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.line_policy import Shape
from assist_completion.display.refutation import Mention, find_mentions, first_refuted, list_names
from assist_completion.display.suggestion_cache import ENTRIES, KnownText, SuggestionCache
from assist_completion.engine.alternatives import EXTRA, MOST, Branches, choose
from assist_completion.engine.event_loop import call_on
from assist_completion.engine.speculation import RestingPlace, Speculator, TypingPace
from assist_completion.errors import CompletionError, ServedError
from assist_completion.inference.generation import REANCHOR, Generation, TokenBudget, TokenSource
from assist_completion.inference.llama import Aborted
from assist_completion.inference.worker import Job, JobQueue, Lane
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context

log = logging.getLogger(__name__)

LONGEST_LINE = 4_000  # characters before the cursor on its line; from there on it is data, not code
# Answers that were not made by the model: others would not be either.
NO_OTHERS = ("long-line", "manual-only", "model-failed", "superseded")
LOOK_UP = 0.03  # seconds in which names are looked up; afterwards nothing is known of them
# Of the time that the text took, if that is longer: who has waited 0.6 s does not see 0.1 s more. With a load
# of 7 to 11, 8 % of 404 look-ups at new places took longer than 0.03 s, and 0.3 s at most.
LOOK_UP_SHARE = 0.2
REMEMBERED = 32  # suggestions that can still be reported as shown
RECENT = 2_048  # suggestions whose cost can still be looked up
PATIENCE = 0.2  # seconds a request waits for the first fitting text of an older one
GRACE = 0.15  # seconds an abandoned generation continues: an editor cancels at each key, then requests again


@dataclass(frozen=True, slots=True)
class PreparedRequest:
    """A request, and what each step of answering it needs to know."""

    request: CompletionRequest
    site: CursorSite
    shape: Shape
    gate: Gate


@dataclass(eq=False, slots=True)
class PendingGeneration:
    """One generation, its job, and the number of requests that wait for it.

    Set `changed` on the event loop when there is more text, and `done` there too, once the job has ended and
    its text is remembered: the job ends on the worker's thread, a moment before that.
    """

    generation: Generation
    job: Job[TokenSource]
    site: CursorSite
    worker: JobQueue[TokenSource]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    done: bool = False

    def typed_since(self, site: CursorSite) -> str | None:
        """Return what was typed since this generation's cursor; None if `site` is another place."""
        start = self.site.before
        if self.site.path != site.path or self.site.below != site.below or not site.before.startswith(start):
            return None
        return site.before[len(start) :]

    def agrees(self, typed_text: str) -> bool:
        """Return whether the text so far and what was typed since do not contradict each other."""
        text = self.generation.text
        return text.startswith(typed_text) or (not self.done and typed_text.startswith(text))

    async def wait(self, text: str) -> bool:
        """Wait until the generation ends, and return True if its text still agrees with what was typed.

        Return False as soon as the text differs from it, or takes too long to reach its end.
        When the last waiting request leaves early, cancellation included, the generation is stopped, unless
        another request takes it over soon.
        """
        self.waiting += 1
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE if text else None
        try:
            while not self.done and self.agrees(text):
                timeout = None
                if deadline is not None and len(self.generation.text) <= len(text):
                    if loop.time() > deadline:
                        return False
                    timeout = max(0.0, deadline - loop.time())
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), timeout)
                except TimeoutError:
                    return False
            return self.agrees(text)
        finally:
            self.waiting -= 1
            if not self.waiting and not self.done:
                loop.call_later(GRACE, self.abandon)

    def abandon(self) -> None:
        """Stop the generation if no request waits for it."""
        if not self.waiting and not self.done:
            self.worker.cancel(self.job)


def make_site(context: Context) -> CursorSite:
    """The cursor of a context."""
    return CursorSite(context.before, context.after, context.language, context.path)


class Engine:
    """Answers requests with one source of tokens. Use it from one event loop only, and `close` it at the end.

    `ids` are the numbers of its suggestions, where several engines share them.
    """

    def __init__(
        self,
        worker: JobQueue[TokenSource],
        settings: CompletionSettings,
        budget: TokenBudget,
        name: str,
        clock: Callable[[], float] = time.perf_counter,
        ids: Iterator[int] | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.others_s = EXTRA  # seconds that texts which begin in other ways may take
        self.look_up_s = LOOK_UP  # seconds in which names are looked up, at least
        self.recent: deque[Suggestion] = deque(maxlen=RECENT)
        self._settings = settings
        self._budget = budget
        self._name = name
        self._worker = worker
        self._clock = clock
        self._cache = SuggestionCache()
        self._pace = TypingPace(clock)
        self._speculator = Speculator(worker, settings, self._pace, self.counts)
        self.ids = itertools.count(1) if ids is None else ids
        self.last_error: CompletionError | None = None
        self._pending: PendingGeneration | None = None
        self._generations: dict[int, PendingGeneration] = {}  # by the id of the suggestion they made
        self._used: OrderedDict[int, int] = OrderedDict()  # tokens of a generation that were ever shown

    async def complete(self, request: CompletionRequest) -> Suggestion:
        """One suggestion. Raises nothing but cancellation; `reason` says why nothing is shown.

        Where a text that is asked for by hand names what does not exist, another beginning is
        given instead, if there is one in time.
        """
        site = make_site(request.context)
        first = await self._complete(request, site)
        others = await self._others(request, site, first, 2) if request.manual and first.refuted else ()
        return (*others, first)[0]

    async def _complete(self, request: CompletionRequest, site: CursorSite) -> Suggestion:
        start = self._clock()
        self._pace.record_key()
        self._speculator.hold_back()
        try:
            answer = await self._answer(request, site)
        except asyncio.CancelledError:
            self.counts["cancelled"] += 1
            raise
        total = 1e3 * (self._clock() - start)
        answer = replace(
            answer,
            id=next(self.ids),
            model=self._name,
            ms=replace(answer.ms, total=total, gather=request.gather_ms),
        )
        if self._pending is not None and answer.shown:
            self._keep(answer.id, self._pending)
        self._count(answer)
        return answer

    async def complete_several(self, request: CompletionRequest, most: int = MOST) -> tuple[Suggestion, ...]:
        """Return what `complete` does, and up to `most` in all that begin in other ways, the likeliest first.

        It takes at most `others_s` seconds more. A request that comes meanwhile goes first. What
        names something that does not exist comes last.
        """
        site = make_site(request.context)
        first = await self._complete(request, site)
        if first.reason in NO_OTHERS:
            return (first,)
        others = await self._others(request, site, first, most)
        return (*others, first) if first.refuted else (first, *others)

    async def _others(
        self, request: CompletionRequest, site: CursorSite, first: Suggestion, most: int
    ) -> tuple[Suggestion, ...]:
        """Texts that begin in other ways, without anything refuted, the likeliest first.

        A small prompt has none: what it makes less likely than its first text is too often wrong.
        """
        if first.guess:
            return ()
        job = self._prepare(request, site)
        branches = Branches(request.context, site, self._budget.line_tokens, partial(next, self.ids))
        try:
            await branches.write(self._worker, self.others_s)
        finally:
            self._count_branches(branches)
        others = []
        for generation, suggestion in choose(first, branches, job.gate, most):
            if await self._find_refuted(job, suggestion.text, self.look_up_s) is not None:
                continue
            named_suggestion = replace(
                suggestion, id=next(self.ids), model=self._name, ms=generation.ms, tokens=generation.tokens
            )
            pending = PendingGeneration(generation, branches.job, site, self._worker, done=True)
            self._keep(named_suggestion.id, pending)
            others.append(named_suggestion)
        return tuple(others)

    @property
    def snippet_tokens(self) -> int:
        """The room that a prompt has for snippets of other files, in tokens."""
        return self._budget.snippets

    @property
    def is_writing(self) -> bool:
        """Return whether the text for the last request that asked the model has begun."""
        return self._pending is not None and (self._pending.done or bool(self._pending.generation.spans))

    def prewarm(self, context: Context, *, full: bool = False) -> Future[None] | None:
        """Read the small head for a cursor, or the full one, before a request comes. The last call counts.

        It gives what ends when that is read; None if it is not read at all.
        """
        return self._speculator.prewarm(context, full=full)

    def record_shown(self, suggestion_id: int) -> None:
        """Count that the editor shows this suggestion."""
        self.counts["displayed"] += suggestion_id in self._generations

    def record_accepted(self, suggestion_id: int, *, ahead: bool = True) -> None:
        """Count that the user accepted this suggestion or a part of it; `ahead`: write what may follow it."""
        self.counts["accepted"] += 1
        pending = self._generations.get(suggestion_id)
        if pending is None or not pending.done or not ahead:
            return
        if self._speculator.continue_after_accept(pending.generation, lambda: self._remember(pending)):
            self.counts["speculated"] += 1

    def close(self) -> None:
        """Stop everything and free the model, within two seconds."""
        self._speculator.hold_back()
        self._worker.close()

    def _keep(self, suggestion_id: int, pending: PendingGeneration) -> None:
        """Remember what made a suggestion, for when it is shown or accepted."""
        self._generations[suggestion_id] = pending
        if len(self._generations) > REMEMBERED:
            self._generations.pop(next(iter(self._generations)))

    def _count_branches(self, branches: Branches) -> None:
        tokens = sum(branch.tokens.generated for branch in branches.ready)
        self.counts["tokens-read"] += branches.read
        self.counts["tokens-written"] += tokens
        self.counts["tokens-branched"] += tokens

    def _count(self, answer: Suggestion) -> None:
        self.counts["requests"] += 1
        self.counts["shown" if answer.shown else answer.reason] += 1
        self.counts[f"source-{answer.source}"] += 1
        self.counts["prompt-tokens"] += answer.tokens.prompt
        self.counts["prompt-tokens-evaluated"] += answer.tokens.evaluated
        self.counts["tokens-generated"] += answer.tokens.generated
        self.recent.append(replace(answer, text="", candidate="", refuted="", owner="", signature=""))

    async def _answer(self, request: CompletionRequest, site: CursorSite) -> Suggestion:
        if self._settings.mode == "manual" and not request.manual:
            return Suggestion(reason="manual-only")
        if len(site.line) >= LONGEST_LINE:
            return Suggestion(reason="long-line")
        if not (request.manual or request.in_comments) and site.in_comment:
            return Suggestion(reason="in-comment")
        job = self._prepare(request, site)
        start = self._clock()
        answer = await self._first_answer(job)
        if answer.guess:
            self._plan_rest(job)
        patience = max(self.look_up_s, LOOK_UP_SHARE * (self._clock() - start))
        return await self._drop_refuted(job, answer, patience)

    async def _first_answer(self, job: PreparedRequest) -> Suggestion:
        """From known text, else from the generation that is on its way, else from the model."""
        request = job.request
        site = job.site
        answer = self._answer_from_cache(job)
        if answer is None and self._pending is not None:
            typed_text = self._pending.typed_since(site)
            if typed_text is not None and await self._pending.wait(typed_text):
                answer = self._answer_from_cache(job)
        if answer is not None:
            return answer
        if not request.manual and not request.immediate:
            await asyncio.sleep(self._pace.debounce(self._settings.debounce_ms_max / 1e3))
        return await self._answer_from_model(job)

    async def _drop_refuted(self, job: PreparedRequest, answer: Suggestion, patience: float) -> Suggestion:
        """An answer up to the first name that the workspace refutes, as far as that is known in time.

        Who asks by hand gets the whole text if nothing would be left of it.
        """
        mention = await self._find_refuted(job, answer.text, patience) if answer.shown else None
        if mention is None:
            return answer
        suspect = replace(answer, refuted=mention.name, owner=mention.owner, by_editor=mention.by_editor)
        if mention.call is not None:
            suspect = replace(suspect, signature=mention.call.signature)
        shorter = show_gate.cut_refuted(job.site, job.shape, suspect, mention.at)
        return suspect if job.request.manual and not shorter.shown else shorter

    async def _find_refuted(self, job: PreparedRequest, text: str, patience: float) -> Mention | None:
        """The first name in a text that the workspace refutes, as far as that is known in time."""
        look_up = job.request.refute
        mentions = find_mentions(job.site, text)
        names = list_names(mentions)
        if look_up is None or not names:
            return None
        try:
            return first_refuted(mentions, await asyncio.wait_for(look_up(names), patience))
        except TimeoutError:
            self.counts["looked-up-late"] += 1
            return None

    def _prepare(self, request: CompletionRequest, site: CursorSite) -> PreparedRequest:
        shape = line_policy.choose_shape(site, manual=request.manual, after_accept=request.after_accept)
        limit = request.max_lines or self._settings.max_lines
        shape = line_policy.ONE_LINE if limit == 1 else replace(shape, max_lines=min(shape.max_lines, limit))
        gate = choose_gate(self._name, self._settings.mode, manual=request.manual)
        return PreparedRequest(request, site, shape, gate)

    def _answer_from_cache(self, job: PreparedRequest) -> Suggestion | None:
        """An answer without inference, if a known text still holds here and is long enough."""
        text = self._cache.find(job.site)
        if text is None:
            return None
        answer = self._finish(job, text)
        usable = show_gate.is_enough(job.site, job.shape, text, job.gate)
        if text.skipped and not job.request.manual:  # after a doubt, one letter more is not worth a run
            usable = answer.shown or (bool(answer.candidate) and text.skipped == 1)
        source = "typed-through" if text.skipped else "cache"
        return replace(answer, source=source, guess=text.guess) if usable else None

    def _finish(self, job: PreparedRequest, source_text: KnownText) -> Suggestion:
        """The suggestion that a text makes; the tokens that it shows and none before it did are counted."""
        answer = show_gate.finish(job.site, job.shape, source_text, job.gate)
        if answer.shown:
            reach = source_text.reach(len(answer.text))
            uses = self._used.get(source_text.origin, 0)
            self.counts["tokens-used"] += max(0, reach - uses)
            self._used[source_text.origin] = max(reach, uses)
            if len(self._used) > ENTRIES:
                self._used.popitem(last=False)
        return answer

    async def _answer_from_model(self, job: PreparedRequest) -> Suggestion:
        """Run the model, in place of a generation that still runs for an older request."""
        if self._pending is not None and not self._pending.done:
            self._worker.cancel(self._pending.job)
        start = self._clock()
        pending = self._launch(job)
        self._pending = pending
        await pending.wait("")
        try:
            pending.job.done.result()
        except Aborted:
            return Suggestion(reason="superseded")
        except CompletionError as error:
            log.warning("%s", error)
            self.last_error = error
            if isinstance(error, ServedError):
                return Suggestion(reason="server-away" if error.away else "not-for-server")
            return Suggestion(reason="model-failed")
        generation = pending.generation
        model_text = generation.known_text()
        self._pace.record_answer(self._clock() - start)
        self._speculator.record_answer(generation)
        if generation.typed > REANCHOR:
            self._plan_rest(job)
        answer = self._finish(job, model_text)
        return replace(answer, ms=generation.ms, tokens=generation.tokens, guess=model_text.guess)

    def _plan_rest(self, job: PreparedRequest) -> None:
        """Once the user rests here, read all of the place; what was written from less is not shown again."""
        generations: list[Generation] = []

        def write(source: TokenSource) -> None:
            generations[:] = [self._generation(job)]
            source.generate(generations[0])

        def note_written() -> None:
            for generation in generations:
                self.counts["tokens-written"] += generation.tokens.generated
                self.counts["tokens-ahead"] += generation.tokens.generated
                self._cache.put(job.site, generation.known_text())

        note_read = partial(self._cache.forget_guesses, job.site)
        place = RestingPlace(job.request.context, write, note_read, note_written)
        self._speculator.plan_rest(place, ahead=job.request.ahead)

    def _generation(self, job: PreparedRequest, on_text: Callable[[], object] = lambda: None) -> Generation:
        shape = job.shape
        return Generation(
            job.request.context,
            partial(line_policy.should_stop, job.site, shape=shape),
            self._budget.block_tokens if shape.multi else self._budget.line_tokens,
            on_text=on_text,
            is_hopeless=partial(job.gate.is_hopeless, job.site),
            number=next(self.ids),
            one_line=not shape.multi and bool(job.site.line.strip()),
        )

    def _launch(self, prepared_request: PreparedRequest) -> PendingGeneration:
        loop = asyncio.get_running_loop()
        change = asyncio.Event()
        generation = self._generation(prepared_request, lambda: call_on(loop, change.set))
        self.counts["model-runs"] += 1
        job = Job[TokenSource](Lane.VISIBLE, lambda source: source.generate(generation))
        pending = PendingGeneration(generation, job, prepared_request.site, self._worker, change)

        def record_end() -> None:
            self.counts["tokens-read"] += generation.tokens.evaluated
            self.counts["tokens-written"] += generation.tokens.generated
            self._remember(pending)
            pending.done = True
            change.set()

        job.done.add_done_callback(lambda _: call_on(loop, record_end))
        self._worker.submit(job)
        return pending

    def _remember(self, pending: PendingGeneration) -> None:
        self._cache.put(pending.site, pending.generation.known_text())
