"""Other suggestions for one cursor, for users who ask by hand and look through several.

They are written in the prompt of the first one, which stays as it is. The protocol has no way to deliver one
after the other, so all of them together wait no longer than `EXTRA`.
This module does not know when they are wanted: the engine does.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from assist_completion.display import line_policy
from assist_completion.display.confidence import Gate
from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.line_policy import ONE_LINE
from assist_completion.display.show_gate import finish
from assist_completion.engine.event_loop import call_on
from assist_completion.inference.generation import Generation, TokenSource
from assist_completion.inference.worker import Job, JobQueue, Lane
from assist_completion.suggestion import Suggestion
from assist_context.documents import Context

MOST = 3  # suggestions in all, the first one included
TRIES = 4  # texts that are written for the others: some repeat one that is there, or are filtered
EXTRA = 0.5  # seconds after the first suggestion: 13 tokens of a 0.5B model on two cores


@dataclass(eq=False, slots=True)
class Branches:
    """The texts of one cursor that begin in another way, and the job that writes them.

    `ready` grows on the owner thread. `read` is the number of prompt tokens that were computed for them.
    """

    context: Context
    site: CursorSite
    tokens: int
    numbers: Callable[[], int]
    ready: list[Generation] = field(default_factory=list)
    read: int = 0
    job: Job[TokenSource] = field(init=False)

    def __post_init__(self) -> None:
        # Below the lane of requests: one that comes now interrupts this job inside llama.cpp.
        self.job = Job(Lane.PREWARM, self._write)

    async def write(self, worker: JobQueue[TokenSource], seconds: float) -> None:
        """Write as many as can be written in this time. Cancellation stops the model too."""
        loop = asyncio.get_running_loop()
        end = asyncio.Event()
        self.job.done.add_done_callback(lambda _: call_on(loop, end.set))
        worker.submit(self.job)
        try:
            await asyncio.wait_for(end.wait(), seconds)
        except TimeoutError:
            pass  # those that are ready are shown
        finally:
            worker.cancel(self.job)

    def _write(self, source: TokenSource) -> None:
        computed_tokens = source.computed
        try:
            source.branch(self.context, self._begin, self.ready.append)
        finally:
            self.read = source.computed - computed_tokens

    def _begin(self) -> Generation | None:
        if len(self.ready) == TRIES:
            return None
        should_stop = partial(line_policy.should_stop, self.site, shape=ONE_LINE)
        return Generation(self.context, should_stop, self.tokens, number=self.numbers())


def choose(
    first: Suggestion, branches: Branches, gate: Gate, most: int = MOST
) -> list[tuple[Generation, Suggestion]]:
    """The branches that may be shown after `first`, the likeliest first, `most` in all with it.

    Each is cut, filtered and judged like any other text. Texts that only repeat, shorten or prolong
    another are left out.
    """
    pairs: list[tuple[Generation, Suggestion]] = []
    texts = [first.text] if first.shown else []
    for generation in sorted(branches.ready, key=_chance, reverse=True):
        suggestion = finish(branches.site, ONE_LINE, generation.known_text(), gate)
        if suggestion.shown and not _repeats(suggestion.text, texts) and len(texts) < most:
            texts.append(suggestion.text)
            pairs.append((generation, suggestion))
    return pairs


def _chance(generation: Generation) -> float:
    """The log-probability of the whole text."""
    return sum(chance for _, chance in generation.spans)


def _repeats(text: str, others: Iterable[str]) -> bool:
    return any(text.startswith(other) or other.startswith(text) for other in others)
