"""A server draws once whether its candidate writes ghost text, however often its models are opened."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from config_files import write
from small_gguf import gguf

from assist_completion.model_store.catalogue import find
from assist_server.config.config import load
from assist_server.editor.canary.draw import SessionDraw
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


def test_after_the_user_has_chosen_the_number_is_below_no_share() -> None:
    for drawn in (False, True):
        draw = SessionDraw(lambda: 0.0)
        if drawn:
            assert draw() == 0.0
        draw.forgo()
        assert draw() == 1.0


@pytest.mark.parametrize(("role", "draws"), [("ghost-text", 0), ("both", 0), ("answers", 1)])
async def test_a_model_that_the_user_chooses_is_not_drawn_against(
    tmp_path: Path, role: str, draws: int
) -> None:
    (tmp_path / "mine.gguf").write_bytes(gguf(bytes(64)))
    config = load(write(tmp_path, "[completion]\nmodel = 'gone.gguf'\ncandidate = 'mine.gguf'\nshare = 0"))
    name = "qwen2.5-coder-0.5b"
    models = config.paths.data / "models"
    models.mkdir(parents=True)
    (models / find(name).file).write_bytes(gguf(b"weights"))
    drawn: list[float] = []

    def draw() -> float:
        drawn.append(0.5)
        return 0.5

    server = make_server(config, draw)
    use = server.protocol.fm.commands["assist.useModel"]
    assert (await use({"name": name, "for": role}))["error"] is None
    server.session.model.start()
    async with asyncio.timeout(30):
        while server.session.status.state == "loading":
            await asyncio.sleep(0.01)
    assert len(drawn) == draws
    server.session.close()
