"""A speed that was measured on a busy machine is measured again in a quiet minute, and in no other one."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace

from assist_completion.engine.idle_probe import IdleProbe
from assist_completion.inference.llama import Aborted
from assist_completion.inference.worker import Job, Lane, Worker

MINUTE = 0.05


def probe_of(
    measure: Callable[[SimpleNamespace], bool], *, busy: list[bool], made: list[int]
) -> tuple["IdleProbe", "Worker"]:
    worker = Worker(lambda abort: SimpleNamespace(abort=abort, close=lambda: made.append(-1)))

    def counted(model: SimpleNamespace) -> bool:
        made.append(len(made))
        return measure(model)

    return IdleProbe(worker, counted, lambda: busy[0], MINUTE), worker


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)


async def test_it_measures_once_where_that_was_enough_and_again_where_not() -> None:
    made: list[int] = []
    probe, worker = probe_of(lambda _: len(made) == 2, busy=[False], made=made)
    probe.start()
    await until(lambda: len(made) == 2)
    await asyncio.sleep(4 * MINUTE)
    assert made == [0, 1]
    probe.close()
    worker.close()


async def test_it_waits_for_a_minute_without_keys_on_a_machine_that_is_not_busy() -> None:
    made: list[int] = []
    busy = [True]
    probe, worker = probe_of(lambda _: True, busy=busy, made=made)
    probe.start()
    for _ in range(10):
        probe.touch()
        await asyncio.sleep(MINUTE / 3)
    busy[0] = False
    probe.touch()
    assert made == []
    await until(lambda: made == [0])
    probe.close()
    worker.close()


async def test_a_key_or_another_job_stops_it_at_once_and_it_comes_again() -> None:
    made: list[int] = []
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()

    def measure(model: SimpleNamespace) -> bool:
        loop.call_soon_threadsafe(begun.set)
        while not model.abort.is_set() and len(made) < 3:
            pass
        if model.abort.is_set():
            raise Aborted
        return True

    probe, worker = probe_of(measure, busy=[False], made=made)
    probe.start()
    await asyncio.wait_for(begun.wait(), 30)
    begun.clear()
    probe.touch()
    await asyncio.wait_for(begun.wait(), 30)
    job = Job(Lane.WARM, lambda _: None)
    worker.submit(job)
    await asyncio.wait_for(asyncio.wrap_future(job.done), 30)
    await until(lambda: len(made) == 3)
    await asyncio.sleep(3 * MINUTE)
    assert len(made) == 3
    probe.close()
    worker.close()


async def test_closed_it_measures_no_more() -> None:
    made: list[int] = []
    probe, worker = probe_of(lambda _: True, busy=[False], made=made)
    probe.start()
    probe.close()
    await asyncio.sleep(3 * MINUTE)
    assert made == []
    worker.close()
