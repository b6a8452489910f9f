"""A team's server that dies, hangs, lies or changes: the local model writes, and each change is told once."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from fake_llama import SMALL_BUDGET, fake_model
from hostile import DONE, HANG, RESET, Hostile, event, head, refusal, self_signed
from team_servers import pieces

from assist_completion.engine.engine import Engine
from assist_completion.engine.server_first import ServerFirst, Tier
from assist_completion.inference.worker import Worker
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context
from assist_context.languages import language_of
from assist_server.config.config import load
from assist_server.editor.team_server_opening import TeamView, named_server, open_team_engine
from assist_server.workspace.folders import folders_of

ABOVE = "".join(f"name_{n} = make_{n}(value_{n})\n" for n in range(20))
HERE = ABOVE + "total = from_this_machine(name_1)\n"
THERE = pieces("from", "_the", "_server", "()")
TRUNCATED = THERE[:3]
GARBAGE = [head(), b"data: {nonsense\n\n"]
QUICK = 0.3  # seconds until the local model's text, from a failure on


class Team:
    def __init__(self, engine: ServerFirst, file: Path, tiers: list[Tier], told: list[str]) -> None:
        self.engine, self.tiers, self.told = engine, tiers, told
        self._file = str(file)

    async def ask(self, typed: str = "total = ") -> Suggestion:
        context = Context("shop.py", language_of("shop.py"), ABOVE + typed, "\n", named=self._file)
        return await self.engine.complete(CompletionRequest(context, immediate=True))


@asynccontextmanager
async def team_of(folder: Path, url: str, timeout_ms: int = 400, more: str = "") -> AsyncIterator[Team]:
    root = folder / "space"
    root.mkdir(exist_ok=True)
    (root / "shop.py").write_text("")
    text = "[completion]\nserver = 'team'\nmode = 'eager'\ndebounce_ms_max = 0\n"
    text += (
        f"[servers.team]\nkind = 'llama.cpp'\nbase_url = '{url}'\nmodel = 'qwen'\nresidency = ['internal']\n"
    )
    config = load(write(folder, f"{text}timeout_ms = {timeout_ms}\n{more}"))
    here = Worker(partial(fake_model, HERE))
    here.opened.result(2)
    local = Engine(here, CompletionSettings(mode="eager"), SMALL_BUDGET, "local")
    named = named_server(config)
    assert named
    tiers: list[Tier] = []
    told: list[str] = []
    folders = folders_of([str(root)], config.paths.data)
    engine = open_team_engine(
        lambda: config, named, lambda: folders, local, TeamView(tiers.append, told.append)
    )
    try:
        yield Team(engine, root / "shop.py", tiers, told)
    finally:
        engine.close()


@pytest.mark.parametrize(
    "act",
    [
        pytest.param([RESET], id="dies"),
        pytest.param([head(), HANG], id="hangs"),
        pytest.param(refusal(500), id="500"),
        pytest.param(refusal(503), id="503"),
        pytest.param(TRUNCATED, id="truncates"),
        pytest.param(GARBAGE, id="garbage"),
        pytest.param([head(), event({"error": {"code": "boom"}})], id="error"),
        pytest.param([head(301, location="http://127.0.0.1:1/")], id="redirects"),
        pytest.param([head(), b"x" * 3_000_000], id="floods"),
    ],
)
async def test_the_local_model_writes_and_it_is_told_once(tmp_path: Path, act: Any) -> None:
    async with Hostile(act) as server, team_of(tmp_path, server.url) as team:
        await team.ask("")  # begins the session, which reads the files of secrets
        team.tiers.clear()
        for typed in ("total = ", "tota", "tot"):
            start = time.monotonic()
            answer = await team.ask(typed)
            took = time.monotonic() - start
            assert (answer.model, answer.shown) == ("local", True)
            assert took < 0.4 + QUICK
        asked = len(server.requests)
    assert asked <= 3 + 1  # the breaker lets no more through
    assert len(team.tiers) <= 1


async def test_a_server_that_comes_back_with_another_certificate_gets_nothing(tmp_path: Path) -> None:
    own, context = self_signed(tmp_path / "own", "IP:127.0.0.1")
    _, other = self_signed(tmp_path / "other", "IP:127.0.0.1")
    more = f"ca_file = '{own}'\n"
    async with Hostile(THERE, context=context) as server, team_of(tmp_path, server.url, 2000, more) as team:
        assert (await team.ask()).model == "qwen"
    async with Hostile(THERE, context=other) as server, team_of(tmp_path, server.url, 2000, more) as team:
        assert (await team.ask()).model == "local"
        assert server.requests == []
        assert ["certificate" in each.why for each in team.tiers] == [True]


def _log(folder: Path) -> str:
    return next(folder.rglob("audit.jsonl")).read_text()


async def test_another_model_is_told_once_and_written_down(tmp_path: Path) -> None:
    def named(model: str) -> list[Any]:
        chunk = event({"content": "a()", "stop": False, "model": model})
        return [head(), chunk, event({"content": "", "stop": True, "stop_type": "eos", "model": model}), DONE]

    async with (
        Hostile(named("one"), named("two"), named("two")) as server,
        team_of(tmp_path, server.url, 2000) as team,
    ):
        for typed in ("total = ", "x = ", "y = "):
            await team.ask(typed)
            await asyncio.sleep(0.05)
    assert team.told == ["team answers as two; until now it was one."]
    assert (await asyncio.to_thread(_log, tmp_path)).count('"model_changed"') == 1
