"""Next edits from a real `assist lsp` without any model, for a client that makes them as an editor would."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from forked_servers import ForkedClient
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from assist_context.documents import Cursor, split_lines
from assist_evaluation.usage import usage_rows
from assist_server.workspace.documents import Edit, OpenDocument
from bench.editors.lsp_client import Client, serving

pytestmark = pytest.mark.slow

Environ = Mapping[str, str]
At = tuple[int, int]

USERS = """\
def load_user(number):
    return number


first = load_user(1)
second = load_user(2)
third = load_user(3)
fourth = load_user(4)
"""
REPORT = "from users import load_user\n\nshown = load_user(5)\nlast = load_user(6)\n"
QUIET = 1.0  # seconds in which nothing comes; the server waits 0.4 s for a pause


class Maker(ForkedClient):
    """A client that shows next edits and makes them, with its own copy of each document."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: dict[str, OpenDocument] = {}
        self.heard: asyncio.Queue[tuple[str, int, bool]] = asyncio.Queue()

        @self.feature("assist/nextEditReady")
        def _(params: Any) -> None:
            about = params.textDocument
            self.heard.put_nowait((about.uri, about.version, getattr(params, "offer", True)))

    def open(self, path: Path, text: str | None = None) -> str:
        uri = path.as_uri()
        encoding = self.result.capabilities.position_encoding or "utf-16"
        whole = path.read_bytes().decode() if text is None else text
        self.texts[uri] = OpenDocument(uri, str(path), "", 1, list(split_lines(whole)), encoding)
        self.show(uri, whole)
        return uri

    def edit(self, uri: str, text: str, start: At, end: At) -> int:
        document = self.texts[uri]
        document.apply(document.version + 1, [Edit(text, start, end)])
        self.change(uri, document.version, text, start, end)
        return document.version

    def replace(self, uri: str, line: int, old: str, new: str) -> int:
        """Write `new` in place of `old` in a line."""
        document = self.texts[uri]
        column = document.lines[line].index(old)
        start, end = (document.units(Cursor(line, at)) for at in (column, column + len(old)))
        return self.edit(uri, new, (line, start), (line, end))

    async def hear(self, uri: str) -> tuple[int, bool]:
        """The next notification for a document."""
        while True:
            found, version, there = await asyncio.wait_for(self.heard.get(), 20)
            if found == uri:
                return version, there

    async def quiet(self) -> bool:
        await asyncio.sleep(QUIET)
        return self.heard.empty()

    async def next(self, uri: str, at: At = (0, 0), **more: Any) -> Any:
        about = {"uri": uri, **more}
        position = {"line": at[0], "character": at[1]}
        return await self.protocol.send_request_async(
            "assist/nextEdit", {"textDocument": about, "position": position}
        )

    async def offer(self, uri: str, at: At = (0, 0)) -> tuple[Any, Any]:
        """The edit and how it is shown; the first one may take longer than a request waits."""
        async with asyncio.timeout(60):
            while not (found := await self.next(uri, at)).edits:
                await asyncio.sleep(0.05)
        return found.edits[0], found.display

    async def tell(self, command: Any, *more: Any) -> None:
        arguments = [*command.arguments, *more]
        await self.workspace_execute_command_async(types.ExecuteCommandParams(command.command, arguments))

    async def reject(self, edit: Any) -> None:
        await self.workspace_execute_command_async(
            types.ExecuteCommandParams("assist.nextEditRejected", [edit.id])
        )

    async def accept(self, edit: Any) -> None:
        """Report it, then make it."""
        await self.tell(edit.command)
        document = self.texts[edit.textDocument.uri]
        assert edit.textDocument.version == document.version
        start, end = edit.range.start, edit.range.end
        self.edit(document.uri, edit.text, (start.line, start.character), (end.line, end.character))

    def text(self, uri: str) -> str:
        return "".join(self.texts[uri].lines)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "space"
    folder.mkdir()
    (folder / "users.py").write_text(USERS)
    (folder / "report.py").write_text(REPORT)
    return folder


@asynccontextmanager
async def making(home: Environ, *folders: Path, mode: str = "eager", **more: Any) -> AsyncIterator[Maker]:
    async with serving(
        home, folders=folders, make=Maker, options={"completion": {"mode": mode}}, **more
    ) as client:
        assert isinstance(client, Maker)
        await client.until("missing")
        yield client


