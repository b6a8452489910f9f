"""opencode with `assist mcp`, set up as docs/mcp.md says: a scripted model calls tools, and reads what they give."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from agent_shop import RATES, make_shop
from repositories import git
from tool_programs import opencode

from assist_gateway.mcp_server.tools import TOOLS

CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("search", {"query": "where are prices rounded?"}),
    ("definition", {"symbol": "Cart.is_empty"}),
    ("definition", {"symbol": "negotiated_rate"}),
    ("pack", {"path": "shop/rates.py", "line": 1}),
)
OFF = ("AUTOUPDATE", "MODELS_FETCH", "LSP_DOWNLOAD")
NOWHERE = "http://127.0.0.1:9"  # for all that is not on this machine: nothing answers there


@dataclass
class ScriptedProvider:
    """A provider of chats that keeps every byte it gets, and calls one tool after the other."""

    port: int = 0
    received: list[bytes] = field(default_factory=list)

    @property
    def chats(self) -> list[dict[str, Any]]:
        return [chat for body in self.received if (chat := json.loads(body)).get("tools")]


@pytest.fixture
def provider() -> Iterator[ScriptedProvider]:
    found = ScriptedProvider()

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            self.wfile.write(_reply(json.loads(found.received[-1])))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        found.port = server.server_port
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def _reply(asked: dict[str, Any]) -> bytes:
    """The call after as many results as the conversation has, or an end."""
    number = len(_results(asked))
    delta: dict[str, Any] = {"role": "assistant", "content": "Done."}
    if asked.get("tools") and number < len(CALLS):
        tool, arguments = CALLS[number]
        called = {"name": f"assist_{tool}", "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"call{number}", "type": "function", "function": called}
        delta = {"role": "assistant", "tool_calls": [call]}
    end = "tool_calls" if "tool_calls" in delta else "stop"
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    chunks = [
        {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": end}]},
    ]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"


def _results(asked: dict[str, Any]) -> list[str]:
    return [message["content"] for message in asked["messages"] if message["role"] == "tool"]


@pytest.mark.timeout(240)
def test_opencode_looks_up_code_and_no_byte_of_a_kept_file_reaches_the_model(
    provider: ScriptedProvider, tmp_path: Path
) -> None:
    shop = make_shop(tmp_path)
    git(shop.root, "init", "-q")
    shop.own.mkdir()
    (shop.own / "config.toml").write_text('[egress]\ndeny = ["shop/rates.py"]\n')
    model = {
        "npm": "@ai-sdk/openai-compatible",
        "options": {"baseURL": f"http://127.0.0.1:{provider.port}/v1", "apiKey": "none"},
        "models": {"scripted": {"tool_call": True}},
    }
    settings = {
        "model": "shop/scripted",
        "small_model": "shop/scripted",
        "provider": {"shop": model},
        "mcp": {"assist": {"type": "local", "command": ["assist", "mcp"], "timeout": 60_000}},
    }
    folder = tmp_path / "home/.config/opencode"
    folder.mkdir(parents=True)
    (folder / "opencode.json").write_text(json.dumps(settings))
    done = subprocess.run(
        [opencode(), "run", "Where are prices rounded?"],
        env={
            "HOME": str(tmp_path / "home"),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
            "ASSIST_CONFIG_DIR": str(shop.own),
            "ASSIST_DATA_DIR": str(shop.own / "data"),
            "HTTP_PROXY": NOWHERE,
            "HTTPS_PROXY": NOWHERE,
            "NO_PROXY": "127.0.0.1,localhost",
            **{f"OPENCODE_DISABLE_{name}": "1" for name in OFF},
        },
        cwd=shop.root,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    names = {tool["function"]["name"] for tool in provider.chats[0]["tools"]}
    assert {f"assist_{tool.name}" for tool in TOOLS} <= names
    searched, defined, *kept = _results(provider.chats[-1])
    assert "docs/rounding.md:1-3 Rounding" in searched
    assert defined.startswith("shop/cart.py:11-12 method Cart.is_empty\n")
    assert [text.startswith("kept by policy: ") for text in kept] == [True, True], kept
    seen = b"\n".join(provider.received)
    assert not [line for line in filter(str.strip, RATES.splitlines()) if line.strip().encode() in seen]
