"""The product's engine over a server on loopback, with its gate, log and ledger in a folder of its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from assist_completion.engine.server_first import ServerFirst
from assist_escalation.policy.endpoints import ModelServer
from assist_server.config.config import Config, load_lenient
from assist_server.team.team_server_opening import open_team_engine
from assist_server.workspace.folders import WorkspaceFolder, make_folders
from bench.typing.assist_policy import EnginePolicy
from bench.typing.policy import DocumentView, Totals

PATIENCE_MS = 60_000  # a slow server is measured, not given up


def team_config(folder: Path, url: str, model: str) -> Config:
    """Settings that name the server, with data in `folder`."""
    server = ModelServer("llama.cpp", url, model, residency=("internal",), timeout_ms=PATIENCE_MS, fim="qwen")
    config = load_lenient()
    escalation = replace(config.escalation, servers={"team": server}, ghost_server="team")
    paths = replace(config.paths, data=folder)
    return replace(config, escalation=escalation, paths=paths, offline=False)


def served_engine(config: Config, root: Path, *, healed: bool | None = None) -> ServerFirst:
    """The engine with the server alone: no local model answers in its place.

    `healed`: whether the server begins with a half-typed word; None: as the product does.
    """
    named = ("team", config.escalation.servers["team"])
    found: tuple[WorkspaceFolder, ...] = make_folders([str(root)], config.paths.data)
    return open_team_engine(lambda: config, named, lambda: found, None, heals=healed)


class ServedPolicy(EnginePolicy):
    """One developer of a team: the engine over the server, without the protocol of an editor.

    `costs` has (prompt tokens not cached, prompt tokens, generated tokens) of each request that was sent.
    """

    name = "assist over the server"

    def __init__(self, make: Callable[[], ServerFirst], root: str) -> None:
        super().__init__(make, root)
        self.costs: list[tuple[int, int, int]] = []

    def on_move(self, view: DocumentView) -> None:
        """A shared server reads nothing ahead."""

    async def totals(self) -> Totals:
        asked = [each.tokens for each in self._engine.recent if each.source == "model" and each.tokens.prompt]
        self.costs = [(each.evaluated, each.prompt, each.generated) for each in asked]
        return await super().totals()
