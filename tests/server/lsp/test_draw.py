"""A server draws once whether its candidate writes ghost text, however often its models are opened."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from config_files import write
from small_gguf import gguf

from assist_server.config.config import load
from assist_server.lsp.server import make_server


async def test_the_draw_is_made_once_for_a_server(tmp_path: Path) -> None:
    (tmp_path / "mine.gguf").write_bytes(gguf(bytes(64)))
    config = load(write(tmp_path, "[completion]\nmodel = 'gone.gguf'\ncandidate = 'mine.gguf'\nshare = 0.5"))
    draws = iter([0.5, 0.0])
    server = make_server(config, draws.__next__)
    model = server.session.model

    async def until(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not is_so():
                await asyncio.sleep(0.01)

    for _ in range(2):
        model.start()
        await until(lambda: server.session.status.state == "missing")
    assert next(draws) == 0.0, "the second number was not asked for"
    server.session.close()
