"""A real gateway on a port of loopback, with models that answer from scripts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from fake_answering_model import FakeAnsweringLlama
from fake_llama import SMALL_BUDGET, fake_model

from assist_completion.engine.answer_stream import Answerer, AnsweringFacts
from assist_completion.engine.engine import Engine
from assist_completion.inference.answer_generation import AnsweringModel
from assist_completion.inference.llama import Abort
from assist_completion.inference.worker import Worker
from assist_completion.settings import CompletionSettings
from assist_gateway.calls import PATHS, CallAnswerers, Forward, answer_call
from assist_gateway.foreign_request import ForeignRequest, ForeignResponse, GatewayRefusal
from assist_gateway.http.app import GatewayApp
from assist_gateway.http.listening import GatewayAddress, bind, listening
from assist_gateway.local_models import LoadedModels, LocalModels
from assist_gateway.tool_tokens import KnownTools, ToolToken, add_tool
from assist_server.config.config import Config, load_lenient

ANY_PORT = GatewayAddress()


@dataclass(eq=False, slots=True)
class GatewayDesk:
    """A running gateway, and the models that it has loaded."""

    address: GatewayAddress
    config: Config
    token: str
    models: LocalModels
    llamas: list[FakeAnsweringLlama]
    loaded: list[LoadedModels] = field(default_factory=list)

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}


def config_of(folder: Path) -> Config:
    return load_lenient(
        {"ASSIST_CONFIG_DIR": str(folder / "config"), "ASSIST_DATA_DIR": str(folder / "data")}
    )


async def no_road(request: ForeignRequest, tool: ToolToken) -> ForeignResponse:
    """The road of a gateway that reaches no provider."""
    raise GatewayRefusal(404, "model_not_found", f"The gateway has nothing for {request.path}.")


def without_road(models: LocalModels, forward: Forward = no_road) -> CallAnswerers:
    """Those who answer where no provider and no team's server is reached."""
    return CallAnswerers(models, forward, lambda _: (), lambda _: models)


@asynccontextmanager
async def running_gateway(
    folder: Path,
    *,
    text: str = "",
    script: str = "It is 4.",
    forward: Forward = no_road,
    address: GatewayAddress = ANY_PORT,
    slow_s: float = 10.0,
) -> AsyncIterator[GatewayDesk]:
    """A gateway whose ghost text continues `text`, and whose answers are `script`.

    A head or a body may take `slow_s` seconds.
    """
    config = config_of(folder)
    token = add_tool(config.paths.data, ToolToken("tester", (folder,)))
    llamas: list[FakeAnsweringLlama] = []

    def load() -> LoadedModels:
        def open_model(abort: Abort) -> Any:
            def open_llama() -> Any:
                llamas.append(FakeAnsweringLlama(script, abort))
                return llamas[-1]

            model = fake_model(text, abort, budget=SMALL_BUDGET)
            return replace(model, answering_model=AnsweringModel(open_llama))

        worker = Worker(open_model)
        worker.opened.result(60)
        engine = Engine(worker, CompletionSettings(mode="eager", speculate=False), SMALL_BUDGET, "fake")
        desk.loaded.append(LoadedModels(engine, Answerer(worker, AnsweringFacts("fake", 2000))))
        return desk.loaded[-1]

    made, at = bind(address)
    models = LocalModels(config, load, None)
    desk = GatewayDesk(at, config, token, models, llamas)
    answer = partial(answer_call, without_road(models, forward))
    app = GatewayApp(PATHS, at.hosts, KnownTools(config.paths.data), answer, slow_s)
    async with listening(app, made, slow_s):
        try:
            yield desk
        finally:
            await models.close()


async def raw_exchange(
    desk: GatewayDesk, request: bytes, *, most: int = 1 << 20, piece: int = 1 << 30
) -> bytes:
    """What the gateway answers to these bytes, until it closes or the answer is whole; sent in pieces."""
    reader, writer = await asyncio.open_connection(desk.address.host, desk.address.port)
    for start in range(0, len(request), piece):
        writer.write(request[start : start + piece])
        await writer.drain()
        await asyncio.sleep(0)
    try:
        async with asyncio.timeout(60):
            head = await reader.readuntil(b"\r\n\r\n")
            size = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if size:
                return head + await reader.readexactly(int(size[0].split(b":")[1]))
            return head + await reader.read(most)
    except asyncio.IncompleteReadError as error:
        return error.partial
    finally:
        writer.close()
