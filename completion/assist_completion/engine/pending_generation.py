"""A generation that is running or just ended: which requests wait for it, and whether a newer one can use it.

This is the event loop's side of one job. The owner thread's side is `inference.generation`.
It does not decide what is shown.
"""

import asyncio
from dataclasses import dataclass, field

from assist_completion.display.cursor_site import CursorSite
from assist_completion.inference.generation import Generation, TokenSource
from assist_completion.inference.worker import Job, Worker

PATIENCE = 0.2  # seconds a request waits for the first fitting text of an older one
GRACE = 0.15  # seconds an abandoned generation continues: an editor cancels at each key, then requests again


@dataclass(eq=False, slots=True)
class PendingGeneration:
    """One generation, its job, and the number of requests that wait for it.

    Set `changed` on the event loop when there is more text, or when the job has ended.
    """

    generation: Generation
    job: Job[TokenSource]
    site: CursorSite
    worker: Worker[TokenSource]
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0

    @property
    def done(self) -> bool:
        return self.job.done.done()

    def typed_since(self, site: CursorSite) -> str | None:
        """What was typed since this generation's cursor; None if `site` is another place."""
        start = self.site.before
        if self.site.path != site.path or self.site.below != site.below or not site.before.startswith(start):
            return None
        return site.before[len(start) :]

    def unsure_at(self, site: CursorSite) -> bool:
        """Whether the model was unsure one letter ago, in the same word. Then it will hardly be sure now."""
        generation = self.generation
        typed = self.typed_since(site)
        unsure = self.done and bool(generation.spans) and generation.spans[0][1] < generation.least
        same_word = typed is not None and len(typed) == 1 and typed.isalnum()
        return unsure and same_word and self.site.line[-1:].isalnum()

    def agrees(self, typed: str) -> bool:
        """Whether the text so far and what was typed since do not contradict each other."""
        text = self.generation.text
        return text.startswith(typed) or (not self.done and typed.startswith(text))

    async def wait(self, typed: str) -> bool:
        """Wait until the generation ends, and return True if its text still agrees with what was typed.

        Return False as soon as the text differs from it, or takes too long to reach its end.
        When the last waiting request leaves early, cancellation included, the generation is stopped, unless
        another request takes it over soon.
        """
        self.waiting += 1
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE if typed else None
        try:
            while not self.done and self.agrees(typed):
                timeout = None
                if deadline is not None and len(self.generation.text) <= len(typed):
                    if loop.time() > deadline:
                        return False
                    timeout = max(0.0, deadline - loop.time())
                self.changed.clear()
                try:
                    await asyncio.wait_for(self.changed.wait(), timeout)
                except TimeoutError:
                    return False
            return self.agrees(typed)
        finally:
            self.waiting -= 1
            if not self.waiting and not self.done:
                loop.call_later(GRACE, self.abandon)

    def abandon(self) -> None:
        """Stop the generation if no request waits for it."""
        if not self.waiting and not self.done:
            self.worker.cancel(self.job)
