"""A client of the language server that asks questions and handles the answers as an editor would."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from asked_shop import CART, PRICES
from forked_servers import ForkedClient
from lsprotocol import types
from pygls.exceptions import JsonRpcMethodNotFound

from bench.editors.lsp_client import serving


class Talker(ForkedClient):
    """A client that collects answers, and handles edits and previews as an editor's user would.

    `marks`: its user confirms annotated edits. `reviews`: it shows its user the diffs first. `runs`: it has its
    own question before code is run. `meanwhile` runs while its user is being asked. `plain`: it supports only
    the protocol itself; `asks` and `shows` say which parts. Edits wait for `takes_edits`, progress waits for `takes_progress`.
    """

    def __init__(
        self,
        *,
        marks: bool = True,
        reviews: bool = False,
        runs: bool = False,
        plain: bool = False,
        asks: bool = True,
        shows: bool = True,
    ) -> None:
        super().__init__()
        self.marks, self.reviews, self.runs, self.plain = marks, reviews, runs, plain
        self.pages: list[Path] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.takes_edits, self.takes_progress = asyncio.Event(), asyncio.Event()
        self.takes_edits.set()
        self.takes_progress.set()
        self.progress: list[Any] = []
        self.answers: dict[str, list[Any]] = {}
        self.ended: dict[str, asyncio.Event] = {}
        self.previews: list[str] = []
        self.edits: list[types.WorkspaceEdit] = []
        self.tokens: list[Any] = []
        self.sends = self.takes = True
        self.renamed: Any = None  # what another language server would change
        self.renames: list[tuple[int, str]] = []
        self.refuses = 0  # the number of edits it refuses first

        @self.feature("assist/answer")
        def _(params: Any) -> None:
            self.answers.setdefault(params.id, []).append(params)
            if params.done:
                self.ended.setdefault(params.id, asyncio.Event()).set()

        @self.feature("assist/rename")
        def _(params: Any) -> Any:
            self.renames.append((params.position.character, params.newName))
            return self.renamed

        self._add_handlers(asks=asks, shows=shows)

    def _add_handlers(self, *, asks: bool, shows: bool) -> None:
        """Reply to the server's requests."""

        @self.feature(types.WINDOW_SHOW_DOCUMENT)
        def _(params: types.ShowDocumentParams) -> types.ShowDocumentResult:
            if shows:
                self.pages.append(Path(params.uri.removeprefix("file://")))
            return types.ShowDocumentResult(shows)

        @self.feature(types.WINDOW_SHOW_MESSAGE_REQUEST)
        def _(params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
            if not asks:
                raise JsonRpcMethodNotFound
            self.previews.append(params.message)
            self.meanwhile()
            return self.choose(params)

        @self.feature("assist/review")
        def _(params: Any) -> dict[str, bool]:
            self.previews.append("\n".join(params.lines))
            self.meanwhile()
            return {"apply": self.sends}

        @self.feature("assist/run")
        def _(params: Any) -> dict[str, bool]:
            self.previews.append("\n".join(params.lines))
            return {"run": self.sends}

        @self.feature(types.WORKSPACE_APPLY_EDIT)
        async def _(params: types.ApplyWorkspaceEditParams) -> types.ApplyWorkspaceEditResult:
            self.edits.append(params.edit)
            await self.takes_edits.wait()
            return types.ApplyWorkspaceEditResult(self.takes and len(self.edits) > self.refuses)

        @self.feature(types.WINDOW_WORK_DONE_PROGRESS_CREATE)
        async def _(params: types.WorkDoneProgressCreateParams) -> None:
            self.tokens.append(params.token)
            await self.takes_progress.wait()

        @self.feature(types.PROGRESS)
        def _(params: types.ProgressParams) -> None:
            self.progress.append((params.token, params.value))

    def choose(self, params: types.ShowMessageRequestParams) -> types.MessageActionItem | None:
        """The user's choice."""
        return params.actions[0] if self.sends and params.actions else None

    def capabilities(self) -> types.ClientCapabilities:
        return types.ClientCapabilities(
            experimental=None
            if self.plain
            else {
                "assistAnswer": True,
                "assistReview": self.reviews,
                "assistRun": self.runs,
                "assistRename": True,
            },
            window=types.WindowClientCapabilities(work_done_progress=True),
            workspace=types.WorkspaceClientCapabilities(
                workspace_edit=types.WorkspaceEditClientCapabilities(
                    document_changes=True,
                    change_annotation_support=types.ChangeAnnotationsSupportOptions() if self.marks else None,
                )
            ),
        )

    async def run(self, command: str, *arguments: Any) -> Any:
        return await self.workspace_execute_command_async(
            types.ExecuteCommandParams(f"assist.{command}", list(arguments))
        )

    async def whole(self, command: str, **asked: Any) -> tuple[str, Any]:
        """The text of an answer (of its last attempt), and its last message."""
        number = (await self.run(command, asked))["id"]
        return await self.end(number)

    async def seen(self, found: Callable[[], Any]) -> Any:
        """Wait until something has been seen that the server does by itself."""
        async with asyncio.timeout(60):
            while not found():
                await asyncio.sleep(0.02)
        return found()

    async def actions(self, uri: str) -> dict[str, Any]:
        """The code actions at the start of a document, by title, unparsed: lsprotocol misreads them."""
        start = {"line": 0, "character": 0}
        found = await self.raw(
            types.TEXT_DOCUMENT_CODE_ACTION,
            {
                "textDocument": {"uri": uri},
                "range": {"start": start, "end": start},
                "context": {"diagnostics": []},
            },
        )
        return {each["title"]: each for each in found}

    async def end(self, number: str) -> tuple[str, Any]:
        """The same for a question that was asked before."""
        await asyncio.wait_for(self.ended.setdefault(number, asyncio.Event()).wait(), 100)
        text = ""
        for each in self.answers[number]:
            text = "" if getattr(each, "restart", False) else text + each.delta
        return text, self.answers[number][-1]


@asynccontextmanager
async def open_talker(environ: Mapping[str, str], root: Path, **able: bool) -> AsyncIterator[Talker]:
    async with serving(environ, folders=[root], make=partial(Talker, **able)) as client:
        assert isinstance(client, Talker)
        yield client


async def indexed(client: Talker) -> None:
    """Wait for the index, which an editor has long before its user asks."""
    async with asyncio.timeout(60):
        while not any(event["event"] == "ready" for event in (await client.run("index"))["events"]):
            await asyncio.sleep(0.05)


def open_shop(client: Talker, shop: Path) -> str:
    """Open both files of the shop; the address of the one with prices."""
    uris = [(shop / "shop" / name).as_uri() for name in ("cart.py", "prices.py")]
    for uri, text in zip(uris, (CART, PRICES), strict=True):
        client.show(uri, text)
    return uris[1]


def apply_edits(texts: Mapping[str, str], edit: types.WorkspaceEdit) -> dict[str, str]:
    """The texts after an edit, made as an editor would make it."""
    made = dict(texts)
    for change in edit.document_changes or ():
        assert isinstance(change, types.TextDocumentEdit)
        uri = change.text_document.uri
        lines = made[uri].splitlines(keepends=True)
        for each in reversed(change.edits):
            start, end = each.range.start, each.range.end
            assert (start.character, end.character) == (0, 0)
            lines[start.line : end.line] = each.new_text.splitlines(keepends=True)
        made[uri] = "".join(lines)
    return made
