"""A client for a real `assist lsp` process: pygls's own, plus calls that tests and benchmarks repeat."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.lsp.client import LanguageClient

SERVER = [sys.executable, "-m", "assist_server", "lsp"]


class Client(LanguageClient):
    """A client that remembers the server's statuses and messages. `server` is the command that starts it."""

    server: Sequence[str] = SERVER

    def __init__(self) -> None:
        super().__init__("assist-tests", "1")
        self.result: Any = None
        self.statuses: list[Any] = []
        self._status_arrived = asyncio.Event()
        self.messages: list[str] = []

        @self.feature("assist/status")
        def _(params: Any) -> None:
            self.statuses.append(params)
            self._status_arrived.set()

        @self.feature(types.WINDOW_SHOW_MESSAGE)
        def _(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

        @self.feature(types.WINDOW_LOG_MESSAGE)
        def _(params: types.LogMessageParams) -> None:
            self.messages.append(params.message)

    def capabilities(self) -> types.ClientCapabilities:
        """Return its capabilities other than completion and position encodings."""
        return types.ClientCapabilities()

    @property
    def state(self) -> str:
        return self.statuses[-1].state if self.statuses else ""

    async def until(self, *states: str, seconds: float = 120) -> None:
        """Wait for one of these states."""
        async with asyncio.timeout(seconds):
            while self.state not in states:
                self._status_arrived.clear()
                await self._status_arrived.wait()

    def show(self, uri: str, text: str, language: str = "python", version: int = 1) -> None:
        item = types.TextDocumentItem(uri, language, version, text)
        self.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, version: int, text: str, start: tuple[int, int], end: tuple[int, int]) -> None:
        change = types.TextDocumentContentChangePartial(
            types.Range(types.Position(*start), types.Position(*end)), text
        )
        document = types.VersionedTextDocumentIdentifier(version, uri)
        self.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def ask(
        self,
        uri: str,
        at: tuple[int, int],
        *,
        manual: bool = False,
        number: str | None = None,
        selected: tuple[str, int] | None = None,
    ) -> Any:
        """Send an inline completion request, and return the future of its result."""
        kinds = types.InlineCompletionTriggerKind
        chosen = None
        if selected is not None:
            span = types.Range(types.Position(at[0], selected[1]), types.Position(*at))
            chosen = types.SelectedCompletionInfo(span, selected[0])
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(kinds.Invoked if manual else kinds.Automatic, chosen),
            types.TextDocumentIdentifier(uri),
            types.Position(*at),
        )
        return self.protocol.send_request_async(types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=number)

    def raw(self, method: str, params: Any) -> Any:
        """Send a request unchanged, valid or not, and return the future of its result."""
        future: Future[Any] = Future()
        self.protocol._request_futures["raw"] = future
        body = json.dumps({"jsonrpc": "2.0", "id": "raw", "method": method, "params": params}).encode()
        self.protocol.writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        return asyncio.wrap_future(future)

    def cancel(self, number: str) -> None:
        self.protocol.notify(types.CANCEL_REQUEST, types.CancelParams(number))

    async def counts(self) -> dict[str, Any]:
        """Return the server's counts so far."""
        result = await self.workspace_execute_command_async(types.ExecuteCommandParams("assist.status"))
        return dict(result["counts"])

    async def documents(self) -> dict[str, Any]:
        """Return the server's state of each document: version, hash, and when the last edit was applied."""
        params = types.ExecuteCommandParams("assist.documents")
        return dict(await self.workspace_execute_command_async(params))

    @property
    def pid(self) -> int:
        assert self._server is not None
        return int(self._server.pid)


@asynccontextmanager
async def serving(
    environ: Mapping[str, str],
    *,
    options: Any = None,
    encodings: list[Any] | None = None,
    inline: bool = True,
    folders: Sequence[Path] = (),
    make: Callable[[], Client] = Client,
) -> AsyncIterator[Client]:
    """Run an initialised server with its client, and shut it down properly at the end."""
    client = make()
    await client.start_io(*client.server, env={**os.environ, **environ})
    capability = types.InlineCompletionClientCapabilities() if inline else None
    able = client.capabilities()
    able.text_document = types.TextDocumentClientCapabilities(inline_completion=capability)
    able.general = types.GeneralClientCapabilities(position_encodings=encodings)
    client.result = await client.initialize_async(
        types.InitializeParams(
            able,
            process_id=os.getpid(),
            initialization_options=options,
            workspace_folders=[types.WorkspaceFolder(each.as_uri(), each.name) for each in folders],
        )
    )
    client.initialized(types.InitializedParams())
    try:
        yield client
    except asyncio.CancelledError:  # the whole loop ends, and nothing reads what the server would answer
        if client._server is not None and client._server.returncode is None:
            client._server.kill()
            await client._server.wait()
        raise
    finally:
        if client._server is not None and client._server.returncode is None:
            await client.shutdown_async(None)
            client.exit(None)
        await client.stop()
