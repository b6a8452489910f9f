"""What a team's server is and how it answers, asked on a user's request with a line of code of our own."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_completion.model_store.catalogue import infilling_tokens
from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import ModelServer
from assist_escalation.provider.server_probe import ServerProbe, identify, measure
from assist_server.config.config import Config
from assist_server.config.toml_file import literal
from assist_server.team.team_server_opening import fim_table

NAME = "team"


@dataclass(frozen=True, slots=True)
class AskedServer:
    """A server as a user names it. Empty words are found out, if they can be."""

    url: str
    key_env: str = ""
    model: str = ""
    fim: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class ServerEntry:
    """A `[servers.NAME]` table as it would be written, and how the server answered."""

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
            **{name: value for name in ("api_key_env", "fim", "ca_file") if (value := getattr(server, name))},
            "residency": list(server.residency),
            "context_tokens": server.context_tokens,
        }
        written: dict[tuple[str, ...], Any] = {("servers", NAME, key): table[key] for key in table}
        return {**written, ("completion", "server"): NAME}

    @property
    def lines(self) -> list[str]:
        """The entry as the file will have it."""
        heads = ["[completion]", f"server = {literal(NAME)}", "", f"[servers.{NAME}]"]
        tables = self.settings.items()
        return heads + [f"{key[2]} = {literal(value)}" for key, value in tables if key[0] == "servers"]


def entry_for(config: Config, asked: AskedServer) -> ServerEntry:
    """The entry for the server at an address, which is asked what it is. Blocks.

    Raises `EscalationError`.
    """
    key = config.secrets.get(asked.key_env) if asked.key_env else ""
    ca_file = str(Path(asked.ca_file).expanduser().absolute()) if asked.ca_file else ""
    found = asyncio.run(identify(asked.url, key, ca_file))
    model = asked.model or next(iter(found.models), "")
    if not model:
        raise EscalationError(
            "it does not say which model it serves: name it, as in `assist setup MODEL ...`"
        )
    server = ModelServer(
        kind=found.kind,
        base_url=asked.url,
        model=model,
        api_key_env=asked.key_env,
        residency=(config.escalation.default_class,),
        fim=asked.fim,
        context_tokens=max(1024, min(found.context_tokens, 8192)) if found.context_tokens else 4096,
        ca_file=ca_file,
    )
    if infilling_tokens(server.fim or server.model) is None:
        raise EscalationError(
            f"the fill-in-the-middle tokens of {model} are not known: add --fim FAMILY, as in --fim qwen"
        )
    return ServerEntry(server, probe_server(config, server))


def probe_server(config: Config, server: ModelServer) -> ServerProbe:
    """How a server completes our own code, twice. Blocks. Raises `EscalationError` for unknown tokens."""
    key = config.secrets.get(server.api_key_env) if server.api_key_env else ""
    return asyncio.run(measure(server, key, fim_table(server)))
