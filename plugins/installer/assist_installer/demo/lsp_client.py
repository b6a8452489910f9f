"""A real `assist lsp` process and the editor's side of it: open a file, wait, type, request.

It plays any scene and prints nothing.
"""

import asyncio
import logging
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

from assist_server.errors import UserError

START = 300.0  # seconds; includes measuring a large model from a cold disk
ANSWER = 60.0  # seconds for one answer; a server that needs longer hangs
STOP = 10.0  # seconds to shut down
LANGUAGES = {".py": "python", ".ts": "typescript", ".go": "go"}


@dataclass(frozen=True, slots=True)
class DemoScene:
    """A gap in a file: the unique text before it, and what was removed.

    `rest` is the time in seconds before the request; then `keys` characters of the answer are typed.
    """

    title: str
    file: str
    before: str
    removed: str
    rest: float
    keys: int = 0


@dataclass(frozen=True, slots=True)
class Shot:
    """One request and its answer; lines and columns count from 0.

    `typed` is what was typed of an earlier answer, `replace` the number of characters after the cursor that
    `text` replaces, and `counts` what the server counted for this request alone.
    """

    scene: DemoScene
    lines: tuple[str, ...]
    line: int
    column: int
    typed: str = ""
    text: str = ""
    replace: int = 0
    ms: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)


class DemoEditor:
    """Owns the file that is open in the server, and the last counts."""

    def __init__(self, client: LanguageClient) -> None:
        self._client = client
        self._counts: dict[str, int] = {}
        self._version = 0
        self._uri = ""

    async def until_ready(self) -> None:
        """Wait until the model can answer; `UserError` with the server's reason if it never will."""
        while (status := await self._status())["state"] != "ready":
            if status["state"] in ("missing", "failed", "off"):
                raise UserError(f"{status['message']} `assist doctor` says more.")
            await asyncio.sleep(0.05)
        self._counts = status["counts"]

    async def show(self, scene: DemoScene, workspace: Path) -> Shot:
        """Open the file with its gap, wait, and request a suggestion."""
        path = workspace / scene.file
        head, gap, tail = path.read_text(encoding="utf-8").partition(scene.before + scene.removed)
        if not gap:
            raise UserError(f"{path} was changed: install assist again.")
        before = (head + scene.before).split("\n")
        text = head + scene.before + tail
        shot = Shot(scene, tuple(text.split("\n")), len(before) - 1, len(before[-1]))
        self._open(path, text)
        if scene.rest:  # the cursor rests; our editor plugins report that to the server
            position = {"line": shot.line, "character": shot.column}
            moved = {"textDocument": {"uri": self._uri}, "position": position}
            self._client.protocol.notify("assist/didMoveCursor", moved)
            await asyncio.sleep(scene.rest)
        return await self._ask(shot)

    async def type_on(self, shot: Shot, character: str) -> Shot:
        """Type one character at the cursor of `shot`, then request again, as an editor does at every key."""
        at = types.Position(shot.line, shot.column)
        self._version += 1
        self._client.text_document_did_change(
            types.DidChangeTextDocumentParams(
                types.VersionedTextDocumentIdentifier(self._version, self._uri),
                [types.TextDocumentContentChangePartial(types.Range(at, at), character)],
            )
        )
        row = shot.lines[shot.line]
        row = row[: shot.column] + character + row[shot.column :]
        lines = (*shot.lines[: shot.line], row, *shot.lines[shot.line + 1 :])
        return await self._ask(
            Shot(shot.scene, lines, shot.line, shot.column + 1, typed=shot.typed + character)
        )

    def _open(self, path: Path, text: str) -> None:
        if self._uri:
            old = types.TextDocumentIdentifier(self._uri)
            self._client.text_document_did_close(types.DidCloseTextDocumentParams(old))
        self._uri = path.as_uri()
        self._version = 1
        item = types.TextDocumentItem(self._uri, LANGUAGES[path.suffix], self._version, text)
        self._client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    async def _ask(self, shot: Shot) -> Shot:
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(types.InlineCompletionTriggerKind.Automatic),
            types.TextDocumentIdentifier(self._uri),
            types.Position(shot.line, shot.column),
        )
        start = time.perf_counter()
        async with asyncio.timeout(ANSWER):
            answer = await self._client.text_document_inline_completion_async(params)
        ms = 1e3 * (time.perf_counter() - start)
        current = (await self._status())["counts"]
        counts = {key: number - self._counts.get(key, 0) for key, number in current.items()}
        self._counts = current
        items = answer.items if isinstance(answer, types.InlineCompletionList) else answer or []
        item = items[0] if items else types.InlineCompletionItem("")
        return replace(
            shot,
            text=str(item.insert_text),
            replace=item.range.end.character - shot.column if item.range else 0,
            ms=ms,
            counts={key: number for key, number in counts.items() if number},
        )

    async def _status(self) -> dict[str, Any]:
        params = types.ExecuteCommandParams("assist.status")
        async with asyncio.timeout(ANSWER):
            status: Any = await self._client.workspace_execute_command_async(params)
        return dict(status)


@asynccontextmanager
async def start_editor(options: dict[str, Any], *, offline: bool) -> AsyncIterator[DemoEditor]:
    """A server of its own with its model ready; it is shut down at the end.

    `options` override config.toml. Raises `UserError` if the server stops or answers too late.
    """
    # pygls logs answers to cancelled requests with a traceback; what matters here is raised.
    logging.getLogger("pygls").setLevel(logging.CRITICAL + 1)
    client = LanguageClient("assist-demo", "1")
    client.feature("assist/status")(_ignore)  # `_status` requests it instead
    # -P: Python must not import modules from the directory where the demo is started.
    command = ["-P", "-m", "assist_server", "lsp", *(["--offline"] if offline else [])]
    await client.start_io(sys.executable, *command)
    inline = types.TextDocumentClientCapabilities(
        inline_completion=types.InlineCompletionClientCapabilities()
    )
    capabilities = types.ClientCapabilities(text_document=inline)
    editor = DemoEditor(client)
    try:
        async with asyncio.timeout(START):
            await client.initialize_async(
                types.InitializeParams(capabilities, initialization_options=options)
            )
            client.initialized(types.InitializedParams())
            await editor.until_ready()
        yield editor
    except TimeoutError as error:
        raise UserError("`assist lsp` gave no answer in time. `assist doctor` says more.") from error
    except (RuntimeError, JsonRpcException) as error:  # pygls raises RuntimeError if the process has ended
        raise UserError(f"`assist lsp` failed: {error}. `assist doctor` says more.") from error
    finally:
        with suppress(TimeoutError, RuntimeError, JsonRpcException):
            async with asyncio.timeout(STOP):
                if not client.stopped:
                    await client.shutdown_async(None)
                    client.exit(None)
                await client.stop()  # type: ignore[no-untyped-call]


def _ignore(_: Any) -> None:
    """Ignore a notification."""
