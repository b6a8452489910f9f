"""A gateway from its parts, while it runs: tools, models, the road to providers, and the door to HTTP.

This is the one place where the road is put in. It does not know who wants the gateway, or for how long.
"""

import asyncio
import ctypes
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial

from assist_gateway.calls import PATHS, CallAnswerers, answer_call
from assist_gateway.http.app import GatewayApp
from assist_gateway.http.listening import BoundSocket, listening, unlink
from assist_gateway.local_chat import chat
from assist_gateway.local_models import LoadedModels, LoadModels, LocalModels
from assist_gateway.proxy.proxy import ProviderProxy
from assist_gateway.proxy.proxy_inputs import ProxyInputs
from assist_gateway.proxy.team_completions import TeamCompletions
from assist_gateway.tool_tokens import KnownTools
from assist_server.config.config import Config
from assist_server.questions.composition import completing_file, model_file

_M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
_LARGE = 1 << 18  # bytes
_LOG = logging.getLogger(__name__)


def load_models(config: Config, say: Callable[[str], None]) -> LoadedModels:
    """The models that the settings name, loaded now. Blocks; raises `ModelError`."""
    from assist_server.local_model.opening import open_engine  # noqa: PLC0415  (llama.cpp, 0.4 s)

    opened = open_engine(config, say)
    return LoadedModels(opened.engine, opened.answers)


async def run_gateway(
    config: Config,
    bound: BoundSocket,
    load: LoadModels,
    until: Callable[[], Awaitable[object]],
) -> None:
    """Answer requests on a bound socket until `until()` ends, or this is cancelled. It owns the socket."""
    _give_memory_back()
    made, address = bound
    models = LocalModels(config, load, model_file(config), completing_file(config))
    async with AsyncExitStack() as stack:
        stack.callback(unlink, address)
        stack.push_async_callback(models.close)
        inputs = ProxyInputs(config)
        road = ProviderProxy(inputs.parts(), partial(chat, models=models))
        stack.push_async_callback(road.close)
        team = TeamCompletions(config, inputs.team_parts(), models)
        stack.callback(team.close)
        answer = partial(answer_call, CallAnswerers(models, road.forward, road.providers, team.of))
        app = GatewayApp(PATHS, address.hosts, KnownTools(config.paths.data), answer)
        await stack.enter_async_context(listening(app, made))
        await stack.enter_async_context(_working_ahead(inputs))
        await until()


def _give_memory_back() -> None:
    """Let large texts go back to the system when they are let go, where the C library is glibc.

    It otherwise raises the size from which it does so, up to 32 MB, once one was let go. After 12 requests of
    5 MB the process held 340 MB, of which 120 MB were free, and with this 200 after 6.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE)


@asynccontextmanager
async def _working_ahead(inputs: ProxyInputs) -> AsyncIterator[None]:
    """Open what tools will need, on a thread, until the block ends."""
    work = asyncio.create_task(asyncio.to_thread(inputs.open_ahead))
    try:
        yield
    finally:
        inputs.stop()
        await asyncio.wait([work])
        if not work.cancelled() and (error := work.exception()) is not None:
            _LOG.error("work ahead of requests failed: %s", type(error).__name__)
