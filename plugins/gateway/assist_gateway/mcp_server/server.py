"""The protocol: an agent on stdin and stdout, its calls, progress and the folders that it works in.

The one door to the library `mcp`. While it serves, nothing but the protocol reaches stdout: the library
turns what else is printed to stderr. It ends with its stdin, and all that it started ends with it.
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from functools import partial
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import mcp_types as protocol
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel.server import Server
from mcp.server.stdio import stdio_server
from mcp.shared._stream_protocols import ReadStream, WriteStream
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage

from assist_gateway.mcp_server.tools import INSTRUCTIONS, TOOLS, ToolCall, tool_call
from assist_gateway.sentences import inert_line
from assist_server.config.config import Config
from assist_server.errors import EXPECTED, UserError, is_unread
from assist_server.local_model.on_demand_model import OnDemandModel
from assist_server.workspace.index_update import open_folder

if TYPE_CHECKING:
    from assist_gateway.mcp_server.served_folder import FolderView, ServedFolder

TellProgress = Callable[[int, int | None, str], None]
NO_MESSAGE = "This line is not a message of the protocol: send one JSON-RPC object a line."
PATIENCE = 2.0  # seconds for a client to name its folders
_READ_ONLY = protocol.ToolAnnotations(read_only_hint=True, open_world_hint=False)


class AgentServer:
    """Answers one agent. `allowed` is the folder that it may work in; the client may name one inside it."""

    def __init__(self, config: Config, allowed: Path, provider: str = "") -> None:
        self._config = config
        self._allowed = Path(os.path.realpath(allowed))
        self._provider = provider
        self._folders: dict[Path, ServedFolder] = {}
        self._root: Path | None = None  # once the client was asked
        self._model = OnDemandModel(config, partial(_model_file, config))
        self._asking = asyncio.Lock()  # one question at a time: the model is on this machine

    def protocol_server(self) -> "Server[Any]":
        """The server for the library. Its tracing is off: it would tell others what is called."""
        server: Server[Any] = Server(
            "assist",
            version=version("assist-lsp"),
            instructions=INSTRUCTIONS,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
        )
        server.middleware.clear()
        server.add_notification_handler(
            "notifications/roots/list_changed", protocol.NotificationParams, self._forget_root
        )
        return server

    async def close(self) -> None:
        """End what was started."""
        self._model.close()
        for folder in self._folders.values():
            await folder.close()

    async def _list_tools(
        self, _context: ServerRequestContext[Any, Any], _params: object
    ) -> protocol.ListToolsResult:
        tools = [
            protocol.Tool(
                name=tool.name, description=tool.description, input_schema=tool.schema, annotations=_READ_ONLY
            )
            for tool in TOOLS
        ]
        return protocol.ListToolsResult(tools=tools)

    async def _call_tool(
        self, context: ServerRequestContext[Any, Any], params: protocol.CallToolRequestParams
    ) -> protocol.CallToolResult:
        try:
            call = tool_call(params.name, params.arguments or {})
            text = await self._answer(context, call)
        except EXPECTED as error:
            return _result(inert_line(str(error)), failed=True)
        return _result(text)

    async def _answer(self, context: ServerRequestContext[Any, Any], call: ToolCall) -> str:
        folder = self._folder_at(await self._root_of(context))
        async with _progress_of(context) as tell:
            missing = ""
            if call.tool.name != "policy":  # which asks no index
                missing = await folder.bring_up_to_date(lambda done, total: tell(done, total, "indexing"))
            if call.tool.name != "ask_local":
                text = await folder.look_up(lambda view: _look_up(view, call))
            else:
                from assist_gateway.mcp_server.local_answers import ask_local  # noqa: PLC0415  (loads much)

                words = str(call.said["question"])
                steps = count(1)
                async with self._asking:
                    text = await ask_local(
                        folder,
                        words,
                        call.ceiling,
                        self._model.load,
                        lambda said: tell(next(steps), None, said),
                    )
        return "\n".join(filter(None, [text, missing]))

    def _folder_at(self, root: Path) -> "ServedFolder":
        if root not in self._folders:
            from assist_gateway.mcp_server.served_folder import ServedFolder  # noqa: PLC0415  (loads much)

            folder = open_folder(self._config, root)
            self._folders[root] = ServedFolder(self._config, folder, self._provider, str(self._allowed))
        return self._folders[root]

    async def _forget_root(self, _context: ServerRequestContext[Any, Any], _params: object) -> None:
        self._root = None

    async def _root_of(self, context: ServerRequestContext[Any, Any]) -> Path:
        """The folder to work in: the first that the client names inside the allowed one, or that one itself.

        Raises `UserError` if the client names only others.
        """
        if self._root is None:
            named = await _client_folders(context)
            inside = [folder for folder in named if folder.is_relative_to(self._allowed)]
            around = [folder for folder in named if self._allowed.is_relative_to(folder)]
            if named and not (inside or around):
                raise UserError(
                    f"{named[0]} is not inside {self._allowed}, the folder that this agent may read: start "
                    "`assist mcp` there, or with --workspace."
                )
            self._root = inside[0] if inside else self._allowed
        return self._root


def _look_up(view: "FolderView", call: ToolCall) -> str:
    from assist_gateway.mcp_server.answers import answer  # noqa: PLC0415  (loads much)

    return answer(view, call)


def _model_file(config: Config) -> Path | None:
    from assist_server.questions.composition import model_file  # noqa: PLC0415  (loads much)

    return model_file(config)


def _result(text: str, *, failed: bool = False) -> protocol.CallToolResult:
    return protocol.CallToolResult(content=[protocol.TextContent(text=text)], is_error=failed)


async def _client_folders(context: ServerRequestContext[Any, Any]) -> list[Path]:
    """The folders that a client works in, resolved; none if it does not say so."""
    can = context.session.client_capabilities
    if can is None or can.roots is None or not context.session.can_send_request:
        return []
    try:
        async with asyncio.timeout(PATIENCE):
            found = await context.session.send_request(protocol.ListRootsRequest(), protocol.ListRootsResult)
    except (MCPError, TimeoutError, ValueError):
        return []
    return [folder for root in found.roots if (folder := _folder_of(str(root.uri))) is not None]


def _folder_of(uri: str) -> Path | None:
    """The resolved folder that a URI names; None if it names none."""
    parts = urlsplit(uri)
    path = os.path.realpath(unquote(parts.path))
    return Path(path) if parts.scheme == "file" and os.path.isdir(path) else None


@asynccontextmanager
async def _progress_of(context: ServerRequestContext[Any, Any]) -> AsyncIterator[TellProgress]:
    """A function that tells the client how far a call is; a client that did not ask hears nothing."""
    steps: asyncio.Queue[tuple[int, int | None, str]] = asyncio.Queue()

    async def tell() -> None:
        while True:
            await context.session.report_progress(*await steps.get())

    telling = asyncio.create_task(tell())
    try:
        yield lambda done, total, words: steps.put_nowait((done, total, inert_line(words)))
    finally:
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling


class _AnsweredStream:
    """What an agent sends; a line that is no message is answered here, since the library drops it."""

    def __init__(
        self, source: ReadStream[SessionMessage | Exception], sink: WriteStream[SessionMessage]
    ) -> None:
        self._source = source
        self._sink = sink

    @property
    def last_context(self) -> Context | None:
        """That of the sender, which the library looks for."""
        return getattr(self._source, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """The next message."""
        return await self._next(self._source.receive)

    async def __anext__(self) -> SessionMessage | Exception:
        return await self._next(self._source.__anext__)

    async def _next(
        self, receive: Callable[[], Awaitable[SessionMessage | Exception]]
    ) -> SessionMessage | Exception:
        while isinstance(item := await receive(), Exception):
            refused = protocol.ErrorData(code=protocol.PARSE_ERROR, message=NO_MESSAGE)
            await self._sink.send(
                SessionMessage(protocol.JSONRPCError(jsonrpc="2.0", id=None, error=refused))
            )
        return item

    async def aclose(self) -> None:
        """Close what it reads from."""
        await self._source.aclose()

    def __aiter__(self) -> "_AnsweredStream":
        return self

    async def __aenter__(self) -> "_AnsweredStream":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


async def _serve(config: Config, allowed: Path, provider: str) -> None:
    agents = AgentServer(config, allowed, provider)
    server = agents.protocol_server()
    try:
        async with stdio_server() as (source, sink):
            answered = _AnsweredStream(source, sink)
            await server.run(answered, sink, server.create_initialization_options())
    except* OSError as group:  # the agent is gone, with an answer on its way
        if group.split(is_unread)[1] is not None:
            raise
    finally:
        await agents.close()


def serve(config: Config, allowed: Path, provider: str = "") -> None:
    """Serve one agent until its end of stdin closes. Raises what `ShownFiles` raises for a wrong provider."""
    logging.getLogger("mcp").setLevel(logging.CRITICAL + 1)  # it logs messages, which hold source text
    asyncio.run(_serve(config, allowed, provider))
