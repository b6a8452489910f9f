"""The protocol: a real process and the official client, and in this process what does not need one."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import psutil
import pytest
from agent_shop import AgentShop, make_shop
from command_runs import COMMAND, Assist, started
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp_types import PARSE_ERROR, ListRootsResult, Root, TextContent

from assist_context.indexer.supervisor import IndexerSupervisor
from assist_context.indexer.wire import IndexerEvent
from assist_escalation.budget.token_count import count
from assist_gateway.cli.mcp import check_extra
from assist_gateway.mcp_server.answers import answer
from assist_gateway.mcp_server.served_folder import ServedFolder
from assist_gateway.mcp_server.server import AgentServer
from assist_gateway.mcp_server.tools import TOOLS, tool_call
from assist_server.config.config import load_lenient
from assist_server.errors import UserError
from assist_server.workspace.index_update import open_folder

KEEPS_RATES = '[egress]\ndeny = ["shop/rates.py"]\n'


@pytest.fixture
def shop(tmp_path: Path) -> AgentShop:
    found = make_shop(tmp_path)
    found.own.mkdir()
    (found.own / "config.toml").write_text(KEEPS_RATES)
    return found


def environ(shop: AgentShop) -> dict[str, str]:
    return {"ASSIST_CONFIG_DIR": str(shop.own), "ASSIST_DATA_DIR": str(shop.own / "data")}


async def said(client: Client, tool: str, **arguments: object) -> str:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result.content[0], TextContent)
    return ("error: " if result.is_error else "") + result.content[0].text


@pytest.mark.slow
async def test_a_real_agent_lists_the_tools_asks_gives_up_and_leaves(shop: AgentShop) -> None:
    command, *arguments = [*COMMAND, "mcp", "--workspace", str(shop.root)]
    process = StdioServerParameters(command=command, args=arguments, env=environ(shop))
    steps: list[float] = []
    before = {child.pid for child in psutil.Process().children()}

    async def hear(done: float, _total: float | None, _message: str | None) -> None:
        steps.append(done)

    async with Client(stdio_client(process)) as client:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == [tool.name for tool in TOOLS]
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools)
        assert count(json.dumps([tool.model_dump(exclude_none=True) for tool in tools])) < 900
        given_up = asyncio.create_task(client.call_tool("search", {"query": "total"}))
        await asyncio.sleep(0)
        given_up.cancel()
        found = await client.call_tool("definition", {"symbol": "Cart.is_empty"}, progress_callback=hear)
        assert isinstance(found.content[0], TextContent)
        assert found.content[0].text.startswith("shop/cart.py:11-12 method Cart.is_empty\n")
        assert found.structured_content is None  # the same text twice would cost twice
        assert "zanzibar" not in await said(client, "search", query="what the contract says")
        assert (await said(client, "policy", paths=["shop/rates.py"])).startswith(
            "kept by policy: shop/rates.py"
        )
        assert await said(client, "search", query=1) == "error: search: query is text."
        children = [each for each in psutil.Process().children(recursive=True) if each.pid not in before]
    _, alive = psutil.wait_procs(children, timeout=60)
    assert not alive


@pytest.mark.slow
def test_nothing_but_the_protocol_is_on_stdout_and_it_ends_with_its_stdin(shop: AgentShop) -> None:
    process = started(shop.root, environ(shop), "mcp", stdin=-1)
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {
            "jsonrpc": "2.0",
            "id": 2,
            "method": "tools/call",
            "params": {"name": "search", "arguments": {"query": "x"}},
        },
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines[:2]) + "{no JSON\n" + json.dumps(lines[2]) + "\n"
    out, err = process.communicate(
        text.encode(), timeout=60
    )  # which closes stdin while a call may be under way
    assert process.returncode == 0
    answers = [json.loads(line) for line in out.splitlines()]
    assert [answer["jsonrpc"] for answer in answers] == ["2.0"] * len(answers)
    assert answers[0]["result"]["serverInfo"]["name"] == "assist"
    refused = [answer["error"]["code"] for answer in answers if answer["id"] is None]
    assert refused == [PARSE_ERROR]
    assert b"Traceback" not in err


KILLED = """
import json, subprocess, sys, time
agent = subprocess.Popen(sys.argv[2:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
agent.stdin.write(sys.argv[1].encode())
agent.stdin.flush()
print(agent.pid, agent.stdout.readline(), flush=True)
time.sleep(600)
"""


@pytest.mark.slow
def test_it_ends_when_its_agent_is_killed_in_the_middle_of_a_call(shop: AgentShop, tmp_path: Path) -> None:
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
    search = {"name": "search", "arguments": {"query": "total"}}
    lines = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": search},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    command = [sys.executable, "-c", KILLED, text, *COMMAND, "mcp", "--workspace", str(shop.root)]
    with (
        open(tmp_path / "stderr", "wb") as errors,
        subprocess.Popen(
            command, env={**os.environ, **environ(shop)}, stdout=subprocess.PIPE, stderr=errors
        ) as agent,
    ):
        assert agent.stdout
        server = psutil.Process(int(agent.stdout.readline().split()[0]))
        started_by_it = [server, *server.children(recursive=True)]
        agent.kill()
        _, alive = psutil.wait_procs(started_by_it, timeout=30)
        assert not alive
    assert b"Traceback" not in (tmp_path / "stderr").read_bytes()


async def test_an_answer_that_does_not_wait_for_the_index_says_how_much_is_missing(shop: AgentShop) -> None:
    config = load_lenient({**os.environ, **environ(shop)}, ())
    served = ServedFolder(config, open_folder(config, shop.root))
    missing = await served.bring_up_to_date(lambda _done, _total: None, patience=0)
    assert missing == "(The index is not ready: 0 of 0 files. More may be found later: ask again.)"
    assert await served.bring_up_to_date(lambda _done, _total: None) == ""
    found = await served.look_up(
        lambda view: answer(view, tool_call("definition", {"symbol": "Cart.is_empty"}))
    )
    assert found.startswith("shop/cart.py:11-12 ")
    await served.close()


async def test_no_index_is_built_where_an_editor_keeps_one(shop: AgentShop) -> None:
    config = load_lenient({**os.environ, **environ(shop)}, ())
    folder = open_folder(config, shop.root)
    events: SimpleQueue[IndexerEvent] = SimpleQueue()
    editor = IndexerSupervisor([(folder.root, folder.database)], config.programs, events.put)
    editor.start()
    try:
        while await asyncio.to_thread(lambda: events.get().get("event")) != "ready":
            pass
        steps: list[int] = []
        served = ServedFolder(config, folder)
        assert await served.bring_up_to_date(lambda done, _total: steps.append(done)) == ""
        assert not steps
        assert await served.look_up(
            lambda view: answer(view, tool_call("definition", {"symbol": "Cart.is_empty"}))
        )
        await served.close()
    finally:
        editor.close()


async def rooted(shop: AgentShop, *folders: Path) -> str:
    """What is found by a client that works in these folders, where the shop is allowed."""
    config = load_lenient({**os.environ, **environ(shop)}, ())
    agents = AgentServer(config, shop.root)

    async def roots(_context: object) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=folder.as_uri()) for folder in folders])

    async with Client(agents.protocol_server(), mode="legacy", list_roots_callback=roots) as client:
        found = await said(client, "search", query="rounded total")
    await agents.close()
    return found


async def test_a_client_may_work_in_a_folder_inside_the_allowed_one_alone(
    shop: AgentShop, tmp_path: Path
) -> None:
    assert (await rooted(shop, shop.root / "docs")).startswith("rounding.md:1-3 ")
    assert "docs/rounding.md:1 " in await rooted(shop, tmp_path)  # around the allowed one
    elsewhere = await rooted(shop, shop.own)
    assert elsewhere.startswith(f"error: {shop.own} is not inside {shop.root}")


def test_without_its_library_it_says_what_to_install() -> None:
    missing: Callable[[str], object] = lambda _: None  # noqa: E731
    with pytest.raises(UserError, match="install our wheel with its extra `mcp`"):
        check_extra(missing)
    check_extra()


def test_a_wrong_workspace_is_said_with_what_to_check(assist: Assist, tmp_path: Path) -> None:
    done = assist("mcp", "--workspace", str(tmp_path / "none"))
    assert done.err == f"assist: There is no directory {tmp_path / 'none'}: check --workspace.\n"
    done = assist("mcp", "--workspace", str(tmp_path), "--provider", "none")
    assert "none is not a provider that may be used here" in done.err
