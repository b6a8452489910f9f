"""An engine that writes with a team's server on loopback, and with a fake local model after it."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from config_files import write
from fake_llama import SMALL_BUDGET, fake_model

from assist_completion.engine.engine import Engine
from assist_completion.engine.server_first import ServerFirst, Tier
from assist_completion.inference.worker import Worker
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context
from assist_context.languages import language_of
from assist_server.config.config import load
from assist_server.config.permissions import named_server
from assist_server.team.team_server_opening import TeamView, open_team_engine
from assist_server.workspace.folders import make_folders

ABOVE = "".join(f"name_{n} = make_{n}(value_{n})\n" for n in range(20))
HERE = ABOVE + "total = from_this_machine(name_1)\n"


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
    others = set(threading.enumerate())
    here = Worker(partial(fake_model, HERE))
    here.opened.result(60)
    local = Engine(here, CompletionSettings(mode="eager"), SMALL_BUDGET, "local")
    named = named_server(config)
    assert named
    tiers: list[Tier] = []
    told: list[str] = []
    folders = make_folders([str(root)], config.paths.data)
    engine = open_team_engine(
        lambda: config, named, lambda: folders, local, TeamView(tiers.append, told.append)
    )
    try:
        yield Team(engine, root / "shop.py", tiers, told)
    finally:
        engine.close()
        for thread in set(threading.enumerate()) - others:
            if thread.name == "assist-model":  # `close` waits two seconds, and the folder is deleted next
                thread.join()
