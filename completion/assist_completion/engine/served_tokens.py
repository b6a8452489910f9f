"""The token source of a server: which prompt continues which, what is healed, and when a stream is closed.

The anchored layout makes a server with a prefix cache read only what was typed since its last answer, so the
plans of earlier prompts are kept and continued. A shared server computes little ahead of a request: a new
anchor, and a line after an accepted text. It runs on the owner thread, with an event loop of its own.
"""

import asyncio
import logging
import math
import re
import time
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from dataclasses import replace

from assist_completion.engine.server_port import CompletionServer, ServedPiece, ServedPrompt
from assist_completion.errors import ServedError
from assist_completion.inference.generation import Generation, TokenBudget
from assist_completion.inference.llama import Abort, Aborted
from assist_completion.inference.prefix_cache import CachedPrompt
from assist_completion.prompt.layout import Plan, continue_plan, count_tokens, list_starts, plan
from assist_context.documents import Context

log = logging.getLogger(__name__)

PLANS = 16  # earlier prompts that may be continued
DENSE = 2.2  # characters of a token in dense code; usual code has 3 to 4
LEAST_HEAD = 64  # tokens
# A server without probabilities is taken to be sure enough of one line for `balanced`, and of no other.
UNKNOWN = -0.25  # of the first piece: a chance of 0.54, or 0.65 if something near begins like it
UNSURE = -10.0
# What is written again: the word at the cursor with the space before it, as tokens of most models begin.
_LAST_WORD = re.compile(r"[ ]?\w{1,40}\Z|[ ]\Z")


