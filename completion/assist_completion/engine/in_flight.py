"""A generation on its way: who waits for it, and whether a newer request can take its answer.

The event loop's side of one job; the owner thread's side is `generate`. It decides nothing about text.
"""

import asyncio
from dataclasses import dataclass, field

from assist_completion.inference.generation import Generation, Model
from assist_completion.inference.worker import Job, Worker
from assist_context.documents import Context

PATIENCE = 0.2  # seconds a request waits for the first fitting text of an older one
GRACE = 0.15  # seconds an abandoned generation goes on: an editor cancels at each key, then asks again


@dataclass(eq=False, slots=True)
class PendingGeneration:
    """One generation, its job, and the requests that wait for it."""

    gen: Generation
    job: Job[Model]
    below: str
    worker: Worker[Model]
    waiting: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def done(self) -> bool:
        return self.job.done.done()

    def typed_since(self, path: str, before: str, below: str) -> str | None:
        """What was typed since this generation's cursor; None where the request is about another place."""
        start = self.gen.context.before
        if self.gen.context.path != path or self.below != below or not before.startswith(start):
            return None
        return before[len(start) :]

    def unsure_here(self, context: Context, below: str) -> bool:
        """Whether the model had no idea one letter ago, in this same word: it will hardly have one now."""
        gen = self.gen
        extra = self.typed_since(context.path, context.before, below)
        first = self.done and bool(gen.spans) and gen.spans[0][1] < gen.sure
        return first and extra is not None and len(extra) == 1 and extra.isalnum() and _in_word(gen)

    def agrees(self, extra: str) -> bool:
        """Whether what was typed and what was generated so far do not contradict each other."""
        text = self.gen.text
        return text.startswith(extra) or (not self.done and extra.startswith(text))

    async def finished(self, extra: str) -> bool:
        """Wait for the end; False as soon as the text leaves what was typed, or takes too long to reach it.

        Leaving early (cancellation included) stops the generation unless somebody else takes it over.
        """
        self.waiting += 1
        loop = asyncio.get_running_loop()
        patience = loop.time() + PATIENCE if extra else None
        try:
            while not self.done and self.agrees(extra):
                late = patience is not None and len(self.gen.text) <= len(extra)
                if late and patience is not None and loop.time() > patience:
                    return False
                self.changed.clear()
                timeout = max(0.0, patience - loop.time()) if late and patience is not None else None
                try:
                    await asyncio.wait_for(self.changed.wait(), timeout)
                except TimeoutError:
                    return False
            return self.agrees(extra)
        finally:
            self.waiting -= 1
            if not self.waiting and not self.done:
                loop.call_later(GRACE, self.abandon)

    def abandon(self) -> None:
        """Stop the generation if nobody waits for it."""
        if not self.waiting and not self.done:
            self.worker.cancel(self.job)


def _in_word(gen: Generation) -> bool:
    return gen.context.before[-1:].isalnum()
