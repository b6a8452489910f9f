"""Many requests for the same work in a moment are one, or two where the first need not wait."""

import asyncio

from assist_server.workspace.debounce import Burst


async def test_a_burst_is_answered_once_after_it() -> None:
    done: list[int] = []
    burst = Burst(lambda: done.append(1), 0.01)
    for _ in range(500):
        burst.request()
    assert not done
    await asyncio.sleep(0.05)
    assert len(done) == 1
    burst.request()
    burst.cancel()
    await asyncio.sleep(0.05)
    assert len(done) == 1


async def test_the_first_of_a_burst_need_not_wait() -> None:
    done: list[int] = []
    burst = Burst(lambda: done.append(1), 0.01, at_once=True)
    burst.request()
    assert len(done) == 1
    await asyncio.sleep(0.05)
    assert len(done) == 1  # nothing came after it
    for _ in range(500):
        burst.request()
    await asyncio.sleep(0.05)
    assert len(done) == 3
