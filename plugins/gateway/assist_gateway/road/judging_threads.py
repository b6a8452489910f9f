"""Threads that judge requests: a few for each tool, so that no tool waits for what another one sends.

Most of the work holds Python's lock, so more threads of one tool would only take time from the others. Its
requests for one provider are judged one after the other anyway, since each learns from those before.
This module does not know what is judged.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import ParamSpec, TypeVar

THREADS_OF_TOOL = 2
_THREADS = 64  # as many requests as the gateway answers at once; they begin when they are needed

_P = ParamSpec("_P")
_R = TypeVar("_R")


class JudgingThreads:
    """The threads of one gateway. Use it on one event loop."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "judging")
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def run(self, tool: str, work: Callable[_P, _R], *given: _P.args, **named: _P.kwargs) -> _R:
        """What the work returns, when it is this tool's turn. A turn ends with the work, awaited or not."""
        turns = self._turns.setdefault(tool, asyncio.Semaphore(THREADS_OF_TOOL))
        await turns.acquire()
        running = asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *given, **named))
        running.add_done_callback(lambda _: turns.release())
        return await asyncio.shield(running)

    def close(self) -> None:
        """Begin no more work. What runs goes on to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)
