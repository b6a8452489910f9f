"""A server and the local model: who answers when the server is slow, away, back, or may not see a file."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fake_llama import SMALL_BUDGET, fake_model
from served_texts import ScriptedServer

from assist_completion.engine import circuit_breaker
from assist_completion.engine.circuit_breaker import CircuitBreaker
from assist_completion.engine.engine import Engine
from assist_completion.engine.served_tokens import ServedSource
from assist_completion.engine.server_first import ServerFirst, Tier
from assist_completion.errors import ServedError
from assist_completion.inference.generation import TokenBudget
from assist_completion.inference.worker import Worker
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context
from assist_context.languages import language_of

ABOVE = "".join(f"name_{n} = make_{n}(value_{n})\n" for n in range(30))
THERE = ABOVE + "total = from_the_server(name_1)\n"
HERE = ABOVE + "total = from_this_machine(name_1)\n"
AWAY = ServedError("no connection", away=True)


class Both:
    """A server, a local model, the engine that has both, and the tiers that it showed."""

    def __init__(self, server: ScriptedServer, engine: ServerFirst, tiers: list[Tier]) -> None:
        self.server, self.engine, self.tiers = server, engine, tiers

    async def ask(self, typed: str = "total = ", path: str = "a.py") -> Suggestion:
        context = Context(path, language_of(path), ABOVE + typed, "\n")
        return await self.engine.complete(CompletionRequest(context, immediate=True))


@asynccontextmanager
async def serving(
    server: ScriptedServer, bound: float = 60.0, *, alone: bool = False, pause: float = 5.0
) -> AsyncIterator[Both]:
    settings = CompletionSettings(mode="eager")
    local = None
    if not alone:
        here = Worker(partial(fake_model, HERE))
        here.opened.result(60)
        local = Engine(here, settings, SMALL_BUDGET, "local")
    worker = Worker(partial(ServedSource, server, TokenBudget()))
    ids = local.ids if local else None
    tiers: list[Tier] = []
    served = Engine(worker, settings, TokenBudget(), "served", ids=ids)
    engine = ServerFirst(served, worker, local, bound, tiers.append, pause)
    try:
        yield Both(server, engine, tiers)
    finally:
        engine.close()


async def test_the_server_answers_while_it_can() -> None:
    async with serving(ScriptedServer(THERE)) as both:
        answer = await both.ask()
    assert (answer.text, answer.model) == ("from_the_server(name_1)", "served")
    assert both.tiers == []


async def test_a_server_that_is_away_is_left_alone_and_said_so() -> None:
    async with serving(ScriptedServer(THERE, fails=AWAY)) as both:
        answers = [await both.ask(typed) for typed in ("total = ", "tota", "to")]
    assert [each.model for each in answers] == ["local"] * 3
    assert answers[0].text == "from_this_machine(name_1)"
    assert len(both.server.prompts) == 1
    assert both.tiers == [Tier("local", "no connection")]


async def test_a_slow_answer_is_not_waited_for() -> None:
    async with serving(ScriptedServer(THERE, pause=5.0), bound=0.1) as both:
        answer = await both.ask()
    assert answer.model == "local"


async def test_it_is_tried_again_without_letting_a_request_wait() -> None:
    async with serving(ScriptedServer(THERE, fails=AWAY), pause=0.05) as both:
        await both.ask()
        await asyncio.sleep(0.1)
        both.server.fails = None
        assert (await both.ask("tot")).model == "local"  # and the server is asked for one token meanwhile
        while both.engine.tier.name == "local":
            await asyncio.sleep(0.01)
        assert (await both.ask("tota")).model == "served"
    assert [each.name for each in both.tiers] == ["local", "team"]
    assert both.server.prompts[1].most == 1


async def test_a_file_that_may_not_be_sent_is_completed_here() -> None:
    async with serving(ScriptedServer(THERE, refused=("a.py",))) as both:
        assert (await both.ask()).model == "local"
        assert (await both.ask("to", path="b.py")).model == "served"
    assert [each.name for each in both.tiers] == ["local", "team"]
    assert both.tiers[0].why == "this file stays here"


async def test_without_a_local_model_the_reason_is_told() -> None:
    async with serving(ScriptedServer(THERE, fails=AWAY), alone=True) as both:
        answer = await both.ask()
    assert (answer.shown, answer.reason) == (False, "server-away")


async def test_acceptance_and_counts_go_to_whoever_answered() -> None:
    async with serving(ScriptedServer(THERE)) as both:
        answer = await both.ask()
        both.engine.record_shown(answer.id)
        both.engine.record_accepted(answer.id)
        counts = both.engine.counts
    assert (counts["displayed"], counts["accepted"], counts["speculated"]) == (1, 1, 1)
    assert [each.id for each in both.engine.recent] == [answer.id]


def breaker(*events: Any) -> list[str]:
    """The states after each event: "ok", "late", "fail", or a number of seconds that pass."""
    now = [0.0]
    made = CircuitBreaker(lambda: now[0])
    states = []
    for each in events:
        if each == "fail":
            made.record_failure()
        elif each in ("ok", "late"):
            made.record_answer(late=each == "late")
        else:
            now[0] += each
            made.try_again()
        states.append(made.state)
    return states


def test_the_breaker() -> None:
    assert breaker("ok", "late", "late", "ok", "late")[-1] == "open"
    assert breaker("late", "late", *["ok"] * 10, "late")[-1] == "closed"
    assert breaker("fail", 4, 2, "ok") == ["open", "open", "trial", "closed"]
    assert breaker("fail", 6, "late", 6, 5)[1:] == ["trial", "open", "open", "trial"]
    assert breaker("fail", "late", "late")[-1] == "open"


def test_the_pause_between_trials_grows_to_a_limit() -> None:
    events: list[Any] = ["fail"]
    pause = circuit_breaker.SHORTEST
    while pause < circuit_breaker.LONGEST:
        events += [pause + 0.1, "fail"]
        pause *= 2
    assert set(breaker(*events)[1::2]) == {"trial"}
    assert breaker(*events, circuit_breaker.LONGEST + 1)[-1] == "trial"