class ServedSource:
    """A `CompletionServer` as a token source. Use it on one thread only."""

    def __init__(self, server: CompletionServer, budget: TokenBudget, abort: Abort) -> None:
        self.computed = 0
        self._server = server
        self._budget = budget
        self._abort = abort
        self._prompts: list[CachedPrompt] = []
        self._task: asyncio.Task[None] | None = None
        self._runner = asyncio.Runner()
        loop = self._runner.get_loop()
        abort.watch(lambda: loop.call_soon_threadsafe(self._cancel))

    def generate(self, generation: Generation) -> None:
        """Write the completion. Raises `Aborted`, and `ServedError`."""
        self._run(self._generate(generation))

    def extend(self, generation: Generation, should_stop: Callable[[str], bool], max_tokens: int) -> None:
        """Continue a generation after its text: the server has the state of its prompt."""
        prompt = generation.cached_prompt
        if generation.ended or prompt is None:
            return
        generation.continue_until(should_stop, max_tokens)
        before = self._server.admit(generation.context)
        plan = continue_plan(replace(before, before=before.before + generation.text), prompt.plan)
        if plan is not None and self._is_admitted(before, plan):
            self._run(self._write(generation, ServedPrompt(plan, "", False, max_tokens)))

    def branch(
        self,
        context: Context,
        begin: Callable[[], Generation | None],
        add: Callable[[Generation], object],
    ) -> None:
        """No other texts: each would be a request of its own at a server that others use too."""

    def warm(self, context: Context, *, full: bool) -> None:
        """Make the server read the prompt of a new anchor, by asking for one token."""
        if full:
            fresh = self._new_prompt(self._server.admit(context))
            self._remember(fresh)
            generation = Generation(context, lambda _: True, 1)
            self._run(self._write(generation, ServedPrompt(fresh.plan, "", True, 1)))

    def rest(self) -> None:
        """Nothing is asked for now: what was sent is written down."""
        self._server.rest()

    def close(self) -> None:
        """End the connections within a second, whatever the server does."""

        async def end() -> None:
            await asyncio.wait_for(self._server.close(), 1.0)

        self._abort.watch(lambda: None)
        try:
            self._runner.run(end())
        except TimeoutError:
            pass
        except ServedError as error:  # what was sent cannot be written down; the next start says so too
            log.warning("%s", error)
        finally:
            self._runner.close()

    async def _generate(self, generation: Generation) -> None:
        context = self._server.admit(generation.context)
        prompt, plan = self._choose_prompt(context)
        generation.begin(prompt, 0, len(plan.typed))
        last = _LAST_WORD.search(plan.typed)
        need = last[0] if last is not None and last.start() > 0 else ""
        most = generation.max_tokens
        if need:
            cut = replace(plan, typed=plan.typed.removesuffix(need))
            request = ServedPrompt(cut, need, generation.one_line, most + len(need))
            if await self._write(generation, request):
                return
        await self._write(generation, ServedPrompt(plan, "", generation.one_line, most))

    async def _write(self, generation: Generation, prompt: ServedPrompt) -> bool:
        """Take what the server answers. False if that does not begin with what it must."""
        start = time.perf_counter()
        need = prompt.need
        counts = (0, 0)
        has_begun = False
        server_prompt = prompt if self._server.constrains else replace(prompt, need="")
        try:
            async with aclosing(self._server.complete(server_prompt)) as pieces:
                async for piece in pieces:
                    if not has_begun:
                        generation.record_first_text(time.perf_counter() - start)
                        start = time.perf_counter()
                        has_begun = True
                    counts = max(counts, (piece.prompt, piece.cached))
                    if not _agree(piece.text, need):
                        return False
                    fresh = replace(piece, text=piece.text[len(need) :], chance=_chance_among(piece, need))
                    need = need[len(piece.text) :]
                    if fresh.text and self._add(generation, fresh):
                        return True
                    if piece.ended and not need:
                        generation.stop()
            return not need
        finally:
            self._count(generation, counts)
            generation.record_decode(time.perf_counter() - start)

    @staticmethod
    def _add(generation: Generation, piece: ServedPiece) -> bool:
        first = "\n" not in generation.text.lstrip()
        unknown = (0.0 if generation.text else UNKNOWN) if first else UNSURE
        chance = unknown if piece.chance is None else piece.chance
        return generation.add(-1, piece.text, chance) or generation.tokens.generated >= generation.max_tokens

    def _count(self, generation: Generation, counts: tuple[int, int]) -> None:
        size, cached_tokens = counts
        self.computed += size - cached_tokens
        generation.count_prompt(size, size - cached_tokens)

    def _choose_prompt(self, context: Context) -> tuple[CachedPrompt, Plan]:
        """An earlier prompt that this cursor continues, or a new one."""
        fitting = [(prompt, continue_plan(context, prompt.plan)) for prompt in self._prompts]
        prompts = [
            (prefix, plan)
            for prefix, plan in fitting
            if plan is not None and self._fits(plan) and self._is_admitted(context, plan)
        ]
        if prompts:
            best = max(prompts, key=lambda each: (each[1].snippets == context.snippets, -len(each[1].typed)))
            self._remember(best[0])
            return best
        prompt = self._new_prompt(context)
        self._remember(prompt)
        return prompt, prompt.plan

    def _new_prompt(self, context: Context) -> CachedPrompt:
        size = min(sum(map(count_tokens, context.snippets)), self._budget.snippets)
        full = self._budget.full
        extent = replace(full, head=max(1, full.head - size))
        plans = [prompt.plan for prompt in reversed(self._prompts)]
        starts = list_starts(plans, context.path, context.snippets)
        new_plan = plan(context, extent, context.snippets, starts)
        while not self._fits(new_plan) and extent.head > LEAST_HEAD:
            extent = replace(extent, head=extent.head // 2, suffix=extent.suffix // 2)
            new_plan = plan(context, extent)
        return CachedPrompt(new_plan, (), full=True)

    def _fits(self, new_plan: Plan) -> bool:
        """Say if a prompt and its answer fit the server's context, in the densest text that is usual."""
        files = sum(len(snippet.text) + len(snippet.path) for snippet in new_plan.snippets)
        size = files + len(new_plan.head) + len(new_plan.typed) + len(new_plan.suffix)
        return size / DENSE < self._budget.context - 2 * self._budget.block_tokens

    def _is_admitted(self, context: Context, new_plan: Plan) -> bool:
        """Return whether the other files that an earlier prompt shows may still be sent."""
        return self._server.admit(replace(context, snippets=new_plan.snippets)).snippets == new_plan.snippets

    def _remember(self, prompt: CachedPrompt) -> None:
        self._prompts = [*(other for other in self._prompts if other is not prompt), prompt][-PLANS:]

    def _run(self, work: Coroutine[None, None, object]) -> None:
        """Run to the end, or until the abort flag is set."""

        async def whole() -> None:
            self._task = asyncio.current_task()
            if self._abort.is_set():
                raise asyncio.CancelledError
            await work

        try:
            self._runner.run(whole())
        except asyncio.CancelledError:
            raise Aborted from None
        finally:
            self._task = None

    def _cancel(self) -> None:
        if self._task is not None and self._abort.is_set():
            self._task.cancel()


def _chance_among(piece: ServedPiece, need: str) -> float | None:
    """The chance of a piece among the tokens that fit what it must repeat, as far as the server names them.

    Without this a word that is half typed would count as doubtful, whenever another one was likelier.
    """
    if piece.chance is None or not need or not piece.likely:
        return piece.chance
    fitting = {text: chance for text, chance in piece.likely if text and _agree(text, need)}
    fitting[piece.text] = piece.chance
    peak = max(fitting.values())
    total = peak + math.log(sum(math.exp(chance - peak) for chance in fitting.values()))
    return min(0.0, piece.chance - total)


def _agree(text: str, need: str) -> bool:
    return text.startswith(need) or need.startswith(text)