async def until_indexed(client: Client, files: int) -> None:
    async with asyncio.timeout(60):
        while True:
            found = await client.workspace_execute_command_async(
                types.ExecuteCommandParams("assist.index", [])
            )
            if sum(each["files"] for each in found["events"] if each["event"] == "ready") == files:
                return
            await asyncio.sleep(0.05)


async def test_a_rename_is_pushed_accepted_and_goes_on_to_the_end(home: Environ, root: Path) -> None:
    async with making(home, root) as client:
        uri = client.open(root / "users.py")
        client.replace(uri, 0, "load_user", "fetch_user")
        assert await client.hear(uri) == (2, True)
        edit, display = await client.offer(uri, (0, 14))
        assert (edit.textDocument.version, edit.text) == (2, "fetch_user")
        assert (display.line, display.deleted, display.file, display.remaining) == (4, "load_user", "", 4)
        assert (display.inline, display.chain) == (False, False)
        assert display.words
        assert "load_user" not in display.words
        await client.accept(edit)
        assert await client.hear(uri) == (3, True)
        edit, display = await client.offer(uri, (4, 8))
        assert (display.line, display.remaining, display.chain) == (5, 3, True)
        chain = await client.protocol.send_request_async("assist/nextEditChain", {"id": edit.id})
        assert (chain.textDocument.uri, chain.textDocument.version) == (uri, 3)
        assert [(each.line, each.before, each.after) for each in chain.edits] == [
            (5, "second = load_user(2)", "second = fetch_user(2)"),
            (6, "third = load_user(3)", "third = fetch_user(3)"),
            (7, "fourth = load_user(4)", "fourth = fetch_user(4)"),
        ]
        await client.tell(edit.command, "chain")
        for each in reversed(chain.edits):
            start, end = each.range.start, each.range.end
            client.edit(uri, each.text, (start.line, start.character), (end.line, end.character))
        assert client.text(uri) == USERS.replace("load_user", "fetch_user")
        documents = await client.documents()
        assert documents[uri]["sha256"] == client.texts[uri].sha256()
    counts = Counter[str]()
    for key, row in usage_rows.read(Path(home["ASSIST_DATA_DIR"])).items():
        assert key.model.startswith("next-edit:")
        assert key.language == "python"
        counts += row
    assert counts == {"next-offered": 2, "next-accepted": 2}


async def test_what_was_rejected_does_not_come_again(home: Environ, root: Path) -> None:
    async with making(home, root) as client:
        uri = client.open(root / "users.py")
        client.replace(uri, 0, "load_user", "fetch_user")
        edit, _ = await client.offer(uri)
        assert edit.text == "fetch_user"
        await client.reject(edit)
        for line in (4, 5, 6):
            client.replace(uri, line, "load_user", "fetch_user")
            await client.quiet()
            found = await client.next(uri)
            assert not found.edits or found.edits[0].text != "fetch_user"


async def test_offers_are_for_one_version(home: Environ, root: Path) -> None:
    async with making(home, root) as client:
        uri = client.open(root / "users.py")
        version = client.replace(uri, 0, "load_user", "fetch_user")
        assert await client.hear(uri) == (version, True)
        edit, _ = await client.offer(uri)
        assert not (await client.next(uri, version=version - 1)).edits
        client.edit(uri, "import os\n", (0, 0), (0, 0))
        assert await client.protocol.send_request_async("assist/nextEditChain", {"id": edit.id}) is None
        moved, display = await client.offer(uri)
        assert (moved.textDocument.version, display.line) == (version + 1, 5)
        client.edit(uri, "x", (5, 0), (5, 0))
        while (heard := await client.hear(uri)) != (version + 2, False):
            assert heard == (version + 1, True)


