"""A real `assist lsp` without a model and a team's server that answers what it likes, to whom it is not asked."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from forked_servers import ForkedClient
from hiding_server import HIDING, HidingServer, hiding_server, raw_in
from lsprotocol import types

from bench.editors.lsp_client import Client, serving

SOURCE = "def add(a, b):\n    return \n"
AT = (1, 11)
ELSEWHERE = [
    "git:{}/a.py?ref=HEAD",
    "git:{}/a.py",
    "vscode-remote://ssh-remote+prod{}/a.py",
    "vscode-notebook-cell:{}/a.ipynb#W0",
    "vscode-scm:{}/input",
    "http://evil.example{}/a.py",
    "file://other{}/a.py",
    "file://{}/a.py#1",
    "file://[x{}/a.py",
    "file://{}/a%00.py",
    "output:{}/a.py",
    "comment://{}/a.py",
    "zipfile://{}/a.zip::x.py",
    "untitled:Untitled-1",
    "",
]


def _make(space: Path) -> None:
    space.mkdir()
    (space / "a.py").write_text(SOURCE)


@asynccontextmanager
async def asking(
    home: Mapping[str, str], space: Path, text: str = "a + b", *, inline: bool = True
) -> AsyncIterator[tuple[Client, HidingServer]]:
    """A client on a workspace, and the only server that could answer it."""
    _make(space)
    with hiding_server(Path(home["ASSIST_CONFIG_DIR"], "config.toml")) as server:
        server.answer(text)
        async with serving(home, folders=[space], inline=inline, make=ForkedClient) as client:
            await client.until("ready")
            yield client, server


async def test_nothing_that_hides_is_offered_and_it_is_said_why(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    async with asking(home, tmp_path / "space") as (client, server):
        for number, text in enumerate([*HIDING, "a + b"]):
            server.answer(text)
            uri = (tmp_path / "space" / f"a{number}.py").as_uri()
            client.show(uri, SOURCE.replace("add", f"add{number}"))
            found = await client.ask(uri, AT, manual=True)
            assert [item.insert_text for item in found.items] == ["a + b"] * (number == len(HIDING))
        counts = await client.counts()
        assert (counts["unseen"], counts["shown"]) == (len(HIDING), 1)
        assert any("invisible characters" in status.why for status in client.statuses)
        assert not raw_in("".join(str(part) for status in client.statuses for part in status))


async def test_a_label_holds_nothing_raw_even_where_the_file_does(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    hiding = "'\u202e'\n    x = '\x1b[2J'"
    async with asking(home, tmp_path / "space", hiding, inline=False) as (client, _):
        uri = (tmp_path / "space" / "a.py").as_uri()
        client.show(uri, f"X = '\u202e', '\x1b'\n\n\n{SOURCE}")
        at = types.Position(4, 11)
        context = types.CompletionContext(types.CompletionTriggerKind.Invoked)
        params = types.CompletionParams(types.TextDocumentIdentifier(uri), at, context)
        (item,) = (await client.text_document_completion_async(params)).items
        assert item.text_edit.new_text.startswith("'\u202e'")
        assert item.label.startswith("''")
        assert not raw_in(item.label + item.documentation + item.detail)


async def test_a_document_that_is_no_file_here_is_not_sent(home: Mapping[str, str], tmp_path: Path) -> None:
    space = tmp_path / "space"
    async with asking(home, space) as (client, server):
        for number, form in enumerate(ELSEWHERE):
            uri = form.format(space)
            client.show(uri, SOURCE.replace("add", f"other{number}"))
            client.change(uri, 2, "# x\n", (0, 0), (0, 0))
            found = await client.ask(uri, (2, 11), manual=True)
            assert not found.items, uri
            asked = {"textDocument": {"uri": uri}, "position": {"line": 2, "character": 11}}
            assert not (await client.raw("assist/nextEdit", asked)).edits
        assert server.requests == []
        counts = await client.counts()
        assert counts["not-for-server"] == len(ELSEWHERE)
        assert counts.get("internal-error", 0) == 0
        uri = (space / "a.py").as_uri().replace("file:///", "file://localhost/")
        client.show(uri, SOURCE)
        assert [item.insert_text for item in (await client.ask(uri, AT, manual=True)).items] == ["a + b"]
        assert server.requests


async def test_a_folder_of_another_place_is_none_of_the_workspace(
    home: Mapping[str, str], tmp_path: Path
) -> None:
    space = (tmp_path / "space").resolve()
    async with asking(home, space) as (client, _):
        added = [
            types.WorkspaceFolder(f"{form}{tmp_path}", "x") for form in ("vscode-remote://h", "file://h")
        ]
        removed = [types.WorkspaceFolder(f"http://h{space}", "space")]
        event = types.WorkspaceFoldersChangeEvent(added, removed)
        client.workspace_did_change_workspace_folders(types.DidChangeWorkspaceFoldersParams(event))
        file = types.FileEvent(f"git:{space}/a.py", types.FileChangeType.Deleted)
        client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([file]))
        index = await client.workspace_execute_command_async(types.ExecuteCommandParams("assist.index"))
        assert index["folders"] == [str(space)]


async def test_a_cancelled_request_ends_at_the_server_too(home: Mapping[str, str], tmp_path: Path) -> None:
    async with asking(home, tmp_path / "space") as (client, server):
        server.answer("a + b", lambda: True)  # never
        uri = (tmp_path / "space" / "a.py").as_uri()
        client.show(uri, SOURCE)
        future = client.ask(uri, AT, number="gone")
        assert server.hostile is not None
        async with asyncio.timeout(60):
            while not server.requests:
                await asyncio.sleep(0.02)
            assert not server.hostile.gone.is_set()
            client.cancel("gone")
            with pytest.raises(Exception, match=r"[Cc]ancel"):
                await future
            while not server.hostile.gone.is_set():
                await asyncio.sleep(0.02)
