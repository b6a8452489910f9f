"""What a team's server is and how it answers, asked on a user's request with a line of code of our own."""

import asyncio
from dataclasses import dataclass
from typing import Any

from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.provider.infill.probe import FoundServer, ServerProbe, identify, measure
from assist_server.config.config import Config
from assist_server.editor.team_server.opening import fim_table


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """A `[servers.NAME]` table as it would be written, and how the server answered."""

    name: str
    server: ModelServer
    probe: ServerProbe

    @property
    def settings(self) -> dict[tuple[str, ...], Any]:
        """The settings to write, by their keys."""
        server = self.server
        table: dict[str, Any] = {
            "kind": server.kind,
            "base_url": server.base_url,
            "model": server.model,
            **({"api_key_env": server.api_key_env} if server.api_key_env else {}),
            "residency": list(server.residency),
            "context_tokens": server.context_tokens,
        }
        written: dict[tuple[str, ...], Any] = {
            ("servers", self.name, key): value for key, value in table.items()
        }
        return {**written, ("completion", "server"): self.name}


def entry_for(config: Config, name: str, url: str, key_env: str = "", model: str = "") -> ServerEntry:
    """The entry for the server at an address, which is asked what it is. Blocks.

    Raises `EscalationError`.
    """
    key = config.secrets.get(key_env) if key_env else ""
    found = asyncio.run(identify(url, key))
    server = ModelServer(
        kind=found.kind,
        base_url=url,
        model=model or _model_of(found),
        api_key_env=key_env,
        residency=(config.escalation.default_class,),
        context_tokens=max(1024, min(found.context_tokens, 8192)) if found.context_tokens else 4096,
    )
    return ServerEntry(name, server, probe_server(config, server))


def probe_server(config: Config, server: ModelServer) -> ServerProbe:
    """How a server completes our own code, twice. Blocks. Raises `EscalationError` for unknown tokens."""
    key = config.secrets.get(server.api_key_env) if server.api_key_env else ""
    return asyncio.run(measure(server, key, fim_table(server)))


def _model_of(found: FoundServer) -> str:
    """The model that a server names, the first of several."""
    return found.models[0] if found.models else "default"