async def test_another_file_is_opened_and_asked_again_there(home: Environ, root: Path) -> None:
    async with making(home, root) as client:
        await until_indexed(client, 2)
        uri = client.open(root / "users.py")
        for line in (0, 4, 5, 6, 7):
            client.replace(uri, line, "load_user", "fetch_user")
        edit, display = await client.offer(uri)
        other = (root / "report.py").as_uri()
        assert (edit.textDocument.uri, edit.textDocument.version) == (other, None)
        assert (display.file, display.deleted) == ("report.py", "load_user")
        assert (await client.protocol.send_request_async("assist/nextEditChain", {"id": edit.id})) is None
        client.open(root / "report.py")
        again, display = await client.offer(other)
        assert (again.textDocument.uri, again.textDocument.version, display.file) == (other, 1, "")
        await client.accept(again)
        async with asyncio.timeout(60):
            while "load_user" in client.text(other):
                edit, _ = await client.offer(other)
                await client.accept(edit)
        assert client.text(other) == REPORT.replace("load_user", "fetch_user")
        assert (root / "report.py").read_text() == REPORT, "a server writes no file"


async def test_clients_for_copilot(home: Environ, root: Path) -> None:
    async with making(home, root) as client:
        uri = client.open(root / "users.py")
        client.replace(uri, 0, "load_user", "fetch_user")
        version, _ = await client.hear(uri)
        asked = {"textDocument": {"uri": uri, "version": version}, "position": {"line": 0, "character": 14}}
        found = await client.protocol.send_request_async("textDocument/copilotInlineEdit", asked)
        (edit,) = found.edits
        client.protocol.notify("textDocument/didShowInlineEdit", {"item": {"command": {"arguments": [1]}}})
        assert (edit.textDocument.version, edit.text) == (version, "fetch_user")
        start, end = edit.range.start, edit.range.end
        client.edit(uri, edit.text, (start.line, start.character), (end.line, end.character))
        assert await client.hear(uri) == (version + 1, False), "it is told of the offer only then"
        await client.tell(edit.command)
        assert await client.hear(uri) == (version + 1, True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
async def test_columns_and_line_ends_are_the_editors(home: Environ, root: Path, encoding: str) -> None:
    source = USERS.replace("def load", "def get").replace(" = ", " = '😀', ").replace("\n", "\r\n")
    (root / "users.py").write_bytes(source.encode())
    async with making(home, root, encodings=[types.PositionEncodingKind(encoding)]) as client:
        uri = client.open(root / "users.py")
        client.replace(uri, 4, "load_user", "fetch_user")
        client.replace(uri, 5, "load_user", "fetch_user")
        async with asyncio.timeout(60):
            while "load_user" in client.text(uri):
                edit, _ = await client.offer(uri)
                await client.accept(edit)
        assert client.text(uri) == source.replace("load_user", "fetch_user")
        assert (await client.documents())[uri]["sha256"] == client.texts[uri].sha256()


async def test_wrong_messages_and_a_cancelled_request_do_no_harm(home: Environ, root: Path) -> None:
    async with making(home, root) as client:
        uri = client.open(root / "users.py")
        client.replace(uri, 0, "load_user", "fetch_user")
        about = {"uri": uri, "version": "new"}
        for params in (
            {},
            {"textDocument": {"uri": 7}, "position": {"line": 0, "character": 0}},
            {"textDocument": about},
            {"textDocument": about, "position": {"line": -1, "character": "x"}},
            {"textDocument": about, "position": [0, 0]},
        ):
            found = await client.protocol.send_request_async("assist/nextEdit", params)
            assert (found.edits, found.display) == ([], None)
            found = await client.protocol.send_request_async("textDocument/copilotInlineEdit", params)
            assert found.edits == []
        for number in (None, "x", True, -1, 10**12, {"id": 1}):
            assert await client.protocol.send_request_async("assist/nextEditChain", {"id": number}) is None
            for command in ("assist.nextEditAccepted", "assist.nextEditRejected"):
                await client.workspace_execute_command_async(types.ExecuteCommandParams(command, [number]))
        for problems in (None, 7, [7], [{"range": 1, "message": 2}], [{}] * 1_000):
            client.protocol.notify(
                "assist/didReportProblems", {"textDocument": {"uri": uri}, "problems": problems}
            )
        client.replace(uri, 4, "load_user", "fetch_user")
        asked = client.protocol.send_request_async(
            "assist/nextEdit",
            {"textDocument": {"uri": uri}, "position": {"line": 0, "character": 0}},
            msg_id="gone",
        )
        client.cancel("gone")
        with suppress(JsonRpcException):  # it may have been answered before
            await asyncio.wait_for(asyncio.ensure_future(asked), 10)
        edit, _ = await client.offer(uri)
        assert edit.text == "fetch_user"
        assert not [each for each in client.messages if "Error" in each]
