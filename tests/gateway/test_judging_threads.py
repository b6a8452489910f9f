"""Whose requests are judged when many come at once."""

import asyncio
import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

from chat_replies import said
from roads import CHAT, desk, read

from assist_gateway.foreign_request import ForeignRequest
from assist_gateway.proxy.proxy import THREADS_OF_TOOL, JudgingThreads

MANY = 40  # more than the threads of any pool


def body(text: str) -> dict[str, Any]:
    return {"model": "acme", "messages": [{"role": "user", "content": text}]}


async def test_a_tool_is_answered_while_the_requests_of_another_are_judged(tmp_path: Path) -> None:
    may_end = threading.Event()

    def judge(text: str, claims: tuple[str, ...] | None) -> tuple[Any, ...]:
        if text.startswith("slow"):
            may_end.wait(60)
        return ()

    async with desk(tmp_path, said("Yes."), judge=judge) as made:
        slow = [asyncio.create_task(made.whole(body(f"slow {number}"))) for number in range(MANY)]
        try:
            await asyncio.sleep(0.05)
            other = replace(made.tool, name="other")
            async with asyncio.timeout(20):
                answer = await made.road.forward(ForeignRequest(CHAT, body("quick"), {}), other)
                assert json.loads(await read(answer))["choices"][0]["message"]["content"] == "Yes."
            assert not any(task.done() for task in slow)
        finally:
            may_end.set()
        assert len(await asyncio.gather(*slow)) == MANY


async def test_a_tool_has_no_more_threads_also_if_it_goes_away() -> None:
    threads = JudgingThreads()
    may_end = threading.Event()
    running: list[str] = []

    def work(tool: str) -> str:
        running.append(tool)
        may_end.wait(60)
        return tool

    async def impatient() -> None:
        async with asyncio.timeout(0.01):
            await threads.run("impatient", work, "impatient")

    await asyncio.gather(*(impatient() for _ in range(MANY)), return_exceptions=True)
    waiting = [asyncio.create_task(threads.run("patient", work, "patient")) for _ in range(3)]
    async with asyncio.timeout(20):
        while running.count("patient") < THREADS_OF_TOOL:
            await asyncio.sleep(0.01)
    assert running.count("impatient") == THREADS_OF_TOOL
    may_end.set()
    assert await asyncio.gather(*waiting, threads.run("impatient", work, "impatient")) == [
        *["patient"] * 3,
        "impatient",
    ]
    threads.close()
