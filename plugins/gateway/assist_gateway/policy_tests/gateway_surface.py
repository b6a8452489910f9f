"""The gateway as a way out: an agent that has read a file, and sends what it read in each place of a request.

The gateway runs as `assist gateway` runs it, on a port of this machine. Each place has a tool of its own, so
that a secret which was found in one does not help in another. Only this module of the wing starts a server
that others could ask, and it ends with the probe.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from assist_completion.errors import ModelError
from assist_escalation.policy.endpoints import Dialect
from assist_gateway.policy_tests.agent_requests import COMPLETIONS, COUNT, PATHS, PLACES, agent_body
from assist_gateway.tool_tokens import ToolToken, add_tool
from assist_server.config.config import Config

NOT_INSTALLED = 'The gateway was not tried: its extra "gateway" is not installed here.'
SURFACE = "gateway"
_READ = next(iter(PLACES))
_WHOLE = f"{_READ}, answered whole"
_COUNTED = f"{_READ}, only counted"
_UNSURE = "asked by a tool whose token allows no text of unknown origin"
_STRANGER = "asked without a token"
_PAGE = "asked by another name of this machine"


@dataclass(frozen=True, slots=True)
class AgentRequest:
    """What an agent sends to the gateway: where its file's text is, and the path that it asks.

    `forbidden` says why nothing of it may leave, or is "".
    """

    place: str
    path: str
    stream: bool = True
    forbidden: str = ""


class ProbedGateway:
    """A gateway that runs on this machine. `tokens` are those of the tools, by the places that they use."""

    def __init__(self, host: str, port: int, tokens: Mapping[str, str]) -> None:
        self._host, self._port, self._tokens = host, port, tokens

    async def send(self, asked: AgentRequest, body: Mapping[str, Any]) -> str:
        """Ask as the tool of a place, and read the answer; the cause why there is none, or ""."""
        raw = json.dumps(body).encode()
        host = "gateway.example" if asked.place == _PAGE else self._host
        token = self._tokens.get(asked.place, "")
        head = (
            f"POST {asked.path} HTTP/1.1\r\nHost: {host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {token}\r\nContent-Length: {len(raw)}\r\nConnection: close\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(head.encode() + raw)
            status, _, rest = (await reader.read()).partition(b"\r\n")
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        return "" if status.startswith(b"HTTP/1.1 200") else _message(rest.partition(b"\r\n\r\n")[2])


def _message(body: bytes) -> str:
    """The words of a refusal."""
    try:
        return str(json.loads(body)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return "the gateway failed"


@asynccontextmanager
async def probed_gateway(config: Config, root: str) -> AsyncIterator[ProbedGateway | None]:
    """A gateway for a folder, until the block ends; None where its web server is not installed."""
    try:
        from assist_gateway.http.listening import GatewayAddress, bind  # noqa: PLC0415
        from assist_gateway.running import run_gateway  # noqa: PLC0415
    except ModuleNotFoundError:
        yield None
        return
    tokens = {
        place: add_tool(
            config.paths.data, ToolToken(f"probe-{number}", (Path(root),), unattributed=place != _UNSURE)
        )
        for number, place in enumerate((*PLACES, *COMPLETIONS, _WHOLE, _COUNTED, _UNSURE, _PAGE))
    }
    bound = bind(GatewayAddress())
    started = asyncio.Event()

    async def until() -> None:
        started.set()
        await asyncio.get_running_loop().create_future()

    running = asyncio.ensure_future(run_gateway(config, bound, _no_models, until))
    try:
        await started.wait()
        yield ProbedGateway(bound[1].host, bound[1].port, tokens)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _no_models() -> NoReturn:
    raise ModelError("A probe asks no local model.")


def requests_about(dialect: Dialect, *, first: bool) -> Iterator[AgentRequest]:
    """What is sent about a file: in all places, and about the first of its kind in all other ways too."""
    path = PATHS[dialect]
    yield from (AgentRequest(place, path) for place in PLACES)
    if not first:
        return
    yield AgentRequest(_WHOLE, path, stream=False)
    if dialect == "messages":
        yield AgentRequest(_COUNTED, COUNT, stream=False)
    yield AgentRequest(_UNSURE, path, forbidden="the token of the tool does not allow it")
    yield AgentRequest(_STRANGER, path, forbidden="the tool has no token")
    yield AgentRequest(_PAGE, path, forbidden="the request names another host")


def sending(
    gateway: ProbedGateway, asked: AgentRequest, to: tuple[Dialect, str], file: Path, name: str
) -> Callable[[], Awaitable[str]]:
    """What sends the text of a file in the place that a request names, to a provider of a dialect.

    `name` is the file's path as an agent writes it.
    """

    async def send() -> str:
        dialect, provider = to
        text = await asyncio.to_thread(file.read_text, "utf-8")
        texts = PLACES.get(asked.place, PLACES[_READ])(text, name)
        return await gateway.send(asked, agent_body(dialect, provider, texts, stream=asked.stream))

    return send


def completing(gateway: ProbedGateway, place: str, file: Path) -> Callable[[], Awaitable[str]]:
    """What asks for a completion as an editor does, with the text of a file in a place of the request."""

    async def send() -> str:
        path, body = COMPLETIONS[place](await asyncio.to_thread(file.read_text, "utf-8"))
        return await gateway.send(AgentRequest(place, path), body)

    return send
