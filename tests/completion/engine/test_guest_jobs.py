"""The engine of another program on the thread of ours: what the user here pays for it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from fake_llama import SMALL_BUDGET, fake_model

from assist_completion.engine.engine import Engine
from assist_completion.engine.guest_jobs import GuestJobs
from assist_completion.inference.generation import Model
from assist_completion.inference.llama import Abort
from assist_completion.inference.worker import Job, Lane, Worker
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context
from assist_context.languages import language_of

OURS = "".join(f"    name_{n} = make_{n}(value_{n})\n" for n in range(60))
LINE = "    other = something_that_the_model_does_not_know\n"
THEIRS = "".join(f"    row_{n} = read_{n}(table_{n})\n" for n in range(60))
THEIR_LINE = "    answer = merge(row_1, row_2)\n"


@dataclass
class SharedThread:
    """Two engines on one thread."""

    ours: Engine
    theirs: Engine
    worker: Worker[Model]
    model: Model

    async def type_line(self, *, with_guest: bool) -> list[int]:
        """Our user types a line letter by letter; the prompt tokens that are computed for each."""
        found = []
        for size in range(4, 24):
            if with_guest:
                answer = await ask(self.theirs, THEIRS, THEIR_LINE[:13], f"{size}.py")
                assert answer.text == THEIR_LINE[13:-1]
            found.append((await ask(self.ours, OURS, LINE[:size])).tokens.evaluated)
        return found


async def ask(engine: Engine, above: str, typed: str, path: str = "a.py") -> Suggestion:
    context = Context(path, language_of(path), above + typed, "\n    finish()\n")
    return await engine.complete(CompletionRequest(context, manual=True, immediate=True, max_lines=1))


@asynccontextmanager
async def sharing_thread(memory: int = 1 << 20, pace: float = 0.0) -> AsyncIterator[SharedThread]:
    models: list[Model] = []

    def open_model(abort: Abort) -> Model:
        models.append(fake_model(OURS + THEIRS + THEIR_LINE, abort, memory))
        models[0].llama.before_slice = lambda: time.sleep(pace)  # type: ignore[attr-defined]
        return models[0]

    worker = Worker(open_model)
    worker.opened.result(60)
    settings = CompletionSettings(mode="eager", speculate=False)
    ours = Engine(worker, settings, SMALL_BUDGET, "ours")
    yield SharedThread(ours, Engine(GuestJobs(worker), settings, SMALL_BUDGET, "theirs"), worker, models[0])
    ours.close()


@pytest.mark.parametrize("memory", [1 << 20, 2_000])
async def test_prompts_of_guests_cost_the_user_here_no_token(memory: int) -> None:
    async with sharing_thread(memory) as alone:
        usual = await alone.type_line(with_guest=False)
    async with sharing_thread(memory) as shared:  # with so little memory, a guest's snapshots fill it
        assert await shared.type_line(with_guest=True) == usual
    assert (len(usual), max(usual[1:]) < 30 < usual[0]) == (20, True)


async def test_what_was_read_ahead_for_the_user_here_is_still_there_after_a_guest() -> None:
    context = Context("a.py", language_of("a.py"), OURS + LINE[:4], "\n    finish()\n")
    async with sharing_thread() as shared:
        reading = shared.ours.prewarm(context, full=True)
        assert reading is not None
        await asyncio.wrap_future(reading)
        await ask(shared.theirs, THEIRS, THEIR_LINE[:13], "b.py")
        assert (await ask(shared.ours, OURS, LINE[:5])).tokens.evaluated < 30


async def test_a_request_here_interrupts_that_of_a_guest_which_keeps_what_was_read() -> None:
    async with sharing_thread(pace=0.02) as shared:
        guest = asyncio.create_task(ask(shared.theirs, THEIRS, THEIR_LINE[:13]))
        while not shared.model.llama.cells[1]:  # type: ignore[attr-defined]
            await asyncio.sleep(0.005)
        assert (await ask(shared.ours, OURS, LINE[:5])).tokens.evaluated > 0
        assert (await guest).reason == "superseded"
        again = await ask(shared.theirs, THEIRS, THEIR_LINE[:13])
        assert again.text == THEIR_LINE[13:-1]
        assert 0 < again.tokens.evaluated < again.tokens.prompt


async def test_an_answer_here_waits_for_a_guest() -> None:
    async with sharing_thread(pace=0.02) as shared:
        guest = asyncio.create_task(ask(shared.theirs, THEIRS, THEIR_LINE[:13]))
        while not shared.model.llama.cells[1]:  # type: ignore[attr-defined]
            await asyncio.sleep(0.005)
        answer = Job[Model](Lane.ANSWER, lambda _: None)
        shared.worker.submit(answer)
        assert (await guest).text == THEIR_LINE[13:-1]
        await asyncio.wrap_future(answer.done)
