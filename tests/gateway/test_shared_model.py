"""A terminal and a gateway while an editor runs `assist lsp` with the same models: they are loaded once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import openai
import pytest
from command_runs import started
from gateway_desk import without_road
from talker import open_talker

from assist_gateway.calls import PATHS, answer_call
from assist_gateway.http.app import GatewayApp
from assist_gateway.http.listening import GatewayAddress, bind, listening
from assist_gateway.local_models import LoadedModels, LocalModels
from assist_gateway.running import load_models
from assist_gateway.tool_tokens import KnownTools, ToolToken, add_tool, revoke_tool
from assist_server.config.config import load
from assist_server.questions.composition import completing_file, model_file
from bench.editors.lsp_client import Client

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

FIRST = 12  # bytes of an answer: enough to know that it has begun
PATIENCE = 280  # seconds, on a busy machine
TYPED = "area = "
BELOW = "\n" + "".join(f"row_{n} = read(table_{n}, {n})\n" for n in range(30))

Complete = Callable[[str], Awaitable[str]]


def begin_and_stop(environ: Mapping[str, str], shop: Path) -> tuple[bytes, str]:
    """The first bytes of an answer in a terminal, which Ctrl-C then stops, and the modules it imported."""
    named = {**environ, "PYTHONPROFILEIMPORTTIME": "1"}  # stderr names every module
    process = started(shop, named, "explain", "shop/prices.py:1", "--words", "--local")
    assert process.stdout is not None
    assert process.stderr is not None
    with process, ThreadPoolExecutor(1) as readers:  # more names than a pipe holds
        said = readers.submit(process.stderr.read)
        first = os.read(process.stdout.fileno(), FIRST)
        process.send_signal(signal.SIGINT)
        code = process.wait(PATIENCE)
        said.result()
    assert code == 130, said.result()
    return first, said.result().decode()


async def test_a_command_asks_the_model_of_the_editors_server_and_opens_its_own_only_if_that_ends(
    environ: Mapping[str, str], shop: Path
) -> None:
    async with open_talker(environ, shop) as client, asyncio.timeout(2 * PATIENCE):
        while client.state != "ready":
            await asyncio.sleep(0.1)
        first, imported = await asyncio.to_thread(begin_and_stop, environ, shop)
        assert first.strip()
        assert "local_model.sharing.borrowed_model" in imported
        assert "inference.libllama" not in imported
        # The answer ended with the command, so the model is free for the next one.
        again, imported = await asyncio.to_thread(begin_and_stop, environ, shop)
        assert (again, "inference.libllama" in imported) == (first, False)
        process = started(shop, environ, "explain", "shop/prices.py:1", "--words", "--local")
        assert process.stdout is not None
        begun = await asyncio.to_thread(os.read, process.stdout.fileno(), FIRST)
    rest, said = await asyncio.to_thread(process.communicate, timeout=PATIENCE)  # the editor has ended
    assert (process.returncode, begun) == (0, first), said
    assert rest.strip()


@asynccontextmanager
async def running_gateway(
    environ: Mapping[str, str], folder: Path
) -> AsyncIterator[tuple[Complete, list[str], LocalModels]]:
    """A gateway in this process: how a tool completes code by it, and the models that it has loaded."""
    config = load(environ)
    token = add_tool(config.paths.data, ToolToken("editor", (folder,)))
    bound, loaded = bind(GatewayAddress()), list[str]()

    def load_here() -> LoadedModels:
        loaded.append(config.completion.model)
        return load_models(config, lambda _: None)

    models = LocalModels(config, load_here, model_file(config), completing_file(config))
    app = GatewayApp(
        PATHS, bound[1].hosts, KnownTools(config.paths.data), partial(answer_call, without_road(models))
    )
    client = openai.AsyncOpenAI(base_url=f"{bound[1].url}/v1", api_key=token, max_retries=0, timeout=PATIENCE)

    async def complete(before: str) -> str:
        found = await client.completions.create(model="local", prompt=before, suffix="\n", max_tokens=20)
        return found.choices[0].text

    async with listening(app, bound[0]), client:
        yield complete, loaded, models
    await models.close()
    revoke_tool(config.paths.data, "editor")


async def read_for_letter(editor: Client, uri: str, letter: str) -> int:
    """How many tokens the editor's engine reads when this is typed at the end of the first line."""
    before = await editor.counts()
    at = (0, len(TYPED) + int(before.get("requests", 0)))
    editor.change(uri, 2 + at[1], letter, at, at)
    await editor.ask(uri, (0, at[1] + 1))
    return int((await editor.counts())["tokens-read"]) - int(before.get("tokens-read", 0))


async def test_a_gateway_completes_by_the_editors_engine_and_loads_its_own_only_without_one(
    environ: Mapping[str, str], shop: Path
) -> None:
    before = "def total(prices):\n    return sum(prices)\n\n\ndef mean(prices):\n    return total("
    async with running_gateway(environ, shop) as (complete, loaded, models), asyncio.timeout(4 * PATIENCE):
        async with open_talker(environ, shop) as editor:
            await editor.until("ready", seconds=PATIENCE)
            uri = (shop / "typed.py").as_uri()
            editor.show(uri, TYPED + BELOW)
            read = await read_for_letter(editor, uri, "w")
            for letter in "zq":
                assert "prices" in await complete(before)
                assert await read_for_letter(editor, uri, letter) < read / 4  # what was read is still there
            assert loaded == []
        assert "prices" in await complete(before)
        assert len(loaded) == 1
        async with open_talker(environ, shop) as editor:
            await editor.until("ready", seconds=PATIENCE)
            while models.is_loaded:  # an editor that has just started may be busy
                assert "prices" in await complete(before)
        assert "prices" in await complete(before)
        assert len(loaded) == 2
