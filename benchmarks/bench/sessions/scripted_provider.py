"""A provider on loopback that follows the script, and writes down each request that it gets."""

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TextIO

from bench.sessions.agent_tools import calls_for
from bench.sessions.script import ToolUse
from bench.sessions.scripted_answers import chat_events, message_events, response_events
from bench.sessions.workspace_states import take_state

EVENTS = {"chat": chat_events, "messages": message_events, "responses": response_events}
_DIALECTS = {"completions": "chat", "messages": "messages", "responses": "responses"}
_HEADERS = ("anthropic-beta", "anthropic-version", "openai-beta")
SUMMARY = "The shop's deployment was read, some functions were edited, and the tests were run. Next: go on."


@dataclass(slots=True)
class SessionScript:
    """Where the script is. `turn` counts the answers to requests that offer tools."""

    root: Path
    uses: Sequence[tuple[ToolUse, ...]]
    out: TextIO
    turn: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(
        self, dialect: str, headers: dict[str, str], body: dict[str, Any]
    ) -> tuple[str, list[Any], int]:
        """The text and the calls that answer a request, and how many were answered."""
        with self.lock:
            tools = _tool_names(body)
            main = bool(tools & {"Read", "read", "exec_command", "shell_command", "shell"})
            compacts = _asks_for_summary(body)
            kind = "compaction" if compacts else "turn" if main else "side"
            state = take_state(self.root) if kind == "turn" else {}
            row = {"kind": kind, "dialect": dialect, "headers": headers, "state": state, "body": body}
            self.out.write(json.dumps(row, ensure_ascii=False) + "\n")
            self.out.flush()
            if kind != "turn":
                return SUMMARY if compacts else "Shop", [], self.turn
            asked = self.uses[self.turn] if self.turn < len(self.uses) else ()
            self.turn += 1
            calls = [calls_for(use, tools, self.root) for use in asked]
            return f"Step {self.turn}." if calls else "That is done.", calls, self.turn


def _tool_names(body: dict[str, Any]) -> set[str]:
    tools = [tool for tool in body.get("tools") or () if isinstance(tool, dict)]
    return {str((tool.get("function") or tool).get("name")) for tool in tools}


def _asks_for_summary(body: dict[str, Any]) -> bool:
    """Whether the last message asks for a summary of the conversation, as agents do to make it shorter."""
    messages = body.get("messages") or body.get("input") or [""]
    last = json.dumps(messages[-1]).lower()
    return any(sign in last for sign in ("context checkpoint", "summary of the conversation", "summarize our",
                                         "detailed summary", "prompt for continuing"))  # fmt: skip


def serve(script: SessionScript) -> ThreadingHTTPServer:
    """A server on a free port of 127.0.0.1, in a thread."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._send(json.dumps({"data": [], "object": "list"}).encode(), "application/json")

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length") or 0))
            dialect = _DIALECTS.get(self.path.split("?")[0].rsplit("/", 1)[-1])
            if dialect is None:
                self._send(b'{"input_tokens": 1000}', "application/json")
                return
            headers = {name: self.headers[name] for name in _HEADERS if name in self.headers}
            text, calls, number = script.answer(dialect, headers, json.loads(raw))
            events = "".join(EVENTS[dialect](text, calls, number, len(raw) // 4))
            self._send(events.encode(), "text/event-stream")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
