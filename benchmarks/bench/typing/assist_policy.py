"""This project as a policy under test: the real language server, or its engine alone on a virtual clock."""

import asyncio
import itertools
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from lsprotocol import types

from assist_completion.suggestion import CompletionRequest, GhostTextEngine
from assist_context.documents import Context, Cursor, Document, gather, split_lines
from assist_context.languages import language_of
from bench.editors.lsp_client import Client, serving
from bench.processes import cpu_seconds, peak
from bench.typing.policy import DocumentEdit, DocumentView, PolicyAnswer, Totals

ANSWER = 60.0  # seconds without an answer after which a server counts as hung
LOOK = 0.3  # seconds between two checks of a server's CPU use
QUIET = 0.1  # a server that uses less than this share of a core is idle


def totals_of(counts: Mapping[str, int]) -> Totals:
    """Return the engine's own counts in the terms of a replay."""
    return Totals(
        evaluated=counts.get("tokens-read", 0),
        generated=counts.get("tokens-written", 0),
        used=counts.get("tokens-used", 0),
        extra={
            "runs": counts.get("model-runs", 0),
            "warmed": counts.get("tokens-warmed", 0),
            "continued": counts.get("tokens-continued", 0),
            "answered": counts.get("requests", 0),
            "held back": counts.get("low-confidence", 0),
        },
    )


class LspPolicy:
    """`assist lsp` over its standard input and output, as an editor runs it."""

    def __init__(self, environ: Mapping[str, str], name: str = "assist") -> None:
        self.name = name
        self.costs: dict[int, dict[str, Any]] = {}
        self._environ = environ
        self._stack = AsyncExitStack()
        self._numbers = itertools.count()
        self._version = 1
        self._uri = ""
        self._client: Client

    async def open(self, view: DocumentView) -> None:
        self._client = await self._stack.enter_async_context(serving(self._environ))
        await self._client.until("ready")
        self._uri = f"file:///replay/{view.path}"
        self._client.show(self._uri, view.before + view.after)
        await asyncio.sleep(1)

    def on_change(self, view: DocumentView, edit: DocumentEdit) -> None:
        self._version += 1
        self._client.change(self._uri, self._version, edit.text, edit.start, edit.end)

    def on_move(self, view: DocumentView) -> None:
        position = types.Position(view.line, view.column)
        where = {"textDocument": {"uri": self._uri}, "position": position}
        self._client.protocol.notify("assist/didMoveCursor", where)

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        number = f"replay-{next(self._numbers)}"
        future = asyncio.ensure_future(self._client.ask(self._uri, (view.line, view.column), number=number))
        try:
            result = await asyncio.shield(future)
        except asyncio.CancelledError:
            future.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
            self._client.cancel(number)
            raise
        if not result.items:
            return PolicyAnswer(inferred=False)
        item = result.items[0]
        ahead = item.range.end.character - view.column
        return PolicyAnswer(item.insert_text, replace=ahead, id=item.command.arguments[0])

    def on_show(self, view: DocumentView, answer: PolicyAnswer) -> None:
        item = {"item": {"command": {"arguments": [answer.id, self._uri]}}}
        self._client.protocol.notify("textDocument/didShowCompletion", item)

    def on_accept(self, view: DocumentView, answer: PolicyAnswer) -> None:
        params = types.ExecuteCommandParams("assist.accepted", arguments=[answer.id, self._uri])
        self._taken = asyncio.ensure_future(self._client.workspace_execute_command_async(params))

    async def read(self) -> int:
        return totals_of(await self._client.counts()).evaluated

    async def totals(self) -> Totals:
        async with asyncio.timeout(ANSWER):
            return await self._totals()

    async def _totals(self) -> Totals:
        await self._idle()
        params = types.ExecuteCommandParams("assist.answers")
        for cost in await self._client.workspace_execute_command_async(params):
            self.costs[cost["id"]] = dict(cost)
        counted = totals_of(await self._client.counts())
        pid = self._client.pid
        used = cpu_seconds(pid), peak(pid)
        return Totals(counted.evaluated, counted.generated, counted.used, *used, counted.extra)

    async def _idle(self) -> None:
        """Wait until the server is idle, so that work ahead is counted too."""
        used = -1.0
        while (now := cpu_seconds(self._client.pid)) - used > QUIET * LOOK:
            used = now
            await asyncio.sleep(LOOK)

    async def close(self) -> None:
        async with asyncio.timeout(ANSWER):
            await self._stack.aclose()


class EnginePolicy:
    """The engine without protocol or process, for a virtual clock."""

    name = "assist engine"

    def __init__(self, open_engine: Callable[[], GhostTextEngine], root: str = "") -> None:
        self._open = open_engine
        self._root = root
        self._engine: GhostTextEngine
        self._accepted = False

    async def open(self, view: DocumentView) -> None:
        self._engine = self._open()

    def on_change(self, view: DocumentView, edit: DocumentEdit) -> None:
        pass

    def on_move(self, view: DocumentView) -> None:
        self._engine.prewarm(context_of(view, self._root))

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        accepted, self._accepted = self._accepted, False
        found = await self._engine.complete(
            CompletionRequest(context_of(view, self._root), after_accept=accepted)
        )
        if found.reason == "superseded":
            return None
        return PolicyAnswer(found.text, found.source == "model", found.replace, found.id)

    def on_show(self, view: DocumentView, answer: PolicyAnswer) -> None:
        self._engine.record_shown(answer.id)

    def on_accept(self, view: DocumentView, answer: PolicyAnswer) -> None:
        self._accepted = True
        self._engine.record_accepted(answer.id)

    async def read(self) -> int:
        return totals_of(self._engine.counts).evaluated

    async def totals(self) -> Totals:
        return totals_of(self._engine.counts)

    async def close(self) -> None:
        self._engine.close()


def context_of(view: DocumentView, root: str = "") -> Context:
    """Return the context at a view's cursor; `root` is the folder of its file, "" if that does not matter."""
    text = view.before + view.after
    document = Document(view.path, split_lines(text), language_of(view.path))
    found = gather(document, Cursor(view.line, view.column), ())
    return replace(found, named=os.path.join(root, view.path)) if root else found
