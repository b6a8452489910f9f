"""A server as the engine's source of tokens: what is typed through, healed, given up and continued."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest
from served_texts import ScriptedServer

from assist_completion.engine.engine import Engine, PendingGeneration, make_site
from assist_completion.engine.served_tokens import ServedSource
from assist_completion.errors import ServedError
from assist_completion.inference.generation import Generation, TokenBudget
from assist_completion.inference.worker import Job, Lane, Worker
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context
from assist_context.languages import language_of

ABOVE = "".join(f"name_{n} = make_{n}(value_{n})\n" for n in range(30))
LINE = "total = combine(name_1, name_2)\n"
NEXT = "report(total, name_3)\n"
TEXT = ABOVE + LINE + NEXT


@asynccontextmanager
async def driving(server: ScriptedServer, **settings: Any) -> AsyncIterator[Engine]:
    worker = Worker(partial(ServedSource, server, TokenBudget()))
    engine = Engine(worker, CompletionSettings(**settings), TokenBudget(), "served")
    try:
        yield engine
    finally:
        engine.close()
    assert server.closed


async def ask(engine: Engine, typed: str, path: str = "a.py", **more: Any) -> Suggestion:
    context = Context(path, language_of(path), ABOVE + typed, "\n")
    return await engine.complete(CompletionRequest(context, immediate=True, **more))


@pytest.mark.parametrize("constrains", [False, True])
async def test_an_answer_in_the_middle_of_a_word(constrains: bool) -> None:
    server = ScriptedServer(TEXT, constrains=constrains)
    async with driving(server) as engine:
        answer = await ask(engine, "total = comb")
    assert (answer.text, answer.source, answer.shown) == ("ine(name_1, name_2)", "model", True)
    (prompt,) = server.prompts
    assert prompt.plan.typed.endswith("total =")
    assert prompt.need == (" comb" if constrains else "")
    assert answer.tokens.prompt > 0


async def test_an_answer_that_does_not_repeat_the_word_is_asked_for_again() -> None:
    server = ScriptedServer(TEXT, stray=" other")
    async with driving(server) as engine:
        await ask(engine, "total = comb")
    assert [each.plan.typed.endswith("comb") for each in server.prompts] == [False, True]


async def test_typing_along_an_answer_sends_nothing() -> None:
    server = ScriptedServer(TEXT)
    async with driving(server) as engine:
        await ask(engine, "tot")
        sent = len(server.prompts)
        for end in range(4, len(LINE) - 1):
            answer = await ask(engine, LINE[:end])
            assert (answer.text, answer.source) == (LINE[end:-1], "typed-through")
    assert len(server.prompts) == sent


async def test_a_request_waits_until_what_was_written_is_remembered() -> None:
    worker = Worker(partial(ServedSource, ScriptedServer(TEXT), TokenBudget()))
    try:
        context = Context("a.py", language_of("a.py"), ABOVE, "\n")
        generation = Generation(context, lambda _: True, 1, lambda: None)
        pending = PendingGeneration(generation, Job(Lane.VISIBLE, lambda _: None), make_site(context), worker)
        waits = asyncio.ensure_future(pending.wait(""))
        pending.job.finish()  # the worker's thread is that far, the event loop not yet
        pending.changed.set()
        for _ in range(5):
            await asyncio.sleep(0)
        assert not waits.done()
        pending.done = True
        pending.changed.set()
        assert await waits
    finally:
        worker.close()


async def test_the_prompt_only_grows_while_the_user_types() -> None:
    server = ScriptedServer(TEXT)
    async with driving(server) as engine:
        for typed in ("tot", "value_9", "value_9 + ma"):
            server.text = ABOVE + typed + "\n"
            await ask(engine, typed)
    first = server.prompts[0].plan
    assert all((each.plan.head, each.plan.suffix) == (first.head, first.suffix) for each in server.prompts)


async def test_a_doubt_closes_the_answer() -> None:
    server = ScriptedServer(TEXT, chance=-3.0)
    async with driving(server) as engine:
        answer = await ask(engine, "total = ")
    assert (answer.shown, answer.reason) == (False, "low-confidence")
    assert server.stopped == 1


async def test_without_probabilities_one_line_is_shown_and_no_more() -> None:
    block = "def f(a):\n"
    server = ScriptedServer(ABOVE + block + "    a = 1\n    b = 2\n    return a\n", chance=None)
    async with driving(server) as engine:
        answer = await ask(engine, block + "    ")
        quiet = await ask(engine, block + "    ", manual=True)
    assert answer.text.count("\n") == 0
    assert answer.shown
    assert quiet.shown
    async with driving(ScriptedServer(TEXT, chance=None), mode="quiet") as engine:
        assert not (await ask(engine, "total = ")).shown


async def test_a_cancelled_request_closes_the_answer_soon() -> None:
    server = ScriptedServer(TEXT, pause=60.0)
    async with driving(server) as engine:
        task = asyncio.ensure_future(ask(engine, "tot"))
        await asyncio.sleep(0.1)
        task.cancel()
        async with asyncio.timeout(30):
            while not engine._worker.idle():
                await asyncio.sleep(0.01)
        server.pause = 0.0
        assert (await ask(engine, "total = ")).text == "combine(name_1, name_2)"


async def test_an_accepted_text_is_continued() -> None:
    server = ScriptedServer(TEXT)
    async with driving(server) as engine:
        answer = await ask(engine, "total = ")
        engine.record_accepted(answer.id)
        while not engine._worker.idle():
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        following = await ask(engine, LINE)
    assert (following.source, following.text) == ("typed-through", NEXT.strip())


@pytest.mark.parametrize(("away", "reason"), [(True, "server-away"), (False, "not-for-server")])
async def test_a_server_that_gives_nothing_is_a_reason(away: bool, reason: str) -> None:
    async with driving(ScriptedServer(TEXT, fails=ServedError("no", away=away))) as engine:
        assert (await ask(engine, "tot")).reason == reason
        assert str(engine.last_error) == "no"


async def test_nothing_is_read_ahead_of_a_request() -> None:
    server = ScriptedServer(TEXT)
    async with driving(server) as engine:
        engine.prewarm(Context("a.py", language_of("a.py"), ABOVE, "\n"))
        await asyncio.sleep(0.05)
    assert server.prompts == []
