"""A real `assist lsp` on a real folder: indexed, watched, searched, and shown to the model."""

import asyncio
import gettext
import shutil
import sys
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest
from fake_lsp import knowing
from forked_servers import FakeModelClient, ForkedClient
from lsprotocol import types
from recording import configure

from bench.editors.lsp_client import Client, serving
from bench.editors.lsp_typist import Typist, keys_of
from bench.processes import quiet
from bench.typing.figures import percentile
from lsp import SOURCE

pytestmark = pytest.mark.slow

EAGER = {"completion": {"mode": "eager"}}
SHOP = '''\
"""What a shop sells."""


def gross_price(net, vat_rate, *, rounding="half-up"):
    """The price with tax."""
    return round(net * (1 + vat_rate), 2)
'''
TILL = """\
from shop import gross_price


def total(items):
    return sum(gross_price("""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "shop.py").write_text(SHOP)
    (root / "till.py").write_text(TILL)
    (root / ".env").write_text("GROSS_PRICE_KEY=hunter2\n")
    return root


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """Three modules that argparse imports."""
    root = tmp_path / "library"
    root.mkdir()
    for module in (gettext, shutil, textwrap):
        source = Path(str(module.__file__))
        (root / source.name).write_bytes(source.read_bytes())
    return root


async def command(client: Client, name: str, *arguments: Any) -> Any:
    return await client.workspace_execute_command_async(types.ExecuteCommandParams(name, list(arguments)))


async def wait_until_indexed(client: Client, files: int) -> dict[str, Any]:
    """The event of the last round of indexing, once the index holds this many files."""
    for _ in range(400):
        events = (await command(client, "assist.index"))["events"]
        for event in events:
            if event["event"] == "ready" and event["files"] == files:
                return dict(event)
        await asyncio.sleep(0.1)
    raise AssertionError(f"never {files} files: {events}")


async def snippet_of(client: Client, uri: str, signal: str) -> dict[str, Any]:
    """The snippet that a signal added to a document's pack, once it is there."""
    for _ in range(200):
        for snippet in await command(client, "assist.context", uri):
            if snippet["signal"] == signal:
                return dict(snippet)
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {signal} is shown beside {uri}")


async def test_the_model_sees_the_definition_in_another_file(
    home: Mapping[str, str], workspace: Path
) -> None:
    async with serving(knowing(home, TILL), options=EAGER, folders=[workspace], make=ForkedClient) as client:
        await client.until("ready")
        await wait_until_indexed(client, 2)
        uri = (workspace / "till.py").as_uri()
        client.show(uri, TILL)
        client.protocol.notify("textDocument/didFocus", {"textDocument": {"uri": uri}})
        line = TILL.count("\n")
        result = await client.ask(uri, (line, len(TILL.rpartition("\n")[2])), manual=True)
        assert result is not None
        shown = await snippet_of(client, uri, "definition")
        assert (shown["path"], shown["start_line"], shown["end_line"]) == ("shop.py", 4, 6)
        assert shown["text"] == ""


async def test_saved_and_created_files_are_found_without_a_watching_client(
    home: Mapping[str, str], workspace: Path
) -> None:
    async with serving(home, folders=[workspace], make=ForkedClient) as client:
        await wait_until_indexed(client, 2)
        (workspace / "stock.py").write_text("def on_hand(item):\n    return 1\n")
        await wait_until_indexed(client, 3)
        (workspace / "stock.py").unlink()
        await wait_until_indexed(client, 2)


async def test_a_second_editor_on_the_same_folder_reads_what_the_first_indexed(
    home: Mapping[str, str], workspace: Path
) -> None:
    async with serving(home, folders=[workspace], make=ForkedClient) as first:
        await wait_until_indexed(first, 2)
        async with serving(home, folders=[workspace], make=ForkedClient) as second:
            for _ in range(400):
                events = (await command(second, "assist.index"))["events"]
                if any(event["event"] == "reader" for event in events):
                    break
                await asyncio.sleep(0.1)
            assert any(event["event"] == "reader" for event in events)


async def test_what_is_paused_goes_on_when_it_is_resumed(home: Mapping[str, str], workspace: Path) -> None:
    async with serving(home, folders=[workspace], make=ForkedClient) as client:
        await wait_until_indexed(client, 2)
        await command(client, "assist.index", "pause")
        (workspace / "stock.py").write_text("def on_hand(item):\n    return 1\n")
        await asyncio.sleep(1.5)
        events = (await command(client, "assist.index"))["events"]
        assert all(event.get("files", 2) == 2 for event in events if event["event"] == "ready")
        await command(client, "assist.index", "resume")
        await wait_until_indexed(client, 3)


async def test_a_key_costs_no_more_tokens_beside_other_files(home: Mapping[str, str], library: Path) -> None:
    """The same bounds as without a workspace, at a place that is warm together with its snippets."""
    uri = (library / "argparse.py").as_uri()
    wrong = "\n".join(SOURCE[:255]).replace("_format_text", "_write_text")
    async with serving(
        knowing(home, wrong), options=EAGER, folders=[library], make=FakeModelClient
    ) as client:
        await client.until("ready")
        await wait_until_indexed(client, 3)
        typist = Typist(client, [*SOURCE[:173], *SOURCE[177:520]], 173, uri)
        await typist.ask()
        await quiet(client.pid)
        assert await command(client, "assist.context", uri)
        presses = [await typist.press(key) for key in keys_of(SOURCE[173:177])]
    evaluated = [press.evaluated for press in presses if press.by_model]
    assert percentile(evaluated, 0.5) <= 4
    assert percentile(evaluated, 0.95) <= 24


async def test_no_process_outlives_the_server(home: Mapping[str, str], workspace: Path) -> None:
    async with serving(home, folders=[workspace]) as client:
        await wait_until_indexed(client, 2)
        children = psutil.Process(client.pid).children(recursive=True)
        assert children
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


def test_a_server_ends_with_a_test_that_is_cut_off(home: Mapping[str, str]) -> None:
    """pytest's time limit raises in whatever runs: the tasks are cancelled, and with them what reads answers."""
    servers: list[int] = []

    async def cut_off() -> None:
        async with serving(home) as client:
            servers.append(client.pid)
            asyncio.get_running_loop().call_soon(sys.exit)
            await asyncio.Event().wait()

    with pytest.raises(SystemExit), asyncio.Runner() as runner:
        runner.run(cut_off())
    assert servers
    assert not psutil.pid_exists(servers[0])


async def test_indexing_can_be_turned_off(home: Mapping[str, str], workspace: Path, tmp_path: Path) -> None:
    configure(tmp_path, "[context]\nindex = false\n")
    async with serving(knowing(home, TILL), folders=[workspace], make=FakeModelClient) as client:
        await client.until("ready")
        assert (await command(client, "assist.index"))["events"] == []
        assert psutil.Process(client.pid).children(recursive=True) == []
