"""`assist explain` in a terminal while an editor runs `assist lsp` with the same model: it is loaded once."""

import asyncio
import os
import signal
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import started
from talker import open_talker

pytestmark = [pytest.mark.model, pytest.mark.timeout(600)]

FIRST = 12  # bytes of an answer: enough to know that it has begun
PATIENCE = 280  # seconds, on a busy machine


def begin_and_stop(environ: Mapping[str, str], shop: Path) -> tuple[bytes, str]:
    """The first bytes of an answer in a terminal, which Ctrl-C then stops, and the modules it imported."""
    named = {**environ, "PYTHONPROFILEIMPORTTIME": "1"}  # stderr names every module
    process = started(shop, named, "explain", "shop/prices.py:1", "--local")
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


async def test_a_command_asks_the_model_of_the_editors_server_and_opens_none(
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
